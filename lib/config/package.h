/* What a package.json says. */
#ifndef CONFIG_PACKAGE_H
#define CONFIG_PACKAGE_H

#include "base/arena.h"
#include "base/strings.h"

#include <stddef.h>

/* The string under `key`, of the object `section` or, where that is NULL, of the whole. NULL if there is none, or the
 * file cannot be read. */
const char *package_string(const char *path, const char *section, const char *key, struct arena *arena);
/* The packages that it depends on, optional ones and those for development too. */
struct strings package_dependencies(const char *path, struct arena *arena);

struct variable;
/* Its scripts, in their order. */
const struct variable *package_scripts(const char *path, size_t *count, struct arena *arena);

/* The scripts of package.json files, each read once however many of them are asked for. `file` and the arena must
 * outlive them. NULL: it has none of that name. */
struct packages;
struct packages *packages_new(struct arena *arena);
const char *packages_script(struct packages *packages, const char *file, const char *name);

#endif
