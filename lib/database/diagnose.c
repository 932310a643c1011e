#include "database/diagnose.h"

#include "base/mask.h"
#include "base/shell.h"
#include "base/text.h"
#include "database/also.h"
#include "database/diagnosing.h"
#include "database/lock.h"
#include "database/spelling.h"
#include "database/sqlstate.h"

#include <stdlib.h>
#include <string.h>

#define FIX_MAX 1024                  /* bytes of a fix with a migration's name in it */
#define FOREIGN_MAX 120               /* bytes of an application's name and the like */
#define ANSWER_GRACE ((duration)2000) /* after statement_timeout, for the server to say that it struck */
#define LOCK_TIMEOUT "2000"
#define STATEMENTS 2 /* the settings and the question */

/* ---- asking ---- */

const char *diagnose_ours(const struct diagnosing *diagnosing, const char *command)
{
    return arena_printf(diagnosing->arena, "%s %s", diagnosing->request->program, command);
}

void diagnose_unanswered(struct diagnosing *diagnosing, struct asked *asked, enum section section, const char *what,
                         const struct database_error *why)
{
    struct arena *arena = diagnosing->arena;
    enum finding_code code = strcmp(why->sqlstate, "42501") == 0 ? FINDING_NOT_ASKED
                             : why->sqlstate[0]                  ? FINDING_NOT_ANSWERED
                                                                 : FINDING_LOST;
    const char *fix = diagnose_ours(diagnosing, "diagnose");

    diagnosing->diagnosis->unseen[section] = true;
    if (code == FINDING_NOT_ASKED) {
        const char *sql = arena_printf(arena, "GRANT pg_monitor TO %s", sql_role(asked->psql.user, arena));

        fix = psql_command(&asked->psql, "postgres", NULL, sql, arena);
    }
    if (!finding_known(diagnosing->findings, code, what)) {
        finding_add(diagnosing->findings, code, what, why->message, fix);
    }
    if (code == FINDING_LOST) {
        PQfinish(asked->connection);
        asked->connection = NULL;
    }
}

void diagnose_reopen(struct diagnosing *diagnosing, struct asked *asked)
{
    struct database_error why;

    PQfinish(asked->connection);
    asked->connection = destination_open(&asked->destination, false, &diagnosing->deadline, diagnosing->arena, &why);
    if (!asked->connection) {
        diagnose_unanswered(diagnosing, asked, SECTION_CONNECTION, asked->place->key, &why);
    }
}

bool diagnose_knows(const struct asked *asked)
{
    return asked->connection && asked->place->server_version;
}

/* Settings are local to this one transaction, which needs no BEGIN: a pooler may refuse one. */
static bool send_all(const struct diagnosing *diagnosing, PGconn *connection, const struct statement *statement)
{
    const struct statement settings = {
        .sql = "SELECT pg_catalog.set_config('transaction_read_only', 'on', true),"
               " pg_catalog.set_config('statement_timeout', $1, true),"
               " pg_catalog.set_config('lock_timeout', '" LOCK_TIMEOUT "', true), " QUERY_CATALOG_ONLY,
        .parameter_count = 1,
        .parameters = { arena_printf(diagnosing->arena, "%lld", (long long)DIAGNOSE_QUESTION) },
    };

    return pipeline_begin(connection) && pipeline_add(connection, &settings) && pipeline_add(connection, statement) &&
           pipeline_sync(connection);
}

PGresult *diagnose_ask(struct diagnosing *diagnosing, struct asked *asked, enum section section, const char *what,
                       const struct statement *statement)
{
    struct deadline deadline = deadline_within(&diagnosing->deadline, DIAGNOSE_QUESTION + ANSWER_GRACE);
    PGresult *answer = NULL;
    bool lost;

    if (!asked->connection) {
        diagnosing->diagnosis->unseen[section] = true;
        return NULL;
    }
    lost = !send_all(diagnosing, asked->connection, statement);
    /* The first error skips what follows up to the synchronisation point, so it is the one that tells. */
    for (size_t i = 0; i < STATEMENTS && !lost; i++) {
        PGresult *result = pipeline_result(asked->connection, &deadline);

        lost = !result;
        if (result && (!answer || result_is_fine(answer))) {
            PQclear(answer);
            answer = result;
        } else {
            PQclear(result);
        }
    }
    lost = lost || !pipeline_end(asked->connection, &deadline);
    if (lost || !result_is_fine(answer)) {
        struct database_error why;

        query_failed(asked->connection, lost ? NULL : answer, &diagnosing->deadline, diagnosing->arena, &why);
        PQclear(answer);
        diagnose_unanswered(diagnosing, asked, section, what, &why);
        return NULL;
    }
    return answer;
}

const char *diagnose_value(const struct diagnosing *diagnosing, const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : arena_strdup(diagnosing->arena, PQgetvalue(result, row, column));
}

const char *diagnose_foreign(const struct diagnosing *diagnosing, const PGresult *result, int row, int column)
{
    const char *masked = mask_copy(diagnosing->arena, PQgetvalue(result, row, column));
    const char *line = mask_visible(diagnosing->arena, masked, FOREIGN_MAX);

    return *line ? line : "unknown";
}

const char *diagnose_duration(const struct diagnosing *diagnosing, const PGresult *result, int row, int column)
{
    char text[DURATION_TEXT];

    if (PQgetisnull(result, row, column)) {
        return "an unknown time";
    }
    return arena_strdup(diagnosing->arena, duration_human(diagnose_number(result, row, column), text));
}

int64_t diagnose_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- both places ---- */

static PGconn *open_second(void *context, const struct deadline *deadline, struct database_error *why)
{
    const struct diagnosing *diagnosing = context;

    return destination_open(&diagnosing->lock->destination, false, deadline, diagnosing->arena, why);
}

static void tell_pooler(struct diagnosing *diagnosing, const struct asked *lock)
{
    const struct config *config = diagnosing->request->config;
    const char *sql = "SELECT inet_server_addr(), inet_server_port()";
    struct finding *finding = finding_add(diagnosing->findings, FINDING_POOLER, lock->place->key, NULL,
                                          psql_command(&lock->psql, NULL, NULL, sql, diagnosing->arena));

    if (!config->migrate.lock || config->migrate.steps.count + config->migrate.after.count == 0) {
        finding->severity = SEVERITY_INFO; /* this container takes no lock */
    }
}

/* Whether the migration lock could be held: found out as the boot does, without taking it. */
static void look_for_pooler(struct diagnosing *diagnosing)
{
    const struct second_connection second = { .open = open_second, .context = diagnosing };
    struct asked *lock = diagnosing->lock;
    const struct diagnosed_place *url = diagnosing->url.place;
    struct database_error why;

    if (url->pooled && lock != &diagnosing->url) {
        finding_add(diagnosing->findings, FINDING_POOLED, url->key, "migrations use database.direct_url", NULL);
    }
    if (!diagnose_knows(lock)) {
        diagnosing->diagnosis->unseen[SECTION_POOLER] = true;
        return;
    }
    if (!lock->place->pooled) {
        return;
    }
    if (lock_session_is_kept(lock->connection, &second, &diagnosing->deadline, diagnosing->arena, &why)) {
        finding_add(diagnosing->findings, FINDING_POOLED, lock->place->key, "its sessions keep their server process",
                    NULL);
        return;
    }
    if (why.failure == FAILURE_CONFIG) {
        tell_pooler(diagnosing, lock);
    } else {
        diagnose_unanswered(diagnosing, lock, SECTION_POOLER, "whether a pooler keeps sessions", &why);
    }
    diagnose_reopen(diagnosing, lock);
}

static const char *label_of(const struct diagnosing *diagnosing, const struct diagnosed_place *place)
{
    return arena_printf(diagnosing->arena, "%s leads to %s/%s", place->key, place->address, place->database);
}

static void look_for_another_database(struct diagnosing *diagnosing)
{
    struct asked *url = &diagnosing->url, *direct = &diagnosing->direct;
    struct arena *arena = diagnosing->arena;
    struct database_error why;

    if (!url->connection || !direct->connection) {
        return;
    }
    switch (lock_same_database(url->connection, direct->connection, &diagnosing->deadline, arena, &why)) {
    case SAME_YES:
        break;
    case SAME_NO:
        finding_add(
            diagnosing->findings, FINDING_OTHER_DATABASE, "database.direct_url",
            arena_printf(arena, "%s, %s", label_of(diagnosing, url->place), label_of(diagnosing, direct->place)),
            diagnose_ours(diagnosing, "config"));
        break;
    case SAME_UNKNOWN:
        diagnose_unanswered(diagnosing, direct, SECTION_CONNECTION, "whether both URLs lead to the same database",
                            &why);
        break;
    }
}

static void look_at_also(struct diagnosing *diagnosing)
{
    const struct strings *also = &diagnosing->request->config->wait.also;

    for (size_t i = 0; i < also->count; i++) {
        struct strings one = { .items = also->items + i, .count = 1 };
        struct deadline deadline = deadline_in(config_attempt(diagnosing->request->config), -1);
        const char *message;

        if (!also_reachable(&one, &deadline, &message, diagnosing->arena)) {
            finding_add(diagnosing->findings, FINDING_ALSO, also->items[i], message, diagnose_ours(diagnosing, "wait"));
        }
    }
}

static void find_spelling(struct diagnosing *diagnosing)
{
    struct asked *url = &diagnosing->url;
    struct database_error why;

    const struct wanted *wanted = diagnosing->request->wanted, *spelled;

    diagnosing->spelled = wanted;
    if (!url->connection) {
        return;
    }
    spelled = spelling_of(url->connection, wanted, &diagnosing->deadline, diagnosing->arena, &why);
    if (spelled) {
        diagnosing->spelled = spelled;
    } else {
        diagnose_unanswered(diagnosing, url, SECTION_CONNECTION, "what the encoding can spell", &why);
    }
}

static void open_places(struct diagnosing *diagnosing)
{
    struct diagnosis *diagnosis = diagnosing->diagnosis;
    bool shared = destination_is_shared(diagnosing->request->config);

    diagnose_place(diagnosing, &diagnosing->url, &diagnosis->url, false);
    diagnosis->connected = diagnosing->url.connection != NULL;
    diagnosing->lock = &diagnosing->url;
    if (!shared) {
        diagnose_place(diagnosing, &diagnosing->direct, &diagnosis->direct, true);
        diagnosing->lock = &diagnosing->direct;
    }
}

void diagnose_database(const struct diagnose_request *request, struct diagnosis *diagnosis, struct arena *arena)
{
    struct diagnosing diagnosing = {
        .request = request, .diagnosis = diagnosis, .findings = diagnosis->findings, .arena = arena
    };

    open_places(&diagnosing);
    diagnosing.deadline = deadline_in(DIAGNOSE_ALL, -1);
    find_spelling(&diagnosing);
    look_for_another_database(&diagnosing);
    look_for_pooler(&diagnosing);
    look_at_also(&diagnosing);
    diagnose_connections(&diagnosing);
    diagnose_schema(&diagnosing);
    diagnose_ledger(&diagnosing);
    diagnose_problems(&diagnosing);
    diagnose_rights(&diagnosing);
    diagnose_indexes(&diagnosing);
    diagnose_sessions(&diagnosing);
    diagnose_locks(&diagnosing);
    PQfinish(diagnosing.url.connection);
    PQfinish(diagnosing.direct.connection);
}

void diagnose_code(struct findings *findings, const char *code, const char *where, const char *migration)
{
    const struct known_error *row = known_error_find(code);
    char fix[FIX_MAX];
    struct text text = text_over(fix, sizeof fix);

    if (row && !finding_known(findings, FINDING_KNOWN_ERROR, code)) {
        known_error_fix(row, migration, &text);
        finding_add(findings, FINDING_KNOWN_ERROR, code, arena_printf(findings->arena, "%s: %s", where, row->cause),
                    shell_comment(fix, findings->arena));
    }
}
