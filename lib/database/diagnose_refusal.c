#include "database/diagnosing.h"

#include "base/shell.h"

#include <string.h>
#include <sys/socket.h>

/* What a refused connection is as a finding, the first row that fits: by the SQLSTATE, a piece of the message, and the
 * failure's class; and the code under which Prisma tells of the same. */
static const struct refusal {
    const char *sqlstate; /* NULL: any */
    const char *text;     /* NULL: any */
    enum failure failure; /* FAILURES: any */
    enum finding_code code;
    const char *prisma;
} refusals[] = {
    { "28P01", NULL, FAILURES, FINDING_WRONG_PASSWORD, "P1000" },
    { "28000", "no pg_hba.conf entry", FAILURES, FINDING_LOGIN_REFUSED, "P1010" },
    { "28000", "does not exist", FAILURES, FINDING_NO_ROLE, "P1000" },
    { "28000", "not permitted to log in", FAILURES, FINDING_NO_LOGIN, "P1010" },
    { "28000", NULL, FAILURES, FINDING_LOGIN_REFUSED, "P1010" },
    { "28", NULL, FAILURES, FINDING_LOGIN_REFUSED, "P1010" },
    { "3D000", NULL, FAILURES, FINDING_NO_DATABASE, "P1003" },
    { "42501", NULL, FAILURES, FINDING_NO_CONNECT_RIGHT, "P1010" },
    { "53300", NULL, FAILURES, FINDING_TOO_MANY, NULL },
    { "55000", "not currently accepting connections", FAILURES, FINDING_CLOSED_DATABASE, "P1001" },
    { "25006", NULL, FAILURES, FINDING_STANDBY, NULL },
    { NULL, "no password supplied", FAILURES, FINDING_NO_PASSWORD, "P1000" },
    { NULL, "server does not support SSL", FAILURES, FINDING_TLS_REFUSED, "P1011" },
    { NULL, "certificate", FAILURES, FINDING_TLS_MISMATCH, "P1011" },
    { NULL, "does not match host name", FAILURES, FINDING_TLS_MISMATCH, "P1011" },
    { NULL, "SSL error", FAILURES, FINDING_TLS_MISMATCH, "P1011" },
    { NULL, "private key file", FAILURES, FINDING_TLS_MISMATCH, "P1011" },
    { NULL, NULL, FAILURE_NAME, FINDING_NAME_NOT_FOUND, "P1001" },
    { NULL, NULL, FAILURE_NOT_LISTENING, FINDING_NOT_LISTENING, "P1001" },
    { NULL, NULL, FAILURE_NO_ANSWER, FINDING_NO_ANSWER, "P1001" },
    { NULL, NULL, FAILURE_READ_ONLY, FINDING_STANDBY, NULL },
    { NULL, NULL, FAILURE_NOT_READY, FINDING_NOT_READY, "P1001" },
    { NULL, NULL, FAILURES, FINDING_CONNECTION_FAILED, NULL },
};

static bool fits(const struct refusal *row, const struct database_error *why, struct arena *arena)
{
    return (!row->sqlstate || strncmp(row->sqlstate, why->sqlstate, strlen(row->sqlstate)) == 0) &&
           (!row->text || message_says(why->message, row->text, arena)) &&
           (row->failure == FAILURES || row->failure == why->failure);
}

/* The host alone answers with IPv6 addresses, and no packet gets there. */
static bool is_ipv6_only(const struct server_addresses *addresses)
{
    const struct server_address *items = addresses->items; /* NULL: there is none */

    for (size_t i = 0; items && i < addresses->count; i++) {
        if (items[i].bytes.ss_family != AF_INET6) {
            return false;
        }
    }
    return addresses->count > 0;
}

/* pg_hba.conf has lines for TLS alone: the refusal says that ours had none, and the URL forbids it. */
static bool is_tls_required(const struct asked *asked, const char *message, struct arena *arena)
{
    const char *mode = conninfo_get(&asked->destination.info, "sslmode");

    return mode && strcmp(mode, "disable") == 0 &&
           (message_says(message, "no encryption", arena) || message_says(message, "SSL off", arena));
}

static enum finding_code code_of(const struct asked *asked, const struct server_addresses *addresses,
                                 const struct server_address *refusing, const struct database_error *why,
                                 const struct refusal *row, struct arena *arena)
{
    if (row->code == FINDING_LOGIN_REFUSED && is_tls_required(asked, why->message, arena)) {
        return FINDING_TLS_REQUIRED;
    }
    if (row->code == FINDING_NO_ANSWER && refusing && refusing->error == 0) {
        return FINDING_SILENT;
    }
    if (row->code == FINDING_NO_ANSWER && is_ipv6_only(addresses)) {
        return FINDING_IPV6_ONLY;
    }
    return row->code;
}

/* ---- what mends it ---- */

static const char *option(const char *letter, const char *value, struct arena *arena)
{
    return value ? arena_printf(arena, " %s %s", letter, shell_quote(value, arena)) : "";
}

/* Who has the connections. A limit may also be the role's or the database's own. */
static const char *too_many_command(const struct psql *psql, const char *role, const char *message, struct arena *arena)
{
    const char *who = psql_command(psql, "postgres", "postgres", DIAGNOSE_WHO_IS_CONNECTED, arena);
    const char *raise =
        message_says(message, "connections for role", arena)
            ? arena_printf(arena, "ALTER ROLE %s CONNECTION LIMIT -1", role)
        : message_says(message, "connections for database", arena) && psql->database
            ? arena_printf(arena, "ALTER DATABASE %s CONNECTION LIMIT -1", sql_name(psql->database, arena))
            : NULL;

    return raise ? arena_printf(arena, "%s\n# or take away the limit that is its own:\n%s", who,
                                shell_comment(psql_command(psql, "postgres", "postgres", raise, arena), arena))
                 : who;
}

/* What a superuser runs; NULL: that does not mend it, or not alone. */
static const char *superuser_sql(enum finding_code code, const struct psql *psql, const char *role, struct arena *arena)
{
    const char *database = sql_name(psql->database ? psql->database : psql->user ? psql->user : "", arena);

    switch (code) {
    case FINDING_WRONG_PASSWORD: /* psql asks for it, so that it stands in no history */
        return arena_printf(arena, "\\password %s", psql->user ? role : "");
    case FINDING_NO_DATABASE:
        return arena_printf(arena, "CREATE DATABASE %s OWNER %s", database, role);
    case FINDING_NO_CONNECT_RIGHT:
        return arena_printf(arena, "GRANT CONNECT ON DATABASE %s TO %s", database, role);
    case FINDING_LOGIN_REFUSED:
        return "SELECT setting FROM pg_settings WHERE name = 'hba_file'; TABLE pg_hba_file_rules";
    case FINDING_NO_LOGIN:
        return arena_printf(arena, "ALTER ROLE %s LOGIN", role);
    case FINDING_CLOSED_DATABASE:
        return arena_printf(arena, "ALTER DATABASE %s ALLOW_CONNECTIONS true", database);
    default:
        return NULL;
    }
}

/* What is known of it, and the attempt itself. */
static const char *attempt_command(const struct asked *asked, const char *hint, struct arena *arena)
{
    struct psql same = asked->psql;

    same.channel_binding = conninfo_get(&asked->destination.info, "channel_binding");
    same.options = conninfo_get(&asked->destination.info, "options");

    const char *command = psql_command(&same, NULL, NULL, "SELECT 1", arena);

    return hint ? arena_printf(arena, "%s\n%s", shell_comment(hint, arena), command) : command;
}

static const char *command_for(struct diagnosing *diagnosing, const struct asked *asked, enum finding_code code,
                               const struct database_error *why)
{
    struct arena *arena = diagnosing->arena;
    const struct psql *psql = &asked->psql;
    const char *role = sql_role(psql->user, arena), *sql = superuser_sql(code, psql, role, arena);
    struct psql other = *psql;

    switch (code) {
    case FINDING_TLS_REQUIRED:
        other.sslmode = "require";
        return psql_command(&other, NULL, NULL, "SELECT 1", arena);
    case FINDING_NOT_LISTENING:
        return arena_printf(arena, "pg_isready%s%s", option("-h", psql->host, arena), option("-p", psql->port, arena));
    case FINDING_NOT_READY:
    case FINDING_SILENT:
        return diagnose_ours(diagnosing, "wait");
    case FINDING_NO_ANSWER:
        return arena_printf(arena, "timeout 5 bash -c %s && echo it answers",
                            shell_quote(arena_printf(arena, "</dev/tcp/%s/%s", psql->host, psql->port), arena));
    case FINDING_TLS_MISMATCH:
        return arena_printf(arena,
                            "openssl s_client -starttls postgres -connect %s </dev/null | openssl x509 -noout -subject "
                            "-issuer -ext subjectAltName",
                            shell_quote(host_label(psql->host, psql->port, NULL, arena), arena));
    case FINDING_NO_ROLE:
        return arena_printf(
            arena, "%s\n%s",
            psql_command(psql, "postgres", "postgres", arena_printf(arena, "CREATE ROLE %s LOGIN", role), arena),
            psql_command(psql, "postgres", "postgres", arena_printf(arena, "\\password %s", role), arena));
    case FINDING_TLS_REFUSED: /* what the URL asks for is refused to whoever mends it as well */
        other.sslmode = other.sslrootcert = NULL;
        return arena_printf(arena, "# with server.crt and server.key in the server's data directory:\n%s\n%s",
                            psql_command(&other, "postgres", "postgres", "ALTER SYSTEM SET ssl = on", arena),
                            psql_command(&other, "postgres", "postgres", "SELECT pg_reload_conf()", arena));
    case FINDING_TOO_MANY:
        return too_many_command(psql, role, why->message, arena);
    case FINDING_CONNECTION_FAILED:
        return attempt_command(asked, why->hint, arena);
    default:
        return sql ? psql_command(psql, "postgres", "postgres", sql, arena)
                   : psql_command(psql, NULL, NULL, "SELECT 1", arena);
    }
}

/* Of several hosts the one that the message is about; NULL: about none. */
static const struct server_address *find_refusing(const struct server_addresses *addresses, const char *message,
                                                  struct arena *arena)
{
    for (size_t i = 0; i < addresses->count; i++) {
        const struct server_address *address = &addresses->items[i];
        const char *label = arena_printf(arena, "%s: ", address_label(address, arena));

        if (strncmp(message, label, strlen(label)) == 0) {
            return address;
        }
    }
    return NULL;
}

static bool uses_prisma(const struct config *config)
{
    return config->migrate.history == HISTORY_PRISMA || steps_find(&config->migrate.steps, STEP_DB_PUSH);
}

void diagnose_refusal(struct diagnosing *diagnosing, struct asked *asked, const struct server_addresses *addresses,
                      const struct database_error *why)
{
    const struct diagnosed_place *place = asked->place;
    const struct refusal *row = refusals;
    const struct server_address *refusing = find_refusing(addresses, why->message, diagnosing->arena);
    const char *object;

    if (refusing) {
        asked->psql.host = refusing->host;
        asked->psql.port = refusing->port;
    }
    while (!fits(row, why, diagnosing->arena)) {
        row++;
    }

    enum finding_code code = code_of(asked, addresses, refusing, why, row, diagnosing->arena);

    object = code == FINDING_NAME_NOT_FOUND ? addresses->unresolved : place->hosts;
    if (code == FINDING_NAME_NOT_FOUND && addresses->why) { /* the name is in the sentence already */
        finding_add(diagnosing->findings, code, object, addresses->why, NULL);
    } else {
        finding_add(diagnosing->findings, code, object, why->message, command_for(diagnosing, asked, code, why));
    }
    if (why->sqlstate[0]) {
        diagnose_code(diagnosing->findings, why->sqlstate, place->key, NULL);
    }
    if (row->prisma && uses_prisma(diagnosing->request->config)) {
        diagnose_code(diagnosing->findings, row->prisma, "what Prisma calls it", NULL);
    }
}
