/* Signals of PID 1: all blocked first thing in main, read from a signalfd. Their names stand in base/signal_name.h. */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <stdbool.h>

/* Blocks every signal that can be blocked and gives each the default disposition: a SIGCHLD that was ignored when we
 * came would let the kernel throw away our children's statuses, a blocked signal is queued whatever its disposition
 * (signal(7)). Those that a fault raises are blocked too, so that one sent by kill(2) can be forwarded; a fault of our
 * own still ends us (sigprocmask(2), NOTES: "the kernel forces"). Returns a signalfd (CLOEXEC, non-blocking) or -1 with
 * errno; the signals are blocked in any case. */
int signals_block(void);

/* The next signal from the signalfd; 0: none now. Passes over what only our own doing raised (SIGPIPE for a pipe whose
 * reader has ended, SIGXFSZ for a file too large, SIGXCPU for our processor time): those are not for the application,
 * whose limits are counted apart from ours (setrlimit(2)). */
int signals_next(int fd);

/* Whether the signalfd tells that children have ended (SIGCHLD). While it does not, that waits; other signals come as
 * ever. */
void signals_children(int fd, bool told);

/* A signal that waits to be read and is one of those wanted; 0: none. It goes on waiting. */
int signals_waiting(bool (*wanted)(int number));

/* In a child or before becoming the program, the last thing before exec: every disposition default (all 64, also those
 * that the C library keeps for itself), then nothing blocked: what arrived since the fork acts now. What only came from
 * our own doing (SIGPIPE, SIGXFSZ) is forgotten. Async-signal-safe. */
void signals_reset(void);

#endif
