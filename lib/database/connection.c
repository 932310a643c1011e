#include "database/connection.h"

#include "base/mask.h"
#include "base/text.h"
#include "database/sqlstate.h"

#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 1000 /* bytes of a message, one line in the log */
#define SQLSTATE_LENGTH 5
#define LIBPQ_WITH_SYSTEM_CA 160000 /* sslrootcert=system came with libpq 16 */

void *failed(struct reply_failed *why, enum failure failure, const char *sqlstate, const char *message,
             const char *hint, struct arena *arena)
{
    char *masked = arena_strdup(arena, message);
    char line[MESSAGE_MAX];
    struct text text = text_over(line, sizeof line);

    mask_string(masked);
    for (char *c = masked; *c; c++) {
        *c = *c == '\n' || *c == '\r' || *c == '\t' ? ' ' : *c;
    }
    text_visible(&text, masked, strlen(masked));
    *why = (struct reply_failed){ .failure = failure, .message = arena_strdup(arena, line), .hint = hint };
    if (sqlstate && strlen(sqlstate) == SQLSTATE_LENGTH) {
        memcpy(why->sqlstate, sqlstate, SQLSTATE_LENGTH + 1);
    }
    return NULL;
}

/* ---- where a URL leads ---- */

bool destination_is_shared(const struct config *config)
{
    const char *url = config->database.url;
    const char *direct = config->database.direct_url;

    return !direct || (url && strcmp(url, direct) == 0) || conninfo_is_prisma_proxy(url);
}

/* A value that libpq cannot know. It checks target_session_attrs last, so everything else was checked and filled in
 * from environment, service file and password file when it stumbles over this one, before a socket is opened. */
#define IMPOSSIBLE "pgentry asks only for the settings"

static PGconn *ask_libpq(const struct conninfo *info, struct arena *arena)
{
    struct conninfo asked = conninfo_copy(info, arena);

    conninfo_set(&asked, "target_session_attrs", IMPOSSIBLE, arena);
    conninfo_set(&asked, "client_encoding", "UTF8", arena);
    return PQconnectStartParams(asked.keywords, asked.values, 0);
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val && *options->val ? options->val : NULL;
        }
    }
    return NULL;
}

/* The n-th of a list with commas, or NULL where it is empty or there is none; a list of one serves for all. */
static const char *item_of(const char *list, size_t n, struct arena *arena)
{
    bool one = list && !strchr(list, ',');

    for (size_t i = 0; list && i < n && !one; i++) {
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }

    size_t length = list ? strcspn(list, ",") : 0;

    return length ? arena_strndup(arena, list, length) : NULL;
}

static size_t items_in(const char *list)
{
    size_t count = 1;

    for (; list && *list; list++) {
        count += *list == ',';
    }
    return count;
}

static void take_hosts(struct destination *destination, const PQconninfoOption *options, const char *usual,
                       struct arena *arena)
{
    const char *hosts = option(options, "host");
    const char *numeric = option(options, "hostaddr");
    const char *ports = option(options, "port");

    destination->host_count = items_in(numeric ? numeric : hosts);
    destination->hosts = arena_array(arena, destination->host_count, sizeof *destination->hosts);
    destination->numeric = arena_array(arena, destination->host_count, sizeof *destination->numeric);
    destination->ports = arena_array(arena, destination->host_count, sizeof *destination->ports);
    for (size_t i = 0; i < destination->host_count; i++) {
        const char *host = items_in(hosts) > 1 || destination->host_count == 1 ? item_of(hosts, i, arena) : NULL;
        const char *port = item_of(ports, i, arena);

        destination->numeric[i] =
            items_in(numeric) > 1 || destination->host_count == 1 ? item_of(numeric, i, arena) : NULL;
        destination->hosts[i] = host                      ? host
                                : destination->numeric[i] ? destination->numeric[i]
                                                          : arena_strdup(arena, usual);
        destination->ports[i] = port ? port : "5432";
    }
}

/* ---- certificates ---- */

static bool readable(const char *path)
{
    return path && *path && access(path, R_OK) == 0;
}

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    const struct passwd *user = home && *home ? NULL : getpwuid(geteuid());

    return user ? user->pw_dir : home;
}

/* libpq 15 knows no CA but ~/.postgresql/root.crt: where verification is asked for and none is named, the system's
 * bundle is handed to it, where OpenSSL and the distributions keep it. */
static void choose_root_certificates(struct destination *destination, const PQconninfoOption *options,
                                     struct arena *arena)
{
    const char *mode = option(options, "sslmode");
    const char *given = option(options, "sslrootcert");
    bool system = given && strcmp(given, "system") == 0 && PQlibVersion() < LIBPQ_WITH_SYSTEM_CA;
    const char *home = home_folder();
    const char *bundles[] = { getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt",
                              "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };

    if (system) {
        conninfo_set(&destination->info, "sslmode", "verify-full", arena);
    } else if (given || !mode || strncmp(mode, "verify-", 7) != 0 ||
               (home && access(arena_printf(arena, "%s/.postgresql/root.crt", home), F_OK) == 0)) {
        return;
    }
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        if (readable(bundles[i])) {
            conninfo_set(&destination->info, "sslrootcert", bundles[i], arena);
            return;
        }
    }
}

/* ---- what every connection of ours has ---- */

static void add_settings(struct destination *destination, const struct config *config, const PQconninfoOption *options,
                         struct arena *arena)
{
    static const char *const settings[][2] = {
        { "fallback_application_name", APPLICATION },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "30000" },
    };
    const char *wish = option(options, "target_session_attrs");

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        conninfo_default(&destination->info, settings[i][0], settings[i][1], arena);
    }
    conninfo_set(&destination->info, "client_encoding", "UTF8", arena);
    /* "any" is libpq's default: only where nobody wrote it does wait.target decide. */
    if (config->wait.target == TARGET_READ_WRITE && !conninfo_get(&destination->info, "target_session_attrs") &&
        !getenv("PGTARGETSESSIONATTRS") && (!wish || strcmp(wish, "any") == 0)) {
        conninfo_set(&destination->info, "target_session_attrs", "read-write", arena);
    }
}

/* Each host may have a line of its own in the password file. */
static void mask_passwords(const struct destination *destination, struct arena *arena)
{
    for (size_t i = 0; i < destination->host_count; i++) {
        struct conninfo one = conninfo_copy(&destination->info, arena);

        conninfo_set(&one, "host", destination->hosts[i], arena);
        conninfo_set(&one, "hostaddr", destination->numeric[i] ? destination->numeric[i] : "", arena);
        conninfo_set(&one, "port", destination->ports[i], arena);

        PGconn *asked = ask_libpq(&one, arena);

        if (asked && PQpass(asked)) {
            mask_add(PQpass(asked));
        }
        PQfinish(asked);
    }
}

static bool settle(struct destination *destination, const struct config *config, PGconn *asked, struct arena *arena,
                   struct error *error)
{
    const char *said = asked ? PQerrorMessage(asked) : "out of memory";

    if (!strstr(said, IMPOSSIBLE)) {
        char *line = arena_strndup(arena, said, strcspn(said, "\n"));

        mask_string(line);
        return error_set(error, STATUS_CONFIG, "%s: %s", destination->key, line);
    }

    PQconninfoOption *options = PQconninfo(asked);
    PQconninfoOption *defaults = PQconndefaults();

    take_hosts(destination, options, PQhost(asked) ? PQhost(asked) : "localhost", arena);
    choose_root_certificates(destination, options, arena);
    add_settings(destination, config, defaults, arena);
    PQconninfoFree(options);
    PQconninfoFree(defaults);
    mask_passwords(destination, arena);
    return true;
}

bool destination_find(struct destination *destination, const struct config *config, bool direct, struct arena *arena,
                      struct error *error)
{
    const char *url = config->database.url;
    struct error why = { 0 };

    *destination = (struct destination){ .key = "database.url" };
    if (config->database.direct_url && (direct || conninfo_is_prisma_proxy(url))) {
        url = config->database.direct_url;
        destination->key = "database.direct_url";
    }
    if (!conninfo_parse(&destination->info, url, arena, &why)) {
        error_set(error, why.status, "%s: %s", destination->key, why.message);
        return why.hint[0] ? error_hint(error, "%s", why.hint) : false;
    }
    if (direct) { /* sessions with the lock are to be recognised, whatever the URL calls the application */
        conninfo_set(&destination->info, "application_name", APPLICATION, arena);
    }

    PGconn *asked = ask_libpq(&destination->info, arena);
    bool fine = settle(destination, config, asked, arena, error);

    PQfinish(asked);
    return fine;
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
static const char *with_name(const char *line, const struct addresses *addresses, struct arena *arena)
{
    static const char ending[] = " failed: ";
    const char *rest = strncmp(line, "connection to server ", 21) == 0 ? strstr(line, ending) : NULL;

    for (size_t i = 0; rest && i < addresses->count; i++) {
        const struct address *address = &addresses->items[i];
        const char *place = arena_printf(arena, "at \"%s\", port %s", address->numeric, address->port);

        if (address->numeric && strncmp(line + 21, place, strlen(place)) == 0) {
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

        const struct known_error *row = known_error_find(this.sqlstate);

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

static struct verdict judge(const char *said, const struct addresses *addresses, struct arena *arena)
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

static void find_addresses(const struct destination *destination, struct addresses *addresses, struct arena *arena)
{
    *addresses = (struct addresses){ 0 };
    for (size_t i = 0; i < destination->host_count; i++) {
        addresses_of_host(addresses, destination->hosts[i], destination->numeric[i], destination->ports[i], arena);
    }
}

/* libpq gets what answered, in the configured order, so that it looks up no name and tries nothing that is dead. */
static void hand_over(struct conninfo *info, const struct addresses *addresses, struct arena *arena)
{
    const char *hosts = "";
    const char *numeric = "";
    const char *ports = "";
    bool first = true;

    for (size_t i = 0; i < addresses->count; i++) {
        const struct address *address = &addresses->items[i];
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
static PGconn *explain(PGconn *connection, struct addresses *addresses, const struct deadline *deadline,
                       struct arena *arena, struct reply_failed *why)
{
    struct verdict verdict = judge(PQerrorMessage(connection), addresses, arena);
    const char *message = verdict.line ? verdict.line : "libpq gives no reason";

    PQfinish(connection);
    if (verdict.failure == FAILURES) {
        const char *probed;

        verdict.failure = FAILURE_NOT_READY; /* something answers, but does not go on */
        if (probe_addresses(addresses, deadline) == 0) {
            verdict.failure = probe_failure(addresses, &probed, arena);
            message = probed;
        }
    }
    return failed(why, verdict.failure, verdict.sqlstate, message, verdict.fix, arena);
}

PGconn *destination_open(const struct destination *destination, bool probe, const struct deadline *deadline,
                         struct arena *arena, struct reply_failed *why)
{
    struct addresses addresses;
    struct conninfo info = conninfo_copy(&destination->info, arena);
    const char *message;

    find_addresses(destination, &addresses, arena);
    if (addresses.count == 0 || ((probe || addresses.count > 1) && probe_addresses(&addresses, deadline) == 0)) {
        enum failure failure = probe_failure(&addresses, &message, arena);

        return failed(why, failure, NULL, message, NULL, arena);
    }
    hand_over(&info, &addresses, arena);

    PGconn *connection = PQconnectStartParams(info.keywords, info.values, 0);

    if (!connection) {
        return failed(why, FAILURE_NOT_READY, NULL, "out of memory", NULL, arena);
    }
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE); /* the only way to the SQLSTATE of a refused connection */
    PQsetNoticeReceiver(connection, no_notice, NULL);
    if (PQstatus(connection) != CONNECTION_BAD && !poll_connection(connection, deadline)) {
        PQfinish(connection);
        message = arena_printf(arena, "%s: no answer in time", address_label(&addresses.items[0], arena));
        return failed(why, FAILURE_NO_ANSWER, NULL, message, NULL, arena);
    }
    if (PQstatus(connection) != CONNECTION_OK) {
        return explain(connection, &addresses, deadline, arena, why);
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    return connection;
}

PGconn *connection_open(const struct config *config, bool direct, duration timeout, struct arena *arena,
                        struct reply_failed *why)
{
    struct destination destination;
    struct error error = { 0 };
    struct deadline deadline = deadline_in(timeout, -1);

    if (!destination_find(&destination, config, direct, arena, &error)) {
        const char *hint = error.hint[0] ? arena_strdup(arena, error.hint) : NULL;

        return failed(why, FAILURE_CONFIG, NULL, error.message, hint, arena);
    }
    conninfo_set(&destination.info, "application_name", APPLICATION_APPLY, arena);
    return destination_open(&destination, false, &deadline, arena, why);
}
