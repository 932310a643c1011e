#include "database/sqlstate.h"

#include <string.h>

#define SQLSTATE_CLASS_LENGTH 2

/* Waiting is what we do. */
static const char if_it_lasts[] = "if it lasts, look at the server's log";
static const char without_tls[] = "pg_hba.conf has no line for this login without TLS";
static const char with_tls[] =
    "if the server asks for TLS write sslmode=require in the URL, else add a line to pg_hba.conf";
static const char no_tenant[] = "the pooler knows no such role or project";
static const char copy_from_supabase[] = "at Supabase the role is postgres.PROJECT, the host is copied from Connect "
                                         "(aws-0 or aws-1), and the project must not be paused";
static const char add_to_pooler[] = "correct database and role in the URL, or add them to the pooler";
static const char no_postgresql[] = "what answers there is no PostgreSQL: correct host and port";
static const char unknown_option[] = "the server does not take a setting of the session";
static const char correct_option[] = "correct options in the URL, PGOPTIONS, or what ALTER ROLE and ALTER DATABASE set";
/* Whoever meets it in a migration has no use for running the migrations once more. */
static const char not_there[] =
    "if a migration uses it: look at the order of the migrations, at search_path and at the schema before its name";
/* Nothing is to be dropped: it may hold data. */
static const char made_already[] = "another tool made it, or it is recorded in another ledger: once all that the "
                                   "migration makes is there, mark it as applied (a baseline); in SQL of your own "
                                   "write IF NOT EXISTS";
/* Types and functions come with an extension more often than with a migration. */
static const char not_installed[] =
    "CREATE EXTENSION, if one has it (vector, uuid-ossp, citext); else look at the order of "
    "the migrations and at search_path";
static const char past_the_pooler[] =
    "set database.direct_url, past the pooler (for Prisma's client pgbouncer=true in the URL)";
static const char resolve[] = "mend the cause, then prisma migrate resolve --rolled-back NAME; or, if what it makes is "
                              "there already, run the rest of it by hand, then --applied NAME";

/* clang-format off */
static const struct known_error known_errors[] = {
    /* The server is there, but not yet, or not now. */
    { "57P03", FAILURE_NOT_READY, "the server is starting up, shutting down or in recovery", if_it_lasts },
    { "57P01", FAILURE_NOT_READY, "an administrator ended the session, or the server shuts down", if_it_lasts },
    { "57P02", FAILURE_NOT_READY, "another server process crashed, all sessions were ended", "look at the server's log" },
    { "57P05", FAILURE_NOT_READY, "the session was idle for longer than idle_session_timeout", "raise idle_session_timeout" },
    { "53300", FAILURE_NOT_READY, "all connections are taken, or all that the role or the database may have", "raise max_connections, or the CONNECTION LIMIT named in the message; or lower the pools of the applications" },
    { "53400", FAILURE_NOT_READY, "a configured limit is exceeded", "look at the server's log" },
    { "53100", FAILURE_NOT_READY, "the server's disk is full", "free space on the server's disk (df -h there; SHOW data_directory says where it is)" },
    { "53200", FAILURE_NOT_READY, "the server is out of memory", "give the server more memory, or lower its settings; for shared memory raise max_locks_per_transaction" },
    { "08", FAILURE_NOT_READY, "the connection or the pooler's connection to its server failed", "look at the server and at the pooler" },
    { "58", FAILURE_NOT_READY, "the server met an error of its system", "look at the server's log and its disk" },
    { "25006", FAILURE_READ_ONLY, "the session is read-only: a standby, or default_transaction_read_only", "connect to the primary" },

    /* Refused: waiting seldom heals it. */
    { "28P01", FAILURE_REFUSED, "wrong password, or no such role", "correct role and password in the URL; the database's volume keeps those it was made with, whatever POSTGRES_USER and POSTGRES_PASSWORD say now" },
    { "28000", FAILURE_REFUSED, "the role does not exist, may not log in, or pg_hba.conf refuses it", "create the role, let it log in, or add a line to pg_hba.conf" },
    { "28", FAILURE_REFUSED, "the server refuses this login", "look at role, password and pg_hba.conf" },
    { "3D000", FAILURE_REFUSED, "the database does not exist", "CREATE DATABASE, or correct its name in the URL; POSTGRES_DB makes one only with an empty volume" },
    { "42501", FAILURE_REFUSED, "the role lacks a right", "GRANT the right named in the message; what only an owner or a superuser may do, do as one: database.direct_url may name another role" },

    /* In statements: explained, tried again. */
    { "40001", FAILURE_QUERY, "serialization failure", "run it again" },
    { "40P01", FAILURE_QUERY, "deadlock with another session", "run it again" },
    { "42P01", FAILURE_QUERY, "a table does not exist", not_there },
    { "42703", FAILURE_QUERY, "a column does not exist", not_there },
    { "42P07", FAILURE_QUERY, "the table exists already", made_already },
    { "42701", FAILURE_QUERY, "the column exists already", made_already },
    { "42710", FAILURE_QUERY, "the object exists already", made_already },
    { "42P06", FAILURE_QUERY, "the schema exists already", made_already },
    { "42723", FAILURE_QUERY, "the function exists already", made_already },
    { "42704", FAILURE_QUERY, "a type or another object does not exist", not_installed },
    { "42883", FAILURE_QUERY, "a function does not exist", not_installed },
    { "0A000", FAILURE_QUERY, "the server does not support it", "an extension that is not available is in another image of the server (pgvector/pgvector, postgis/postgis)" },
    { "58P01", FAILURE_NOT_READY, "a file is missing at the server", "an extension without its control file is in another image of the server (pgvector/pgvector, postgis/postgis)" },
    { "55006", FAILURE_QUERY, "the object is in use", "end the sessions that use it; for template1 write TEMPLATE template0" },
    { "42P05", FAILURE_QUERY, "a prepared statement of that name exists: a pooler by the transaction is in the way", past_the_pooler },
    { "26000", FAILURE_QUERY, "a prepared statement is not there: a pooler by the transaction is in the way", past_the_pooler },
    { "42601", FAILURE_QUERY, "syntax error", "correct the SQL" },
    { "3F000", FAILURE_QUERY, "the schema does not exist, or none of search_path does", "CREATE SCHEMA, or correct verify.schema, or the search_path of role and database" },
    { "23505", FAILURE_QUERY, "a unique value is there twice", "remove the duplicates first" },
    { "23502", FAILURE_QUERY, "a NULL where none may be", "fill the column first" },
    { "23503", FAILURE_QUERY, "a foreign key points to no row", "mend the rows first" },
    { "55P03", FAILURE_QUERY, "a lock was not granted within lock_timeout", "see who holds it: pgentry diagnose" },
    { "57014", FAILURE_QUERY, "the statement took longer than statement_timeout, or was cancelled", "give the step more time, or see who blocks it: pgentry diagnose" },

    /* Prisma (manual, "Error message reference"). */
    { "P1000", FAILURE_REFUSED, "authentication failed", "correct user and password in DATABASE_URL" },
    { "P1001", FAILURE_NOT_READY, "the database server is not reachable", "look at host and port in DATABASE_URL; where pgentry itself connects, the tool takes its URL from elsewhere (.env, env() in schema.prisma)" },
    { "P1002", FAILURE_NOT_READY, "the database server was reached but timed out: often another one holds Prisma's lock 72707369", "wait for the other migration; through a pooler set database.direct_url" },
    { "P1003", FAILURE_REFUSED, "the database does not exist", "CREATE DATABASE, or correct its name in DATABASE_URL" },
    { "P1008", FAILURE_NOT_READY, "an operation timed out", "see who blocks it: pgentry diagnose" },
    { "P1009", FAILURE_QUERY, "the database exists already", "nothing to do" },
    { "P1010", FAILURE_REFUSED, "the user was denied access", "GRANT the rights on database and schema" },
    { "P1011", FAILURE_REFUSED, "the TLS connection failed", "correct sslmode, sslaccept and sslcert in DATABASE_URL" },
    { "P1012", FAILURE_CONFIG, "schema.prisma is not valid, or a variable it names is not set", "prisma validate" },
    { "P1013", FAILURE_CONFIG, "the database URL is not valid", "percent-encode the password in DATABASE_URL" },
    { "P1014", FAILURE_QUERY, "the table behind a model does not exist", not_there },
    { "P1015", FAILURE_CONFIG, "schema.prisma uses what this version of the server does not know", "use a newer server, or take that out of the schema" },
    { "P1016", FAILURE_QUERY, "a raw query had the wrong number of parameters", "correct the query" },
    { "P1017", FAILURE_NOT_READY, "the server closed the connection", "look at the server's log" },
    { "P2002", FAILURE_QUERY, "a unique value is there twice", "remove the duplicates first" },
    { "P2003", FAILURE_QUERY, "a foreign key points to no row", "mend the rows first" },
    { "P2010", FAILURE_QUERY, "a raw query failed", "look at the SQLSTATE in its message" },
    { "P2021", FAILURE_QUERY, "a table does not exist", not_there },
    { "P2022", FAILURE_QUERY, "a column does not exist", not_there },
    { "P2024", FAILURE_NOT_READY, "no connection of the client's pool became free in time", "raise connection_limit or pool_timeout in DATABASE_URL" },
    { "P2037", FAILURE_NOT_READY, "all connections are taken", "raise max_connections, or lower the pools of the applications" },
    { "P3000", FAILURE_QUERY, "the database could not be created", "create it by hand" },
    { "P3001", FAILURE_QUERY, "the migration would lose data", "look at what it drops; if that is meant, write it as a migration" },
    { "P3002", FAILURE_QUERY, "the migration was rolled back", "look at its logged error: pgentry diagnose" },
    { "P3003", FAILURE_CONFIG, "the migrations folder is of an old format", "remove the old migrations folder and make a baseline" },
    { "P3004", FAILURE_CONFIG, "the database is a system database", "name another database in DATABASE_URL" },
    { "P3005", FAILURE_QUERY, "the database is not empty and has no migration history", "make a baseline: prisma migrate resolve --applied NAME for each migration that is in it" },
    { "P3006", FAILURE_QUERY, "a migration does not apply to the shadow database", "correct the migration" },
    { "P3007", FAILURE_CONFIG, "a preview feature in schema.prisma is not known to this version of Prisma", "correct previewFeatures, or update prisma" },
    { "P3008", FAILURE_QUERY, "the migration is recorded as applied already", "nothing to do" },
    { "P3009", FAILURE_QUERY, "a failed migration is recorded: no further one is applied", resolve },
    { "P3010", FAILURE_CONFIG, "a migration's name is too long", "rename its folder: at most 200 characters" },
    { "P3011", FAILURE_QUERY, "the migration cannot be rolled back: it was never applied", "look at the names: pgentry diagnose" },
    { "P3012", FAILURE_QUERY, "the migration cannot be rolled back: it has not failed", "look at the names: pgentry diagnose" },
    { "P3013", FAILURE_CONFIG, "schema.prisma gives more than one provider", "name one provider in its datasource" },
    { "P3014", FAILURE_REFUSED, "the shadow database could not be created", "use prisma migrate deploy in containers: it needs none" },
    { "P3015", FAILURE_CONFIG, "a migration's folder has no migration.sql", "remove the folder or restore the file" },
    { "P3016", FAILURE_REFUSED, "the database could not be reset", "GRANT the rights; nothing in a container should reset a database" },
    { "P3017", FAILURE_CONFIG, "the migration is not found locally", "correct its name" },
    { "P3018", FAILURE_QUERY, "a migration failed in the database", resolve },
    { "P3019", FAILURE_CONFIG, "the migrations were made for another kind of database", "correct provider in schema.prisma and migration_lock.toml" },
    { "P4001", FAILURE_QUERY, "the database is empty", "run the migrations: pgentry sync" },

    /* What codes_each calls a message that has no code. */
    { "NEWER", FAILURE_QUERY, "the database records a migration that this image does not have", "deploy the newer image; to start this one on the schema as it is, set PGENTRY_MIGRATE_STEPS=[]" },
    { "NOMOD", FAILURE_QUERY, "a program or a module is not in the image", "install it there (npm ci --omit=dev leaves devDependencies out), or copy the build's output" },
    { "HOME", FAILURE_QUERY, "the user has no home folder", "set HOME to a folder that it may write to, such as /tmp" },
    { "SSL", FAILURE_QUERY, "Prisma's engine needs another OpenSSL than the image has", "install openssl in the image before npm ci and prisma generate (apk add openssl, apt-get install openssl)" },
    { "NOPWD", FAILURE_QUERY, "the tool has found no password", "give it the variables that its configuration reads: pgentry itself takes DATABASE_URL" },
    { "KNEX", FAILURE_QUERY, "a run that was killed left Knex's lock, or another one is under way", "once no other is: knex migrate:unlock" },
    { "HEADS", FAILURE_QUERY, "two migrations of Alembic's follow the same one", "alembic merge heads, or run alembic upgrade heads" },
    { "DIRTY", FAILURE_QUERY, "a migration failed midway", "mend what it left behind, then migrate force with the version before it" },
    { "NOTLS", FAILURE_CONFIG, "the tool insists on TLS and the server has none", "put sslmode=disable into the URL: …/NAME?sslmode=disable" },
    { "HEAP", FAILURE_QUERY, "node's heap is full", "set NODE_OPTIONS=--max-old-space-size=MB, below the container's memory limit" },
};

/* What a message adds to a code that says too little: 08P01 is all that PgBouncer knows, XX000 all that Supavisor does. */
static const struct {
    const char *text;
    struct known_error row;
} worded_errors[] = {
    { "no encryption", { "28000", FAILURE_REFUSED, without_tls, with_tls } },
    { "SSL off", { "28000", FAILURE_REFUSED, without_tls, with_tls } }, /* before PostgreSQL 14 */
    { "does not exist", { "08P01", FAILURE_REFUSED, "the pooler, or the server behind it, knows no such database or role", add_to_pooler } },
    { "no such", { "08P01", FAILURE_REFUSED, "the pooler knows no such database or role", add_to_pooler } },
    { "unsupported startup parameter", { "08P01", FAILURE_REFUSED, "the pooler takes no such parameter", "take it out of the URL, or name it in the pooler's ignore_startup_parameters" } },
    { "command-line argument for server process", { "42601", FAILURE_REFUSED, unknown_option, correct_option } },
    { "unrecognized configuration parameter", { "42704", FAILURE_REFUSED, unknown_option, correct_option } },
    { "invalid value for parameter", { "22023", FAILURE_REFUSED, unknown_option, correct_option } },
    { "Tenant or user not found", { "XX000", FAILURE_REFUSED, no_tenant, copy_from_supabase } },
    { "tenant", { "XX000", FAILURE_REFUSED, no_tenant, copy_from_supabase } },
};

/* Texts of libpq and OpenSSL that come without an SQLSTATE. */
static const struct {
    const char *text;
    enum failure failure;
    const char *fix;
} client_errors[] = {
    { "session is read-only", FAILURE_READ_ONLY, "connect to the primary, or set wait.target: any" },
    { "session is not read-only", FAILURE_READ_ONLY, "the URL asks for a read-only server" },
    { "server is in hot standby mode", FAILURE_READ_ONLY, "connect to the primary, or set wait.target: any" },
    { "server is not in hot standby mode", FAILURE_READ_ONLY, "the URL asks for a standby" },
    { "server does not support SSL", FAILURE_REFUSED, "switch TLS on at the server, or change sslmode in the URL" },
    { "certificate verify failed", FAILURE_REFUSED, "give the server's CA as sslrootcert in the URL" },
    { "does not match host name", FAILURE_REFUSED, "use the name in the server's certificate as host, or sslmode=verify-ca" },
    { "root certificate file", FAILURE_REFUSED, "give the server's CA as sslrootcert in the URL" },
    { "could not read root certificate", FAILURE_REFUSED, "correct sslrootcert in the URL" },
    { "certificate file", FAILURE_REFUSED, "correct sslcert in the URL" },
    { "private key file", FAILURE_REFUSED, "correct sslkey in the URL" },
    { "unexpected eof", FAILURE_NOT_READY, "look at the server's log" },
    { "SSL error", FAILURE_REFUSED, "look at the TLS settings of server and URL" },
    { "no password supplied", FAILURE_REFUSED, "put the password into the URL, PGPASSWORD or the password file" },
    { "channel binding", FAILURE_REFUSED, "change channel_binding in the URL" },
    { "authentication not supported", FAILURE_REFUSED, "use a method this program knows (scram-sha-256) in pg_hba.conf" },
    { "authentication method", FAILURE_REFUSED, "use a method this program knows (scram-sha-256) in pg_hba.conf" },
    { "requirepeer", FAILURE_REFUSED, "correct requirepeer in the URL" },
    { "received invalid response to", FAILURE_NOT_READY, no_postgresql },
    { "expected authentication request", FAILURE_NOT_READY, no_postgresql },
    { "unsupported frontend protocol", FAILURE_REFUSED, "use a server of PostgreSQL 9.6 or newer" },
};
/* clang-format on */

static bool row_is(const struct known_error *row, const char *code, size_t length)
{
    return strlen(row->code) == length && memcmp(row->code, code, length) == 0;
}

static const struct known_error *find(const char *code, size_t length)
{
    for (size_t i = 0; i < sizeof known_errors / sizeof *known_errors; i++) {
        if (row_is(&known_errors[i], code, length)) {
            return &known_errors[i];
        }
    }
    return NULL;
}

const struct known_error *known_error_find(const char *code)
{
    size_t length = strlen(code);
    const struct known_error *row = find(code, length);

    if (!row && length == SQLSTATE_LENGTH) {
        row = find(code, SQLSTATE_CLASS_LENGTH);
    }
    return row;
}

const struct known_error *known_error_of(const char *code, const char *message)
{
    for (size_t i = 0; i < sizeof worded_errors / sizeof *worded_errors; i++) {
        if (strcmp(worded_errors[i].row.code, code) == 0 && strstr(message, worded_errors[i].text)) {
            return &worded_errors[i].row;
        }
    }
    return known_error_find(code);
}

bool known_error_is_made_already(const char *code)
{
    const struct known_error *row = known_error_find(code);

    return row && row->fix == made_already;
}

/* Others' text that stands among our commands: a word for the shell, or not at all. */
static bool is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    return *name && *name != '-' && !name[strspn(name, plain)];
}

void known_error_fix(const struct known_error *row, const char *migration, struct text *text)
{
    const char *fix = row->fix;

    for (const char *name; row->fix == resolve && migration && is_plain(migration) && (name = strstr(fix, "NAME"));) {
        text_bytes(text, fix, (size_t)(name - fix));
        text_string(text, migration);
        fix = name + strlen("NAME");
    }
    text_string(text, fix);
}

bool client_error_failure(const char *text, enum failure *failure, const char **fix)
{
    for (size_t i = 0; i < sizeof client_errors / sizeof *client_errors; i++) {
        if (strstr(text, client_errors[i].text)) {
            *failure = client_errors[i].failure;
            *fix = client_errors[i].fix;
            return true;
        }
    }
    return false;
}
