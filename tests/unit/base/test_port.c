#include "base/port.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_port_is_a_decimal_number_up_to_65535(void **state)
{
    (void)state;
    assert_int_equal(port_number("1", 1), 1);
    assert_int_equal(port_number("5432", 4), 5432);
    assert_int_equal(port_number("65535", 5), 65535);
    assert_int_equal(port_number("5432/app", 4), 5432);
}

static void what_is_no_port_is_0(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "0", "65536", "99999999999999999999", "-1", "+1", " 1", "1 ", "5432x", "0x10"
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(port_number(bad[i], strlen(bad[i])), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_a_decimal_number_up_to_65535),
        cmocka_unit_test(what_is_no_port_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
