/* Deaths for want of memory: what the cgroup says; and a limit against them. */
#ifndef PROCESS_MEMORY_H
#define PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* The number of OOM kills that this container's cgroup has seen (memory.events oom_kill of cgroup v2,
 * memory.oom_control of v1), or -1 where that cannot be read. A step killed by SIGKILL while this number grew died for
 * memory. */
int64_t memory_oom_kills(void);

/* The same with proc/self/cgroup and sys/fs/cgroup under another folder than the root. */
int64_t memory_oom_kills_under(const char *root);

/* From now on this process gets `more` bytes beside what it has, and no others (RLIMIT_DATA, which counts every private
 * mapping that can be written to since Linux 4.7). Without /proc, or under a lower limit, all stays as it is. */
void memory_limit(size_t more);

#endif
