#include "base/mask.h"
#include "database/also.h"
#include "database/check.h"
#include "database/connection.h"
#include "database/database.h"
#include "database/lock.h"
#include "database/sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

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
    bool ready;         /* it is known to be fit for that */
    bool held;
    int64_t key;

    struct wanted wanted;
    bool wanted_known;
    bool denied_told;
};

/* ---- replies ---- */

static void reply(struct server *server, const struct reply_message *message)
{
    reply_encode(message, &server->writer);
    if (server->writer.failed || !frame_send(server->fd, &server->writer)) {
        server->closed = true; /* the other end is gone, or memory is: both end the process */
    }
}

static void reply_with(struct server *server, enum reply kind)
{
    reply(server, &(struct reply_message){ .reply = kind });
}

static void reply_failed(struct server *server, const struct reply_failed *why)
{
    reply(server, &(struct reply_message){ .reply = REPLY_FAILED, .failed = *why });
}

static void note(struct server *server, const char *text)
{
    reply(server, &(struct reply_message){ .reply = REPLY_NOTE, .text = text });
}

/* ---- connections ---- */

/* Ends a connection, and says so if the lock went with it. */
static void close_place(struct server *server, struct place *place)
{
    PQfinish(place->connection);
    place->connection = NULL;
    if (place == server->lock) {
        server->ready = false;
        if (server->held) {
            server->held = false;
            reply_with(server, REPLY_LOCK_LOST);
        }
    }
}

/* Whether the server's end is still there, without asking it: reads what came of itself (notices, the end). */
static bool is_alive(PGconn *connection)
{
    while (PQstatus(connection) == CONNECTION_OK) {
        struct pollfd fd = { .fd = PQsocket(connection), .events = POLLIN };

        if (poll(&fd, 1, 0) <= 0) {
            return true;
        }
        if (!PQconsumeInput(connection)) {
            return false;
        }
        PQisBusy(connection); /* takes in what was read */
    }
    return false;
}

static bool open_within(struct server *server, struct place *place, bool probe, const struct deadline *deadline,
                        struct reply_failed *why)
{
    if (place->connection && is_alive(place->connection)) {
        return true;
    }
    close_place(server, place);
    place->connection = destination_open(&place->destination, probe, deadline, server->order, why);
    return place->connection != NULL;
}

static struct deadline connect_deadline(const struct server *server)
{
    return deadline_in(server->config->wait.connect_timeout, server->fd);
}

static bool open_place(struct server *server, struct place *place, struct reply_failed *why)
{
    struct deadline deadline = connect_deadline(server);

    return open_within(server, place, false, &deadline, why);
}

/* ---- what the URLs say ---- */

static void tell_dropped(struct server *server, const struct strings *dropped)
{
    const char *names = "";

    for (size_t i = 0; i < dropped->count; i++) {
        names = arena_printf(server->arena, "%s%s%s", names, i ? ", " : "", dropped->items[i]);
    }
    /* A later check has the answer of the first one, and whoever asked has read this. */
    if (dropped->count && server->settings->source) {
        note(server, arena_printf(server->arena,
                                  "parameters in the database URL that libpq does not know are dropped: %s", names));
    }
}

static bool find_places(struct server *server, struct reply_failed *why)
{
    struct error error = { 0 };
    struct strings dropped = { 0 };
    const struct config *config = server->config;
    bool shared = destination_is_shared(config);

    if (server->found) {
        return true;
    }
    if (!destination_find(&server->main.destination, config, false, server->arena, &error) ||
        (!shared && !destination_find(&server->direct.destination, config, true, server->arena, &error)) ||
        !also_check(&config->wait.also, server->order, &error)) {
        failed(why, FAILURE_CONFIG, NULL, error.message, error.hint[0] ? arena_strdup(server->order, error.hint) : NULL,
               server->order);
        return false;
    }
    for (size_t i = 0; i < server->main.destination.info.notes.count; i++) {
        strings_add(server->arena, &dropped, server->main.destination.info.notes.items[i]);
    }
    for (size_t i = 0; !shared && i < server->direct.destination.info.notes.count; i++) {
        if (!strings_contain(&dropped, server->direct.destination.info.notes.items[i])) {
            strings_add(server->arena, &dropped, server->direct.destination.info.notes.items[i]);
        }
    }
    if (shared) { /* its session may hold the lock, and is to be recognised */
        conninfo_set(&server->main.destination.info, "application_name", APPLICATION, server->arena);
    }
    server->lock = shared ? &server->main : &server->direct;
    server->found = true;
    tell_dropped(server, &dropped);
    return true;
}

bool database_check_urls(const struct config *config, struct error *error)
{
    struct arena *arena = arena_new();
    struct destination destination;
    bool fine = destination_find(&destination, config, false, arena, error) &&
                (destination_is_shared(config) || destination_find(&destination, config, true, arena, error)) &&
                also_check(&config->wait.also, arena, error);

    arena_free(arena);
    return fine;
}

/* ---- ORDER_CONNECT ---- */

static bool prove(struct server *server, const struct deadline *deadline, struct reply_failed *why)
{
    const struct statement statement = { .sql = "SELECT 1" };

    return query_value(server->main.connection, &statement, deadline, server->order, why) != NULL;
}

static bool others_reachable(struct server *server, const struct deadline *deadline, struct reply_failed *why)
{
    const char *message;

    if (also_reachable(&server->config->wait.also, deadline, &message, server->order)) {
        return true;
    }
    failed(why, FAILURE_ALSO, NULL, message, NULL, server->order);
    return false;
}

static void reply_connected(struct server *server)
{
    PGconn *connection = server->main.connection;
    const char *host = PQhost(connection);
    const char *port = PQport(connection);
    const char *version = PQparameterStatus(connection, "server_version");
    bool folder = host[0] == '/' || host[0] == '@';

    version = version ? version : "";
    reply(server, &(struct reply_message){
                      .reply = REPLY_CONNECTED,
                      .connected = { .host = folder ? host : arena_printf(server->order, "%s:%s", host, port),
                                     .address = PQhostaddr(connection),
                                     .server_version = arena_strndup(server->order, version, strcspn(version, " ")),
                                     .database = PQdb(connection),
                                     .user = PQuser(connection) },
                  });
}

static void order_connect(struct server *server, const struct order_message *order)
{
    struct reply_failed why;
    struct deadline deadline = connect_deadline(server);

    if (!open_within(server, &server->main, order->probe, &deadline, &why)) {
        reply_failed(server, &why);
    } else if (order->prove && !prove(server, &deadline, &why)) {
        close_place(server, &server->main);
        reply_failed(server, &why);
    } else if (!others_reachable(server, &deadline, &why)) {
        reply_failed(server, &why);
    } else {
        reply_connected(server);
    }
}

/* ---- ORDER_CHECK ---- */

/* Finds out what is wanted, or takes it as it was found out earlier. */
static bool know_wanted(struct server *server, struct reply_failed *why)
{
    const struct database_settings *settings = server->settings;

    if (server->wanted_known) {
        return true;
    }
    if (settings->source) {
        settings->source(&server->wanted, server->config, server->arena);
    } else {
        struct frame_reader reader = { .data = settings->wanted, .length = settings->wanted_length };

        if (!wanted_decode(&server->wanted, &reader, server->arena)) {
            failed(why, FAILURE_CONFIG, NULL, "what is wanted of the schema came broken", NULL, server->order);
            return false;
        }
    }
    server->wanted_known = true;
    return true;
}

static void tell_wanted(struct server *server)
{
    struct frame_writer writer = { 0 };

    for (size_t i = 0; i < server->wanted.notes.count; i++) {
        note(server, server->wanted.notes.items[i]);
    }
    wanted_encode(&server->wanted, &writer);
    if (!writer.failed) {
        reply(server,
              &(struct reply_message){ .reply = REPLY_WANTED, .wanted = writer.data, .wanted_length = writer.length });
    }
    frame_writer_free(&writer);
}

/* Where the role of `url` may not read the ledger, that of direct_url may. */
static bool read_ledger_directly(struct server *server, struct check *check, bool *denied, struct reply_failed *why)
{
    const struct check_request request = { .wanted = &server->wanted, .history = true };
    struct deadline deadline = deadline_in(DATABASE_ANSWER, server->fd);

    if (!open_place(server, server->lock, why)) {
        return false;
    }
    if (!check_run(server->lock->connection, &request, &deadline, check, denied, server->order, why)) {
        close_place(server, server->lock);
        return false;
    }
    return true;
}

static bool look(struct server *server, bool history, struct check *check, bool *denied, struct reply_failed *why)
{
    const struct check_request request = { .wanted = &server->wanted,
                                           .schema = true,
                                           .history = history,
                                           .hand_listed = server->config->verify.table_count > 0 };
    struct deadline deadline;

    if (!open_place(server, &server->main, why)) {
        return false;
    }
    deadline = deadline_in(DATABASE_ANSWER, server->fd);
    if (!check_run(server->main.connection, &request, &deadline, check, denied, server->order, why)) {
        close_place(server, &server->main);
        return false;
    }
    if (*denied && server->lock != &server->main) {
        return read_ledger_directly(server, check, denied, why);
    }
    return true;
}

static void order_check(struct server *server, const struct order_message *order)
{
    struct reply_message message = { .reply = REPLY_CHECKED };
    struct reply_failed why;
    bool first = !server->wanted_known && server->settings->source;
    bool denied;

    if (!know_wanted(server, &why)) {
        reply_failed(server, &why);
        return;
    }
    if (first) {
        tell_wanted(server);
    }
    if (!look(server, order->history, &message.check, &denied, &why)) {
        reply_failed(server, &why);
        return;
    }
    if (denied && !server->denied_told) {
        server->denied_told = true;
        note(server,
             "the migration history may not be read by this role, so the steps run at every boot: grant SELECT on "
             "its table, or set database.direct_url to a role that may read it");
    }
    reply(server, &message);
}

/* ---- ORDER_LOCK and ORDER_UNLOCK ---- */

static PGconn *open_second(void *context, const struct deadline *deadline, struct reply_failed *why)
{
    struct server *server = context;

    return destination_open(&server->lock->destination, false, deadline, server->order, why);
}

static bool is_same_database(struct server *server, const struct deadline *deadline, struct reply_failed *why)
{
    if (server->lock == &server->main) {
        return true;
    }
    if (!open_place(server, &server->main, why)) {
        return false;
    }

    enum sameness same =
        lock_same_database(server->main.connection, server->lock->connection, deadline, server->order, why);

    if (same == SAME_UNKNOWN) {
        close_place(server, &server->main);
    }
    if (same == SAME_NO) {
        failed(why, FAILURE_CONFIG, NULL, "database.direct_url does not lead to the same database as database.url",
               "name the same database in both, on the same server", server->order);
    }
    return same == SAME_YES;
}

/* Everything that has to hold before a lock may be taken over this session, found out once. */
static bool ready_lock(struct server *server, const struct deadline *deadline, struct reply_failed *why)
{
    const struct second_connection second = { .open = open_second, .context = server };

    if (!open_place(server, server->lock, why)) {
        return false;
    }
    if (server->ready) {
        return true;
    }
    server->ready = is_same_database(server, deadline, why) &&
                    lock_session_is_kept(server->lock->connection, &second, deadline, server->order, why) &&
                    lock_prepare(server->lock->connection, server->config->verify.schema, &server->key, deadline,
                                 server->order, why);
    return server->ready;
}

static void order_lock(struct server *server)
{
    struct reply_message message = { .reply = REPLY_BUSY };
    struct reply_failed why;
    struct deadline deadline = deadline_in(DATABASE_ANSWER, server->fd);
    enum lock_result result = LOCK_ERROR;

    if (ready_lock(server, &deadline, &why)) {
        result = server->held
                     ? LOCK_TAKEN
                     : lock_try(server->lock->connection, server->key, &message.text, &deadline, server->order, &why);
    }
    switch (result) {
    case LOCK_TAKEN:
        server->held = true;
        reply_with(server, REPLY_LOCKED);
        break;
    case LOCK_BUSY:
        reply(server, &message);
        break;
    case LOCK_ERROR:
        close_place(server, server->lock);
        reply_failed(server, &why);
        break;
    }
}

static void order_unlock(struct server *server)
{
    struct reply_failed why;
    struct deadline deadline = deadline_in(DATABASE_ANSWER, server->fd);
    bool released = server->held && server->lock->connection &&
                    lock_release(server->lock->connection, server->key, &deadline, server->order, &why);

    server->held = false;
    if (!released || server->lock != &server->main) { /* the connection's end lets go in any case */
        close_place(server, server->lock);
    }
    reply_with(server, REPLY_UNLOCKED);
}

/* ---- ORDER_SESSIONS ---- */

static void order_sessions(struct server *server, const struct order_message *order)
{
    struct reply_message message = { .reply = REPLY_SESSIONS };
    struct reply_failed why;
    struct deadline deadline;

    if (!open_place(server, server->lock, &why)) {
        reply_failed(server, &why);
        return;
    }
    deadline = deadline_in(DATABASE_ANSWER, server->fd);
    if (!sessions_count(server->lock->connection, order->age, &message.count, &message.text, &deadline, server->order,
                        &why)) {
        close_place(server, server->lock);
        reply_failed(server, &why);
        return;
    }
    reply(server, &message);
}

/* ---- the loop ---- */

static void obey(struct server *server, const struct order_message *order)
{
    struct reply_failed why;

    server->order = arena_new();
    if (!find_places(server, &why)) {
        reply_failed(server, &why);
    } else {
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
        case ORDER_UNLOCK:
            order_unlock(server);
            break;
        case ORDER_SESSIONS:
            order_sessions(server, order);
            break;
        }
    }
    arena_free(server->order);
    server->order = NULL;
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
    if (fds[1].revents && !is_alive(server->lock->connection)) {
        close_place(server, server->lock);
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

        if (result == FRAME_READY && order_decode(kind, &payload, &order)) {
            obey(server, &order);
        } else if (result != FRAME_NONE || !wait_order(server)) {
            return;
        }
    }
}

int database_serve(int fd, const struct database_settings *settings)
{
    struct server server = { .fd = fd, .settings = settings, .config = settings->config, .stream = { .fd = fd } };
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0) {
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    /* glibc gives each name server 5 s, which is all that an attempt has: the second one would never be asked
     * (resolv.conf(5)). */
    setenv("RES_OPTIONS", "timeout:1 attempts:3", 0);
    server.arena = arena_new();
    serve(&server);
    PQfinish(server.main.connection);
    PQfinish(server.direct.connection);
    frame_stream_free(&server.stream);
    frame_writer_free(&server.writer);
    arena_free(server.arena);
    return 0;
}
