/* The supervisor's own state, shared by the files of this room. There is one. */
#ifndef RUNTIME_SUPERVISOR_H
#define RUNTIME_SUPERVISOR_H

#include "boot/boot.h"
#include "database/protocol.h"
#include "process/credentials.h"
#include "process/output.h"
#include "process/reaper.h"
#include "runtime/runtime.h"
#include "status/http.h"
#include "status/status.h"

#include <poll.h>
#include <sys/stat.h>

#define QUEUED_EVENTS 32
#define NARRATION 2048
#define LAST_WORDS 1000 /* ms given to a slow reader of the log at the end */
#define NOTES_KEPT 16

/* The database process, as PID 1 sees it. */
struct database_link {
    pid_t pid; /* 0: none */
    pid_t old; /* one that was told to end and is not reaped yet */
    bool died; /* EVENT_DATABASE_DIED is posted and not handled yet */
    struct frame_stream stream;
    bool more; /* frames are in it that were not taken yet */
    struct watch *watch;
    struct frame_writer writer;
    struct arena *arena, *spare; /* of the last look, and for the next answer */
    void *wanted;                /* what REPLY_WANTED said last, for later processes */
    size_t wanted_length;
    uint32_t notes[NOTES_KEPT]; /* fingerprints of those that were logged last */
    size_t note_count;
    int64_t looking_since_us; /* -1: no look is under way */
};

/* guard.c: does SQL drop anything? Takes any chunks; a word at the very end counts once a line end is fed. */
struct drop_scan {
    enum drop_line { DROP_LINE_BEGINS, DROP_LINE_DASH, DROP_LINE_TEXT, DROP_LINE_COMMENT } line;
    size_t letters;
    char word[4];
};

/* The http process, as PID 1 sees it. */
struct http_link {
    pid_t pid; /* 0: none */
    struct http_sockets sockets;
    struct watch *asked[HTTP_LISTEN_MAX]; /* of the sockets, while no process serves them */
    size_t asked_count;
    struct frame_stream stream;
    struct watch *watch, *write_watch;
    int write_fd; /* the stream's, once more, for the second watch; -1: not needed yet */
    struct frame_writer writer;
    size_t sent;
    bool sending;              /* writer holds a frame of which `sent` bytes are gone */
    bool dirty, pong, release; /* what is to be sent next */
    bool ended;                /* on purpose */
    bool releasing;            /* it owes HTTP_RELEASED */
    bool refused;              /* by the system, when it was last to be started */
    uint64_t pushed;           /* hash of the status that was sent last */
    instant push_at;           /* of the next push; BOOT_NEVER: nothing is to be told */
    instant ready_at;          /* http_ready() is due; BOOT_NEVER: it is not */
    instant started_at;
    unsigned deaths; /* soon after it was started, in a row */
};

#define PROGRESS_LINE 256

/* The step or guard that runs. */
struct child {
    pid_t pid;   /* 0: none */
    pid_t ended; /* the one before: its group may hold what it left behind */
    bool guard;
    const struct step *step;
    struct status_step *status;
    struct output *output;
    int report; /* how its exec went (spawn.h); -1: nothing to tell */
    int fd;     /* its output; -1: closed */
    struct watch *watch;
    instant began;
    int64_t oom_kills;
    char progress[PROGRESS_LINE]; /* its last line, for the terminal */
    unsigned turns;               /* of the spinner */
    instant turn_at;              /* the next of them; BOOT_NEVER: there is none */
    struct drop_scan scan;        /* of a guard */
    bool drops;
    bool fresh; /* it printed lines that the status does not have yet */
};

/* What the sentences of the log speak of; texts are masked and visible. First what a stop writes: beside the events, so
 * that it touches one page and not three. */
struct narration {
    int signal;
    char outcome[NARRATION];
    char host[256], server[64];
    char error[NARRATION], hint[NARRATION];
    bool also; /* the error is of something in wait.also */
    char holder[NARRATION], sessions[NARRATION], permanent[64], drops[256], app[256];
    char took[DURATION_TEXT];
};

struct supervisor {
    const struct runtime_request *request;
    const struct config *config;
    struct arena *arena;   /* for the life of the process */
    struct arena *scratch; /* for what a child is started with */

    struct boot boot;
    bool ending; /* beside what each event writes: at the end no page is to be waited for */
    int exit_status;
    struct boot_plan plan;
    const struct step **steps[BOOT_LISTS]; /* the configured step of each of the plan's */

    struct watch *log_watch;
    int signal_fd;
    bool init; /* PID 1 */

    struct database_link database;
    struct http_link http;
    struct child child;
    struct credentials credentials;
    pid_t app;
    int app_report; /* how its exec went (spawn.h); -1: nothing to tell */
    struct watch *app_watch;
    bool app_shot;         /* a signal was sent to it before that was told */
    instant orphan_at;     /* when the last one was reaped */
    instant gather_until;  /* until then the ends of children wait; BOOT_NEVER: they do not */
    instant rest_at;       /* most of what booted it is then given back; BOOT_NEVER: nothing is to be */
    int64_t app_oom_kills; /* memory_oom_kills() when it was started */

    struct boot_event events[QUEUED_EVENTS];
    unsigned event_head, event_count;
    struct narration say;

    struct status status;
    uint64_t look_fingerprint; /* of the last table report that was logged */
    uint32_t failed_told;      /* of the recorded failures that were logged; 0: none */
    bool looked;
    struct stat termination_log; /* as the boot's report left it; no inode: there is none */
    uint32_t lost;               /* fingerprint of why the database is not reachable, running or held; 0: it is */
};

/* runtime.c */
/* Ends http and database process and reaps them: the application that we become has no children it never made. */
void end_helpers(struct supervisor *s);
void supervisor_post(struct supervisor *s, struct boot_event event);
uint32_t fingerprint(const char *text);

/* loop.c: what is waited for. Nothing here fails: where the system refuses libuv anything, poll(2) takes its place. */
typedef void watch_ready(struct supervisor *s);
void loop_open(struct supervisor *s);
struct watch *watch_start(int fd, short events, watch_ready *ready); /* events: POLLIN or POLLOUT; no allocation */
void watch_stop(struct watch *watch);                                /* before the descriptor is closed; NULL is fine */
void loop_turn(instant until); /* waits until then, or for a descriptor; BOOT_NEVER: for as long as it takes */
void loop_rest(void);          /* there will be little to wait for from now on */

/* plan.c: the machine's plan from the configuration; false with *error (unknown step name). */
bool supervisor_plan(struct supervisor *s, struct error *error);

/* database_link.c: the database process */
void database_prepare(struct supervisor *s);
/* An order does so by itself where none runs. False with *error (71): the system refuses a process or descriptors. */
bool database_start(struct supervisor *s, struct error *error);
void database_order(struct supervisor *s, const struct boot_effect *effect);
void database_close(struct supervisor *s);
void database_kill(struct supervisor *s);
void database_late(struct supervisor *s);              /* its answer did not come within the deadline */
bool database_go_on(struct supervisor *s);             /* true if it had said more than there was room for */
bool database_reaped(struct supervisor *s, pid_t pid); /* true if it was one of ours */

/* http_link.c: the http process */
bool http_bind(struct supervisor *s, struct error *error); /* false (78) if a configured address is taken */
/* From now on the http process is started as soon as somebody asks, who waits meanwhile in the listening socket: an
 * endpoint that is never asked costs no process. At once where a placeholder is to be served. */
void http_ready(struct supervisor *s);
void http_push(struct supervisor *s);      /* the status, if it changed */
void http_push_soon(struct supervisor *s); /* the same, a moment later, with what else changes until then */
/* The placeholder; answered by EVENT_RELEASED. By force: the http process, and with it the address, ends. */
void http_release(struct supervisor *s, bool by_force);
void http_end(struct supervisor *s);
bool http_reaped(struct supervisor *s, pid_t pid);

/* children.c: steps and guards */
/* Where the status tells of the step that an effect is about. */
struct status_step *child_status(const struct supervisor *s, const struct boot_effect *effect);
void child_spawn(struct supervisor *s, const struct boot_effect *effect);
void child_signal(struct supervisor *s, int signal);
void child_reaped(struct supervisor *s, const struct reaped *reaped);
void child_note(struct supervisor *s); /* takes its last lines into the status while it runs */

/* progress.c: below the log, what a person at a terminal sees of a running step of `sync`; nothing elsewhere */
void progress_begin(struct supervisor *s);
void progress_line(struct supervisor *s, const char *line);
void progress_turn(struct supervisor *s);
void progress_end(struct supervisor *s);

/* guard.c */
bool drop_scan(struct drop_scan *scan, const char *bytes, size_t length);

/* environment.c */
/* No program can have more, whatever its limits: three quarters of 8 MiB (execve(2)). */
#define ENVIRONMENT_MAX ((size_t)6 << 20)
struct variables {
    const struct variable *items;
    size_t count;
};
/* In the scratch arena, ours with these: each in the place of the one that is there, be it empty, else behind all. NULL
 * with *error as from the exec of the program if that is too much. */
const char **environment_with(const struct supervisor *s, const struct variables *lists, size_t list_count,
                              const char *program, struct error *error);
const char *environment_get(const char **env, const char *name); /* or NULL */

/* application.c */
void app_start(struct supervisor *s);
void app_signal(struct supervisor *s, int signal);
void app_look_started(struct supervisor *s);       /* or refused: if its exec is over, that is told now */
void app_look_stopped(const struct supervisor *s); /* if it was, under a shell that waits for us: so are we, until fg */
void app_reaped(struct supervisor *s, const struct reaped *reaped);

/* outcome.c: a status as people say it, and as a shell counts it */
int shell_status(int wait_status);
/* oom_kills: memory_oom_kills() when it was started; a SIGKILL, be it of a shell's child, that made it grow is named.
 */
void describe_status(char *buffer, size_t size, const struct reaped *reaped, int64_t oom_kills);

/* monitor.c */
void note_status(struct supervisor *s);    /* what the status takes from machine and world before it is told */
void log_connection(struct supervisor *s); /* a database lost or found while the application runs or the boot is held */

/* narrate.c */
void narrate(struct supervisor *s, const struct boot_effect *effect);
bool narrate_fills(const char *name, size_t length); /* whether the {name} of a sentence means something */
void narrate_line(enum log_level level, const char *step, const char *line); /* of a step's output */

/* tables.c: the table report of the last look */
void log_tables(struct supervisor *s);
void print_tables(const struct supervisor *s);

/* summary.c */
void summarize(struct supervisor *s);
/* The termination log once more when the container ends, unless the application wrote there: the boot's report would
 * say that all is well. */
void report_end(struct supervisor *s);
/* In the place of a boot that never began. s->config may be NULL. */
void report_refusal(struct supervisor *s, int exit_status, const struct strings *reasons);

#endif
