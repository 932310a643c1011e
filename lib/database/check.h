/* One look at the schema: everything that is wanted of it, and the migration history, in one round trip, and one more
 * for each assertion. Read-only, and without a transaction block, so that it works through every pooler, whatever its
 * mode. */
#ifndef DATABASE_CHECK_H
#define DATABASE_CHECK_H

#include "config/ledger.h"
#include "config/wanted.h"
#include "database/protocol.h"
#include "database/query.h"

#define CHECK_STATEMENT_TIMEOUT ((duration)8000) /* of each question at most: less than DATABASE_ANSWER */
#define CHECK_LOCK_TIMEOUT ((duration)2000)      /* lock_timeout: ledger and assertions are tables that may be locked */

struct check_request {
    const struct wanted *wanted;
    bool schema;                      /* look at the schema */
    bool history;                     /* and at the ledger */
    bool hand_listed;                 /* something in verify.tables */
    void (*meanwhile)(void *context); /* what else there is to do once the server has the questions; or NULL */
    void *context;
};

/* Fills *check. False with *why if no answer came; the connection is then to be closed. *ledger: whether the history
 * could be read. */
bool check_run(PGconn *connection, const struct check_request *request, const struct deadline *deadline,
               struct check *check, enum ledger_answer *ledger, struct arena *arena, struct database_error *why);

#endif
