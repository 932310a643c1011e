#include "database/resolve.h"
#include "database/server.h"
#include "database/sessions.h"

#include <errno.h>
#include <poll.h>

/* ---- replies ---- */

void reply(struct server *server, const struct reply_message *message)
{
    reply_encode(message, &server->writer);
    if (server->writer.failed || !frame_send(server->fd, &server->writer)) {
        server->closed = true; /* the other end is gone, or memory is: both end the process */
    }
}

void reply_with(struct server *server, enum reply kind)
{
    reply(server, &(struct reply_message){ .reply = kind });
}

void reply_failed(struct server *server, const struct database_error *why)
{
    struct reply_message message = { .reply = REPLY_FAILED, .failed = *why };

    if (why->direct) {
        message.failed.message = arena_printf(server->order, "%s: %s", server->direct.destination.key, why->message);
    }
    reply(server, &message);
}

void reply_note(struct server *server, const char *text)
{
    reply(server, &(struct reply_message){ .reply = REPLY_NOTE, .text = text });
}

/* ---- what the step waits for: asked over the lock's session, whose answer nobody waits for ---- */

#define BLOCKED_EVERY ((duration)5000)

static void ask_blocked(struct server *server)
{
    struct arena *arena = arena_new();

    server->asked_blocked = sessions_ask_blocked(server->lock->connection, clock_now() - server->held_since, arena);
    if (!server->asked_blocked) {
        place_close(server, server->lock);
    }
    arena_free(arena);
}

/* False if the lock's session is of no use any more: it is closed then. */
static bool take_blocked(struct server *server, struct arena *arena, struct database_error *why)
{
    struct deadline deadline = deadline_in(DATABASE_ANSWER, server->fd);
    const char *text;

    server->asked_blocked = false;
    if (!sessions_take_blocked(server->lock->connection, &text, &deadline, arena, why)) {
        if (why->sqlstate[0] && place_is_alive(server->lock)) {
            return true;
        }
        place_close(server, server->lock);
        return false;
    }
    if (text) {
        reply_note(server, arena_printf(arena, "the step waits in the server: %s (pgentry diagnose tells more)", text));
    }
    return true;
}

static void hear_lock(struct server *server)
{
    struct arena *arena = arena_new();
    struct database_error why;

    if (server->asked_blocked) {
        take_blocked(server, arena, &why);
    } else if (!place_is_alive(server->lock)) {
        place_close(server, server->lock);
    }
    arena_free(arena);
}

/* ---- the loop ---- */

static void obey(struct server *server, const struct order_message *order)
{
    struct database_error why;

    if (!places_find(server, &why) || (server->asked_blocked && !take_blocked(server, server->order, &why))) {
        reply_failed(server, &why);
        return;
    }
    switch (order->order) {
    case ORDER_CONNECT:
        order_connect(server, order);
        break;
    case ORDER_CHECK:
        order_check(server, order);
        break;
    case ORDER_LOCK:
        order_lock(server);
        break;
    case ORDER_SESSIONS:
        order_sessions(server, order);
        break;
    }
}

/* Waits for an order; meanwhile a lock's session that ends is told of at once, and who keeps the step waiting. False
 * when nobody is there any more. */
static bool wait_order(struct server *server)
{
    bool watched = server->held && server->lock->connection;
    struct pollfd fds[] = { { .fd = server->fd, .events = POLLIN },
                            { .fd = watched ? PQsocket(server->lock->connection) : -1, .events = POLLIN } };
    int ready = poll(fds, 2, watched && !server->asked_blocked ? (int)BLOCKED_EVERY : -1);

    if (ready < 0) {
        return errno == EINTR;
    }
    if (ready == 0) {
        ask_blocked(server);
    }
    if (fds[1].revents) {
        hear_lock(server);
    }
    return !fds[0].revents || frame_fill(&server->stream) < FRAME_CLOSED;
}

static void serve(struct server *server)
{
    while (!server->closed) {
        uint8_t kind;
        struct frame_reader payload;
        struct order_message order;
        enum frame_result result = frame_next(&server->stream, &kind, &payload);
        bool known = false;

        if (result == FRAME_READY) {
            server->order = arena_new();
            known = order_decode(kind, &payload, &order, server->order);
            if (known) {
                obey(server, &order);
            }
            arena_free(server->order);
            server->order = NULL;
        }
        if (!known && (result != FRAME_NONE || !wait_order(server))) {
            return;
        }
    }
}

int database_serve(int fd, const struct database_settings *settings)
{
    struct server server = { .fd = fd, .settings = settings, .config = settings->config, .stream = { .fd = fd } };

    server.tables_told = !settings->source;
    resolve_briskly();
    server.arena = arena_new();
    serve(&server);
    PQfinish(server.main.connection);
    PQfinish(server.direct.connection);
    frame_stream_free(&server.stream);
    frame_writer_free(&server.writer);
    arena_free(server.wanted_arena);
    arena_free(server.arena);
    return 0;
}
