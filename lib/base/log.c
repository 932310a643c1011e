#include "base/log.h"

#include "base/descriptors.h"
#include "base/duration.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 << 10)
#define FIELDS_ROOM 4096 /* of a JSON line, kept free for the event's fields */
#define CUT_MARK " …"
#define HELPER_CHUNK 65536

static struct {
    int fd; /* -1: nothing can be written */
    bool opened;
    bool socket, regular;
    bool careful; /* it is shared and may block */
    bool lost;    /* the helper was killed */
    bool colour;
    bool terminal;
    bool rehearsing; /* nothing is written */
    char transient[LOG_TRANSIENT_MAX];
    enum log_format format;
    enum log_level level;
    const char *phase;
    int helper; /* 0: none, or it is reaped */
    uint64_t dropped;
    uint64_t untold;   /* dropped since the last "N log lines were dropped" */
    size_t start, end; /* what waits in buffer */
} state = { .fd = -1, .level = LOG_INFO, .phase = "boot" };

static char buffer[BUFFER_SIZE]; /* pages that nothing was written to take no memory */

static const struct level_row {
    const char *text;
    const char *json;
    const char *colour;
} levels[] = {
    [LOG_DEBUG] = { "DEBUG", "debug", "\033[2m" },
    [LOG_INFO] = { "INFO", "info", "\033[32m" },
    [LOG_WARN] = { "WARN", "warn", "\033[33m" },
    [LOG_ERROR] = { "ERROR", "error", "\033[31m" },
};

/* ---- opening ---- */

/* Copies from the socket to standard error until the parent is gone. It may block; nobody waits for it. */
static _Noreturn void helper_run(int from)
{
    static char chunk[HELPER_CHUNK];
    sigset_t all;
    ssize_t count;

    sigfillset(&all); /* it ends with its parent, not before: the last lines are the ones that matter */
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    descriptors_close(&from, 1); /* what we listen on is not to outlive us */
    while ((count = read(from, chunk, sizeof chunk)) > 0 || (count < 0 && errno == EINTR)) {
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(STDERR_FILENO, chunk + done, (size_t)(count - done));

            if (written < 0 && errno == EAGAIN) { /* somebody else made it non-blocking */
                (void)poll(&(struct pollfd){ .fd = STDERR_FILENO, .events = POLLOUT }, 1, -1);
            } else if (written < 0 && errno != EINTR) {
                break;
            }
            done += written > 0 ? written : 0;
        }
    }
    _exit(0);
}

static int helper_start(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return -1;
    }

    pid_t pid = _Fork(); /* fork would run what libuv and libpq have registered for a child */

    if (pid == 0) {
        helper_run(ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return -1;
    }
    state.helper = pid;
    state.socket = true;
    return ends[0];
}

bool log_helper_lost(void)
{
    return state.lost;
}

void log_helper_renew(void)
{
    pid_t old = state.helper;
    int fd = helper_start();

    if (fd < 0) {
        return;
    }
    if (old) {
        (void)waitpid(old, NULL, 0); /* it is in its _exit */
    }
    (void)close(state.fd);
    state.fd = fd;
    state.lost = false;
    log_flush();
}

void log_helper_reaped(void)
{
    state.helper = 0;
    state.lost = true;
}

/* Where there is no room for one, what it would be a copy of. */
static int own_descriptor(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    return fd >= 0 ? fd : STDERR_FILENO;
}

static int open_descriptor(void)
{
    struct stat status;

    if (fstat(STDERR_FILENO, &status) < 0) {
        return -1;
    }
    /* A file's writer never waits for a reader. Reopened it would have an offset of its own, and the application, which
     * inherits standard error, would write over our lines. */
    state.socket = S_ISSOCK(status.st_mode);
    state.regular = S_ISREG(status.st_mode);
    if (state.socket || state.regular) {
        return own_descriptor();
    }
    state.terminal = S_ISCHR(status.st_mode) && isatty(STDERR_FILENO);
    state.colour = state.terminal && !getenv("NO_COLOR");

    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY);

    fd = fd >= 0 ? fd : helper_start();
    state.careful = fd < 0;
    return fd >= 0 ? fd : own_descriptor();
}

void log_open(enum log_format format, enum log_level level)
{
    state.format = format;
    state.level = level;
    if (!state.opened) {
        state.opened = true;
        state.fd = open_descriptor();
    }
}

void log_forked(void)
{
    state.fd = -1;
    state.opened = false;
    state.helper = 0;
    state.lost = false;
    state.start = state.end = 0;
    state.untold = 0;
}

void log_phase(const char *phase)
{
    state.phase = phase;
}

bool log_enabled(enum log_level level)
{
    return level >= state.level;
}

int log_helper_pid(void)
{
    return state.helper;
}

uint64_t log_dropped(void)
{
    return state.dropped;
}

/* ---- composing a line ---- */

/* Ends a line that was cut so that one sees it. `tail` fits in any case: it was kept free. */
static size_t line_end(struct text *line, size_t tail)
{
    bool cut = line->cut;

    line->size += tail;
    line->cut = false;
    if (cut) {
        text_string(line, CUT_MARK);
    }
    text_char(line, '\n');
    return line->length;
}

static size_t compose_text(char *out, enum log_level level, const char *message)
{
    const size_t tail = sizeof CUT_MARK + 1;
    struct text line = text_over(out, LOG_LINE_MAX - tail);
    char now[TIMESTAMP_TEXT];

    if (state.colour) {
        text_printf(&line, "\033[2m%s\033[0m %s%s\033[0m", timestamp_now(now), levels[level].colour,
                    levels[level].text);
    } else {
        text_string(&line, timestamp_now(now));
        text_char(&line, ' ');
        text_string(&line, levels[level].text);
    }
    text_char(&line, ' ');
    text_string(&line, state.phase);
    text_char(&line, ' ');
    text_visible(&line, message, strlen(message));
    return line_end(&line, tail);
}

/* A whole JSON string that leaves `room` bytes of the line free. */
static void compose_string(struct text *line, const char *value, size_t room)
{
    room += sizeof "\"\"" CUT_MARK;
    if (line->length + room >= line->size) {
        text_string(line, "\"\"");
        return;
    }
    text_char(line, '"');
    line->size -= room;
    text_json(line, value, strlen(value));
    line->size += room;
    if (line->cut) {
        line->cut = false;
        text_string(line, CUT_MARK);
    }
    text_char(line, '"');
}

static size_t compose_json(char *out, enum log_level level, const char *event, const struct log_field *fields,
                           const char *message)
{
    struct text line = text_over(out, LOG_LINE_MAX);
    char now[TIMESTAMP_TEXT];

    text_printf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"phase\":\"%s\",\"event\":\"%s\",\"msg\":", timestamp_now(now),
                levels[level].json, state.phase, event);
    compose_string(&line, message, FIELDS_ROOM);
    for (; fields && fields->name; fields++) {
        if (line.length + strlen(fields->name) + 64 > line.size) {
            break;
        }
        text_printf(&line, ",\"%s\":", fields->name);
        if (fields->string) {
            compose_string(&line, fields->string, sizeof "}\n");
        } else {
            text_printf(&line, "%" PRId64, fields->number);
        }
    }
    text_string(&line, "}\n");
    return line.length;
}

/* ---- writing ---- */

static ssize_t put(const char *bytes, size_t length)
{
    ssize_t count;

    if (state.lost) {
        return -1;
    }
    if (state.careful) { /* a pipe that says it is writable takes this much at once (pipe(7)) */
        length = length < PIPE_BUF ? length : PIPE_BUF;
        if (poll(&(struct pollfd){ .fd = state.fd, .events = POLLOUT }, 1, 0) <= 0) {
            errno = EAGAIN;
            return -1;
        }
    }
    do {
        count =
            state.socket ? send(state.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) : write(state.fd, bytes, length);
    } while (count < 0 && errno == EINTR);
    state.lost = count < 0 && state.helper && errno == EPIPE;
    return count;
}

/* After put() failed: it may succeed later. */
static bool must_wait(void)
{
    return state.lost || errno == EAGAIN || errno == EWOULDBLOCK;
}

bool log_pending(void)
{
    return state.end > state.start;
}

int log_descriptor(void)
{
    return log_pending() && !state.regular && !state.lost ? state.fd : -1;
}

static bool keep(const char *line, size_t length)
{
    if (length > BUFFER_SIZE - (state.end - state.start)) {
        return false;
    }
    if (length > BUFFER_SIZE - state.end) {
        memmove(buffer, buffer + state.start, state.end - state.start);
        state.end -= state.start;
        state.start = 0;
    }
    memcpy(buffer + state.end, line, length);
    state.end += length;
    return true;
}

static size_t compose(char *out, enum log_level level, const char *event, const struct log_field *fields,
                      const char *message)
{
    return state.format == LOG_JSON ? compose_json(out, level, event, fields, message)
                                    : compose_text(out, level, message);
}

/* One line that tells what is missing, where it is missing; as soon as there is room for it. */
static void tell_dropped(void)
{
    char line[LOG_LINE_MAX], message[64];
    const struct log_field fields[] = { { "dropped", NULL, (int64_t)state.untold }, { 0 } };
    struct text text = text_over(message, sizeof message);

    text_printf(&text, "%" PRIu64 " log lines were dropped", state.untold);
    if (keep(line, compose(line, LOG_WARN, "log-dropped", fields, message))) {
        state.untold = 0;
    }
}

static void drop(void)
{
    state.dropped++;
    state.untold++;
}

static void drop_kept(void)
{
    for (size_t i = state.start; i < state.end; i++) {
        if (buffer[i] == '\n') {
            drop();
        }
    }
    state.start = state.end = 0;
}

void log_flush(void)
{
    while (log_pending()) {
        ssize_t count = put(buffer + state.start, state.end - state.start);

        if (count < 0 && must_wait()) {
            return;
        }
        if (count < 0) { /* the reader is dead */
            drop_kept();
            return;
        }
        state.start += (size_t)count;
        if (!log_pending()) {
            state.start = state.end = 0;
            if (state.untold) {
                tell_dropped();
            }
        }
    }
}

static void emit(const char *line, size_t length)
{
    if (state.rehearsing) {
        return;
    }
    log_flush();
    if (state.untold) {
        tell_dropped();
        log_flush();
    }
    if (!log_pending()) {
        ssize_t count = put(line, length);

        if (count < 0 && !must_wait()) {
            drop();
            return;
        }
        line += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    if (length && !keep(line, length)) {
        drop();
    }
}

#define CLEAR_LINE "\r\033[K"

bool log_terminal(void)
{
    return state.terminal && state.format != LOG_JSON;
}

void log_transient(const char *line)
{
    char shown[LOG_TRANSIENT_MAX + sizeof CLEAR_LINE];
    struct text text = text_over(shown, sizeof shown);
    struct text kept = text_over(state.transient, sizeof state.transient);

    if (state.fd < 0 || !log_terminal()) {
        return;
    }
    text_string(&kept, line);
    text_printf(&text, CLEAR_LINE "%s", state.transient);
    if (!log_pending()) { /* what a slow terminal does not take is drawn anew soon */
        (void)!put(text.data, text.length);
    }
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, const char *format, ...)
{
    /* On the stack every page of theirs would be touched (-fstack-clash-protection), and copied after each fork. */
    static char line[LOG_LINE_MAX], message[LOG_LINE_MAX];
    struct text text = text_over(message, sizeof message);
    va_list arguments;
    int saved = errno;

    if (!log_enabled(level)) {
        return;
    }
    if (state.fd < 0) {
        state.dropped++;
        return;
    }
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    if (state.transient[0]) {
        emit(CLEAR_LINE, sizeof CLEAR_LINE - 1);
    }
    emit(line, compose(line, level, event, fields, message));
    if (state.transient[0]) {
        emit(state.transient, strlen(state.transient));
    }
    errno = saved;
}

void log_rehearse(void)
{
    if (state.fd >= 0) {
        state.rehearsing = true;
        log_event(LOG_ERROR, "rehearsal", NULL, "%d", 0);
        state.rehearsing = false;
    }
}

/* Tells the helper that no more will come and waits until it has written everything. */
static void helper_end(instant deadline)
{
    char byte;

    (void)shutdown(state.fd, SHUT_WR);

    instant left = deadline - clock_now();

    if (poll(&(struct pollfd){ .fd = state.fd, .events = POLLIN }, 1, left > 0 ? (int)left : 0) > 0 &&
        read(state.fd, &byte, 1) == 0 && state.helper) {
        (void)waitpid(state.helper, NULL, 0); /* it is in its _exit */
    }
    (void)close(state.fd);
    state.fd = -1;
    state.opened = state.lost = false;
    state.helper = 0;
}

void log_drain(int64_t milliseconds)
{
    instant deadline = clock_now() + milliseconds;

    for (log_flush(); log_pending(); log_flush()) {
        instant left = deadline - clock_now();

        if (state.lost) {
            log_helper_renew();
        }
        if (state.lost || left <= 0 || poll(&(struct pollfd){ .fd = state.fd, .events = POLLOUT }, 1, (int)left) == 0) {
            break;
        }
    }
    if (state.helper || state.lost) {
        helper_end(deadline);
    }
}
