/* Looking up names in bounded time: getaddrinfo blocks as long as it likes, so it runs in a child that is killed. */
#ifndef DATABASE_RESOLVE_H
#define DATABASE_RESOLVE_H

#include "database/destination.h"
#include "database/probe.h"

/* The addresses of all hosts of the destination by the deadline. What did not come by then is unresolved. Also makes
 * the destination name each address, so that nothing looks a name up again: one host for each address. */
void resolve_destination(struct destination *destination, struct addresses *addresses, const struct deadline *deadline,
                         struct arena *arena);

#endif
