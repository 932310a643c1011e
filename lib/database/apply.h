/* `pgentry apply` and the raw SQL step: runs SQL files over libpq on direct_url. */
#ifndef DATABASE_APPLY_H
#define DATABASE_APPLY_H

#include "config/config.h"

struct apply_options {
    const struct strings *files;
    bool no_transaction;       /* statement by statement, for those that refuse a transaction */
    duration statement_timeout; /* 0: none */
};

/* Runs the files in their order; stops at the first error. Reports on standard output, errors as
 * "FILE:LINE:COLUMN: ERROR 42P01: relation … does not exist" on standard error.
 * Returns the exit status: 0, 1 on an SQL error (nothing of that file stays), 69 unreachable, 64/66-like for a file that
 * cannot be read: 1. */
int apply_files(const struct config *config, const struct apply_options *options);

#endif
