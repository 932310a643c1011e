/* The orders to the database process, each with the time it may take. Only the actions use them. */
#ifndef BOOT_ORDERS_H
#define BOOT_ORDERS_H

#include "boot/boot.h"

/* `prove`: the connection must take a query, not only be accepted. */
void ask_connect(struct boot *boot, bool prove);
void ask_check(struct boot *boot);
void ask_lock(struct boot *boot);
/* What the step that began at step_at left running in the server. */
void ask_sessions(struct boot *boot);

/* Ends the process, its connections and with them the lock. */
void close_database(struct boot *boot);
/* The same at once, if it owes an answer: it may hang. */
void kill_database_if_asked(struct boot *boot);

#endif
