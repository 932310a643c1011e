/* Looking up names in bounded time: getaddrinfo blocks as long as it likes, so it runs in a child that is killed. */
#ifndef DATABASE_RESOLVE_H
#define DATABASE_RESOLVE_H

#include "database/destination.h"
#include "database/probe.h"

/* The addresses of all hosts of the destination by the deadline. What did not come by then is unresolved. Also makes
 * the destination name each address, so that nothing looks a name up again: one host for each address. */
void resolve_destination(struct destination *destination, struct server_addresses *addresses,
                         const struct deadline *deadline, struct arena *arena);

/* This process asks each name server for a second at a time from now on: glibc gives the first one 5 s, which is all
 * that an attempt has, so that the second one would never be asked (resolv.conf(5)). */
void resolve_briskly(void);

#endif
