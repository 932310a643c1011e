#include "base/percent.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_decoded(const char *text, const char *expected, size_t length)
{
    char out[64];

    assert_int_equal(percent_decode(text, strlen(text), out), length);
    assert_memory_equal(out, expected, length);
}

static void two_hexadecimal_digits_are_a_byte(void **state)
{
    (void)state;
    assert_int_equal(percent_byte('0', '0'), 0);
    assert_int_equal(percent_byte('f', 'F'), 255);
    assert_int_equal(percent_byte('4', '0'), '@');
    assert_int_equal(percent_byte('g', '0'), -1);
    assert_int_equal(percent_byte('0', '\0'), -1);
}

static void what_is_no_escape_stays_as_it_is(void **state)
{
    (void)state;
    assert_decoded("p%40ss%2f%C3%B6", "p@ss/ö", 7);
    assert_decoded("100%, %4, %4x, %%41, %", "100%, %4, %4x, %A, %", 20);
    assert_decoded("a%00b", "a\0b", 3);
    assert_decoded("", "", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hexadecimal_digits_are_a_byte),
        cmocka_unit_test(what_is_no_escape_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
