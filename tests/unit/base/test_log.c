#include "base/log.h"
#include "base/pages.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Standard error is a pipe (or what a test puts there) while the log is open. */
static int real_stderr = -1;
static int reader = -1;
static char got[1 << 20];

static void capture_through(int read_end, int write_end)
{
    reader = read_end;
    real_stderr = dup(STDERR_FILENO);
    (void)dup2(write_end, STDERR_FILENO);
    (void)close(write_end);
    (void)fcntl(reader, F_SETFL, O_NONBLOCK);
}

static void capture(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    capture_through(ends[0], ends[1]);
}

static void restore(void)
{
    if (real_stderr >= 0) {
        (void)dup2(real_stderr, STDERR_FILENO);
        (void)close(real_stderr);
        (void)close(reader);
        real_stderr = reader = -1;
    }
}

static int tear_down(void **state)
{
    (void)state;
    restore();
    log_forked(); /* what log_open opened is forgotten */
    log_phase("boot");
    return 0;
}

/* What is in the pipe now. */
static const char *take(void)
{
    size_t length = 0;
    ssize_t count;

    while ((count = read(reader, got + length, sizeof got - 1 - length)) > 0) {
        length += (size_t)count;
    }
    got[length] = '\0';
    return got;
}

/* The line without its time, which is checked. */
static const char *without_time(const char *line)
{
    int end = 0;

    (void)sscanf(line, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ%n", &end);
    assert_int_equal(end, strlen("2025-10-12T10:29:58.120Z"));
    return line + end;
}

static void a_text_line_is_time_level_phase_message(void **state)
{
    (void)state;
    capture();
    log_open(LOG_AUTO, LOG_INFO);
    log_event(LOG_INFO, "x", NULL, "three: %d", 3);
    assert_string_equal(without_time(take()), " INFO boot three: 3\n");
    log_phase("waiting");
    log_event(LOG_WARN, "x", NULL, "line\nend \033[31mred\033[0m");
    assert_string_equal(without_time(take()), " WARN waiting line\\x0Aend red\n");
}

static void a_json_line_has_the_events_own_fields(void **state)
{
    (void)state;
    const struct log_field fields[] = { { "step", "a \"b\"", 0 }, { "attempt", NULL, 2 }, { 0 } };
    const char *line;

    capture();
    log_open(LOG_JSON, LOG_INFO);
    log_event(LOG_ERROR, "step-failed", fields, "tab\there");
    line = take();
    assert_memory_equal(line, "{\"ts\":\"", 7);
    assert_string_equal(without_time(line + 7), "\",\"level\":\"error\",\"phase\":\"boot\",\"event\":\"step-failed\","
                                                "\"msg\":\"tab\\there\",\"step\":\"a \\\"b\\\"\",\"attempt\":2}\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    capture();
    log_open(LOG_TEXT, LOG_WARN);
    log_event(LOG_INFO, "x", NULL, "no");
    log_event(LOG_DEBUG, "x", NULL, "no");
    assert_string_equal(take(), "");
    assert_false(log_enabled(LOG_INFO));
    assert_true(log_enabled(LOG_ERROR));
    log_open(LOG_TEXT, LOG_DEBUG); /* only the level changes */
    log_event(LOG_DEBUG, "x", NULL, "yes");
    assert_string_equal(without_time(take()), " DEBUG boot yes\n");
}

static void a_long_line_is_cut_and_stays_one_line(void **state)
{
    (void)state;
    static char text[3 * LOG_LINE_MAX];
    const struct log_field fields[] = { { "a", text, 0 }, { "b", text, 0 }, { "c", text, 0 }, { 0 } };

    memset(text, '"', sizeof text - 1); /* each grows to two bytes in JSON */
    capture();
    log_open(LOG_TEXT, LOG_INFO);
    log_event(LOG_INFO, "x", NULL, "%s", text);
    assert_true(strlen(take()) <= LOG_LINE_MAX);
    assert_string_equal(got + strlen(got) - strlen("\" …\n"), "\" …\n");

    log_open(LOG_JSON, LOG_INFO);
    log_event(LOG_INFO, "x", fields, "%s", text);
    assert_true(strlen(take()) <= LOG_LINE_MAX);
    assert_non_null(strstr(got, "\\\" …\",\"a\":\"\\\""));
    assert_string_equal(got + strlen(got) - 3, "\"}\n");
}

static void a_full_pipe_keeps_lines_then_counts_them_and_says_so(void **state)
{
    (void)state;
    char expected[128];
    uint64_t before = log_dropped();
    size_t lines = 0, written = 5000;

    capture();
    log_open(LOG_TEXT, LOG_INFO);
    for (size_t i = 0; i < written; i++) {
        log_event(LOG_INFO, "x", NULL, "%0200zu", i);
    }
    assert_true(log_pending());
    assert_true(log_descriptor() >= 0);

    uint64_t dropped = log_dropped() - before;

    assert_in_range(dropped, 1, written - 1);
    size_t length = 0;
    static char all[4 << 20];
    do { /* a slow reader */
        take();
        memcpy(all + length, got, strlen(got) + 1);
        length += strlen(got);
        log_flush();
    } while (log_pending() || *got);

    (void)snprintf(expected, sizeof expected, " WARN boot %llu log lines were dropped\n", (unsigned long long)dropped);
    assert_non_null(strstr(all, expected));
    for (const char *line = all; *line; line = strchr(line, '\n') + 1, lines++) {
        (void)without_time(line);
    }
    assert_int_equal(lines, written - dropped + 1);
    assert_int_equal(log_descriptor(), -1);
}

static void descriptor_2_stays_blocking(void **state)
{
    (void)state;
    capture();
    log_open(LOG_TEXT, LOG_INFO);
    assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
}

static void a_full_socket_does_not_block_either(void **state)
{
    (void)state;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    capture_through(ends[0], ends[1]);
    log_open(LOG_TEXT, LOG_INFO);
    for (size_t i = 0; i < 5000; i++) {
        log_event(LOG_INFO, "x", NULL, "%0200zu", i);
    }
    assert_true(log_pending());
    assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
    log_drain(10); /* nobody reads: it gives up in time */
    assert_true(log_pending());
}

static void a_dead_reader_costs_lines_and_nothing_else(void **state)
{
    (void)state;
    uint64_t before = log_dropped();

    (void)signal(SIGPIPE, SIG_IGN); /* PID 1 has it blocked */
    capture();
    log_open(LOG_TEXT, LOG_INFO);
    (void)close(reader);
    log_event(LOG_INFO, "x", NULL, "lost");
    assert_false(log_pending());
    assert_int_equal(log_dropped() - before, 1);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void every_line_that_a_dead_reader_leaves_is_counted(void **state)
{
    (void)state;
    uint64_t before = log_dropped();
    size_t written = 500, ended = 0;
    ssize_t count;

    (void)signal(SIGPIPE, SIG_IGN);
    capture();
    log_open(LOG_TEXT, LOG_INFO);
    for (size_t i = 0; i < written; i++) {
        log_event(LOG_INFO, "x", NULL, "%0200zu", i);
    }
    assert_true(log_pending());
    assert_int_equal(log_dropped() - before, 0);
    while ((count = read(reader, got, sizeof got)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            ended += got[i] == '\n';
        }
    }
    (void)close(reader);
    log_flush();
    assert_int_equal(log_dropped() - before, written - ended);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void a_closed_standard_error_drops_everything(void **state)
{
    (void)state;
    uint64_t before = log_dropped();

    capture();
    (void)close(STDERR_FILENO);
    log_open(LOG_TEXT, LOG_INFO);
    log_event(LOG_INFO, "x", NULL, "lost");
    log_drain(10);
    assert_int_equal(log_dropped() - before, 1);
}

static void a_file_is_shared_with_the_application_and_not_overwritten(void **state)
{
    (void)state;
    char path[] = "/tmp/pgentry-log-XXXXXX";
    int file = mkstemp(path);
    int again = open(path, O_RDONLY | O_CLOEXEC);

    assert_int_equal(unlink(path), 0);
    capture_through(again, file);
    log_open(LOG_TEXT, LOG_INFO);
    log_event(LOG_INFO, "x", NULL, "first");
    assert_int_equal(write(STDERR_FILENO, "app\n", 4), 4);
    log_event(LOG_INFO, "x", NULL, "second");
    take();
    assert_non_null(strstr(got, "first\napp\n"));
    assert_non_null(strstr(got, "second\n"));
}

/* Where /proc cannot be opened, as in a chroot: a helper writes. Only root may chroot. */
static int log_without_proc(void)
{
    if (chroot("/etc") < 0) { /* any folder will do that holds no proc */
        return 77;
    }
    log_open(LOG_TEXT, LOG_INFO);
    if (log_helper_pid() <= 0) {
        return 1;
    }
    for (int i = 0; i < 100; i++) {
        log_event(LOG_INFO, "x", NULL, "line %d", i);
    }
    log_drain(5000);
    if (log_helper_pid() != 0 || waitpid(-1, NULL, WNOHANG) >= 0) { /* ended and reaped */
        return 2;
    }
    log_open(LOG_TEXT, LOG_INFO);
    if (kill(log_helper_pid(), SIGKILL) < 0 || waitpid(log_helper_pid(), NULL, 0) < 0) {
        return 3;
    }
    log_event(LOG_INFO, "x", NULL, "after its death");
    log_drain(5000);
    return log_helper_pid() == 0 && waitpid(-1, NULL, WNOHANG) < 0 ? 0 : 4;
}

static void a_helper_writes_where_nothing_else_works(void **state)
{
    (void)state;
    pid_t pid;
    int status;

    if (geteuid() != 0) {
        skip();
    }
    capture();
    pid = fork();
    if (pid == 0) {
        _exit(log_without_proc());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    take();
    assert_non_null(strstr(got, " INFO boot line 0\n"));
    assert_non_null(strstr(got, " INFO boot line 99\n"));
    assert_non_null(strstr(got, " INFO boot after its death\n"));
}

static void where_no_descriptor_is_to_be_had_descriptor_2_itself_is_written(void **state)
{
    (void)state;
    struct rlimit found, none;
    char path[] = "/tmp/pgentry-log-XXXXXX";

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &found), 0);
    for (int file = 0; file <= 1; file++) {
        if (file) {
            int end = mkstemp(path);

            capture_through(open(path, O_RDONLY | O_CLOEXEC), end);
            assert_int_equal(unlink(path), 0);
        } else {
            capture();
        }
        none = (struct rlimit){ STDERR_FILENO + 1, found.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        log_open(LOG_TEXT, LOG_INFO);
        log_event(LOG_ERROR, "refused", NULL, "why");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &found), 0);
        assert_string_equal(without_time(take()), " ERROR boot why\n");
        assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
        restore();
        log_forked();
    }
}

static void a_forked_child_has_no_log_until_it_opens_one(void **state)
{
    (void)state;
    capture();
    log_open(LOG_TEXT, LOG_INFO);
    log_forked();
    log_event(LOG_INFO, "x", NULL, "lost");
    assert_string_equal(take(), "");
    log_open(LOG_TEXT, LOG_INFO);
    log_event(LOG_INFO, "x", NULL, "seen");
    assert_string_equal(without_time(take()), " INFO boot seen\n");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

/* Page faults of a line, the program's pages given back before. */
static long faults_of_a_line(bool rehearsed)
{
    struct rusage before, after;

    (void)getrusage(RUSAGE_SELF, &before); /* its own are no matter */
    pages_give_back();
    if (rehearsed) {
        log_rehearse();
    }
    (void)getrusage(RUSAGE_SELF, &before);
    log_event(LOG_ERROR, "x", NULL, "%d", 1);
    (void)getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt;
}

static void a_rehearsed_line_is_not_written_and_the_next_waits_for_fewer_pages(void **state)
{
    (void)state;
    capture();
    log_open(LOG_TEXT, LOG_ERROR);
    log_event(LOG_ERROR, "x", NULL, "%d", 1); /* the buffers' pages */

    long cold = faults_of_a_line(false);
    assert_in_range(faults_of_a_line(true), 0, cold - 1);

    const char *written = take();
    assert_non_null(strstr(written, "boot 1\n"));
    assert_null(strstr(written, "rehearsal"));
    assert_null(strstr(written, "boot 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_line_is_time_level_phase_message),
        TEST(a_json_line_has_the_events_own_fields),
        TEST(lines_below_the_level_are_not_written),
        TEST(a_long_line_is_cut_and_stays_one_line),
        TEST(a_full_pipe_keeps_lines_then_counts_them_and_says_so),
        TEST(a_rehearsed_line_is_not_written_and_the_next_waits_for_fewer_pages),
        TEST(descriptor_2_stays_blocking),
        TEST(a_full_socket_does_not_block_either),
        TEST(a_dead_reader_costs_lines_and_nothing_else),
        TEST(every_line_that_a_dead_reader_leaves_is_counted),
        TEST(a_closed_standard_error_drops_everything),
        TEST(a_file_is_shared_with_the_application_and_not_overwritten),
        TEST(a_helper_writes_where_nothing_else_works),
        TEST(where_no_descriptor_is_to_be_had_descriptor_2_itself_is_written),
        TEST(a_forked_child_has_no_log_until_it_opens_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
