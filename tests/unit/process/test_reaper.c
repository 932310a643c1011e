#include "process/reaper.h"

#include "process/ancestry.h"
#include "run.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/times.h>

#define ORPHANS 2000

/* ---- reaping ---- */

/* Waits for a child's end without taking its status. */
static int wait_for_any(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
}

static int take_statuses(void)
{
    struct reaped reaped;

    CHECK(!reaper_next(&reaped)); /* no child at all */

    pid_t pid = fork();

    if (pid == 0) {
        _exit(9);
    }
    CHECK(wait_for_any() == 0 && reaper_next(&reaped));
    CHECK(reaped.pid == pid && WIFEXITED(reaped.status) && WEXITSTATUS(reaped.status) == 9);
    CHECK(reaped.peak_bytes > 100000);

    pid = fork();
    if (pid == 0) {
        (void)pause();
    }
    CHECK(!reaper_next(&reaped)); /* it lives */
    CHECK(kill(pid, SIGKILL) == 0 && wait_for_any() == 0 && reaper_next(&reaped));
    CHECK(reaped.pid == pid && WIFSIGNALED(reaped.status) && WTERMSIG(reaped.status) == SIGKILL);
    return 0;
}

static void a_status_is_taken_as_it_is_and_never_waited_for(void **state)
{
    (void)state;
    assert_holds(take_statuses);
}

#define TOUCHED ((size_t)64 << 20)

static int take_peak(void)
{
    struct reaped reaped;
    pid_t pid = fork();

    if (pid == 0) {
        char *bytes = malloc(TOUCHED);

        for (size_t i = 0; bytes && i < TOUCHED; i += 1024) {
            *(volatile char *)(bytes + i) = 1;
        }
        _exit(0);
    }
    CHECK(wait_for_any() == 0 && reaper_next(&reaped));
    CHECK((size_t)reaped.peak_bytes >= TOUCHED && (size_t)reaped.peak_bytes < 100 * TOUCHED);
    return 0;
}

static void the_peak_is_in_bytes(void **state)
{
    (void)state;
    assert_holds(take_peak);
}

static int tell_stopped(void)
{
    siginfo_t info;
    pid_t other = fork(), pid = other == 0 ? 0 : fork();

    if (pid == 0) {
        (void)pause();
    }
    CHECK(!reaper_stopped(pid));
    CHECK(kill(pid, SIGSTOP) == 0 && waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0);
    CHECK(!reaper_stopped(other));
    CHECK(reaper_stopped(pid));
    CHECK(!reaper_stopped(pid)); /* told once */
    CHECK(kill(pid, SIGKILL) == 0 && kill(other, SIGKILL) == 0);
    CHECK(wait_status(pid) == SIGKILL && wait_status(other) == SIGKILL);
    CHECK(!reaper_stopped(pid)); /* no such child any more */
    return 0;
}

static void a_stop_is_told_once_and_of_that_child(void **state)
{
    (void)state;
    assert_holds(tell_stopped);
}

static void pid_1_has_a_name(void **state)
{
    char name[REAPER_NAME_SIZE], expected[64];
    int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_true(read_all(fd, expected, sizeof expected) > 0);
    assert_true(reaper_name_of_pid_1(name));
    assert_true(strlen(name) == strcspn(expected, "\n") && strncmp(name, expected, strlen(name)) == 0);
}

static int take_orphans(void)
{
    struct reaped reaped;
    int taken = 0;

    CHECK(reaper_adopt_orphans());

    pid_t pid = fork();

    if (pid == 0) {
        for (int i = 0; i < ORPHANS; i++) {
            pid_t orphan = fork();

            if (orphan == 0) {
                _exit(0);
            }
            if (orphan < 0) {
                _exit(1);
            }
        }
        _exit(0);
    }
    while (wait_for_any() == 0) {
        while (reaper_next(&reaped)) {
            CHECK(reaped.status == 0);
            taken++;
        }
    }
    CHECK(taken == ORPHANS + 1);
    return 0;
}

static void orphans_come_to_us_by_the_thousand(void **state)
{
    (void)state;
    assert_holds(take_orphans);
}

/* ---- steps that spread ---- */

static char text[4096];

/* A step under the shell, in its own group; returns when it has said as many lines as asked for. *from ends when all
 * that hold its output are gone. */
static pid_t start(const char *command, int lines, int *from)
{
    struct spawn spawn = plain(ARGV("sh", "-c", command));
    int ends[2];
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -1;
    }
    spawn.null_stdin = true;
    spawn.output = ends[1];

    pid_t pid = executed(&spawn);

    (void)close(ends[1]);
    while (lines > 0 && read(ends[0], &byte, 1) == 1) {
        lines -= byte == '\n';
    }
    *from = ends[0];
    return lines ? -1 : pid;
}

/* Whatever is still said: a shell tells when a child of its was killed. */
static bool has_ended(int from)
{
    struct pollfd end = { .fd = from, .events = POLLIN };
    ssize_t count = 1;

    while (count > 0 && poll(&end, 1, 10000) == 1) {
        count = read(from, text, sizeof text);
    }
    (void)close(from);
    return count == 0;
}

static bool is_alive(int from)
{
    struct pollfd end = { .fd = from, .events = POLLIN };

    return poll(&end, 1, 0) == 0;
}

/* Births are counted in ticks: whoever comes after this was born later than who came before. */
static void let_a_tick_pass(void)
{
    struct tms unused;
    clock_t now = times(&unused);

    while (times(&unused) < now + 2) {
    }
}

/* The brackets' shell ends at once and leaves the daemon to us; at times it is still counted. */
#define DAEMON "(setsid sh -c 'echo a; exec sleep 1000' & ) ; "
#define STUBBORN_DAEMON "(setsid sh -c 'trap \"\" TERM; echo a; exec sleep 1000' & ) ; "

static int kill_all_kinds(void)
{
    int from;

    CHECK(reaper_adopt_orphans());

    /* A child, one in a session of its own, and a daemon whose parent has ended. */
    pid_t pid =
        start("sh -c 'echo a; exec sleep 1000' & setsid sh -c 'echo b; exec sleep 1000' & " DAEMON "wait", 3, &from);

    CHECK(pid > 0);
    CHECK(reaper_kill_tree(pid, 0, NULL, 0) >= 4);
    CHECK(reaper_kill_tree(pid, SIGTERM, NULL, 0) >= 4);
    CHECK(has_ended(from));
    return 0;
}

static void what_left_the_group_by_setsid_is_found(void **state)
{
    (void)state;
    assert_holds(kill_all_kinds);
}

static int kill_what_survived(void)
{
    struct reaped reaped;
    int from;

    CHECK(reaper_adopt_orphans());

    pid_t pid = start(STUBBORN_DAEMON STUBBORN_DAEMON "exec sleep 1000", 2, &from);

    CHECK(pid > 0 && reaper_kill_tree(pid, SIGTERM, NULL, 0) >= 3);
    do { /* the leader; perhaps the short-lived parents of the daemons before it */
        CHECK(wait_for_any() == 0 && reaper_next(&reaped));
    } while (reaped.pid != pid);
    CHECK(WTERMSIG(reaped.status) == SIGTERM && is_alive(from));
    CHECK(reaper_kill_tree(pid, 0, NULL, 0) >= 2);
    CHECK(reaper_kill_tree(pid, SIGKILL, NULL, 0) >= 2);
    CHECK(has_ended(from));
    while (wait_for_any() == 0 && reaper_next(&reaped)) {
    }
    CHECK(reaper_kill_tree(pid, SIGKILL, NULL, 0) == 0);
    return 0;
}

static void what_survived_its_leader_is_still_found(void **state)
{
    (void)state;
    assert_holds(kill_what_survived);
}

static int spare_others(void)
{
    int older, younger, from;

    CHECK(reaper_adopt_orphans());
    CHECK(start(DAEMON, 1, &older) > 0); /* as an orphan that a docker exec left us */
    let_a_tick_pass();

    pid_t pid = start("echo a; exec sleep 1000", 1, &from);
    pid_t known = start("setsid sh -c 'echo a; exec sleep 1000' & wait", 1, &younger);

    CHECK(pid > 0 && known > 0);
    CHECK(reaper_kill_tree(pid, SIGKILL, &known, 1) == 1);
    CHECK(has_ended(from) && is_alive(older) && is_alive(younger));
    CHECK(reaper_kill_tree(known, SIGKILL, NULL, 0) == 2);
    CHECK(has_ended(younger) && is_alive(older));
    reaper_kill_rest(SIGKILL);
    CHECK(has_ended(older));
    return 0;
}

static void other_children_and_what_was_there_before_are_spared(void **state)
{
    (void)state;
    assert_holds(spare_others);
}

static int kill_stopped(void)
{
    int from;
    siginfo_t info;
    pid_t pid = start("echo a; kill -STOP $$", 1, &from);

    CHECK(pid > 0 && waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0);
    CHECK(reaper_kill_tree(pid, SIGTERM, NULL, 0) == 1);
    CHECK(WTERMSIG(wait_status(pid)) == SIGTERM && has_ended(from));
    return 0;
}

static void a_stopped_step_takes_its_term(void **state)
{
    (void)state;
    assert_holds(kill_stopped);
}

static int kill_breeders(void)
{
    int from;

    CHECK(reaper_adopt_orphans());

    pid_t pid = start("f() { while :; do (exec setsid true) & wait $!; done; }; echo a; f & f & f", 1, &from);

    CHECK(pid > 0 && reaper_kill_tree(pid, SIGKILL, NULL, 0) >= 1);
    CHECK(has_ended(from));
    return 0;
}

static void what_forks_all_the_time_is_ended(void **state)
{
    (void)state;
    assert_holds(kill_breeders);
}

static int kill_rest_of_everything(void)
{
    int first, second;

    CHECK(reaper_adopt_orphans());
    CHECK(start(STUBBORN_DAEMON, 1, &first) > 0);
    CHECK(start("echo a; sleep 1000 & wait", 1, &second) > 0);
    reaper_kill_rest(SIGKILL);
    CHECK(has_ended(first) && has_ended(second));
    return 0;
}

static void the_rest_is_every_descendant(void **state)
{
    (void)state;
    assert_holds(kill_rest_of_everything);
}

/* Body of a PID 1 in a namespace of its own. */
static int kill_rest_as_pid_1(void)
{
    int first, second;

    CHECK(getpid() == 1 && reaper_adopt_orphans());
    CHECK(start(STUBBORN_DAEMON, 1, &first) > 0);
    CHECK(start("echo a; sleep 1000 & wait", 1, &second) > 0);
    reaper_kill_rest(SIGKILL);
    CHECK(has_ended(first) && has_ended(second));
    return 0;
}

static int without_proc(void)
{
    int from, outside;

    CHECK(getpid() == 1 && mount("none", "/proc", "tmpfs", 0, NULL) == 0);

    pid_t pid = start("sh -c 'echo a; exec sleep 1000' & wait", 1, &from);

    CHECK(pid > 0 && start(DAEMON, 1, &outside) > 0);
    CHECK(reaper_kill_tree(pid, SIGKILL, NULL, 0) == 1);
    CHECK(has_ended(from) && is_alive(outside));
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    reaper_kill_rest(SIGKILL);
    CHECK(has_ended(outside));
    return 0;
}

static int (*pid_1_body)(void);

static int as_pid_1(void)
{
    CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
    CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);

    pid_t pid = fork();

    if (pid == 0) {
        _exit(mount("proc", "/proc", "proc", 0, NULL) == 0 ? pid_1_body() : 1);
    }
    CHECK(wait_status(pid) == 0);
    return 0;
}

static void pid_1_kills_all_that_is_left(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    pid_1_body = kill_rest_as_pid_1;
    assert_holds(as_pid_1);
}

static void without_proc_the_group_is_killed(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    pid_1_body = without_proc;
    assert_holds(as_pid_1);
}

/* ---- ancestry ---- */

static int strange_name(void)
{
    struct ancestry process;
    int from;
    pid_t pid =
        start("printf ') R 1 2 (x' >/proc/self/comm; echo a; read line </proc/self/comm; exec sleep 1000", 1, &from);

    CHECK(pid > 0 && ancestry_read(pid, &process));
    CHECK(process.parent == getpid() && process.group == pid && !process.ended && process.birth > 0);
    CHECK(kill(pid, SIGKILL) == 0 && wait_for_any() == 0);
    CHECK(ancestry_read(pid, &process) && process.ended);
    CHECK(wait_status(pid) && !ancestry_read(pid, &process));
    return 0;
}

static void a_process_may_be_called_anything(void **state)
{
    (void)state;
    assert_holds(strange_name);
}

static void count(void *argument, const struct ancestry *process)
{
    (void)process;
    ++*(int *)argument;
}

/* Body of a PID 1 whose /proc tells of the namespace around: number 2 is there a stranger that executed nothing. */
static int strange_proc(void)
{
    struct ancestry process;
    int from, found = 0;
    pid_t pid = start("echo a; exec sleep 1000", 1, &from);

    CHECK(getpid() == 1 && pid == 2 && access("/proc/2/stat", R_OK) == 0);
    CHECK(!ancestry_read(pid, &process) && spawn_executed(pid));
    CHECK(!ancestry_each(count, &found) && found == 0);
    CHECK(reaper_kill_tree(pid, SIGKILL, NULL, 0) == 1 && has_ended(from));
    return 0;
}

static int around_strange_proc(void)
{
    pid_t stranger = fork();

    if (stranger == 0) {
        (void)pause();
    }
    CHECK(getpid() == 1 && stranger == 2 && unshare(CLONE_NEWPID) == 0);

    pid_t pid = fork();

    if (pid == 0) {
        _exit(strange_proc());
    }
    CHECK(wait_status(pid) == 0);
    return 0;
}

static void another_namespace_s_proc_is_none(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    pid_1_body = around_strange_proc;
    assert_holds(as_pid_1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_taken_as_it_is_and_never_waited_for),
        cmocka_unit_test(the_peak_is_in_bytes),
        cmocka_unit_test(a_stop_is_told_once_and_of_that_child),
        cmocka_unit_test(pid_1_has_a_name),
        cmocka_unit_test(orphans_come_to_us_by_the_thousand),
        cmocka_unit_test(what_left_the_group_by_setsid_is_found),
        cmocka_unit_test(what_survived_its_leader_is_still_found),
        cmocka_unit_test(other_children_and_what_was_there_before_are_spared),
        cmocka_unit_test(a_stopped_step_takes_its_term),
        cmocka_unit_test(what_forks_all_the_time_is_ended),
        cmocka_unit_test(the_rest_is_every_descendant),
        cmocka_unit_test(pid_1_kills_all_that_is_left),
        cmocka_unit_test(without_proc_the_group_is_killed),
        cmocka_unit_test(a_process_may_be_called_anything),
        cmocka_unit_test(another_namespace_s_proc_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
