/* A fresh folder for one test, made the working directory; the test writes a project into it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "cost.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

struct scratch {
    char path[64];
    struct arena *arena;
};

static struct scratch scratch;

static inline int scratch_open(void **state)
{
    (void)state;
    strcpy(scratch.path, "/tmp/pgentry-unit-XXXXXX");
    scratch.arena = arena_new();
    return mkdtemp(scratch.path) && chdir(scratch.path) == 0 ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static inline int scratch_close(void **state)
{
    (void)state;
    arena_free(scratch.arena);
    return chdir("/") == 0 && nftw(scratch.path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

/* The folders of a path, without its last part. */
static inline void make_folders(const char *path)
{
    char folder[512];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        assert_true(*folder == '\0' || mkdir(folder, 0755) == 0 || errno == EEXIST);
    }
}

static inline void write_bytes(const char *path, const void *bytes, size_t length)
{
    make_folders(path);

    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    assert_int_equal(close(fd), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static inline void make_link(const char *target, const char *path)
{
    make_folders(path);
    assert_int_equal(symlink(target, path), 0);
}

/* `time_of` for so many, and for ten times as many: in microseconds of the processor. */
static inline void assert_about_linear(int64_t (*time_of)(int), int few, const char *what)
{
    int64_t small = time_of(few);
    int64_t large = time_of(10 * few);

    print_message("%d %s: %.1f ms, %d: %.1f ms\n", few, what, (double)small / 1000, 10 * few, (double)large / 1000);
    assert_true(large < 40 * small + 1000);
}

#define SCRATCH_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

#endif
