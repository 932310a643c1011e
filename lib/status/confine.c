#include "status/confine.h"

#include "base/seccomp.h"

#include <errno.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534 /* the overflow uid: it owns nothing */

/* What serving sockets that are open already needs, of libmicrohttpd, libjansson and two C libraries. */
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_sendfile,
    SYS_accept,
    SYS_accept4,
    SYS_close,
    SYS_shutdown,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_fcntl,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_getrandom,
    SYS_exit,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_nanosleep,
    SYS_clock_nanosleep,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
    SYS_poll,
#endif
};
/* As root: nobody, which also drops every capability (capabilities(7)). A container may forbid it; then we stay. */
static bool change_user(void)
{
    if (geteuid() != 0) {
        return true;
    }
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0) {
        return errno == EPERM || errno == EINVAL;
    }
    return setresuid(NOBODY, NOBODY, NOBODY) == 0 || errno == EPERM || errno == EINVAL || errno == EAGAIN;
}

bool confine(void)
{
    struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
    setrlimit(RLIMIT_CORE, &none);
    return change_user() && seccomp_filter(allowed, sizeof allowed / sizeof allowed[0], true);
}
