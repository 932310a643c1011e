#include "database/check.h"

#include "base/mask.h"
#include "database/catalog.h"
#include "database/history.h"

#include <string.h>

#define VALUE_SHOWN 60 /* bytes of an assertion's value in the report */

/* The statements of one look, in their order. A part ends with a synchronisation point, so that an error in it leaves
 * the others alone; each but the first begins by going back to the savepoint, which undoes its settings, too. */
enum part { PART_FRAME, PART_CATALOG, PART_LEDGER, PART_ASSERT_OPEN, PART_ASSERT_FETCH };

struct step_of_look {
    enum part part;
    size_t index; /* which catalog question or assertion */
};

struct look {
    PGconn *connection;
    const struct check_request *request;
    const struct deadline *deadline;
    struct arena *arena;
    struct step_of_look *steps;
    size_t step_count;
    bool broken; /* a statement could not be sent */
    const char **assert_errors;
};

/* ---- asking ---- */

static void ask(struct look *look, enum part part, size_t index, const struct statement *statement)
{
    look->broken |= !pipeline_add(look->connection, statement);
    look->steps[look->step_count++] = (struct step_of_look){ part, index };
}

static void ask_sql(struct look *look, enum part part, size_t index, const char *sql)
{
    ask(look, part, index, &(struct statement){ .sql = sql });
}

static void end_part(struct look *look)
{
    look->broken |= !pipeline_sync(look->connection);
}

/* Repeatable read: tables and ledger are seen at the same moment. All settings are local to the transaction, which is
 * rolled back: nothing stays in a pooler's session. */
static void ask_begin(struct look *look)
{
    ask_sql(look, PART_FRAME, 0, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    ask(look, PART_FRAME, 0,
        &(struct statement){
            .sql = "SELECT pg_catalog.set_config('statement_timeout', $1, true), "
                   "pg_catalog.set_config('lock_timeout', $2, true)",
            .parameter_count = 2,
            .parameters = { arena_printf(look->arena, "%lld", (long long)CHECK_STATEMENT_TIMEOUT),
                            arena_printf(look->arena, "%lld", (long long)CHECK_LOCK_TIMEOUT) },
        });
    ask_sql(look, PART_FRAME, 0, "SAVEPOINT part");
}

static void ask_catalog(struct look *look)
{
    struct statement statement;

    /* Whatever the role's search_path: names in our questions mean the catalog's. */
    ask_sql(look, PART_FRAME, 0, "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)");
    for (size_t i = 0; i < CATALOGS; i++) {
        if (catalog_statement((enum catalog)i, look->request->wanted, &statement, look->arena)) {
            ask(look, PART_CATALOG, i, &statement);
        }
    }
    end_part(look);
}

static void ask_ledger(struct look *look)
{
    struct statement statement;

    if (history_statement(look->connection, look->request->wanted, &statement, look->arena)) {
        ask_sql(look, PART_FRAME, 0, "ROLLBACK TO SAVEPOINT part");
        ask(look, PART_LEDGER, 0, &statement);
        end_part(look);
    }
}

/* A cursor takes nothing but a query (manual, DECLARE), and the extended protocol nothing but one statement: an
 * assertion can neither write nor leave the read-only transaction. */
static void ask_assert(struct look *look, size_t i)
{
    const struct wanted *wanted = look->request->wanted;

    ask_sql(look, PART_FRAME, 0, "ROLLBACK TO SAVEPOINT part");
    if (strcmp(wanted->schema, "public") != 0) {
        ask(look, PART_FRAME, 0,
            &(struct statement){
                .sql = "SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', "
                       "pg_catalog.quote_ident($1), pg_catalog.current_setting('search_path')), true)",
                .parameter_count = 1,
                .parameters = { wanted->schema },
            });
    }
    ask_sql(look, PART_ASSERT_OPEN, i,
            arena_printf(look->arena, "DECLARE assertion NO SCROLL CURSOR FOR %s", wanted->asserts[i].sql));
    ask_sql(look, PART_ASSERT_FETCH, i, "FETCH 1 FROM assertion");
    end_part(look);
}

static bool ask_all(struct look *look)
{
    const struct wanted *wanted = look->request->wanted;

    look->steps = arena_array(look->arena, 16 + CATALOGS + 4 * wanted->assert_count, sizeof *look->steps);
    look->assert_errors = arena_array(look->arena, wanted->assert_count, sizeof *look->assert_errors);
    if (!pipeline_begin(look->connection)) {
        return false;
    }
    ask_begin(look);
    if (look->request->schema) {
        ask_catalog(look);
    }
    if (look->request->history) {
        ask_ledger(look);
    }
    for (size_t i = 0; look->request->schema && i < wanted->assert_count; i++) {
        ask_assert(look, i);
    }
    ask_sql(look, PART_FRAME, 0, "ROLLBACK");
    end_part(look);
    return !look->broken;
}

/* ---- reading the answers ---- */

static void assert_failed(struct look *look, size_t i, struct check *check, const char *detail)
{
    check_problem(check, PROBLEM_ASSERT, look->request->wanted->asserts[i].name, detail, look->arena);
}

static void read_assert(struct look *look, size_t i, const PGresult *result, struct check *check)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED) { /* aborted: reported with the statement before */
            assert_failed(look, i, check, result_message(result, look->arena));
        }
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

    char *shown = arena_strndup(look->arena, value, strlen(value));

    mask_string(shown);
    shown[strcspn(shown, "\n")] = '\0';
    assert_failed(look, i, check,
                  arena_printf(look->arena, "its first value is %.*s, not true", VALUE_SHOWN,
                               strcmp(shown, "f") == 0 ? "false" : shown));
}

static bool is_fine(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
}

/* One answer; false if it spoils the whole look. */
static bool read_one(struct look *look, const struct step_of_look *step, const PGresult *result, struct check *check,
                     bool *denied)
{
    const struct wanted *wanted = look->request->wanted;

    switch (step->part) {
    case PART_CATALOG:
        return is_fine(result) && catalog_read((enum catalog)step->index, result, wanted, check, look->arena);
    case PART_LEDGER:
        history_read(result, wanted, check, denied, look->arena);
        return true;
    case PART_ASSERT_OPEN:
        if (!is_fine(result)) {
            read_assert(look, step->index, result, check);
        }
        return true;
    case PART_ASSERT_FETCH:
        read_assert(look, step->index, result, check);
        return true;
    case PART_FRAME:
        break;
    }
    return is_fine(result);
}

/* The question whose answer was waited for in vain: answers come at the end of each part. */
static const struct step_of_look *question_at(const struct look *look, size_t i)
{
    while (i + 1 < look->step_count && look->steps[i].part == PART_FRAME) {
        i++;
    }
    return &look->steps[i];
}

static void explain(struct look *look, size_t i, const PGresult *result, struct reply_failed *why)
{
    const struct step_of_look *step = question_at(look, i);

    if (!result && deadline_passed(look->deadline) && step->part >= PART_ASSERT_OPEN) {
        const char *name = look->request->wanted->asserts[step->index].name;

        failed(why, FAILURE_NO_ANSWER, NULL, arena_printf(look->arena, "assertion \"%s\": no answer in time", name),
               "make its query faster", look->arena);
        return;
    }
    query_failed(look->connection, result, look->deadline, look->arena, why);
}

static bool read_all(struct look *look, struct check *check, bool *denied, struct reply_failed *why)
{
    for (size_t i = 0; i < look->step_count; i++) {
        PGresult *result = pipeline_result(look->connection, look->deadline);
        bool fine = result && read_one(look, &look->steps[i], result, check, denied);

        if (!fine) {
            explain(look, i, result, why);
        }
        PQclear(result);
        if (!fine) {
            return false;
        }
    }
    if (!pipeline_end(look->connection, look->deadline)) {
        query_failed(look->connection, NULL, look->deadline, look->arena, why);
        return false;
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
    } else if (!wanted->table_count && !wanted->type_count && !wanted->extensions.count && !wanted->assert_count) {
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
               struct check *check, bool *denied, struct arena *arena, struct reply_failed *why)
{
    struct look look = { .connection = connection, .request = request, .deadline = deadline, .arena = arena };
    const char *version = PQparameterStatus(connection, "server_version");

    *denied = false;
    if (!ask_all(&look)) {
        query_failed(connection, NULL, deadline, arena, why);
        return false;
    }
    if (request->schema) {
        *check = (struct check){ 0 };
        catalog_start(request->wanted, check, arena);
    }
    if (!read_all(&look, check, denied, why)) {
        return false;
    }
    if (request->schema) {
        add_own_problems(request, check, arena);
        judge(request, check);
        check->server_version = arena_strndup(arena, version ? version : "", strcspn(version ? version : "", " "));
    }
    return true;
}
