#include "process/terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static bool no_terminal; /* standard input is none, and stays so: a stop need not ask again */

/* The group of a session leader started outside our PID namespace reads as 0, ours as well: they compare equal. */
bool terminal_ours(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    if (foreground < 0 && errno == ENOTTY) {
        no_terminal = !isatty(STDIN_FILENO);
        if (!no_terminal && getsid(0) == getpid() && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0) {
            foreground = tcgetpgrp(STDIN_FILENO);
        }
    }
    return foreground >= 0 && foreground == getpgrp();
}

void terminal_take(void)
{
    (void)tcsetpgrp(STDIN_FILENO, getpgrp());
}

/* The group of a shell with job control is another than ours, in the same session: what POSIX calls not orphaned. */
bool terminal_should_suspend(void)
{
    pid_t parent = getppid();

    return getpid() != 1 && tcgetpgrp(STDIN_FILENO) > 0 && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

void terminal_reclaim(pid_t child)
{
    pid_t foreground = no_terminal ? -1 : tcgetpgrp(STDIN_FILENO);

    if (foreground >= 0 && (foreground == child || !terminal_should_suspend())) {
        terminal_take();
    }
}

void terminal_lend(pid_t child)
{
    if (terminal_ours()) {
        (void)tcsetpgrp(STDIN_FILENO, getpgid(child));
    }
}

void terminal_suspend(pid_t child)
{
    pid_t group = getpgid(child), foreground = tcgetpgrp(STDIN_FILENO);

    if (foreground > 0 && foreground == group) {
        terminal_take();
    }
    if (group == getpgrp() || foreground != getpgrp()) { /* else a `fg` was quicker than we: only the child waits */
        (void)kill(terminal_should_suspend() ? 0 : getpid(), SIGSTOP); /* 0: our group, a pipeline's others too */
    }
    terminal_lend(child);
    (void)kill(group == child ? -child : child, SIGCONT);
}
