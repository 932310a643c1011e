/* What `pgentry diagnose` can find (contract section 7): one table of codes, each with its section, its severity, what
 * is said of it and what mends it. To teach diagnose a finding: add a row, and the question that meets it.
 *
 * In sentence and fix %o is the object's name, %d the detail; in a fix also %q: the object as a word for the shell, and
 * %c: the command that the question made of real names. All of a fix can be pasted into a shell: commands, and what is
 * for the person as comments; a command that is only proposed is one by shell_comment. */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

/* The report's sections, with what is said of one without a finding. */
#define SECTION_TABLE(X)                                                                      \
    X(SECTION_CONNECTION, "Connection", "connected")                                          \
    X(SECTION_BOOT, "Boot", "it did not fail")                                                \
    X(SECTION_TABLES, "Critical tables", "all there, with all that is asked of them")         \
    X(SECTION_HISTORY, "Migration history", "nothing pending, nothing failed")                \
    X(SECTION_INDEXES, "Indexes", "no invalid index")                                         \
    X(SECTION_BLOCKING, "Blocking", "nobody waits for a lock, no migration lock is held")     \
    X(SECTION_CLIENT, "Generated client and programs", "up to date; every program was found") \
    X(SECTION_POOLER, "Pooler", "none in the way of session locks")                           \
    X(SECTION_CODES, "Error codes", "none was seen")

enum section {
#define X(name, title, fine) name,
    SECTION_TABLE(X)
#undef X
        SECTIONS
};

/* clang-format off */
#define FINDING_TABLE(X) \
    /* ---- connection ---- */ \
    X(FINDING_URL_UNENCODED, "url-unencoded", SECTION_CONNECTION, SEVERITY_ERROR, "a special character stands unencoded in %o: %d", \
      "# let pgentry encode it, in pgentry.yaml: url: postgresql://USER:${DB_PASSWORD|url}@HOST:5432/DATABASE\n" \
      "# or put into the URL what this prints (type the password, Enter, Ctrl-D):\n" \
      "node -p 'encodeURIComponent(require(\"fs\").readFileSync(0, \"utf8\").trim())'") \
    X(FINDING_URL_INVALID, "url-invalid", SECTION_CONNECTION, SEVERITY_ERROR, "%o leads nowhere: %d", \
      "# correct it; where each value comes from is told by\n%c") \
    X(FINDING_NAME_NOT_FOUND, "name-not-found", SECTION_CONNECTION, SEVERITY_ERROR, "the host name %o is not found: %d", \
      "# what this machine knows of it:\ngetent ahosts %q\n" \
      "# in a container: both containers must share a network, and the host is the service's or container's name there") \
    X(FINDING_NOT_LISTENING, "not-listening", SECTION_CONNECTION, SEVERITY_ERROR, "nothing listens at %o: %d", \
      "# is PostgreSQL running (a full disk keeps it from starting), and is this its host and port?\n%c\n" \
      "# in a container localhost is the container itself: the host is then the name of the database's container") \
    X(FINDING_NO_ANSWER, "no-answer", SECTION_CONNECTION, SEVERITY_ERROR, "no answer from %o, packets vanish: %d", \
      "# a firewall, a security group or a wrong network; from where it should work, try\n%c") \
    X(FINDING_SILENT, "server-silent", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o takes connections, but no PostgreSQL answers there: %d", \
      "# the server hangs (its disk, its memory, a paused container), a pooler waits for its server, or something else\n" \
      "# listens there; its log tells why. When it is mended:\n%c") \
    X(FINDING_IPV6_ONLY, "ipv6-only", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o has IPv6 addresses only, and none can be reached from here: %d", \
      "# use a host name with an IPv4 address (at Supabase that of the pooler), or give the container IPv6:\n" \
      "docker network create --ipv6 pgentry-ipv6") \
    X(FINDING_DEAD_ADDRESS, "dead-address", SECTION_CONNECTION, SEVERITY_WARNING, \
      "one of the addresses does not answer: %o: %d", \
      "# clients that try it first wait for it at each connection: correct the name's addresses\ngetent ahosts %c") \
    X(FINDING_NOT_READY, "server-not-ready", SECTION_CONNECTION, SEVERITY_ERROR, "%o is not ready: %d", \
      "# wait for it; if it lasts, the server's log tells why (a full disk keeps it in recovery):\n%c") \
    X(FINDING_TOO_MANY, "too-many-connections", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o takes no more connections: %d", \
      "# lower the pools of the applications (Prisma: connection_limit= in the URL); who has them:\n%c") \
    X(FINDING_NEAR_LIMIT, "connections-near-limit", SECTION_CONNECTION, SEVERITY_WARNING, \
      "%o is close to its limit of connections: %d", \
      "# lower the pools of the applications (Prisma: connection_limit= in the URL); who has them:\n%c") \
    X(FINDING_WRONG_PASSWORD, "wrong-password", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o refuses the password: %d", \
      "# correct role and password in the URL, or set the password that is in it (the database's volume keeps role and\n" \
      "# password that it was made with, whatever POSTGRES_USER and POSTGRES_PASSWORD say now; in the official image\n" \
      "# psql asks for none inside the database's own container, where its superuser is POSTGRES_USER):\n%c") \
    X(FINDING_NO_PASSWORD, "no-password", SECTION_CONNECTION, SEVERITY_ERROR, "%o wants a password: %d", \
      "# put the password into the URL, PGPASSWORD or the password file; psql asks for it:\n%c") \
    X(FINDING_NO_LOGIN, "role-without-login", SECTION_CONNECTION, SEVERITY_ERROR, "%o does not let this role log in: %d", "%c") \
    X(FINDING_NO_ROLE, "no-such-role", SECTION_CONNECTION, SEVERITY_ERROR, "%o knows no such role: %d", \
      "# create the role, then set its password:\n%c") \
    X(FINDING_LOGIN_REFUSED, "login-refused", SECTION_CONNECTION, SEVERITY_ERROR, "%o refuses this login: %d", \
      "# a line in the server's pg_hba.conf lets this role in; where that file is, and which lines it has:\n%c") \
    X(FINDING_NO_DATABASE, "no-such-database", SECTION_CONNECTION, SEVERITY_ERROR, "%o has no such database: %d", \
      "# correct the database's name in the URL, or make it (POSTGRES_DB does so only with an empty volume):\n%c") \
    X(FINDING_CLOSED_DATABASE, "database-closed", SECTION_CONNECTION, SEVERITY_ERROR, \
      "at %o the database is closed to all connections: %d", "%c") \
    X(FINDING_NO_CONNECT_RIGHT, "no-connect-right", SECTION_CONNECTION, SEVERITY_ERROR, "%o does not let this role into the database: %d", "%c") \
    X(FINDING_TLS_REFUSED, "tls-refused", SECTION_CONNECTION, SEVERITY_ERROR, \
      "the URL insists on TLS and %o has none: %d", \
      "# switch TLS on at the server (it then needs server.crt and server.key, and a restart), or write sslmode=prefer " \
      "in the URL\n%c") \
    X(FINDING_TLS_REQUIRED, "tls-required", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o lets nobody in without TLS, and the URL switches it off: %d", \
      "# write sslmode=require in place of sslmode=disable in the URL; by hand that is\n%c") \
    X(FINDING_TLS_MISMATCH, "tls-mismatch", SECTION_CONNECTION, SEVERITY_ERROR, \
      "TLS with %o cannot be set up as the URL asks for it: %d", \
      "# the certificate the server shows, its names and who signed it:\n%c\n" \
      "# then name that CA as sslrootcert, or a name of the certificate as host, in the URL") \
    X(FINDING_STANDBY, "standby", SECTION_CONNECTION, SEVERITY_ERROR, "%o is read-only: %d", \
      "# name the primary's host in the URL (several may stand there: host1,host2), or set wait.target: any; " \
      "what it follows:\n%c") \
    X(FINDING_READ_ONLY, "read-only", SECTION_CONNECTION, SEVERITY_ERROR, "%o is read-only: %d", "%c") \
    X(FINDING_SESSION_REFUSED, "session-refused", SECTION_CONNECTION, SEVERITY_ERROR, \
      "%o is not what target_session_attrs asks for: %d", \
      "# name a server that is, or take target_session_attrs out of the URL; what this one is:\n%c") \
    X(FINDING_OTHER_DATABASE, "not-the-same-database", SECTION_CONNECTION, SEVERITY_ERROR, \
      "database.direct_url does not lead to the same database as database.url: %d", \
      "# name the same database on the same server in both; where each value comes from:\n%c") \
    X(FINDING_ALSO, "also-not-reachable", SECTION_CONNECTION, SEVERITY_ERROR, "%o of wait.also takes no connection: %d", \
      "# start it, or take it out of wait.also; this ends once all is there\n%c") \
    X(FINDING_SLOW, "slow-round-trip", SECTION_CONNECTION, SEVERITY_INFO, "a round trip to %o takes %d", \
      "# run application and database in the same region") \
    X(FINDING_DROPPED, "url-parameter-dropped", SECTION_CONNECTION, SEVERITY_INFO, \
      "%o has parameters that libpq does not know; they are passed over: %d", \
      "# nothing, if they are the framework's own; else correct their spelling") \
    X(FINDING_CONNECTION_FAILED, "connection-failed", SECTION_CONNECTION, SEVERITY_ERROR, "no connection to %o: %d", \
      "# the server's log tells more; the same attempt by hand:\n%c") \
    X(FINDING_LOST, "connection-lost", SECTION_CONNECTION, SEVERITY_ERROR, "a question was not answered (%o): %d", \
      "# this report is not whole: look at the server's load and log, and run it again\n%c") \
    X(FINDING_NOT_ANSWERED, "not-answered", SECTION_CONNECTION, SEVERITY_WARNING, "the server does not tell (%o): %d", \
      "# this report is not whole: look at the server's load and log, and run it again\n%c") \
    X(FINDING_NOT_ASKED, "not-asked", SECTION_CONNECTION, SEVERITY_WARNING, "this role may not ask (%o): %d", \
      "# as a superuser: grant the right that is named, or all that monitoring usually needs\n%c") \
    X(FINDING_NOT_PID_1, "not-pid-1", SECTION_CLIENT, SEVERITY_INFO, \
      "PID 1 here is %o: where pgentry runs below it, it reaps orphans as a subreaper, and gets the signals that are " \
      "passed on to it", "# make pgentry the image's ENTRYPOINT in exec form: ENTRYPOINT [\"pgentry\", \"--\"]") \
    /* ---- boot ---- */ \
    X(FINDING_BOOT_FAILED, "boot-failed", SECTION_BOOT, SEVERITY_ERROR, \
      "the boot failed, and the application was not started: %d", "%c") \
    /* ---- critical tables ---- */ \
    X(FINDING_MISSING_TABLE, "missing-table", SECTION_TABLES, SEVERITY_ERROR, "table %o does not exist", "%c") \
    X(FINDING_MISSING_COLUMN, "missing-column", SECTION_TABLES, SEVERITY_ERROR, "column %o does not exist", "%c") \
    X(FINDING_MISSING_INDEX, "missing-index", SECTION_TABLES, SEVERITY_ERROR, "index %o does not exist", "%c") \
    X(FINDING_MISSING_ENUM, "missing-enum", SECTION_TABLES, SEVERITY_ERROR, "enum type %o does not exist", "%c") \
    X(FINDING_MISSING_VALUE, "missing-enum-value", SECTION_TABLES, SEVERITY_ERROR, "enum value %o does not exist", "%c") \
    X(FINDING_MISSING_EXTENSION, "missing-extension", SECTION_TABLES, SEVERITY_ERROR, \
      "extension %o is not installed%d", "%c") \
    X(FINDING_MISSING_PRIVILEGE, "missing-privilege", SECTION_TABLES, SEVERITY_ERROR, "no right to %d on %o", "%c") \
    X(FINDING_NO_CREATE, "no-create-right", SECTION_TABLES, SEVERITY_ERROR, \
      "something is to be created in schema %o, and the role of the steps, %d, may create nothing there (42501)", "%c") \
    X(FINDING_NOT_OWNER, "not-owner", SECTION_TABLES, SEVERITY_ERROR, \
      "table %o is to be altered, and it is not the role of the steps that owns it, but %d (42501)", \
      "# name its owner in database.direct_url, or hand it over:\n%c") \
    X(FINDING_ASSERT, "assert-failed", SECTION_TABLES, SEVERITY_ERROR, "assertion \"%o\" does not hold: %d", \
      "# what its query gives:\n%c") \
    X(FINDING_SCHEMA_UNREADABLE, "schema-unreadable", SECTION_TABLES, SEVERITY_ERROR, "%o cannot be read: %d", \
      "# mend the file, or list the critical tables in verify.tables; what Prisma makes of it tells\nnpx prisma validate --schema %q") \
    X(FINDING_NOTHING_TO_VERIFY, "nothing-to-verify", SECTION_TABLES, SEVERITY_INFO, \
      "no critical table is configured or derived: nothing but the connection is proven", \
      "# list the tables the application needs in verify.tables") \
    X(FINDING_NOTE, "note", SECTION_TABLES, SEVERITY_INFO, "%o: %d", "# nothing, if that is as it should be") \
    /* ---- migration history ---- */ \
    X(FINDING_PENDING, "migrations-pending", SECTION_HISTORY, SEVERITY_WARNING, "not applied yet: %d", "%c") \
    X(FINDING_FAILED, "migration-failed", SECTION_HISTORY, SEVERITY_ERROR, \
      "migration %o failed, and no further one is applied until that is resolved (P3009)%d", "%c") \
    X(FINDING_EDITED, "migration-edited", SECTION_HISTORY, SEVERITY_WARNING, \
      "migration %o was edited after it was applied: the database has what it said then", "%c") \
    X(FINDING_GONE, "migration-gone", SECTION_HISTORY, SEVERITY_WARNING, \
      "migration %o is recorded, but is not in this image: an older image on a newer schema?", "%c") \
    X(FINDING_APPLIED_BUT_GONE, "applied-but-gone", SECTION_HISTORY, SEVERITY_ERROR, \
      "recorded as applied (%o), while its tables are gone: %d", "%c") \
    X(FINDING_BASELINE, "no-baseline", SECTION_HISTORY, SEVERITY_ERROR, \
      "the database has tables, but no migration is recorded in %o%d", "%c") \
    X(FINDING_LEDGER_DENIED, "history-denied", SECTION_HISTORY, SEVERITY_WARNING, \
      "the migration history %o may not be read by this role, so the steps run at every boot", "%c") \
    X(FINDING_LEDGER_LATE, "history-late", SECTION_HISTORY, SEVERITY_WARNING, \
      "the migration history %o could not be read in time: another session has it locked, or the server is too slow", \
      "# wait, if it migrates; who has it locked:\n%c") \
    X(FINDING_LEDGER_UNREADABLE, "history-unreadable", SECTION_HISTORY, SEVERITY_WARNING, \
      "the table %o is not the ledger of this migration tool", "# what it is:\n%c") \
    /* ---- indexes ---- */ \
    X(FINDING_INVALID_INDEX, "invalid-index", SECTION_INDEXES, SEVERITY_ERROR, \
      "index %o is invalid: its building was broken off, so no query uses it%d", "%c") \
    X(FINDING_INDEX_BUILDING, "index-building", SECTION_INDEXES, SEVERITY_INFO, "index %o is being built: %d", \
      "# wait for it; how far it is:\n%c") \
    /* ---- blocking ---- */ \
    X(FINDING_BLOCKED, "blocked", SECTION_BLOCKING, SEVERITY_WARNING, "a session waits for a lock on %o: %d", "%c") \
    X(FINDING_IDLE_IN_TRANSACTION, "idle-in-transaction", SECTION_BLOCKING, SEVERITY_WARNING, \
      "an open transaction holds locks on %o, and a migration of it would wait: %d", \
      "# to end it, if nobody works there any more:\n%c") \
    X(FINDING_PREPARED, "prepared-transaction", SECTION_BLOCKING, SEVERITY_WARNING, \
      "a prepared transaction holds locks on %o, and has no session that would end it: %d", \
      "# to undo it, if no transaction manager knows of it any more:\n%c") \
    X(FINDING_PRISMA_LOCK, "prisma-lock-held", SECTION_BLOCKING, SEVERITY_WARNING, \
      "Prisma's migration lock 72707369 is held by %d", "%c") \
    X(FINDING_OWN_LOCK, "migration-lock-held", SECTION_BLOCKING, SEVERITY_WARNING, \
      "pgentry's migration lock %o is held by %d", "%c") \
    /* ---- generated client, programs ---- */ \
    X(FINDING_CLIENT_MISSING, "client-missing", SECTION_CLIENT, SEVERITY_WARNING, \
      "the client generated from %o is missing: there is no %d", "%c") \
    X(FINDING_CLIENT_OLDER, "client-older", SECTION_CLIENT, SEVERITY_WARNING, \
      "the generated client is older than its schema %o: %d", "%c") \
    X(FINDING_PRISMA_CONFIG, "prisma-config-missing", SECTION_CLIENT, SEVERITY_ERROR, \
      "Prisma %o takes the database's URL from its config file alone, and there is no %d", "%c") \
    X(FINDING_NO_STEPS, "no-steps", SECTION_CLIENT, SEVERITY_INFO, \
      "no migration step is configured, and no migration tool was recognised in %o", \
      "# if this container is to migrate, run this where the project is:\n%c") \
    X(FINDING_PROGRAM_MISSING, "program-missing", SECTION_CLIENT, SEVERITY_ERROR, \
      "step \"%o\" cannot run: %d", "%c") \
    X(FINDING_FILE_MISSING, "sql-file-missing", SECTION_CLIENT, SEVERITY_ERROR, "step \"%o\" cannot read %d", \
      "# correct the path in the step's sql, or copy the file into the image; what there is:\n%c") \
    /* ---- pooler ---- */ \
    X(FINDING_POOLER, "pooler-in-the-way", SECTION_POOLER, SEVERITY_ERROR, \
      "%o leads to a pooler that hands out server processes by the transaction or statement: no migration lock can be held through it", \
      "# set database.direct_url (or DIRECT_URL) to the PostgreSQL server itself, past the pooler; where it is:\n%c") \
    X(FINDING_POOLED, "pooled", SECTION_POOLER, SEVERITY_INFO, \
      "%o leads through a pooler; %d", "# nothing: it works as it is") \
    /* ---- error codes ---- */ \
    X(FINDING_KNOWN_ERROR, "known-error", SECTION_CODES, SEVERITY_INFO, "%o (%d)", "%c")
/* clang-format on */

enum finding_code {
#define X(name, word, section, severity, sentence, fix) name,
    FINDING_TABLE(X)
#undef X
        FINDING_CODES
};

struct finding {
    enum finding_code code;
    enum severity severity;
    const char *object;
    const char *message; /* further lines belong to the first: a logged error */
    const char *fix;
};

struct findings {
    struct arena *arena;
    struct finding *items;
    size_t count;
    size_t capacity;
};

/* Adds one, with its texts filled in. `detail` and `command` may be NULL if the row does not use them. The finding may
 * be changed (a lower severity) until the next is added. */
struct finding *finding_add(struct findings *findings, enum finding_code code, const char *object, const char *detail,
                            const char *command);
/* Whether there is one with this code and object already. */
bool finding_known(const struct findings *findings, enum finding_code code, const char *object);
/* `pgentry help diagnose`: every code and what it says, on standard output. */
void findings_reference(void);
/* How many are at least that severe. */
size_t findings_count(const struct findings *findings, enum severity least);

const char *finding_word(enum finding_code code);
enum section finding_section(enum finding_code code);
const char *severity_word(enum severity severity);
const char *section_title(enum section section);
const char *section_fine(enum section section);

#endif
