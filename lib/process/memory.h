/* Deaths for want of memory: what the cgroup says. */
#ifndef PROCESS_MEMORY_H
#define PROCESS_MEMORY_H

#include <stdint.h>

/* The number of OOM kills that this container's cgroup has seen (memory.events oom_kill of cgroup v2,
 * memory.oom_control of v1), or -1 where that cannot be read. A step killed by SIGKILL while this number grew died for
 * memory. */
int64_t memory_oom_kills(void);

/* The same with proc/self/cgroup and sys/fs/cgroup under another folder than the root. */
int64_t memory_oom_kills_under(const char *root);

#endif
