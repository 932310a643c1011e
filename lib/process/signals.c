#include "process/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST_SIGNAL 64
#define KERNEL_SET_BYTES ((size_t)LAST_SIGNAL / 8)

/* The kernel's struct sigaction differs between machines, but all zero bytes are everywhere SIG_DFL without flags, and
 * no machine's is larger. The C library's sigaction() refuses the signals it uses itself (32 to 34). */
static void set_default(int number)
{
    static const char default_action[64];

    (void)syscall(SYS_rt_sigaction, number, default_action, NULL, KERNEL_SET_BYTES);
}

static sigset_t every_signal(void)
{
    sigset_t set;

    memset(&set, 0xff, sizeof set); /* musl's sigfillset leaves out 34, which is glibc's SIGRTMIN */
    return set;
}

/* The signalfd that tells those; fd: an earlier one, or -1. */
static int tell(int fd, const sigset_t *set)
{
    return signalfd(fd, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_block(void)
{
    sigset_t set = every_signal();

    (void)sigprocmask(SIG_SETMASK, &set, NULL);
    for (int number = 1; number <= LAST_SIGNAL; number++) {
        set_default(number);
    }
    return tell(-1, &set);
}

void signals_children(int fd, bool told)
{
    sigset_t set = every_signal();

    if (!told) {
        sigdelset(&set, SIGCHLD);
    }
    (void)tell(fd, &set);
}

/* The kernel sends the first two as if we had sent them ourselves (SI_USER with our own pid). */
static bool is_ours(const struct signalfd_siginfo *info)
{
    if (info->ssi_signo == SIGXCPU) {
        return info->ssi_code == SI_KERNEL;
    }
    return (info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ) && info->ssi_pid == (uint32_t)getpid();
}

int signals_next(int fd)
{
    struct signalfd_siginfo info;
    ssize_t count;

    do {
        count = read(fd, &info, sizeof info);
    } while ((count < 0 && errno == EINTR) || (count == (ssize_t)sizeof info && is_ours(&info)));
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int signals_waiting(bool (*wanted)(int number))
{
    sigset_t pending;
    int number = 1;

    (void)sigpending(&pending);
    while (number <= LAST_SIGNAL && !(wanted(number) && sigismember(&pending, number) == 1)) {
        number++;
    }
    return number <= LAST_SIGNAL ? number : 0;
}

void signals_reset(void)
{
    sigset_t set;

    /* To ignore a signal discards a pending one (sigaction(2), POSIX XSH 2.4.1). */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int number = 1; number <= LAST_SIGNAL; number++) {
        set_default(number);
    }
    sigemptyset(&set);
    (void)sigprocmask(SIG_SETMASK, &set, NULL);
}
