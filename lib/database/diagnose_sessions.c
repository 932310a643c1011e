#include "database/catalog.h"
#include "database/diagnosing.h"
#include "database/lock.h"

#include "base/shell.h"

#include <inttypes.h>

#define PRISMA_LOCK 72707369
#define NEAR_LIMIT_PERCENT 90
#define NAMED_SESSIONS "20"

/* A session in three columns from `first`: pid, role, application. */
static const char *session_text(const struct diagnosing *diagnosing, const PGresult *result, int row, int first)
{
    return arena_printf(diagnosing->arena, "pid %s (role %s, application %s)", PQgetvalue(result, row, first),
                        diagnose_foreign(diagnosing, result, row, first + 1),
                        diagnose_foreign(diagnosing, result, row, first + 2));
}

/* As the session's own role: that may end it, ours perhaps not (manual, section 9.28.2). Proposed, no more. */
static const char *terminate_command(const struct diagnosing *diagnosing, const PGresult *result, int row, int first)
{
    struct arena *arena = diagnosing->arena;
    const char *sql = arena_printf(arena, "SELECT pg_terminate_backend(%s)", PQgetvalue(result, row, first));
    const char *role = PQgetvalue(result, row, first + 1);

    return shell_comment(psql_command(&diagnosing->lock->psql, *role ? role : NULL, NULL, sql, arena), arena);
}

/* Asks, and tells each row of the answer. */
static void tell_each(struct diagnosing *diagnosing, const char *what, const struct statement *statement,
                      void (*tell)(struct diagnosing *diagnosing, const PGresult *result, int row))
{
    PGresult *result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_BLOCKING, what, statement);

    for (int row = 0; result && row < PQntuples(result); row++) {
        tell(diagnosing, result, row);
    }
    PQclear(result);
}

/* ---- who waits for whom ---- */

/* pg_locks shows every role who waits; only times and states of other roles' sessions are for pg_monitor alone. It has
 * waitstart since 14: as a column of earlier servers it would be an error, as a key of the row it is NULL there. */
static const char waiters[] =
    "SELECT w.pid, w.usename, w.application_name, coalesce(quote_ident(n.nspname) || '.' || quote_ident(c.relname), "
    "l.locktype), l.mode,"
    " (extract(epoch FROM clock_timestamp() - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, w.query_start))"
    " * 1000)::int8,"
    " b.pid, b.usename, b.application_name, coalesce(b.state, 'in a transaction'),"
    " (extract(epoch FROM clock_timestamp() - b.state_change) * 1000)::int8"
    " FROM pg_locks l JOIN pg_stat_activity w ON w.pid = l.pid AND w.datname = current_database()"
    " CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(w.pid)) AS pid) p"
    " JOIN pg_stat_activity b ON b.pid = p.pid"
    " LEFT JOIN pg_class c ON c.oid = coalesce(l.relation, (SELECT t.relation FROM pg_locks t" /* that of the row */
    " WHERE t.pid = l.pid AND t.locktype = 'tuple' LIMIT 1))"
    " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE NOT l.granted ORDER BY 6 DESC NULLS LAST, w.pid LIMIT " NAMED_SESSIONS;

static void tell_waiter(struct diagnosing *diagnosing, const PGresult *result, int row)
{
    struct arena *arena = diagnosing->arena;
    const char *waiter = PQgetvalue(result, row, 0), *blocker = PQgetvalue(result, row, 6);
    const char *detail =
        arena_printf(arena, "%s waits for %s since %s; %s is in its way, %s for %s",
                     session_text(diagnosing, result, row, 0), PQgetvalue(result, row, 4),
                     diagnose_duration(diagnosing, result, row, 5), session_text(diagnosing, result, row, 6),
                     PQgetvalue(result, row, 9), diagnose_duration(diagnosing, result, row, 10));
    const char *look = arena_printf(
        arena, "SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE pid IN (%s, %s)", waiter, blocker);

    finding_add(diagnosing->findings, FINDING_BLOCKED, diagnose_foreign(diagnosing, result, row, 3), detail,
                arena_printf(arena, "# what both do:\n%s\n# to end the one in the way:\n%s",
                             psql_command(&diagnosing->lock->psql, NULL, NULL, look, arena),
                             terminate_command(diagnosing, result, row, 6)));
}

/* ---- who has left a transaction open ---- */

#define LOCKED_TABLES                                                                                               \
    " string_agg(DISTINCT w.schema || '.' || w.name, ', ')"                                                         \
    " FROM unnest($1::text[], $2::text[]) AS w(schema, name)"                                                       \
    " JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name" \
    " JOIN pg_locks l ON l.relation = c.oid AND l.granted"                                                          \
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"

static const char idlers[] = "SELECT a.pid, a.usename, a.application_name,"
                             " (extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::int8," LOCKED_TABLES
                             " JOIN pg_stat_activity a ON a.pid = l.pid AND a.state LIKE 'idle in transaction%'"
                             " GROUP BY a.pid, a.usename, a.application_name, a.state_change"
                             " ORDER BY a.state_change LIMIT " NAMED_SESSIONS;

static void tell_idler(struct diagnosing *diagnosing, const PGresult *result, int row)
{
    const char *detail =
        arena_printf(diagnosing->arena, "%s is idle in it for %s", session_text(diagnosing, result, row, 0),
                     diagnose_duration(diagnosing, result, row, 3));

    finding_add(diagnosing->findings, FINDING_IDLE_IN_TRANSACTION, diagnose_foreign(diagnosing, result, row, 4), detail,
                terminate_command(diagnosing, result, row, 0));
}

/* No session has it, so that it is in nobody's list. Its locks bear the virtual transaction that it was prepared in, or
 * none since the server started: what they have in common with its name is the lock on its transaction. */
static const char prepared[] =
    "SELECT x.gid, x.owner, (extract(epoch FROM clock_timestamp() - x.prepared) * 1000)::int8," LOCKED_TABLES
    " AND l.pid IS NULL JOIN pg_locks t ON t.pid IS NULL AND t.virtualtransaction = l.virtualtransaction"
    " JOIN pg_prepared_xacts x ON x.transaction = t.transactionid"
    " GROUP BY x.gid, x.owner, x.prepared ORDER BY x.prepared LIMIT " NAMED_SESSIONS;

static void tell_prepared(struct diagnosing *diagnosing, const PGresult *result, int row)
{
    struct arena *arena = diagnosing->arena;
    const char *detail =
        arena_printf(arena, "%s of role %s, for %s", diagnose_foreign(diagnosing, result, row, 0),
                     diagnose_foreign(diagnosing, result, row, 1), diagnose_duration(diagnosing, result, row, 2));
    const char *undo = arena_printf(arena, "ROLLBACK PREPARED %s", sql_string(PQgetvalue(result, row, 0), arena));

    finding_add(
        diagnosing->findings, FINDING_PREPARED, diagnose_foreign(diagnosing, result, row, 3), detail,
        shell_comment(psql_command(&diagnosing->lock->psql, PQgetvalue(result, row, 1), NULL, undo, arena), arena));
}

void diagnose_sessions(struct diagnosing *diagnosing)
{
    const struct statement waiting = { .sql = waiters };
    struct statement idling = { .sql = idlers, .parameter_count = 2 };

    catalog_tables(diagnosing->spelled, idling.parameters, diagnosing->arena);

    struct statement lost = idling;

    lost.sql = prepared;
    tell_each(diagnosing, "who waits for a lock", &waiting, tell_waiter);
    tell_each(diagnosing, "open transactions", &idling, tell_idler);
    tell_each(diagnosing, "prepared transactions", &lost, tell_prepared);
}

/* ---- the two locks that let one migrate at a time ---- */

static void look_for_holder(struct diagnosing *diagnosing, enum finding_code code, int64_t key)
{
    struct arena *arena = diagnosing->arena;
    const char *where =
        arena_printf(arena, " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE %s",
                     lock_row(key, arena));
    const char *columns = "SELECT a.pid, a.usename, a.application_name, a.client_addr, a.backend_start, a.state";
    const char *look =
        psql_command(&diagnosing->lock->psql, NULL, NULL, arena_printf(arena, "%s%s", columns, where), arena);
    const char *asked = "SELECT a.pid, a.usename, a.application_name,"
                        " (extract(epoch FROM clock_timestamp() - a.backend_start) * 1000)::int8";
    const struct statement statement = { .sql = arena_printf(arena, "%s%s", asked, where) };
    PGresult *result =
        diagnose_ask(diagnosing, diagnosing->lock, SECTION_BLOCKING, "who holds the migration lock", &statement);

    for (int row = 0; result && row < PQntuples(result); row++) {
        const char *holder = arena_printf(arena, "%s, connected for %s", session_text(diagnosing, result, row, 0),
                                          diagnose_duration(diagnosing, result, row, 3));
        const char *end = terminate_command(diagnosing, result, row, 0);

        finding_add(
            diagnosing->findings, code, arena_printf(arena, "%" PRId64, key), holder,
            arena_printf(arena, "# wait, if it migrates; who it is:\n%s\n# to end it, if it is stale:\n%s", look, end));
    }
    PQclear(result);
}

void diagnose_locks(struct diagnosing *diagnosing)
{
    if (!diagnose_knows(diagnosing->lock)) {
        diagnosing->diagnosis->unseen[SECTION_BLOCKING] = true;
        return;
    }
    look_for_holder(diagnosing, FINDING_OWN_LOCK,
                    lock_key(diagnosing->lock->place->database, diagnosing->request->config->verify.schema));
    look_for_holder(diagnosing, FINDING_PRISMA_LOCK, PRISMA_LOCK);
}

/* ---- how many connections are taken ---- */

void diagnose_connections(struct diagnosing *diagnosing)
{
    const struct statement statement = {
        .sql = "SELECT count(*), current_setting('max_connections')::int4"
               " - current_setting('superuser_reserved_connections')::int4 FROM pg_stat_activity WHERE datid <> 0",
    };
    const struct asked *url = &diagnosing->url;
    PGresult *result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_CONNECTION, "the connections", &statement);

    if (!result) {
        return;
    }

    int64_t taken = diagnose_number(result, 0, 0), limit = diagnose_number(result, 0, 1);

    if (taken * 100 >= limit * NEAR_LIMIT_PERCENT) {
        finding_add(diagnosing->findings, FINDING_NEAR_LIMIT, url->place->address,
                    arena_printf(diagnosing->arena, "%" PRId64 " of %" PRId64 " are taken", taken, limit),
                    psql_command(&url->psql, NULL, NULL, DIAGNOSE_WHO_IS_CONNECTED, diagnosing->arena));
    }
    PQclear(result);
}
