/* Where a Prisma project keeps its schema and its migrations, and which major version is installed. */
#ifndef CONFIG_PRISMA_H
#define CONFIG_PRISMA_H

#include "base/arena.h"

#include <stdbool.h>

struct prisma_project {
    const char *schema;      /* file, or folder of *.prisma files; NULL: there is none */
    const char *migrations;  /* folder; NULL: there is none */
    const char *config_file; /* prisma.config.ts and the like, or NULL */
    unsigned major;          /* of node_modules/prisma; 0 if it is not installed */
};

/* Looks in `folder` ("." for the working directory). `configured` is verify.prisma_schema or a step's --schema: a path,
 * "auto" or NULL. Paths in the result are relative to the working directory of the caller. True if there is a schema. */
bool prisma_project_find(struct prisma_project *project, const char *folder, const char *configured,
                         struct arena *arena);

#endif
