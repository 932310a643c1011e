#include "database/lock.h"

#include "base/hash.h"
#include "base/mask.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE ((duration)1000) /* for a pooler whose only server process may be taken */
#define ROUNDS 2

int64_t lock_key(const char *database, const char *schema)
{
    uint64_t hash = hash_string(hash_string(hash_string(HASH_BEGIN, APPLICATION), database), schema);
    int64_t key;

    memcpy(&key, &hash, sizeof key); /* the same bits, as PostgreSQL's bigint */
    return key;
}

/* ---- a pooler in the way ---- */

struct suspicion {
    PGconn *first, *second;
    int first_pid, second_pid; /* 0: not known yet */
    bool pooled;
    bool certain; /* that or that it is not: no further round */
    const struct deadline *deadline;
    struct arena *arena;
    struct database_error *why;
};

static bool is_decided(const struct suspicion *suspicion)
{
    return suspicion->pooled || suspicion->certain;
}

/* 0: no answer. */
static int pid_in(const PGresult *result)
{
    return PQntuples(result) ? (int)strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
}

static int server_pid(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                      struct database_error *why)
{
    const struct statement statement = { .sql = "SELECT pg_catalog.pg_backend_pid()" };
    PGresult *result = query_run(connection, &statement, deadline, arena, why);
    int pid = pid_in(result);

    PQclear(result);
    return pid;
}

/* The server process that answered one of the two: whether it is the one that it had. */
static void take_pid(struct suspicion *suspicion, bool second, int pid)
{
    int *known = second ? &suspicion->second_pid : &suspicion->first_pid;

    suspicion->pooled |= *known && *known != pid;
    *known = pid;
    suspicion->pooled |= suspicion->first_pid == suspicion->second_pid; /* both sessions are open */
}

/* Asks one of the two again. False if there is no answer. */
static bool look_again(struct suspicion *suspicion, bool second, const struct deadline *deadline)
{
    int pid = server_pid(second ? suspicion->second : suspicion->first, deadline, suspicion->arena, suspicion->why);

    if (pid) {
        take_pid(suspicion, second, pid);
    }
    return pid != 0;
}

static bool run(struct suspicion *suspicion, const char *sql)
{
    const struct statement statement = { .sql = sql };

    return query_value(suspicion->first, &statement, suspicion->deadline, suspicion->arena, suspicion->why) != NULL;
}

/* A session that is inside a transaction block; PgBouncer refuses one, and ends the session, where it hands out server
 * processes by the statement. */
static bool begin(struct suspicion *suspicion)
{
    if (run(suspicion, "BEGIN")) {
        return true;
    }
    suspicion->pooled = suspicion->certain =
        message_says(suspicion->why->message, "transaction blocks not allowed", suspicion->arena);
    return false;
}

/* No answer came in time; any other failure of the second proves nothing. */
static bool has_to_wait(const struct suspicion *suspicion)
{
    return suspicion->why->failure == FAILURE_NO_ANSWER;
}

/* The second had to wait, and the first has let go: whether it is served now. */
static bool look_late(struct suspicion *suspicion)
{
    struct deadline patient = deadline_within(suspicion->deadline, PATIENCE);
    PGresult *late = query_take(suspicion->second, &patient, suspicion->arena, suspicion->why);
    int pid = pid_in(late);

    if (pid) {
        take_pid(suspicion, true, pid);
    }
    suspicion->certain = !late && has_to_wait(suspicion);
    PQclear(late);
    return pid || suspicion->certain;
}

/* While the first is inside a transaction, the second is given another server process; when both are free again, a
 * pooler that hands them out by the transaction mixes them up, whether it takes the last returned first or the other
 * way round. The second may have to wait for a pool of one: then the first lets go, and the second is served by the
 * first one's process (a transaction pooler) or still by none (a session pooler). */
static bool mix_up(struct suspicion *suspicion)
{
    struct deadline patient = deadline_within(suspicion->deadline, PATIENCE);

    if (!begin(suspicion) || !look_again(suspicion, false, suspicion->deadline)) {
        return suspicion->certain;
    }

    bool served = look_again(suspicion, true, &patient);

    if ((!served && !has_to_wait(suspicion)) || !run(suspicion, "ROLLBACK")) {
        return false;
    }
    if (!served && !look_late(suspicion)) {
        return false;
    }
    for (int i = 0; i < 3 && !is_decided(suspicion); i++) {
        if (!look_again(suspicion, true, suspicion->deadline)) {
            return false;
        }
    }
    return is_decided(suspicion) || look_again(suspicion, false, suspicion->deadline);
}

bool lock_session_is_kept(PGconn *connection, const struct second_connection *second, const struct deadline *deadline,
                          struct arena *arena, struct database_error *why)
{
    struct suspicion suspicion = { .first = connection, .deadline = deadline, .arena = arena, .why = why };
    int pid = server_pid(connection, deadline, arena, why);

    if (!pid || pid == PQbackendPID(connection)) {
        return pid != 0;
    }
    suspicion.second = second->open(second->context, deadline, why);

    bool fine = suspicion.second != NULL;

    for (int i = 0; i < ROUNDS && fine && !is_decided(&suspicion); i++) {
        fine = mix_up(&suspicion);
    }
    PQfinish(suspicion.second);
    if (fine && suspicion.pooled) {
        database_error_set(
            why, FAILURE_CONFIG, NULL,
            "a pooler that hands out server processes by the transaction or statement is in the way of the "
            "migration lock: set database.direct_url",
            "it leads to the PostgreSQL server itself, past the pooler", arena);
    }
    return fine && !suspicion.pooled;
}

/* ---- the same database ---- */

struct identity {
    const char *database; /* name and oid */
    const char *cluster;  /* or "" where the role may not know */
};

static bool identify(PGconn *connection, struct identity *identity, const struct deadline *deadline,
                     struct arena *arena, struct database_error *why)
{
    const struct statement database = { .sql = "SELECT pg_catalog.concat(oid, ' ', datname) FROM pg_catalog.pg_database"
                                               " WHERE datname = pg_catalog.current_database()" };
    const struct statement cluster = { .sql = "SELECT system_identifier FROM pg_catalog.pg_control_system()" };

    PGresult *named = query_catalog(connection, &database, deadline, arena, why);

    if (!named) {
        return false;
    }
    identity->database = result_value(named, arena);
    PQclear(named);
    identity->cluster = query_value(connection, &cluster, deadline, arena, why);
    if (!identity->cluster && why->sqlstate[0]) { /* no right to it, or no such function: then the names must do */
        identity->cluster = "";
    }
    return identity->cluster != NULL;
}

enum sameness lock_same_database(PGconn *url, PGconn *direct, const struct deadline *deadline, struct arena *arena,
                                 struct database_error *why)
{
    struct identity a, b;

    if (!identify(url, &a, deadline, arena, why) || !identify(direct, &b, deadline, arena, why)) {
        return SAME_UNKNOWN;
    }

    bool clusters_differ = *a.cluster && *b.cluster && strcmp(a.cluster, b.cluster) != 0;

    if (clusters_differ || strcmp(a.database, b.database) != 0) {
        database_error_set(why, FAILURE_CONFIG, NULL,
                           "database.direct_url does not lead to the same database as database.url",
                           "name the same database in both, on the same server", arena);
        return SAME_NO;
    }
    return SAME_YES;
}

/* ---- taking it ---- */

/* idle + count * interval = 25 s until the server knows that a holder is gone; tcp_user_timeout when data is under way.
 * (manual, "TCP Settings" and "Statement Behavior") */
static const char *const settings[][2] = {
    { "tcp_keepalives_idle", "10" }, { "tcp_keepalives_interval", "5" }, { "tcp_keepalives_count", "3" },
    { "tcp_user_timeout", "30000" }, { "idle_session_timeout", "0" },    { "idle_in_transaction_session_timeout", "0" },
    { "statement_timeout", "0" },
};

static bool set_settings(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                         struct database_error *why)
{
    struct array_text names, values;
    struct statement statement = {
        .sql = "SELECT pg_catalog.set_config(s.name, w.value, false)"
               " FROM unnest($1::text[], $2::text[]) AS w(name, value)"
               " JOIN pg_catalog.pg_settings s ON s.name = w.name",
        .parameter_count = 2,
    };

    array_begin(&names, arena);
    array_begin(&values, arena);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        array_add(&names, settings[i][0], arena);
        array_add(&values, settings[i][1], arena);
    }
    statement.parameters[0] = array_end(&names, arena);
    statement.parameters[1] = array_end(&values, arena);

    PGresult *set = query_catalog(connection, &statement, deadline, arena, why);
    bool fine = set != NULL;

    PQclear(set);
    return fine;
}

bool lock_prepare(PGconn *connection, const char *schema, int64_t *key, const struct deadline *deadline,
                  struct arena *arena, struct database_error *why)
{
    const struct statement statement = { .sql = "SELECT pg_catalog.current_database()" };
    const char *database = query_value(connection, &statement, deadline, arena, why);

    if (!database || !set_settings(connection, deadline, arena, why)) {
        return false;
    }
    *key = lock_key(database, schema);
    return true;
}

/* A row of lock_find_holder's statement. */
static void take_holder(struct lock_holder *holder, const PGresult *result)
{
    uint32_t pid = (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    bool known = !PQgetisnull(result, 0, 3); /* another role's session may not be ours to see */

    if (known || pid != holder->pid) {
        struct text who = text_over(holder->who, sizeof holder->who);
        const char *name = PQgetvalue(result, 0, 1);
        const char *usual = known ? "local socket" : "unknown";

        text_string(&who, "application ");
        text_string(&who, *name ? name : "unknown");
        text_string(&who, ", client ");
        text_string(&who, PQgetisnull(result, 0, 2) ? usual : PQgetvalue(result, 0, 2));
        mask_string(holder->who);
        holder->since = strtoll(PQgetvalue(result, 0, 3), NULL, 10);
    }
    holder->pid = pid;
}

const char *lock_row(int64_t key, struct arena *arena)
{
    return arena_printf(arena,
                        "l.locktype = 'advisory' AND l.granted AND l.classid = %" PRIu32 " AND l.objid = %" PRIu32
                        " AND l.objsubid = 1 AND l.database ="
                        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
                        (uint32_t)((uint64_t)key >> 32), (uint32_t)key);
}

bool lock_find_holder(PGconn *connection, int64_t key, struct lock_holder *holder, const struct deadline *deadline,
                      struct arena *arena, struct database_error *why)
{
    const struct statement statement = {
        .sql = arena_printf(arena,
                            "SELECT l.pid, a.application_name, pg_catalog.host(a.client_addr),"
                            " pg_catalog.floor(1000 * extract(epoch FROM a.backend_start)),"
                            " pg_catalog.floor(1000 * extract(epoch FROM pg_catalog.clock_timestamp()))"
                            " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                            " WHERE %s",
                            lock_row(key, arena)),
    };
    PGresult *result = query_catalog(connection, &statement, deadline, arena, why);

    if (!result) {
        return false;
    }
    if (PQntuples(result)) {
        char age[DURATION_TEXT];

        take_holder(holder, result);
        duration_human(strtoll(PQgetvalue(result, 0, 4), NULL, 10) - holder->since, age);
        holder->text = arena_printf(arena, "pid %u, %s, connected for %s", holder->pid, holder->who,
                                    holder->since ? age : "an unknown time");
    } else {
        *holder = (struct lock_holder){ .text = "nobody any more" };
    }
    PQclear(result);
    return true;
}

enum lock_result lock_try(PGconn *connection, int64_t key, struct lock_holder *holder, const struct deadline *deadline,
                          struct arena *arena, struct database_error *why)
{
    const struct statement statement = { .sql = "SELECT pg_catalog.pg_try_advisory_lock($1::bigint)",
                                         .parameter_count = 1,
                                         .parameters = { arena_printf(arena, "%lld", (long long)key) } };
    const char *taken = query_value(connection, &statement, deadline, arena, why);

    if (!taken) {
        return LOCK_ERROR;
    }
    if (strcmp(taken, "t") == 0) {
        return LOCK_TAKEN;
    }
    return lock_find_holder(connection, key, holder, deadline, arena, why) ? LOCK_BUSY : LOCK_ERROR;
}
