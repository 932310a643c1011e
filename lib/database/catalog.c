#include "database/catalog.h"

#include <stdlib.h>
#include <string.h>

/* The wanted tables that exist: n is the place in wanted->tables, counted from 1. */
#define FOUND                                                                                                      \
    "(SELECT w.n, c.oid, c.relnamespace FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)" \
    " JOIN pg_namespace s ON s.nspname = w.schema::name"                                                           \
    " JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = w.name::name AND c.relkind IN " CATALOG_KINDS ")"

/* The wanted enums that exist. */
#define FOUND_TYPES                                                                                \
    "(SELECT w.n, t.oid FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)" \
    " JOIN pg_namespace s ON s.nspname = w.schema::name"                                           \
    " JOIN pg_type t ON t.typnamespace = s.oid AND t.typname = w.name::name AND t.typtype = 'e')"

/* What is asked of them: t is the place of the table or enum, n its own among all that is asked, again from 1. */
#define ASKED "unnest($3::int[], $4::text[]) WITH ORDINALITY AS k(t, name, n)"

static const char *const questions[CATALOGS] = {
    [CATALOG_TABLES] =
        "SELECT w.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)"
        " WHERE NOT EXISTS (SELECT FROM pg_namespace s JOIN pg_class c ON c.relnamespace = s.oid"
        " WHERE s.nspname = w.schema::name AND c.relname = w.name::name AND c.relkind IN " CATALOG_KINDS ")"
        " ORDER BY w.n",
    [CATALOG_COLUMNS] = "SELECT k.n FROM " ASKED " JOIN " FOUND " f ON f.n = k.t"
                        " WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = f.oid"
                        " AND a.attname = k.name::name AND a.attnum > 0 AND NOT a.attisdropped) ORDER BY k.n",
    [CATALOG_INDEXES] = "SELECT k.n, c.oid IS NOT NULL FROM " ASKED " JOIN " FOUND " f ON f.n = k.t"
                        " LEFT JOIN (pg_class c JOIN pg_index i ON i.indexrelid = c.oid)"
                        " ON c.relnamespace = f.relnamespace AND c.relname = k.name::name AND i.indrelid = f.oid"
                        " WHERE i.indisvalid IS DISTINCT FROM true ORDER BY k.n",
    [CATALOG_PRIVILEGES] = /* a schema is told once */
    "SELECT n, enters OR row_number() OVER (PARTITION BY space ORDER BY n) > 1, may"
    " FROM (SELECT k.n, f.relnamespace AS space, has_schema_privilege(f.relnamespace, 'USAGE') AS enters,"
    " has_table_privilege(f.oid, k.name) AS may FROM " ASKED " JOIN " FOUND " f ON f.n = k.t) p"
    " WHERE NOT (enters AND may) ORDER BY n",
    [CATALOG_TYPES] = "SELECT w.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)"
                      " WHERE NOT EXISTS (SELECT FROM pg_namespace s JOIN pg_type t ON t.typnamespace = s.oid"
                      " WHERE s.nspname = w.schema::name AND t.typname = w.name::name AND t.typtype = 'e')"
                      " ORDER BY w.n",
    [CATALOG_VALUES] = "SELECT k.n FROM " ASKED " JOIN " FOUND_TYPES " f ON f.n = k.t"
                       " WHERE NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = f.oid AND e.enumlabel = k.name)"
                       " ORDER BY k.n",
    [CATALOG_EXTENSIONS] = "SELECT w.n FROM unnest($1::text[]) WITH ORDINALITY AS w(name, n)"
                           " WHERE NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = w.name::name)"
                           " ORDER BY w.n",
};

/* ---- asking ---- */

void catalog_tables(const struct wanted *wanted, const char *arrays[2], struct arena *arena)
{
    struct array_text schemas, names;

    array_begin(&schemas, arena);
    array_begin(&names, arena);
    for (size_t i = 0; i < wanted->table_count; i++) {
        array_add(&schemas, wanted->tables[i].schema, arena);
        array_add(&names, wanted->tables[i].name, arena);
    }
    arrays[0] = array_end(&schemas, arena);
    arrays[1] = array_end(&names, arena);
}

static void ask_tables(const struct wanted *wanted, struct statement *statement, struct arena *arena)
{
    statement->parameter_count = 2;
    catalog_tables(wanted, statement->parameters, arena);
}

static void ask_types(const struct wanted *wanted, struct statement *statement, struct arena *arena)
{
    struct array_text schemas, names;

    array_begin(&schemas, arena);
    array_begin(&names, arena);
    for (size_t i = 0; i < wanted->type_count; i++) {
        array_add(&schemas, wanted->types[i].schema, arena);
        array_add(&names, wanted->types[i].name, arena);
    }
    statement->parameter_count = 2;
    statement->parameters[0] = array_end(&schemas, arena);
    statement->parameters[1] = array_end(&names, arena);
}

/* How many there are that are asked for themselves, or for their parts. */
static size_t whole_count(enum catalog catalog, const struct wanted *wanted)
{
    return catalog == CATALOG_TYPES || catalog == CATALOG_VALUES ? wanted->type_count
           : catalog == CATALOG_EXTENSIONS                       ? wanted->extensions.count
                                                                 : wanted->table_count;
}

/* What is asked of one of them; NULL: whether it is there itself. */
static const struct strings *parts_at(enum catalog catalog, const struct wanted *wanted, size_t i)
{
    return catalog == CATALOG_VALUES       ? &wanted->types[i].values
           : catalog == CATALOG_COLUMNS    ? &wanted->tables[i].columns
           : catalog == CATALOG_INDEXES    ? &wanted->tables[i].indexes
           : catalog == CATALOG_PRIVILEGES ? &wanted->tables[i].privileges
                                           : NULL;
}

/* Columns, indexes or privileges of the tables, or values of the enums; false if there are none. */
static bool ask_parts(enum catalog catalog, const struct wanted *wanted, struct statement *statement,
                      struct arena *arena)
{
    struct array_text places, names;
    size_t count = 0;

    array_begin(&places, arena);
    array_begin(&names, arena);
    for (size_t i = 0; i < whole_count(catalog, wanted); i++) {
        const struct strings *list = parts_at(catalog, wanted, i);
        const char *place = arena_printf(arena, "%zu", i + 1);

        for (size_t k = 0; k < list->count; k++) {
            array_add(&places, place, arena);
            array_add(&names, list->items[k], arena);
        }
        count += list->count;
    }
    (catalog == CATALOG_VALUES ? ask_types : ask_tables)(wanted, statement, arena);
    statement->parameter_count = 4;
    statement->parameters[2] = array_end(&places, arena);
    statement->parameters[3] = array_end(&names, arena);
    return count > 0;
}

static void ask_extensions(const struct wanted *wanted, struct statement *statement, struct arena *arena)
{
    struct array_text names;

    array_begin(&names, arena);
    for (size_t i = 0; i < wanted->extensions.count; i++) {
        array_add(&names, wanted->extensions.items[i], arena);
    }
    statement->parameter_count = 1;
    statement->parameters[0] = array_end(&names, arena);
}

bool catalog_statement(enum catalog catalog, const struct wanted *wanted, struct statement *statement,
                       struct arena *arena)
{
    *statement = (struct statement){ .sql = questions[catalog] };
    switch (catalog) {
    case CATALOG_TABLES:
        ask_tables(wanted, statement, arena);
        break;
    case CATALOG_COLUMNS:
    case CATALOG_INDEXES:
    case CATALOG_PRIVILEGES:
    case CATALOG_VALUES:
        return ask_parts(catalog, wanted, statement, arena);
    case CATALOG_TYPES:
        ask_types(wanted, statement, arena);
        break;
    case CATALOG_EXTENSIONS:
        ask_extensions(wanted, statement, arena);
        break;
    case CATALOGS:
        return false;
    }
    return whole_count(catalog, wanted) > 0;
}

/* ---- reading the answers ---- */

struct problem *check_problem(struct check *check, enum problem_code code, const char *object, const char *detail,
                              struct arena *arena)
{
    check->problems =
        arena_grow(arena, check->problems, check->problem_count, &check->problem_capacity, sizeof *check->problems);
    check->problems[check->problem_count] = (struct problem){ code, object, detail, 0 };
    return &check->problems[check->problem_count++];
}

void catalog_start(const struct wanted *wanted, struct check *check, struct arena *arena)
{
    wanted_tables(wanted, check, arena);
    for (size_t i = 0; i < check->table_count; i++) {
        check->tables[i].exists = check->tables[i].healthy = true;
    }
}

/* A place counted from 1 in a list of that length; the length itself if it is none. */
static size_t place(const PGresult *result, int row, size_t count)
{
    unsigned long long number = strtoull(PQgetvalue(result, row, 0), NULL, 10);

    return number >= 1 && number <= count ? (size_t)number - 1 : count;
}

/* A table, an enum or an extension, or what is asked of it. */
struct part {
    size_t whole;
    const char *name; /* NULL: it itself */
};

struct parts {
    struct part *items;
    size_t count;
};

/* In the order in which they are asked for. */
static struct parts parts_of(enum catalog catalog, const struct wanted *wanted, struct arena *arena)
{
    struct parts parts = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < whole_count(catalog, wanted); i++) {
        const struct strings *list = parts_at(catalog, wanted, i);

        count += list ? list->count : 1;
    }
    parts.items = arena_array(arena, count, sizeof *parts.items);
    for (size_t i = 0; i < whole_count(catalog, wanted); i++) {
        const struct strings *list = parts_at(catalog, wanted, i);

        for (size_t k = 0; k < (list ? list->count : 1); k++) {
            parts.items[parts.count++] = (struct part){ i, list ? list->items[k] : NULL };
        }
    }
    return parts;
}

static void table_problem(struct check *check, size_t table, enum problem_code code, const char *object,
                          const char *detail, struct arena *arena)
{
    check_problem(check, code, object, detail, arena)->table = (uint32_t)table + 1;
}

/* What a row says of one table. */
static void read_table_row(enum catalog catalog, const PGresult *result, int row, const struct part *part,
                           const struct wanted_table *table, struct check *check, struct arena *arena)
{
    bool second = result_is_true(result, row, 1), third = result_is_true(result, row, 2);
    const char *object = arena_printf(arena, "%s.%s", table->schema, table->name);

    check->tables[part->whole].exists &= catalog != CATALOG_TABLES;
    check->tables[part->whole].healthy = false;
    switch (catalog) {
    case CATALOG_TABLES:
        table_problem(check, part->whole, PROBLEM_MISSING_TABLE, object, NULL, arena);
        break;
    case CATALOG_COLUMNS:
        table_problem(check, part->whole, PROBLEM_MISSING_COLUMN, arena_printf(arena, "%s.%s", object, part->name),
                      NULL, arena);
        break;
    case CATALOG_INDEXES:
        table_problem(check, part->whole, second ? PROBLEM_INVALID_INDEX : PROBLEM_MISSING_INDEX,
                      arena_printf(arena, "%s.%s", table->schema, part->name), NULL, arena);
        break;
    default: /* privileges */
        if (!second) {
            check_problem(check, PROBLEM_MISSING_PRIVILEGE, arena_printf(arena, "schema %s", table->schema), "usage",
                          arena);
        }
        if (!third) {
            table_problem(check, part->whole, PROBLEM_MISSING_PRIVILEGE, object, part->name, arena);
        }
        break;
    }
}

/* And of an enum. */
static void read_type_row(const struct part *part, const struct wanted_type *type, struct check *check,
                          struct arena *arena)
{
    const char *object = arena_printf(arena, "%s.%s", type->schema, type->name);

    if (part->name) {
        check_problem(check, PROBLEM_MISSING_VALUE, arena_printf(arena, "%s.%s", object, part->name), NULL, arena);
    } else {
        check_problem(check, PROBLEM_MISSING_ENUM, object, NULL, arena);
    }
}

bool catalog_read(enum catalog catalog, const PGresult *result, const struct wanted *wanted, struct check *check,
                  struct arena *arena)
{
    const struct parts parts = parts_of(catalog, wanted, arena);

    for (int row = 0; row < PQntuples(result); row++) {
        size_t i = place(result, row, parts.count);

        if (i == parts.count) {
            return false;
        }

        const struct part *part = &parts.items[i];

        if (catalog == CATALOG_EXTENSIONS) {
            check_problem(check, PROBLEM_MISSING_EXTENSION, wanted->extensions.items[part->whole], NULL, arena);
        } else if (catalog == CATALOG_TYPES || catalog == CATALOG_VALUES) {
            read_type_row(part, &wanted->types[part->whole], check, arena);
        } else {
            read_table_row(catalog, result, row, part, &wanted->tables[part->whole], check, arena);
        }
    }
    return true;
}
