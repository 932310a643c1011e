/* Opening a connection, bounded in time. Plain libpq in its non-blocking form: nothing here waits longer than its
 * deadline, the look-up of names included. */
#ifndef DATABASE_CONNECTION_H
#define DATABASE_CONNECTION_H

#include "base/arena.h"
#include "base/duration.h"
#include "config/config.h"
#include "database/destination.h"
#include "database/probe.h"
#include "database/protocol.h"
#include "database/wait.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Opens a connection with every query possible that wait.target promises. With `probe`, or where several
 * addresses are there, all are probed at once first and libpq is handed those that answer. NULL with *why. */
PGconn *destination_open(const struct destination *destination, bool probe, const struct deadline *deadline,
                         struct arena *arena, struct database_error *why);

/* For other commands (`pgentry apply`): opens database.url, or with `direct` database.direct_url where it is set, as
 * application "pgentry apply" with client_encoding UTF8, within `timeout` (0: no limit). Returns NULL with *why
 * (strings in the arena, masked). The caller ends it with PQfinish. The verbosity is PQERRORS_DEFAULT. */
PGconn *connection_open(const struct config *config, bool direct, duration timeout, struct arena *arena,
                        struct database_error *why);

#define MESSAGE_MAX 1000 /* bytes of a message, one line in the log */

/* Fills *why; the message is masked, made one line and cut. Returns NULL, for `return`. */
void *database_error_set(struct database_error *why, enum failure failure, const char *sqlstate, const char *message,
                         const char *hint, struct arena *arena);
/* The same with what it means that none of the addresses answered. */
void *database_error_probed(struct database_error *why, const struct server_addresses *addresses, struct arena *arena);

#endif
