/* What `pgentry diagnose` learned of the migration history beyond struct check: the database finds it out, and the
 * project's side words it. Lives in an arena. */
#ifndef CONFIG_LEDGER_H
#define CONFIG_LEDGER_H

#include "config/check.h"

struct ledger {
    const struct check *check; /* of the schema and the ledger; NULL: the database was not asked */
    bool denied;               /* this role may not read it */
    bool exists;
    size_t relations; /* tables and views in its schema, but for itself and what extensions brought */
    const char *name; /* public._prisma_migrations; NULL: this project has no ledger */
    const char *sql_name;
    const char
        *psql; /* "psql 'host=… dbname=… user=…' -c ": a statement as a word for the shell makes a command of it */
    const char *grant; /* the command by which its owner lets this role read it */
};

#endif
