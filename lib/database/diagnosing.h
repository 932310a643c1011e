/* The inside of diagnose: what its parts share. Each part asks about one thing and adds what it finds. */
#ifndef DATABASE_DIAGNOSING_H
#define DATABASE_DIAGNOSING_H

#include "database/diagnose.h"
#include "database/psql.h"
#include "database/query.h"

/* One of the two places while it is asked. */
struct asked {
    struct diagnosed_place *place;
    struct destination destination; /* with every name looked up */
    struct psql psql;
    PGconn *connection;  /* NULL: not connected, or lost on the way */
    const char *refused; /* NULL, or why the URL's target_session_attrs does not take the server */
};

#define DIAGNOSE_WHO_IS_CONNECTED \
    "SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC"

struct diagnosing {
    const struct diagnose_request *request;
    struct diagnosis *diagnosis;
    struct findings *findings;
    struct arena *arena;
    struct deadline deadline; /* of all questions */
    struct asked url, direct;
    struct asked *lock;           /* the one of the two that leads past a pooler: steps and locks */
    const struct wanted *spelled; /* what is wanted, as database.url's server can be asked for it */
};

/* Runs one statement read-only, with search_path pg_catalog and timeouts that end with it: nothing stays in a pooler's
 * session. NULL if there is no answer: told in the findings, under the name `what`, and the section does not count as
 * seen. That is SECTION_CONNECTION, where the finding stands, if nothing but a fix depends on it. */
PGresult *diagnose_ask(struct diagnosing *diagnosing, struct asked *asked, enum section section, const char *what,
                       const struct statement *statement);

/* Tells of a question that was asked in another way, and got no answer. Where that broke the connection nothing is
 * asked there any more. */
void diagnose_unanswered(struct diagnosing *diagnosing, struct asked *asked, enum section section, const char *what,
                         const struct database_error *why);
/* A new connection: what was left in the session is not ours to clear up. */
void diagnose_reopen(struct diagnosing *diagnosing, struct asked *asked);
/* Whether it is connected, and told what it is. */
bool diagnose_knows(const struct asked *asked);

/* `pgentry COMMAND`, as a shell finds it again. */
const char *diagnose_ours(const struct diagnosing *diagnosing, const char *command);

/* Opens a place and finds out about it (diagnose_place.c, diagnose_refusal.c). */
void diagnose_place(struct diagnosing *diagnosing, struct asked *asked, struct diagnosed_place *place, bool direct);
/* Why a connection did not come about, as a finding. */
void diagnose_refusal(struct diagnosing *diagnosing, struct asked *asked, const struct server_addresses *addresses,
                      const struct database_error *why);

/* Looks at tables, columns, privileges, enums, extensions, asserts and the ledger; tells of all but the ledger; indexes
 * (diagnose_schema.c). */
void diagnose_schema(struct diagnosing *diagnosing);
void diagnose_problems(struct diagnosing *diagnosing);
void diagnose_indexes(struct diagnosing *diagnosing);
/* Rights that nobody listed: to read the critical tables, to create what is missing (diagnose_rights.c). */
void diagnose_rights(struct diagnosing *diagnosing);
/* The command that grants them to the place's role; `table` NULL: on the schema. */
const char *diagnose_grant(struct diagnosing *diagnosing, const struct asked *asked, const char *rights,
                           const char *schema, const char *table);
/* Who may grant rights on it: its owner, that of the schema where there is no such table; NULL: not known. */
const char *diagnose_owner(struct diagnosing *diagnosing, const char *schema, const char *table);
/* What the history's own side needs to know (diagnose_ledger.c). */
void diagnose_ledger(struct diagnosing *diagnosing);
/* Blocked sessions, open transactions, held locks, taken connections (diagnose_sessions.c). */
void diagnose_sessions(struct diagnosing *diagnosing);
void diagnose_locks(struct diagnosing *diagnosing);
void diagnose_connections(struct diagnosing *diagnosing);

/* A value of a result, in the arena; NULL for NULL. */
const char *diagnose_value(const struct diagnosing *diagnosing, const PGresult *result, int row, int column);
/* The same of what others wrote (an application's name): masked, printable, cut; "unknown" for nothing. */
const char *diagnose_foreign(const struct diagnosing *diagnosing, const PGresult *result, int row, int column);
/* Milliseconds in a result as people read them. */
const char *diagnose_duration(const struct diagnosing *diagnosing, const PGresult *result, int row, int column);
int64_t diagnose_number(const PGresult *result, int row, int column);

#endif
