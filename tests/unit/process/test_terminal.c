#include "process/terminal.h"

#include "process/reaper.h"
#include "process/signals.h"
#include "run.h"

#include <pty.h>
#include <sys/ioctl.h>

static int master, slave;

/* A session of our own with the pseudo-terminal as standard input. */
static int new_session(void)
{
    CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
    CHECK(setsid() > 0 && dup2(slave, STDIN_FILENO) == STDIN_FILENO);
    CHECK(signals_block() >= 0);
    return 0;
}

static int foreground_of_session(void)
{
    /* Fields 5 and 8 of /proc/self/stat (proc(5)): our group and the terminal's foreground group. */
    struct spawn spawn =
        plain(ARGV("sh", "-c", "read a b c d group f g foreground rest </proc/self/stat; [ $group = $foreground ]"));

    spawn.foreground = true;
    CHECK(run(spawn) == 0);
    CHECK(tcgetpgrp(STDIN_FILENO) != getpgrp());
    terminal_reclaim(0);
    CHECK(tcgetpgrp(STDIN_FILENO) == getpgrp());
    return 0;
}

static int with_controlling_terminal(void)
{
    CHECK(new_session() == 0 && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0);
    CHECK(terminal_ours());
    return foreground_of_session();
}

static void the_application_is_the_terminals_foreground_and_gives_it_back(void **state)
{
    (void)state;
    assert_holds(with_controlling_terminal);
}

static int with_free_terminal(void)
{
    CHECK(new_session() == 0);
    return foreground_of_session();
}

static void a_session_leader_takes_a_free_terminal(void **state)
{
    (void)state;
    assert_holds(with_free_terminal);
}

static int in_background(void)
{
    CHECK(new_session() == 0 && terminal_ours());

    pid_t pid = fork();

    if (pid == 0) {
        struct spawn spawn = plain(ARGV("true"));

        CHECK(setpgid(0, 0) == 0 && !terminal_ours());
        spawn.foreground = true;
        CHECK(run(spawn) == 0);
        _exit(0);
    }
    CHECK(wait_status(pid) == 0 && tcgetpgrp(STDIN_FILENO) == getpgrp());
    return 0;
}

static void from_the_background_the_terminal_is_not_taken(void **state)
{
    (void)state;
    assert_holds(in_background);
}

static int on_pipe(void)
{
    int ends[2];

    CHECK(setsid() > 0 && pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    CHECK(!terminal_ours());
    CHECK(close(STDIN_FILENO) == 0 && !terminal_ours());
    return 0;
}

static void what_is_no_terminal_is_not_ours(void **state)
{
    (void)state;
    assert_holds(on_pipe);
}

/* The child stops for want of the terminal; the shell's `fg` comes before we see that. */
static int overtaken_program(void)
{
    struct spawn spawn = plain(ARGV("sh", "-c", "read line; exit 3"));
    siginfo_t info;
    char enter = '\n';

    pid_t child = executed(&spawn);

    CHECK(child > 0 && waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT) == 0 && info.si_status == SIGTTIN);
    CHECK(tcsetpgrp(STDIN_FILENO, getpgrp()) == 0 && reaper_stopped(child));
    terminal_suspend(child);
    CHECK(tcgetpgrp(STDIN_FILENO) == child && write(master, &enter, 1) == 1);
    CHECK(wait_status(child) == 3 << 8);
    return 0;
}

/* Never in the foreground: the terminal is the shell's, whatever ends. */
static int background_program(void)
{
    struct spawn spawn = plain(ARGV("true"));
    pid_t shell = getppid();

    spawn.foreground = true;

    pid_t child = executed(&spawn);

    CHECK(child > 0 && wait_status(child) == 0);
    terminal_reclaim(child);
    CHECK(tcgetpgrp(STDIN_FILENO) == shell);
    return 0;
}

static int (*job)(void);

static int as_quick_shell(void)
{
    siginfo_t info;

    CHECK(new_session() == 0 && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0);

    pid_t pid = fork();

    if (pid == 0) {
        (void)setpgid(0, 0);
        _exit(job());
    }
    (void)setpgid(pid, pid);
    CHECK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED) == 0 && info.si_code == CLD_EXITED);
    return info.si_status;
}

static void a_terminal_that_came_back_meanwhile_is_lent_at_once(void **state)
{
    (void)state;
    job = overtaken_program;
    assert_holds(as_quick_shell);
}

static void a_shell_keeps_the_terminal_when_a_background_job_ends(void **state)
{
    (void)state;
    job = background_program;
    assert_holds(as_quick_shell);
}

/* Started by a shell with job control: ^Z, then fg. */
static int suspended_program(void)
{
    struct spawn spawn = plain(ARGV("sleep", "1000"));
    siginfo_t info;
    char control_z = 26;

    spawn.foreground = true;

    pid_t child = executed(&spawn);

    CHECK(child > 0 && tcgetpgrp(STDIN_FILENO) == child && !reaper_stopped(child));
    CHECK(write(master, &control_z, 1) == 1);
    CHECK(waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT) == 0);
    CHECK(reaper_stopped(child) && !reaper_stopped(child) && terminal_should_suspend());
    terminal_suspend(child); /* until the shell continues us */
    CHECK(tcgetpgrp(STDIN_FILENO) == child);
    CHECK(waitid(P_PID, (id_t)child, &info, WCONTINUED) == 0);
    CHECK(kill(child, SIGKILL) == 0 && wait_status(child) == SIGKILL);
    return 0;
}

static int as_shell(void)
{
    siginfo_t info;
    int status;

    CHECK(new_session() == 0 && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0);

    pid_t pid = fork();

    if (pid == 0) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(STDIN_FILENO, getpgrp());
        _exit(suspended_program());
    }
    (void)setpgid(pid, pid);
    CHECK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) == 0 && info.si_code == CLD_STOPPED);
    CHECK(tcgetpgrp(STDIN_FILENO) == pid && tcsetpgrp(STDIN_FILENO, getpgrp()) == 0);
    CHECK(tcsetpgrp(STDIN_FILENO, pid) == 0 && kill(-pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    return 0;
}

static void under_a_shell_control_z_suspends_us_with_the_application(void **state)
{
    (void)state;
    assert_holds(as_shell);
}

static int leader_with_stopped_child(void)
{
    struct spawn spawn = plain(ARGV("sleep", "1000"));

    CHECK(new_session() == 0);
    spawn.foreground = true;

    pid_t child = executed(&spawn);

    CHECK(child > 0 && tcgetpgrp(STDIN_FILENO) == child);
    CHECK(!terminal_should_suspend()); /* nobody there to continue us */
    CHECK(kill(child, SIGKILL) == 0 && wait_status(child) == SIGKILL);
    return 0;
}

static void without_a_shell_we_are_not_suspended(void **state)
{
    (void)state;
    assert_holds(leader_with_stopped_child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_is_the_terminals_foreground_and_gives_it_back),
        cmocka_unit_test(a_session_leader_takes_a_free_terminal),
        cmocka_unit_test(from_the_background_the_terminal_is_not_taken),
        cmocka_unit_test(what_is_no_terminal_is_not_ours),
        cmocka_unit_test(a_terminal_that_came_back_meanwhile_is_lent_at_once),
        cmocka_unit_test(a_shell_keeps_the_terminal_when_a_background_job_ends),
        cmocka_unit_test(under_a_shell_control_z_suspends_us_with_the_application),
        cmocka_unit_test(without_a_shell_we_are_not_suspended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
