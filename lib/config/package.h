/* What a package.json says. */
#ifndef CONFIG_PACKAGE_H
#define CONFIG_PACKAGE_H

#include "base/arena.h"
#include "config/config.h"

/* The string under `key`, of the object `section` or, where that is NULL, of the whole. NULL if there is none, or the
 * file cannot be read. */
const char *package_string(const char *path, const char *section, const char *key, struct arena *arena);
/* Whether that package is among its dependencies, be it an optional one or for development. */
bool package_depends_on(const char *path, const char *name, struct arena *arena);
/* All strings of the object `section`. */
const struct variable *package_strings(const char *path, const char *section, size_t *count, struct arena *arena);

#endif
