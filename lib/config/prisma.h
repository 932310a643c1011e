/* Where a Prisma project keeps its schema and its migrations, and which major version is installed. The look-up is that
 * of Prisma's CLI: prisma.config.*, then the nearest package.json, then the default places. */
#ifndef CONFIG_PRISMA_H
#define CONFIG_PRISMA_H

#include "base/arena.h"
#include "base/strings.h"

#include <stdbool.h>

struct prisma_project {
    const char *schema;      /* file, or folder of *.prisma files; NULL: there is none */
    const char *migrations;  /* folder; NULL: there is none, or `doubt` says why it cannot be told */
    const char *config_file; /* prisma.config.ts and the like, or NULL */
    unsigned major;          /* of node_modules/prisma; 0 if it is not installed */
    const char *missing;     /* a schema that was named but is not there; then `schema` is NULL. Else NULL */
    const char *missing_by;  /* who names it: prisma.config.ts, package.json; NULL: `configured` */
    const char *doubt;       /* why migrations or URL cannot be told for sure, one sentence; NULL: no doubt */
    bool schema_doubtful;    /* the CLI may take another one: the config file names it by an expression */
    bool url_doubtful; /* the config file may name another URL than the schema, in which Prisma 7 looks for none */
    struct strings url_variables; /* of the config file's URL: the first that is set has it; none: it names no URL */
};

/* Looks in `folder` ("." for the working directory). `configured` is verify.prisma_schema or a step's --schema: a path,
 * "auto" or NULL. Paths in the result are relative to the working directory of the caller. True if there is a schema.
 */
bool prisma_project_find(struct prisma_project *project, const char *folder, const char *configured,
                         struct arena *arena);

/* The same with the config file named, as a step's --config does; NULL: looked for. One that is not there is a doubt.
 */
bool prisma_project_find_with(struct prisma_project *project, const char *folder, const char *configured,
                              const char *config_file, struct arena *arena);

/* The files that make up a schema: `path` itself if it is a file, else every *.prisma below it, symbolic links
 * followed, in the order of their names. False with errno if something could not be read; ELOOP: more than
 * PRISMA_FOLDERS_MAX. */
#define PRISMA_FOLDERS_MAX 10000
bool prisma_schema_files(const char *path, struct strings *files, struct arena *arena);

#endif
