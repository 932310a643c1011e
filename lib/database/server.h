/* The inside of the database process: its state, and one function for each order. */
#ifndef DATABASE_SERVER_H
#define DATABASE_SERVER_H

#include "database/connection.h"
#include "database/database.h"
#include "database/lock.h"

/* One of the two places: url, and direct_url where that is another. */
struct place {
    struct destination destination;
    PGconn *connection; /* NULL: closed */
};

struct server {
    int fd;
    bool closed; /* nobody listens to us any more */
    const struct database_settings *settings;
    const struct config *config;
    struct frame_stream stream;
    struct frame_writer writer;
    struct arena *arena; /* what lives as long as the process */
    struct arena *order; /* what lives as long as one order */

    bool found; /* where the URLs lead */
    struct place main, direct;
    struct place *lock; /* one of these two: its session holds the lock */
    bool same;          /* both lead to the same database */
    bool asked;         /* that was asked, if only in vain */
    bool ready;         /* everything holds that must before the lock is taken */
    bool held;
    instant held_since; /* or a little before: it is compared with the server's clock */
    bool asked_blocked; /* the lock's session was asked whom the step waits for, and the answer is not taken yet */
    int64_t key;
    struct lock_holder holder; /* of the lock, when it was last tried in vain */

    struct wanted wanted;
    struct arena *wanted_arena; /* its; NULL: it is not known yet */
    bool wanted_told;
    bool tables_told; /* or there is no need to */
};

/* ---- replies (serve.c) ---- */

void reply(struct server *server, const struct reply_message *message);
void reply_with(struct server *server, enum reply kind);
void reply_failed(struct server *server, const struct database_error *why);
void reply_note(struct server *server, const char *text);

/* ---- connections (place.c) ---- */

/* Finds out, once, where the URLs lead. */
bool places_find(struct server *server, struct database_error *why);

/* One attempt's time. */
struct deadline place_deadline(const struct server *server);
/* The place has a living connection then; the one it had, if that still lives. */
bool place_open_within(struct server *server, struct place *place, bool probe, const struct deadline *deadline,
                       struct database_error *why);
/* The same within one attempt's time, without a probe. */
bool place_open(struct server *server, struct place *place, struct database_error *why);
/* The same, and no later than `latest`. */
bool place_open_until(struct server *server, struct place *place, const struct deadline *latest,
                      struct database_error *why);
/* Whether the server's end is still there, without asking it. */
bool place_is_alive(const struct place *place);
/* Whether both places lead to the same database; found out once. The one of the lock is open then. Each attempt and
 * each answer has its own time, and none after `latest`. */
bool places_agree(struct server *server, const struct deadline *latest, struct database_error *why);
/* Ends the connection, and says so if the lock went with it. */
void place_close(struct server *server, struct place *place);

/* ---- orders: each gives exactly one reply ---- */

void order_connect(struct server *server, const struct order_message *order);
void order_check(struct server *server, const struct order_message *order);
/* Once: which tables there are to look at, before a look can be taken. */
void tell_tables(struct server *server);
void order_lock(struct server *server);
void order_sessions(struct server *server, const struct order_message *order);

#endif
