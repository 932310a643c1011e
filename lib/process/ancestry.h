/* Who descends from whom, read from /proc/PID/stat (proc(5)). Every answer is already history when it is given. A /proc
 * of another PID namespace than ours is none. */
#ifndef PROCESS_ANCESTRY_H
#define PROCESS_ANCESTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ancestry {
    pid_t pid, parent, group;
    uint64_t birth; /* in clock ticks since the machine's start */
    bool ended;     /* a zombie */
};

/* False if there is no such process (or no /proc). */
bool ancestry_read(pid_t pid, struct ancestry *process);

/* True if `process` descends from `ancestor`; *top is then the ancestor's child on the way, perhaps itself. */
bool ancestry_below(const struct ancestry *process, pid_t ancestor, struct ancestry *top);

/* Calls `each` for every process that can be seen but our own. False without /proc. */
bool ancestry_each(void (*each)(void *argument, const struct ancestry *process), void *argument);

#endif
