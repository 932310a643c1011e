/* What a process that talks to the database may never do. */
#ifndef PROCESS_NOEXEC_H
#define PROCESS_NOEXEC_H

#include <stdbool.h>

/* This process and its children can run no program, trace no other process and gain no privilege from now on. They
 * still open files and connections, which names, TLS and .pgpass need. False if the kernel refuses that, which a line
 * on standard error says: nobody else hears of it. */
bool noexec(void);

#endif
