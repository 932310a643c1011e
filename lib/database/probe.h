/* Is anything listening? A bare TCP or socket connection to every address of every host at once, closed as soon as it
 * stands. Costs PostgreSQL a fork at most and no authentication, so it may be done every few milliseconds. */
#ifndef DATABASE_PROBE_H
#define DATABASE_PROBE_H

#include "base/arena.h"
#include "base/failure.h"
#include "database/wait.h"

#include <stddef.h>
#include <sys/socket.h>

#define PROBE_LIMIT ((duration)1000) /* a connection that is not there by then: packets vanish */
#define PROBE_GRACE ((duration)100)  /* after the first one answered, what the others get */

struct server_address {
    const char *host;    /* as configured: name, address or socket folder */
    const char *port;    /* "5432" */
    const char *numeric; /* "10.0.0.5"; NULL for a Unix socket */
    struct sockaddr_storage bytes;
    socklen_t length;
    int error; /* after probe_addresses: 0 it answered, else errno; ETIMEDOUT: no answer in time */
};

struct server_addresses {
    int family; /* of which names are looked up; AF_UNSPEC (0): of any */
    struct server_address *items;
    size_t count;
    const char *unresolved; /* the first host without an address, and why; NULL: all were found */
    const char *why;
};

/* Whether it has to be looked up: neither an address nor a socket's folder. */
bool host_is_name(const char *host);
/* Adds the addresses of one host; a path (or @name, an abstract socket) is a folder with a socket for that port in it,
 * as libpq has it. `numeric`: an address given beside the name (hostaddr), or NULL. Blocks while the name is looked up.
 */
void addresses_of_host(struct server_addresses *addresses, const char *host, const char *numeric, const char *port,
                       struct arena *arena);
/* Adds the socket at a path of its own. */
void addresses_of_path(struct server_addresses *addresses, const char *path, struct arena *arena);

/* Takes down why the host has no address, unless one before it has none either. */
void addresses_unresolved(struct server_addresses *addresses, const char *host, const char *why, struct arena *arena);

/* Tries all at once, at most PROBE_LIMIT; fills `error` of each. Returns how many answered. */
size_t probe_addresses(struct server_addresses *addresses, const struct deadline *deadline);

/* What it means that none answered, with one line that names hosts and reasons. */
enum failure probe_failure(const struct server_addresses *addresses, const char **message, struct arena *arena);
/* What a person can look at then; NULL: nothing is known. */
const char *probe_hint(const struct server_addresses *addresses, enum failure failure);

/* For messages: "db:5432 (10.0.0.5)", "10.0.0.5:5432", "[::1]:5432", or the socket's path. `numeric` may be NULL or
 * empty. */
const char *host_label(const char *host, const char *port, const char *numeric, struct arena *arena);
const char *address_label(const struct server_address *address, struct arena *arena);

#endif
