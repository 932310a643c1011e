/* For the tests of this room: real children, and checks inside them. */
#ifndef TESTS_PROCESS_CHILD_H
#define TESTS_PROCESS_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Inside a forked child, where cmocka's assertions would run the rest of the tests a second time. */
#define CHECK(condition)                                                                                \
    do {                                                                                                \
        if (!(condition)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            return 1;                                                                                   \
        }                                                                                               \
    } while (0)

static inline int wait_status(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* Runs `body` in a process of its own, which it may then leave in any state. */
static inline int status_of(int (*body)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        syscall(SYS_exit_group, body()); /* before _exit the sanitizer makes a call that a confined process may not */
    }
    return wait_status(pid);
}

static inline void assert_holds(int (*body)(void))
{
    assert_int_equal(status_of(body), 0);
}

/* Everything up to the end of the stream, terminated; what does not fit is lost. Closes fd. */
static inline size_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t count;

    while ((count = read(fd, text + length, size - 1 - length)) > 0 || (count < 0 && errno == EINTR)) {
        length += count > 0 ? (size_t)count : 0;
    }
    (void)close(fd);
    text[length] = '\0';
    return length;
}

static inline void write_file(const char *path, const char *content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

/* A scratch folder that remove_scratch takes away again. */
static inline int make_scratch(void **state)
{
    char *folder = strdup("/tmp/pgentry-unit-XXXXXX");

    *state = folder;
    return folder && mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static inline int remove_scratch(void **state)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return system(command) == 0 ? 0 : -1;
}

#endif
