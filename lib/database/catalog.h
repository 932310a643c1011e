/* The questions to PostgreSQL's catalog, each for any number of names at once: tables, columns, indexes, privileges,
 * enums and their values, extensions. Names are text[] parameters and compared exactly; a view counts as a table. */
#ifndef DATABASE_CATALOG_H
#define DATABASE_CATALOG_H

#include "config/wanted.h"
#include "database/protocol.h"
#include "database/query.h"

/* Relations that an application reads as a table: tables, partitioned ones, views, materialized views, foreign tables.
 */
#define CATALOG_KINDS "('r', 'p', 'v', 'm', 'f')"

enum catalog {
    CATALOG_TABLES,
    CATALOG_COLUMNS,
    CATALOG_INDEXES,
    CATALOG_PRIVILEGES,
    CATALOG_TYPES,
    CATALOG_VALUES,
    CATALOG_EXTENSIONS,
    CATALOGS
};

/* The statement that asks for all of one kind; false if nothing of that kind is wanted. Needs search_path pg_catalog.
 * Its rows are what is wrong. */
bool catalog_statement(enum catalog catalog, const struct wanted *wanted, struct statement *statement,
                       struct arena *arena);

/* Schemas and names of all wanted tables, as text[]. */
void catalog_tables(const struct wanted *wanted, const char *arrays[2], struct arena *arena);

/* The tables of the report, all of them there and healthy until a row says otherwise. */
void catalog_start(const struct wanted *wanted, struct check *check, struct arena *arena);

/* Adds the rows to check->problems and marks the tables. False if the rows are not what was asked for. */
bool catalog_read(enum catalog catalog, const PGresult *result, const struct wanted *wanted, struct check *check,
                  struct arena *arena);

/* Adds one problem, which may be changed until the next is added. */
struct problem *check_problem(struct check *check, enum problem_code code, const char *object, const char *detail,
                              struct arena *arena);

#endif
