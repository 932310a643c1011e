/* The one owner of every wait. It knows its children by pid and reaps everybody else's orphans. */
#ifndef PROCESS_REAPER_H
#define PROCESS_REAPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct reaped {
    pid_t pid;
    int status;         /* as waitpid gives it */
    int64_t peak_bytes; /* peak resident size, from wait4's rusage */
};

/* Takes one ended child without blocking. False: none now. */
bool reaper_next(struct reaped *reaped);

/* If we are not PID 1: become the subreaper (prctl(2) PR_SET_CHILD_SUBREAPER). False if the kernel refuses. */
bool reaper_adopt_orphans(void);

/* Sends a signal to the whole group and to descendants of ours that left it by setsid (found through /proc: their parent
 * is `root`, one of its descendants, or, once those ended, ourselves), never to one of the `count` pids in `spare` or
 * their descendants. Without /proc only the group. Returns how many were signalled. */
int reaper_kill_tree(pid_t group, int signal, const pid_t *spare, int count);

/* Kills everything that is left: as PID 1 kill(-1), else every descendant. */
void reaper_kill_rest(int signal);

#endif
