/* The http process as PID 1 sees it: started with the sockets bound here when somebody asks, fed the status, and anew
 * after it died. */
#include "base/hash.h"
#include "base/mask.h"
#include "process/spawn.h"
#include "runtime/supervisor.h"
#include "status/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESTART_FIRST ((duration)100)
#define RESTART_MAX ((duration)1000) /* probes come every few seconds, and three lost ones kill a container */
#define STEADY ((duration)30 * 1000) /* having lived so long it dies for the first time again */
#define PUSH_SOON ((duration)200)    /* what changes all the time, a step's output, is shown this much later */
#define WORD_BYTES 1                 /* a frame that it sends is a word and nothing else */

/* ---- in the http process ---- */

struct entry {
    struct supervisor *s;
    struct http_settings settings;
    char instance[HTTP_INSTANCE_TEXT];
};

/* This process shall know nothing: neither configuration nor environment nor what is to be masked. */
static void forget(void *argument)
{
    struct supervisor *s = ((struct entry *)argument)->s;
    for (char **variable = environ; variable && *variable; variable++) {
        explicit_bzero(*variable, strlen(*variable));
    }
    explicit_bzero(&s->say, sizeof s->say);
    explicit_bzero(&s->status, sizeof s->status);
    config_free((struct config *)s->config);
    output_free(s->child.output);
    arena_free(s->database.arena);
    arena_free(s->database.spare);
    arena_free(s->scratch);
    arena_free(s->arena);
    /* Last: the search touches every page that is mapped, and those that PID 1 keeps in reserve are many. */
    mask_scrub(((struct entry *)argument)->settings.token);
}

static int serve(void *argument)
{
    struct entry *entry = argument;
    char *token = strdup(entry->s->config->health.token); /* outlives the configuration */
    if (!token) {
        return STATUS_RESOURCE;
    }
    entry->settings.token = token;
    return http_serve(&entry->settings);
}

/* ---- in PID 1 ---- */

struct binding {
    enum log_level level;
    const char *key;         /* is told before the message */
    enum exit_status status; /* of what has failed */
};

static void on_failed(void *argument, const struct error *error)
{
    struct binding *binding = argument;
    binding->status = error->status == STATUS_RESOURCE ? STATUS_RESOURCE : binding->status;
    log_event(binding->level, "listen-failed", NULL, "%s%s", binding->key, error->message);
}

bool http_bind(struct supervisor *s, struct error *error)
{
    const struct config *config = s->config;
    struct http_link *link = &s->http;
    struct binding binding = { config->health.listen_set ? LOG_ERROR : LOG_WARN, "", STATUS_CONFIG };
    size_t failed = http_listen(&link->sockets, &config->health.listen, false, on_failed, &binding);
    failed = config->health.listen_set ? failed : 0;
    binding.level = LOG_ERROR;
    binding.key = "health.placeholder: ";
    failed += http_listen(&link->sockets, &config->health.placeholder, true, on_failed, &binding);
    return failed == 0 || error_set(error, binding.status, "health: not every address can be listened on");
}

static void drop(struct http_link *link)
{
    watch_stop(link->watch);
    watch_stop(link->write_watch);
    link->watch = link->write_watch = NULL;
    if (link->stream.fd >= 0) {
        close(link->stream.fd);
    }
    if (link->write_fd >= 0) {
        close(link->write_fd);
        link->write_fd = -1;
    }
    frame_stream_free(&link->stream);
    link->stream.fd = -1;
    link->sending = link->dirty = link->pong = link->release = false;
}

static void on_writable(struct supervisor *s);

/* Sends what goes; what the http process does not take now waits, PID 1 does not. */
static void pump(struct supervisor *s)
{
    struct http_link *link = &s->http;
    while (link->sending) {
        ssize_t sent = send(link->stream.fd, link->writer.data + link->sent, link->writer.length - link->sent,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (!link->write_watch) {
                /* libuv watches a descriptor once: the second handle needs one of its own */
                int fd = link->write_fd >= 0 ? link->write_fd : fcntl(link->stream.fd, F_DUPFD_CLOEXEC, 3);
                link->write_fd = fd;
                link->write_watch = watch_start(fd >= 0 ? fd : link->stream.fd, POLLOUT, on_writable);
            }
            return;
        }
        if (sent < 0) {
            link->sending = false; /* it died; the reaper tells */
            return;
        }
        link->sent += (size_t)sent;
        link->sending = link->sent < link->writer.length;
    }
    watch_stop(link->write_watch);
    link->write_watch = NULL;
}

static void begin_sending(struct supervisor *s)
{
    s->http.sent = 0;
    s->http.sending = true;
    pump(s);
}

static void send_word(struct supervisor *s, enum http_frame word)
{
    frame_begin(&s->http.writer, (uint8_t)word);
    if (frame_end(&s->http.writer)) {
        begin_sending(s);
    }
}

/* One frame after the other: a word that waits, then the newest status. */
static void send_next(struct supervisor *s)
{
    struct http_link *link = &s->http;
    pump(s);
    if (link->pid == 0 || link->sending) {
        return;
    }
    if (link->pong) {
        link->pong = false;
        send_word(s, HTTP_PONG);
    }
    if (link->release && !link->sending) {
        link->release = false;
        send_word(s, HTTP_RELEASE);
    }
    if (link->dirty && !link->sending) {
        link->dirty = false;
        note_status(s);
        bool encoded = snapshot_encode(&s->status, &link->writer);
        uint64_t value = encoded ? hash_data(HASH_BEGIN, link->writer.data, link->writer.length) : 0;
        if (value && value != link->pushed) {
            link->pushed = value;
            begin_sending(s);
        }
    }
}

static void on_writable(struct supervisor *s)
{
    send_next(s);
}

void http_push(struct supervisor *s)
{
    s->http.push_at = BOOT_NEVER;
    s->http.dirty = true;
    send_next(s);
}

void http_push_soon(struct supervisor *s)
{
    if (s->http.push_at == BOOT_NEVER && s->http.pid) {
        s->http.push_at = clock_now() + PUSH_SOON;
    }
}

static void released(struct supervisor *s)
{
    s->http.releasing = false;
    supervisor_post(s, (struct boot_event){ .kind = EVENT_RELEASED });
}

/* False: nobody who is in his right mind says that. */
static bool take_word(struct supervisor *s, uint8_t word)
{
    if (word == HTTP_PING) {
        s->http.pong = true;
        return true;
    }
    if (word == HTTP_RELEASED && s->http.releasing) {
        released(s);
        return true;
    }
    return false;
}

static void on_readable(struct supervisor *s)
{
    struct http_link *link = &s->http;
    enum frame_result filled = frame_fill(&link->stream), next;
    uint8_t word = 0;
    struct frame_reader payload;
    do {
        next = frame_next(&link->stream, &word, &payload);
        if (next == FRAME_READY && !take_word(s, word)) {
            next = FRAME_BROKEN;
        }
    } while (next == FRAME_READY);
    if (next == FRAME_BROKEN && link->pid) {
        kill(link->pid, SIGKILL); /* strangers may have taken it over */
    }
    if (filled == FRAME_CLOSED || filled == FRAME_BROKEN || next == FRAME_BROKEN) {
        watch_stop(link->watch); /* it ends; the reaper tells */
        link->watch = NULL;
    }
    send_next(s);
}

static bool start(struct supervisor *s, struct error *error)
{
    struct http_link *link = &s->http;
    static struct entry entry;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return error_set(error, STATUS_RESOURCE, "no socket pair for the http process: %s", strerror(errno));
    }
    entry.s = s;
    http_instance(entry.instance);
    entry.settings = (struct http_settings){
        .control = pair[1], .sockets = &link->sockets, .instance = entry.instance, .forget = forget, .argument = &entry
    };
    int keep[HTTP_LISTEN_MAX + 1] = { pair[1] };
    memcpy(keep + 1, link->sockets.fds, link->sockets.count * sizeof *keep);
    struct spawn spawn = { .entry = serve,
                           .argument = &entry,
                           .null_stdin = true,
                           .output = -1,
                           .keep = keep,
                           .keep_count = link->sockets.count + 1 };
    link->pid = spawn_child(&spawn, NULL, error);
    close(pair[1]);
    if (link->pid < 0) {
        link->pid = 0;
        close(pair[0]);
        return false;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    link->stream = (struct frame_stream){ .fd = pair[0], .most = WORD_BYTES };
    link->watch = watch_start(pair[0], POLLIN, on_readable);
    link->started_at = clock_now();
    link->pushed = 0;
    http_push(s);
    return true;
}

static void start_or_later(struct supervisor *s)
{
    struct error error;
    bool refused = !start(s, &error);
    if (refused) { /* whoever asks waits, so it is tried until it goes; told once */
        log_event(s->http.refused ? LOG_DEBUG : LOG_WARN, "http-failed", NULL, "%s", error.message);
        s->http.ready_at = clock_now() + RESTART_MAX;
    }
    s->http.refused = refused;
}

static void stop_waiting(struct http_link *link)
{
    for (size_t i = 0; i < link->asked_count; i++) {
        watch_stop(link->asked[i]);
    }
    link->asked_count = 0;
}

static void on_asked(struct supervisor *s)
{
    stop_waiting(&s->http);
    start_or_later(s);
}

/* False if one is a placeholder: whoever still waits in it is reset by the release. */
static bool wait_for_somebody(struct http_link *link)
{
    for (size_t i = 0; i < link->sockets.count; i++) {
        if (link->sockets.placeholder[i]) {
            return false;
        }
    }
    for (size_t i = 0; i < link->sockets.count; i++) {
        link->asked[link->asked_count++] = watch_start(link->sockets.fds[i], POLLIN, on_asked);
    }
    return true;
}

void http_ready(struct supervisor *s)
{
    s->http.ready_at = BOOT_NEVER;
    if (s->http.sockets.count && !wait_for_somebody(&s->http)) {
        start_or_later(s);
    }
}

bool http_reaped(struct supervisor *s, pid_t pid)
{
    struct http_link *link = &s->http;
    if (pid != link->pid || pid == 0) {
        return false;
    }
    drop(link);
    link->pid = 0;
    if (link->releasing) { /* its sockets went with it */
        released(s);
    }
    if (link->ended) {
        return true;
    }
    instant now = clock_now();
    duration lived = now - link->started_at, delay = RESTART_FIRST;
    link->deaths = lived < STEADY ? link->deaths : 0;
    for (unsigned i = 0; i < link->deaths && delay < RESTART_MAX; i++) {
        delay *= 2;
    }
    link->deaths++;
    s->status.counters[COUNTER_RESTARTS]++;
    link->ready_at = now + (delay < RESTART_MAX ? delay : RESTART_MAX);
    log_event(LOG_WARN, "http-died", NULL, "the http process ended: whoever asks is answered again in %lld ms",
              (long long)(link->ready_at - now));
    return true;
}

void http_end(struct supervisor *s)
{
    struct http_link *link = &s->http;
    link->ended = true;
    link->ready_at = link->push_at = BOOT_NEVER;
    stop_waiting(link);
    http_close(&link->sockets, false);
    if (link->pid) {
        kill(link->pid, SIGKILL);
    }
    drop(link); /* at whose end it goes by itself, where a root without CAP_KILL may not signal nobody (kill(2)) */
}

/* Both processes hold the application's address: ours is closed here, the http process says when its own is. */
void http_release(struct supervisor *s, bool by_force)
{
    struct http_link *link = &s->http;
    if (by_force && link->pid) {
        kill(link->pid, SIGKILL); /* the reaper tells */
        return;
    }
    http_close(&link->sockets, true);
    if (link->pid == 0) {
        released(s);
        return;
    }
    link->release = link->releasing = true;
    send_next(s);
}
