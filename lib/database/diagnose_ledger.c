#include "database/diagnosing.h"

/* As Prisma counts: what an extension brought does not make a database one that is not empty. */
static const char around_the_ledger[] =
    "SELECT count(*) FILTER (WHERE c.relname = $2::name),"
    " count(*) FILTER (WHERE c.relname <> $2::name AND NOT EXISTS (SELECT FROM pg_depend d"
    " WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1::name AND c.relkind IN ('r', 'p', 'v', 'm')";

static const char *grant_command(struct diagnosing *diagnosing, const char *schema)
{
    struct arena *arena = diagnosing->arena;
    const char *user = diagnosing->url.place->user;
    const char *sql =
        arena_printf(arena, "GRANT SELECT ON %s TO %s", diagnosing->diagnosis->ledger.sql_name, sql_role(user, arena));
    const char *owner = diagnose_owner(diagnosing, schema, diagnosing->request->wanted->history_table);

    return psql_command(&diagnosing->lock->psql, owner, NULL, sql, arena);
}

/* pgentry itself refuses every step but the history's own then, with --force and --only too. */
static const char *ahead_command(struct diagnosing *diagnosing)
{
    struct arena *arena = diagnosing->arena;
    const char *sql = arena_printf(arena, "SELECT * FROM %s", diagnosing->diagnosis->ledger.sql_name);

    return arena_printf(arena,
                        "# the database holds migrations that this image does not know (migration-gone), and only the "
                        "history's own tool may run then: deploy the image that has them; all that is recorded:\n%s",
                        psql_command(&diagnosing->lock->psql, NULL, NULL, sql, arena));
}

static const char *mend_command(struct diagnosing *diagnosing, const char *schema)
{
    const struct ledger *ledger = &diagnosing->diagnosis->ledger;
    struct arena *arena = diagnosing->arena;
    const char *sql = arena_printf(arena, "SELECT * FROM %s LIMIT 5", ledger->sql_name);

    if (ledger->answer == LEDGER_DENIED) {
        return grant_command(diagnosing, schema);
    }
    if (ledger->answer == LEDGER_LATE) {
        sql = arena_printf(arena,
                           "SELECT a.pid, a.usename, a.application_name, a.state, a.xact_start, l.mode FROM pg_locks l"
                           " JOIN pg_stat_activity a USING (pid) WHERE l.granted AND l.relation = %s::regclass",
                           sql_string(ledger->sql_name, arena));
    }
    return psql_command(&diagnosing->lock->psql, NULL, NULL, sql, arena);
}

void diagnose_ledger(struct diagnosing *diagnosing)
{
    const struct wanted *wanted = diagnosing->request->wanted, *spelled = diagnosing->spelled;
    struct ledger *ledger = &diagnosing->diagnosis->ledger;
    struct arena *arena = diagnosing->arena;
    const char *schema = wanted_history_schema(wanted);
    const struct statement statement = {
        .sql = around_the_ledger,
        .parameter_count = 2,
        .parameters = { wanted_history_schema(spelled), spelled->history_table },
    };

    if (wanted->history == HISTORY_NONE || wanted->unsure || !diagnosing->diagnosis->checked) {
        return;
    }

    PGresult *result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_HISTORY, "the migration history", &statement);

    if (!result) {
        return;
    }
    ledger->check = &diagnosing->diagnosis->check;
    ledger->exists = diagnose_number(result, 0, 0) > 0;
    ledger->relations = (size_t)diagnose_number(result, 0, 1);
    ledger->name = arena_printf(arena, "%s.%s", schema, wanted->history_table);
    ledger->sql_name = arena_printf(arena, "%s.%s", sql_name(schema, arena), sql_name(wanted->history_table, arena));
    PQclear(result);
    ledger->lost = arena_printf(arena,
                                "# restore it from a backup, or make it again with a new migration that says CREATE "
                                "TABLE IF NOT EXISTS or ADD COLUMN IF NOT EXISTS (pgentry apply FILE runs SQL by "
                                "hand), then look again:\n%s verify",
                                diagnosing->request->program);
    if (ledger->check->migrations.gone.count) {
        ledger->ahead = ahead_command(diagnosing);
    }
    if (!ledger->check->migrations.known) {
        ledger->mend = mend_command(diagnosing, schema);
    }
}
