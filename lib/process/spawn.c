#include "process/spawn.h"

#include "base/descriptors.h"
#include "base/log.h"
#include "process/lookup.h"
#include "process/signals.h"
#include "process/terminal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum stage { STAGE_CWD, STAGE_STREAMS, STAGE_CREDENTIALS, STAGE_EXEC };

struct failure {
    enum stage stage;
    struct lookup_failure lookup; /* of the other stages only the number */
};

void inherited_streams_guard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* A report that nobody gets must fail, so standard output cannot be written to. */
        int access = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
        /* In an image without /dev: a descriptor that only fails, as a closed one does. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", access | O_CLOEXEC | O_NOCTTY) < 0 &&
            open("/", O_PATH | O_CLOEXEC) < 0) {
            return;
        }
    }
}

/* ---- in the child ---- */

static bool move_to(int fd, int target)
{
    return fd == target ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, target) == target;
}

/* Standard input is closed first: where every descriptor is in use, its number is the one that can be had. */
static bool null_to_stdin(void)
{
    (void)close(STDIN_FILENO);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int ends[2];

    if (fd < 0 && pipe2(ends, O_CLOEXEC) == 0) { /* no /dev: the end of a pipe that nobody writes to */
        fd = ends[0];
        (void)close(ends[1]);
    }
    return fd >= 0 && move_to(fd, STDIN_FILENO) && (fd == STDIN_FILENO || close(fd) == 0);
}

static bool streams(const struct spawn *spawn)
{
    return (!spawn->null_stdin || null_to_stdin()) &&
           (spawn->output < 0 || (move_to(spawn->output, STDOUT_FILENO) && move_to(spawn->output, STDERR_FILENO)));
}

static bool stage_failed(struct failure *failure, enum stage stage, int number)
{
    failure->stage = stage;
    failure->lookup.number = number;
    return false;
}

/* What a program and an entry have in common. The working directory before the credentials: it is ours to give. */
static bool prepare(const struct spawn *spawn, struct failure *failure)
{
    if (spawn->cwd && chdir(spawn->cwd) < 0) {
        return stage_failed(failure, STAGE_CWD, errno);
    }
    if (spawn->credentials) {
        int number = credentials_take(spawn->credentials);

        if (number) {
            return stage_failed(failure, STAGE_CREDENTIALS, number);
        }
    }
    return true;
}

static const char *const *environment(const struct spawn *spawn)
{
    return spawn->envp ? spawn->envp : (const char *const *)environ;
}

static const char *search_path(const struct spawn *spawn)
{
    if (spawn->path) {
        return spawn->path;
    }
    for (const char *const *variable = environment(spawn); *variable; variable++) {
        if (strncmp(*variable, "PATH=", strlen("PATH=")) == 0) {
            return *variable + strlen("PATH=");
        }
    }
    return NULL;
}

/* Returns only on failure. */
static void execute(const struct spawn *spawn, struct failure *failure)
{
    failure->stage = STAGE_EXEC;
    descriptors_close_on_exec();
    signals_reset();
    lookup_exec(spawn->argv, environment(spawn), search_path(spawn), &failure->lookup);
}

static bool explain(const struct spawn *spawn, const struct failure *failure, struct error *error)
{
    const char *reason = strerror(failure->lookup.number), *program = spawn->argv ? spawn->argv[0] : "pgentry";

    switch (failure->stage) {
    case STAGE_CWD:
        return error_set(error, STATUS_NOT_EXECUTABLE, "%s: cannot enter its directory %s: %s", program, spawn->cwd,
                         reason);
    case STAGE_STREAMS:
        return error_set(error, STATUS_RESOURCE, "%s: cannot set up its standard streams: %s", program, reason);
    case STAGE_CREDENTIALS:
        return credentials_error(spawn->credentials, failure->lookup.number, error);
    case STAGE_EXEC:
        break;
    }
    return lookup_error(&failure->lookup, program, search_path(spawn), error);
}

/* Before the exec, which keeps it, and after the credentials: a change of the uid clears it (prctl(2)). We may be
 * orphaned already. */
static void end_with(pid_t parent, int signal)
{
    if (prctl(PR_SET_PDEATHSIG, signal) < 0 || getppid() != parent) {
        _exit(STATUS_RESOURCE);
    }
}

static _Noreturn void entry_child(const struct spawn *spawn, pid_t parent)
{
    struct failure failure = { 0 };
    struct error error = { 0 };

    if (!streams(spawn)) {
        _exit(STATUS_RESOURCE);
    }
    descriptors_close(spawn->keep, spawn->keep_count);
    log_forked();
    if (!prepare(spawn, &failure)) {
        (void)explain(spawn, &failure, &error);
        (void)(spawn->output >= 0 && dprintf(STDERR_FILENO, "%s\n", error.message)); /* else it is not its own */
        _exit((int)error.status);
    }
    end_with(parent, SIGKILL);
    signals_reset();
    _exit(spawn->entry(spawn->argument));
}

static _Noreturn void program_child(const struct spawn *spawn, pid_t parent, bool foreground, int report)
{
    struct failure failure = { 0 };
    struct error error = { 0 };

    if (foreground) {
        terminal_take(); /* before standard input may become another */
    }
    if (!streams(spawn)) {
        (void)stage_failed(&failure, STAGE_STREAMS, errno);
    } else if (prepare(spawn, &failure)) {
        if (spawn->not_alone) {
            end_with(parent, SIGTERM);
        }
        execute(spawn, &failure);
    }
    (void)explain(spawn, &failure, &error);
    (void)signal(SIGPIPE, SIG_IGN); /* the parent may be gone */
    (void)!write(report, &error, sizeof error);
    _exit((int)error.status);
}

/* ---- in the parent ---- */

static_assert(sizeof(struct error) <= PIPE_BUF, "a report arrives whole (pipe(7))");

bool spawn_refused(int *report, struct error *error)
{
    bool refused = false;

    if (*report >= 0) { /* end of file: exec closed the pipe, or a signal ended the child before it */
        refused = read(*report, error, sizeof *error) == (ssize_t)sizeof *error;
        (void)close(*report);
        *report = -1;
    }
    return refused;
}

bool spawn_executed(pid_t pid)
{
    return setpgid(pid, pid) < 0; /* EACCES; or EPERM: what it executed began a session */
}

static pid_t refused(struct error *error, const char *what)
{
    error_set(error, STATUS_RESOURCE, "cannot %s: %s", what, strerror(errno));
    return -1;
}

/* A child that leads a group of its own, whichever of us comes first. _Fork (POSIX.1-2024) runs no pthread_atfork
 * handler: libuv's makes a pipe in the child, and aborts it if that is refused, before anything could be told of it. No
 * process of ours has a second thread, whose locks fork would free. */
static pid_t fork_leader(struct error *error)
{
    pid_t pid = _Fork();

    if (pid < 0) {
        return refused(error, "start a process");
    }
    (void)setpgid(pid, pid); /* 0 in the child: itself */
    return pid;
}

static pid_t spawn_entry(const struct spawn *spawn, struct error *error)
{
    pid_t parent = getpid(), pid = fork_leader(error);

    if (pid == 0) {
        entry_child(spawn, parent);
    }
    return pid;
}

static pid_t spawn_program(const struct spawn *spawn, int *report, struct error *error)
{
    bool foreground = spawn->foreground && terminal_ours();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        return refused(error, "make a pipe");
    }

    pid_t parent = getpid(), pid = fork_leader(error);

    if (pid == 0) {
        program_child(spawn, parent, foreground, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return -1;
    }
    *report = ends[0];
    return pid;
}

pid_t spawn_child(const struct spawn *spawn, int *report, struct error *error)
{
    return spawn->argv ? spawn_program(spawn, report, error) : spawn_entry(spawn, error);
}

bool spawn_become(const struct spawn *spawn, struct error *error)
{
    struct failure failure = { 0 };

    (void)prctl(PR_SET_CHILD_SUBREAPER, 0); /* it would survive the exec */
    if (prepare(spawn, &failure)) {
        execute(spawn, &failure);
    }
    return explain(spawn, &failure, error);
}
