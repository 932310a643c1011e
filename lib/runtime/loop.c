/* What PID 1 waits for: descriptors and a deadline. libuv does while we boot. At rest poll(2) does, for good: little is
 * left to wait for, and a stop would pay for the six descriptors of libuv's loop (tests/bench/README.md). poll(2) is
 * also what stays where the system refuses libuv descriptors or memory, and from when a descriptor is watched that has
 * to stay blocking. */
#include "runtime/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* Alive are at most the signals, the log, the database process, the http process twice, a step's output, the
 * application's exec and the listening sockets. libuv gives a handle back only in its next turn, so there are some
 * more. */
#define WATCHES (16 + HTTP_LISTEN_MAX)
#define BLIND_PAUSE 100 /* ms between two looks at everything where even poll(2) is refused */

struct watch {
    uv_poll_t poll;
    enum { WATCH_FREE, WATCH_LIVE, WATCH_CLOSING } state;
    int fd;
    short events;
    watch_ready *ready;
};

static struct {
    struct supervisor *s;
    pid_t pid;         /* a forked helper has a copy of all this */
    bool libuv;        /* it waits for us, not poll(2) */
    jmp_buf *way_back; /* to where libuv was called; NULL: it does not run */
    uv_loop_t uv;
    uv_timer_t timer;
    struct watch watches[WATCHES];
} loop;

/* ---- libuv, which aborts where it is refused ---- */

/* False: it failed, or aborted. */
static bool try_libuv(int (*call)(void *argument), void *argument)
{
    jmp_buf here, *outer = loop.way_back;
    if (setjmp(here)) {
        loop.way_back = outer;
        return false;
    }
    loop.way_back = &here;
    bool done = call(argument) >= 0;
    loop.way_back = outer;
    return done;
}

/* What abort(3) promises; for a helper process, or where libuv does not run. */
static _Noreturn void die(void)
{
    sigset_t set;
    (void)signal(SIGABRT, SIG_DFL);
    (void)raise(SIGABRT);
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(STATUS_SIGNAL + SIGABRT); /* PID 1 of a namespace is spared by its own signals */
}

/* Takes the place of the C library's, in the whole program: who has children cannot leave them so, a migration would be
 * killed in mid-statement, an application without a word. A handler of SIGABRT would do in glibc, but musl's abort
 * finds the signal blocked, as all of PID 1's are, and dies without it. */
_Noreturn void abort(void)
{
    if (loop.way_back && loop.pid == getpid()) {
        longjmp(*loop.way_back, 1);
    }
    die();
}

static void leave_libuv(void)
{
    loop.libuv = false;
    for (int i = 0; i < WATCHES; i++) {
        if (loop.watches[i].state == WATCH_CLOSING) {
            loop.watches[i].state = WATCH_FREE;
        }
    }
}

static void give_up(void)
{
    leave_libuv();
    log_event(LOG_WARN, "no-event-loop", NULL,
              "the system refuses libuv's event loop descriptors or memory: poll(2) takes its place");
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows when the descriptor is read */
    (void)events;
    if (loop.libuv) { /* else it gave up in this turn: poll(2) sees whatever else is ready, of what is watched still */
        ((const struct watch *)poll)->ready(loop.s);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct watch *watch = (struct watch *)handle;
    if (watch->state == WATCH_CLOSING) { /* else libuv gave up meanwhile, and the place is another's */
        watch->state = WATCH_FREE;
    }
}

/* libuv runs a timer that is due before it polls, and polls all the same (uv_run, UV_RUN_ONCE): without this for ever,
 * as no timer is armed any more. */
static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static int begin(void *argument)
{
    (void)argument;
    int result = uv_loop_init(&loop.uv);
    return result < 0 ? result : uv_timer_init(&loop.uv, &loop.timer);
}

static int begin_watch(void *argument)
{
    struct watch *watch = argument;
    int result = uv_poll_init(&loop.uv, &watch->poll, watch->fd);
    return result < 0 ? result
                      : uv_poll_start(&watch->poll, watch->events == POLLIN ? UV_READABLE : UV_WRITABLE, on_ready);
}

static int end_watch(void *argument)
{
    struct watch *watch = argument;
    uv_close((uv_handle_t *)&watch->poll, on_closed);
    return 0;
}

static int turn(void *argument)
{
    instant until = *(const instant *)argument, now = clock_now();
    if (until == BOOT_NEVER) {
        uv_timer_stop(&loop.timer);
    } else {
        uv_update_time(&loop.uv);
        uv_timer_start(&loop.timer, on_deadline, until > now ? (uint64_t)(until - now) : 0, 0);
    }
    return uv_run(&loop.uv, UV_RUN_ONCE);
}

static int end(void *argument)
{
    (void)argument;
    for (int i = 0; i < WATCHES; i++) {
        if (loop.watches[i].state == WATCH_LIVE) {
            uv_close((uv_handle_t *)&loop.watches[i].poll, NULL);
        }
    }
    uv_close((uv_handle_t *)&loop.timer, NULL);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    int result = uv_loop_close(&loop.uv);
    uv_library_shutdown();
    return result;
}

/* ---- poll(2) ---- */

static int patience(instant until)
{
    if (until == BOOT_NEVER) {
        return -1;
    }
    duration left = until - clock_now();
    return left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

static void poll_turn(instant until)
{
    struct pollfd fds[WATCHES];
    struct watch *watches[WATCHES];
    nfds_t count = 0;
    for (int i = 0; i < WATCHES; i++) {
        if (loop.watches[i].state == WATCH_LIVE) {
            watches[count] = &loop.watches[i];
            fds[count++] = (struct pollfd){ .fd = loop.watches[i].fd, .events = loop.watches[i].events };
        }
    }
    if (poll(fds, count, patience(until)) < 0 && errno != EINTR) {
        (void)poll(NULL, 0, BLIND_PAUSE); /* our limit of descriptors is now below what we watch (prlimit(2)) */
        for (nfds_t i = 0; i < count; i++) {
            fds[i].revents = fds[i].events; /* all are read without blocking: in vain at the worst */
        }
    }
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents && watches[i]->state == WATCH_LIVE && watches[i]->fd == fds[i].fd) {
            watches[i]->ready(loop.s);
        }
    }
}

/* ---- either ---- */

void loop_open(struct supervisor *s)
{
    loop.s = s;
    loop.pid = getpid();
    loop.libuv = true;
    if (!try_libuv(begin, NULL)) {
        give_up();
    }
}

static struct watch *free_watch(void)
{
    struct watch *watch = loop.watches;
    while (watch < loop.watches + WATCHES && watch->state != WATCH_FREE) {
        watch++;
    }
    return watch < loop.watches + WATCHES ? watch : NULL;
}

/* uv_poll_init makes it so. Of what is watched only the log's descriptor may be one that others write to as well, and
 * they are not to get EAGAIN. */
static bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !(flags & O_NONBLOCK);
}

struct watch *watch_start(int fd, short events, watch_ready *ready)
{
    if (is_blocking(fd)) {
        leave_libuv(); /* with its descriptors: this may be one of its turns */
    }
    struct watch *watch = free_watch();
    if (!watch) {
        give_up();
        watch = free_watch();
    }
    if (!watch) {
        return NULL; /* more alive than WATCHES says there can be */
    }
    watch->state = WATCH_LIVE;
    watch->fd = fd;
    watch->events = events;
    watch->ready = ready;
    if (loop.libuv && !try_libuv(begin_watch, watch)) {
        give_up();
    }
    return watch;
}

void watch_stop(struct watch *watch)
{
    if (watch && loop.libuv) {
        watch->state = WATCH_CLOSING;
        if (!try_libuv(end_watch, watch)) {
            give_up();
        }
    } else if (watch) {
        watch->state = WATCH_FREE;
    }
}

void loop_turn(instant until)
{
    if (!loop.libuv) {
        poll_turn(until);
    } else if (!try_libuv(turn, &until) && loop.libuv) {
        give_up();
    }
}

void loop_rest(void)
{
    if (loop.libuv) {
        (void)try_libuv(end, NULL); /* what is not given back then stays, and is not used */
        leave_libuv();
    }
}
