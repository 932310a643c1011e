/* The migrations that lie in the project's folder, as the tool with the ledger would record them.
 *
 * Zero migrations prove nothing, and then the steps run: so whenever it is doubtful what the tool would see (an
 * unreadable folder, a symbolic link, a name it would refuse, an option or a setting that is not understood) the list
 * is empty and a note says why. The rules were tried with Prisma 6.19, dbmate 2.36, node-pg-migrate 8.0 and
 * ActiveRecord 6.1. */
#ifndef PROJECT_MIGRATIONS_H
#define PROJECT_MIGRATIONS_H

#include "config/wanted.h"
#include "project/prisma_schema.h"

/* The schema.prisma that was read for its tables, and need not be read again for its URL. */
struct schema_seen {
    const char *path; /* NULL: none was */
    struct prisma_schema schema;
};

/* Fills history, history_schema, history_table and the migrations, in the order of their names, and adds notes. */
void migrations_find(struct wanted *wanted, const struct config *config, const struct schema_seen *seen,
                     struct arena *arena);

#endif
