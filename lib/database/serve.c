#include "database/resolve.h"
#include "database/server.h"

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

/* ---- the loop ---- */

static void obey(struct server *server, const struct order_message *order)
{
    struct database_error why;

    if (!places_find(server, &why)) {
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

/* Waits for an order; meanwhile a lock's session that ends is told of at once. False when nobody is there any more. */
static bool wait_order(struct server *server)
{
    bool watched = server->held && server->lock->connection;
    struct pollfd fds[] = { { .fd = server->fd, .events = POLLIN },
                            { .fd = watched ? PQsocket(server->lock->connection) : -1, .events = POLLIN } };

    if (poll(fds, 2, -1) < 0) {
        return errno == EINTR;
    }
    if (fds[1].revents && !place_is_alive(server->lock)) {
        place_close(server, server->lock);
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
