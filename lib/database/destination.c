#include "database/destination.h"

#include "base/mask.h"
#include "base/port.h"
#include "config/secret.h"

#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBPQ_WITH_SYSTEM_CA 160000 /* sslrootcert=system came with libpq 16 */
#define NO_FILE "/dev/null/none"    /* nothing can be there */

bool destination_is_shared(const struct config *config)
{
    const char *url = config->database.url;
    const char *direct = config->database.direct_url;

    return !direct || (url && strcmp(url, direct) == 0) || conninfo_is_prisma_proxy(url);
}

/* A value that libpq cannot know. It checks target_session_attrs last, so everything else was checked and filled in
 * from environment, service file and password file when it stumbles over this one, before a socket is opened. */
#define IMPOSSIBLE "pgentry asks only for the settings"

static PGconn *ask_libpq(const struct conninfo *info, const char *impossible, struct arena *arena)
{
    struct conninfo asked = conninfo_copy(info, arena);

    conninfo_set(&asked, impossible, IMPOSSIBLE, arena);
    conninfo_set(&asked, "client_encoding", "UTF8", arena);

    static const char no_memory[] = "out of memory"; /* libpq's words */
    PGconn *answer = PQconnectStartParams(asked.keywords, asked.values, 0);

    if (!answer || strncmp(PQerrorMessage(answer), no_memory, sizeof no_memory - 1) == 0) {
        out_of_memory(); /* it is no fault of the URL's */
    }
    return answer;
}

static PQconninfoOption *answered(PGconn *asked)
{
    PQconninfoOption *options = PQconninfo(asked);

    if (!options) {
        out_of_memory();
    }
    return options;
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

/* The one setting that the question about all others does not tell, from wherever libpq takes it. */
static const char *wished_target(const struct conninfo *info, struct arena *arena)
{
    PGconn *asked = ask_libpq(info, "sslmode", arena);
    PQconninfoOption *options = answered(asked);
    const char *target = option(options, "target_session_attrs");

    target = target ? arena_strdup(arena, target) : NULL;
    PQconninfoFree(options);
    PQfinish(asked);
    return target;
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
        const char *host = item_of(hosts, i, arena);
        const char *port = item_of(ports, i, arena);

        destination->numeric[i] = item_of(numeric, i, arena);
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

/* libpq takes one in a home folder that it may not enter for an error, not for absent (fe-secure-openssl.c,
 * initialize_SSL): HOME is /root in many a container that runs as somebody else. */
static void leave_out_certificate(struct destination *destination, const PQconninfoOption *options, struct arena *arena)
{
    const char *home = home_folder();
    struct stat file;

    if (!option(options, "sslcert") && home &&
        stat(arena_printf(arena, "%s/.postgresql/postgresql.crt", home), &file) != 0 && errno == EACCES) {
        conninfo_set(&destination->info, "sslcert", NO_FILE, arena);
    }
}

/* ---- the password file ---- */

/* libpq leaves out one that others may read (manual, "The Password File") and says so on standard error, past the log,
 * at every connection that looks for a password in it. So it is not handed to libpq. */
static void leave_out_passfile(struct destination *destination, struct arena *arena)
{
    const char *given = conninfo_get(&destination->info, "passfile");
    const char *named = given && *given ? given : getenv("PGPASSFILE");
    const char *home = home_folder();
    const char *path = named && *named ? arena_strdup(arena, named)
                       : home          ? arena_printf(arena, "%s/.pgpass", home)
                                       : NULL;
    bool needed = !conninfo_get(&destination->info, "password") && !getenv("PGPASSWORD");
    struct stat file;

    if (needed && path && stat(path, &file) == 0 && (!S_ISREG(file.st_mode) || (file.st_mode & (S_IRWXG | S_IRWXO)))) {
        destination->unused_passfile = path;
        conninfo_set(&destination->info, "passfile", NO_FILE, arena);
    }
}

/* ---- what every connection of ours has ---- */

static void add_settings(struct destination *destination, const struct config *config, const char *target,
                         struct arena *arena)
{
    static const char *const settings[][2] = {
        { "fallback_application_name", APPLICATION },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "30000" },
    };

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        conninfo_default(&destination->info, settings[i][0], settings[i][1], arena);
    }
    conninfo_set(&destination->info, "client_encoding", "UTF8", arena);
    /* "any" is libpq's default: only where nobody wrote it does wait.target decide. */
    if (config->wait.target == TARGET_READ_WRITE && !conninfo_get(&destination->info, "target_session_attrs") &&
        !getenv("PGTARGETSESSIONATTRS") && (!target || strcmp(target, "any") == 0)) {
        conninfo_set(&destination->info, "target_session_attrs", "read-write", arena);
    }
}

/* The file's, of whichever host, and that of a service. */
static void mask_passwords(const char *passfile, PGconn *asked)
{
    if (passfile) {
        secret_of_passfile(passfile);
    }
    if (PQpass(asked)) {
        mask_add(PQpass(asked));
    }
}

/* ---- what libpq would find wrong only once it connects ---- */

/* As libpq reads one: blanks around it do not count. */
static bool is_integer(const char *text, long least, long most)
{
    char *end;
    long number = strtol(text, &end, 10);

    return end != text && end[strspn(end, " \t\r\n\f\v")] == '\0' && number >= least && number <= most;
}

static bool is_target(const char *text)
{
    static const char *const targets[] = { "any", "read-write", "read-only", "primary", "standby", "prefer-standby" };

    return STRINGS_AMONG(text, targets);
}

/* NULL, or what is wrong. */
static const char *ports_problem(const PQconninfoOption *options, struct arena *arena)
{
    const char *ports = option(options, "port");

    for (size_t i = 0; i < items_in(ports); i++) {
        const char *port = item_of(ports, i, arena);

        if (port && !is_integer(port, 1, PORT_MAX)) {
            return arena_printf(arena, "port \"%s\" is not a number between 1 and %d", port, PORT_MAX);
        }
    }
    return NULL;
}

static const char *integers_problem(const PQconninfoOption *options, struct arena *arena)
{
    static const char *const keywords[] = { "connect_timeout",     "keepalives",       "keepalives_idle",
                                            "keepalives_interval", "keepalives_count", "tcp_user_timeout" };

    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        const char *value = option(options, keywords[i]);

        if (value && !is_integer(value, INT_MIN, INT_MAX)) {
            return arena_printf(arena, "%s \"%s\" is not a whole number", keywords[i], value);
        }
    }
    return NULL;
}

static const char *target_problem(const struct conninfo *info, const char *wished, struct arena *arena)
{
    const char *given = conninfo_get(info, "target_session_attrs");
    const char *target = given ? given : wished;

    return !target || is_target(target)
               ? NULL
               : arena_printf(arena,
                              "target_session_attrs \"%s\" is none of any, read-write, read-only, primary, standby, "
                              "prefer-standby",
                              target);
}

static bool check_values(const struct destination *destination, const PQconninfoOption *options, const char *target,
                         struct arena *arena, struct error *error)
{
    const char *problem = ports_problem(options, arena);

    problem = problem ? problem : integers_problem(options, arena);
    problem = problem ? problem : target_problem(&destination->info, target, arena);
    return !problem || error_set(error, STATUS_CONFIG, "%s: %s", destination->key, mask_copy(arena, problem));
}

/* What libpq calls invalid without saying what is valid. */
static const char *valid_values(const char *said)
{
    static const char *const values[][2] = {
        { "invalid sslmode value", "disable, allow, prefer, require, verify-ca and verify-full are valid" },
        { "invalid channel_binding value", "disable, prefer and require are valid" },
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strncmp(said, values[i][0], strlen(values[i][0])) == 0) {
            return values[i][1];
        }
    }
    return NULL;
}

/* ---- all together ---- */

static bool settle(struct destination *destination, const struct config *config, PGconn *asked, struct arena *arena,
                   struct error *error)
{
    const char *said = PQerrorMessage(asked);

    if (!strstr(said, IMPOSSIBLE)) {
        char *line = mask_copy(arena, said);
        const char *valid = valid_values(said);

        line[strcspn(line, "\n")] = '\0';
        error_set(error, STATUS_CONFIG, "%s: %s", destination->key, line);
        return valid ? error_hint(error, "%s", valid) : false;
    }

    PQconninfoOption *options = answered(asked);
    const char *target = wished_target(&destination->info, arena);
    bool fine = check_values(destination, options, target, arena, error);

    take_hosts(destination, options, PQhost(asked), arena);
    choose_root_certificates(destination, options, arena);
    leave_out_certificate(destination, options, arena);
    add_settings(destination, config, target, arena);
    mask_passwords(destination->unused_passfile ? destination->unused_passfile : option(options, "passfile"), asked);
    PQconninfoFree(options);
    return fine;
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
        return error_hint(error, "%s", why.hint);
    }
    if (direct) { /* sessions with the lock are to be recognised, whatever the URL calls the application */
        conninfo_set(&destination->info, "application_name", APPLICATION, arena);
    }

    leave_out_passfile(destination, arena);

    PGconn *asked = ask_libpq(&destination->info, "target_session_attrs", arena);
    bool fine = settle(destination, config, asked, arena, error);

    PQfinish(asked);
    return fine;
}
