#include "../cost.h"
#include "status/documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 4000

static struct table_state tables[] = { { "dot.in.name", 0, false, false }, { "other.dot.too", 5, true, true } };
static struct problem problems[] = { { PROBLEM_MISSING_TABLE, "app.dot.in.name", NULL, 1 } };
static struct check check = { .tables = tables, .table_count = 2, .problems = problems, .problem_count = 1 };
static struct status status = {
    .version = "1", .phase = PHASE_RUNNING, .schema = "app", .preset = "none", .connected = true, .check = &check
};

static bool shows(enum document document, const char *words)
{
    char *text = document_render(document, &status);

    assert_non_null(text);

    bool there = strstr(text, words);

    free(text);
    return there;
}

static void a_dot_in_a_table_s_name_makes_no_schema(void **state)
{
    (void)state;
    assert_true(shows(DOCUMENT_METRICS, "pgentry_table_up{schema=\"app\",table=\"dot.in.name\"} 0\n"));
    assert_true(shows(DOCUMENT_METRICS, "pgentry_table_up{schema=\"other\",table=\"dot.too\"} 1\n"));
}

static void a_table_s_problems_stand_beside_it_also_with_a_dot_in_its_name(void **state)
{
    (void)state;
    assert_true(shows(DOCUMENT_PAGE, "<td class=bad>missing</td><td><ul><li>"));
    assert_false(shows(DOCUMENT_PAGE, "<ul class=besides>"));
}

/* ---- many tables ---- */

static struct table_state many_tables[MANY];
static struct problem many_problems[MANY];
static char many_names[MANY][32], many_objects[MANY][32];

/* Tables each with a problem, of which the last stands first. */
static struct status broken_tables(struct check *broken, size_t count, enum problem_code code)
{
    struct status all = status;
    *broken = (struct check){
        .tables = many_tables,
        .table_count = count,
        .problems = many_problems,
        .problem_count = code == PROBLEM_MISSING_PRIVILEGE ? 1 : count, /* a schema is told once */
    };
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(many_names[i], sizeof many_names[i], "t%zu", i);
        (void)snprintf(many_objects[i], sizeof many_objects[i], "app.t%zu.c", count - 1 - i);
        many_tables[i] = (struct table_state){ many_names[i], 0, true, false };
        many_problems[i] = code == PROBLEM_MISSING_PRIVILEGE
                               ? (struct problem){ code, "schema app", "usage", 0 }
                               : (struct problem){ code, many_objects[i], NULL, (uint32_t)(count - i) };
    }
    all.check = broken;
    return all;
}

static char *page_of(const struct status *all)
{
    char *text = document_render(DOCUMENT_PAGE, all);

    assert_non_null(text);
    return text;
}

static size_t occurrences(const char *text, const char *words)
{
    size_t count = 0;

    for (; (text = strstr(text, words)) != NULL; text++) {
        count++;
    }
    return count;
}

static void each_of_many_tables_has_its_own_problem_beside_it(void **state)
{
    struct check broken;
    struct status all = broken_tables(&broken, 1000, PROBLEM_MISSING_COLUMN);
    char *text = page_of(&all), row[256];

    (void)state;
    for (size_t i = 0; i < broken.table_count; i++) {
        (void)snprintf(row, sizeof row,
                       "<tr><th scope=row>t%zu</th><td class=bad>incomplete</td><td><ul><li>column app.t%zu.c ", i, i);
        assert_int_equal(occurrences(text, row), 1);
    }
    assert_int_equal(occurrences(text, "<li>column app.t"), broken.table_count);
    free(text);
}

static void a_right_that_lacks_on_a_schema_is_told_once_beside_each_of_its_tables(void **state)
{
    struct check broken;
    struct status all = broken_tables(&broken, 100, PROBLEM_MISSING_PRIVILEGE);
    char *text = page_of(&all);

    (void)state;
    many_tables[99].exists = false;
    assert_int_equal(occurrences(text, "<li>no right to usage on schema app"), 100);
    free(text);
    text = page_of(&all);
    assert_int_equal(occurrences(text, "<li>no right to usage on schema app"), 99);
    assert_null(strstr(text, "<ul class=besides>"));
    free(text);
}

static void render_page(size_t count)
{
    struct check broken;
    struct status all = broken_tables(&broken, count, PROBLEM_MISSING_COLUMN);

    free(page_of(&all));
}

static void the_page_of_twenty_times_the_tables_takes_not_four_hundred_times_as_long(void **state)
{
    (void)state;
    assert_true(cost_of(render_page, MANY) < 100 * cost_of(render_page, MANY / 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dot_in_a_table_s_name_makes_no_schema),
        cmocka_unit_test(a_table_s_problems_stand_beside_it_also_with_a_dot_in_its_name),
        cmocka_unit_test(each_of_many_tables_has_its_own_problem_beside_it),
        cmocka_unit_test(a_right_that_lacks_on_a_schema_is_told_once_beside_each_of_its_tables),
        cmocka_unit_test(the_page_of_twenty_times_the_tables_takes_not_four_hundred_times_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
