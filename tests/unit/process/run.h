/* For the tests of this room: runs a program through spawn_child and keeps what it said. */
#ifndef TESTS_PROCESS_RUN_H
#define TESTS_PROCESS_RUN_H

#include "child.h"
#include "process/spawn.h"

#include <poll.h>

static char said[65536]; /* what the last child wrote */
static struct error error;

static inline struct spawn plain(const char *const *argv)
{
    return (struct spawn){ .argv = argv, .output = -1 };
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* As spawn_child(), for a program that is waited for until it is executed: -1 if it is not, see `error`. */
static inline pid_t executed(const struct spawn *spawn)
{
    int report = -1;
    pid_t pid = spawn_child(spawn, &report, &error);

    if (pid > 0 && report >= 0) {
        (void)poll(&(struct pollfd){ .fd = report, .events = POLLIN }, 1, -1);
        if (spawn_refused(&report, &error)) {
            assert_int_equal(WEXITSTATUS(wait_status(pid)), error.status);
            return -1;
        }
    }
    return pid;
}

/* The status of what was started; its output is in `said`. -1: not started, see `error`. */
static inline int run(struct spawn spawn)
{
    int ends[2];

    memset(&error, 0, sizeof error);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    spawn.output = ends[1];

    pid_t pid = executed(&spawn);

    (void)close(ends[1]);
    (void)read_all(ends[0], said, sizeof said);
    return pid < 0 ? -1 : wait_status(pid);
}

static inline int run_plain(const char *const *argv)
{
    return run(plain(argv));
}

#endif
