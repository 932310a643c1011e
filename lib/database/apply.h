/* `pgentry apply` and the raw SQL step: runs SQL files over libpq on direct_url. */
#ifndef DATABASE_APPLY_H
#define DATABASE_APPLY_H

#include "config/config.h"

struct apply_options {
    const struct strings *files;
    bool no_transaction;        /* statement by statement, for those that refuse a transaction */
    duration statement_timeout; /* 0: none */
};

/* Runs the files in their order, each in a transaction and with a session state of its own (what an earlier file SET is
 * gone), names without a schema meaning that of the URL (?schema=, ?currentSchema=); stops at the first error. All are
 * read before anything is sent; one that cannot be run (sql_lexer.h) stops all.
 *
 * Reports on standard output, errors as "FILE:LINE:COLUMN: ERROR 42P01: relation … does not exist" on standard error,
 * and there too what of the files stays. TERM, INT, HUP and QUIT end the statement in the server and then the process,
 * within two seconds.
 *
 * Returns the exit status: 0; 1 on an SQL error or a file that cannot be run; 69 if the database is not reachable or
 * its connection is lost; 78 if the URL itself is wrong; 128+N after signal N. Changes signal dispositions: the process
 * should end with that status. */
int apply_files(const struct config *config, const struct apply_options *options);

#endif
