/* prisma.config.ts and its like are programs. What is read of them are plain paths: schema: 'path' and
 * migrations: { path: 'path' }, as string literals or path.join() of such, and the variables of datasource: { url }.
 * Everything else that may change one of them is a doubt, not a guess. */
#ifndef CONFIG_PRISMA_CONFIG_H
#define CONFIG_PRISMA_CONFIG_H

#include "base/arena.h"
#include "base/strings.h"

/* What is named in a way that is not understood. */
enum { PRISMA_SCHEMA = 1, PRISMA_MIGRATIONS = 2, PRISMA_URL = 4, PRISMA_ALL = 7 };

struct prisma_paths {
    const char *schema;           /* relative to the working directory of the caller; NULL: not named */
    const char *migrations;       /* the same */
    unsigned doubtful;            /* PRISMA_… bits */
    struct strings url_variables; /* the first that is set has the URL; none: it is not named */
    const char *doubt;            /* why something else than a path may differ: "imports ./x"; NULL: nothing */
};

/* `text` is the content of `file`; `folder` is where the CLI runs (process.cwd()). */
void prisma_config_parse(struct prisma_paths *paths, const char *file, const char *text, const char *folder,
                         struct arena *arena);

#endif
