/* The connections of the http process, in the order in which their requests began: whoever takes longest is known at
 * once. MHD's own timeout counts from the last byte, so that a trickle would hold a connection for ever. */
#ifndef STATUS_GUESTS_H
#define STATUS_GUESTS_H

#include "base/duration.h"
#include "status/http.h"

#include <stdbool.h>
#include <stddef.h>

#define GUESTS_LEAVING 32 /* seats for those that are being shown out, beside the others */
#define GUESTS_MAX (HTTP_CONNECTIONS + GUESTS_LEAVING)

struct guest {
    int fd;
    instant since; /* its request is incomplete since then */
    enum {
        GUEST_NEW,     /* has not begun a request yet (door.h) */
        GUEST_INSIDE,  /* is libmicrohttpd's */
        GUEST_REFUSED, /* was answered, and is only waited for */
        GUEST_GONE,    /* the seat is free */
    } place;
    bool ended;   /* inside: its half, and it is yet to be told (door.h) */
    bool leaving; /* was shut down */
    struct guest *before, *after;
};

struct guests {
    struct guest seats[GUESTS_MAX];
    size_t opened; /* seats that were ever taken: no page is touched before it is needed */
    struct guest *free;
    struct guest *oldest, *youngest;
    size_t leaving;
    size_t count, limit; /* beyond `limit` the one who takes longest is shown out */
};

/* As many as the limit of descriptors allows, HTTP_CONNECTIONS at most. Raises the soft limit where it may. */
void guests_begin(struct guests *guests);

/* Whether a newcomer finds a seat: if not, those who are being shown out have to leave first. */
bool guests_have_seat(const struct guests *guests);
/* A newcomer, who finds one. */
struct guest *guests_admit(struct guests *guests, int fd, instant now);
/* Its request was answered: the next one has its own time. */
void guests_renew(struct guests *guests, struct guest *guest, instant now);
void guests_leave(struct guests *guests, struct guest *guest);

/* No descriptor is left for a newcomer: shuts down the one who takes longest, unless somebody is on his way out. False:
 * nobody is there. */
bool guests_make_room(struct guests *guests, instant now);
/* Shuts down the connections whose request is incomplete for longer than `patience`. */
void guests_show_out(struct guests *guests, instant now, duration patience);
/* Until somebody is to be shown out, in milliseconds; -1: nobody is there. */
int guests_rest(const struct guests *guests, instant now, duration patience);

#endif
