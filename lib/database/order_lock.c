#include "database/lock.h"
#include "database/server.h"
#include "database/sessions.h"

#define CLOCK_SLACK ((duration)1000) /* between an order and its arrival, a query and its execution */
#define OWN_TIME ((duration)2000)    /* to connect as a step does, and to be answered: nothing there costs no lock */

/* ---- ORDER_LOCK ---- */

static PGconn *open_second(void *context, const struct deadline *deadline, struct database_error *why)
{
    struct server *server = context;

    return destination_open(&server->lock->destination, false, deadline, server->order, why);
}

/* Everything that has to hold before a lock may be taken over this session, found out once. */
static bool ready_lock(struct server *server, const struct deadline *deadline, struct database_error *why)
{
    const struct second_connection second = { .open = open_second, .context = server };
    const struct deadline latest = deadline_in(0, server->fd);

    if (!place_open(server, server->lock, why)) {
        return false;
    }
    if (server->ready) {
        return true;
    }
    server->ready = places_agree(server, &latest, why) &&
                    lock_session_is_kept(server->lock->connection, &second, deadline, server->order, why) &&
                    lock_prepare(server->lock->connection, server->config->verify.schema, &server->key, deadline,
                                 server->order, why);
    return server->ready;
}

/* Where the lock has a connection of its own, a replica that waits does without it: that others still hold the lock is
 * seen over the other one, which the looks need anyway. */
static bool is_still_held(struct server *server, const struct deadline *deadline)
{
    struct database_error why;
    PGconn *connection = server->lock == &server->main ? NULL : server->main.connection;

    if (!connection || !server->holder.pid) {
        return false;
    }
    if (!lock_find_holder(connection, server->key, &server->holder, deadline, server->order, &why)) {
        place_close(server, &server->main);
        return false;
    }
    return server->holder.pid != 0;
}

static enum lock_result try_lock(struct server *server, const struct deadline *deadline, struct database_error *why)
{
    enum lock_result result;

    if (server->held) {
        return LOCK_TAKEN;
    }
    if (is_still_held(server, deadline)) {
        return LOCK_BUSY;
    }
    if (!ready_lock(server, deadline, why)) {
        return LOCK_ERROR;
    }
    result = lock_try(server->lock->connection, server->key, &server->holder, deadline, server->order, why);
    if (result == LOCK_BUSY && server->lock != &server->main) {
        place_close(server, server->lock);
    }
    return result;
}

void order_lock(struct server *server)
{
    struct database_error why;
    struct deadline deadline = deadline_in(DATABASE_ANSWER, server->fd);

    switch (try_lock(server, &deadline, &why)) {
    case LOCK_TAKEN:
        if (!server->held) {
            server->held_since = clock_now() - CLOCK_SLACK;
        }
        server->held = true;
        reply_with(server, REPLY_LOCKED);
        break;
    case LOCK_BUSY:
        reply(server,
              &(struct reply_message){ .reply = REPLY_BUSY, .text = server->holder.text, .count = server->holder.pid });
        break;
    case LOCK_ERROR:
        place_close(server, server->lock);
        reply_failed(server, &why);
        break;
    }
}

/* ---- ORDER_SESSIONS ---- */

/* As the step itself comes: as its role, which sees its own sessions, and by its way, on which they have its address.
 * NULL: it has no URL of its own, or one that leads nowhere in time. */
static PGconn *open_as_step(struct server *server, const char *url)
{
    struct config config = *server->config;
    duration limit = config.wait.connect_timeout;
    struct database_error why;

    if (!url) {
        return NULL;
    }
    config.database.url = config.database.direct_url = url;
    return connection_open(&config, true, limit && limit < OWN_TIME ? limit : OWN_TIME, server->order, &why);
}

static bool count_sessions(struct server *server, PGconn *connection, duration limit, instant since,
                           struct reply_message *message, struct database_error *why)
{
    struct deadline deadline = deadline_in(limit, server->fd);

    return sessions_count(connection, clock_now() - since, &message->count, &message->text, &deadline, server->order,
                          why);
}

void order_sessions(struct server *server, const struct order_message *order)
{
    struct reply_message message = { .reply = REPLY_SESSIONS };
    struct database_error why;
    instant since = clock_now() - order->age - CLOCK_SLACK;
    PGconn *own = open_as_step(server, order->url);
    bool counted = own && count_sessions(server, own, OWN_TIME, since, &message, &why);

    PQfinish(own);
    if (counted) {
        reply(server, &message);
        return;
    }
    if (!place_open(server, server->lock, &why)) {
        reply_failed(server, &why);
        return;
    }
    if (!count_sessions(server, server->lock->connection, DATABASE_ANSWER - 2 * OWN_TIME, since, &message, &why)) {
        place_close(server, server->lock);
        reply_failed(server, &why);
        return;
    }
    reply(server, &message);
}
