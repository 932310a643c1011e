#include "status/ask.h"

#include "status/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
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

static int listen_on_loopback(char address[static ADDRESS_ROOM])
{
    struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &size), 0);
    (void)snprintf(address, ADDRESS_ROOM, "127.0.0.1:%d", ntohs(where.sin_port));
    return listener;
}

/* In a process of its own: whoever connects gets more than is read. */
static pid_t flood(char address[static ADDRESS_ROOM])
{
    int listener = listen_on_loopback(address);
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

/* In a process of its own: everybody gets the answer, and what was asked comes out of the pipe. */
static pid_t answer_all(char address[static ADDRESS_ROOM], const char *instance, int *asked)
{
    int ends[2], listener = listen_on_loopback(address);

    assert_int_equal(pipe(ends), 0);

    pid_t pid = fork();

    if (pid == 0) {
        char request[1024], text[128];
        int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n" HTTP_INSTANCE ": %s\r\n\r\n", instance);

        (void)alarm(20);
        for (int asker; (asker = accept(listener, NULL, NULL)) >= 0; (void)close(asker)) {
            ssize_t got = recv(asker, request, sizeof request, 0);

            if (got > 0 && write(ends[1], request, (size_t)got) == got) {
                (void)send(asker, text, (size_t)length, MSG_NOSIGNAL);
            }
        }
        _exit(0);
    }
    (void)close(listener);
    (void)close(ends[1]);
    *asked = ends[0];
    return pid;
}

static void only_our_own_gets_the_token_and_only_where_it_is_wanted(void **state)
{
    char own[HTTP_INSTANCE_TEXT];
    const struct {
        const char *instance, *token, *path, *lines[2];
    } cases[] = {
        { http_instance(own), "t0ken", "/metrics", { "GET /health/live ", "GET /metrics " } },
        { http_instance(own), "t0ken", "/health/live", { "GET /health/live " } },
        { http_instance(own), "", "/metrics", { "GET /metrics " } },
        { "a stranger", "t0ken", "/metrics", { "GET /health/live " } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[ADDRESS_ROOM], requests[2048] = "";
        const char *addresses[] = { address };
        const struct config config = {
            .health = { .listen = { .items = addresses, .count = 1 }, .token = cases[i].token },
        };
        struct error error = { 0 };
        int asked;
        pid_t pid = answer_all(address, cases[i].instance, &asked);
        bool ours = ask_own(&config, cases[i].path, 10000, &answer, &error);

        assert_int_equal(ours, cases[i].instance == own);
        if (ours) {
            free(answer.body);
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(read(asked, requests, sizeof requests - 1) > 0);
        (void)close(asked);

        const char *first = strstr(requests, "\r\n\r\n"), *second = first + strlen("\r\n\r\n");
        const char *token = strstr(requests, "t0ken");

        assert_ptr_equal(strstr(requests, cases[i].lines[0]), requests);
        assert_ptr_equal(cases[i].lines[1] ? strstr(second, cases[i].lines[1]) : second + strlen(second), second);
        assert_int_equal(token != NULL, cases[i].lines[1] != NULL);
        assert_true(!token || token > second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_instance_is_ours),
        cmocka_unit_test(a_status_is_three_digits),
        cmocka_unit_test(an_answer_without_end_is_refused_as_that),
        cmocka_unit_test(only_our_own_gets_the_token_and_only_where_it_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
