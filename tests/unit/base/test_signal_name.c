#include "base/signal_name.h"

#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void names_are_read_in_every_usual_form(void **state)
{
    (void)state;
    assert_int_equal(signal_number("TERM"), SIGTERM);
    assert_int_equal(signal_number("SIGTERM"), SIGTERM);
    assert_int_equal(signal_number("sigquit"), SIGQUIT);
    assert_int_equal(signal_number("15"), SIGTERM);
    assert_int_equal(signal_number("RTMIN"), SIGRTMIN);
    assert_int_equal(signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
    assert_int_equal(signal_number("rtmax-1"), SIGRTMAX - 1);
}

static void what_is_no_signal_is_0(void **state)
{
    (void)state;
    static const char *const bad[] = { "",    "SIG",    "TERMINATE", "0",       "-15",      "65",      "150",
                                       "15 ", "RTMIN+", "RTMIN-1",   "RTMAX+1", "RTMIN+99", "RTMIN+x", "SIGSIGTERM" };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (signal_number(bad[i]) != 0) {
            fail_msg("\"%s\" was read as %d", bad[i], signal_number(bad[i]));
        }
    }
}

static void every_name_reads_back(void **state)
{
    (void)state;
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (number < 32 || number >= SIGRTMIN) {
            assert_int_equal(signal_number(signal_name(number)), number);
        }
    }
    assert_string_equal(signal_name(0), "unknown");
    assert_string_equal(signal_name(-1), "unknown");
    assert_string_equal(signal_name(1000), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_in_every_usual_form),
        cmocka_unit_test(what_is_no_signal_is_0),
        cmocka_unit_test(every_name_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
