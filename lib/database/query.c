#include "database/query.h"

#include "base/mask.h"
#include "database/sqlstate.h"

#include <poll.h>
#include <string.h>

#define FIRST_CAPACITY 256

/* ---- waiting ---- */

/* Sends what is left to send and reads what is there, until a result can be taken without blocking. Both at once:
 * server and client would otherwise wait for each other with full buffers. */
static bool wait_result(PGconn *connection, const struct deadline *deadline)
{
    for (;;) {
        int unsent = PQflush(connection);

        if (unsent < 0) {
            return PQconsumeInput(connection) && !PQisBusy(connection); /* the server's last words */
        }
        if (!PQisBusy(connection)) {
            return true;
        }
        if (!wait_descriptor(PQsocket(connection), unsent ? POLLIN | POLLOUT : POLLIN, deadline)) {
            return false;
        }
        if (!PQconsumeInput(connection)) {
            return false;
        }
    }
}

static PGresult *next_result(PGconn *connection, const struct deadline *deadline)
{
    return wait_result(connection, deadline) ? PQgetResult(connection) : NULL;
}

/* ---- errors ---- */

static const char *one_line(const char *message, struct arena *arena)
{
    char *copy = mask_copy(arena, message);

    copy[strcspn(copy, "\n")] = '\0';
    return mask_visible(arena, copy, MESSAGE_MAX);
}

bool message_says(const char *message, const char *words, struct arena *arena)
{
    return strstr(message, mask_copy(arena, words));
}

const char *result_message(const PGresult *result, struct arena *arena)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    return one_line(primary ? primary : PQresultErrorMessage(result), arena);
}

void *query_failed(PGconn *connection, const PGresult *result, const struct deadline *deadline, struct arena *arena,
                   struct database_error *why)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const struct known_error *row = state ? known_error_find(state) : NULL;

    if (state) {
        return database_error_set(why, row ? row->failure : FAILURE_QUERY, state, result_message(result, arena),
                                  row ? row->fix : NULL, arena);
    }
    if (!result && deadline_passed(deadline)) {
        return database_error_set(why, FAILURE_NO_ANSWER, NULL, "the server does not answer a query in time", NULL,
                                  arena);
    }

    const char *said = PQerrorMessage(connection);

    return database_error_set(why, FAILURE_NOT_READY, NULL, *said ? one_line(said, arena) : "the connection broke",
                              NULL, arena);
}

/* ---- one statement ---- */

bool result_is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

bool result_is_true(const PGresult *result, int row, int column)
{
    return column < PQnfields(result) && PQgetvalue(result, row, column)[0] == 't';
}

const char *server_version(const PGconn *connection, struct arena *arena)
{
    const char *version = PQparameterStatus(connection, "server_version");

    return version ? arena_strndup(arena, version, strcspn(version, " ")) : "";
}

static bool send_statement(PGconn *connection, const struct statement *statement)
{
    return PQsendQueryParams(connection, statement->sql, statement->parameter_count, NULL, statement->parameters, NULL,
                             NULL, 0) == 1;
}

PGresult *query_take(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                     struct database_error *why)
{
    PGresult *result = next_result(connection, deadline);

    if (!result || !result_is_fine(result)) {
        query_failed(connection, result, deadline, arena, why);
    }
    for (PGresult *more = result; more;) { /* up to the NULL, after which the next statement may be sent */
        more = next_result(connection, deadline);
        PQclear(more);
    }
    if (result && !result_is_fine(result)) {
        PQclear(result);
        return NULL;
    }
    return result;
}

PGresult *query_run(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                    struct arena *arena, struct database_error *why)
{
    PQsetnonblocking(connection, 1);
    return send_statement(connection, statement) ? query_take(connection, deadline, arena, why)
                                                 : query_failed(connection, NULL, deadline, arena, why);
}

const char *result_value(const PGresult *result, struct arena *arena)
{
    return arena_strdup(arena, PQntuples(result) && PQnfields(result) ? PQgetvalue(result, 0, 0) : "");
}

const char *query_value(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                        struct arena *arena, struct database_error *why)
{
    PGresult *result = query_run(connection, statement, deadline, arena, why);
    const char *value = NULL;

    if (result) {
        value = result_value(result, arena);
        PQclear(result);
    }
    return value;
}

/* ---- several ---- */

bool pipeline_begin(PGconn *connection)
{
    return PQsetnonblocking(connection, 1) == 0 && PQenterPipelineMode(connection) == 1;
}

bool pipeline_add(PGconn *connection, const struct statement *statement)
{
    return send_statement(connection, statement);
}

bool pipeline_sync(PGconn *connection)
{
    return PQpipelineSync(connection) == 1;
}

PGresult *pipeline_result(PGconn *connection, const struct deadline *deadline)
{
    int ends = 0;

    while (ends < 2 && wait_result(connection, deadline)) {
        PGresult *result = PQgetResult(connection);

        if (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
            return result;
        }
        ends = result ? 0 : ends + 1; /* one NULL ends a statement's results, a second one means that none is left */
        PQclear(result);
    }
    return NULL;
}

bool pipeline_end(PGconn *connection, const struct deadline *deadline)
{
    /* What is left are the NULL after the last statement and the synchronisation points behind it. */
    PGresult *unasked = pipeline_result(connection, deadline);

    PQclear(unasked);
    return !unasked && PQexitPipelineMode(connection) == 1;
}

bool query_catalog_send(PGconn *connection, const struct statement *statement)
{
    const struct statement only = { .sql = "SELECT " QUERY_CATALOG_ONLY };

    return pipeline_begin(connection) && pipeline_add(connection, &only) && pipeline_add(connection, statement) &&
           pipeline_sync(connection);
}

PGresult *query_catalog_take(PGconn *connection, const struct deadline *deadline, struct arena *arena,
                             struct database_error *why)
{
    PGresult *set = pipeline_result(connection, deadline);
    PGresult *result = set ? pipeline_result(connection, deadline) : NULL;
    const PGresult *verdict = result_is_fine(set) ? result : set; /* an error skips what follows */

    if (!result || !pipeline_end(connection, deadline)) {
        verdict = NULL;
    }
    if (!result_is_fine(verdict)) {
        query_failed(connection, verdict, deadline, arena, why);
        PQclear(result);
        result = NULL;
    }
    PQclear(set);
    return result;
}

PGresult *query_catalog(PGconn *connection, const struct statement *statement, const struct deadline *deadline,
                        struct arena *arena, struct database_error *why)
{
    return query_catalog_send(connection, statement) ? query_catalog_take(connection, deadline, arena, why)
                                                     : query_failed(connection, NULL, deadline, arena, why);
}

/* ---- arrays ---- */

static void put(struct array_text *array, char c, struct arena *arena)
{
    if (array->length == array->capacity) {
        char *larger = arena_alloc(arena, 2 * array->capacity);

        memcpy(larger, array->data, array->length);
        array->data = larger;
        array->capacity *= 2;
    }
    array->data[array->length++] = c;
}

void array_begin(struct array_text *array, struct arena *arena)
{
    *array = (struct array_text){ .data = arena_alloc(arena, FIRST_CAPACITY), .capacity = FIRST_CAPACITY };
    put(array, '{', arena);
}

void array_add(struct array_text *array, const char *element, struct arena *arena)
{
    if (array->length > 1) {
        put(array, ',', arena);
    }
    put(array, '"', arena);
    for (; *element; element++) {
        if (*element == '"' || *element == '\\') {
            put(array, '\\', arena);
        }
        put(array, *element, arena);
    }
    put(array, '"', arena);
}

const char *array_end(struct array_text *array, struct arena *arena)
{
    put(array, '}', arena);
    put(array, '\0', arena);
    return array->data;
}
