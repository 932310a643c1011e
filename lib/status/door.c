#include "status/door.h"

#include "status/malformed.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define BEGINNING 4096 /* bytes of a first request that are looked at; a method ends in them */
#define ANSWER 1024    /* bytes of a refusal */
#define NEWCOMER (EPOLLIN | EPOLLRDHUP | EPOLLET) /* what was looked at stays in the socket: each change tells once */
#define INSIDE (EPOLLRDHUP | EPOLLONESHOT)

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
    guest->place = GUEST_REFUSED;
    if (send(guest->fd, answer, length, MSG_NOSIGNAL) != (ssize_t)length || shutdown(guest->fd, SHUT_WR) < 0 ||
        !entrance_watch(&door->entrance, EPOLL_CTL_MOD, guest->fd, EPOLLIN, guest)) {
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
        guest->place = GUEST_INSIDE;
        entrance_watch(&door->entrance, EPOLL_CTL_MOD, guest->fd, INSIDE, guest);
        door->let_in(door->argument, guest);
    } else if (beginning == BEGINNING_BAD || ended || (size_t)got == sizeof bytes) {
        refuse(door, guest);
    }
}

/* ---- all of them ---- */

static bool has_place(const void *owner)
{
    const struct door *door = owner;
    return guests_have_seat(door->guests);
}

static void enter(void *owner, int fd, instant now)
{
    struct door *door = owner;
    struct guest *guest = guests_admit(door->guests, fd, now);
    if (!entrance_watch(&door->entrance, EPOLL_CTL_ADD, fd, NEWCOMER, guest)) {
        leave(door, guest);
    }
}

static bool make_room(void *owner, instant now)
{
    struct door *door = owner;
    return guests_make_room(door->guests, now) || door->make_room(door->argument);
}

bool door_open(struct door *door, const int *listeners, size_t count)
{
    door->entrance = (struct entrance){ .has_place = has_place, .enter = enter, .make_room = make_room, .owner = door };
    return entrance_open(&door->entrance, listeners, count);
}

void door_turn(struct door *door, instant now)
{
    struct epoll_event events[ENTRANCE_AT_ONCE];
    int count = entrance_events(&door->entrance, events, now);
    for (int i = 0; i < count; i++) {
        struct guest *guest = events[i].data.ptr;
        switch (guest->place) {
        case GUEST_NEW:
            look(door, guest, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
            break;
        case GUEST_INSIDE:
            guest->ended = door->ended = true;
            break;
        case GUEST_REFUSED:
            drain(door, guest);
            break;
        case GUEST_GONE: /* an event before this one made room */
            break;
        }
    }
    entrance_let_in(&door->entrance, now);
}

void door_tell_ends(struct door *door)
{
    for (struct guest *guest = door->ended ? door->guests->oldest : NULL; guest; guest = guest->after) {
        if (guest->ended) {
            guest->ended = false;
            shutdown(guest->fd, SHUT_RD);
        }
    }
    door->ended = false;
}

int door_descriptor(const struct door *door)
{
    return door->entrance.epoll;
}

int door_rest(const struct door *door, instant now)
{
    return entrance_rest(&door->entrance, now);
}
