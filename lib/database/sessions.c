#include "database/sessions.h"

#include "base/mask.h"

#define NAMED_SESSIONS 5
#define OF_THE_STEP                                                         \
    " AND a.application_name <> '" APPLICATION "'"                          \
    " AND a.client_addr IS NOT DISTINCT FROM pg_catalog.inet_client_addr()" \
    " AND a.backend_start >= pg_catalog.clock_timestamp() - $1::bigint * interval '1 millisecond'"

bool sessions_count(PGconn *connection, int64_t age, uint32_t *count, const char **text,
                    const struct deadline *deadline, struct arena *arena, struct database_error *why)
{
    const struct statement statement = {
        .sql = "SELECT a.pid, a.application_name, a.state, pg_catalog.substring(a.query, '^[[:space:]]*([A-Za-z]+)'),"
               " pg_catalog.to_char(a.query_start, 'HH24:MI:SS')"
               " FROM pg_catalog.pg_stat_activity a"
               " WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()"
               " AND a.backend_type = 'client backend' AND a.state <> 'idle'" OF_THE_STEP " ORDER BY a.backend_start",
        .parameter_count = 1,
        .parameters = { arena_printf(arena, "%lld", (long long)age) },
    };
    PGresult *result = query_catalog(connection, &statement, deadline, arena, why);
    char *line = arena_strdup(arena, "");

    if (!result) {
        return false;
    }
    *count = (uint32_t)PQntuples(result);
    for (int i = 0; i < PQntuples(result) && i < NAMED_SESSIONS; i++) {
        const char *name = PQgetvalue(result, i, 1);

        line = arena_printf(arena, "%s%spid %s, application %s, %s, %s since %s", line, i ? "; " : "",
                            PQgetvalue(result, i, 0), *name ? name : "unknown", PQgetvalue(result, i, 2),
                            PQgetisnull(result, i, 3) ? "a query" : PQgetvalue(result, i, 3), PQgetvalue(result, i, 4));
    }
    if (PQntuples(result) > NAMED_SESSIONS) {
        line = arena_printf(arena, "%s; and %d more", line, PQntuples(result) - NAMED_SESSIONS);
    }
    PQclear(result);
    mask_string(line);
    *text = line;
    return true;
}

/* Times of day and no durations: the same wait is told once. */
bool sessions_ask_blocked(PGconn *connection, int64_t age, struct arena *arena)
{
    const struct statement statement = {
        .sql = "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unknown'), l.mode,"
               " coalesce(l.relation::regclass::text, l.locktype), b.pid,"
               " coalesce(nullif(b.application_name, ''), 'unknown'), coalesce(b.state, 'in a transaction'),"
               " coalesce(' since ' || to_char(b.xact_start, 'HH24:MI:SS'), '')"
               " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.datname = current_database()"
               " CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(a.pid)) AS pid) p"
               " JOIN pg_stat_activity b ON b.pid = p.pid"
               " WHERE NOT l.granted" OF_THE_STEP " ORDER BY a.pid, b.pid",
        .parameter_count = 1,
        .parameters = { arena_printf(arena, "%lld", (long long)age) },
    };

    return query_catalog_send(connection, &statement);
}

bool sessions_take_blocked(PGconn *connection, const char **text, const struct deadline *deadline, struct arena *arena,
                           struct database_error *why)
{
    PGresult *result = query_catalog_take(connection, deadline, arena, why);
    char *line = NULL;

    *text = NULL;
    if (!result) {
        return false;
    }
    for (int i = 0; i < PQntuples(result) && i < NAMED_SESSIONS; i++) {
        line =
            arena_printf(arena, "%s%spid %s, application %s, for %s on %s; in its way is pid %s, application %s, %s%s",
                         line ? line : "", line ? "; " : "", PQgetvalue(result, i, 0), PQgetvalue(result, i, 1),
                         PQgetvalue(result, i, 2), PQgetvalue(result, i, 3), PQgetvalue(result, i, 4),
                         PQgetvalue(result, i, 5), PQgetvalue(result, i, 6), PQgetvalue(result, i, 7));
    }
    PQclear(result);
    if (line) {
        mask_string(line);
        *text = line;
    }
    return true;
}
