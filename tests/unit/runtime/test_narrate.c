/* The sentences of the boot machine's table, and what fills them in. */
#include "runtime/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_filled_in(const char *sentence)
{
    for (const char *brace = sentence ? strchr(sentence, '{') : NULL; brace; brace = strchr(brace + 1, '{')) {
        size_t length = strcspn(brace + 1, "}");
        assert_int_equal(brace[1 + length], '}');
        if (!narrate_fills(brace + 1, length)) {
            fail_msg("{%.*s} would be printed as it stands", (int)length, brace + 1);
        }
    }
}

static void every_placeholder_of_a_sentence_is_filled_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < boot_table_rows; i++) {
        assert_filled_in(boot_table[i].sentence);
        assert_filled_in(boot_table[i].because);
    }
}

static void another_name_is_none(void **state)
{
    (void)state;
    assert_true(narrate_fills("step", 4));
    assert_false(narrate_fills("step", 3));
    assert_false(narrate_fills("steps", 5));
    assert_false(narrate_fills("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_placeholder_of_a_sentence_is_filled_in),
        cmocka_unit_test(another_name_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
