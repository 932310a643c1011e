#include "runtime/runtime.h"

#include "base/hash.h"
#include "base/pages.h"
#include "base/text.h"
#include "config/word.h"
#include "process/signals.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SCRATCH (ENVIRONMENT_MAX + ((size_t)2 << 20)) /* besides an environment: a PATH, texts of the log */
#define GATHERING 10                                  /* ms; see gather() */
#define SIGNALS_AT_ONCE 64
#define REAPED_AT_ONCE 256
#define KILL_WORDS 100  /* the same before everything is killed */
#define LAST_CLOSE 1000 /* ms given to the database process to close its connections at the end */

static int prepared_signal_fd = -1;
static struct supervisor supervisor;

bool runtime_prepare(void)
{
    prepared_signal_fd = signals_block();
    return prepared_signal_fd >= 0;
}

uint32_t fingerprint(const char *text)
{
    uint64_t hash = hash_string(HASH_BEGIN, text);
    return (uint32_t)(hash ^ hash >> 32);
}

void supervisor_post(struct supervisor *s, struct boot_event event)
{
    if (s->event_count == 0) {
        s->event_head = 0; /* not each event in a page of its own */
    }
    if (s->event_count == QUEUED_EVENTS) { /* each source's are handled before the next is asked */
        log_event(LOG_ERROR, "event-lost", NULL, "more than %d events at once: one is lost", QUEUED_EVENTS);
        return;
    }
    s->events[(s->event_head + s->event_count++) % QUEUED_EVENTS] = event;
}

/* ---- effects ---- */

static void stop_watching_log(struct supervisor *s)
{
    watch_stop(s->log_watch);
    s->log_watch = NULL;
}

/* What serves us goes with the rest, on purpose: the log's writer once it has written what it was given. */
static void kill_rest(struct supervisor *s)
{
    http_end(s);
    stop_watching_log(s);
    log_drain(KILL_WORDS);
    reaper_kill_rest(SIGKILL);
    if (s->app > 0) { /* who is not PID 1 finds the others through /proc, which may be missing */
        (void)reaper_kill(-s->app, SIGKILL);
        (void)reaper_kill(s->app, SIGKILL);
    }
    log_open(s->config->log.format, s->config->log.level);
}

static void finish(struct supervisor *s, int status)
{
    s->ending = true;
    s->exit_status = status;
}

static void carry_out(struct supervisor *s, const struct boot_effect *effect)
{
    switch (effect->kind) {
    case EFFECT_ORDER:
        database_order(s, effect);
        break;
    case EFFECT_CLOSE_DATABASE:
        database_close(s);
        break;
    case EFFECT_KILL_DATABASE:
        database_kill(s);
        break;
    case EFFECT_RELEASE:
        http_release(s, effect->number);
        break;
    case EFFECT_SPAWN_GUARD:
    case EFFECT_SPAWN_STEP:
        child_spawn(s, effect);
        break;
    case EFFECT_SIGNAL_CHILD:
        child_signal(s, effect->number);
        break;
    case EFFECT_KILL_CHILD:
        child_signal(s, SIGKILL);
        break;
    case EFFECT_TABLES:
        log_phase(phase_word(effect->phase));
        log_tables(s);
        break;
    case EFFECT_SUMMARY:
        log_phase(phase_word(effect->phase));
        summarize(s);
        break;
    case EFFECT_START:
        app_start(s);
        break;
    case EFFECT_SIGNAL_APP: /* it has it: carry_out_all() */
        break;
    case EFFECT_KILL_REST:
        kill_rest(s);
        break;
    case EFFECT_LOG:
        narrate(s, effect);
        break;
    case EFFECT_EXIT:
        finish(s, effect->number);
        break;
    }
}

/* The application first: it ends while we write that it was told to. */
static void carry_out_all(struct supervisor *s)
{
    for (unsigned i = 0; i < s->boot.effect_count; i++) {
        if (s->boot.effects[i].kind == EFFECT_SIGNAL_APP) {
            app_signal(s, s->boot.effects[i].number);
        }
    }
    for (unsigned i = 0; i < s->boot.effect_count && !s->ending; i++) {
        carry_out(s, &s->boot.effects[i]);
    }
}

/* ---- the loop ---- */

static void on_log_writable(struct supervisor *s)
{
    (void)s;
    log_flush();
}

/* Watches the log's descriptor only while something waits to be written. */
static void watch_log(struct supervisor *s)
{
    if (log_helper_lost() && log_pending()) {
        stop_watching_log(s);
        log_helper_renew();
        if (!log_helper_lost()) {
            log_event(LOG_WARN, "log-writer-died", NULL,
                      "the process that writes the log was killed: what it had not written yet is lost");
        }
    }
    bool pending = log_descriptor() >= 0;
    if (pending && !s->log_watch) {
        s->log_watch = watch_start(log_descriptor(), POLLOUT, on_log_writable);
    } else if (!pending) {
        stop_watching_log(s);
    }
}

/* The events that were posted, and what follows from them. */
static void handle(struct supervisor *s)
{
    bool any = s->event_count > 0;
    while (s->event_count && !s->ending) {
        struct boot_event event = s->events[s->event_head];
        s->event_head = (s->event_head + 1) % QUEUED_EVENTS;
        s->event_count--;
        if (event.kind == EVENT_DATABASE_DIED) {
            s->database.died = false;
        }
        if (event.kind == EVENT_SIGNAL) {
            s->say.signal = event.signal;
        }
        boot_handle(&s->boot, &event, clock_now());
        status_phase(&s->status, boot_phase(&s->boot));
        carry_out_all(s);
        log_phase(phase_word(boot_phase(&s->boot))); /* of what is logged besides the machine's own sentences */
    }
    if (any) {
        log_connection(s);
        if (!s->ending) { /* else the http process ends with us */
            http_push(s);
        }
    }
}

/* After whatever came: nothing stays queued. */
static void settle(struct supervisor *s)
{
    do {
        handle(s);
    } while (!s->ending && database_go_on(s));
    if (!s->ending) {
        watch_log(s);
    }
}

static void leave_ended(struct supervisor *s, instant until)
{
    s->gather_until = until;
    signals_children(s->signal_fd, false);
}

/* Orphans come in crowds, and each one's end wakes us: most of what it costs. Of those that follow one another at once
 * the ends are gathered for a moment and reaped together; every other signal comes through. */
static void gather(struct supervisor *s)
{
    instant now = clock_now();
    if (now - s->orphan_at <= GATHERING) {
        leave_ended(s, now + GATHERING);
    }
    s->orphan_at = now;
}

/* Where they come faster than they are reaped there is no last one. The rest is told of anew, behind whatever else has
 * come. */
static void reap_later(struct supervisor *s)
{
    (void)raise(SIGCHLD);
    leave_ended(s, clock_now());
}

static void reap(struct supervisor *s)
{
    struct reaped reaped;
    int64_t orphans = s->status.counters[COUNTER_ORPHANS];
    int most = REAPED_AT_ONCE;
    while (!s->ending && most > 0 && reaper_next(&reaped)) {
        most--;
        if (reaped.pid == s->app) {
            app_reaped(s, &reaped);
        } else if (reaped.pid == s->child.pid) {
            child_reaped(s, &reaped);
        } else if (reaped.pid == log_helper_pid()) {
            log_helper_reaped();
        } else if (!database_reaped(s, reaped.pid) && !http_reaped(s, reaped.pid)) {
            s->status.counters[COUNTER_ORPHANS]++;
            http_push_soon(s);
        }
        handle(s);
    }
    if (most == 0) {
        reap_later(s);
    } else if (s->status.counters[COUNTER_ORPHANS] > orphans) {
        gather(s);
    }
}

/* One, not all that wait: to ask whether there is another costs what the loop's own look does, and mostly there is
 * none. */
static bool next_signal(struct supervisor *s)
{
    int number = s->ending ? 0 : signals_next(s->signal_fd);
    if (number == SIGCHLD) {
        reap(s);
        app_look_stopped(s);
    } else if (number) {
        app_look_started(s); /* before the signal: it is then one for the application */
        supervisor_post(s, (struct boot_event){ .kind = EVENT_SIGNAL, .signal = number });
        handle(s);
    }
    return number != 0;
}

static void on_signal(struct supervisor *s)
{
    (void)next_signal(s);
}

/* The ends of children are told again as they come. What waits is taken here: that a signalfd whose mask has grown
 * wakes whoever polls it is Linux's doing (fs/signalfd.c), not that of every kernel which claims to be one (gVisor).
 * Not without end, or a flood of signals would hold up the timers. */
static void gather_ended(struct supervisor *s)
{
    if (s->gather_until == BOOT_NEVER) {
        return;
    }
    s->gather_until = BOOT_NEVER;
    signals_children(s->signal_fd, true);
    for (int most = SIGNALS_AT_ONCE; most > 0 && next_signal(s); most--) {
    }
}

static instant next_deadline(const struct supervisor *s)
{
    enum boot_timer which;
    instant next = boot_next_deadline(&s->boot, &which);
    const instant others[] = { s->http.ready_at, s->http.push_at, s->rest_at, s->gather_until, s->child.turn_at };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        next = others[i] < next ? others[i] : next;
    }
    return next;
}

static void deadline_passed(struct supervisor *s)
{
    enum boot_timer which;
    gather_ended(s); /* an end that came just in time */
    instant now = clock_now();
    if (s->http.ready_at <= now) {
        http_ready(s);
    }
    if (s->http.push_at <= now) {
        http_push(s);
    }
    if (s->rest_at <= now) {
        s->rest_at = BOOT_NEVER;
        loop_rest();
        pages_give_back();
        pages_want(boot_table); /* a fault there would stand between a signal and the application */
        log_rehearse();         /* and here between the application's end and ours */
    }
    if (s->child.turn_at <= now) {
        progress_turn(s);
    }
    if (boot_next_deadline(&s->boot, &which) <= now) {
        if (which == TIMER_ORDER) {
            database_late(s);
        }
        supervisor_post(s, (struct boot_event){ .kind = EVENT_TIMER, .timer = which });
    }
}

/* ---- begin and end ---- */

static bool set_up(struct supervisor *s, struct error *error)
{
    s->arena = arena_new();
    status_init(&s->status, s->config, s->arena);
    s->scratch = arena_reserve(SCRATCH);
    database_prepare(s);
    s->app_report = s->child.report = s->database.stream.fd = s->child.fd = s->http.stream.fd = s->http.write_fd = -1;
    s->http.ready_at = s->http.push_at = s->rest_at = s->gather_until = s->child.turn_at = BOOT_NEVER;
    s->database.looking_since_us = -1;
    s->signal_fd = prepared_signal_fd;
    s->init = getpid() == 1;
    if (!supervisor_plan(s, error) || !credentials_find(s->config->app.user, &s->credentials, error)) {
        return false;
    }
    reaper_serve(&s->credentials);
    loop_open(s);
    watch_start(s->signal_fd, POLLIN, on_signal);
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0) {
        seed = (uint64_t)clock_now_us() ^ (uint64_t)getpid() << 32;
    }
    boot_init(&s->boot, &s->plan, seed);
    status_phase(&s->status, boot_phase(&s->boot));
    return (s->plan.goal != GOAL_RUN || http_bind(s, error)) && database_start(s, error);
}

static void warn_of_exec(const struct supervisor *s)
{
    const struct config *config = s->config;
    struct strings keys = { 0 };
    const struct {
        const char *key;
        bool set;
    } idle[] = {
        { "verify.interval", config->app.interval_set },
        { "app.stop_timeout", config->app.stop_timeout_set },
        { "app.ok_exit", config->app.ok_exit_set },
    };
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        if (idle[i].set) {
            strings_add(s->arena, &keys, idle[i].key);
        }
    }
    if (keys.count) {
        log_event(LOG_WARN, "exec-ignores", NULL, "app.mode is exec: once the application runs, no more is done by %s",
                  strings_listed(s->arena, &keys));
    }
}

static void warn(const struct supervisor *s)
{
    const struct config *config = s->config;
    for (size_t i = 0; i < config->warnings.count; i++) {
        log_event(LOG_WARN, "configuration", NULL, "%s", config->warnings.items[i]);
    }
    if (s->plan.goal == GOAL_RUN && s->plan.exec) {
        warn_of_exec(s);
    }
}

static void adopt_orphans(const struct supervisor *s)
{
    if (s->plan.goal != GOAL_RUN || s->init) {
        return;
    }
    if (reaper_adopt_orphans()) {
        log_event(LOG_INFO, "subreaper", NULL, "not PID 1: as subreaper we reap what our own children leave behind");
    } else {
        log_event(LOG_WARN, "no-subreaper", NULL, "not PID 1, and the kernel refuses to make us the subreaper: %s",
                  strerror(errno));
    }
}

/* A shell that waits for its command passes nothing on: ENTRYPOINT in shell form is this. */
static void warn_of_shell(const struct supervisor *s)
{
    char name[REAPER_NAME_SIZE];

    if (s->plan.goal == GOAL_RUN && getppid() == 1 && reaper_name_of_pid_1(name) && word_is_shell(name)) {
        log_event(
            LOG_WARN, "shell-is-pid-1", NULL,
            "PID 1 is %s, and a shell passes no signal on: a stop does not reach us; write ENTRYPOINT in exec form, "
            "ENTRYPOINT [\"pgentry\", \"run\", \"--\"], or let the script exec pgentry",
            name);
    }
}

static bool database_left(struct supervisor *s)
{
    struct reaped reaped;
    while (reaper_next(&reaped)) {
        (void)(database_reaped(s, reaped.pid) || http_reaped(s, reaped.pid));
    }
    return s->database.old != 0;
}

static bool helpers_left(struct supervisor *s)
{
    return database_left(s) || s->http.pid;
}

/* Waits for SIGCHLD alone: a TERM that comes now stays pending, for the application that we may become. */
static bool wait_while(bool (*left)(struct supervisor *s), struct supervisor *s, duration most)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    instant until = clock_now() + most;
    while (left(s)) {
        duration rest = until - clock_now();
        if (rest <= 0) {
            return false;
        }
        struct timespec patience = { .tv_sec = rest / 1000, .tv_nsec = rest % 1000 * 1000000 };
        sigtimedwait(&child, NULL, &patience);
    }
    return true;
}

/* Gives the database process a moment to close its connections, so that the lock is free when we are gone. */
static void end_database(struct supervisor *s)
{
    if (s->database.old && !wait_while(database_left, s, LAST_CLOSE)) {
        kill(s->database.old, SIGKILL);
    }
}

void end_helpers(struct supervisor *s)
{
    http_end(s);
    end_database(s);
    wait_while(helpers_left, s, LAST_CLOSE);
}

static void print_result(struct supervisor *s)
{
    if (s->plan.goal == GOAL_LOOK && s->request->json) {
        status_phase(&s->status, s->status.check ? PHASE_CHECKING : PHASE_WAITING); /* not that we end */
        char *json = status_health_json(&s->status);
        puts(json ? json : "{}");
        free(json);
    } else if (s->plan.goal == GOAL_LOOK) {
        print_tables(s);
    }
}

/* What is done last of all; returns the exit status. */
static int leave(struct supervisor *s)
{
    print_result(s);
    report_end(s);
    if (s->init) {
        end_database(s); /* the kernel ends all others with us, and waits for them */
    } else {
        end_helpers(s); /* whoever comes next may want the endpoint's address at once */
    }
    log_drain(LAST_WORDS);
    return s->exit_status;
}

static int refuse(struct supervisor *s, const struct error *error)
{
    char reason[sizeof error->message + sizeof error->hint];
    struct text text = text_over(reason, sizeof reason);
    text_printf(&text, "%s%s%s", error->message, error->hint[0] ? ": " : "", error->hint);
    log_event(LOG_ERROR, "refused", NULL, "%s", reason);
    if (s->request->goal == GOAL_RUN) {
        const char *reasons[] = { reason };
        report_refusal(s, (int)error->status, &(struct strings){ .items = reasons, .count = 1 });
    }
    http_end(s); /* what it listened on before */
    log_drain(LAST_WORDS);
    return (int)error->status;
}

int runtime_refuse(enum boot_goal goal, enum log_format format, const struct strings *errors)
{
    struct supervisor *s = &supervisor;
    log_open(format, LOG_WARN);
    for (size_t i = 0; i < errors->count; i++) {
        if (format == LOG_JSON) {
            log_event(LOG_ERROR, "configuration", NULL, "%s", errors->items[i]);
        } else {
            fprintf(stderr, "%s\n", errors->items[i]);
        }
    }
    if (goal == GOAL_RUN) {
        status_init_refused(&s->status);
        report_refusal(s, STATUS_CONFIG, errors);
    }
    log_drain(LAST_WORDS);
    return STATUS_CONFIG;
}

int runtime_run(const struct runtime_request *request)
{
    struct supervisor *s = &supervisor;
    struct error error = { 0 };
    s->request = request;
    s->config = request->config;

    log_open(s->config->log.format, s->config->log.level);
    if (!set_up(s, &error)) {
        return refuse(s, &error);
    }
    warn(s);
    adopt_orphans(s);
    warn_of_shell(s);
    http_ready(s);
    supervisor_post(s, (struct boot_event){ .kind = EVENT_BEGIN });
    settle(s);
    while (!s->ending) {
        loop_turn(next_deadline(s));
        settle(s);
        if (!s->ending && next_deadline(s) <= clock_now()) {
            deadline_passed(s);
            settle(s);
        }
    }
    return leave(s);
}
