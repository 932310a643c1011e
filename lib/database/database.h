/* The database process: plain sequential libpq. Runs in a fork of its own; the parent talks to it over a socketpair
 * (protocol.h) and kills it when it does not answer in time. */
#ifndef DATABASE_DATABASE_H
#define DATABASE_DATABASE_H

#include "config/config.h"
#include "config/wanted.h"

/* What is wanted is found out in the database process, not in PID 1: reading a project's files is work on foreign
 * input. The function fills *wanted; it is called when the first CHECK is ordered, and where one asks for it anew. */
typedef void wanted_source(struct wanted *wanted, const struct config *config, struct arena *arena);

struct database_settings {
    const struct config *config;
    wanted_source *source; /* NULL: no CHECK is ever ordered */
    const void *wanted;    /* what REPLY_WANTED said to an earlier process of this boot; NULL: there was none */
    size_t wanted_length;
};

/* Serves orders on fd until the other end closes, then returns 0. Never returns while the parent lives and wants more.
 * The lock is let go by the connection's end at the latest. Leaves the parent's descriptors to the caller to close.
 *
 * How long an order may take: CONNECT wait.connect_timeout in all; CHECK what the order says, LOCK and SESSIONS
 * DATABASE_ANSWER, and wait.connect_timeout more for each connection (two at most) that has to be opened to the
 * configured URLs.
 */
#define DATABASE_ANSWER ((duration)10000)

int database_serve(int fd, const struct database_settings *settings);

/* Everything about the URLs that can be said without a connection: refused kinds (prisma://), unencoded characters,
 * a service file that names nothing, each of them; dropped parameters are a warning. Used when the configuration is
 * read. */
config_check database_check_urls;

#endif
