#include "status/http.h"

#include "base/duration.h"
#include "base/exit_status.h"
#include "base/frame.h"
#include "status/snapshot.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 20000 /* ms: whoever does not answer at all */

/* The process and PID 1's end of the socket pair. Its listeners are the endpoint and the placeholder. */
static struct {
    pid_t pid;
    int control;
    struct frame_stream said;
    struct http_sockets sockets;
    struct sockaddr_un addresses[2];
} server;

static void forget(void *argument)
{
    (void)argument;
}

/* Its address is the kernel's choice, in no folder. */
static int listener(struct sockaddr_un *address)
{
    const struct sockaddr_un any = { .sun_family = AF_UNIX };
    socklen_t length = sizeof *address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof any.sun_family), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static void say(enum http_frame kind)
{
    struct frame_writer writer = { 0 };

    frame_begin(&writer, (uint8_t)kind);
    assert_true(frame_end(&writer) && frame_send(server.control, &writer));
    frame_writer_free(&writer);
}

static void push(bool connected, bool ready)
{
    static struct table_state table = { "users", 0, true, true };
    static const struct check check = { .tables = &table, .table_count = 1, .healthy = true };
    struct status status = {
        .version = "1",
        .phase = PHASE_RUNNING,
        .schema = "public",
        .preset = "none",
        .ready = ready,
        .check = &check,
        .connected = connected,
    };
    struct frame_writer writer = { 0 };

    assert_true(snapshot_encode(&status, &writer) && frame_send(server.control, &writer));
    frame_writer_free(&writer);
}

/* What PID 1 is told next. */
static int heard(void)
{
    struct frame_reader payload;
    uint8_t kind;

    while (frame_next(&server.said, &kind, &payload) != FRAME_READY) {
        assert_int_equal(poll(&(struct pollfd){ .fd = server.control, .events = POLLIN }, 1, PATIENCE), 1);
        assert_int_equal(frame_fill(&server.said), FRAME_READY);
    }
    return kind;
}

static int serve(const char *token)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    server.sockets = (struct http_sockets){ .count = 2, .placeholder = { false, true } };
    for (size_t i = 0; i < 2; i++) {
        server.sockets.fds[i] = listener(&server.addresses[i]);
    }
    server.pid = fork();
    if (server.pid == 0) {
        const struct http_settings settings = {
            .control = pair[1], .sockets = &server.sockets, .token = token, .instance = "1-2", .forget = forget
        };

        close(pair[0]);
        (void)syscall(SYS_exit_group, http_serve(&settings)); /* a sanitizer's own _exit asks for more than it may */
    }
    close(pair[1]);
    for (size_t i = 0; i < 2; i++) {
        close(server.sockets.fds[i]);
    }
    server.control = pair[0];
    frame_stream_begin(&server.said, pair[0]);
    push(true, true);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return serve("");
}

static int begin_with_token(void **state)
{
    (void)state;
    return serve("open-sesame");
}

/* PID 1 goes: so does it. */
static int end(void **state)
{
    int status;

    (void)state;
    close(server.control);
    frame_stream_free(&server.said);
    return waitpid(server.pid, &status, 0) != server.pid || !WIFEXITED(status) || WEXITSTATUS(status) != STATUS_OK;
}

static int call(size_t listening)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = { PATIENCE / 1000, 0 };

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    if (connect(fd, (const struct sockaddr *)&server.addresses[listening], sizeof(sa_family_t) + 6) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

static void ask(int fd, const char *text, size_t length)
{
    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* All that comes until the other end closes. */
static const char *answer(int fd)
{
    static char text[1 << 16];
    size_t length = 0;
    ssize_t got;

    while ((got = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0) {
        length += (size_t)got;
    }
    assert_int_equal(got, 0);
    text[length] = '\0';
    close(fd);
    return text;
}

static const char *exchange(const char *request)
{
    int fd = call(0);

    assert_true(fd >= 0);
    ask(fd, request, strlen(request));
    return answer(fd);
}

static int status_of(const char *answered)
{
    assert_int_equal(strncmp(answered, "HTTP/1.1 ", 9), 0);
    return atoi(answered + 9);
}

static int get(const char *path, const char *headers)
{
    char request[512];

    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", path, headers);
    return status_of(exchange(request));
}

static size_t occurrences(const char *text, const char *words)
{
    size_t count = 0;

    for (; (text = strstr(text, words)) != NULL; text++) {
        count++;
    }
    return count;
}

static void the_status_that_was_pushed_last_is_answered_with(void **state)
{
    static const struct {
        bool connected, ready;
        int ready_status, database_status;
    } rows[] = {
        { true, true, 200, 200 },
        { true, false, 503, 200 },
        { false, true, 200, 503 }, /* health.failures: it takes more than one look */
        { false, false, 503, 503 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        push(rows[i].connected, rows[i].ready);
        say(HTTP_RELEASE); /* what was sent before it was taken */
        assert_int_equal(heard(), HTTP_RELEASED);
        assert_non_null(strstr(exchange("GET /status.json HTTP/1.0\r\n\r\n"),
                               rows[i].connected ? "\"connected\": true" : "\"connected\": false"));
        assert_int_equal(get("/health/ready", ""), rows[i].ready_status);
        assert_int_equal(get("/health/database", ""), rows[i].database_status);
        assert_int_equal(get("/metrics", ""), 200);
        assert_int_equal(get("/", ""), 200);
        assert_int_equal(get("/nothing", ""), 404);
    }
}

static void a_status_that_cannot_be_read_leaves_the_last_one(void **state)
{
    (void)state;
    say(SNAPSHOT_FRAME); /* without any */
    say(HTTP_RELEASE);
    assert_int_equal(heard(), HTTP_RELEASED);
    assert_int_equal(get("/health/ready", ""), 200);
}

static void the_token_opens_all_but_live_however_it_is_written(void **state)
{
    static const struct {
        const char *header;
        int status;
    } rows[] = {
        { "", 401 },
        { "Authorization: Bearer open-sesame\r\n", 200 },
        { "authorization: bEARER   open-sesame \t \r\n", 200 },
        { "Authorization: Bearer open-sesam\r\n", 401 },
        { "Authorization: Bearer open-sesamE\r\n", 401 },
        { "Authorization: Bearer Open-sesame\r\n", 401 },
        { "Authorization: Bearer open-sesamee\r\n", 401 },
        { "Authorization: Bearer open-sesameopen-sesame\r\n", 401 },
        { "Authorization: Bearer open-sesame x\r\n", 401 },
        { "Authorization: Bearer x open-sesame\r\n", 401 },
        { "Authorization: Bearer \r\n", 401 },
        { "Authorization: Bearer\r\n", 401 },
        { "Authorization: Basic open-sesame\r\n", 401 },
        { "Authorization: open-sesame\r\n", 401 },
        { "Authorization: Bearer\topen-sesame\r\n", 401 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (get("/health/ready", rows[i].header) != rows[i].status) {
            fail_msg("%s", rows[i].header);
        }
    }
    assert_int_equal(get("/nothing", ""), 401);
    assert_int_equal(status_of(exchange("POST / HTTP/1.0\r\n\r\n")), 401);
    assert_int_equal(status_of(exchange("POST /health/live HTTP/1.0\r\n\r\n")), 405);
}

static void live_is_pid_1_s_answer_to_one_question_of_all_who_ask(void **state)
{
    static const char request[] = "GET /health/live HTTP/1.0\r\n\r\n";
    int fds[20];

    (void)state;
    for (int lives = 0; lives < 2; lives++) {
        instant asked = clock_now();

        for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
            fds[i] = call(0);
            ask(fds[i], request, strlen(request));
        }
        assert_int_equal(heard(), HTTP_PING);
        assert_int_equal(get("/health/ready", ""), 200); /* nobody else waits for it */
        if (lives) {
            say(HTTP_PONG);
        }
        for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
            assert_int_equal(status_of(answer(fds[i])), lives ? 200 : 503);
        }
        assert_int_equal(poll(&(struct pollfd){ .fd = server.control, .events = POLLIN }, 1, 0), 0);
        assert_true(lives || clock_now() - asked >= HTTP_LIVE_TIMEOUT);
    }
}

static void the_placeholder_is_let_go_and_the_endpoint_stays(void **state)
{
    int fd = call(1);

    (void)state;
    ask(fd, "GET / HTTP/1.0\r\n\r\n", strlen("GET / HTTP/1.0\r\n\r\n"));
    assert_int_equal(status_of(answer(fd)), 503);
    say(HTTP_RELEASE);
    assert_int_equal(heard(), HTTP_RELEASED);
    assert_int_equal(call(1), -1);
    assert_int_equal(get("/health/ready", ""), 200);
    say(HTTP_RELEASE); /* there is none any more */
    assert_int_equal(heard(), HTTP_RELEASED);
}

static void a_request_is_one_however_it_comes(void **state)
{
    static const char request[] = "\r\nPOST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                                  "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "HEAD /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const char *answered;
    int fd = call(0);

    (void)state;
    for (size_t i = 0; i < strlen(request); i++) {
        ask(fd, request + i, 1);
    }
    answered = answer(fd);
    assert_int_equal(occurrences(answered, "HTTP/1.1 405 "), 1);
    assert_int_equal(occurrences(answered, "HTTP/1.1 200 "), 2);
    assert_int_equal(occurrences(answered, "\"checkedAt\""), 1);
    answered = exchange(request);
    assert_int_equal(occurrences(answered, "HTTP/1.1 "), 3);
}

static void what_is_no_request_is_refused_in_words(void **state)
{
    static const char *const requests[] = { "GARBAGE\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                                            "GET / HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\nHost: x\r\n\r\n" };

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int fd = call(0);
        const char *answered;

        ask(fd, requests[i], strlen(requests[i]));
        ask(fd, requests[i], strlen(requests[i]));
        shutdown(fd, SHUT_WR);
        answered = answer(fd);
        assert_int_equal(status_of(answered), 400);
        assert_int_equal(occurrences(answered, "HTTP/1.1 "), 1);
        assert_non_null(strstr(answered, "\r\n\r\nmalformed request\n"));
    }

    static char garbage[1 << 20]; /* more than is read before the answer, which arrives all the same */
    int sending = call(0);

    memset(garbage, 'X', sizeof garbage);
    ask(sending, garbage, sizeof garbage);
    assert_int_equal(status_of(answer(sending)), 400);
    for (size_t length = 0; length < 3; length++) { /* and no more: a probe of the port has no answer */
        int fd = call(0);

        ask(fd, "GE", length);
        shutdown(fd, SHUT_WR);
        assert_int_equal(strncmp(answer(fd), "HTTP/1.1 400 ", 13) == 0, length > 0);
    }
}

static void so_much_of_a_head_is_served_and_a_byte_more_refused(void **state)
{
    static char request[HTTP_HEADER_MAX + 2];
    static const char begin_of[] = "GET /health/ready HTTP/1.0\r\nX: ";

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t length = HTTP_HEADER_MAX + more;

        memset(request, 'x', length);
        memcpy(request, begin_of, strlen(begin_of));
        memcpy(request + length - 4, "\r\n\r\n", 5);
        assert_int_equal(status_of(exchange(request)), more ? 431 : 200);
    }
}

/* 600 that say nothing, and more than there are seats for: a request is answered, and who came first was shown out. */
static void who_says_nothing_stands_in_nobody_s_way(void **state)
{
    static int fds[600];
    size_t out = 0;
    char byte;

    (void)state;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = call(0);
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(get("/health/ready", ""), 200);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        out += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0;
        close(fds[i]);
    }
    assert_in_range(out, 600 + 1 - HTTP_CONNECTIONS, 600 + 1 - HTTP_CONNECTIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_status_that_was_pushed_last_is_answered_with, begin, end),
        cmocka_unit_test_setup_teardown(a_status_that_cannot_be_read_leaves_the_last_one, begin, end),
        cmocka_unit_test_setup_teardown(the_token_opens_all_but_live_however_it_is_written, begin_with_token, end),
        cmocka_unit_test_setup_teardown(live_is_pid_1_s_answer_to_one_question_of_all_who_ask, begin, end),
        cmocka_unit_test_setup_teardown(the_placeholder_is_let_go_and_the_endpoint_stays, begin, end),
        cmocka_unit_test_setup_teardown(a_request_is_one_however_it_comes, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_request_is_refused_in_words, begin, end),
        cmocka_unit_test_setup_teardown(so_much_of_a_head_is_served_and_a_byte_more_refused, begin, end),
        cmocka_unit_test_setup_teardown(who_says_nothing_stands_in_nobody_s_way, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
