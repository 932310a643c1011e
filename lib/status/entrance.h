/* Sockets that listen, and an epoll with them and with everybody who came in through them. */
#ifndef STATUS_ENTRANCE_H
#define STATUS_ENTRANCE_H

#include "base/duration.h"
#include "status/http.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define ENTRANCE_AT_ONCE 64 /* events in one turn */

/* The pointers are filled in by the owner. */
struct entrance {
    int epoll;
    int listeners[HTTP_LISTEN_MAX];
    size_t count;
    instant again_at; /* when to look for newcomers of whom no event will tell; 0: there are none */

    bool (*has_place)(const void *owner);
    void (*enter)(void *owner, int fd, instant now); /* takes over the connection */
    /* No descriptor is left: whether somebody gives one up now or soon. */
    bool (*make_room)(void *owner, instant now);
    void *owner;
};

/* The listeners stay the caller's. False: the system has no descriptor or no memory left. */
bool entrance_open(struct entrance *entrance, const int *listeners, size_t count);

/* epoll_ctl(2) */
bool entrance_watch(const struct entrance *entrance, int operation, int fd, uint32_t events, void *what);

/* What is to be told of those inside: to be handled before anybody is let in, who may get the place of one of them. */
int entrance_events(struct entrance *entrance, struct epoll_event events[ENTRANCE_AT_ONCE], instant now);
void entrance_let_in(struct entrance *entrance, instant now);

/* Milliseconds until entrance_let_in() is to be called although no event tells of anybody; -1: it need not be. */
int entrance_rest(const struct entrance *entrance, instant now);

#endif
