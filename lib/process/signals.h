/* Signals of PID 1: all blocked first thing in main, read from a signalfd. */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

/* Blocks every signal that can be blocked, except those a fault in our own code raises (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 * SIGABRT, SIGTRAP, SIGSYS), and remembers which were ignored when we came. Returns a signalfd (CLOEXEC, non-blocking)
 * or -1 with errno. */
int signals_block(void);

/* In a child: every disposition default, nothing blocked. Async-signal-safe. */
void signals_reset(void);

/* "TERM" for SIGTERM, "RTMIN+3"…; never NULL. */
const char *signals_name(int number);
/* The number of "TERM", "SIGTERM", "15", "RTMIN+3"; 0 if unknown. Any case. */
int signals_number(const char *name);

#endif
