/* Where connections come in: accepts them, and lets in who begins as a request does. Whoever does not is answered here:
 * libmicrohttpd 0.9.75 closes without a word if the first line has no blank, or nothing before it (connection.c,
 * parse_initial_message_line). Looks and reads nothing, so that a request is whole when it is let in. */
#ifndef STATUS_DOOR_H
#define STATUS_DOOR_H

#include "status/entrance.h"
#include "status/guests.h"

#include <stdbool.h>

struct door {
    struct entrance entrance;
    struct guests *guests; /* everybody has a seat from the moment he is accepted */
    bool ended;            /* some of those inside have */

    /* Takes over the connection and the seat. */
    void (*let_in)(void *argument, struct guest *guest);
    /* Writes the answer to whom is not let in; returns its length. */
    size_t (*refusal)(void *argument, char *buffer, size_t size);
    /* No descriptor is left, and no guest has one: whether somebody else gave one up. */
    bool (*make_room)(void *argument);
    void *argument;
};

/* The pointers are filled in before. The listeners stay the caller's. False: the system has no descriptor left. */
bool door_open(struct door *door, const int *listeners, size_t count);

/* Readable when there is something to do. */
int door_descriptor(const struct door *door);
/* Milliseconds until door_turn() is to be called although it is not readable; -1: it need not be. */
int door_rest(const struct door *door, instant now);
void door_turn(struct door *door, instant now);

/* After libmicrohttpd has read: it takes a short read for all that is there (connection.c, recv_param_adapter), and
 * misses an end that came with the last bytes. Whoever has ended his half is told so once more. */
void door_tell_ends(struct door *door);

#endif
