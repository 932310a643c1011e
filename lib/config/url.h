/* What a database URL says besides where to connect. Whether it is one at all, libpq decides (database/url.h). */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "base/arena.h"

#include <stdbool.h>

/* The value of a parameter in its query (RFC 3986, 3.4), decoded, in the arena; NULL if it is not there or empty. Of
 * several the last one counts, as for libpq and Prisma's engine. */
const char *url_parameter(const char *url_or_null, const char *name, struct arena *arena);

/* Whether it is there more than once: for Go and JavaScript the first one counts. */
bool url_repeats(const char *url_or_null, const char *name);

/* Where tables are made that name no schema: ?schema= (Prisma), the first of currentSchema= (JDBC); NULL: not said. */
const char *url_schema(const char *url_or_null, struct arena *arena);

#endif
