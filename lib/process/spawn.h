/* Starting children: steps, the application, and pgentry's own helper processes. */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include "base/error.h"
#include "process/credentials.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct spawn {
    const char *const *argv; /* looked up in `path` (a PATH string) unless it holds a slash; NULL: entry is called */
    int (*entry)(void *argument); /* in the child instead of exec; its result is the child's exit status (_exit) */
    void *argument;
    const char *const *envp;               /* NULL: environ */
    const char *path;                      /* where argv[0] is looked up; NULL: PATH of envp */
    const char *cwd;                       /* NULL: as is */
    const struct credentials *credentials; /* NULL: as is */

    bool foreground; /* if standard input is our controlling terminal: its foreground group */
    bool null_stdin; /* standard input from /dev/null */
    bool not_alone;  /* a program gets TERM when we die by a kill -9 or the like (an entry is killed in any case) */
    int output;      /* >= 0: becomes standard output and standard error; -1: as is */
    const int *keep; /* entry only: more descriptors that stay open */
    size_t keep_count;
};

/* Call it first in main: opens /dev/null, close-on-exec, on those of the descriptors 0 to 2 that are closed, so that
 * none of ours lands there; what is written to a closed standard output still fails. Programs started later get them
 * closed, as they were found. */
void inherited_streams_guard(void);

/* Starts the child in a group of its own, with default dispositions, an empty mask, descriptors 0 to 2 only (and
 * `keep`). A signal sent to it from the moment of the fork on waits until the dispositions are default and acts then:
 * the child's status tells. An entry child has forgotten the log (log_forked) and is killed when we die
 * (PR_SET_PDEATHSIG: a later change of its uid clears that, prctl(2)). Returns its pid, without waiting for anything;
 * or -1 with *error (71): fork, pipe or memory were refused. What became of a program's exec is then said in *report
 * (NULL for an entry): see spawn_refused(). */
pid_t spawn_child(const struct spawn *spawn, int *report, struct error *error);

/* How the exec went, once *report is readable or the child has ended; closes it, and it is -1 then. False: the program
 * is executed, or the child was killed before. True with *error: status 127 not found, 126 not executable or its cwd
 * not enterable, 78 credentials refused, 71 want of memory or processes; the child ends by itself and is yet to be
 * reaped. A report that is -1 has nothing to tell. */
bool spawn_refused(int *report, struct error *error);

/* Whether a child that was not refused is, or was until it ended, the program, and not killed before. It must not be
 * reaped yet. The kernel lets nobody move a child to another group once it has executed something (setpgid(2)). */
bool spawn_executed(pid_t pid);

/* Becomes the program: mode exec, where foreground, null_stdin and output mean nothing. Returns only on
 * failure, with *error as above: the signals are then unblocked, so all that is left is to log it and exit. What is
 * pending acts on us just before the exec; in PID 1 the kernel drops it, so look at the signalfd once more before. */
bool spawn_become(const struct spawn *spawn, struct error *error);

#endif
