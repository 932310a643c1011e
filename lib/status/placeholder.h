/* health.placeholder: the application's own address answers 503 until the application is started, and is then let go so
 * that a bind succeeds at once, with and without SO_REUSEADDR.
 *
 * A server that closes a connection first keeps it in TIME_WAIT for a minute, and a bind without SO_REUSEADDR is then
 * refused (RFC 9293 section 3.6.1, socket(7)). So nothing here closes first: the answer says "Connection: close", the
 * client closes, and whoever does not is reset. That is why libmicrohttpd does not serve these addresses. */
#ifndef STATUS_PLACEHOLDER_H
#define STATUS_PLACEHOLDER_H

#include "base/duration.h"

#include <stdbool.h>
#include <stddef.h>

struct placeholder;

/* Takes over the listening descriptors: `count` of them. NULL if the system refuses memory or descriptors. */
struct placeholder *placeholder_new(const int *listeners, size_t count);

/* The descriptor that becomes readable when there is something to do, and until when at the latest to call
 * placeholder_turn, in milliseconds from now (-1: only then). */
int placeholder_descriptor(const struct placeholder *placeholder);
int placeholder_rest(const struct placeholder *placeholder, instant now);
void placeholder_turn(struct placeholder *placeholder, instant now);

/* Resets the one who would be reset next: a descriptor is needed. False: nobody is there. */
bool placeholder_make_room(struct placeholder *placeholder);

/* Listeners closed, connections reset. */
void placeholder_free(struct placeholder *placeholder);

#endif
