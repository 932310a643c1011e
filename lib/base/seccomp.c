#include "base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define NUMBERS_END 0x40000000U /* the x32 numbering begins here, with the same architecture */
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define NUMBERS_END 0x40000000U
#endif

#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define STATEMENT(code, value) (struct sock_filter) BPF_STMT((code), (value))
#define JUMP(code, value, yes, no) (struct sock_filter) BPF_JUMP((code), (value), (unsigned char)(yes), (no))

bool seccomp_filter(const int *calls, size_t count, bool only)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return false;
    }
#ifdef ARCHITECTURE
    struct sock_filter code[SECCOMP_CALLS + 8];
    unsigned short at = 0;

    code[at++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[at++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    code[at++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[at++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[at++] = JUMP(BPF_JMP | BPF_JGE | BPF_K, NUMBERS_END, only ? count : count + 1, 0);
    for (size_t i = 0; i < count; i++) {
        code[at++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], count - i, 0);
    }
    code[at++] = STATEMENT(BPF_RET | BPF_K, only ? REFUSE : SECCOMP_RET_ALLOW);
    code[at++] = STATEMENT(BPF_RET | BPF_K, only ? SECCOMP_RET_ALLOW : REFUSE);

    struct sock_fprog program = { .len = at, .filter = code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 || errno == EINVAL || errno == ENOSYS;
#else
    (void)calls;
    (void)count;
    (void)only;
    return true;
#endif
}
