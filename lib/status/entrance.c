#include "status/entrance.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define LEAVES_SOON ((duration)1)    /* until somebody who was asked to has left */
#define ACCEPT_AGAIN ((duration)100) /* after an error that nobody here can mend */

bool entrance_watch(const struct entrance *entrance, int operation, int fd, uint32_t events, void *what)
{
    struct epoll_event event = { .events = events, .data.ptr = what };
    return epoll_ctl(entrance->epoll, operation, fd, &event) == 0;
}

bool entrance_open(struct entrance *entrance, const int *listeners, size_t count)
{
    entrance->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (entrance->epoll < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int *listener = &entrance->listeners[entrance->count++];
        *listener = listeners[i];
        if (!entrance_watch(entrance, EPOLL_CTL_ADD, *listener, EPOLLIN | EPOLLET, listener)) {
            return false;
        }
    }
    return true;
}

static bool is_listener(const struct entrance *entrance, const void *what)
{
    for (size_t i = 0; i < entrance->count; i++) {
        if (what == &entrance->listeners[i]) {
            return true;
        }
    }
    return false;
}

int entrance_events(struct entrance *entrance, struct epoll_event events[ENTRANCE_AT_ONCE], instant now)
{
    int count = epoll_wait(entrance->epoll, events, ENTRANCE_AT_ONCE, 0), kept = 0;
    for (int i = 0; i < count; i++) {
        if (is_listener(entrance, events[i].data.ptr)) {
            entrance->again_at = now;
        } else {
            events[kept++] = events[i];
        }
    }
    return kept;
}

static bool somebody_waits(int listener)
{
    return poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 0) > 0;
}

/* When to ask the listener again; 0: when it tells of somebody. */
static instant welcome(struct entrance *entrance, int listener, instant now)
{
    for (int i = 0; i < ENTRANCE_AT_ONCE; i++) {
        if (!entrance->has_place(entrance->owner)) {
            return now + LEAVES_SOON;
        }
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            bool full = errno == EMFILE || errno == ENFILE;
            /* accept4 takes a descriptor before it looks whether somebody waits */
            if (errno == EAGAIN || (full && !somebody_waits(listener))) {
                return 0;
            }
            return now + (full && entrance->make_room(entrance->owner, now) ? LEAVES_SOON : ACCEPT_AGAIN);
        }
        entrance->enter(entrance->owner, fd, now);
    }
    return now; /* there may be more */
}

void entrance_let_in(struct entrance *entrance, instant now)
{
    if (entrance->again_at == 0 || entrance->again_at > now) {
        return;
    }
    entrance->again_at = 0;
    for (size_t i = 0; i < entrance->count; i++) {
        instant again_at = welcome(entrance, entrance->listeners[i], now);
        if (again_at && (entrance->again_at == 0 || again_at < entrance->again_at)) {
            entrance->again_at = again_at;
        }
    }
}

int entrance_rest(const struct entrance *entrance, instant now)
{
    return entrance->again_at == 0 ? -1 : entrance->again_at > now ? (int)(entrance->again_at - now) : 0;
}
