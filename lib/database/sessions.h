/* Server sessions that a killed step left running: a client's death does not end its statement. */
#ifndef DATABASE_SESSIONS_H
#define DATABASE_SESSIONS_H

#include "database/query.h"

#include <stdint.h>

/* Counts the sessions of this database that began in the last `age` milliseconds, come from the same address as we do,
 * are not pgentry's own and are not idle; *text names them in one line (no query text: it may hold secrets). Sessions
 * of roles that the connection's may not see into do not count. */
bool sessions_count(PGconn *connection, int64_t age, uint32_t *count, const char **text,
                    const struct deadline *deadline, struct arena *arena, struct database_error *why);

#endif
