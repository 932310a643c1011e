/* Known error codes in one table: the server's SQLSTATEs (PostgreSQL manual, appendix A) and Prisma's P-codes, each
 * with the class that decides what happens next, its cause, and what to do. To teach pgentry a code: add a row. */
#ifndef DATABASE_SQLSTATE_H
#define DATABASE_SQLSTATE_H

#include "base/failure.h"
#include "base/text.h"

#include <stdbool.h>

#define SQLSTATE_LENGTH 5 /* of the SQL standard: two characters are the class */

struct known_error {
    const char *code;     /* "57P03", a class of SQLSTATEs "08", or "P3009" */
    enum failure failure; /* what a connection or a query of ours that ended so counts as */
    const char *cause;
    const char *fix; /* what a person can do; known_error_fix puts a migration's name into it */
};

/* The row of a code, else the row of its class, else NULL. */
const struct known_error *known_error_find(const char *code);

/* The same, by what the message adds where the code says too little. */
const struct known_error *known_error_of(const char *code, const char *message);

/* Appends what a person can do, with the name of the migration that failed where the fix has a place for one; NULL: not
 * known. */
void known_error_fix(const struct known_error *row, const char *migration, struct text *text);

/* Whether the code says that what was to be made is there already. */
bool known_error_is_made_already(const char *code);

/* What libpq says of itself, without an SQLSTATE: TLS refused, a missing password, the wrong kind of server. True with
 * the class if a row of the table knows the text. libpq translates nothing as long as setlocale was not called. */
bool client_error_failure(const char *text, enum failure *failure, const char **fix);

#endif
