#include "database/spelling.h"

#include <string.h>

#define UNTRANSLATABLE "22P05"

struct spelling {
    PGconn *connection;
    const struct deadline *deadline;
    bool broken;
};

typedef void visit_name(struct spelling *spelling, const char **name);

/* Each name is a question of its own: no other function of the server tells without an error. */
static void ask(struct spelling *spelling, const char **name)
{
    const struct statement statement = { .sql = "SELECT $1::pg_catalog.text IS NULL",
                                         .parameter_count = 1,
                                         .parameters = { *name } };

    spelling->broken =
        spelling->broken || !pipeline_add(spelling->connection, &statement) || !pipeline_sync(spelling->connection);
}

static void take(struct spelling *spelling, const char **name)
{
    PGresult *result = spelling->broken ? NULL : pipeline_result(spelling->connection, spelling->deadline);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    spelling->broken = !result;
    if (state && strcmp(state, UNTRANSLATABLE) == 0) {
        *name = "";
    }
    PQclear(result);
}

/* ---- every name ---- */

/* ASCII is spelled by every encoding of a server (manual, "Supported Character Sets"). */
static bool is_ascii(const char *name)
{
    while (*name && (unsigned char)*name < 0x80) {
        name++;
    }
    return !*name;
}

static void each(struct spelling *spelling, const char **names, size_t count, visit_name *visit)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] && !is_ascii(names[i])) {
            visit(spelling, &names[i]);
        }
    }
}

static void each_name(struct spelling *spelling, struct wanted *wanted, visit_name *visit)
{
    each(spelling, &wanted->schema, 1, visit);
    each(spelling, &wanted->history_schema, 1, visit);
    each(spelling, &wanted->history_table, 1, visit);
    each(spelling, wanted->extensions.items, wanted->extensions.count, visit);
    for (size_t i = 0; i < wanted->type_count; i++) {
        each(spelling, &wanted->types[i].schema, 1, visit);
        each(spelling, &wanted->types[i].name, 1, visit);
        each(spelling, wanted->types[i].values.items, wanted->types[i].values.count, visit);
    }
    for (size_t i = 0; i < wanted->table_count; i++) {
        each(spelling, &wanted->tables[i].schema, 1, visit);
        each(spelling, &wanted->tables[i].name, 1, visit);
        each(spelling, wanted->tables[i].columns.items, wanted->tables[i].columns.count, visit);
        each(spelling, wanted->tables[i].indexes.items, wanted->tables[i].indexes.count, visit);
    }
}

/* ---- a copy ---- */

static void *copy_of(const void *array, size_t count, size_t size, struct arena *arena)
{
    void *copy = arena_array(arena, count, size);

    return count ? memcpy(copy, array, count * size) : copy;
}

static void own(struct strings *list, struct arena *arena)
{
    list->items = copy_of(list->items, list->count, sizeof *list->items, arena);
}

static struct wanted *own_all(const struct wanted *wanted, struct arena *arena)
{
    struct wanted *copy = copy_of(wanted, 1, sizeof *wanted, arena);

    own(&copy->extensions, arena);
    copy->types = copy_of(wanted->types, wanted->type_count, sizeof *wanted->types, arena);
    for (size_t i = 0; i < copy->type_count; i++) {
        own(&copy->types[i].values, arena);
    }
    copy->tables = copy_of(wanted->tables, wanted->table_count, sizeof *wanted->tables, arena);
    for (size_t i = 0; i < copy->table_count; i++) {
        own(&copy->tables[i].columns, arena);
        own(&copy->tables[i].indexes, arena);
    }
    return copy;
}

const struct wanted *spelling_of(PGconn *connection, const struct wanted *wanted, const struct deadline *deadline,
                                 struct arena *arena, struct database_error *why)
{
    struct spelling spelling = { .connection = connection, .deadline = deadline };
    const char *encoding = PQparameterStatus(connection, "server_encoding");

    if (encoding && strcmp(encoding, "UTF8") == 0) { /* ours: it spells all */
        return wanted;
    }

    struct wanted *spelled = own_all(wanted, arena);

    spelling.broken = !pipeline_begin(connection);
    each_name(&spelling, spelled, ask);
    each_name(&spelling, spelled, take);
    return !spelling.broken && pipeline_end(connection, deadline)
               ? spelled
               : query_failed(connection, NULL, deadline, arena, why);
}
