#include "status/http.h"

#include "base/frame.h"
#include "base/pages.h"
#include "status/answers.h"
#include "status/confine.h"
#include "status/door.h"
#include "status/guests.h"
#include "status/malformed.h"
#include "status/placeholder.h"
#include "status/snapshot.h"

#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define POOL ((size_t)24 * 1024) /* of a connection: the headers that are let in, and what is made of them */

struct server {
    const struct http_settings *settings;
    struct frame_stream control;
    struct MHD_Daemon *daemon;
    int epoll; /* of the daemon */
    struct door door;
    struct guest *entering;          /* is being handed over to the daemon */
    struct placeholder *placeholder; /* NULL: none, or let go */

    struct arena *arena; /* of the status */
    struct status status;
    bool known; /* a status was pushed */
    struct answers answers;

    struct guests guests;
    struct MHD_Connection *waiting[GUESTS_MAX]; /* for PID 1 to say that it lives */
    size_t waiting_count;
    instant asked_at; /* 0: no question is open */
    bool lives;

    instant rest_at; /* what only the start needed is then given back; 0: it was */
};

/* ---- requests ---- */

static int seen, broken; /* a request's context points here: its headers were looked at; they need not be */

static void *on_target(void *argument, const char *target, struct MHD_Connection *connection)
{
    (void)argument;
    (void)connection;
    return malformed_target(target) ? &broken : NULL;
}

/* Constant time in the token's content: what an attacker sends decides how long it takes, not what we hold. */
static bool same(const char *given, size_t given_length, const char *token)
{
    size_t length = strlen(token);
    bool differ = given_length != length;
    unsigned difference = 0;
    for (size_t i = 0; i < given_length; i++) {
        difference |= (unsigned)(given[i] ^ token[i % length]);
    }
    return difference == 0 && !differ;
}

static bool admitted(const struct server *server, struct MHD_Connection *connection)
{
    const char *token = server->settings->token;
    const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    static const char scheme[] = "Bearer ";
    if (!*token) {
        return true;
    }
    if (!given || strncasecmp(given, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    given += sizeof scheme - 1;
    size_t length = strlen(given);
    for (; length > strlen(token) && *given == ' '; given++) {
        length--;
    }
    while (length > strlen(token) &&
           strchr(" \t", given[length - 1])) { /* no part of a field's value (RFC 9110, 5.5) */
        length--;
    }
    return same(given, length, token);
}

static bool too_large(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size > HTTP_HEADER_MAX;
}

/* A connection that was resumed is read from before it is answered, and at the end of what a client has sent who closed
 * his half it is closed without an answer (libmicrohttpd 0.9.75, daemon.c, resume_suspended_connections); but those
 * with a timeout of their own are looked after first (MHD_epoll). It never runs out: PID 1 is given less time. */
static void answer_first(struct MHD_Connection *connection, bool first)
{
    (void)MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    first ? HTTP_REQUEST_TIMEOUT / 1000U : 0U);
}

/* PID 1 does not read: the deadline tells so. */
static void ask_parent(struct server *server)
{
    struct frame_writer ping = { 0 };
    frame_begin(&ping, HTTP_PING);
    if (frame_end(&ping)) {
        (void)!send(server->control.fd, ping.data, ping.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    frame_writer_free(&ping);
    server->asked_at = clock_now();
}

static enum MHD_Result answer_live(struct server *server, struct MHD_Connection *connection, void **context)
{
    if (*context == server) { /* PID 1 answered, or did not in time */
        return answers_give_notice(&server->answers, connection, server->lives ? NOTICE_ALIVE : NOTICE_SILENT);
    }
    if (server->waiting_count == GUESTS_MAX) {
        return MHD_NO;
    }
    if (server->asked_at == 0) {
        ask_parent(server);
    }
    *context = server;
    server->waiting[server->waiting_count++] = connection;
    answer_first(connection, true);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static enum MHD_Result answer_path(struct server *server, struct MHD_Connection *connection, const char *path)
{
    static const struct {
        const char *path;
        enum document document;
        enum { ALWAYS, IF_HEALTHY, IF_READY } when;
    } paths[] = {
        { "/health/ready", DOCUMENT_HEALTH, IF_READY },
        { "/health/database", DOCUMENT_HEALTH, IF_HEALTHY },
        { "/metrics", DOCUMENT_METRICS, ALWAYS },
        { "/status.json", DOCUMENT_REPORT, ALWAYS },
        { "/", DOCUMENT_PAGE, ALWAYS },
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(path, paths[i].path) == 0) {
            bool healthy = strcmp(status_word(&server->status), "healthy") == 0;
            bool ok = paths[i].when == ALWAYS || (paths[i].when == IF_HEALTHY ? healthy : server->status.ready);
            return answers_give_document(&server->answers, connection, paths[i].document, ok);
        }
    }
    return answers_give_notice(&server->answers, connection, NOTICE_NOT_FOUND);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body, size_t *body_length,
                                  void **context)
{
    struct server *server = argument;
    const char *path = request_path(url);
    (void)body;
    if (*context == &broken || (*context == NULL && malformed_request(connection, method, path, version))) {
        return answers_give_notice(&server->answers, connection, NOTICE_MALFORMED);
    }
    if (*context == NULL) { /* the headers are there; answer once the request is complete */
        *context = &seen;
        return MHD_YES;
    }
    if (*body_length) { /* nobody wants it */
        *body_length = 0;
        return MHD_YES;
    }
    if (too_large(connection)) {
        return answers_give_notice(&server->answers, connection, NOTICE_TOO_LARGE);
    }
    bool live = strcmp(path, HTTP_LIVE) == 0;
    if (!live && !admitted(server, connection)) {
        return answers_give_notice(&server->answers, connection, NOTICE_TOKEN);
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answers_give_notice(&server->answers, connection, NOTICE_METHOD);
    }
    return live ? answer_live(server, connection, context) : answer_path(server, connection, path);
}

/* ---- connections ---- */

static void on_connection(void *argument, struct MHD_Connection *connection, void **seat,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = argument;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        guests_leave(&server->guests, *seat);
        return;
    }
    *seat = server->entering;
    server->entering = NULL;
}

/* The daemon closes the socket, whatever becomes of it. */
static void let_in(void *argument, struct guest *guest)
{
    struct server *server = argument;
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t length = sizeof address;
    getpeername(guest->fd, (struct sockaddr *)&address, &length);
    server->entering = guest;
    MHD_add_connection(server->daemon, guest->fd, (struct sockaddr *)&address, length);
    if (server->entering) { /* it was not taken */
        guests_leave(&server->guests, guest);
        server->entering = NULL;
    }
}

static size_t refusal(void *argument, char *buffer, size_t size)
{
    const struct server *server = argument;
    return answers_write_notice(&server->answers, NOTICE_MALFORMED, buffer, size);
}

static bool make_room(void *argument)
{
    const struct server *server = argument;
    return server->placeholder && placeholder_make_room(server->placeholder);
}

static void on_completed(void *argument, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = argument;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    (void)code;
    if (*context == server) {
        answer_first(connection, false);
    }
    *context = NULL;
    guests_renew(&server->guests, info->socket_context, clock_now());
}

/* ---- PID 1 ---- */

static void wake_waiting(struct server *server, bool lives)
{
    size_t count = server->waiting_count;
    server->lives = lives;
    server->asked_at = 0;
    server->waiting_count = 0;
    for (size_t i = 0; i < count; i++) {
        MHD_resume_connection(server->waiting[i]);
    }
}

static void take_snapshot(struct server *server, struct frame_reader *payload)
{
    struct arena *arena = arena_new();
    struct status status;
    if (!snapshot_decode(payload, &status, arena)) {
        arena_free(arena);
        return;
    }
    answers_forget(&server->answers);
    arena_free(server->arena);
    server->arena = arena;
    server->status = status;
    server->known = true;
}

static void release(struct server *server)
{
    struct frame_writer released = { 0 };
    if (server->placeholder) {
        placeholder_free(server->placeholder);
        server->placeholder = NULL;
    }
    frame_begin(&released, HTTP_RELEASED);
    if (frame_end(&released)) {
        frame_send(server->control.fd, &released);
    }
    frame_writer_free(&released);
}

/* False when PID 1 is gone. */
static bool listen_to_parent(struct server *server)
{
    enum frame_result result = frame_fill(&server->control), next;
    uint8_t kind;
    struct frame_reader payload;
    while ((next = frame_next(&server->control, &kind, &payload)) == FRAME_READY) {
        if (kind == SNAPSHOT_FRAME) {
            take_snapshot(server, &payload);
        } else if (kind == HTTP_PONG) {
            wake_waiting(server, true);
        } else if (kind == HTTP_RELEASE) {
            release(server);
        }
    }
    return result != FRAME_CLOSED && result != FRAME_BROKEN && next != FRAME_BROKEN;
}

/* ---- the process ---- */

static bool start_daemon(struct server *server)
{
    /* a newcomer beyond the limit is let in, so that the one who takes longest can be shown out for it */
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                                      NULL, on_request, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL,
                                      MHD_OPTION_CONNECTION_LIMIT, (unsigned)GUESTS_MAX, MHD_OPTION_NOTIFY_CONNECTION,
                                      on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
                                      MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    server->epoll = info ? info->epoll_fd : -1;
    return info != NULL;
}

static bool start(struct server *server)
{
    const struct http_sockets *sockets = server->settings->sockets;
    int own[HTTP_LISTEN_MAX], held[HTTP_LISTEN_MAX];
    size_t own_count = 0, held_count = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        *(sockets->placeholder[i] ? &held[held_count++] : &own[own_count++]) = sockets->fds[i];
    }
    server->door = (struct door){
        .guests = &server->guests, .let_in = let_in, .refusal = refusal, .make_room = make_room, .argument = server
    };
    if (!start_daemon(server) || !door_open(&server->door, own, own_count)) {
        return false;
    }
    if (held_count) {
        server->placeholder = placeholder_new(held, held_count);
    }
    return held_count == 0 || server->placeholder != NULL;
}

static int sooner(int a, int64_t b)
{
    return b >= 0 && (a < 0 || b < a) ? (int)b : a;
}

/* How long the loop may sleep, in milliseconds; -1: until something comes. */
static int patience(const struct server *server, instant now)
{
    int most = guests_rest(&server->guests, now, HTTP_REQUEST_TIMEOUT);
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout <= HTTP_REQUEST_TIMEOUT) {
        most = sooner(most, (int64_t)timeout);
    }
    most = sooner(most, door_rest(&server->door, now));
    if (server->asked_at) {
        int64_t rest = server->asked_at + HTTP_LIVE_TIMEOUT - now;
        most = sooner(most, rest > 0 ? rest : 0);
    }
    if (server->rest_at) {
        most = sooner(most, server->rest_at > now ? server->rest_at - now : 0);
    }
    return server->placeholder ? sooner(most, placeholder_rest(server->placeholder, now)) : most;
}

/* Everybody who came or said something. */
static void serve_all(struct server *server, instant now)
{
    door_turn(&server->door, now);
    MHD_run(server->daemon);
    door_tell_ends(&server->door);
    if (server->placeholder) {
        placeholder_turn(server->placeholder, now);
    }
}

static bool turn(struct server *server)
{
    struct pollfd fds[] = {
        { .fd = server->control.fd, .events = POLLIN },
        { .fd = server->epoll, .events = POLLIN },
        { .fd = door_descriptor(&server->door), .events = POLLIN },
        { .fd = server->placeholder ? placeholder_descriptor(server->placeholder) : -1, .events = POLLIN },
    };
    poll(fds, sizeof fds / sizeof fds[0], patience(server, clock_now()));
    instant now = clock_now();
    if (fds[0].revents && !listen_to_parent(server)) {
        return false;
    }
    if (server->asked_at && now - server->asked_at >= HTTP_LIVE_TIMEOUT) {
        wake_waiting(server, false);
    }
    if (server->rest_at && server->rest_at <= now) {
        server->rest_at = 0;
        pages_give_back();
    }
    answers_age(&server->answers);
    guests_show_out(&server->guests, now, HTTP_REQUEST_TIMEOUT);
    serve_all(server, now);
    return true;
}

int http_serve(const struct http_settings *settings)
{
    static struct server server;
    server.settings = settings;
    server.control.fd = settings->control;
    server.answers.instance = settings->instance;
    server.answers.status = &server.status;
    guests_begin(&server.guests);

    if (!start(&server)) {
        return STATUS_RESOURCE;
    }
    settings->forget(settings->argument);
    if (!confine()) {
        return STATUS_RESOURCE;
    }
    while (!server.known) { /* nothing is answered before there is something to tell */
        if (!listen_to_parent(&server)) {
            return STATUS_OK;
        }
    }
    server.rest_at = clock_now() + PAGES_REST_AFTER;
    while (turn(&server)) {
    }
    return STATUS_OK;
}
