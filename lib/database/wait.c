#include "database/wait.h"

#include <errno.h>
#include <poll.h>

#define LONGEST_POLL 60000

struct deadline deadline_in(duration limit, int given_up)
{
    return (struct deadline){ .at = limit > 0 ? clock_now() + limit : NO_DEADLINE, .given_up = given_up };
}

struct deadline deadline_within(const struct deadline *deadline, duration limit)
{
    struct deadline nearer = deadline_in(limit, deadline->given_up);

    if (deadline->at < nearer.at) {
        nearer.at = deadline->at;
    }
    return nearer;
}

struct deadline deadline_share(const struct deadline *deadline, size_t count)
{
    if (deadline->at == NO_DEADLINE) {
        return *deadline;
    }

    instant left = deadline->at - clock_now();

    return deadline_within(deadline, 1 + (left < 0 ? 0 : left) / (instant)count);
}

int deadline_left(const struct deadline *deadline)
{
    if (deadline->at == NO_DEADLINE) {
        return -1;
    }

    instant left = deadline->at - clock_now();

    return left < 0 ? 0 : left > LONGEST_POLL ? LONGEST_POLL : (int)left;
}

bool deadline_passed(const struct deadline *deadline)
{
    return deadline->at != NO_DEADLINE && clock_now() >= deadline->at;
}

bool wait_descriptor(int fd, short events, const struct deadline *deadline)
{
    for (;;) {
        struct pollfd fds[] = { { .fd = fd, .events = events }, { .fd = deadline->given_up } };
        int ready = poll(fds, 2, deadline_left(deadline));

        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (ready > 0) {
            return fds[1].revents == 0;
        }
        if (deadline_passed(deadline)) {
            return false;
        }
    }
}
