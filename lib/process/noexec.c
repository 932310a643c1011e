#include "process/noexec.h"

#include "base/seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool noexec(void)
{
    static const int forbidden[] = {
        SYS_execve,  SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_mount,
        SYS_umount2, SYS_setns,    SYS_chroot, SYS_pivot_root,       SYS_unshare,           SYS_bpf,
    };
    if (seccomp_filter(forbidden, sizeof forbidden / sizeof forbidden[0], false)) {
        return true;
    }
    (void)dprintf(STDERR_FILENO, "pgentry: the kernel refuses a filter of system calls: %s\n", strerror(errno));
    return false;
}
