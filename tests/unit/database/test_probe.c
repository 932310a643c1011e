#include "database/also.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A listener on a free port of the loopback address, or a port where nobody listens. */
static int listener(bool listening, char port[8])
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listening ? listen(fd, 8) : 0, 0); /* bound but not listening: refused */
    snprintf(port, 8, "%d", ntohs(address.sin_port));
    return fd;
}

static struct deadline soon(void)
{
    return deadline_in(2000, -1);
}

static void a_listener_answers(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    struct deadline deadline = soon();
    char port[8];
    int fd = listener(true, port);

    (void)state;
    addresses_of_host(&addresses, "127.0.0.1", NULL, port, arena);
    assert_int_equal(addresses.count, 1);
    assert_string_equal(addresses.items[0].numeric, "127.0.0.1");
    assert_int_equal(probe_addresses(&addresses, &deadline), 1);
    assert_int_equal(addresses.items[0].error, 0);
    close(fd);
    arena_free(arena);
}

static void a_closed_port_is_not_listening(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    struct deadline deadline = soon();
    const char *message;
    char port[8];
    int fd = listener(false, port);

    (void)state;
    addresses_of_host(&addresses, "127.0.0.1", NULL, port, arena);
    assert_int_equal(probe_addresses(&addresses, &deadline), 0);
    assert_int_equal(probe_failure(&addresses, &message, arena), FAILURE_NOT_LISTENING);
    assert_non_null(strstr(message, port));
    assert_non_null(strstr(message, "Connection refused"));
    close(fd);
    arena_free(arena);
}

static void of_several_addresses_the_living_ones_are_told(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    struct deadline deadline = soon();
    char dead[8], living[8];
    int first = listener(false, dead);
    int second = listener(true, living);

    (void)state;
    addresses_of_host(&addresses, "127.0.0.1", NULL, dead, arena);
    addresses_of_host(&addresses, "127.0.0.1", NULL, living, arena);
    assert_int_equal(probe_addresses(&addresses, &deadline), 1);
    assert_int_not_equal(addresses.items[0].error, 0);
    assert_int_equal(addresses.items[1].error, 0);
    close(first);
    close(second);
    arena_free(arena);
}

static void a_missing_socket_is_not_listening(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    struct deadline deadline = soon();
    const char *message;

    (void)state;
    addresses_of_host(&addresses, "/nowhere", NULL, "5432", arena);
    assert_int_equal(probe_addresses(&addresses, &deadline), 0);
    assert_int_equal(probe_failure(&addresses, &message, arena), FAILURE_NOT_LISTENING);
    assert_string_equal(message, "/nowhere/.s.PGSQL.5432: No such file or directory");
    arena_free(arena);
}

/* libpq manual, "Parameter Key Words", host: @ stands for the abstract name space. */
static void a_listener_in_the_abstract_name_space_answers(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    struct deadline deadline = soon();
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const char *host = arena_printf(arena, "@pgentry-probe-%d", getpid());
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", host);

    (void)state;
    address.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)), 0);
    assert_int_equal(listen(fd, 8), 0);
    addresses_of_host(&addresses, host, NULL, "5432", arena);
    assert_int_equal(probe_addresses(&addresses, &deadline), 1);
    close(fd);
    arena_free(arena);
}

/* socket(2), connect(2). */
static void what_our_own_system_lacks_is_no_firewall(void **state)
{
    static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };
    struct arena *arena = arena_new();
    const char *message;

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct server_addresses addresses = { 0 };

        addresses_of_host(&addresses, "192.0.2.1", NULL, "5432", arena);
        addresses.items[0].error = errors[i];
        assert_int_equal(probe_failure(&addresses, &message, arena), FAILURE_NOT_READY);
        assert_null(probe_hint(&addresses, FAILURE_NOT_READY));
    }
    arena_free(arena);
}

static void a_name_that_is_none_is_told_apart(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    const char *message;

    (void)state;
    addresses_of_host(&addresses, "db", "not an address", "5432", arena); /* hostaddr: the name is not looked up */
    assert_int_equal(addresses.count, 0);
    assert_int_equal(probe_failure(&addresses, &message, arena), FAILURE_NAME);
    assert_non_null(strstr(message, "not an address: "));
    arena_free(arena);
}

static const char *hint_for(const char *host, const char *numeric, enum failure failure, struct arena *arena)
{
    struct server_addresses addresses = { 0 };

    addresses_of_host(&addresses, host, numeric, "5432", arena);
    return probe_hint(&addresses, failure);
}

static void a_hint_goes_by_where_the_addresses_lead(void **state)
{
    static const struct {
        const char *host, *numeric;
        enum failure failure;
        const char *hint;
    } cases[] = {
        { "localhost", "127.0.0.1", FAILURE_NOT_LISTENING, "localhost is the container itself" },
        { "localhost", "127.9.9.9", FAILURE_NOT_LISTENING, "localhost is the container itself" },
        { "localhost", "::1", FAILURE_NOT_LISTENING, "localhost is the container itself" },
        { "db", "10.0.0.5", FAILURE_NOT_LISTENING, "not a published one" },
        { "/run/postgresql", NULL, FAILURE_NOT_LISTENING, "only if its folder is mounted" },
        { "db", "fd00::5", FAILURE_NO_ANSWER, "IPv4 address" },
        { "db", "10.0.0.5", FAILURE_NO_ANSWER, "a firewall" },
        { "db", "not an address", FAILURE_NAME, "in a network of both" },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *hint = hint_for(cases[i].host, cases[i].numeric, cases[i].failure, arena);

        assert_non_null(hint);
        assert_non_null(strstr(hint, cases[i].hint));
    }
    assert_null(hint_for("db", "10.0.0.5", FAILURE_REFUSED, arena));
    arena_free(arena);
}

static void a_socket_path_that_is_too_long_is_an_error_and_not_cut(void **state)
{
    struct arena *arena = arena_new();
    struct server_addresses addresses = { 0 };
    char path[200];

    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    addresses_of_path(&addresses, path, arena);
    assert_int_equal(addresses.count, 0);
    assert_non_null(strstr(addresses.why, "too long"));
    arena_free(arena);
}

static void an_address_is_named_as_people_wrote_it(void **state)
{
    struct arena *arena = arena_new();
    const struct {
        struct server_address address;
        const char *label;
    } cases[] = {
        { { .host = "db", .port = "5432", .numeric = "10.0.0.5" }, "db:5432 (10.0.0.5)" },
        { { .host = "10.0.0.5", .port = "5432", .numeric = "10.0.0.5" }, "10.0.0.5:5432" },
        { { .host = "::1", .port = "5432", .numeric = "::1" }, "[::1]:5432" },
        { { .host = "/run/pg", .port = "5432" }, "/run/pg/.s.PGSQL.5432" },
        { { .host = "/run/redis.sock" }, "/run/redis.sock" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(address_label(&cases[i].address, arena), cases[i].label);
    }
    arena_free(arena);
}

/* ---- wait.also ---- */

static void wait_also_needs_every_one_of_them(void **state)
{
    struct arena *arena = arena_new();
    struct strings list = { 0 };
    struct deadline deadline = soon();
    const char *message;
    char living[8], dead[8];
    int first = listener(true, living);
    int second = listener(false, dead);

    (void)state;
    strings_add(arena, &list, arena_printf(arena, "127.0.0.1:%s", living));
    assert_true(also_reachable(&list, &deadline, &message, arena));
    strings_add(arena, &list, arena_printf(arena, "127.0.0.1:%s", dead));
    assert_false(also_reachable(&list, &deadline, &message, arena));
    assert_non_null(strstr(message, dead));
    close(first);
    close(second);
    arena_free(arena);
}

static void wait_also_reaches_sockets_with_and_without_their_prefix(void **state)
{
    struct arena *arena = arena_new();
    struct deadline deadline = soon();
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const char *path = arena_printf(arena, "/tmp/pgentry-probe-%d.sock", getpid()), *message;

    (void)state;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    for (int i = 0; i < 2; i++) {
        struct strings list = { 0 };

        strings_add(arena, &list, arena_printf(arena, "%s%s", i ? "unix:" : "", path));
        assert_true(also_reachable(&list, &deadline, &message, arena));
        strings_add(arena, &list, "/nowhere/x.sock");
        assert_false(also_reachable(&list, &deadline, &message, arena));
        assert_non_null(strstr(message, "/nowhere/x.sock"));
    }
    close(fd);
    unlink(path);
    arena_free(arena);
}

static void a_deadline_is_kept_and_none_means_none(void **state)
{
    struct deadline none = deadline_in(0, -1);
    struct deadline past = deadline_in(1, -1);
    struct deadline nearer = deadline_within(&none, 5000);
    int pair[2];

    (void)state;
    assert_false(deadline_passed(&none));
    assert_int_equal(deadline_left(&none), -1);
    assert_in_range(deadline_left(&nearer), 1, 5000);
    assert_true(deadline_within(&nearer, 0).at == nearer.at);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_false(wait_descriptor(pair[0], POLLIN, &past));
    assert_true(deadline_passed(&past));
    close(pair[0]);
    close(pair[1]);
}

static void a_share_of_a_deadline_is_a_part_of_all_that_is_left_hours_included(void **state)
{
    struct deadline none = deadline_in(0, -1), past = deadline_in(1, -1), far = deadline_in(4 * 3600000, -1);
    struct deadline whole = deadline_share(&far, 1), half = deadline_share(&far, 2);

    (void)state;
    assert_int_equal(deadline_share(&none, 3).at, NO_DEADLINE);
    assert_int_equal(whole.at, far.at);
    assert_in_range(half.at, far.at - 2 * 3600000 - 60000, far.at - 2 * 3600000 + 60000);
    past.at = clock_now() - 1000;
    assert_true(deadline_share(&past, 2).at == past.at);
}

static void waiting_ends_when_nobody_wants_the_answer(void **state)
{
    int asked[2], asker[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, asked), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, asker), 0);

    struct deadline deadline = deadline_in(0, asker[0]);

    close(asker[1]);
    assert_false(wait_descriptor(asked[0], POLLIN, &deadline));
    close(asked[0]);
    close(asked[1]);
    close(asker[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_answers),
        cmocka_unit_test(a_closed_port_is_not_listening),
        cmocka_unit_test(of_several_addresses_the_living_ones_are_told),
        cmocka_unit_test(a_missing_socket_is_not_listening),
        cmocka_unit_test(a_listener_in_the_abstract_name_space_answers),
        cmocka_unit_test(what_our_own_system_lacks_is_no_firewall),
        cmocka_unit_test(a_name_that_is_none_is_told_apart),
        cmocka_unit_test(a_hint_goes_by_where_the_addresses_lead),
        cmocka_unit_test(a_socket_path_that_is_too_long_is_an_error_and_not_cut),
        cmocka_unit_test(an_address_is_named_as_people_wrote_it),
        cmocka_unit_test(wait_also_needs_every_one_of_them),
        cmocka_unit_test(wait_also_reaches_sockets_with_and_without_their_prefix),
        cmocka_unit_test(a_deadline_is_kept_and_none_means_none),
        cmocka_unit_test(a_share_of_a_deadline_is_a_part_of_all_that_is_left_hours_included),
        cmocka_unit_test(waiting_ends_when_nobody_wants_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
