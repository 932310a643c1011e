/* The reader of schema.prisma: a file or a folder of files to the tables, columns and enums (with their values) that
 * Prisma's engine makes of them. One pass, no recursion, everything in an arena.
 *
 * As in the engine's SQL: tables marked @@ignore, columns marked @ignore and of type Unsupported are there; views are
 * not; an implicit many-to-many relation is a table `_` + relation name with columns A and B in the schema of the model
 * whose name comes first. Names over 63 bytes are cut where PostgreSQL cuts them. Constructs of future versions
 * (blocks, attributes, field types) are passed over with a note; what no version could mean is an error. */
#ifndef PROJECT_PRISMA_SCHEMA_H
#define PROJECT_PRISMA_SCHEMA_H

#include "base/error.h"
#include "config/wanted.h"

#include <stdbool.h>

struct syntax_block;

struct prisma_schema {
    const char *provider;        /* of the datasource; NULL: no file has one */
    const char *app_variable;    /* what the client connects with, url, is env("…") of this name; or NULL */
    const char *url_variable;    /* and what migrations connect with: directUrl, else url; or NULL */
    const char *url_literal;     /* or it stands in the file */
    const char *client_provider; /* of the client's generator; NULL: no file has one */
    const char *client_output;   /* or NULL; seen from the folder of: */
    const char *client_file;
    struct wanted_table *tables;
    size_t table_count;
    struct wanted_type *enums;
    size_t enum_count;
    const struct syntax_block *blocks; /* models, views and enums, as they stand there (prisma_syntax.h) */
    size_t block_count;
    struct strings notes; /* what was passed over, each with FILE:LINE:COLUMN */
};

/* `schema` is where models without @@schema lie. False with *error "FILE:LINE:COLUMN: what" (or "FILE: what"). */
bool prisma_schema_read(struct prisma_schema *result, const char *path, const char *schema, struct arena *arena,
                        struct error *error);

/* The same of one file's text in memory; text[length] is NUL. */
bool prisma_schema_parse(struct prisma_schema *result, const char *file, const char *text, size_t length,
                         const char *schema, struct arena *arena, struct error *error);

/* Whether the provider is PostgreSQL; no datasource at all counts as one. */
bool prisma_schema_is_postgres(const struct prisma_schema *schema);

#endif
