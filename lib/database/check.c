#include "database/check.h"

#include "base/mask.h"
#include "database/catalog.h"
#include "database/history.h"
#include "database/spelling.h"
#include "database/sql_lexer.h"

#include <string.h>

#define STEPS_OF_LOOK (8 + CATALOGS) /* that are sent at once, at most */
#define VALUE_SHOWN ((size_t)60)     /* bytes of an assertion's value in the report */

/* The statements of one look, in their order. A part ends with a synchronisation point: it is a transaction of its own
 * without BEGIN, which a pooler that hands out server processes by the statement refuses, and an error in it leaves the
 * others alone. */
enum part { PART_FRAME, PART_CATALOG, PART_LEDGER, PART_ASSERT };

struct step_of_look {
    enum part part;
    size_t index; /* which catalog question or assertion */
};

struct look {
    PGconn *connection;
    const struct check_request *request;
    const struct wanted *spelled; /* what is wanted, as the server can be asked for it */
    const struct deadline *deadline;
    struct arena *arena;
    struct step_of_look steps[STEPS_OF_LOOK];
    size_t step_count;
    bool broken; /* a statement could not be sent */
};

/* ---- asking ---- */

static void ask(struct look *look, enum part part, size_t index, const struct statement *statement)
{
    look->broken |= !pipeline_add(look->connection, statement);
    look->steps[look->step_count++] = (struct step_of_look){ part, index };
}

/* Of a question: the server gives up before we do. */
static duration statement_timeout(const struct look *look)
{
    int left = deadline_left(look->deadline);
    duration most = (duration)left * 4 / 5;

    return left >= 0 && most < CHECK_STATEMENT_TIMEOUT ? most + 1 : CHECK_STATEMENT_TIMEOUT;
}

/* Settings are local to the part's transaction: nothing stays in a pooler's session. Read-only cannot be taken back
 * once a query ran (manual, "SET TRANSACTION"). */
static void begin_part(struct look *look)
{
    duration most = statement_timeout(look);

    ask(look, PART_FRAME, 0,
        &(struct statement){
            .sql = "SELECT pg_catalog.set_config('transaction_read_only', 'on', true), "
                   "pg_catalog.set_config('statement_timeout', $1, true), "
                   "pg_catalog.set_config('lock_timeout', $2, true)",
            .parameter_count = 2,
            .parameters = { arena_printf(look->arena, "%lld", (long long)most),
                            arena_printf(look->arena, "%lld",
                                         (long long)(most < CHECK_LOCK_TIMEOUT ? most : CHECK_LOCK_TIMEOUT)) },
        });
}

static void end_part(struct look *look)
{
    look->broken |= !pipeline_sync(look->connection);
}

static void ask_catalog(struct look *look)
{
    struct statement statement = { .sql = "SELECT " QUERY_CATALOG_ONLY };

    begin_part(look);
    ask(look, PART_FRAME, 0, &statement);
    for (size_t i = 0; i < CATALOGS; i++) {
        if (catalog_statement((enum catalog)i, look->spelled, &statement, look->arena)) {
            ask(look, PART_CATALOG, i, &statement);
        }
    }
    end_part(look);
}

/* What the server's encoding cannot spell is not there: nothing was applied yet. */
static bool ledger_is_nowhere(const struct wanted *spelled)
{
    return spelled->history != HISTORY_NONE &&
           (*wanted_history_schema(spelled) == '\0' || *spelled->history_table == '\0');
}

static void ask_ledger(struct look *look)
{
    struct statement statement;

    if (!ledger_is_nowhere(look->spelled) &&
        history_statement(look->connection, look->spelled, &statement, look->arena)) {
        begin_part(look);
        ask(look, PART_LEDGER, 0, &statement);
        end_part(look);
    }
}

/* Without comments and semicolon around it. What is no single statement stays as it is, for the server to refuse. */
static const char *query_of(const char *sql, struct arena *arena)
{
    struct sql_lexer lexer = { .text = sql, .length = strlen(sql) };
    struct sql_statement first, second;

    if (sql_next(&lexer, &first) != SQL_STATEMENT || sql_next(&lexer, &second) != SQL_END) {
        return sql;
    }
    return arena_strndup(arena, sql + first.start, first.end - first.start - (sql[first.end - 1] == ';'));
}

/* In parentheses nothing but a query can stand, and the extended protocol takes nothing but one statement: an assertion
 * can neither write nor leave the read-only transaction. */
static void ask_assert(struct look *look, size_t i)
{
    const struct wanted *wanted = look->request->wanted;
    const char *query = query_of(wanted->asserts[i].sql, look->arena);

    begin_part(look);
    if (strcmp(wanted->schema, "public") != 0) {
        ask(look, PART_FRAME, 0,
            &(struct statement){
                .sql = "SELECT pg_catalog.set_config('search_path', " QUERY_SCHEMA_FIRST ", true)",
                .parameter_count = 1,
                .parameters = { look->spelled->schema },
            });
    }
    ask(look, PART_ASSERT, i,
        &(struct statement){ .sql = arena_printf(look->arena, "SELECT * FROM (%s\n) AS assertion LIMIT 1", query) });
    end_part(look);
}

static bool ask_all(struct look *look)
{
    if (!pipeline_begin(look->connection)) {
        return false;
    }
    if (look->request->schema) {
        ask_catalog(look);
    }
    if (look->request->history) {
        ask_ledger(look);
    }
    return !look->broken;
}

/* ---- reading the answers ---- */

static void assert_failed(struct look *look, size_t i, struct check *check, const char *detail)
{
    check_problem(check, PROBLEM_ASSERT, look->request->wanted->asserts[i].name, detail, look->arena);
}

/* What an answer that did not come in time says of the data: nothing. */
static const struct {
    const char *state, *cause;
} late[] = {
    { "57014", " (its query is slow, or one before it)" },
    { "55P03", " (another session holds a lock that its query waits for: a migration?)" },
};

static void read_assert(struct look *look, size_t i, const PGresult *result, struct check *check)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *cause = "";

        for (size_t n = 0; state && n < sizeof late / sizeof late[0]; n++) {
            cause = strcmp(state, late[n].state) == 0 ? late[n].cause : cause;
        }
        assert_failed(look, i, check, arena_printf(look->arena, "%s%s", result_message(result, look->arena), cause));
        return;
    }
    if (PQntuples(result) == 0 || PQnfields(result) == 0) {
        assert_failed(look, i, check, "its query gives no row");
        return;
    }
    if (PQgetisnull(result, 0, 0)) {
        assert_failed(look, i, check, "its first value is NULL");
        return;
    }

    const char *value = PQgetvalue(result, 0, 0);

    if (strcmp(value, "t") == 0 || strcmp(value, "true") == 0) {
        return;
    }

    char *masked = mask_copy(look->arena, value);

    masked[strcspn(masked, "\n")] = '\0';

    const char *shown = mask_visible(look->arena, masked, VALUE_SHOWN);

    assert_failed(look, i, check,
                  arena_printf(look->arena, "its first value is %s, not true",
                               strcmp(shown, "f") == 0 ? "false"
                               : *shown                ? shown
                                                       : "empty"));
}

/* One answer; false if it spoils the whole look. */
static bool read_one(struct look *look, const struct step_of_look *step, const PGresult *result, struct check *check,
                     enum ledger_answer *ledger)
{
    const struct wanted *wanted = look->request->wanted;

    switch (step->part) {
    case PART_CATALOG:
        return result_is_fine(result) && catalog_read((enum catalog)step->index, result, wanted, check, look->arena);
    case PART_LEDGER:
        *ledger = history_read(result, wanted, &check->migrations, look->arena);
        if (wanted->unsure && *ledger == LEDGER_FOREIGN) { /* it proves nothing in any case */
            *ledger = LEDGER_READ;
        }
        return true;
    case PART_ASSERT:
        read_assert(look, step->index, result, check);
        return true;
    case PART_FRAME:
        break;
    }
    return result_is_fine(result);
}

static bool read_all(struct look *look, struct check *check, enum ledger_answer *ledger, struct database_error *why)
{
    for (size_t i = 0; i < look->step_count; i++) {
        PGresult *result = pipeline_result(look->connection, look->deadline);
        bool fine = result && read_one(look, &look->steps[i], result, check, ledger);

        if (!fine) {
            query_failed(look->connection, result, look->deadline, look->arena, why);
        }
        PQclear(result);
        if (!fine) {
            return false;
        }
    }
    look->step_count = 0;
    return true;
}

/* One after the other, each with a part of the time that is left then: however many are slow, the server says so of
 * each before our patience ends, and it is not taken for one that does not answer. */
static bool run_asserts(struct look *look, struct check *check, struct database_error *why)
{
    enum ledger_answer none;

    for (size_t i = 0; i < look->request->wanted->assert_count; i++) {
        ask_assert(look, i);
        if (look->broken) {
            query_failed(look->connection, NULL, look->deadline, look->arena, why);
            return false;
        }
        if (!read_all(look, check, &none, why)) {
            return false;
        }
    }
    return true;
}

/* ---- the verdict ---- */

/* What is wrong without the database being asked. */
static void add_own_problems(const struct check_request *request, struct check *check, struct arena *arena)
{
    const struct wanted *wanted = request->wanted;

    if (wanted->unreadable) {
        check_problem(check, PROBLEM_SCHEMA_UNREADABLE, wanted->unreadable,
                      wanted->unreadable_why ? wanted->unreadable_why : "unknown", arena);
    } else if (wanted_is_nothing(wanted)) {
        check_problem(check, PROBLEM_NOTHING_TO_VERIFY, wanted->schema, NULL, arena);
    }
}

static void judge(const struct check_request *request, struct check *check)
{
    check->hand_listed = request->hand_listed;
    check->healthy = true;
    for (size_t i = 0; i < check->problem_count; i++) {
        enum problem_code code = check->problems[i].code;

        if (problem_fatal(code) && !(code == PROBLEM_SCHEMA_UNREADABLE && request->hand_listed)) {
            check->healthy = false;
        }
    }
}

bool check_run(PGconn *connection, const struct check_request *request, const struct deadline *deadline,
               struct check *check, enum ledger_answer *ledger, struct arena *arena, struct database_error *why)
{
    struct look look = { .connection = connection, .request = request, .deadline = deadline, .arena = arena };

    *ledger = LEDGER_READ;
    look.spelled = spelling_of(connection, request->wanted, deadline, arena, why);
    if (!look.spelled) {
        return false;
    }
    if (!ask_all(&look)) {
        query_failed(connection, NULL, deadline, arena, why);
        return false;
    }
    if (request->meanwhile) {
        request->meanwhile(request->context);
    }
    if (request->schema) {
        *check = (struct check){ 0 };
        catalog_start(request->wanted, check, arena);
    }
    if (request->history && ledger_is_nowhere(look.spelled)) {
        history_compare(request->wanted, NULL, 0, &check->migrations, arena);
    }
    if (!read_all(&look, check, ledger, why) || (request->schema && !run_asserts(&look, check, why))) {
        return false;
    }
    if (!pipeline_end(connection, deadline)) {
        query_failed(connection, NULL, deadline, arena, why);
        return false;
    }
    if (request->schema) {
        add_own_problems(request, check, arena);
        judge(request, check);
        check->server_version = server_version(connection, arena);
    }
    return true;
}
