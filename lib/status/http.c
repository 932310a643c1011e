#include "status/http.h"

#include "base/duration.h"
#include "base/frame.h"
#include "base/mask.h"
#include "status/confine.h"
#include "status/documents.h"
#include "status/snapshot.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL ((size_t)24 * 1024) /* of a connection: the headers that are let in, and what is made of them */
#define ASSUMED_TIMESTAMP (TIMESTAMP_TEXT - 8)

struct held { /* a document, rendered when first asked for after a push */
    struct MHD_Response *ok, *unavailable;
};

/* A connection: since when its request is incomplete. */
struct guest {
    MHD_socket fd;
    int64_t since; /* ms; 0: the place is free */
};

struct server {
    const struct http_settings *settings;
    struct frame_stream control;
    struct MHD_Daemon *daemons[HTTP_LISTEN_MAX];
    int epolls[HTTP_LISTEN_MAX];
    size_t daemon_count;
    bool released;

    struct arena *arena;
    struct status status;
    bool known; /* a status was pushed */
    struct held held[DOCUMENTS];
    struct MHD_Response *errors[600];

    struct guest guests[HTTP_CONNECTIONS];
    struct MHD_Connection *waiting[HTTP_CONNECTIONS]; /* for PID 1 to say that it lives */
    size_t waiting_count;
    int64_t asked_at; /* 0: no question is open */
    bool lives;
};

/* ---- answers ---- */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static struct MHD_Response *make(const struct server *server, char *text, size_t length, const char *type)
{
    struct MHD_Response *response = text ? MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free(text);
        return NULL;
    }
    add(response, "Content-Type", type);
    add(response, "Cache-Control", "no-store");
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, HTTP_INSTANCE, server->settings->instance);
    return response;
}

static struct MHD_Response *small(struct server *server, unsigned status, const char *body)
{
    struct MHD_Response **kept = &server->errors[status % 600];
    if (!*kept) {
        char *copy = strdup(body);
        *kept = make(server, copy, strlen(body), "text/plain; charset=utf-8");
        if (*kept && status == MHD_HTTP_METHOD_NOT_ALLOWED) {
            add(*kept, "Allow", "GET, HEAD");
        }
        if (*kept && status == MHD_HTTP_UNAUTHORIZED) {
            add(*kept, "WWW-Authenticate", "Bearer");
        }
        if (*kept && status == MHD_HTTP_SERVICE_UNAVAILABLE) {
            add(*kept, "Retry-After", "1");
        }
    }
    return *kept;
}

static enum MHD_Result answer_small(struct server *server, struct MHD_Connection *connection, unsigned status,
                                    const char *body)
{
    struct MHD_Response *response = small(server, status, body);
    return response ? MHD_queue_response(connection, status, response) : MHD_NO;
}

static struct MHD_Response *document(struct server *server, enum document which, bool ok)
{
    static const char *const types[DOCUMENTS] = { [DOCUMENT_HEALTH] = "application/json",
                                                  [DOCUMENT_REPORT] = "application/json",
                                                  [DOCUMENT_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
                                                  [DOCUMENT_PAGE] = "text/html; charset=utf-8" };
    struct MHD_Response **kept = ok ? &server->held[which].ok : &server->held[which].unavailable;
    if (!*kept) {
        size_t length = 0;
        char *text = document_render(which, &server->status, &length);
        *kept = make(server, text, length, types[which]);
        if (*kept && !ok) {
            add(*kept, "Retry-After", "1");
        }
        if (*kept && which == DOCUMENT_PAGE) {
            add(*kept, "Content-Security-Policy", page_policy());
            add(*kept, "Referrer-Policy", "no-referrer");
            add(*kept, "X-Frame-Options", "DENY");
        }
    }
    return *kept;
}

static void forget_documents(struct server *server)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        if (server->held[i].ok) {
            MHD_destroy_response(server->held[i].ok);
        }
        if (server->held[i].unavailable) {
            MHD_destroy_response(server->held[i].unavailable);
        }
        server->held[i] = (struct held){ .ok = NULL };
    }
}

/* The documents tell the time of the answer; a second is as fine as a reader needs. */
static void age_documents(struct server *server)
{
    static int64_t rendered_at;
    int64_t second = clock_now() / 1000;
    if (second != rendered_at) {
        rendered_at = second;
        forget_documents(server);
    }
}

/* ---- requests ---- */

/* Constant time in the token's content: what an attacker sends decides how long it takes, not what we hold. */
static bool same(const char *given, const char *token)
{
    size_t given_length = strlen(given), length = strlen(token);
    unsigned difference = (unsigned)(given_length ^ length);
    for (size_t i = 0; i < given_length; i++) {
        difference |= (unsigned)(given[i] ^ token[length ? i % length : 0]);
    }
    return difference == 0;
}

static bool admitted(const struct server *server, struct MHD_Connection *connection)
{
    const char *token = server->settings->token;
    const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    static const char scheme[] = "Bearer ";
    return !*token ||
           (given && strncasecmp(given, scheme, sizeof scheme - 1) == 0 && same(given + sizeof scheme - 1, token));
}

static enum MHD_Result count_header(void *sum, enum MHD_ValueKind kind, const char *key, const char *value)
{
    (void)kind;
    *(size_t *)sum += strlen(key) + (value ? strlen(value) : 0) + 4;
    return MHD_YES;
}

static bool too_large(struct MHD_Connection *connection, const char *url)
{
    size_t sum = strlen(url);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &sum);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, count_header, &sum);
    return sum > HTTP_HEADER_MAX;
}

static enum MHD_Result answer_live(struct server *server, struct MHD_Connection *connection, void **context)
{
    if (*context == server) { /* PID 1 answered, or did not in time */
        return server->lives ? answer_small(server, connection, MHD_HTTP_OK, "alive\n")
                             : answer_small(server, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no answer from PID 1\n");
    }
    if (server->waiting_count == HTTP_CONNECTIONS) {
        return MHD_NO;
    }
    if (server->asked_at == 0) {
        struct frame_writer ping = { 0 };
        frame_begin(&ping, HTTP_PING);
        frame_end(&ping);
        if (send(server->control.fd, ping.data, ping.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            /* PID 1 does not read: the deadline tells so */
        }
        frame_writer_free(&ping);
        server->asked_at = clock_now();
    }
    *context = server;
    server->waiting[server->waiting_count++] = connection;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static enum MHD_Result answer_path(struct server *server, struct MHD_Connection *connection, const char *url)
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
        if (strcmp(url, paths[i].path) != 0) {
            continue;
        }
        bool healthy = strcmp(status_word(&server->status), "healthy") == 0;
        bool ok = paths[i].when == ALWAYS || (paths[i].when == IF_HEALTHY ? healthy : server->status.ready);
        struct MHD_Response *response = document(server, paths[i].document, ok);
        return response ? MHD_queue_response(connection, ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, response)
                        : MHD_NO;
    }
    return answer_small(server, connection, MHD_HTTP_NOT_FOUND, "not found\n");
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body, size_t *body_length,
                                  void **context)
{
    struct server *server = argument;
    static int seen;
    (void)version;
    (void)body;
    if (*context == NULL) { /* the headers are there; answer once the request is complete */
        *context = &seen;
        return MHD_YES;
    }
    if (*body_length) { /* nobody wants it */
        *body_length = 0;
        return MHD_YES;
    }
    if (*context != server && too_large(connection, url)) {
        return answer_small(server, connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "too large\n");
    }
    bool live = strcmp(url, "/health/live") == 0;
    if (!live && !admitted(server, connection)) {
        return answer_small(server, connection, MHD_HTTP_UNAUTHORIZED, "a token is needed\n");
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answer_small(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    return live ? answer_live(server, connection, context) : answer_path(server, connection, url);
}

static enum MHD_Result on_placeholder(void *argument, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *body, size_t *body_length,
                                      void **context)
{
    static int seen;
    (void)url;
    (void)method;
    (void)version;
    (void)body;
    if (*context == NULL) {
        *context = &seen;
        return MHD_YES;
    }
    *body_length = 0;
    return answer_small(argument, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the application is starting\n");
}

/* ---- connections ---- */

static struct guest *guest_of(struct server *server, MHD_socket fd)
{
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        if (server->guests[i].since && server->guests[i].fd == fd) {
            return &server->guests[i];
        }
    }
    return NULL;
}

/* The place for a newcomer: a free one, else that of the one who took longest, who is shown out. */
static struct guest *seat(struct server *server)
{
    struct guest *oldest = &server->guests[0];
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        struct guest *guest = &server->guests[i];
        if (guest->since == 0) {
            return guest;
        }
        oldest = guest->since < oldest->since ? guest : oldest;
    }
    shutdown(oldest->fd, SHUT_RDWR);
    return oldest;
}

static void on_connection(void *argument, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = argument;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    (void)context;
    if (!info) {
        return;
    }
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *seat(server) = (struct guest){ .fd = info->connect_fd, .since = clock_now() };
    } else {
        struct guest *guest = guest_of(server, info->connect_fd);
        if (guest) {
            guest->since = 0;
        }
    }
}

/* A request is complete: the next one on the connection has its own time. */
static void on_completed(void *argument, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = argument;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct guest *guest = info ? guest_of(server, info->connect_fd) : NULL;
    (void)code;
    *context = NULL;
    if (guest) {
        guest->since = clock_now();
    }
}

/* MHD's own timeout counts from the last byte: a trickle would hold a connection for ever. */
static void show_out(struct server *server)
{
    int64_t now = clock_now();
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        struct guest *guest = &server->guests[i];
        if (guest->since && now - guest->since > HTTP_REQUEST_TIMEOUT) {
            shutdown(guest->fd, SHUT_RDWR);
        }
    }
}

/* ---- PID 1 ---- */

static void wake_waiting(struct server *server, bool lives)
{
    server->lives = lives;
    server->asked_at = 0;
    size_t count = server->waiting_count;
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
    forget_documents(server);
    arena_free(server->arena);
    server->arena = arena;
    server->status = status;
    server->known = true;
}

/* Lets the application's own address go: listeners closed, what is open reset, so that no TIME_WAIT stands in the way
 * of a bind without SO_REUSEADDR. */
static void release(struct server *server)
{
    const struct http_sockets *sockets = server->settings->sockets;
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    size_t kept = 0;

    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        struct guest *guest = &server->guests[i];
        if (guest->since) {
            setsockopt(guest->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
    }
    for (size_t i = 0; i < server->daemon_count; i++) {
        if (sockets->placeholder[i]) {
            MHD_stop_daemon(server->daemons[i]);
        } else {
            server->daemons[kept] = server->daemons[i];
            server->epolls[kept++] = server->epolls[i];
        }
    }
    server->daemon_count = kept;
    struct frame_writer released = { 0 };
    frame_begin(&released, HTTP_RELEASED);
    if (frame_end(&released)) {
        frame_send(server->control.fd, &released);
    }
    frame_writer_free(&released);
}

/* False when PID 1 is gone. */
static bool listen_to_parent(struct server *server)
{
    enum frame_result result = frame_fill(&server->control);
    uint8_t kind;
    struct frame_reader payload;
    enum frame_result next;
    while ((next = frame_next(&server->control, &kind, &payload)) == FRAME_READY) {
        if (kind == SNAPSHOT_FRAME) {
            take_snapshot(server, &payload);
        } else if (kind == HTTP_PONG) {
            wake_waiting(server, true);
        } else if (kind == HTTP_RELEASE && !server->released) {
            server->released = true;
            release(server);
        }
    }
    return result != FRAME_CLOSED && result != FRAME_BROKEN && next != FRAME_BROKEN;
}

/* ---- the process ---- */

static bool start_daemon(struct server *server, int fd, bool placeholder)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, placeholder ? on_placeholder : on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HTTP_REQUEST_TIMEOUT / 1000),
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_END);
    const union MHD_DaemonInfo *info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        return false;
    }
    server->daemons[server->daemon_count] = daemon;
    server->epolls[server->daemon_count++] = info->epoll_fd;
    return true;
}

/* How long the loop may sleep, in milliseconds. */
static int patience(const struct server *server)
{
    int64_t most = 1000;
    for (size_t i = 0; i < server->daemon_count; i++) {
        MHD_UNSIGNED_LONG_LONG timeout;
        if (MHD_get_timeout(server->daemons[i], &timeout) == MHD_YES && (int64_t)timeout < most) {
            most = (int64_t)timeout;
        }
    }
    if (server->asked_at) {
        int64_t rest = server->asked_at + HTTP_LIVE_TIMEOUT - clock_now();
        most = rest < most ? rest : most;
    }
    bool guests = false;
    for (size_t i = 0; i < HTTP_CONNECTIONS && !guests; i++) {
        guests = server->guests[i].since != 0;
    }
    return guests || server->asked_at ? (int)(most > 0 ? most : 0) : -1;
}

static bool turn(struct server *server)
{
    struct pollfd fds[HTTP_LISTEN_MAX + 1] = { { .fd = server->control.fd, .events = POLLIN } };
    for (size_t i = 0; i < server->daemon_count; i++) {
        fds[i + 1] = (struct pollfd){ .fd = server->epolls[i], .events = POLLIN };
    }
    poll(fds, server->daemon_count + 1, patience(server));
    if (fds[0].revents && !listen_to_parent(server)) {
        return false;
    }
    if (server->asked_at && clock_now() - server->asked_at >= HTTP_LIVE_TIMEOUT) {
        wake_waiting(server, false);
    }
    age_documents(server);
    show_out(server);
    for (size_t i = 0; i < server->daemon_count; i++) {
        MHD_run(server->daemons[i]);
    }
    return true;
}

int http_serve(const struct http_settings *settings)
{
    static struct server server;
    server.settings = settings;
    server.control.fd = settings->control;

    for (size_t i = 0; i < settings->sockets->count; i++) {
        if (!start_daemon(&server, settings->sockets->fds[i], settings->sockets->placeholder[i])) {
            return STATUS_RESOURCE;
        }
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
    while (turn(&server)) {
    }
    return STATUS_OK;
}
