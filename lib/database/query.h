/* Asking over a connection: one statement, or several in one round trip, never longer than a deadline.
 *
 * Names and values travel as parameters, always; statements run in the extended protocol, which takes one statement
 * each, so no text can smuggle in a second. */
#ifndef DATABASE_QUERY_H
#define DATABASE_QUERY_H

#include "database/connection.h"

#include <libpq-fe.h>

#define PARAMETERS_MAX 4

struct statement {
    const char *sql;
    int parameter_count;
    const char *parameters[PARAMETERS_MAX]; /* text */
};

/* A search_path with the schema $1 before what the session has: as frameworks mean the schema of a URL. */
#define QUERY_SCHEMA_FIRST \
    "pg_catalog.concat_ws(', ', pg_catalog.quote_ident($1), pg_catalog.current_setting('search_path'))"

/* Until the end of the transaction names and operators mean the catalog's, whatever the role's search_path: whoever may
 * create something in a schema of that could have it run by us (CVE-2018-1058). */
#define QUERY_CATALOG_ONLY "pg_catalog.set_config('search_path', 'pg_catalog', true)"

/* Runs one statement. NULL with *why if the connection broke or the deadline passed (it is then to be closed), or if
 * the server answered with an error (why->sqlstate is set, and it can be used further). Else rows or a command's end,
 * for PQclear. */
PGresult *query_run(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                    struct arena *arena, struct database_error *why);

/* The same for a question to the catalog: in a transaction of its own, with QUERY_CATALOG_ONLY before it. */
PGresult *query_catalog(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                        struct arena *arena, struct database_error *why);

/* The same in two halves: the answer may come while something else is waited for. */
bool query_catalog_send(PGconn *connection, const struct statement *statement);
PGresult *query_catalog_take(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                             struct database_error *why);

/* What is left of it after a deadline: waits for the answer once more. */
PGresult *query_take(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                     struct database_error *why);

/* result_value() of one statement. */
const char *query_value(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                        struct arena *arena, struct database_error *why);

/* "15.18", without what a distribution adds to it; "" if the server does not tell. */
const char *server_version(const PGconn *connection, struct arena *arena);

/* Whether the message of a failure holds these words of the server's or libpq's: masked, as all of it is. */
bool message_says(const char *message, const char *words, struct arena *arena);

/* Why a result is an error, or what happened to the connection if there is none. Returns NULL, for `return`. */
void *query_failed(PGconn *connection, const PGresult *result, const struct deadline *deadline, struct arena *arena,
                   struct database_error *why);

/* Rows, or the end of a command; else it is an error, or was skipped after one. */
bool result_is_fine(const PGresult *result);
/* Whether a boolean of it is true: there, and neither false nor NULL. */
bool result_is_true(const PGresult *result, int row, int column);
/* Its first row's first value, in the arena; "" for NULL or no row. */
const char *result_value(const PGresult *result, struct arena *arena);
/* The server's message of a failed result: one line, masked. */
const char *result_message(const PGresult *result, struct arena *arena);

/* ---- several in one round trip (libpq manual, "Pipeline Mode") ---- */

bool pipeline_begin(PGconn *connection);
bool pipeline_add(PGconn *connection, const struct statement *statement);
/* An error skips what follows up to here. */
bool pipeline_sync(PGconn *connection);
/* Sends what was added so far as the connection takes it, reads meanwhile, and returns the result of the next statement
 * in the order in which they were added; NULL if the connection broke or the deadline passed. For PQclear. */
PGresult *pipeline_result(PGconn *connection, const struct deadline *deadline);
/* After the last result: back to single statements; false if something is left over. */
bool pipeline_end(PGconn *connection, const struct deadline *deadline);

/* A text[] as a parameter: {"a","b"}, every element quoted (manual, "Array Input and Output Syntax"). */
struct array_text {
    char *data;
    size_t length;
    size_t capacity;
};

void array_begin(struct array_text *array, struct arena *arena);
void array_add(struct array_text *array, const char *element, struct arena *arena);
const char *array_end(struct array_text *array, struct arena *arena);

#endif
