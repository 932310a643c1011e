/* Where one of the two URLs leads, found out without a connection. */
#ifndef DATABASE_DESTINATION_H
#define DATABASE_DESTINATION_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"
#include "database/conninfo.h"

#include <stdbool.h>
#include <stddef.h>

#define APPLICATION "pgentry"             /* application_name of our sessions */
#define APPLICATION_APPLY "pgentry apply" /* of the raw SQL step: a step's session, not one of ours */

struct destination {
    const char *key;      /* "database.url": for messages */
    struct conninfo info; /* complete but for host, hostaddr and port */
    const char **hosts;   /* names, addresses or socket folders */
    const char **numeric; /* hostaddr of each, or NULL */
    const char **ports;
    size_t host_count;
    const char *unused_passfile; /* a password file that libpq leaves out, others may read it; NULL: there is none */
};

/* Takes database.url, or with `direct` database.direct_url (url where that is not set; and direct_url in place of a url
 * that leads to Prisma's proxy), fills in what libpq takes from environment and service file, registers the passwords
 * (those of the password file too) with base/mask. False with *error, STATUS_CONFIG. */
bool destination_find(struct destination *destination, const struct config *config, bool direct, struct arena *arena,
                      struct error *error);

/* True if there is one place only: no direct_url, the same one, or one that stands in for a proxy. */
bool destination_is_shared(const struct config *config);

#endif
