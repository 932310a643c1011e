/* libuv calls abort(3) where the system refuses it a descriptor or memory. Whoever has children cannot leave them so: a
 * migration would be killed in mid-statement, an application without a word. This abort takes the place of the C
 * library's, in the whole program: a handler of SIGABRT would do in glibc, but musl's abort finds the signal blocked,
 * as all of PID 1's are, and dies without it. */
#include "runtime/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    struct supervisor *s;
    pid_t pid; /* a forked helper has a copy of all this */
} mine;

void abort_goes_on(struct supervisor *s)
{
    mine.s = s;
    mine.pid = getpid();
}

/* A helper process, or a program that has no supervisor yet: what abort(3) promises. */
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

/* Until the next signal, or what the machine is to do next. */
static void wait_for_next(struct supervisor *s)
{
    enum boot_timer which = TIMER_STATE;
    struct pollfd signals = { .fd = s->signal_fd, .events = POLLIN };
    instant next = boot_next_deadline(&s->boot, &which);
    int patience = -1;

    if (next != BOOT_NEVER) {
        duration left = next - clock_now();

        left = left > 0 ? left : 0;
        patience = left < INT_MAX ? (int)left : INT_MAX;
    }
    (void)poll(&signals, 1, patience);
    supervisor_signals(s);
    if (!s->ending && boot_next_deadline(&s->boot, &which) <= clock_now()) {
        supervisor_post(s, (struct boot_event){ .kind = EVENT_TIMER, .timer = which });
    }
}

/* The machine goes on without libuv: the application's end and signals are all it must know. A step is ended first, as
 * by a TERM. Nobody answers the http process any more, and /health/live says so; nor is one started: who
 * asks then waits in vain. */
static _Noreturn void go_on(struct supervisor *s)
{
    bool app = s->app > 0;

    s->loopless = true;
    gather_ended(s);
    log_event(LOG_ERROR, "refused", NULL, "the event loop cannot go on: the system refuses descriptors or memory");
    if (app) {
        database_kill(s);
    } else if (s->child.pid > 0) {
        supervisor_post(s, (struct boot_event){ .kind = EVENT_SIGNAL, .signal = SIGTERM });
    } else {
        s->ending = true;
    }
    for (supervisor_handle(s); !s->ending; supervisor_handle(s)) {
        wait_for_next(s);
        log_flush();
    }

    int status = supervisor_leave(s);

    _exit(app ? status : STATUS_RESOURCE);
}

_Noreturn void abort(void)
{
    if (mine.s && mine.pid == getpid() && !mine.s->loopless) {
        go_on(mine.s);
    }
    die();
}
