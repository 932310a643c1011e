/* The log: one line an event on standard error, as text or JSON (contract section 4). Never blocks, allocates only in
 * log_open, and never fails: a line that cannot be written is counted as dropped, and so is every line before log_open.
 *
 * Text:  TIME LEVEL phase message
 * JSON:  {"ts":…,"level":…,"phase":…,"event":…,"msg":…, the event's own fields}
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON }; /* auto: text */

/* A field of an event; a list ends with { 0 }. */
struct log_field {
    const char *name;
    const char *string; /* NULL: the number counts */
    int64_t number;
};

#define LOG_LINE_MAX 16384 /* a longer line is cut at a character's end, with " …" */

/* Opens the log on standard error through a descriptor of its own: /proc/self/fd/2 reopened
 * O_NONBLOCK|O_APPEND|O_CLOEXEC; a socket is written with MSG_DONTWAIT; a regular file is only duplicated (it has no
 * reader to wait for, and shares its offset with the application); where none of that works (no /proc, a pty without
 * rights) a small process that may block in our stead is forked, once; and where that is refused, descriptor 2 itself
 * is written, in pieces that it says it takes. O_NONBLOCK is never set on descriptor 2 itself: it is shared (node gets
 * EAGAIN). Colour only if standard error is a terminal and NO_COLOR is not set. Standard error closed: everything is
 * dropped and counted. Called again it only changes format and level. */
void log_open(enum log_format format, enum log_level level);

/* The phase that following lines carry; a static string. "boot" until set. */
void log_phase(const char *phase);

/* Writes one event. `event` is a stable word like "step-failed". Text from outside is masked by the caller. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool log_enabled(enum log_level level);

/* Words a line and writes none: what that takes is mapped then, and the next line waits for no page (base/pages.h). */
void log_rehearse(void);

/* A line that stands below the log, on a terminal and in text only (log_terminal): each call replaces it, "" takes it
 * away. Cut at LOG_TRANSIENT_MAX bytes; the caller cuts it to the terminal's width. */
#define LOG_TRANSIENT_MAX 512
bool log_terminal(void);
void log_transient(const char *line);

/* Lines that a full or dead reader did not take wait in a fixed buffer. log_pending tells whether anything waits,
 * log_descriptor what to poll for POLLOUT (-1: nothing, also where it is a regular file, which is always ready; the
 * next line tries again), log_flush writes what goes. */
bool log_pending(void);
int log_descriptor(void);
void log_flush(void);
/* Writes what waits, giving a slow reader at most this long in all. Before an exit or the exec of mode exec: a process
 * that writes in our stead is ended and reaped, later lines are dropped unless log_open is called again. */
void log_drain(int64_t milliseconds);
uint64_t log_dropped(void);

/* For a forked child: gives up the parent's buffer without writing it, and its log, which a child that closed foreign
 * descriptors no longer has. The child may call log_open. */
void log_forked(void);
/* Pid of the process that writes in our stead, or 0: the reaper must know it, and tell when it is reaped. It is lost
 * then, or once a line finds that it was killed. Lines wait until another takes its place, at a moment when nobody
 * watches log_descriptor(), which is a new one afterwards. Where the system refuses that, it stays lost. */
int log_helper_pid(void);
void log_helper_reaped(void);
bool log_helper_lost(void);
void log_helper_renew(void);

#endif
