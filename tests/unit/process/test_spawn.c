#include "process/spawn.h"

#include "base/log.h"
#include "process/reaper.h"
#include "process/signals.h"
#include "run.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- this program as the child ---- */

/* Writes the numbers of the open descriptors to the file. */
static int tell_descriptors(const char *file)
{
    char text[4096] = "";

    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d ", fd);
        }
    }
    write_file(file, text, 0644);
    return 0;
}

static int tell_subreaper(void)
{
    int on = -1;

    return prctl(PR_GET_CHILD_SUBREAPER, &on) == 0 ? on : 2;
}

static int tell_death_signal(void)
{
    int number = -1;

    return prctl(PR_GET_PDEATHSIG, &number) == 0 ? number : 255;
}

static int as_child(const char *role, const char *argument)
{
    return strcmp(role, "descriptors") == 0    ? tell_descriptors(argument)
           : strcmp(role, "death-signal") == 0 ? tell_death_signal()
                                               : tell_subreaper();
}

static void every_exit_status_comes_back(void **state)
{
    char command[16];

    (void)state;
    for (int status = 0; status < 256; status++) {
        (void)snprintf(command, sizeof command, "exit %d", status);

        int result = run_plain(ARGV("sh", "-c", command));

        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), status);
    }
}

static void output_takes_both_streams_in_their_order(void **state)
{
    (void)state;
    assert_int_equal(run_plain(ARGV("sh", "-c", "echo a; echo b >&2; echo c")), 0);
    assert_string_equal(said, "a\nb\nc\n");
}

static void the_null_stdin_is_at_its_end(void **state)
{
    struct spawn spawn = plain(ARGV("cat"));

    (void)state;
    spawn.null_stdin = true;
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "");
}

static void environment_and_directory_are_as_given(void **state)
{
    struct spawn spawn = plain(ARGV("/bin/sh", "-c", "echo $A; pwd; exec env"));

    spawn.envp = ARGV("A=1", "B=two words");
    spawn.cwd = *state;
    assert_int_equal(run(spawn), 0);

    const char *pwd = strchr(said, '\n') + 1;

    assert_memory_equal(said, "1\n", 2);
    assert_memory_equal(pwd, *state, strlen(*state));
    assert_non_null(strstr(said, "B=two words\n"));
    assert_null(strstr(said, "HOME="));
}

static void a_directory_that_cannot_be_entered_is_named(void **state)
{
    struct spawn spawn = plain(ARGV("true"));

    (void)state;
    spawn.cwd = "/no/such/folder";
    assert_int_equal(run(spawn), -1);
    assert_int_equal(error.status, STATUS_NOT_EXECUTABLE);
    assert_string_equal(error.message, "true: cannot enter its directory /no/such/folder: No such file or directory");
}

/* ---- signals ---- */

static int run_with_dirty_signals(void)
{
    for (int number = 1; number < 32; number++) {
        (void)signal(number, SIG_IGN);
    }
    (void)signal(SIGRTMIN, SIG_IGN);
    CHECK(signals_block() >= 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGRTMAX, SIG_IGN);
    CHECK(run_plain(ARGV("cat", "/proc/self/status")) == 0);
    CHECK(strstr(said, "SigPnd:\t0000000000000000\n"));
    CHECK(strstr(said, "SigBlk:\t0000000000000000\n"));
    CHECK(strstr(said, "SigIgn:\t0000000000000000\n"));
    CHECK(strstr(said, "SigCgt:\t0000000000000000\n"));
    return 0;
}

static void a_program_has_default_dispositions_and_an_empty_mask(void **state)
{
    (void)state;
    assert_holds(run_with_dirty_signals);
}

static int sent_at_fork;

/* In place of the C library's, for what comes between fork and exec. */
pid_t _Fork(void)
{
    pid_t pid = fork();

    if (pid == 0 && sent_at_fork) {
        (void)kill(getpid(), sent_at_fork);
    }
    return pid;
}

static int signal_between_fork_and_exec(void)
{
    CHECK(signals_block() >= 0);
    sent_at_fork = SIGTERM;

    int status = run_plain(ARGV("true"));

    CHECK(status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    return 0;
}

static void a_signal_between_fork_and_exec_is_not_lost(void **state)
{
    (void)state;
    assert_holds(signal_between_fork_and_exec);
}

static int killed_before_exec(void)
{
    struct spawn spawn = plain(ARGV("sleep", "1000"));
    int report = -1;
    pid_t pid = executed(&spawn);

    CHECK(pid > 0 && spawn_executed(pid));
    CHECK(kill(pid, SIGKILL) == 0 && waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
    CHECK(spawn_executed(pid) && wait_status(pid) == SIGKILL);
    CHECK(signals_block() >= 0);
    sent_at_fork = SIGKILL;
    pid = spawn_child(&spawn, &report, &error);
    CHECK(pid > 0 && waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
    CHECK(!spawn_refused(&report, &error) && !spawn_executed(pid));
    CHECK(wait_status(pid) == SIGKILL);
    return 0;
}

static void a_child_that_was_killed_before_its_exec_is_told_from_the_program(void **state)
{
    (void)state;
    assert_holds(killed_before_exec);
}

static int hide_proc(void)
{
    CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHECK(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
    return 0;
}

static int killed_before_exec_without_proc(void)
{
    CHECK(hide_proc() == 0);
    return killed_before_exec();
}

static void without_proc_it_is_told_as_well(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_holds(killed_before_exec_without_proc);
}

static int stopped_before_exec(void)
{
    struct spawn spawn = plain(ARGV("/no/such/program"));

    CHECK(signals_block() >= 0);
    sent_at_fork = SIGSTOP;

    int report = -1;
    pid_t pid = spawn_child(&spawn, &report, &error);

    CHECK(pid > 0);
    CHECK(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WSTOPPED) == 0);
    CHECK(!poll(&(struct pollfd){ .fd = report, .events = POLLIN }, 1, 0));
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(WEXITSTATUS(wait_status(pid)) == STATUS_NOT_FOUND);
    CHECK(spawn_refused(&report, &error) && error.status == STATUS_NOT_FOUND && report == -1);
    CHECK(!spawn_refused(&report, &error));
    return 0;
}

static void a_child_stopped_before_its_exec_does_not_hold_us_up(void **state)
{
    (void)state;
    assert_holds(stopped_before_exec);
}

/* ---- descriptors ---- */

static char file_name[256];

static int spawn_self(void)
{
    struct spawn spawn = plain(ARGV("/proc/self/exe", "descriptors", file_name));

    (void)remove(file_name);

    pid_t pid = executed(&spawn);

    CHECK(pid > 0 && wait_status(pid) == 0);
    return 0;
}

static void assert_said_in_file(const char *expected)
{
    int fd = open(file_name, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    (void)read_all(fd, said, sizeof said);
    assert_string_equal(said, expected);
}

static int spawn_with_many_descriptors(void)
{
    for (int fd = 3; fd < 700; fd = fd * 2 + 1) {
        CHECK(dup2(STDIN_FILENO, fd) == fd);
    }
    return spawn_self();
}

static void a_program_has_descriptors_0_to_2_only(void **state)
{
    (void)snprintf(file_name, sizeof file_name, "%s/descriptors", (char *)*state);
    assert_holds(spawn_with_many_descriptors);
    assert_said_in_file("0 1 2 ");
}

/* From here on close_range(2) is unknown, as under an old seccomp profile. */
static int forbid_close_range(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
    CHECK(syscall(SYS_close_range, 1000U, 1001U, 0U) < 0 && errno == ENOSYS);
    return 0;
}

static int spawn_without_close_range(void)
{
    return forbid_close_range() || spawn_with_many_descriptors();
}

static void without_close_range_they_are_found_in_proc(void **state)
{
    (void)snprintf(file_name, sizeof file_name, "%s/descriptors", (char *)*state);
    assert_holds(spawn_without_close_range);
    assert_said_in_file("0 1 2 ");
}

static int spawn_without_close_range_and_proc(void)
{
    static char self[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    struct spawn spawn = plain(ARGV(self, "descriptors", file_name));

    CHECK(length > 0 && hide_proc() == 0);
    CHECK(forbid_close_range() == 0 && dup2(STDIN_FILENO, 700) == 700 && dup2(STDIN_FILENO, 5) == 5);
    (void)remove(file_name);

    pid_t pid = executed(&spawn);

    CHECK(pid > 0 && wait_status(pid) == 0);
    return 0;
}

static void without_proc_either_they_are_tried_one_by_one(void **state)
{
    if (geteuid() != 0) {
        skip();
    }
    (void)snprintf(file_name, sizeof file_name, "%s/descriptors", (char *)*state);
    assert_holds(spawn_without_close_range_and_proc);
    assert_said_in_file("0 1 2 ");
}

static int spawn_with_closed_streams(void)
{
    CHECK(close(STDIN_FILENO) == 0 && close(STDOUT_FILENO) == 0);
    inherited_streams_guard();
    CHECK(open("/dev/null", O_RDONLY) > STDERR_FILENO);
    return spawn_self();
}

static void streams_that_were_closed_are_guarded_for_us_and_closed_for_the_program(void **state)
{
    (void)snprintf(file_name, sizeof file_name, "%s/descriptors", (char *)*state);
    assert_holds(spawn_with_closed_streams);
    assert_said_in_file("2 ");
}

static int spawn_output_over_guard(void)
{
    int ends[2];
    struct spawn spawn = plain(ARGV("echo", "there"));
    char text[16];

    CHECK(close(STDIN_FILENO) == 0 && close(STDOUT_FILENO) == 0);
    inherited_streams_guard();
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    spawn.output = ends[1];
    spawn.null_stdin = true;

    pid_t pid = executed(&spawn);

    CHECK(pid > 0 && wait_status(pid) == 0 && close(ends[1]) == 0);
    CHECK(read_all(ends[0], text, sizeof text) == 6);
    return 0;
}

static void a_step_has_its_streams_although_ours_are_closed(void **state)
{
    (void)state;
    assert_holds(spawn_output_over_guard);
}

static int run_out_of_descriptors(void)
{
    const struct rlimit limit = { 8, 8 };

    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (dup(STDIN_FILENO) >= 0) {
    }

    struct spawn spawn = plain(ARGV("true"));

    CHECK(executed(&spawn) == -1 && error.status == STATUS_RESOURCE);
    CHECK(strcmp(error.message, "cannot make a pipe: Too many open files") == 0);
    return 0;
}

static void want_of_descriptors_is_71(void **state)
{
    (void)state;
    assert_holds(run_out_of_descriptors);
}

static int run_out_of_processes(void)
{
    const struct rlimit limit = { 1, 1 };
    struct spawn spawn = plain(ARGV("true"));

    CHECK(setgid(54321) == 0 && setuid(54321) == 0 && setrlimit(RLIMIT_NPROC, &limit) == 0);
    CHECK(executed(&spawn) == -1 && error.status == STATUS_RESOURCE);
    CHECK(strcmp(error.message, "cannot start a process: Resource temporarily unavailable") == 0);
    return 0;
}

static void want_of_processes_is_71(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_holds(run_out_of_processes);
}

/* ---- groups ---- */

static void a_child_has_its_own_group(void **state)
{
    (void)state;
    assert_int_equal(
        run_plain(ARGV("sh", "-c", "read pid comm state parent group rest </proc/self/stat; echo $group $pid")), 0);
    assert_int_equal(atoi(said), atoi(strchr(said, ' ')));
}

static void a_child_is_told_of_our_death_only_if_asked(void **state)
{
    struct spawn spawn = plain(ARGV("/proc/self/exe", "death-signal", ""));

    (void)state;
    assert_int_equal(WEXITSTATUS(run(spawn)), 0);
    spawn.not_alone = true;
    assert_int_equal(WEXITSTATUS(run(spawn)), SIGTERM);
}

/* ---- entries ---- */

static const int kept[] = { 77, 3, 76, -1 };

/* `argument`: the spawn, whose kept descriptors are the only ones open. */
static int entry_checks(void *argument)
{
    const struct spawn *spawn = argument;
    int number = 0;
    sigset_t mask;

    CHECK(prctl(PR_GET_PDEATHSIG, &number) == 0 && number == SIGKILL);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
    for (int i = 1; i < 65; i++) {
        CHECK(i == 32 || i == 33 || sigismember(&mask, i) == 0);
    }
    for (int fd = 3; fd < 1024; fd++) {
        bool is_kept = false;

        for (size_t i = 0; i < spawn->keep_count; i++) {
            is_kept = is_kept || spawn->keep[i] == fd;
        }
        CHECK((fcntl(fd, F_GETFD) >= 0) == is_kept);
    }
    CHECK(log_dropped() == 0);
    return 42;
}

static int spawn_entry_checks(void)
{
    struct spawn spawn = { .entry = entry_checks, .argument = &spawn, .output = -1, .keep = kept };

    CHECK(signals_block() >= 0);
    for (int fd = 3; fd < 90; fd += fd == 4 ? 70 : 1) {
        CHECK(dup2(0, fd) == fd);
    }
    for (spawn.keep_count = 0; spawn.keep_count <= sizeof kept / sizeof kept[0]; spawn.keep_count++) {
        CHECK(WEXITSTATUS(wait_status(executed(&spawn))) == 42);
    }
    return 0;
}

static void an_entry_starts_clean_with_the_descriptors_it_keeps(void **state)
{
    (void)state;
    assert_holds(spawn_entry_checks);
}

static int spawn_entry_checks_without_close_range(void)
{
    return forbid_close_range() || spawn_entry_checks();
}

static void an_entry_starts_clean_without_close_range_too(void **state)
{
    (void)state;
    assert_holds(spawn_entry_checks_without_close_range);
}

static int wait_for_ever(void *argument)
{
    (void)argument;
    return pause();
}

static void an_entry_does_not_outlive_us(void **state)
{
    int ends[2];
    char text[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);

    pid_t pid = fork();

    if (pid == 0) {
        struct spawn spawn = { .entry = wait_for_ever, .output = -1, .keep = &ends[1], .keep_count = 1 };

        if (executed(&spawn) > 0) {
            (void)close(ends[1]);
        }
        _exit(0);
    }
    (void)close(ends[1]);
    assert_int_equal(wait_status(pid), 0);
    assert_int_equal(read_all(ends[0], text, sizeof text), 0); /* returns when the entry is dead */
}

/* ---- becoming ---- */

static int become(const char *const *argv)
{
    struct spawn spawn = plain(argv);

    CHECK(signals_block() >= 0);
    CHECK(dup2(0, 99) == 99 && reaper_adopt_orphans());

    int ends[2];

    CHECK(pipe(ends) == 0 && close(ends[0]) == 0 && write(ends[1], "x", 1) < 0); /* a SIGPIPE of ours */
    CHECK(!spawn_become(&spawn, &error));
    return (int)error.status;
}

static int become_descriptors(void)
{
    return become(ARGV("/proc/self/exe", "descriptors", file_name));
}

static int become_subreaper(void)
{
    return become(ARGV("/proc/self/exe", "subreaper", ""));
}

static int become_nothing(void)
{
    return become(ARGV("no-such-program"));
}

static void the_program_that_we_become_inherits_nothing_of_ours(void **state)
{
    (void)snprintf(file_name, sizeof file_name, "%s/descriptors", (char *)*state);
    assert_holds(become_descriptors);
    assert_said_in_file("0 1 2 ");
    assert_holds(become_subreaper);
}

static void to_become_what_is_nowhere_is_127(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(status_of(become_nothing)), STATUS_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_exit_status_comes_back),
        TEST(output_takes_both_streams_in_their_order),
        TEST(the_null_stdin_is_at_its_end),
        TEST(environment_and_directory_are_as_given),
        TEST(a_directory_that_cannot_be_entered_is_named),
        TEST(a_program_has_default_dispositions_and_an_empty_mask),
        TEST(a_signal_between_fork_and_exec_is_not_lost),
        TEST(a_child_stopped_before_its_exec_does_not_hold_us_up),
        TEST(a_child_that_was_killed_before_its_exec_is_told_from_the_program),
        cmocka_unit_test(without_proc_it_is_told_as_well),
        TEST(a_program_has_descriptors_0_to_2_only),
        TEST(without_close_range_they_are_found_in_proc),
        TEST(without_proc_either_they_are_tried_one_by_one),
        TEST(streams_that_were_closed_are_guarded_for_us_and_closed_for_the_program),
        TEST(a_step_has_its_streams_although_ours_are_closed),
        TEST(want_of_descriptors_is_71),
        TEST(want_of_processes_is_71),
        TEST(a_child_has_its_own_group),
        TEST(a_child_is_told_of_our_death_only_if_asked),
        TEST(an_entry_starts_clean_with_the_descriptors_it_keeps),
        TEST(an_entry_starts_clean_without_close_range_too),
        TEST(an_entry_does_not_outlive_us),
        TEST(the_program_that_we_become_inherits_nothing_of_ours),
        TEST(to_become_what_is_nowhere_is_127),
    };

    if (argc == 3) {
        _exit(as_child(argv[1], argv[2])); /* at exit() a sanitizer wants /proc */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
