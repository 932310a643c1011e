/* The messages between PID 1 and the database process. PID 1 gives one order at a time; each gets exactly one reply,
 * but LOCK_LOST, which comes of itself. PID 1 keeps the deadlines: it kills a process that does not answer. */
#ifndef DATABASE_PROTOCOL_H
#define DATABASE_PROTOCOL_H

#include "base/arena.h"
#include "base/failure.h"
#include "base/frame.h"
#include "config/check.h"
#include "database/sqlstate.h"

#include <stdbool.h>
#include <stdint.h>

enum order {
    ORDER_CONNECT = 1, /* be connected to `url` with queries possible, and wait.also connectable. `probe`: something did
                          not listen the last time, so probe before libpq is asked. `prove`: also run a trivial query.
                          `alone`: this is no waiting, so wait.also does not matter */
    ORDER_CHECK,       /* look at the schema (and with `history` at the ledger) in one round trip. `direct`: fail unless
                          direct_url leads to the same database, which ORDER_LOCK does anyway. `prove`: fail if the
                          ledger cannot be read for the moment */
    ORDER_LOCK,        /* try once to get the lock, on direct_url */
    ORDER_SESSIONS     /* count and name server sessions begun in the `age` ms before the order that a killed step left
                          running */
};

struct order_message {
    enum order order;
    bool probe;
    bool prove;
    bool alone;
    bool history;
    bool direct;
    bool fresh; /* what is wanted is found out anew */
    int64_t age;
    int64_t within;  /* milliseconds until nobody waits for the reply any more; 0: never */
    const char *url; /* where the step works whose sessions are looked for; NULL: where the lock is */
};

enum reply {
    REPLY_CONNECTED = 65,
    REPLY_FAILED,  /* the order failed: struct database_error; the connection it concerned is closed */
    REPLY_CHECKED, /* struct check */
    REPLY_LOCKED,
    REPLY_BUSY, /* another one holds the lock: `text` says who (pid, application, client, age), `count` is its pid */
    REPLY_SESSIONS,  /* `count` and in `text` who */
    REPLY_LOCK_LOST, /* of itself */
    REPLY_NOTE,      /* of itself, before the reply of the order: a warning to log (`text`) */
    REPLY_TABLES,    /* of itself, before a FAILED: struct check with the tables of a look that was not taken yet */
    REPLY_WANTED /* of itself, before CHECKED, where it was found out: the encoded struct wanted, for later checks */
};

struct connected {
    const char *host; /* "db:5432" or a socket folder, for the log */
    const char *server_version;
};

/* Why a connection or a question failed. */
struct database_error {
    enum failure failure;
    bool direct;                        /* it is direct_url that cannot be reached: for the database process alone */
    bool let_in;                        /* database.url does let us in: it is something else that is waited for */
    char sqlstate[SQLSTATE_LENGTH + 1]; /* "" if the server gave none */
    const char *message;                /* one line, masked */
    const char *hint;                   /* or NULL */
};

struct reply_message {
    enum reply reply;
    struct database_error failed;
    struct connected connected;
    struct check check;
    const char *text;
    uint32_t count;
    const void *wanted; /* points into the frame */
    size_t wanted_length;
};

void order_encode(const struct order_message *order, struct frame_writer *writer);
/* Strings go into the arena. False if the frame is not an order we know. */
bool order_decode(uint8_t kind, struct frame_reader *payload, struct order_message *order, struct arena *arena);
void reply_encode(const struct reply_message *reply, struct frame_writer *writer);
/* Strings and lists go into the arena. False if the frame is not a reply we know. */
bool reply_decode(uint8_t kind, struct frame_reader *payload, struct reply_message *reply, struct arena *arena);

#endif
