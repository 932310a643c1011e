/* The connection of `pgentry apply`: queries that a signal can end.
 *
 * A process that is simply killed leaves its statement running in the server, which notices only when it next writes to
 * the socket. Therefore TERM, INT, HUP and QUIT are read from a signalfd beside the connection, and become a cancel
 * request (manual 34.7); after it the process lives two seconds at most. */
#ifndef DATABASE_APPLY_SESSION_H
#define DATABASE_APPLY_SESSION_H

#include "base/duration.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct apply_session {
    PGconn *connection;
    int signals;      /* descriptor */
    int caught;       /* the signal that asked us to end, or 0 */
    instant deadline; /* of the server's answer to that; 0: none, and TCP's keepalives find out that nobody is there */
    bool given_up;    /* it was over: nothing more is expected of the connection */
};

struct apply_result {
    size_t statements; /* that ended well */
    size_t rows;       /* they returned; not kept */
    PGresult *error;   /* what ended it, or NULL; PQclear is the caller's */
};

/* From here to session_begin a signal ends the process with 128+N at once: nothing runs in the server yet. As PID 1 a
 * process without handlers could not be ended at all. A signal that is ignored (nohup) stays so. A reader of our output
 * that went away ends nothing. */
void session_signals_exit(void);

/* Takes the connection over. False with errno if the system gives no descriptor. */
bool session_begin(struct apply_session *session, PGconn *connection);
/* Ends the connection; what runs in a transaction is rolled back by the server. */
void session_end(struct apply_session *session);

/* Runs one simple-protocol query, which may hold many statements. False if not all of them ended well: result->error,
 * session->caught or session_lost say why. Nothing is sent once a signal was caught. */
bool session_query(struct apply_session *session, const char *sql, struct apply_result *result);

/* Runs one query with at most one parameter (NULL: none) and returns its rows, or NULL if that failed, with *result as
 * above. */
PGresult *session_fetch(struct apply_session *session, const char *sql, const char *parameter,
                        struct apply_result *result);

/* The connection is of no more use. */
bool session_lost(const struct apply_session *session);

#endif
