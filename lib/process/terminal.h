/* The controlling terminal: who reads from it (job control, POSIX XBD 11.1). Both block nothing and need SIGTTOU
 * blocked, as signals_block leaves it. */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <stdbool.h>

/* True if standard input is our controlling terminal and we are its foreground group: only then it is ours to give. A
 * session leader without a controlling terminal whose standard input is a free one gets it as that. */
bool terminal_ours(void);

/* In a child that leads its own group: makes that group the foreground one. Async-signal-safe. */
void terminal_take(void);

/* In the parent, after a foreground child has ended: the terminal returns to us. */
void terminal_reclaim(void);

#endif
