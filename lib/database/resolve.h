/* Looking up names in bounded time: getaddrinfo blocks as long as it likes, so it runs in a child that is killed. */
#ifndef DATABASE_RESOLVE_H
#define DATABASE_RESOLVE_H

#include "database/destination.h"
#include "database/probe.h"

/* Adds the addresses of one host, as addresses_of_host() does, by the deadline. Of a name that has none when asked for
 * any it is asked for an IPv4 address alone. What did not come in time is unresolved. */
void resolve_host(struct server_addresses *addresses, const char *host, const char *numeric, const char *port,
                  const struct deadline *deadline, struct arena *arena);

/* The addresses of all hosts of the destination by the deadline; each has its share of the time. */
void resolve_destination(const struct destination *destination, struct server_addresses *addresses,
                         const struct deadline *deadline, struct arena *arena);

/* Makes the destination name these, one host for each, so that nothing looks a name up again. */
void resolve_keep(struct destination *destination, const struct server_addresses *addresses, struct arena *arena);

/* This process asks each name server for a second at a time from now on: glibc gives the first one 5 s, which is all
 * that an attempt has, so that the second one would never be asked (resolv.conf(5)). */
void resolve_briskly(void);

#endif
