#include "database/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Replicas of different versions must meet at the same key, so it may never change. */
static void the_key_of_a_database_and_schema_is_fixed(void **state)
{
    (void)state;
    assert_true(lock_key("postgres", "public") == INT64_C(2992610608629324660));
    assert_true(lock_key("postgres", "public") == lock_key("postgres", "public"));
}

static void another_schema_or_database_is_another_key(void **state)
{
    (void)state;
    assert_true(lock_key("shop", "public") != lock_key("shop", "app"));
    assert_true(lock_key("shop", "public") != lock_key("shop2", "public"));
    assert_true(lock_key("ab", "c") != lock_key("a", "bc"));
    assert_true(lock_key("", "a") != lock_key("a", ""));
}

static void the_key_is_not_prismas(void **state)
{
    (void)state;
    assert_true(lock_key("postgres", "public") != 72707369);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_a_database_and_schema_is_fixed),
        cmocka_unit_test(another_schema_or_database_is_another_key),
        cmocka_unit_test(the_key_is_not_prismas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
