#include "status/placeholder.h"

#include "status/entrance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLERS 256
#define AFTER_ANSWER ((duration)1000) /* for the client to close; it read "Connection: close" */
#define AFTER_CLOSE ((duration)200)   /* for our last bytes to arrive */

#define BODY "the application is starting\n"
#define HEAD                                      \
    "HTTP/1.1 503 Service Unavailable\r\n"        \
    "Retry-After: 1\r\n"                          \
    "Content-Type: text/plain; charset=utf-8\r\n" \
    "Content-Length: 28\r\n"                      \
    "Cache-Control: no-store\r\n"                 \
    "Connection: close\r\n\r\n"
_Static_assert(sizeof BODY - 1 == 28, "Content-Length tells the body's length");

struct caller {
    int fd;        /* -1: the place is free */
    instant until; /* is reset then */
    bool answered;
    size_t read;
    char method[5];    /* the first bytes */
    unsigned line_end; /* line ends in a row: two end the headers */
};

struct placeholder {
    struct entrance entrance;
    struct caller callers[CALLERS];
    size_t opened; /* places that were ever taken */
};

/* SO_LINGER was set to nothing when it was accepted: close resets (tcp(7)). */
static void reset(struct caller *caller)
{
    close(caller->fd);
    caller->fd = -1;
}

/* ---- one caller ---- */

/* Whether the headers are complete. */
static bool read_headers(struct caller *caller, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (caller->read < sizeof caller->method) {
            caller->method[caller->read] = bytes[i];
        }
        caller->read++;
        if (bytes[i] == '\n') {
            caller->line_end++;
        } else if (bytes[i] != '\r') {
            caller->line_end = 0;
        }
        if (caller->line_end == 2 || caller->read > HTTP_HEADER_MAX) {
            return true;
        }
    }
    return false;
}

static void answer(struct caller *caller, instant now)
{
    static const char whole[] = HEAD BODY;
    bool head = memcmp(caller->method, "HEAD ", sizeof caller->method) == 0;
    size_t length = head ? sizeof HEAD - 1 : sizeof whole - 1;
    caller->answered = true;
    caller->until = now + AFTER_ANSWER;
    if (send(caller->fd, whole, length, MSG_NOSIGNAL) != (ssize_t)length) {
        reset(caller);
    }
}

static void hear(const struct placeholder *p, struct caller *caller, instant now)
{
    char bytes[4096];
    ssize_t got = recv(caller->fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got > 0) {
        if (!caller->answered && read_headers(caller, bytes, (size_t)got)) {
            answer(caller, now);
        }
        return;
    }
    if (got < 0 || !caller->answered) {
        reset(caller);
        return;
    }
    /* It closed first. It may have closed its half only and still read: our bytes get a moment to arrive. */
    entrance_watch(&p->entrance, EPOLL_CTL_DEL, caller->fd, 0, NULL);
    shutdown(caller->fd, SHUT_WR);
    caller->until = now + AFTER_CLOSE;
}

/* ---- all of them ---- */

bool placeholder_make_room(struct placeholder *p)
{
    struct caller *first = NULL;
    for (size_t i = 0; i < p->opened; i++) {
        struct caller *caller = &p->callers[i];
        first = caller->fd >= 0 && (!first || caller->until < first->until) ? caller : first;
    }
    if (first) {
        reset(first);
    }
    return first != NULL;
}

static struct caller *place(struct placeholder *p)
{
    do {
        for (size_t i = 0; i < p->opened; i++) {
            if (p->callers[i].fd < 0) {
                return &p->callers[i];
            }
        }
    } while (p->opened == CALLERS && placeholder_make_room(p));
    return &p->callers[p->opened++];
}

static bool has_place(const void *owner)
{
    (void)owner; /* the oldest one's, if need be */
    return true;
}

static void enter(void *owner, int fd, instant now)
{
    struct placeholder *p = owner;
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    struct caller *caller = place(p);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    *caller = (struct caller){ .fd = fd, .until = now + HTTP_REQUEST_TIMEOUT };
    if (!entrance_watch(&p->entrance, EPOLL_CTL_ADD, fd, EPOLLIN, caller)) {
        reset(caller);
    }
}

static bool make_room(void *owner, instant now)
{
    (void)now;
    return placeholder_make_room(owner);
}

struct placeholder *placeholder_new(const int *listeners, size_t count)
{
    struct placeholder *p = calloc(1, sizeof *p);
    if (p) {
        p->entrance = (struct entrance){ .has_place = has_place, .enter = enter, .make_room = make_room, .owner = p };
    }
    if (!p || !entrance_open(&p->entrance, listeners, count)) {
        free(p);
        return NULL;
    }
    return p;
}

void placeholder_turn(struct placeholder *p, instant now)
{
    struct epoll_event events[ENTRANCE_AT_ONCE];
    int count = entrance_events(&p->entrance, events, now);
    for (int i = 0; i < count; i++) {
        struct caller *caller = events[i].data.ptr;
        if (caller->fd >= 0) {
            hear(p, caller, now);
        }
    }
    for (size_t i = 0; i < p->opened; i++) {
        struct caller *caller = &p->callers[i];
        if (caller->fd >= 0 && caller->until <= now) {
            reset(caller);
        }
    }
    entrance_let_in(&p->entrance, now);
}

int placeholder_descriptor(const struct placeholder *p)
{
    return p->entrance.epoll;
}

int placeholder_rest(const struct placeholder *p, instant now)
{
    instant next = p->entrance.again_at ? p->entrance.again_at : INT64_MAX;
    for (size_t i = 0; i < p->opened; i++) {
        const struct caller *caller = &p->callers[i];
        next = caller->fd >= 0 && caller->until < next ? caller->until : next;
    }
    return next == INT64_MAX ? -1 : next > now ? (int)(next - now) : 0;
}

void placeholder_free(struct placeholder *p)
{
    for (size_t i = 0; i < p->opened; i++) {
        if (p->callers[i].fd >= 0) {
            reset(&p->callers[i]);
        }
    }
    for (size_t i = 0; i < p->entrance.count; i++) {
        close(p->entrance.listeners[i]);
    }
    close(p->entrance.epoll);
    free(p);
}
