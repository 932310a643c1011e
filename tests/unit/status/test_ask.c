#include "status/ask.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ADDRESS_ROOM 32

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

/* In a process of its own: whoever connects gets more than is read. */
static pid_t flood(char address[static ADDRESS_ROOM])
{
    struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &size), 0);
    (void)snprintf(address, ADDRESS_ROOM, "127.0.0.1:%d", ntohs(where.sin_port));

    pid_t pid = fork();

    if (pid == 0) {
        static const char bytes[1 << 16] = "HTTP/1.1 200 OK\r\n\r\n";
        (void)alarm(20); /* nobody may come */
        int asker = accept(listener, NULL, NULL);
        while (send(asker, bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
        }
        _exit(0);
    }
    (void)close(listener);
    return pid;
}

static void an_answer_without_end_is_refused_as_that(void **state)
{
    (void)state;
    char address[ADDRESS_ROOM];
    const char *addresses[] = { address };
    const struct config config = { .health = { .listen = { .items = addresses, .count = 1 }, .token = "" } };
    struct error error = { 0 };
    pid_t pid = flood(address);

    assert_false(ask_own(&config, "/health/live", 10000, &answer, &error));
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_instance_is_ours),
        cmocka_unit_test(a_status_is_three_digits),
        cmocka_unit_test(an_answer_without_end_is_refused_as_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
