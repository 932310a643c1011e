/* The database process as PID 1 sees it: forked when an order needs one, asked over a socketpair, killed when it does
 * not answer in time. */
#include "base/text.h"
#include "database/database.h"
#include "process/memory.h"
#include "process/noexec.h"
#include "process/spawn.h"
#include "project/project.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of an answer; decoded it takes at most eight times as much: a string of no length in a list is 4 bytes there, and 16
 * and a pointer here. Once more for the ledger that an earlier one told of. */
#define ANSWER_MOST ((size_t)8 << 20)
#define ANSWER_ROOM (9 * ANSWER_MOST)

/* For all that the database process does. A server that never comes to an end must not take the application along, in
 * a container whose memory is small: libpq keeps what it gets. */
#define DATABASE_MEMORY ((size_t)256 << 20)

_Static_assert(BOOT_ORDER_TIMEOUT > DATABASE_ANSWER, "the database process gives up first, and says why");

struct entry {
    int fd;
    struct database_settings settings;
};

static int serve(void *argument)
{
    const struct entry *entry = argument;
#ifndef PGENTRY_SANITIZE /* it maps terabytes */
    memory_limit(DATABASE_MEMORY);
#endif
    return noexec() ? database_serve(entry->fd, &entry->settings) : STATUS_RESOURCE;
}

static void stop_polling(struct database_link *link)
{
    watch_stop(link->watch);
    link->watch = NULL;
    if (link->stream.fd >= 0) {
        close(link->stream.fd);
    }
    frame_stream_begin(&link->stream, -1); /* the next look finds its memory there */
    link->more = false;
}

/* A look ended; while the application runs, one that does not even connect counts as well. */
static void note_look(struct supervisor *s, bool failed)
{
    int64_t since = s->database.looking_since_us;
    if (since >= 0 || (failed && s->boot.app_ran)) {
        s->status.counters[COUNTER_LOOKS]++;
        s->status.counters[COUNTER_LOOKS_FAILED] += failed;
        s->status.looked_us += since >= 0 ? clock_now_us() - since : 0;
    }
    s->database.looking_since_us = -1;
}

static void take_failure(struct supervisor *s, const struct database_error *failed, struct boot_event *event)
{
    note_look(s, true);
    TEXT_COPY(s->say.error, failed->message);
    TEXT_COPY(s->say.hint, failed->hint);
    TEXT_COPY(s->status.error, failed->message);
    s->say.also = failed->failure == FAILURE_ALSO;
    s->status.connected = s->say.also || failed->let_in; /* wait.also is asked once the database has let us in */
    event->kind = EVENT_FAILED;
    event->failure = failed->failure;
    event->fingerprint = fingerprint(failed->message) ^ failed->failure;
}

/* That the database is there the look tells that follows: a pooler takes connections without it. */
static void take_connected(struct supervisor *s, const struct connected *connected)
{
    TEXT_COPY(s->say.host, connected->host);
    TEXT_COPY(s->say.server, connected->server_version);
    TEXT_COPY(s->status.host, connected->host);
}

static bool is_hopeless(const struct check *check)
{
    bool unreadable = false;
    for (size_t i = 0; i < check->problem_count; i++) {
        unreadable |= check->problems[i].code == PROBLEM_SCHEMA_UNREADABLE;
    }
    return unreadable && !check->healthy && !check->hand_listed;
}

static const char *kept_string(const char *string, struct arena *arena)
{
    return string ? arena_strdup(arena, string) : NULL;
}

/* While the application runs the ledger is not read: what the boot found in it is still what is known. */
static void keep_migrations(struct migrations_state *kept, const struct migrations_state *known, struct arena *arena)
{
    *kept = *known;
    kept->failed_name = kept_string(known->failed_name, arena);
    kept->failed_log = kept_string(known->failed_log, arena);
    struct migration_list *lists[] = { &kept->pending, &kept->edited, &kept->gone };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct strings names = lists[i]->names;
        lists[i]->names = (struct strings){ 0 };
        strings_add_all(arena, &lists[i]->names, &names);
    }
}

static void take_check(struct supervisor *s, struct check *check, struct arena *arena, struct boot_event *event)
{
    note_look(s, !check->healthy);
    struct check *kept = arena_alloc(arena, sizeof *kept);
    *kept = *check;
    if (s->boot.app_ran && s->status.check) {
        keep_migrations(&kept->migrations, &s->status.check->migrations, arena);
    }
    s->status.check = kept;
    s->status.expected = NULL; /* its memory is that of the next answer */
    s->status.connected = true;
    s->status.error[0] = '\0';
    timestamp_now(s->status.checked_at);
    event->kind = EVENT_CHECKED;
    event->look = (struct boot_look){ .healthy = kept->healthy,
                                      .proven = kept->migrations.proven,
                                      .gone = kept->migrations.gone.count > 0,
                                      .behind = check_behind(kept),
                                      .hopeless = is_hopeless(kept) };
}

static void take_tables(struct supervisor *s, const struct check *tables, struct arena *arena)
{
    struct check *kept = arena_alloc(arena, sizeof *kept);
    *kept = *tables;
    s->status.expected = kept;
}

/* Each once: what is found out anew brings the same notes again. */
static void take_note(struct database_link *link, const char *text)
{
    uint32_t mark = fingerprint(text);
    for (size_t i = 0; i < NOTES_KEPT; i++) {
        if (link->notes[i] == mark) {
            return;
        }
    }
    link->notes[link->note_count++ % NOTES_KEPT] = mark;
    log_event(LOG_WARN, "note", NULL, "%s", text);
}

/* Without the memory for it a later process finds it out by itself. */
static void keep_wanted(struct database_link *link, const void *wanted, size_t length)
{
    free(link->wanted);
    link->wanted = length ? malloc(length) : NULL;
    link->wanted_length = link->wanted ? length : 0;
    if (link->wanted) {
        memcpy(link->wanted, wanted, length);
    }
}

/* Over that session, if there is no direct_url, the database was known to be there; the next look is behind the step.
 */
static void note_lock_lost(struct supervisor *s)
{
    if (!s->plan.direct) {
        TEXT_COPY(s->status.error, "the connection that held the migration lock ended");
        s->status.connected = false;
    }
}

/* True if the status points into the arena from now on. */
static bool take_reply(struct supervisor *s, struct reply_message *reply, struct arena *arena)
{
    struct boot_event event = { .kind = EVENT_GO };
    switch (reply->reply) {
    case REPLY_CONNECTED:
        take_connected(s, &reply->connected);
        event.kind = EVENT_CONNECTED;
        break;
    case REPLY_FAILED:
        take_failure(s, &reply->failed, &event);
        break;
    case REPLY_CHECKED:
        take_check(s, &reply->check, arena, &event);
        break;
    case REPLY_LOCKED:
        event.kind = EVENT_LOCKED;
        break;
    case REPLY_BUSY:
        TEXT_COPY(s->say.holder, reply->text);
        event.kind = EVENT_BUSY;
        event.fingerprint = reply->count; /* the holder's pid: its age changes all the time */
        break;
    case REPLY_SESSIONS:
        TEXT_COPY(s->say.sessions, reply->text);
        event.kind = EVENT_SESSIONS;
        event.count = reply->count;
        event.fingerprint = reply->count;
        break;
    case REPLY_LOCK_LOST:
        note_lock_lost(s);
        event.kind = EVENT_LOCK_LOST;
        break;
    case REPLY_TABLES:
        if (s->status.check) {
            return false;
        }
        take_tables(s, &reply->check, arena);
        return true;
    case REPLY_NOTE:
        take_note(&s->database, reply->text);
        return false;
    case REPLY_WANTED:
        keep_wanted(&s->database, reply->wanted, reply->wanted_length);
        return false;
    }
    supervisor_post(s, event);
    return event.kind == EVENT_CHECKED;
}

static void note_lost(struct supervisor *s, const char *message)
{
    note_look(s, true);
    TEXT_COPY(s->say.error, message);
    s->say.hint[0] = '\0';
    s->say.also = false;
    TEXT_COPY(s->status.error, s->say.error);
    s->status.connected = false;
}

void database_late(struct supervisor *s)
{
    note_lost(s, "it did not answer in time");
}

static bool take_frame(struct supervisor *s, uint8_t kind, struct frame_reader *payload)
{
    struct database_link *link = &s->database;
    struct arena *arena = link->spare;
    struct reply_message reply;

    arena_reset(arena);
    if (!reply_decode(kind, payload, &reply, arena)) {
        return false;
    }
    if (take_reply(s, &reply, arena)) {
        link->spare = link->arena;
        link->arena = arena;
    }
    return true;
}

static void post_death(struct supervisor *s, const char *message)
{
    note_lost(s, message);
    s->database.died = true;
    supervisor_post(s, (struct boot_event){ .kind = EVENT_DATABASE_DIED, .fingerprint = fingerprint(s->say.error) });
}

static void died(struct supervisor *s)
{
    database_kill(s);
    post_death(s, "the database process ended unexpectedly");
}

/* As many as the queue of events has room for; what is left waits for database_go_on(). False if one is broken. */
static bool take_frames(struct supervisor *s)
{
    struct database_link *link = &s->database;
    enum frame_result next = FRAME_READY;
    while (next == FRAME_READY && s->event_count < QUEUED_EVENTS / 2) {
        uint8_t kind;
        struct frame_reader payload;
        next = frame_next(&link->stream, &kind, &payload);
        if (next == FRAME_READY && !take_frame(s, kind, &payload)) {
            next = FRAME_BROKEN;
        }
    }
    link->more = next == FRAME_READY;
    return next != FRAME_BROKEN;
}

static void on_readable(struct supervisor *s)
{
    enum frame_result filled = frame_fill(&s->database.stream);
    bool fine = take_frames(s);
    if (!fine || filled == FRAME_CLOSED || filled == FRAME_BROKEN) {
        died(s);
    }
}

bool database_go_on(struct supervisor *s)
{
    if (!s->database.more) {
        return false;
    }
    if (!take_frames(s)) {
        died(s);
    }
    return true;
}

void database_prepare(struct supervisor *s)
{
    s->database.arena = arena_reserve(ANSWER_ROOM);
    s->database.spare = arena_reserve(ANSWER_ROOM);
    s->database.stream.most = ANSWER_MOST;
}

bool database_start(struct supervisor *s, struct error *error)
{
    struct database_link *link = &s->database;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return error_set(error, STATUS_RESOURCE, "no socket pair for the database process: %s", strerror(errno));
    }
    struct entry entry = { .fd = pair[1],
                           .settings = { .config = s->config,
                                         .source = s->plan.goal == GOAL_WAIT ? NULL : project_wanted,
                                         .wanted = link->wanted,
                                         .wanted_length = link->wanted_length } };
    struct spawn spawn = { .entry = serve, .argument = &entry, .output = -1, .keep = &pair[1], .keep_count = 1 };
    link->pid = spawn_child(&spawn, NULL, error);
    close(pair[1]);
    if (link->pid < 0) {
        link->pid = 0;
        close(pair[0]);
        return false;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    frame_stream_begin(&link->stream, pair[0]);
    link->watch = watch_start(pair[0], POLLIN, on_readable);
    return true;
}

void database_order(struct supervisor *s, const struct boot_effect *effect)
{
    static const enum order orders[] = { [BOOT_CONNECT] = ORDER_CONNECT,
                                         [BOOT_CHECK] = ORDER_CHECK,
                                         [BOOT_LOCK] = ORDER_LOCK,
                                         [BOOT_SESSIONS] = ORDER_SESSIONS };
    struct order_message order = { .order = orders[effect->order.order],
                                   .probe = effect->order.probe,
                                   .prove = effect->order.prove,
                                   .alone = effect->order.alone,
                                   .history = effect->order.history,
                                   .direct = effect->order.direct,
                                   .fresh = effect->order.fresh,
                                   .age = effect->order.age,
                                   .within = effect->order.within };
    struct error error;
    if (effect->order.order == BOOT_SESSIONS) {
        order.url = step_variable(s->steps[effect->list][effect->index], "DATABASE_URL");
    }

    if (s->database.died) { /* a death that is yet to be handled fails this order, and not one to a new process */
        return;
    }
    if (s->database.pid == 0 && !database_start(s, &error)) {
        post_death(s, error.message);
        return;
    }
    s->database.looking_since_us = effect->order.order == BOOT_CHECK ? clock_now_us() : -1;
    order_encode(&order, &s->database.writer);
    if (s->database.writer.failed || !frame_send(s->database.stream.fd, &s->database.writer)) {
        died(s);
    }
}

/* It hears of it whatever it does, and closes by itself what it has open. */
void database_close(struct supervisor *s)
{
    struct database_link *link = &s->database;
    if (link->pid) {
        if (link->old) { /* it had all the time until now */
            kill(link->old, SIGKILL);
        }
        stop_polling(link);
        link->old = link->pid;
        link->pid = 0;
    } else if (link->old == 0) {
        supervisor_post(s, (struct boot_event){ .kind = EVENT_DATABASE_CLOSED });
    }
}

void database_kill(struct supervisor *s)
{
    struct database_link *link = &s->database;
    pid_t pid = link->pid ? link->pid : link->old;
    if (pid) {
        kill(pid, SIGKILL);
        database_close(s);
    }
}

bool database_reaped(struct supervisor *s, pid_t pid)
{
    struct database_link *link = &s->database;
    if (pid == link->old) {
        link->old = 0;
        supervisor_post(s, (struct boot_event){ .kind = EVENT_DATABASE_CLOSED });
        return true;
    }
    if (pid == link->pid) {
        link->pid = 0;
        stop_polling(link);
        died(s);
        return true;
    }
    return false;
}
