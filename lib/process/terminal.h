/* The controlling terminal: who reads from it (job control, POSIX XBD 11.1). All of this needs SIGTTOU blocked, as
 * signals_block leaves it. */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* True if standard input is our controlling terminal and we are its foreground group: only then it is ours to give. A
 * session leader without a controlling terminal whose standard input is a free one gets it as that. */
bool terminal_ours(void);

/* Makes our group the foreground one: in a child that leads its own. Async-signal-safe. */
void terminal_take(void);

/* In the parent, after a child of its own group has ended: the terminal returns to us, from that group, or from one
 * that it made; but not from a shell with job control that put us into the background. */
void terminal_reclaim(pid_t child);

/* Gives the terminal, if it is ours, to a child's group. For a SIGCONT: a shell's `fg` gave it to us. */
void terminal_lend(pid_t child);

/* For a child that was stopped (reaper_stopped), by ^Z or for want of the terminal: true if a shell with job control
 * started us on a terminal. That shell waits for us, and would wait for ever. */
bool terminal_should_suspend(void);

/* Stops us, under such a shell with our whole group, and takes the terminal from the child. Returns when we are
 * continued; the child is then continued too, and has the terminal if we were given it. If we were given it since the
 * child stopped, we go on at once. Not for PID 1, which cannot be stopped. Also the answer to a TSTP, TTIN or TTOU that
 * was passed on to the child. */
void terminal_suspend(pid_t child);

#endif
