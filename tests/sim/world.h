/* The simulated world: replicas (each the very boot machine that ships), one database, virtual time. Everything in it
 * is drawn from one seed, so that a failing one replays. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "boot/boot.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- chance: a stream of its own for everything that is drawn, so that leaving something out shifts nothing else ----
 */

struct chance {
    uint64_t state;
};

struct chance chance_of(uint64_t seed, uint64_t stream);
uint64_t chance_below(struct chance *chance, uint64_t limit);
bool chance_in(struct chance *chance, unsigned percent);
/* Short times are as likely as long ones: uniform in the logarithm. */
duration chance_time(struct chance *chance, duration low, duration high);

/* ---- the scenario: what is drawn before the world begins ---- */

#define REPLICAS 5
#define FAULTS 16
#define MIGRATIONS 4 /* of the oldest image; a newer one has more */

#define FAULT_KINDS(X)                                                                  \
    X(DATABASE_DOWN)     /* refuses for a time; all sessions end */                     \
    X(DATABASE_RESTARTS) /* the same, then starting up */                               \
    X(DATABASE_HANGS)    /* packets vanish for a time */                                \
    X(DATABASE_REFUSES)  /* no right to connect, for a time or for good */              \
    X(DATABASE_CONFIG)   /* a pooler, another database: nothing that waiting heals */   \
    X(DATABASE_NAMELESS)                                                                \
    X(DATABASE_QUERIES_FAIL)                                                            \
    X(FAILOVER) /* a standby for a time; what was done last may be lost */              \
    X(ALSO_MISSING)                                                                     \
    X(CUT)           /* a replica's connections are lost, and it learns of that late */ \
    X(PROCESS_CRASH) /* a replica's database process */                                 \
    X(SIGNAL)                                                                           \
    X(KILLED) /* kill -9 of a replica; another one takes its place */                   \
    X(FROZEN) /* SIGSTOP for a time */                                                  \
    X(CLOCK_JUMPS)                                                                      \
    X(TABLE_DROPPED)  /* the ledger still tells that it is there */                     \
    X(SCHEMA_BROUGHT) /* by somebody else */                                            \
    X(NEWER_SCHEMA)   /* a newer image migrated */                                      \
    X(FOREIGN_TABLE)  /* a diff would drop it */

enum fault_kind {
#define X(name) name,
    FAULT_KINDS(X)
#undef X
        FAULT_KIND_COUNT
};

struct fault {
    instant at;
    enum fault_kind kind;
    unsigned replica;
    int signal;
    duration time;
};

#define LIST_LENGTH 3

struct scenario {
    uint64_t seed;
    struct boot_plan plan;
    struct boot_step steps[BOOT_LISTS][LIST_LENGTH];
    bool ok_exit[256];
    unsigned replicas;
    unsigned version[REPLICAS]; /* how many migrations the image knows */
    instant start[REPLICAS];
    struct fault faults[FAULTS];
    unsigned fault_count;
    uint32_t ledger, objects; /* a bit each migration */
    bool foreign;
    bool unreadable;   /* what must be there */
    unsigned trouble;  /* percent of steps that do not simply work */
    unsigned crowd;    /* boots at most: those that end badly are replaced */
    duration patience; /* TERM to all then; 0: once nothing moves any more */
    duration latency;  /* of the database, at most */
};

void scenario_draw(struct scenario *scenario, uint64_t seed);

/* From the beginning of a boot to the application, an exit or being held, without faults of the driver's own clock.
 * `lost`: how often the lock was lost. BOOT_NEVER if the plan has no end. */
duration scenario_bound(const struct scenario *scenario, unsigned lost);
/* From TERM to the exit, before the application runs. */
duration scenario_stop_bound(const struct scenario *scenario);

/* ---- replicas ---- */

enum habit {
    WORKS,        /* does its work and ends well */
    DOES_NOTHING, /* ends well */
    FAILS,
    FAILS_FOR_GOOD, /* prints a permanent error */
    HANGS,          /* until TERM */
    HANGS_AFTER_WORK,
    STUBBORN, /* until KILL */
    OUT_OF_MEMORY,
    UNSTARTABLE,
    BREAKS, /* ends well and drops a table */
    HABITS
};

struct child {
    bool running, guard, group; /* group: processes of it are left */
    enum boot_list list;
    unsigned index, attempt;
    enum habit habit;
    unsigned serial;
    bool signalled; /* it was told to end */
    bool covered;   /* the world's lock was ours since it began */
    instant began, ended;
};

struct link {       /* the database process */
    bool alive;     /* as the driver knows it */
    bool crashed;   /* really */
    bool failing;   /* its next answer is its last */
    bool answering; /* an order is unanswered */
    unsigned serial, order_serial;
    unsigned epoch;       /* of the server when it connected; 0: not connected */
    unsigned lock_serial; /* 0: none */
    struct boot_effect order;
    struct boot_event reply;
    instant looked_at, order_at;
    bool unread; /* the last look did not see the ledger */
};

/* What the invariants remember of a boot, apart from the machine's own memory. */
struct memory {
    instant began, anew, stopped_at; /* began: the time of its bound; anew: of its budgets */
    duration excused;                /* jumps of the clock and time frozen */
    unsigned lost;                   /* how often the lock was */
    unsigned stops;                  /* TERM, INT, QUIT before the application */
    uint64_t stop_signals;           /* a bit each */
    bool lock;                       /* it was told of the lock, and not of its loss */
    bool lost_in_step;
    bool reached; /* the database took a connection */
    bool looked, look_under_lock;
    bool direct; /* a look made sure of direct_url */
    struct boot_look look;
    bool verified;                  /* a healthy look came after the last child ended */
    bool ran;                       /* a step of the ladder ran */
    bool worked;                    /* the last child did, as far as could be told */
    bool any_worked;                /* a step of the ladder did */
    bool healed;                    /* held, and mended by somebody */
    bool additive;                  /* what the guard of the next step said */
    bool permanent, failed;         /* of the last child */
    bool trouble;                   /* a child failed, was refused or skipped */
    unsigned list_done[BOOT_LISTS]; /* steps of before and after that ended well */
    int rung;                       /* of the last step of the ladder: index * 100 + attempt; -1: none */
    enum boot_event_kind answer;    /* the last of the database */
    enum failure failure;
    instant moved_at;
    unsigned moves; /* events at that instant */
    unsigned signals_owed;
    bool app_ran, rest_killed;
};

struct replica {
    struct boot boot;
    bool alive, became_app;
    unsigned serial; /* of the boot */
    struct chance chance;
    struct link link;
    struct child child;
    bool address_held; /* the application's own, by the placeholder */
    enum { NO_APP, APP_STARTING, APP_RUNNING } app;
    bool app_stubborn;
    unsigned app_serial;
    instant frozen_until;

    unsigned sessions; /* that its steps left in the server */
    struct memory memory;
};

/* ---- the world ---- */

enum weather { UP, DOWN, STARTING_UP, HANGING, STANDBY, REFUSING, MISCONFIGURED, NAMELESS, ERRING, LACKING };

enum happening {
    ARRIVES,
    SERVED,   /* the server executes an order */
    ANSWERED, /* the reply arrives */
    CHILD_ENDS,
    SESSION_ENDS,
    APP_ENDS,
    LOSS_NOTICED,
    DEATH_NOTICED,
    PROCESS_CLOSED,
    ADDRESS_RELEASED,
    SIGNALLED,
    FAULT,
    WEATHER_CHANGES,
    LOCK_FREED,
    ENGINE_STOPS,
    ENGINE_KILLS
};

struct entry {
    instant at;
    uint32_t order; /* of equals the earlier one first */
    enum happening happening;
    unsigned replica, serial;
    int detail;
};

#define ENTRIES 512

struct world {
    struct scenario scenario;
    instant now;
    struct entry entries[ENTRIES];
    unsigned entry_count;
    uint32_t entry_order;
    struct replica replicas[REPLICAS];
    unsigned boots, serials;
    uint64_t events;

    enum weather weather, next_weather;
    instant weather_until;
    unsigned weather_serial;
    struct chance chance;
    unsigned epoch;
    uint32_t ledger, objects, safe_ledger, safe_objects; /* safe: what a standby had */
    bool foreign;
    int lock_holder; /* -1: free */
    unsigned lock_serial;
    bool stopping;

    /* how it is driven */
    const struct boot_row *table;
    uint32_t faults_kept; /* a bit each fault */
    bool story;
    unsigned *taken;
    const char *violation; /* NULL: none */
    char violation_text[512];
};

/* Runs one world to its end or to the first violation; returns whether all was well. */
bool world_run(struct world *world, const struct scenario *scenario);

void world_later(struct world *world, duration after, enum happening happening, unsigned replica, unsigned serial,
                 int detail);
/* Tells a replica's machine of an event and carries out what it answers. */
void replica_tell(struct world *world, struct replica *replica, const struct boot_event *event);
unsigned replica_number(const struct world *world, const struct replica *replica);
bool replica_held(const struct replica *replica);
void replica_begin(struct world *world, struct replica *replica);
/* Vanishes: nothing of it runs any more. */
void replica_vanish(struct world *world, struct replica *replica);

/* ---- the database ---- */

void database_order(struct world *world, struct replica *replica, const struct boot_effect *effect);
void database_weather(struct world *world, enum weather weather, duration time, enum weather next);
void database_cut(struct world *world, struct replica *replica, duration noticed_after);
void database_crash(struct world *world, struct replica *replica); /* of its database process */
void database_served(struct world *world, struct replica *replica);
void database_fails(struct world *world, const struct fault *fault, unsigned number);
void lock_free(struct world *world, unsigned serial);
void link_drop(struct world *world, struct replica *replica); /* its process is gone */
/* What a step of this kind does to the schema. */
void database_work(struct world *world, const struct replica *replica, const struct child *child, bool whole);

/* ---- children ---- */

void child_start(struct world *world, struct replica *replica, const struct boot_effect *effect, bool guard);
void child_signal(struct world *world, struct replica *replica, int signal);
void child_ends(struct world *world, struct replica *replica);
void app_address(struct world *world, struct replica *replica, bool by_force); /* is let go, or not */
void app_start(struct world *world, struct replica *replica);
void app_signal(struct world *world, struct replica *replica, int signal);
void app_turns(struct world *world, struct replica *replica, int detail); /* what world_later told of it */
void connection_lost(struct world *world, struct replica *replica);       /* the step's own */

/* ---- invariants ---- */

/* Before an effect is carried out, and after all of an event's are. */
void check_effect(struct world *world, struct replica *replica, const struct boot_effect *effect);
struct before {
    enum boot_state state;
    instant deadline[BOOT_TIMERS];
};
void check_event(struct world *world, struct replica *replica, const struct boot_event *event,
                 const struct before *before, bool known);
void note_event(struct world *world, struct replica *replica, const struct boot_event *event);
void violation(struct world *world, const struct replica *replica, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the story ---- */

void story_scenario(const struct scenario *scenario, uint32_t faults_kept);
void story_event(const struct world *world, const struct replica *replica, const struct boot_event *event,
                 enum boot_state from, bool known);
void story_effect(const struct boot_effect *effect);
void story_world(const struct world *world, const struct replica *replica, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- planted bugs ---- */

struct plant {
    const char *name, *sentence;
    /* Alters the copy of the table; returns how many rows it touched. */
    unsigned (*alter)(struct boot_row *table);
};

extern const struct plant plants[];
extern const size_t plant_count;

#endif
