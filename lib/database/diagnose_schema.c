#include "database/diagnosing.h"

#include "base/shell.h"
#include "config/preset.h"
#include "config/secret.h"
#include "database/check.h"

#include <string.h>

/* ---- what mends it ---- */

/* Whether a step may make what the migrations do not make again: SQL, db push, a program of one's own. */
static bool others_make(const struct config *config, enum step_role tool)
{
    size_t own = 0;

    for (size_t i = 0; i < config->migrate.steps.count; i++) {
        own += config->migrate.steps.items[i].role == tool;
    }
    return own < config->migrate.steps.count || (tool == STEP_ORDINARY && own > 1);
}

/* The way a migration comes to be run again, by what the history says. */
static const char *sync_command(const struct diagnosing *diagnosing)
{
    const struct migrations_state *migrations = &diagnosing->diagnosis->check.migrations;
    const char *ahead = diagnosing->diagnosis->ledger.ahead;
    const char *sync = diagnosing->request->sync;
    const struct config *config = diagnosing->request->config;
    const char *tells = preset_tells(config->migrate.preset);

    if (config->migrate.steps.count == 0) {
        return sync;
    }
    if (tells && !others_make(config, STEP_ORDINARY)) {
        return arena_printf(
            diagnosing->arena,
            "# pgentry does not read this tool's history: what it believes applied it makes no more, and "
            "only a backup or a new migration brings it back; what it believes:\n%s\n# what is pending "
            "there:\n%s",
            tells, sync);
    }
    if (migrations->failed) {
        return arena_printf(diagnosing->arena, "# once the failed migration below is resolved:\n%s", sync);
    }
    if (ahead && !migrations->pending.count) {
        return ahead;
    }
    if (migrations->applied && !migrations->pending.count && !others_make(config, STEP_HISTORY)) {
        return diagnosing->diagnosis->ledger.lost;
    }
    return arena_printf(diagnosing->arena,
                        migrations->pending.count ? "# by a pending migration, if one makes it:\n%s" : "%s --force",
                        sync);
}

/* Of a problem that is about one. */
static const struct wanted_table *table_of(const struct diagnosing *diagnosing, const struct problem *problem)
{
    return &diagnosing->request->wanted->tables[problem->table - 1];
}

static const char *grant_command(struct diagnosing *diagnosing, const struct problem *problem)
{
    const struct wanted_table *table = problem->table ? table_of(diagnosing, problem) : NULL;
    const char *schema = table ? table->schema : problem->object + strlen("schema ");

    return diagnose_grant(diagnosing, &diagnosing->url, problem->detail, schema, table ? table->name : NULL);
}

/* An index lies in its table's schema: none may stand before its name. */
static const char *index_command(struct diagnosing *diagnosing, const struct problem *problem)
{
    struct arena *arena = diagnosing->arena;
    const struct wanted_table *table = table_of(diagnosing, problem);
    const char *index = problem->object + strlen(table->schema) + 1;
    const char *create =
        arena_printf(arena, "CREATE INDEX CONCURRENTLY %s ON %s.%s (the columns)", sql_name(index, arena),
                     sql_name(table->schema, arena), sql_name(table->name, arena));

    return arena_printf(arena, "# by its migration; by hand:\n%s\n%s", shell_comment(create, arena),
                        sync_command(diagnosing));
}

static const char *spelled_extension(const struct diagnosing *diagnosing, const char *name)
{
    const struct strings *wanted = &diagnosing->request->wanted->extensions;
    size_t i = 0;

    while (strcmp(wanted->items[i], name) != 0) {
        i++;
    }
    return diagnosing->spelled->extensions.items[i];
}

static const char *extension_command(struct diagnosing *diagnosing, const struct problem *problem, const char **detail)
{
    struct arena *arena = diagnosing->arena;
    const struct statement statement = {
        .sql = "SELECT FROM pg_available_extensions WHERE name = $1::name",
        .parameter_count = 1,
        .parameters = { spelled_extension(diagnosing, problem->object) },
    };
    PGresult *result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_CONNECTION, "the extensions", &statement);
    bool available = !result || PQntuples(result) > 0;
    const char *sql = arena_printf(arena, "CREATE EXTENSION %s", sql_name(problem->object, arena));
    const char *command = psql_command(&diagnosing->url.psql, "postgres", NULL, sql, arena);

    PQclear(result);
    *detail = available ? "" : ", and the server has no files of it";
    return available ? command : arena_printf(arena, "# install its package on the server, then\n%s", command);
}

static const char *assert_command(struct diagnosing *diagnosing, const struct problem *problem)
{
    const struct wanted *wanted = diagnosing->request->wanted;

    for (size_t i = 0; i < wanted->assert_count; i++) {
        if (strcmp(wanted->asserts[i].name, problem->object) == 0) {
            return psql_command(&diagnosing->url.psql, NULL, NULL,
                                secret_hide(wanted->asserts[i].sql, diagnosing->arena), diagnosing->arena);
        }
    }
    return NULL;
}

/* ---- what the look found ---- */

/* Invalid indexes are told by diagnose_indexes, what needs no database by the project's side. */
static void tell_problem(struct diagnosing *diagnosing, const struct problem *problem)
{
    struct findings *findings = diagnosing->findings;
    const char *object = problem->object, *detail = problem->detail, *command;

    switch (problem->code) {
    case PROBLEM_MISSING_TABLE:
        finding_add(findings, FINDING_MISSING_TABLE, object, NULL, sync_command(diagnosing));
        break;
    case PROBLEM_MISSING_COLUMN:
        finding_add(findings, FINDING_MISSING_COLUMN, object, NULL, sync_command(diagnosing));
        break;
    case PROBLEM_MISSING_ENUM:
        finding_add(findings, FINDING_MISSING_ENUM, object, NULL, sync_command(diagnosing));
        break;
    case PROBLEM_MISSING_VALUE:
        finding_add(findings, FINDING_MISSING_VALUE, object, NULL, sync_command(diagnosing));
        break;
    case PROBLEM_MISSING_INDEX:
        finding_add(findings, FINDING_MISSING_INDEX, object, NULL, index_command(diagnosing, problem));
        break;
    case PROBLEM_MISSING_PRIVILEGE:
        finding_add(findings, FINDING_MISSING_PRIVILEGE, object, detail, grant_command(diagnosing, problem));
        break;
    case PROBLEM_MISSING_EXTENSION:
        command = extension_command(diagnosing, problem, &detail);
        finding_add(findings, FINDING_MISSING_EXTENSION, object, detail, command);
        break;
    case PROBLEM_ASSERT:
        finding_add(findings, FINDING_ASSERT, object, detail, assert_command(diagnosing, problem));
        break;
    default:
        break;
    }
}

static bool look(struct diagnosing *diagnosing, struct asked *asked, const struct check_request *request)
{
    struct diagnosis *diagnosis = diagnosing->diagnosis;
    struct deadline deadline = deadline_within(&diagnosing->deadline, 2 * CHECK_STATEMENT_TIMEOUT);
    enum ledger_answer answer;
    struct database_error why;

    if (!asked->connection) {
        return false;
    }
    if (check_run(asked->connection, request, &deadline, &diagnosis->check, &answer, diagnosing->arena, &why)) {
        diagnosis->ledger.answer = answer;
        return true;
    }
    diagnose_unanswered(diagnosing, asked, SECTION_HISTORY, "the schema", &why);
    if (asked->connection) {
        diagnose_reopen(diagnosing, asked);
    }
    return false;
}

void diagnose_schema(struct diagnosing *diagnosing)
{
    struct diagnosis *diagnosis = diagnosing->diagnosis;
    const struct check_request both = { .wanted = diagnosing->request->wanted, .schema = true, .history = true };
    const struct check_request history = { .wanted = diagnosing->request->wanted, .history = true };

    diagnosis->checked = look(diagnosing, &diagnosing->url, &both);
    diagnosis->unseen[SECTION_TABLES] = diagnosis->unseen[SECTION_HISTORY] = !diagnosis->checked;
    if (diagnosis->checked && diagnosis->ledger.answer == LEDGER_DENIED &&
        diagnosing->lock != &diagnosing->url) { /* the role of direct_url may read it */
        look(diagnosing, diagnosing->lock, &history);
    }
}

void diagnose_problems(struct diagnosing *diagnosing)
{
    const struct check *check = &diagnosing->diagnosis->check;

    for (size_t i = 0; diagnosing->diagnosis->checked && i < check->problem_count; i++) {
        tell_problem(diagnosing, &check->problems[i]);
    }
}

/* ---- indexes ---- */

/* CREATE INDEX CONCURRENTLY holds this lock on the table while it builds, so the two are told apart for any role. */
static const char invalid_indexes[] =
    "SELECT n.nspname, c.relname, t.relname, pg_get_userbyid(c.relowner), p.pid, p.phase,"
    " p.blocks_done * 100 / nullif(p.blocks_total, 0), i.indisunique"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'"
    " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_'"
    " JOIN pg_class t ON t.oid = i.indrelid"
    " LEFT JOIN LATERAL (SELECT * FROM pg_stat_progress_create_index p WHERE p.datname = current_database()"
    " AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = p.pid AND l.relation = i.indrelid AND l.granted"
    " AND l.mode = 'ShareUpdateExclusiveLock') LIMIT 1) p ON true"
    " WHERE NOT i.indisvalid ORDER BY 1, 2";

/* What REINDEX CONCURRENTLY leaves when it is broken off (manual, REINDEX): the index itself is still there. */
static bool is_leftover(const char *index)
{
    const char *end = strstr(index, "_ccnew");

    end = end ? end : strstr(index, "_ccold");
    return end && strspn(end + 6, "0123456789") == strlen(end + 6);
}

static void tell_building(struct diagnosing *diagnosing, const PGresult *result, int row, const char *object)
{
    struct arena *arena = diagnosing->arena;
    const char *phase = diagnose_value(diagnosing, result, row, 5);
    const char *percent = diagnose_value(diagnosing, result, row, 6);
    const char *detail =
        arena_printf(arena, "pid %s%s%s%s%s%s", PQgetvalue(result, row, 4), phase ? ", " : "", phase ? phase : "",
                     percent ? ", " : "", percent ? percent : "", percent ? " % of the blocks" : "");
    const char *sql = "SELECT pid, phase, blocks_done, blocks_total FROM pg_stat_progress_create_index";

    finding_add(diagnosing->findings, FINDING_INDEX_BUILDING, object, detail,
                psql_command(&diagnosing->lock->psql, NULL, NULL, sql, arena));
}

static void tell_invalid(struct diagnosing *diagnosing, const PGresult *result, int row, const char *object)
{
    struct arena *arena = diagnosing->arena;
    const struct psql *psql = &diagnosing->lock->psql;
    const char *index = PQgetvalue(result, row, 1), *owner = PQgetvalue(result, row, 3);
    const char *name =
        arena_printf(arena, "%s.%s", sql_name(PQgetvalue(result, row, 0), arena), sql_name(index, arena));
    const char *reindex =
        psql_command(psql, owner, NULL, arena_printf(arena, "REINDEX INDEX CONCURRENTLY %s", name), arena);
    const char *drop = psql_command(psql, owner, NULL, arena_printf(arena, "DROP INDEX CONCURRENTLY %s", name), arena);
    const char *twins =
        result_is_true(result, row, 7) ? "# it is unique: remove the rows that are there twice first\n" : "";

    if (is_leftover(index)) {
        finding_add(diagnosing->findings, FINDING_INVALID_INDEX, object, ": a leftover of REINDEX CONCURRENTLY", drop);
        return;
    }
    finding_add(diagnosing->findings, FINDING_INVALID_INDEX, object, "",
                arena_printf(arena, "%s%s\n# or, to do without it:\n%s", twins, reindex, shell_comment(drop, arena)));
}

void diagnose_indexes(struct diagnosing *diagnosing)
{
    const struct statement statement = { .sql = invalid_indexes };
    PGresult *result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_INDEXES, "invalid indexes", &statement);

    for (int row = 0; result && row < PQntuples(result); row++) {
        const char *object =
            arena_printf(diagnosing->arena, "%s.%s", PQgetvalue(result, row, 0), PQgetvalue(result, row, 1));

        if (PQgetisnull(result, row, 4)) {
            tell_invalid(diagnosing, result, row, object);
        } else {
            tell_building(diagnosing, result, row, object);
        }
    }
    PQclear(result);
}
