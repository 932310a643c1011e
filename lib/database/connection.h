/* Opening a connection and asking over it, everything bounded in time. Plain libpq in its non-blocking form: no call
 * here waits longer than its deadline, the look-up of names (getaddrinfo) excepted, which the parent's deadline bounds. */
#ifndef DATABASE_CONNECTION_H
#define DATABASE_CONNECTION_H

#include "base/arena.h"
#include "base/duration.h"
#include "config/config.h"
#include "database/protocol.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* For other commands (`pgentry apply`): opens database.url, or with `direct` database.direct_url where it is set, as
 * application "pgentry apply" with client_encoding UTF8, within `timeout` (0: no limit). Returns NULL with *why (strings
 * in the arena, masked). The caller ends it with PQfinish. The verbosity is PQERRORS_DEFAULT. */
PGconn *connection_open(const struct config *config, bool direct, duration timeout, struct arena *arena,
                        struct reply_failed *why);

#endif
