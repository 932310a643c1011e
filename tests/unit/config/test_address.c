#include "config/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void addresses_to_listen_on(void **state)
{
    (void)state;
    static const char *const good[] = { "127.0.0.1:9180", "[::1]:9180",    ":9180",
                                        "localhost:1",    "0.0.0.0:65535", "unix:/run/x.sock" };
    static const char *const bad[] = {
        "",      "9180",          "127.0.0.1",   "127.0.0.1:", "127.0.0.1:0", "h:65536",      "h:99999999999999999999",
        "h:1x",  "::1:9180",      "[]:1",        "[x]:1",      "[::1:9180",   "unix:",        "unix:run",
        "h h:1", "http://h:9180", "/run/x.sock", "u@h:1",      "*:19183",     "999.1.1.1:80", "h:80"
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (address_problem(good[i], false)) {
            fail_msg("%s: %s", good[i], address_problem(good[i], false));
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!address_problem(bad[i], false)) {
            fail_msg("%s was accepted", bad[i]);
        }
    }
}

static void addresses_to_connect_to(void **state)
{
    (void)state;
    static const char *const good[] = { "redis:6379",      "[::1]:6379",  "10.0.0.1:1",
                                        "/run/redis.sock", "unix:/run/x", "h:65535" };
    static const char *const bad[] = { "redis",   "redis:",   ":6379",     "redis:0", "redis:65536",
                                       "redis:x", "::1:6379", "[::1:6379", "[]:1",    "redis://h:6379",
                                       "",        "h:123456", "a b:1" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (address_problem(good[i], true)) {
            fail_msg("%s: %s", good[i], address_problem(good[i], true));
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!address_problem(bad[i], true)) {
            fail_msg("%s was accepted", bad[i]);
        }
    }
}

static void an_address_is_taken_by_itself_and_by_every_host_of_its_port(void **state)
{
    (void)state;
    const char *items[] = { "127.0.0.1:9180", "[::]:9181", "unix:/run/a.sock" };
    const struct strings by = { .items = items, .count = 3 };
    static const char *const taken[] = { "127.0.0.1:9180", "localhost:9180", ":9180", "[::1]:9181",
                                         "unix:/run/a.sock" };
    static const char *const free[] = { "127.0.0.1:9181", "127.0.0.2:9180", "[::1]:9180", "unix:/run/b.sock",
                                        "nonsense" };

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        assert_non_null(address_taken(taken[i], &by));
    }
    for (size_t i = 0; i < sizeof free / sizeof free[0]; i++) {
        assert_null(address_taken(free[i], &by));
    }
}

static void a_path_longer_than_a_socket_s_is_refused(void **state)
{
    (void)state;
    char path[120] = "unix:/";

    for (size_t i = 6; i < 5 + 107; i++) {
        path[i] = 'x';
    }
    assert_null(address_problem(path, false));
    path[5 + 107] = 'x';
    assert_non_null(address_problem(path, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_to_listen_on),
        cmocka_unit_test(addresses_to_connect_to),
        cmocka_unit_test(an_address_is_taken_by_itself_and_by_every_host_of_its_port),
        cmocka_unit_test(a_path_longer_than_a_socket_s_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
