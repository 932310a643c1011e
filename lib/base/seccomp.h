/* A seccomp filter over the numbers of system calls (seccomp(2)): for processes that face strangers. */
#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#define SECCOMP_CALLS 64

/* From now on this process and its children can never gain a privilege (no_new_privs, prctl(2)), and these calls, at
 * most SECCOMP_CALLS, are the only ones (`only`) or the only ones that are not (else) possible; a refused one fails
 * with EPERM, and one of another machine's numbering ends the process. A kernel without seccomp is served without the
 * filter. False with errno if it refuses what it should take. */
bool seccomp_filter(const int *calls, size_t count, bool only);

#endif
