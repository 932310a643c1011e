#include "database/diagnose.h"

#include "base/mask.h"
#include "base/shell.h"
#include "base/text.h"
#include "database/also.h"
#include "database/catalog.h"
#include "database/diagnosing.h"
#include "database/lock.h"
#include "database/sqlstate.h"

#include <stdlib.h>
#include <string.h>

#define FOREIGN_MAX 120               /* bytes of an application's name and the like */
#define ANSWER_GRACE ((duration)2000) /* after statement_timeout, for the server to say that it struck */
#define LOCK_TIMEOUT "2000"
#define STATEMENTS 2 /* the settings and the question */

/* ---- asking ---- */

const char *diagnose_ours(const struct diagnosing *diagnosing, const char *command)
{
    return arena_printf(diagnosing->arena, "%s %s", diagnosing->request->program, command);
}

void diagnose_lost(struct diagnosing *diagnosing, struct asked *asked, const char *what, const struct reply_failed *why)
{
    finding_add(diagnosing->findings, FINDING_LOST, what, why->message, diagnose_ours(diagnosing, "diagnose"));
    diagnosing->diagnosis->lost = true;
    PQfinish(asked->connection);
    asked->connection = NULL;
}

static void not_answered(struct diagnosing *diagnosing, struct asked *asked, const char *what, const PGresult *result)
{
    struct reply_failed why;

    query_failed(asked->connection, result, &diagnosing->deadline, diagnosing->arena, &why);
    if (why.sqlstate[0]) {
        const char *user = asked->psql.user ? asked->psql.user : "";
        const char *sql = arena_printf(diagnosing->arena, "GRANT pg_monitor TO %s", sql_name(user, diagnosing->arena));
        struct finding *finding = finding_add(diagnosing->findings, FINDING_NOT_ASKED, what, why.message,
                                              psql_command(&asked->psql, "postgres", NULL, sql, diagnosing->arena));

        if (strcmp(why.sqlstate, "42501") == 0) { /* a want of rights leaves the report whole enough */
            finding->severity = SEVERITY_INFO;
        }
    } else {
        diagnose_lost(diagnosing, asked, what, &why);
    }
}

/* Settings are local to this one transaction, which needs no BEGIN: a pooler may refuse one. */
static bool send_all(const struct diagnosing *diagnosing, PGconn *connection, const struct statement *statement)
{
    const struct statement settings = {
        .sql = "SELECT pg_catalog.set_config('transaction_read_only', 'on', true),"
               " pg_catalog.set_config('statement_timeout', $1, true),"
               " pg_catalog.set_config('lock_timeout', '" LOCK_TIMEOUT "', true),"
               " pg_catalog.set_config('search_path', 'pg_catalog', true)",
        .parameter_count = 1,
        .parameters = { arena_printf(diagnosing->arena, "%lld", (long long)DIAGNOSE_QUESTION) },
    };

    return pipeline_begin(connection) && pipeline_add(connection, &settings) && pipeline_add(connection, statement) &&
           pipeline_sync(connection);
}

PGresult *diagnose_ask(struct diagnosing *diagnosing, struct asked *asked, const char *what,
                       const struct statement *statement)
{
    struct deadline deadline = deadline_within(&diagnosing->deadline, DIAGNOSE_QUESTION + ANSWER_GRACE);
    PGresult *answer = NULL;
    bool lost;

    if (!asked->connection) {
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
        not_answered(diagnosing, asked, what, lost ? NULL : answer);
        PQclear(answer);
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
    char line[FOREIGN_MAX];
    struct text text = text_over(line, sizeof line);

    text_visible(&text, masked, strlen(masked));
    return *line ? arena_strdup(diagnosing->arena, line) : "unknown";
}

const char *diagnose_duration(const struct diagnosing *diagnosing, const PGresult *result, int row, int column)
{
    char text[DURATION_TEXT];

    if (PQgetisnull(result, row, column)) {
        return "an unknown time";
    }
    return arena_strdup(diagnosing->arena, duration_human(diagnose_number(result, row, column), text));
}

bool diagnose_true(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0] == 't';
}

int64_t diagnose_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- both places ---- */

static PGconn *open_second(void *context, const struct deadline *deadline, struct reply_failed *why)
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
    struct reply_failed why;

    if (url->pooled && lock != &diagnosing->url) {
        finding_add(diagnosing->findings, FINDING_POOLED, url->key, "migrations use database.direct_url", NULL);
    }
    if (!lock->connection || !lock->place->pooled) {
        return;
    }
    if (lock_session_is_kept(lock->connection, &second, &diagnosing->deadline, diagnosing->arena, &why)) {
        finding_add(diagnosing->findings, FINDING_POOLED, lock->place->key, "its sessions keep their server process",
                    NULL);
        return;
    }
    if (why.failure == FAILURE_CONFIG) {
        tell_pooler(diagnosing, lock);
    }
    /* What was left in it is not ours to clear up: a new one if there is more to ask. */
    PQfinish(lock->connection);
    lock->connection = destination_open(&lock->destination, false, &diagnosing->deadline, diagnosing->arena, &why);
}

static const char *label_of(const struct diagnosing *diagnosing, const struct diagnosed_place *place)
{
    return arena_printf(diagnosing->arena, "%s leads to %s/%s", place->key, place->address, place->database);
}

static void look_for_another_database(struct diagnosing *diagnosing)
{
    struct asked *url = &diagnosing->url, *direct = &diagnosing->direct;
    struct arena *arena = diagnosing->arena;
    struct reply_failed why;

    if (!url->connection || !direct->connection ||
        lock_same_database(url->connection, direct->connection, &diagnosing->deadline, arena, &why) != SAME_NO) {
        return;
    }

    const char *both =
        arena_printf(arena, "%s, %s", label_of(diagnosing, url->place), label_of(diagnosing, direct->place));

    finding_add(diagnosing->findings, FINDING_OTHER_DATABASE, "database.direct_url", both,
                diagnose_ours(diagnosing, "config"));
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

    catalog_tables(request->wanted, diagnosing.tables, arena);
    open_places(&diagnosing);
    diagnosing.deadline = deadline_in(DIAGNOSE_ALL, -1);
    look_for_another_database(&diagnosing);
    look_for_pooler(&diagnosing);
    look_at_also(&diagnosing);
    diagnose_connections(&diagnosing);
    diagnose_schema(&diagnosing);
    diagnose_ledger(&diagnosing);
    diagnose_problems(&diagnosing);
    diagnose_indexes(&diagnosing);
    diagnose_sessions(&diagnosing);
    diagnose_locks(&diagnosing);
    PQfinish(diagnosing.url.connection);
    PQfinish(diagnosing.direct.connection);
}

void diagnose_code(struct findings *findings, const char *code, const char *where)
{
    const struct known_error *row = known_error_find(code);

    if (row && !finding_known(findings, FINDING_KNOWN_ERROR, code)) {
        finding_add(findings, FINDING_KNOWN_ERROR, code, arena_printf(findings->arena, "%s: %s", where, row->cause),
                    shell_comment(row->fix, findings->arena));
    }
}
