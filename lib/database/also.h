/* wait.also: other things that the application needs, as host:port, [v6]:port or the path of a socket. */
#ifndef DATABASE_ALSO_H
#define DATABASE_ALSO_H

#include "base/strings.h"
#include "database/probe.h"

/* True if all of them take a connection by the deadline; else *message says which does not and why. */
bool also_reachable(const struct strings *also, const struct deadline *deadline, const char **message,
                    struct arena *arena);

#endif
