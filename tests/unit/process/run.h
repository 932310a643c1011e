/* For the tests of this room: runs a program through spawn_child and keeps what it said. */
#ifndef TESTS_PROCESS_RUN_H
#define TESTS_PROCESS_RUN_H

#include "child.h"
#include "process/spawn.h"

static char said[65536]; /* what the last child wrote */
static struct error error;

static inline struct spawn plain(const char *const *argv)
{
    return (struct spawn){ .argv = argv, .output = -1 };
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The status of what was started; its output is in `said`. -1: not started, see `error`. */
static inline int run(struct spawn spawn)
{
    int ends[2];

    memset(&error, 0, sizeof error);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    spawn.output = ends[1];

    pid_t pid = spawn_child(&spawn, &error);

    (void)close(ends[1]);
    (void)read_all(ends[0], said, sizeof said);
    return pid < 0 ? -1 : wait_status(pid);
}

static inline int run_plain(const char *const *argv)
{
    return run(plain(argv));
}

#endif
