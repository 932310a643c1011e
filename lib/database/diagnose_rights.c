/* Rights that nobody listed, and without which nothing works: to read the critical tables, to create what is missing,
 * to alter what is another's. */
#include "database/catalog.h"
#include "database/diagnosing.h"

/* pg_database_owner, which owns public since PostgreSQL 15, cannot log in: the database's owner is its one member. */
static const char owner_of[] =
    "SELECT pg_get_userbyid(CASE WHEN r.rolname = 'pg_database_owner' THEN d.datdba ELSE o.owner END)"
    " FROM (SELECT coalesce(c.relowner, s.nspowner) AS owner FROM pg_namespace s"
    " LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = $2::name WHERE s.nspname = $1::name) o"
    " LEFT JOIN pg_roles r ON r.oid = o.owner JOIN pg_database d ON d.datname = current_database()";

const char *diagnose_owner(struct diagnosing *diagnosing, const char *schema, const char *table)
{
    const struct statement statement = {
        .sql = owner_of,
        .parameter_count = 2,
        .parameters = { schema, table },
    };
    PGresult *result =
        diagnose_ask(diagnosing, &diagnosing->url, SECTION_CONNECTION, "the owner of a table", &statement);
    const char *owner = result && PQntuples(result) ? diagnose_value(diagnosing, result, 0, 0) : NULL;

    PQclear(result);
    return owner;
}

const char *diagnose_grant(struct diagnosing *diagnosing, const struct asked *asked, const char *rights,
                           const char *schema, const char *table)
{
    struct arena *arena = diagnosing->arena;
    const char *object = table ? arena_printf(arena, "TABLE %s.%s", sql_name(schema, arena), sql_name(table, arena))
                               : arena_printf(arena, "SCHEMA %s", sql_name(schema, arena));
    const char *sql = arena_printf(arena, "GRANT %s ON %s TO %s", rights, object, sql_role(asked->place->user, arena));

    return psql_command(&asked->psql, diagnose_owner(diagnosing, schema, table ? table : ""), NULL, sql, arena);
}

/* ---- to read ---- */

/* Of one column is enough: that is how rights by column are granted. A schema is told once. */
static const char unreadable_tables[] =
    "SELECT n, enters OR row_number() OVER (PARTITION BY space ORDER BY n) > 1, reads"
    " FROM (SELECT w.n, s.oid AS space, has_schema_privilege(s.oid, 'USAGE') AS enters,"
    " has_any_column_privilege(c.oid, 'SELECT') AS reads"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)"
    " JOIN pg_namespace s ON s.nspname = w.schema::name"
    " JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = w.name::name AND c.relkind IN " CATALOG_KINDS ")"
    " p WHERE NOT (enters AND reads) ORDER BY n";

/* A warning: an application that only writes is no mistake. */
static void tell_unreadable(struct diagnosing *diagnosing, const char *object, const char *right, const char *grant)
{
    finding_add(diagnosing->findings, FINDING_MISSING_PRIVILEGE, object, right, grant)->severity = SEVERITY_WARNING;
}

static void look_for_unreadable(struct diagnosing *diagnosing)
{
    const struct wanted *wanted = diagnosing->request->wanted;
    const struct asked *url = &diagnosing->url;
    struct statement statement = { .sql = unreadable_tables, .parameter_count = 2 };
    PGresult *result;

    catalog_tables(diagnosing->spelled, statement.parameters, diagnosing->arena);
    result = diagnose_ask(diagnosing, &diagnosing->url, SECTION_TABLES, "the rights on the tables", &statement);
    for (int row = 0; result && row < PQntuples(result); row++) {
        size_t n = (size_t)diagnose_number(result, row, 0);
        const struct wanted_table *table = n >= 1 && n <= wanted->table_count ? &wanted->tables[n - 1] : NULL;

        if (!table || table->privileges.count) { /* the look at what is asked for has told of those */
            continue;
        }
        if (!result_is_true(result, row, 1)) {
            tell_unreadable(diagnosing, arena_printf(diagnosing->arena, "schema %s", table->schema), "usage",
                            diagnose_grant(diagnosing, url, "USAGE", table->schema, NULL));
        }
        if (!result_is_true(result, row, 2)) {
            tell_unreadable(diagnosing, arena_printf(diagnosing->arena, "%s.%s", table->schema, table->name), "select",
                            diagnose_grant(diagnosing, url, "SELECT", table->schema, table->name));
        }
    }
    PQclear(result);
}

/* ---- to create ---- */

/* Whether the steps have something to create here. */
static bool is_to_create(const struct diagnosing *diagnosing)
{
    const struct check *check = &diagnosing->diagnosis->check;
    bool missing = check->migrations.pending.count > 0 || check->migrations.failed > 0;

    for (size_t i = 0; i < check->problem_count; i++) {
        missing |= check->problems[i].code == PROBLEM_MISSING_TABLE || check->problems[i].code == PROBLEM_MISSING_ENUM;
    }
    return missing && diagnosing->request->config->migrate.steps.count > 0;
}

static void look_for_creator(struct diagnosing *diagnosing)
{
    struct asked *steps = diagnosing->lock;
    const char *schema = diagnosing->request->wanted->schema;
    const struct statement statement = {
        .sql = "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace"
               " WHERE nspname = $1::name AND NOT has_schema_privilege(oid, 'CREATE')",
        .parameter_count = 1,
        .parameters = { diagnosing->spelled->schema },
    };
    PGresult *result = diagnose_ask(diagnosing, steps, SECTION_TABLES, "the rights of the steps", &statement);

    if (result && PQntuples(result)) {
        const char *rights = result_is_true(result, 0, 0) ? "CREATE" : "USAGE, CREATE";

        finding_add(diagnosing->findings, FINDING_NO_CREATE, schema, steps->place->user,
                    diagnose_grant(diagnosing, steps, rights, schema, NULL));
    }
    PQclear(result);
}

/* ---- to alter ---- */

/* A column is missing. */
static bool is_to_alter(const struct diagnosing *diagnosing, int64_t table)
{
    const struct check *check = &diagnosing->diagnosis->check;

    for (size_t i = 0; i < check->problem_count; i++) {
        if (check->problems[i].code == PROBLEM_MISSING_COLUMN && check->problems[i].table == table) {
            return true;
        }
    }
    return false;
}

static const char foreign_tables[] =
    "SELECT w.n, pg_get_userbyid(c.relowner), quote_ident(w.schema) || '.' || quote_ident(w.name)"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)"
    " JOIN pg_namespace s ON s.nspname = w.schema::name"
    " JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = w.name::name AND c.relkind IN " CATALOG_KINDS
    " WHERE NOT pg_has_role(c.relowner, 'USAGE') ORDER BY w.n";

static void look_for_owner(struct diagnosing *diagnosing)
{
    struct arena *arena = diagnosing->arena;
    struct asked *steps = diagnosing->lock;
    struct statement statement = { .sql = foreign_tables, .parameter_count = 2 };
    PGresult *result;

    catalog_tables(diagnosing->spelled, statement.parameters, arena);
    result = diagnose_ask(diagnosing, steps, SECTION_TABLES, "the owners of the tables", &statement);
    for (int row = 0; result && row < PQntuples(result); row++) {
        const char *table = diagnose_value(diagnosing, result, row, 2);
        const char *sql = arena_printf(arena, "ALTER TABLE %s OWNER TO %s", table, sql_role(steps->place->user, arena));

        if (is_to_alter(diagnosing, diagnose_number(result, row, 0))) {
            finding_add(diagnosing->findings, FINDING_NOT_OWNER, table, diagnose_value(diagnosing, result, row, 1),
                        psql_command(&steps->psql, "postgres", NULL, sql, arena));
        }
    }
    PQclear(result);
}

void diagnose_rights(struct diagnosing *diagnosing)
{
    if (!diagnosing->diagnosis->checked) {
        return;
    }
    if (diagnosing->request->wanted->table_count) {
        look_for_unreadable(diagnosing);
    }
    if (is_to_create(diagnosing)) {
        look_for_creator(diagnosing);
    }
    if (diagnosing->request->config->migrate.steps.count) {
        look_for_owner(diagnosing);
    }
}
