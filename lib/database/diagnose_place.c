#include "database/diagnosing.h"
#include "database/resolve.h"

#include "base/shell.h"

#include <errno.h>
#include <string.h>

#define TRIPS 3
#define SLOW_TRIP_US 100000

/* ---- where it leads ---- */

static const char *hosts_of(const struct destination *destination, struct arena *arena)
{
    struct strings list = { 0 };

    for (size_t i = 0; i < destination->host_count; i++) {
        strings_add(arena, &list, host_label(destination->hosts[i], destination->ports[i], NULL, arena));
    }
    return strings_listed(arena, &list);
}

static void tell_dropped(struct diagnosing *diagnosing, const struct asked *asked)
{
    const struct strings *notes = &asked->destination.info.notes;

    if (notes->count) {
        finding_add(diagnosing->findings, FINDING_DROPPED, asked->place->key, strings_listed(diagnosing->arena, notes),
                    NULL);
    }
}

/* False, with a finding, for a URL that leads nowhere. */
static bool find_destination(struct diagnosing *diagnosing, struct asked *asked, bool direct)
{
    struct diagnosed_place *place = asked->place;
    const struct config *config = diagnosing->request->config;
    struct arena *arena = diagnosing->arena;
    struct error error = { 0 };

    place->key = direct ? "database.direct_url" : "database.url";
    if (!destination_find(&asked->destination, config, direct, arena, &error)) {
        size_t key = strlen(place->key);
        const char *message = strncmp(error.message, place->key, key) == 0 && error.message[key] == ':'
                                  ? error.message + key + 2
                                  : error.message;
        enum finding_code code = strstr(message, "unencoded") ? FINDING_URL_UNENCODED : FINDING_URL_INVALID;

        /* Not masked: it is ours, and the stars of a short password in it would tell a letter. */
        place->error = arena_strdup(arena, message);
        finding_add(diagnosing->findings, code, place->key, place->error, diagnose_ours(diagnosing, "config"));
        if (code == FINDING_URL_UNENCODED) {
            diagnose_code(diagnosing->findings, "P1013", place->key, NULL);
        }
        return false;
    }
    place->key = asked->destination.key;
    place->hosts = hosts_of(&asked->destination, arena);
    psql_of(&asked->psql, &asked->destination);
    place->database = asked->psql.database;
    place->user = asked->psql.user;
    tell_dropped(diagnosing, asked);
    return true;
}

/* ---- its addresses ---- */

static void tell_dead(struct diagnosing *diagnosing, const struct server_address *address,
                      const struct diagnosed_address *told)
{
    struct finding *finding = finding_add(diagnosing->findings, FINDING_DEAD_ADDRESS, told->label, told->error,
                                          shell_quote(address->host, diagnosing->arena));

    if (address->error != ETIMEDOUT) { /* refused at once: costs nobody anything */
        finding->severity = SEVERITY_INFO;
    }
}

static void look_at_addresses(struct diagnosing *diagnosing, struct diagnosed_place *place,
                              struct server_addresses *addresses, const struct deadline *deadline)
{
    size_t answered = probe_addresses(addresses, deadline);

    place->address_count = addresses->count;
    place->addresses = arena_array(diagnosing->arena, addresses->count, sizeof *place->addresses);
    for (size_t i = 0; i < addresses->count; i++) {
        const struct server_address *address = &addresses->items[i];

        place->addresses[i] = (struct diagnosed_address){
            .label = address_label(address, diagnosing->arena),
            .answers = address->error == 0,
            .error = address->error == 0           ? NULL
                     : address->error == ETIMEDOUT ? "no answer"
                                                   : arena_strdup(diagnosing->arena, strerror(address->error)),
        };
        if (answered && address->error) {
            tell_dead(diagnosing, address, &place->addresses[i]);
        }
    }
}

/* ---- connecting ---- */

/* A server that is only good for reading is connected to all the same: it can tell what it is. */
static PGconn *open_any(struct asked *asked, const struct deadline *deadline, struct arena *arena,
                        struct database_error *why)
{
    PGconn *connection = destination_open(&asked->destination, false, deadline, arena, why);

    if (!connection && why->failure == FAILURE_READ_ONLY) {
        struct database_error again;

        asked->refused = why->message;
        conninfo_set(&asked->destination.info, "target_session_attrs", "any", arena);
        connection = destination_open(&asked->destination, false, deadline, arena, &again);
    }
    return connection;
}

/* ---- what it is like ---- */

static void measure(struct diagnosing *diagnosing, struct asked *asked)
{
    const struct statement nothing = { .sql = "SELECT 1" };
    struct database_error why;

    for (int i = 0; i < TRIPS; i++) {
        struct deadline deadline = deadline_in(DIAGNOSE_QUESTION, -1);
        int64_t before = clock_now_us();

        if (!query_value(asked->connection, &nothing, &deadline, diagnosing->arena, &why)) {
            diagnose_unanswered(diagnosing, asked, SECTION_CONNECTION, asked->place->key, &why);
            return;
        }

        int64_t took = clock_now_us() - before;

        asked->place->trip_us = i == 0 || took < asked->place->trip_us ? took : asked->place->trip_us;
    }
    if (asked->place->trip_us > SLOW_TRIP_US) {
        char text[DURATION_TEXT];

        finding_add(diagnosing->findings, FINDING_SLOW, asked->place->address,
                    duration_human(asked->place->trip_us / 1000, text), NULL);
    }
}

/* What takes default_transaction_read_only back where it was set. It may concern the session that does so as well;
 * ALTER SYSTEM may be read-only. */
static const char *writable_command(struct diagnosing *diagnosing, struct asked *asked)
{
    static const char off[] = "SET default_transaction_read_only = off";
    struct arena *arena = diagnosing->arena;
    const struct statement statement = {
        .sql = "SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'"
    };
    PGresult *result = diagnose_ask(diagnosing, asked, SECTION_CONNECTION, "what makes it read-only", &statement);
    const char *source = result && PQntuples(result) ? diagnose_value(diagnosing, result, 0, 0) : "";
    const char *database = sql_name(asked->place->database, arena), *role = sql_name(asked->place->user, arena);
    const char *const places[][2] = {
        { "database", arena_printf(arena, "ALTER DATABASE %s", database) },
        { "user", arena_printf(arena, "ALTER ROLE %s", role) },
        { "database user", arena_printf(arena, "ALTER ROLE %s IN DATABASE %s", role, database) },
        { "global", "ALTER ROLE ALL" },
    };
    const char *command = NULL;

    PQclear(result);
    if (strcmp(source, "client") == 0) {
        return "# take default_transaction_read_only out of the URL's options, or of PGOPTIONS";
    }
    if (strcmp(source, "command line") == 0) {
        return "# take default_transaction_read_only off the server's command line";
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(source, places[i][0]) == 0) {
            const char *sql = arena_printf(arena, "SET TRANSACTION READ WRITE; %s %s", places[i][1], off);

            command = psql_command(&asked->psql, "postgres", "postgres", sql, arena);
        }
    }
    return command ? command
                   : arena_printf(arena, "%s\n%s",
                                  psql_command(&asked->psql, "postgres", "postgres",
                                               arena_printf(arena, "ALTER SYSTEM %s", off), arena),
                                  psql_command(&asked->psql, "postgres", "postgres", "SELECT pg_reload_conf()", arena));
}

/* False if it may be written to, or need not. */
static bool judge_read_only(struct diagnosing *diagnosing, struct asked *asked)
{
    const struct diagnosed_place *place = asked->place;

    if (!place->read_only || diagnosing->request->config->wait.target != TARGET_READ_WRITE) {
        return false;
    }
    if (place->standby) {
        finding_add(diagnosing->findings, FINDING_STANDBY, place->address,
                    "it is a standby, and wait.target is read-write",
                    psql_command(&asked->psql, NULL, NULL, "SELECT sender_host, sender_port FROM pg_stat_wal_receiver",
                                 diagnosing->arena));
    } else {
        finding_add(diagnosing->findings, FINDING_READ_ONLY, place->address, "default_transaction_read_only is on",
                    writable_command(diagnosing, asked));
    }
    diagnose_code(diagnosing->findings, "25006", place->key, NULL);
    return true;
}

/* What the URL's target_session_attrs does not take. */
static void tell_session(struct diagnosing *diagnosing, const struct asked *asked)
{
    static const char sql[] = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')";

    finding_add(diagnosing->findings, FINDING_SESSION_REFUSED, asked->place->address, asked->refused,
                psql_command(&asked->psql, NULL, NULL, sql, diagnosing->arena));
}

static void look_at_tls(struct diagnosing *diagnosing, struct asked *asked)
{
    struct diagnosed_place *place = asked->place;
    const char *version, *cipher;

    place->tls = PQsslInUse(asked->connection) == 1;
    if (!place->tls) {
        return;
    }
    version = PQsslAttribute(asked->connection, "protocol");
    cipher = PQsslAttribute(asked->connection, "cipher");
    place->tls_version = version ? arena_strdup(diagnosing->arena, version) : NULL;
    place->tls_cipher = cipher ? arena_strdup(diagnosing->arena, cipher) : NULL;
}

static void ask_facts(struct diagnosing *diagnosing, struct asked *asked)
{
    const struct statement facts = {
        .sql = "SELECT current_database(), current_user, current_setting('server_version'), pg_is_in_recovery(),"
               " current_setting('default_transaction_read_only') = 'on' OR pg_is_in_recovery(), pg_backend_pid()",
    };
    struct diagnosed_place *place = asked->place;
    PGresult *result = diagnose_ask(diagnosing, asked, SECTION_CONNECTION, "server version", &facts);

    if (!result) {
        return;
    }

    const char *version = PQgetvalue(result, 0, 2);

    place->database = diagnose_value(diagnosing, result, 0, 0);
    place->user = diagnose_value(diagnosing, result, 0, 1);
    place->server_version = arena_strndup(diagnosing->arena, version, strcspn(version, " "));
    place->standby = result_is_true(result, 0, 3);
    place->read_only = result_is_true(result, 0, 4);
    place->pooled = diagnose_number(result, 0, 5) != PQbackendPID(asked->connection);
    PQclear(result);
}

static void look_at_connection(struct diagnosing *diagnosing, struct asked *asked)
{
    struct arena *arena = diagnosing->arena;
    struct diagnosed_place *place = asked->place;

    place->connected = true;
    place->address =
        host_label(PQhost(asked->connection), PQport(asked->connection), PQhostaddr(asked->connection), arena);
    asked->psql.host = arena_strdup(arena, PQhost(asked->connection));
    asked->psql.port = arena_strdup(arena, PQport(asked->connection));
    asked->psql.database = arena_strdup(arena, PQdb(asked->connection));
    asked->psql.user = arena_strdup(arena, PQuser(asked->connection));
    look_at_tls(diagnosing, asked);
    ask_facts(diagnosing, asked);
    if (asked->connection) {
        measure(diagnosing, asked);
    }
    if (!judge_read_only(diagnosing, asked) && asked->refused) {
        tell_session(diagnosing, asked);
    }
}

void diagnose_place(struct diagnosing *diagnosing, struct asked *asked, struct diagnosed_place *place, bool direct)
{
    struct server_addresses addresses;
    struct database_error why = { 0 };
    duration limit = config_attempt(diagnosing->request->config);
    struct deadline deadline = deadline_in(limit, -1);

    asked->place = place;
    diagnosing->deadline = deadline_in(DIAGNOSE_ALL, -1);
    if (!find_destination(diagnosing, asked, direct)) {
        return;
    }
    resolve_destination(&asked->destination, &addresses, &deadline, diagnosing->arena);
    resolve_keep(&asked->destination, &addresses, diagnosing->arena);
    look_at_addresses(diagnosing, place, &addresses, &deadline);
    if (addresses.count == 0) {
        database_error_probed(&why, &addresses, diagnosing->arena);
    } else {
        int64_t before = clock_now_us();

        asked->connection = open_any(asked, &deadline, diagnosing->arena, &why);
        place->connect_us = clock_now_us() - before;
    }
    if (!asked->connection) {
        place->error = why.message;
        place->sqlstate = why.sqlstate[0] ? arena_strdup(diagnosing->arena, why.sqlstate) : NULL;
        diagnose_refusal(diagnosing, asked, &addresses, &why);
        return;
    }
    look_at_connection(diagnosing, asked);
}
