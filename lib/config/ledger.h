/* What `pgentry diagnose` learned of the migration history beyond struct check: the database finds it out, and the
 * project's side words it. Lives in an arena. */
#ifndef CONFIG_LEDGER_H
#define CONFIG_LEDGER_H

#include "config/check.h"

enum ledger_answer {
    LEDGER_READ, /* or there is none yet */
    LEDGER_DENIED,
    LEDGER_LATE,   /* another session has it locked, or the server is too slow */
    LEDGER_FOREIGN /* another tool's table of that name */
};

struct ledger {
    const struct check *check; /* of the schema and the ledger; NULL: the database was not asked */
    enum ledger_answer answer;
    bool exists;
    size_t relations; /* tables and views in its schema, but for itself and what extensions brought */
    const char *name; /* public._prisma_migrations; NULL: this project has no ledger */
    const char *sql_name;
    const char *ahead; /* what mends a schema whose ledger holds migrations that are not local; NULL: it holds none */
    const char *lost;  /* what mends a schema that lacks what is recorded as made: no migration tool makes it again */
    const char *mend;  /* what lets this role read it, tells who has it locked or shows what it is: by `answer` */
};

#endif
