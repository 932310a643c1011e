#include "database/dialect.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

static void set(struct dialect_reading *reading, const char *keyword, const char *value)
{
    conninfo_set(reading->info, keyword, value, reading->arena);
}

/* Without a value it may be what an unencoded '&' cut off a password: then it is not named. */
#define NAMELESS "one without a value"

static void drop(struct dialect_reading *reading, const char *name)
{
    if (!strings_contain(&reading->info->notes, name)) {
        strings_add(reading->arena, &reading->info->notes, name);
    }
}

static void set_application_name(struct dialect_reading *reading, const char *value)
{
    set(reading, "application_name", value);
}

static void set_keepalives(struct dialect_reading *reading, const char *value)
{
    set(reading, "keepalives", strcmp(value, "false") == 0 ? "0" : "1");
}

static void set_target(struct dialect_reading *reading, const char *value)
{
    static const char *const targets[][2] = {
        { "any", "any" },           { "primary", "primary" },
        { "master", "primary" },    { "secondary", "standby" },
        { "slave", "standby" },     { "preferSecondary", "prefer-standby" },
        { "preferPrimary", "any" }, { "preferSlave", "prefer-standby" },
    };

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        if (strcmp(value, targets[i][0]) == 0) {
            set(reading, "target_session_attrs", targets[i][1]);
            return;
        }
    }
    drop(reading, "targetServerType");
}

/* SQLAlchemy gives several hosts as host=a:1&host=b:2: to libpq that is host=a,b port=1,2. */
static void add_host(struct dialect_reading *reading, const char *value)
{
    const char *before = reading->url ? reading->hosts : NULL;
    bool plain = value[0] == '/' || value[0] == '@' || strchr(value, ',');
    const char *colon = plain ? NULL : strchr(value, ':');
    bool port = colon && colon[1] && !colon[1 + strspn(colon + 1, "0123456789")];
    const char *host = port ? arena_strndup(reading->arena, value, (size_t)(colon - value)) : value;

    reading->hosts = before ? arena_printf(reading->arena, "%s,%s", before, host) : host;
    if (port) {
        reading->ports =
            before && reading->ports ? arena_printf(reading->arena, "%s,%s", reading->ports, colon + 1) : colon + 1;
    }
}

#define KEPT(member) offsetof(struct dialect_reading, member)

/* What frameworks call otherwise than libpq, or what libpq does not know and pgentry acts on. */
static const struct {
    const char *name;
    void (*apply)(struct dialect_reading *reading, const char *value);
    size_t kept; /* the member of struct dialect_reading where dialect_finish() finds it; 0, and nothing to apply:
                    passed over */
} parameters[] = {
    { "schema", NULL, 0 }, /* where its tables lie: no matter of the connection, but of `pgentry apply` */
    { "currentSchema", NULL, 0 },
    { "sslmode", NULL, KEPT(sslmode) },
    { "ssl", NULL, KEPT(ssl) },
    { "sslfactory", NULL, KEPT(sslfactory) },
    { "sslaccept", NULL, KEPT(sslaccept) },
    { "sslcert", NULL, KEPT(sslcert) },
    { "host", add_host, 0 },
    { "ApplicationName", set_application_name, 0 },
    { "targetServerType", set_target, 0 },
    { "tcpKeepAlive", set_keepalives, 0 },
};
_Static_assert(KEPT(info) == 0, "0 is no member that is kept");

static void take(struct dialect_reading *reading, size_t which, const char *value)
{
    if (parameters[which].apply) {
        parameters[which].apply(reading, value);
    } else if (parameters[which].kept) {
        *(const char **)(void *)((char *)reading + parameters[which].kept) = value;
    }
}

void dialect_parameter(struct dialect_reading *reading, const char *name, const char *value)
{
    if (!value) {
        drop(reading, NAMELESS);
        return;
    }
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (strcmp(parameters[i].name, name) == 0) {
            take(reading, i, value);
            return;
        }
    }
    for (const PQconninfoOption *option = reading->known; option && option->keyword; option++) {
        if (strcmp(option->keyword, name) == 0) {
            set(reading, name, value);
            return;
        }
    }
    drop(reading, name);
}

/* ---- TLS, in several dialects ---- */

/* What the framework would do, as a value of sslmode; NULL: libpq's default. */
static const char *sslmode_of(struct dialect_reading *reading)
{
    static const char *const yes[] = { "true", "1", "on", "yes" };
    const char *mode = reading->sslmode;
    const char *ssl = reading->ssl;

    if (ssl && STRINGS_AMONG(ssl, yes)) {
        /* The JDBC driver verifies unless told otherwise (its manual, "ssl"). */
        bool lax = !reading->jdbc || (reading->sslfactory && strstr(reading->sslfactory, "NonValidating"));

        ssl = lax ? "require" : "verify-full";
    }
    if (ssl && (strcmp(ssl, "false") == 0 || strcmp(ssl, "0") == 0)) {
        ssl = reading->jdbc ? NULL : "disable"; /* to the JDBC driver it is the default, prefer */
    }
    mode = mode ? mode : ssl;
    if (mode && strcmp(mode, "no-verify") == 0) { /* node-postgres */
        mode = "require";
    }
    if (reading->sslaccept && strcmp(reading->sslaccept, "strict") == 0 && !(mode && strcmp(mode, "disable") == 0)) {
        mode = "verify-full";
    }
    return mode;
}

/* Prisma resolves a relative path from the schema's folder, ./prisma. */
static const char *prisma_path(struct dialect_reading *reading, const char *path)
{
    const char *inside = arena_printf(reading->arena, "prisma/%s", path);

    return path[0] != '/' && access(path, F_OK) != 0 && access(inside, F_OK) == 0 ? inside : path;
}

static void read_tls(struct dialect_reading *reading)
{
    struct conninfo *info = reading->info;
    const char *mode = sslmode_of(reading);
    bool lax = reading->sslaccept && strcmp(reading->sslaccept, "accept_invalid_certs") == 0;

    if (mode) {
        set(reading, "sslmode", mode);
    }
    if (!reading->sslcert) {
        return;
    }
    /* libpq's client certificate comes with a key; Prisma's sslcert is the server's CA and comes alone. */
    if (!reading->url || conninfo_get(info, "sslkey") || conninfo_get(info, "sslrootcert")) {
        set(reading, "sslcert", reading->sslcert);
    } else if (!lax) {
        set(reading, "sslrootcert", prisma_path(reading, reading->sslcert));
    }
}

void dialect_finish(struct dialect_reading *reading)
{
    if (reading->hosts) {
        set(reading, "host", reading->hosts);
    }
    if (reading->ports) {
        set(reading, "port", reading->ports);
    }
    if (reading->jdbc && !conninfo_get(reading->info, "service")) { /* its defaults, not libpq's socket and PGPORT */
        conninfo_default(reading->info, "host", "localhost", reading->arena);
        conninfo_default(reading->info, "port", "5432", reading->arena);
    }
    read_tls(reading);
}
