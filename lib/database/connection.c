#include "database/connection.h"

#include "base/mask.h"
#include "database/resolve.h"
#include "database/sqlstate.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

void *database_error_set(struct database_error *why, enum failure failure, const char *sqlstate, const char *message,
                         const char *hint, struct arena *arena)
{
    char *masked = mask_copy(arena, message);

    for (char *c = masked; *c; c++) {
        *c = *c == '\n' || *c == '\r' || *c == '\t' ? ' ' : *c;
    }
    *why = (struct database_error){ .failure = failure,
                                    .message = mask_visible(arena, masked, MESSAGE_MAX),
                                    .hint = hint };
    if (sqlstate && strlen(sqlstate) == SQLSTATE_LENGTH) {
        memcpy(why->sqlstate, sqlstate, SQLSTATE_LENGTH + 1);
    }
    return NULL;
}

void *database_error_probed(struct database_error *why, const struct server_addresses *addresses, struct arena *arena)
{
    const char *message;
    enum failure failure = probe_failure(addresses, &message, arena);

    return database_error_set(why, failure, NULL, message, probe_hint(addresses, failure), arena);
}

/* ---- opening ---- */

/* What libpq said, line for line: one for each address it tried. */
struct verdict {
    enum failure failure; /* FAILURES: no line is known */
    char sqlstate[SQLSTATE_LENGTH + 1];
    const char *line;
    const char *fix;
};

/* Where the SQLSTATE stands in a line of PQERRORS_VERBOSE, "FATAL:  28P01: password …", or NULL. */
static const char *sqlstate_in(const char *line)
{
    static const char known[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (const char *at = strstr(line, ":  "); at; at = strstr(at + 1, ":  ")) {
        if (strspn(at + 3, known) == SQLSTATE_LENGTH && strncmp(at + 3 + SQLSTATE_LENGTH, ": ", 2) == 0) {
            return at + 3;
        }
    }
    return NULL;
}

/* libpq names the address that it was handed; people know the name: "db:5432 (10.0.0.5): …". */
static const char *with_name(const char *line, const struct server_addresses *addresses, struct arena *arena)
{
    static const char ending[] = " failed: ";
    const char *rest = strncmp(line, "connection to server ", 21) == 0 ? strstr(line, ending) : NULL;

    for (size_t i = 0; rest && i < addresses->count; i++) {
        const struct server_address *address = &addresses->items[i];
        const char *numeric = address->numeric ? address->numeric : ""; /* of a socket, which libpq names as we do */
        const char *place = arena_printf(arena, "at \"%s\", port %s%s", numeric, address->port, ending);

        if (strncmp(line + 21, place, strlen(place)) == 0) {
            return arena_printf(arena, "%s: %s", address_label(address, arena), rest + strlen(ending));
        }
    }
    return line;
}

static void judge_line(struct verdict *verdict, const char *line, struct arena *arena)
{
    const char *state = sqlstate_in(line);
    struct verdict this = { .failure = FAILURES, .line = line };

    if (state) {
        memcpy(this.sqlstate, state, SQLSTATE_LENGTH);

        const struct known_error *row = known_error_of(this.sqlstate, line);

        this.failure = row ? row->failure : FAILURE_NOT_READY;
        this.fix = row ? row->fix : NULL;
        this.line = arena_printf(arena, "%.*s %s (SQLSTATE %s)", (int)(state - 2 - line), line,
                                 state + SQLSTATE_LENGTH + 2, this.sqlstate);
    } else {
        client_error_failure(line, &this.failure, &this.fix);
    }
    /* The table's order: of several addresses the most hopeful one decides. */
    if (!verdict->line || this.failure < verdict->failure) {
        *verdict = this;
    }
}

static struct verdict judge(const char *said, const struct server_addresses *addresses, struct arena *arena)
{
    static const char *const asides[] = { "LOCATION:", "DETAIL:", "HINT:", "CONTEXT:", "\t" };
    struct verdict verdict = { .failure = FAILURES };

    for (; *said; said += strcspn(said, "\n"), said += *said == '\n') {
        const char *line = arena_strndup(arena, said, strcspn(said, "\n"));
        bool aside = *line == '\0';

        for (size_t i = 0; i < sizeof asides / sizeof *asides; i++) {
            aside |= strncmp(line, asides[i], strlen(asides[i])) == 0;
        }
        if (!aside) {
            judge_line(&verdict, with_name(line, addresses, arena), arena);
        }
    }
    return verdict;
}

/* libpq gets what answered, in the configured order, so that it looks up no name and tries nothing that is dead. */
static void hand_over(struct conninfo *info, const struct server_addresses *addresses, struct arena *arena)
{
    const char *hosts = "";
    const char *numeric = "";
    const char *ports = "";
    bool first = true;

    for (size_t i = 0; i < addresses->count; i++) {
        const struct server_address *address = &addresses->items[i];
        const char *comma = first ? "" : ",";

        if (address->error == 0) {
            hosts = arena_printf(arena, "%s%s%s", hosts, comma, address->host);
            numeric = arena_printf(arena, "%s%s%s", numeric, comma, address->numeric ? address->numeric : "");
            ports = arena_printf(arena, "%s%s%s", ports, comma, address->port);
            first = false;
        }
    }
    conninfo_set(info, "host", hosts, arena);
    conninfo_set(info, "hostaddr", numeric, arena);
    conninfo_set(info, "port", ports, arena);
}

/* False when the deadline passed. */
static bool poll_connection(PGconn *connection, const struct deadline *deadline)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (!wait_descriptor(PQsocket(connection), events, deadline)) {
            return false;
        }
        status = PQconnectPoll(connection);
    }
    return true;
}

static void no_notice(void *nothing, const PGresult *notice)
{
    (void)nothing;
    (void)notice;
}

/* Why a connection that libpq gave up did not come about. */
static PGconn *explain(PGconn *connection, struct server_addresses *addresses, const struct deadline *deadline,
                       struct arena *arena, struct database_error *why)
{
    struct verdict verdict = judge(PQerrorMessage(connection), addresses, arena);
    const char *message = verdict.line ? verdict.line : "libpq gives no reason";

    PQfinish(connection);
    if (verdict.failure == FAILURES) {
        const char *probed;

        verdict.failure = FAILURE_NOT_READY; /* something answers, but does not go on */
        if (probe_addresses(addresses, deadline) == 0) {
            verdict.failure = probe_failure(addresses, &probed, arena);
            verdict.fix = probe_hint(addresses, verdict.failure);
            message = probed;
        }
    }
    return database_error_set(why, verdict.failure, verdict.sqlstate, message, verdict.fix, arena);
}

static size_t count_answering(const struct server_addresses *addresses)
{
    size_t count = 0;

    for (size_t i = 0; i < addresses->count; i++) {
        count += addresses->items[i].error == 0;
    }
    return count;
}

/* The address that libpq was waiting for: it is not tried again. */
static const struct server_address *give_up_current(PGconn *connection, struct server_addresses *addresses)
{
    const char *numeric = PQhostaddr(connection);
    struct server_address *current = &addresses->items[0];

    for (size_t i = 0; i < addresses->count; i++) {
        struct server_address *address = &addresses->items[i];
        const char *name = address->numeric ? numeric : PQhost(connection);

        if (address->error == 0 && strcmp(name, address->numeric ? address->numeric : address->host) == 0 &&
            strcmp(PQport(connection), address->port) == 0) {
            current = address;
            break;
        }
    }
    current->error = ETIMEDOUT;
    return current;
}

/* A server that takes connections and then says nothing (it is frozen, or a proxy stands before nobody) would keep
 * libpq from those behind it: each has its share of the time, and one that lets it pass is left out. NULL if none of
 * them answered in time (*silent is one of those), or if there is no memory (*silent is NULL). */
static PGconn *connect_one_of(const struct conninfo *info, struct server_addresses *addresses,
                              const struct deadline *deadline, const struct server_address **silent,
                              struct arena *arena)
{
    *silent = &addresses->items[0];
    for (size_t count = count_answering(addresses); count && !deadline_passed(deadline); count--) {
        struct conninfo handed = conninfo_copy(info, arena);
        struct deadline share = deadline_share(deadline, count);

        hand_over(&handed, addresses, arena);

        PGconn *connection = PQconnectStartParams(handed.keywords, handed.values, 0);

        if (!connection) {
            *silent = NULL;
            return NULL;
        }
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE); /* the only way to the SQLSTATE of a refused connection */
        PQsetNoticeReceiver(connection, no_notice, NULL);
        if (PQstatus(connection) == CONNECTION_BAD || poll_connection(connection, &share)) {
            return connection;
        }
        *silent = give_up_current(connection, addresses);
        PQfinish(connection);
    }
    return NULL;
}

PGconn *destination_open(const struct destination *destination, bool probe, const struct deadline *deadline,
                         struct arena *arena, struct database_error *why)
{
    struct server_addresses addresses;
    const struct server_address *silent;

    resolve_destination(destination, &addresses, deadline, arena);
    if (addresses.count == 0 || ((probe || addresses.count > 1) && probe_addresses(&addresses, deadline) == 0)) {
        return database_error_probed(why, &addresses, arena);
    }

    PGconn *connection = connect_one_of(&destination->info, &addresses, deadline, &silent, arena);

    if (!connection && silent) {
        return database_error_set(
            why, FAILURE_NO_ANSWER, NULL, arena_printf(arena, "%s: no answer in time", address_label(silent, arena)),
            "the server or the pooler hangs, something else listens there, or a firewall is in the way", arena);
    }
    if (!connection) {
        return database_error_set(why, FAILURE_NOT_READY, NULL, "out of memory", NULL, arena);
    }
    if (PQstatus(connection) != CONNECTION_OK) {
        return explain(connection, &addresses, deadline, arena, why);
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    return connection;
}

PGconn *connection_open(const struct config *config, bool direct, duration timeout, struct arena *arena,
                        struct database_error *why)
{
    struct destination destination;
    struct error error = { 0 };
    struct deadline deadline = deadline_in(timeout, -1);

    if (!destination_find(&destination, config, direct, arena, &error)) {
        const char *hint = error.hint[0] ? arena_strdup(arena, error.hint) : NULL;

        return database_error_set(why, FAILURE_CONFIG, NULL, error.message, hint, arena);
    }
    conninfo_set(&destination.info, "application_name", APPLICATION_APPLY, arena);
    return destination_open(&destination, false, &deadline, arena, why);
}
