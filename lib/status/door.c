#include "status/door.h"

#include "status/malformed.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 64                   /* connections in one turn */
#define BEGINNING 256                /* bytes in which a method ends, and empty lines before it */
#define ANSWER 1024                  /* bytes of a refusal */
#define ACCEPT_AGAIN ((duration)100) /* after an error: the system may have had no descriptor left, or no memory */
#define LEAVES_SOON ((duration)1)    /* somebody was shown out */
#define NEWCOMER (EPOLLIN | EPOLLRDHUP | EPOLLET) /* what was looked at stays in the socket: each change tells once */

static bool watch(const struct door *door, int operation, int fd, uint32_t events, void *what)
{
    struct epoll_event event = { .events = events, .data.ptr = what };
    return epoll_ctl(door->epoll, operation, fd, &event) == 0;
}

bool door_open(struct door *door, const int *listeners, size_t count)
{
    door->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (door->epoll < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        door->listeners[i] = listeners[i];
        if (!watch(door, EPOLL_CTL_ADD, listeners[i], EPOLLIN | EPOLLET, &door->listeners[i])) {
            return false;
        }
    }
    door->listener_count = count;
    return true;
}

/* ---- one newcomer ---- */

static void leave(struct door *door, struct guest *guest)
{
    close(guest->fd);
    guests_leave(door->guests, guest);
}

/* He may still be sending, and a close would reset what he has not read yet (RFC 9112 section 9.6): ours is ended, his
 * is waited for. */
static void refuse(struct door *door, struct guest *guest)
{
    char answer[ANSWER];
    size_t length = door->refusal(door->argument, answer, sizeof answer);
    guest->refused = true;
    if (send(guest->fd, answer, length, MSG_NOSIGNAL) != (ssize_t)length || shutdown(guest->fd, SHUT_WR) < 0 ||
        !watch(door, EPOLL_CTL_MOD, guest->fd, EPOLLIN, guest)) {
        leave(door, guest);
    }
}

static void drain(struct door *door, struct guest *guest)
{
    static char bytes[16384];
    ssize_t got = recv(guest->fd, bytes, sizeof bytes, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        leave(door, guest);
    }
}

static void look(struct door *door, struct guest *guest, bool ended)
{
    char bytes[BEGINNING];
    ssize_t got = recv(guest->fd, bytes, sizeof bytes, MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        leave(door, guest);
        return;
    }
    enum beginning beginning = malformed_beginning(bytes, (size_t)got);
    if (beginning == BEGINNING_GOOD) {
        epoll_ctl(door->epoll, EPOLL_CTL_DEL, guest->fd, NULL);
        door->let_in(door->argument, guest);
    } else if (beginning == BEGINNING_BAD || ended || (size_t)got == sizeof bytes) {
        refuse(door, guest);
    }
}

/* ---- all of them ---- */

/* When to ask the listener again; 0: when it tells of somebody. */
static instant welcome(struct door *door, int listener, instant now)
{
    for (int i = 0; i < AT_ONCE; i++) {
        if (!guests_have_seat(door->guests)) {
            return now + LEAVES_SOON;
        }
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN) {
                return 0;
            }
            return now + (errno == EMFILE && guests_make_room(door->guests, now) ? LEAVES_SOON : ACCEPT_AGAIN);
        }
        struct guest *guest = guests_admit(door->guests, fd, now);
        if (!watch(door, EPOLL_CTL_ADD, fd, NEWCOMER, guest)) {
            leave(door, guest);
        }
    }
    return now; /* there may be more */
}

static bool is_listener(const struct door *door, const void *what)
{
    return (const char *)what >= (const char *)door->listeners &&
           (const char *)what < (const char *)(door->listeners + door->listener_count);
}

void door_turn(struct door *door, instant now)
{
    struct epoll_event events[AT_ONCE];
    int count = epoll_wait(door->epoll, events, AT_ONCE, 0);
    for (int i = 0; i < count; i++) {
        struct guest *guest = events[i].data.ptr;
        if (is_listener(door, guest)) {
            door->again_at = now;
        } else if (guest->refused) {
            drain(door, guest);
        } else {
            look(door, guest, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
        }
    }
    /* newcomers last: they may get the seat of somebody whom an event above still told of */
    if (door->again_at && door->again_at <= now) {
        instant again_at = 0;
        for (size_t i = 0; i < door->listener_count; i++) {
            instant at = welcome(door, door->listeners[i], now);
            again_at = at > again_at ? at : again_at;
        }
        door->again_at = again_at;
    }
}

int door_descriptor(const struct door *door)
{
    return door->epoll;
}

int door_rest(const struct door *door, instant now)
{
    return door->again_at == 0 ? -1 : door->again_at > now ? (int)(door->again_at - now) : 0;
}
