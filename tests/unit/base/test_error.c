#include "base/error.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_error_carries_status_message_and_hint(void **state)
{
    (void)state;
    struct error error;

    assert_false(error_set(&error, STATUS_CONFIG, "no such file: %s", "a.yaml"));
    assert_int_equal(error.status, 78);
    assert_string_equal(error.message, "no such file: a.yaml");
    assert_string_equal(error.hint, "");
    assert_false(error_hint(&error, "make %s", "it"));
    assert_string_equal(error.hint, "make it");
    (void)error_set(&error, STATUS_USAGE, "other");
    assert_string_equal(error.hint, ""); /* a hint belongs to its message */
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    struct error error;
    char long_text[3000];

    for (size_t i = 0; i + 2 < sizeof long_text; i += 2) {
        memcpy(long_text + i, "ä", 3);
    }
    (void)error_set(&error, STATUS_CONFIG, "%s", long_text);
    assert_int_equal(strlen(error.message), sizeof error.message - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_carries_status_message_and_hint),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
