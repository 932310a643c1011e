#include "status/documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct table_state tables[] = { { "dot.in.name", 0, false, false }, { "other.dot.too", 5, true, true } };
static struct problem problems[] = { { PROBLEM_MISSING_TABLE, "app.dot.in.name", NULL } };
static struct check check = { .tables = tables, .table_count = 2, .problems = problems, .problem_count = 1 };
static struct status status = {
    .version = "1", .phase = PHASE_RUNNING, .schema = "app", .preset = "none", .connected = true, .check = &check
};

static bool shows(enum document document, const char *words)
{
    size_t length;
    char *text = document_render(document, &status, &length);

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dot_in_a_table_s_name_makes_no_schema),
        cmocka_unit_test(a_table_s_problems_stand_beside_it_also_with_a_dot_in_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
