#include "process/signals.h"

#include "child.h"

#include <sys/resource.h>
#include <sys/syscall.h>

static int queue_each(void)
{
    int fd = signals_block();

    CHECK(fd >= 0);
    for (int number = 1; number <= 64; number++) {
        if (number == SIGKILL || number == SIGSTOP || number == 32 || number == 33) {
            continue; /* the last two are glibc's own */
        }
        if (number == SIGPIPE || number == SIGXFSZ) {
            continue; /* sent to ourselves they count as raised by our own writes */
        }
        CHECK(kill(getpid(), number) == 0);
        CHECK(signals_next(fd) == number);
    }
    CHECK(signals_next(fd) == 0);
    return 0;
}

static void every_signal_is_queued_also_those_of_faults_and_real_time_ones(void **state)
{
    (void)state;
    assert_holds(queue_each);
}

static int children_wait(void)
{
    int fd = signals_block();

    signals_children(fd, false);
    CHECK(kill(getpid(), SIGCHLD) == 0 && kill(getpid(), SIGTERM) == 0);
    CHECK(signals_next(fd) == SIGTERM);
    CHECK(signals_next(fd) == 0);
    signals_children(fd, true);
    CHECK(signals_next(fd) == SIGCHLD);
    CHECK(signals_next(fd) == 0);
    return 0;
}

static void the_end_of_a_child_waits_while_it_is_not_to_be_told_and_no_other_signal_does(void **state)
{
    (void)state;
    assert_holds(children_wait);
}

static int queue_ignored(void)
{
    CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR && signal(SIGHUP, SIG_IGN) != SIG_ERR);

    int fd = signals_block();

    CHECK(kill(getpid(), SIGTERM) == 0 && signals_next(fd) == SIGTERM);
    CHECK(kill(getpid(), SIGHUP) == 0 && signals_next(fd) == SIGHUP);
    return 0;
}

static void a_signal_that_was_ignored_when_we_came_is_queued(void **state)
{
    (void)state;
    assert_holds(queue_ignored);
}

static int wait_in_spite_of_ignored_sigchld(void)
{
    int status = 0;

    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    CHECK(signals_block() >= 0);

    pid_t pid = fork();

    if (pid == 0) {
        _exit(7);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
    return 0;
}

static void statuses_are_not_lost_to_a_parent_that_ignored_sigchld(void **state)
{
    (void)state;
    assert_holds(wait_in_spite_of_ignored_sigchld);
}

static int descriptor_flags(void)
{
    int fd = signals_block();

    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    return 0;
}

static void the_signalfd_closes_on_exec_and_never_blocks(void **state)
{
    (void)state;
    assert_holds(descriptor_flags);
}

static int fault(void)
{
    CHECK(signals_block() >= 0);
    __builtin_trap();
}

static void a_fault_of_our_own_still_ends_us(void **state)
{
    int status;

    (void)state;
    status = status_of(fault);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGILL);
}

static int writes_that_fail(void)
{
    const struct rlimit limit = { 0, 0 };
    int fd = signals_block(), ends[2];
    char name[] = "/tmp/pgentry-unit-XXXXXX";
    int file = mkstemp(name);

    CHECK(file >= 0 && unlink(name) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK(write(ends[1], "x", 1) < 0 && errno == EPIPE);
    CHECK(write(file, "x", 1) < 0 && errno == EFBIG);
    CHECK(signals_next(fd) == 0);

    pid_t us = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        _exit(kill(us, SIGPIPE));
    }
    CHECK(wait_status(pid) == 0 && signals_next(fd) == SIGPIPE && signals_next(fd) == SIGCHLD);
    return 0;
}

static void what_our_own_writes_raise_is_not_for_the_application(void **state)
{
    (void)state;
    assert_holds(writes_that_fail);
}

static int time_that_runs_out(void)
{
    const struct rlimit limit = { 1, RLIM_INFINITY };
    int fd = signals_block();
    sigset_t pending;

    CHECK(setrlimit(RLIMIT_CPU, &limit) == 0);
    do { /* of processor time this takes a second */
        CHECK(sigpending(&pending) == 0);
    } while (!sigismember(&pending, SIGXCPU));
    CHECK(signals_next(fd) == 0);

    pid_t us = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        _exit(kill(us, SIGXCPU));
    }
    CHECK(wait_status(pid) == 0 && signals_next(fd) == SIGCHLD && signals_next(fd) == SIGXCPU);
    return 0;
}

static void our_own_processor_time_is_not_the_application_s(void **state)
{
    (void)state;
    assert_holds(time_that_runs_out);
}

static void on_signal(int number)
{
    (void)number;
}

static int reset(void)
{
    const struct {
        void (*handler)(int);
        unsigned long flags, restorer, mask;
    } ignore = { SIG_IGN, 0, 0, 0 };
    struct {
        void (*handler)(int);
        unsigned long flags, restorer, mask;
    } now;

    for (int number = 1; number <= 64; number++) {
        if (number != SIGKILL && number != SIGSTOP) {
            CHECK(syscall(SYS_rt_sigaction, number, &ignore, NULL, (size_t)8) == 0);
        }
    }
    CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
    CHECK(signals_block() >= 0);
    CHECK(signal(SIGUSR2, on_signal) != SIG_ERR);
    signals_reset();
    for (int number = 1; number <= 64; number++) {
        CHECK(syscall(SYS_rt_sigaction, number, NULL, &now, (size_t)8) == 0);
        CHECK(now.handler == SIG_DFL);
    }

    unsigned long mask = 0;

    CHECK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, (size_t)8) == 0);
    CHECK(mask == 0);
    return 0;
}

static void reset_leaves_every_disposition_default_and_nothing_blocked(void **state)
{
    (void)state;
    assert_holds(reset);
}

static int reset_with_pending_term(void)
{
    CHECK(signals_block() >= 0);
    CHECK(kill(getpid(), SIGTERM) == 0);
    signals_reset();
    return 0;
}

static void what_waited_acts_when_the_mask_is_emptied(void **state)
{
    int status;

    (void)state;
    status = status_of(reset_with_pending_term);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static bool is_stop(int number)
{
    return number == SIGTERM || number == SIGINT;
}

static int look_for_waiting(void)
{
    CHECK(signals_block() >= 0);
    CHECK(signals_waiting(is_stop) == 0);
    CHECK(kill(getpid(), SIGHUP) == 0 && signals_waiting(is_stop) == 0);
    CHECK(kill(getpid(), SIGTERM) == 0 && signals_waiting(is_stop) == SIGTERM);
    return 0;
}

static void a_signal_that_waits_is_found_among_others(void **state)
{
    (void)state;
    assert_holds(look_for_waiting);
}

static int reset_after_bad_writes(void)
{
    int ends[2];

    CHECK(signals_block() >= 0);
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK(write(ends[1], "x", 1) < 0 && errno == EPIPE);
    CHECK(kill(getpid(), SIGXFSZ) == 0); /* what a write beyond a limit raises */
    signals_reset();
    return 0;
}

static void what_our_own_writes_raised_does_not_end_the_program(void **state)
{
    (void)state;
    assert_holds(reset_after_bad_writes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signal_is_queued_also_those_of_faults_and_real_time_ones),
        cmocka_unit_test(the_end_of_a_child_waits_while_it_is_not_to_be_told_and_no_other_signal_does),
        cmocka_unit_test(a_signal_that_was_ignored_when_we_came_is_queued),
        cmocka_unit_test(statuses_are_not_lost_to_a_parent_that_ignored_sigchld),
        cmocka_unit_test(the_signalfd_closes_on_exec_and_never_blocks),
        cmocka_unit_test(a_fault_of_our_own_still_ends_us),
        cmocka_unit_test(what_our_own_writes_raise_is_not_for_the_application),
        cmocka_unit_test(our_own_processor_time_is_not_the_application_s),
        cmocka_unit_test(reset_leaves_every_disposition_default_and_nothing_blocked),
        cmocka_unit_test(what_waited_acts_when_the_mask_is_emptied),
        cmocka_unit_test(a_signal_that_waits_is_found_among_others),
        cmocka_unit_test(what_our_own_writes_raised_does_not_end_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
