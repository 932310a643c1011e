#include "status/guests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 1000
#define LIMIT 3

static struct guests guests;
static int clients[GUESTS_MAX]; /* the other ends */

/* A newcomer whose other end is clients[n]. */
static struct guest *admit(size_t n, instant now)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    clients[n] = pair[1];
    return guests_admit(&guests, pair[0], now);
}

static void leave(size_t n, struct guest *guest)
{
    assert_int_equal(close(guest->fd), 0);
    assert_int_equal(close(clients[n]), 0);
    guests_leave(&guests, guest);
    assert_int_equal(guest->place, GUEST_GONE); /* what is still to be told of him is told to nobody (door.c) */
}

static bool was_shut_down(size_t n)
{
    char byte;

    return recv(clients[n], &byte, 1, MSG_DONTWAIT) == 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&guests, 0, sizeof guests);
    guests.limit = LIMIT;
    return 0;
}

static int end(void **state)
{
    (void)state;
    return guests.oldest || guests.youngest || guests.count || guests.leaving;
}

static void beyond_the_limit_who_takes_longest_is_shown_out(void **state)
{
    struct guest *seated[LIMIT + 2];

    (void)state;
    for (size_t i = 0; i < LIMIT; i++) {
        seated[i] = admit(i, (instant)i);
    }
    guests_renew(&guests, seated[0], LIMIT); /* his next request has its own time */
    for (size_t i = 0; i < LIMIT; i++) {
        assert_false(was_shut_down(i));
    }
    seated[LIMIT] = admit(LIMIT, LIMIT + 1);
    assert_true(was_shut_down(1) && !was_shut_down(0) && !was_shut_down(2));
    seated[LIMIT + 1] = admit(LIMIT + 1, LIMIT + 2); /* though the first has not left yet */
    assert_true(was_shut_down(2) && !was_shut_down(0));
    for (size_t i = 0; i < LIMIT + 2; i++) {
        leave(i, seated[i]);
    }
}

static void a_newcomer_finds_a_seat_until_too_many_are_still_leaving(void **state)
{
    struct guest *seated[LIMIT + GUESTS_LEAVING], *left[2];

    (void)state;
    for (size_t i = 0; i < LIMIT + GUESTS_LEAVING; i++) {
        assert_true(guests_have_seat(&guests));
        seated[i] = admit(i, 1);
    }
    assert_false(guests_have_seat(&guests));
    for (size_t i = 0; i < 2; i++) {
        left[i] = seated[i];
        leave(i, seated[i]);
    }
    assert_true(guests_have_seat(&guests));
    for (size_t i = 0; i < 2; i++) { /* no page is touched before it is needed */
        seated[i] = admit(i, 1);
        assert_ptr_equal(seated[i], left[1 - i]);
    }
    assert_false(guests_have_seat(&guests));
    for (size_t i = 0; i < LIMIT + GUESTS_LEAVING; i++) {
        leave(i, seated[i]);
    }
}

static void for_want_of_a_descriptor_one_at_a_time_is_shown_out(void **state)
{
    struct guest *first, *second;

    (void)state;
    assert_false(guests_make_room(&guests, 1)); /* nobody is there */
    first = admit(0, 1);
    second = admit(1, 2);
    assert_true(guests_make_room(&guests, 3));
    assert_true(was_shut_down(0));
    assert_true(guests_make_room(&guests, 4));
    assert_false(was_shut_down(1)); /* the first is on his way out */
    leave(0, first);
    assert_true(guests_make_room(&guests, 5));
    assert_true(was_shut_down(1));
    leave(1, second);
}

static void whose_request_is_incomplete_for_too_long_is_shown_out_and_nobody_sooner(void **state)
{
    struct guest *first, *second;

    (void)state;
    assert_int_equal(guests_rest(&guests, 1, PATIENCE), -1);
    guests_show_out(&guests, 1, PATIENCE);
    first = admit(0, 100);
    second = admit(1, 101);
    assert_int_equal(guests_rest(&guests, 100, PATIENCE), PATIENCE);
    guests_show_out(&guests, 100 + PATIENCE - 1, PATIENCE);
    assert_int_equal(guests_rest(&guests, 100 + PATIENCE - 1, PATIENCE), 1);
    assert_false(was_shut_down(0));
    assert_int_equal(guests_rest(&guests, 100 + PATIENCE, PATIENCE), 0);
    guests_show_out(&guests, 100 + PATIENCE, PATIENCE);
    assert_true(was_shut_down(0) && !was_shut_down(1));
    assert_int_equal(guests_rest(&guests, 100 + PATIENCE, PATIENCE), 1);
    assert_int_equal(guests_rest(&guests, 102 + PATIENCE, PATIENCE), 0); /* late */
    leave(0, first);
    leave(1, second);
}

/* How many are let in at once where the limits are these; *soft is what becomes of the soft one. */
static size_t limit_within(rlim_t soft, rlim_t hard, rlim_t *became)
{
    int told[2];
    size_t said[2] = { 0, 0 };

    assert_int_equal(pipe(told), 0);

    pid_t child = fork();

    if (child == 0) {
        struct rlimit limit = { soft, hard };

        setrlimit(RLIMIT_NOFILE, &limit);
        guests_begin(&guests);
        getrlimit(RLIMIT_NOFILE, &limit);
        said[0] = guests.limit;
        said[1] = (size_t)limit.rlim_cur;
        _exit(write(told[1], said, sizeof said) == (ssize_t)sizeof said ? 0 : 1);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(read(told[0], said, sizeof said), sizeof said);
    assert_int_equal(close(told[0]), 0);
    assert_int_equal(close(told[1]), 0);
    *became = said[1];
    return said[0];
}

static void as_many_are_let_in_as_there_are_descriptors_for(void **state)
{
    static const struct {
        rlim_t soft, hard;
        size_t limit;
        rlim_t became;
    } limits[] = {
        { 4096, 4096, HTTP_CONNECTIONS, 4096 }, /* not lowered */
        { 64, 4096, HTTP_CONNECTIONS, GUESTS_MAX + 32 },
        { 64, GUESTS_MAX + 31, HTTP_CONNECTIONS - 1, GUESTS_MAX + 31 },
        { 64, 200, 200 - 64, 200 },
        { 64, 129, 129 - 64, 129 },
        { 128, 128, 32, 128 }, /* few: who needs none is not turned away for it */
        { 16, 16, 32, 16 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        rlim_t became;

        assert_int_equal(limit_within(limits[i].soft, limits[i].hard, &became), limits[i].limit);
        assert_int_equal(became, limits[i].became);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(beyond_the_limit_who_takes_longest_is_shown_out, begin, end),
        cmocka_unit_test_setup_teardown(a_newcomer_finds_a_seat_until_too_many_are_still_leaving, begin, end),
        cmocka_unit_test_setup_teardown(for_want_of_a_descriptor_one_at_a_time_is_shown_out, begin, end),
        cmocka_unit_test_setup_teardown(whose_request_is_incomplete_for_too_long_is_shown_out_and_nobody_sooner, begin,
                                        end),
        cmocka_unit_test_setup_teardown(as_many_are_let_in_as_there_are_descriptors_for, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
