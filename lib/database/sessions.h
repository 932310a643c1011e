/* The server sessions of a step: those that it left running when it was killed (a client's death does not end its
 * statement), and those that wait there for somebody else. */
#ifndef DATABASE_SESSIONS_H
#define DATABASE_SESSIONS_H

#include "database/query.h"

#include <stdint.h>

/* Counts the sessions of this database that began in the last `age` milliseconds, come from the same address as we do,
 * are not pgentry's own and are not idle; *text names them in one line (no query text: it may hold secrets). Sessions
 * of roles that the connection's may not see into do not count. */
bool sessions_count(PGconn *connection, int64_t age, uint32_t *count, const char **text,
                    const struct deadline *deadline, struct arena *arena, struct database_error *why);

/* Asks which of the sessions that began in the last `age` milliseconds wait for a lock, and who is in their way; the
 * answer is taken when there is one, or at once. *text: one line of them, NULL if there are none. */
bool sessions_ask_blocked(PGconn *connection, int64_t age, struct arena *arena);
bool sessions_take_blocked(PGconn *connection, const char **text, const struct deadline *deadline, struct arena *arena,
                           struct database_error *why);

#endif
