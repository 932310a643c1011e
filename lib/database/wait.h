/* Waiting on a descriptor no longer than a deadline. */
#ifndef DATABASE_WAIT_H
#define DATABASE_WAIT_H

#include "base/duration.h"

#include <stdbool.h>
#include <stddef.h>

#define NO_DEADLINE INT64_MAX

struct deadline {
    instant at;   /* NO_DEADLINE: none */
    int given_up; /* a descriptor whose other end closes when nobody waits for the answer any more, or -1 */
};

/* `limit` from now; 0: none. */
struct deadline deadline_in(duration limit, int given_up);
/* The earlier one of the deadline and `limit` from now. */
struct deadline deadline_within(const struct deadline *deadline, duration limit);
/* The first of `count` equal parts of the time that is left: it has one millisecond at least. */
struct deadline deadline_share(const struct deadline *deadline, size_t count);
/* Milliseconds left as poll(2) takes them: -1 for no deadline, never more than a minute. */
int deadline_left(const struct deadline *deadline);
bool deadline_passed(const struct deadline *deadline);

/* Waits for POLLIN or POLLOUT. False when the deadline passed or nobody waits for the answer. */
bool wait_descriptor(int fd, short events, const struct deadline *deadline);

#endif
