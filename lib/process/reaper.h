/* The one owner of every wait. It knows its children by pid and reaps everybody else's orphans. */
#ifndef PROCESS_REAPER_H
#define PROCESS_REAPER_H

#include "process/credentials.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct reaped {
    pid_t pid;
    int status;         /* as waitpid gives it */
    int64_t peak_bytes; /* peak resident size of it or the largest of the children it waited for (getrusage(2)) */
};

/* Takes one ended child without blocking. False: none now. Call it until then: one SIGCHLD may stand for many. */
bool reaper_next(struct reaped *reaped);

/* True once for each time that this child of ours was stopped (a SIGCHLD tells of that too). */
bool reaper_stopped(pid_t child);

/* If we are not PID 1: become the subreaper (prctl(2) PR_SET_CHILD_SUBREAPER). False if the kernel refuses. */
bool reaper_adopt_orphans(void);

/* What PID 1 is called, cut to 15 bytes (proc(5), comm). False where it cannot be seen. */
#define REAPER_NAME_SIZE 16
bool reaper_name_of_pid_1(char name[REAPER_NAME_SIZE]);

/* Whose the steps and the application are; `credentials` must live as long as we signal any. */
void reaper_serve(const struct credentials *credentials);

/* kill(2) for what is theirs: also where we may become that user but not signal his processes (no CAP_KILL). */
int reaper_kill(pid_t pid, int signal);

/* Sends a signal to the whole group and to those of the step's processes that left it by setsid. These are found
 * through /proc: descendants of the group's leader, and, since their parents may have ended and left them to us,
 * children of ours, with their descendants, that were born no earlier than the leader and are none of the `count` pids
 * in `spare` (0: none). (What an orphaned process of a `docker exec` leaves to PID 1 in that time cannot be told
 * apart.) The leader's birth is remembered from the first call for the group, which must come before the leader is
 * reaped; later calls may follow when it is gone, as long as none for another group came between. A first call after
 * that takes children of any age. Stopped processes are continued, or a TERM would wait in them. SIGKILL is repeated
 * for what forks meanwhile. Signal 0 only counts. Without /proc only the group is signalled. Returns how many processes
 * there were that had not ended; without /proc 1 for a group that exists. */
int reaper_kill_tree(pid_t group, int signal, const pid_t *spare, int count);

/* Kills everything that is left: as PID 1 kill(-1), which also takes our own helper processes and those of
 * `docker exec`; else every descendant of ours, without /proc none. */
void reaper_kill_rest(int signal);

#endif
