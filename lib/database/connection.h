/* Opening a connection, bounded in time. Plain libpq in its non-blocking form: nothing here waits longer than its
 * deadline, the look-up of names (getaddrinfo) excepted, which the parent's deadline bounds. */
#ifndef DATABASE_CONNECTION_H
#define DATABASE_CONNECTION_H

#include "base/arena.h"
#include "base/duration.h"
#include "config/config.h"
#include "database/conninfo.h"
#include "database/probe.h"
#include "database/protocol.h"
#include "database/wait.h"

#include <libpq-fe.h>
#include <stdbool.h>

#define APPLICATION "pgentry"             /* application_name of our sessions */
#define APPLICATION_APPLY "pgentry apply" /* of the raw SQL step: a step's session, not one of ours */

/* Where one of the two URLs leads, found out without a connection. */
struct destination {
    const char *key;      /* "database.url": for messages */
    struct conninfo info; /* complete but for host, hostaddr and port */
    const char **hosts;   /* names, addresses or socket folders */
    const char **numeric; /* hostaddr of each, or NULL */
    const char **ports;
    size_t host_count;
};

/* Takes database.url, or with `direct` database.direct_url (url where that is not set; and direct_url in place of a url
 * that leads to Prisma's proxy), fills in what libpq takes from environment and service file, registers the passwords
 * (those of the password file too) with base/mask. False with *error, STATUS_CONFIG. */
bool destination_find(struct destination *destination, const struct config *config, bool direct, struct arena *arena,
                      struct error *error);

/* True if both orders of the boot use one and the same URL. */
bool destination_is_shared(const struct config *config);

/* Opens a connection with every query possible that wait.target promises. With `probe`, or where several
 * addresses are there, all are probed at once first and libpq is handed those that answer. NULL with *why. */
PGconn *destination_open(const struct destination *destination, bool probe, const struct deadline *deadline,
                         struct arena *arena, struct reply_failed *why);

/* For other commands (`pgentry apply`): opens database.url, or with `direct` database.direct_url where it is set, as
 * application "pgentry apply" with client_encoding UTF8, within `timeout` (0: no limit). Returns NULL with *why
 * (strings in the arena, masked). The caller ends it with PQfinish. The verbosity is PQERRORS_DEFAULT. */
PGconn *connection_open(const struct config *config, bool direct, duration timeout, struct arena *arena,
                        struct reply_failed *why);

/* Fills *why; the message is masked, made one line and cut. Returns NULL, for `return`. */
void *failed(struct reply_failed *why, enum failure failure, const char *sqlstate, const char *message,
             const char *hint, struct arena *arena);

#endif
