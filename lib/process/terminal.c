#include "process/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The group of a session leader started outside our PID namespace reads as 0, ours as well: they compare equal. */
bool terminal_ours(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    if (foreground < 0 && errno == ENOTTY && isatty(STDIN_FILENO) && getsid(0) == getpid() &&
        ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0) {
        foreground = tcgetpgrp(STDIN_FILENO);
    }
    return foreground >= 0 && foreground == getpgrp();
}

void terminal_take(void)
{
    (void)tcsetpgrp(STDIN_FILENO, getpgrp());
}

void terminal_reclaim(void)
{
    (void)tcsetpgrp(STDIN_FILENO, getpgrp());
}
