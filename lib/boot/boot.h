/* The boot machine: a pure function of (state, event, now) to (state, effects). No clock, no allocation, no libuv, no
 * libpq, no environment. Two drivers share it: lib/runtime, which turns effects into system calls, and tests/sim, which
 * invents a world from a seed. Its transitions stand in one table, transitions.c. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "base/duration.h"
#include "base/failure.h"
#include "base/log.h"
#include "base/phase.h"
#include "base/step_result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what is to be done: from the configuration ---- */

enum boot_goal {
    GOAL_RUN,  /* the main job: an application is started at the end */
    GOAL_SYNC, /* the same without an application */
    GOAL_WAIT, /* ends once queries work */
    GOAL_LOOK  /* one look at the schema, no waiting and no change */
};

enum boot_when { BOOT_PENDING, BOOT_UNVERIFIED, BOOT_ALWAYS };

struct boot_step {
    unsigned attempts; /* at least 1 */
    duration delay;    /* before the second attempt; doubles, to BOOT_STEP_DELAY_MAX */
    duration timeout;  /* 0: none */
    bool guarded;      /* runs only if its guard shows an additive change (contract section 3 rule 4) */
    bool own_history;  /* the history's own tool: the only step that runs on a newer schema (rule 4) */
    bool alters;       /* db push or raw SQL: not run on a newer schema beside the steps either */
};

enum boot_list { LIST_BEFORE, LIST_STEPS, LIST_AFTER, BOOT_LISTS };

struct boot_plan {
    enum boot_goal goal;
    enum boot_when when;
    bool force;   /* run steps although nothing is pending */
    bool history; /* the tool has a ledger */
    bool lock;
    bool direct;      /* steps run on direct_url, which may lead elsewhere; the lock would tell */
    bool finish;      /* a signal lets the running step end */
    bool exec;        /* become the application */
    bool placeholder; /* the application's own address is held until it starts */
    bool hold;        /* stay up after a failure */
    const struct boot_step *steps[BOOT_LISTS];
    unsigned step_count[BOOT_LISTS];

    duration wait_timeout; /* 0: for ever */
    duration connect_timeout, probe_interval, initial_delay, max_delay, permanent_grace;
    double multiplier;
    duration lock_timeout; /* 0: for ever */
    duration verify_timeout;
    duration interval; /* of looks while the application runs; 0: never */
    duration stop_timeout;
    int stop_signal;     /* what TERM and INT become for the application; 0: the same */
    const bool *ok_exit; /* 256 statuses reported as 0; NULL: none */
};

/* Limits that are not configured, in one place. */
#define BOOT_STEP_DELAY_MAX ((duration)30 * 1000) /* between attempts of a step */
#define BOOT_KILL_AFTER ((duration)5 * 1000)      /* from TERM to KILL of a step */
#define BOOT_SETTLE_TIMEOUT ((duration)30 * 1000) /* for what a killed step left running in the server */
#define BOOT_SETTLE_INTERVAL ((duration)250)
#define BOOT_ORDER_SLACK ((duration)500)         /* the database process keeps its own deadline; ours is later */
#define BOOT_ORDER_TIMEOUT ((duration)11 * 1000) /* of a look, at most; the database process gives up after 10 s */
#define BOOT_LOCK_POLL ((duration)100)           /* grows by half to: */
#define BOOT_LOCK_POLL_MAX ((duration)500)
#define BOOT_HELD_INTERVAL ((duration)15 * 1000)  /* of looks while held, if interval is 0 */
#define BOOT_CLOSE_TIMEOUT ((duration)2 * 1000)   /* for the database process to end before exec */
#define BOOT_RELEASE_TIMEOUT ((duration)2 * 1000) /* for the http process to let the application's address go */
#define BOOT_REPEAT_LOG ((duration)5 * 1000)      /* a repeated identical wait error is logged this often */
#define BOOT_SILENCE_PROBE ((duration)1000)       /* packets vanish: attempts begin this far apart */

/* ---- states, events, effects ---- */

/* State, the phase of contract section 3 that users see, and whether it passes at once (transient). */
#define BOOT_STATES(X)                                                                                \
    X(STATE_NEW, PHASE_WAITING, false)                                                                \
    X(STATE_CONNECTING, PHASE_WAITING, false)                                                         \
    X(STATE_RETRYING, PHASE_WAITING, false)                                                           \
    X(STATE_CHECKING, PHASE_CHECKING, false)                                                          \
    X(STATE_AWAITING, PHASE_CHECKING, false) /* no steps here: another container brings the schema */ \
    X(STATE_LOCKING, PHASE_LOCKING, false)                                                            \
    X(STATE_QUEUING, PHASE_LOCKING, false)                                                            \
    X(STATE_ADVANCING, PHASE_MIGRATING, true) /* which step is next? */                               \
    X(STATE_GUARDING, PHASE_MIGRATING, false)                                                         \
    X(STATE_STEPPING, PHASE_MIGRATING, false)                                                         \
    X(STATE_ENDING, PHASE_MIGRATING, false)   /* a step was told to end */                            \
    X(STATE_SETTLING, PHASE_MIGRATING, false) /* does something of it still run in the server? */     \
    X(STATE_UNSETTLED, PHASE_MIGRATING, false)                                                        \
    X(STATE_SETTLED, PHASE_MIGRATING, true)                                                           \
    X(STATE_MISSED, PHASE_MIGRATING, true) /* an attempt failed */                                    \
    X(STATE_PAUSING, PHASE_MIGRATING, false)                                                          \
    X(STATE_VERIFYING, PHASE_VERIFYING, false)                                                        \
    X(STATE_GOOD, PHASE_VERIFYING, true)      /* the schema was verified in this boot */              \
    X(STATE_RELEASING, PHASE_STARTING, false) /* the application's own address is let go */           \
    X(STATE_CLOSING, PHASE_STARTING, false)                                                           \
    X(STATE_STARTING, PHASE_STARTING, false)                                                          \
    X(STATE_RUNNING, PHASE_RUNNING, false)                                                            \
    X(STATE_LOOKING, PHASE_RUNNING, false)  /* connecting for a look */                               \
    X(STATE_WATCHING, PHASE_RUNNING, false) /* looking */                                             \
    X(STATE_STOPPING, PHASE_STOPPING, false)                                                          \
    X(STATE_FAILING, PHASE_FAILED, true)                                                              \
    X(STATE_HELD, PHASE_HELD, false)                                                                  \
    X(STATE_HELD_CONNECTING, PHASE_HELD, false)                                                       \
    X(STATE_HELD_CHECKING, PHASE_HELD, false)                                                         \
    X(STATE_ENDED, PHASE_FAILED, false)

enum boot_state {
#define X(name, phase, transient) name,
    BOOT_STATES(X)
#undef X
        BOOT_STATE_COUNT,
    STATE_SAME /* in the table: stay */
};

#define BOOT_EVENTS(X)                                                                             \
    X(EVENT_GO) /* made by the machine itself in a transient state */                              \
    X(EVENT_BEGIN)                                                                                 \
    X(EVENT_CONNECTED)                                                                             \
    X(EVENT_FAILED)                                                                                \
    X(EVENT_CHECKED)                                                                               \
    X(EVENT_LOCKED)                                                                                \
    X(EVENT_BUSY)                                                                                  \
    X(EVENT_SESSIONS)                                                                              \
    X(EVENT_LOCK_LOST)                                                                             \
    X(EVENT_DATABASE_DIED)   /* of itself */                                                       \
    X(EVENT_RELEASED)        /* the application's own address was let go */                        \
    X(EVENT_DATABASE_CLOSED) /* as asked */                                                        \
    X(EVENT_CHILD_ENDED)     /* the step or guard; also: it could not be started (126, 127, 71) */ \
    X(EVENT_APP_STARTED)                                                                           \
    X(EVENT_APP_REFUSED)                                                                           \
    X(EVENT_APP_ENDED)                                                                             \
    X(EVENT_SIGNAL)                                                                                \
    X(EVENT_TIMER)

enum boot_event_kind {
#define X(name) name,
    BOOT_EVENTS(X)
#undef X
        BOOT_EVENT_COUNT
};

enum boot_timer {
    TIMER_STATE,  /* the state's own: a delay, a step's timeout, the time to KILL */
    TIMER_ORDER,  /* the database process owes an answer */
    TIMER_BUDGET, /* wait.timeout */
    TIMER_LOOK,   /* the next look while running or held */
    TIMER_STOP,   /* app.stop_timeout */
    BOOT_TIMERS
};

#define BOOT_NEVER INT64_MAX

/* What a look found. */
struct boot_look {
    bool healthy;
    bool proven;   /* the ledger proves every local migration (one at least) applied */
    bool gone;     /* the ledger records migrations that are gone locally */
    bool behind;   /* the ledger lacks local migrations, and not because the schema was pushed */
    bool hopeless; /* no migration makes it healthy: what must be there could not be read */
};

struct boot_event {
    enum boot_event_kind kind;
    enum boot_timer timer;
    int signal;
    enum failure failure;
    uint32_t fingerprint; /* of a failure's or holder's text: a repeated one is logged less often */
    struct boot_look look;
    unsigned count; /* SESSIONS */
    int status;     /* CHILD_ENDED, APP_*: as a shell tells it: 0 to 255, 128+N */
    bool permanent; /* CHILD_ENDED: its output held one of permanent_errors, or it cannot be started */
    bool additive;  /* CHILD_ENDED of a guard: status 0 and no DROP */
};

enum boot_order { BOOT_CONNECT, BOOT_CHECK, BOOT_LOCK, BOOT_SESSIONS };

enum boot_effect_kind {
    EFFECT_ORDER,          /* `order` to the database process; start one if there is none */
    EFFECT_CLOSE_DATABASE, /* let it end: its connections close and the lock goes */
    EFFECT_KILL_DATABASE,
    EFFECT_SPAWN_GUARD,
    EFFECT_SPAWN_STEP,   /* step `index` of `list`, attempt `attempt` */
    EFFECT_SIGNAL_CHILD, /* `number` to the step's group */
    EFFECT_KILL_CHILD,   /* KILL to the step's group and what left it */
    EFFECT_TABLES,       /* log the table report of the last look */
    EFFECT_SUMMARY,      /* log the summary and write the report */
    EFFECT_RELEASE,      /* let the application's own address go; `number`: by force */
    EFFECT_START,        /* start the application, or become it */
    EFFECT_SIGNAL_APP,   /* `number` to the application */
    EFFECT_KILL_REST,    /* KILL to all that is left */
    EFFECT_LOG,          /* the sentence of `row` */
    EFFECT_EXIT          /* with status `number` */
};

struct boot_row;

struct boot_effect {
    enum boot_effect_kind kind;
    int number;
    const struct boot_row *row;
    enum phase phase; /* at the time, which a later effect of the same event may have left */
    /* of LOG, SPAWN_* and an ORDER for sessions: which step it is about */
    enum boot_list list;
    unsigned index, attempt;
    struct {
        enum boot_order order;
        bool probe, prove, alone, history, direct, fresh;
        duration age, within; /* 0: its answer may take as long as it needs */
    } order;
};

#define BOOT_EFFECTS 96
#define BOOT_EFFECTS_KEPT 8 /* of them never taken by sentences */

/* What a step's success waits for. */
enum boot_result { RESULT_NONE, RESULT_SUCCEEDED, RESULT_TIMED_OUT, RESULT_LOST, RESULT_LAST, RESULT_AFTER };

struct boot {
    const struct boot_plan *plan;
    const struct boot_row *table; /* boot_table; a test may put an altered copy here after boot_init */
    unsigned *taken;              /* counts of a test, one a row: how often it was taken; NULL: not counted */

    uint64_t random;
    instant now;

    /* from here to the effects a boot that begins anew finds zeros */
    enum boot_state state;
    instant deadline[BOOT_TIMERS]; /* BOOT_NEVER: not armed */

    /* waiting */
    enum failure failure; /* the last one */
    uint32_t fingerprint;
    instant logged_at;
    const struct boot_row *logged_row;
    unsigned failures;              /* in a row: the exponent of the backoff */
    instant refused_since;          /* BOOT_NEVER: the last failure was no refusal */
    instant waiting_since;          /* BOOT_NEVER: not waiting now */
    duration waited;                /* in earlier spells of this boot */
    bool check_failed, lock_failed; /* a spell of waiting lasts until what failed has worked */
    instant order_at;
    bool ordered; /* an order is unanswered */
    enum boot_order order;
    instant await_until;

    /* the lock */
    bool locked;
    bool queued; /* others hold it; looks and tries take turns */
    unsigned polls;
    instant lock_since; /* BOOT_NEVER: not wanted now */
    duration lock_waited;

    /* the ladder */
    bool begun;
    bool direct; /* looks make sure of direct_url, too */
    enum boot_list list;
    unsigned index, attempt; /* attempt counts from 1 */
    duration delay;          /* before this attempt */
    instant step_at;
    instant settle_until;
    bool timed_out, permanent, any_succeeded, after_done;
    bool lost; /* the lock, in mid-step, and it was not taken anew yet */
    enum boot_result result;
    struct boot_look look;
    bool unlooked; /* a child ran since the last look */
    bool stale;    /* the project's files may be others than they were at the last look */

    /* the end */
    bool healed; /* held, and mended by somebody */
    bool app_ran;
    int leaving;           /* a signal ends the boot: its status */
    int status;            /* of FAILING, HELD and ENDED */
    unsigned failed_looks; /* in a row, while running */

    unsigned effect_count;
    struct boot_effect effects[BOOT_EFFECTS];
};

/* ---- the table ---- */

typedef bool boot_guard(const struct boot *boot, const struct boot_event *event);
typedef void boot_action(struct boot *boot, const struct boot_event *event);

struct boot_row {
    uint64_t from; /* a set of states: 1 << state */
    enum boot_event_kind event;
    boot_guard *guard; /* NULL: always. The first row that fits is taken */
    const char *guard_name;
    boot_action *action;
    enum boot_state to;
    enum log_level level;
    const char *word;     /* the event's stable name in the log; NULL: nothing is logged */
    const char *sentence; /* with {placeholders} that the driver fills in */
    bool repeats;         /* logged when it changes and else every BOOT_REPEAT_LOG */
    /* what has become of the step that the sentence tells of, and why, with {placeholders}; NULL: nothing new */
    enum step_result result;
    const char *because;
};

#define BOOT_ROWS_MAX 160
extern const struct boot_row boot_table[];
extern const size_t boot_table_rows;

/* ---- the machine ---- */

/* Prepares a boot. `plan` must live as long. `seed` feeds the jitter. */
void boot_init(struct boot *boot, const struct boot_plan *plan, uint64_t seed);

/* Takes one event at `now`; the effects to carry out, in their order, are boot->effects[0..effect_count). An event that
 * means nothing in the state (a late answer) changes nothing. Returns false for such a one. */
bool boot_handle(struct boot *boot, const struct boot_event *event, instant now);

/* The nearest armed deadline, or BOOT_NEVER; *timer says which. The driver then sends EVENT_TIMER. */
instant boot_next_deadline(const struct boot *boot, enum boot_timer *timer);

enum phase boot_phase(const struct boot *boot);
const char *boot_state_name(enum boot_state state);
const char *boot_event_name(enum boot_event_kind kind);

bool boot_is_stop(int signal); /* TERM, INT, QUIT: before the application runs */
/* What the application gets in the place of a signal that came. */
int boot_signal_for_app(const struct boot_plan *plan, int signal);

/* How long the boot has waited for PostgreSQL and for the lock, up to now. */
duration boot_waited(const struct boot *boot);
duration boot_lock_waited(const struct boot *boot);

#endif
