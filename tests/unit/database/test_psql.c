#include "database/psql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_name_is_quoted_always(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(sql_name("users", arena), "\"users\"");
    assert_string_equal(sql_name("a\"b\\c", arena), "\"a\"\"b\\c\"");
    arena_free(arena);
}

static void a_string_means_the_same_whatever_a_backslash_means_there(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(sql_string("it's", arena), "'it''s'");
    assert_string_equal(sql_string("a\\'b", arena), "E'a\\\\''b'");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_quoted_always),
        cmocka_unit_test(a_string_means_the_same_whatever_a_backslash_means_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
