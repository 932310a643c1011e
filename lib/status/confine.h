/* Least privilege: what the http process gives up before it reads a byte from outside. */
#ifndef STATUS_CONFINE_H
#define STATUS_CONFINE_H

#include <stdbool.h>

/* Another uid and no capabilities where that is possible (as root), no_new_privs (prctl(2)), no core, no new files or
 * processes: a seccomp filter that knows only what serving open sockets needs (seccomp(2)); what it does not know fails
 * with EPERM. Kernels without seccomp are served without the filter. False if a step that should work failed. */
bool confine(void);

#endif
