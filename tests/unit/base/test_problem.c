#include "base/problem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void object_and_detail_are_filled_in(void **state)
{
    (void)state;
    char buffer[128];

    assert_string_equal(problem_sentence(PROBLEM_MISSING_PRIVILEGE, "public.users", "insert", buffer, sizeof buffer),
                        "no right to insert on public.users");
    assert_string_equal(problem_fix(PROBLEM_MISSING_EXTENSION, "uuid-ossp", NULL, buffer, sizeof buffer),
                        "CREATE EXTENSION \"uuid-ossp\"");
    assert_string_equal(problem_sentence(PROBLEM_MISSING_TABLE, "100%o", NULL, buffer, sizeof buffer),
                        "table 100%o does not exist"); /* a name is not a form */
    assert_string_equal(problem_sentence(PROBLEM_MISSING_TABLE, "public.users", NULL, buffer, 10), "table pub");
}

static void a_fix_quotes_the_name_for_sql(void **state)
{
    (void)state;
    char buffer[128];

    assert_string_equal(problem_fix(PROBLEM_MISSING_EXTENSION, "a\"; DROP", NULL, buffer, sizeof buffer),
                        "CREATE EXTENSION \"a\"\"; DROP\"");
}

static void every_code_has_its_own_word(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROBLEM_CODES; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(problem_word((enum problem_code)i), problem_word((enum problem_code)j));
        }
    }
    assert_string_equal(problem_word(PROBLEM_MISSING_TABLE), "missing-table");
}

static void nothing_to_verify_and_what_failed_and_verifies_all_the_same_are_no_illness(void **state)
{
    (void)state;
    for (enum problem_code i = 0; i < PROBLEM_CODES; i++) {
        assert_int_equal(problem_fatal(i), i != PROBLEM_NOTHING_TO_VERIFY && i != PROBLEM_MIGRATION_FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_and_detail_are_filled_in),
        cmocka_unit_test(a_fix_quotes_the_name_for_sql),
        cmocka_unit_test(every_code_has_its_own_word),
        cmocka_unit_test(nothing_to_verify_and_what_failed_and_verifies_all_the_same_are_no_illness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
