/* What `pgentry init` reads of the tables that the project creates, for a person to look through. */
#ifndef PGENTRY_INIT_H
#define PGENTRY_INIT_H

#include "config/wanted.h"
#include "database/sql_tables.h"

struct init_project {
    const struct config *config;
    const struct wanted *wanted;
    const char *folder; /* where the migration tool's project lies */
};

struct init_tables {
    struct sql_tables found; /* none: none could be read */
    const char *source;      /* where they stand: "db/schema.rb" */
};

/* Of the dump of a schema that lies in the project's folder, else of its SQL migrations. The tools' ledgers are left
 * out: they are there before the first migration. */
void init_find_tables(struct init_tables *tables, const struct init_project *project);

#endif
