#include "status/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct answer answer;

static bool reads(const char *text)
{
    bool fine = answer_read(&answer, text, "1-2");
    free(answer.body);
    return fine;
}

static void only_our_own_instance_is_ours(void **state)
{
    (void)state;
    assert_true(reads("HTTP/1.1 200 OK\r\npgentry-instance: 1-2\r\n\r\nalive\n"));
    assert_int_equal(answer.status, 200);
    assert_true(answer.ours);
    assert_true(reads("HTTP/1.1 200 OK\r\nPgentry-Instance: 1-22\r\n\r\n"));
    assert_false(answer.ours);
    assert_true(reads("HTTP/1.1 200 OK\r\n\r\nPgentry-Instance: 1-2\r\n"));
    assert_false(answer.ours);
}

/* Found by fuzz_answer: a number that an int cannot hold became a good one. */
static void a_status_is_three_digits(void **state)
{
    (void)state;
    assert_false(reads("HTTP/1.1 4294967496 OK\r\n\r\n"));
    assert_false(reads("HTTP/1.1 -96 OK\r\n\r\n"));
    assert_false(reads("HTTP/1.1 2\r\n\r\n"));
    assert_false(reads("HTTP/2 200 OK\r\n\r\n"));
    assert_false(reads("HTTP/1.1 200 OK\r\nhalf: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_instance_is_ours),
        cmocka_unit_test(a_status_is_three_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
