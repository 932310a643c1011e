#include "database/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *array_of(struct arena *arena, const char *const *elements)
{
    struct array_text array;

    array_begin(&array, arena);
    for (; *elements; elements++) {
        array_add(&array, *elements, arena);
    }
    return array_end(&array, arena);
}

static void an_array_quotes_every_element(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(array_of(arena, (const char *const[]){ NULL }), "{}");
    assert_string_equal(array_of(arena, (const char *const[]){ "a", "NULL", "", NULL }), "{\"a\",\"NULL\",\"\"}");
    assert_string_equal(array_of(arena, (const char *const[]){ "a\"b\\c,{}'", NULL }), "{\"a\\\"b\\\\c,{}'\"}");
    arena_free(arena);
}

static void an_array_grows_to_any_length(void **state)
{
    struct arena *arena = arena_new();
    struct array_text array;

    (void)state;
    array_begin(&array, arena);
    for (int i = 0; i < 10000; i++) {
        array_add(&array, "element", arena);
    }
    assert_int_equal(strlen(array_end(&array, arena)), 10000 * 10 + 1);
    arena_free(arena);
}

static void only_what_is_wanted_is_asked(void **state)
{
    struct arena *arena = arena_new();
    struct wanted_table table = { .schema = "public", .name = "users" };
    struct wanted wanted = { .schema = "public", .tables = &table, .table_count = 1 };
    struct statement statement;

    (void)state;
    assert_true(catalog_statement(CATALOG_TABLES, &wanted, &statement, arena));
    assert_int_equal(statement.parameter_count, 2);
    assert_string_equal(statement.parameters[1], "{\"users\"}");
    for (int i = CATALOG_COLUMNS; i < CATALOGS; i++) {
        assert_false(catalog_statement((enum catalog)i, &wanted, &statement, arena));
    }
    strings_add(arena, &table.columns, "userId");
    assert_true(catalog_statement(CATALOG_COLUMNS, &wanted, &statement, arena));
    assert_string_equal(statement.parameters[2], "{\"1\"}");
    assert_string_equal(statement.parameters[3], "{\"userId\"}");
    arena_free(arena);
}

static void a_name_never_becomes_sql_text(void **state)
{
    struct arena *arena = arena_new();
    struct wanted_table table = { .schema = "x'; DROP", .name = "y\"); DROP" };
    struct wanted wanted = { .schema = "public", .tables = &table, .table_count = 1 };
    struct statement statement;

    (void)state;
    strings_add(arena, &table.indexes, "DROP");
    strings_add(arena, &table.privileges, "DROP");
    strings_add(arena, &table.columns, "DROP");
    strings_add(arena, &wanted.extensions, "DROP");
    for (int i = 0; i < CATALOGS; i++) {
        catalog_statement((enum catalog)i, &wanted, &statement, arena);
        assert_null(strstr(statement.sql, "DROP"));
    }
    arena_free(arena);
}

static void a_table_outside_the_schema_is_named_with_its_own(void **state)
{
    struct arena *arena = arena_new();
    struct wanted_table tables[] = { { .schema = "app", .name = "a" }, { .schema = "public", .name = "b" } };
    struct wanted wanted = { .schema = "app", .tables = tables, .table_count = 2 };
    struct check check = { 0 };

    (void)state;
    catalog_start(&wanted, &check, arena);
    assert_string_equal(check.tables[0].name, "a");
    assert_string_equal(check.tables[1].name, "public.b");
    assert_int_equal(check.tables[0].schema, 0);
    assert_int_equal(check.tables[1].schema, strlen("public"));
    assert_true(check.tables[1].exists && check.tables[1].healthy);
    arena_free(arena);
}

static void any_number_of_problems_is_kept_in_order(void **state)
{
    struct arena *arena = arena_new();
    struct check check = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++) {
        check_problem(&check, PROBLEM_MISSING_TABLE, arena_printf(arena, "t%d", i), NULL, arena);
    }
    assert_int_equal(check.problem_count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_string_equal(check.problems[i].object, arena_printf(arena, "t%d", i));
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_quotes_every_element),
        cmocka_unit_test(an_array_grows_to_any_length),
        cmocka_unit_test(only_what_is_wanted_is_asked),
        cmocka_unit_test(a_name_never_becomes_sql_text),
        cmocka_unit_test(a_table_outside_the_schema_is_named_with_its_own),
        cmocka_unit_test(any_number_of_problems_is_kept_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
