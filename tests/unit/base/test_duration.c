#include "base/duration.h"

#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static duration parsed(const char *text)
{
    duration value = -1;

    assert_true(duration_parse(text, &value));
    return value;
}

static void durations_are_read_as_people_write_them(void **state)
{
    (void)state;
    assert_int_equal(parsed("250ms"), 250);
    assert_int_equal(parsed("2s"), 2000);
    assert_int_equal(parsed("1.5s"), 1500);
    assert_int_equal(parsed("5m"), 300000);
    assert_int_equal(parsed("1h"), 3600000);
    assert_int_equal(parsed("0.25h"), 900000);
    assert_int_equal(parsed("1.0005s"), 1000);
    assert_int_equal(parsed("0"), 0);
    assert_int_equal(parsed("0s"), 0);
    assert_int_equal(parsed("0.0"), 0);
    assert_int_equal(parsed("1000h"), DURATION_MAX);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "5",
                                       "s",
                                       "-1s",
                                       "+1s",
                                       "1 s",
                                       "1d",
                                       "1S",
                                       "1.s",
                                       ".5s",
                                       "1s2m",
                                       "1e3s",
                                       "0x10s",
                                       "1001h",
                                       "1ms ",
                                       "1,5s",
                                       "NaN",
                                       "inf",
                                       "1000000000000000000000h",
                                       "0.0001s",
                                       "99999999999999999999ms",
                                       "1000.001h" };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        duration value = -7;

        if (duration_parse(bad[i], &value)) {
            fail_msg("\"%s\" was read as %lld", bad[i], (long long)value);
        }
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    static const struct {
        duration value;
        const char *text;
    } rows[] = { { 0, "0" },
                 { 1, "1ms" },
                 { 250, "250ms" },
                 { 999, "999ms" },
                 { 1000, "1s" },
                 { 1500, "1.5s" },
                 { 1001, "1.001s" },
                 { 60000, "1m" },
                 { 90000, "90s" },
                 { 3600000, "1h" },
                 { 5400000, "90m" },
                 { 3600001, "3600.001s" },
                 { DURATION_MAX, "1000h" } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buffer[DURATION_TEXT];

        assert_string_equal(duration_format(rows[i].value, buffer), rows[i].text);
        assert_int_equal(parsed(rows[i].text), rows[i].value);
    }
}

static void people_read_rounded_times(void **state)
{
    (void)state;
    char buffer[DURATION_TEXT];

    assert_string_equal(duration_human(12, buffer), "12 ms");
    assert_string_equal(duration_human(1420, buffer), "1.4 s");
    assert_string_equal(duration_human(42900, buffer), "42 s");
    assert_string_equal(duration_human(125000, buffer), "2 min 5 s");
    assert_string_equal(duration_human(DURATION_MAX, buffer), "1000 h 0 min");
}

static void the_timestamp_is_utc_as_the_c_library_sees_it(void **state)
{
    (void)state;
    char buffer[TIMESTAMP_TEXT], expected[TIMESTAMP_TEXT];
    struct timespec before, after; /* time(2) reads a coarser clock, which lags behind by some milliseconds */

    do { /* unless the second changed in between */
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
        assert_ptr_equal(timestamp_now(buffer), buffer);
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &after), 0);
    } while (before.tv_sec != after.tv_sec);
    assert_int_not_equal(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.", gmtime(&before.tv_sec)), 0);
    assert_memory_equal(buffer, expected, strlen(expected));
    assert_int_equal(strlen(buffer), strlen("2025-10-12T10:29:58.120Z"));
    assert_int_equal(buffer[23], 'Z');
}

static void the_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_now_us();

    assert_true(clock_now_us() >= before);
    assert_true(clock_now() >= before / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_as_people_write_them),       cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(what_is_written_reads_back_the_same),           cmocka_unit_test(people_read_rounded_times),
        cmocka_unit_test(the_timestamp_is_utc_as_the_c_library_sees_it), cmocka_unit_test(the_clock_never_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
