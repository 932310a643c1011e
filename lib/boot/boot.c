#include "boot/boot.h"
#include "boot/moves.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    enum phase phase;
    bool transient;
} states[] = {
#define X(state_name, state_phase, is_transient) { #state_name, state_phase, is_transient },
    BOOT_STATES(X)
#undef X
};
static_assert(sizeof states / sizeof states[0] == BOOT_STATE_COUNT, "every state has a row");

const char *boot_state_name(enum boot_state state)
{
    return state < BOOT_STATE_COUNT ? states[state].name + sizeof "STATE_" - 1 : "SAME";
}

const char *boot_event_name(enum boot_event_kind kind)
{
    static const char *const names[] = {
#define X(name) #name,
        BOOT_EVENTS(X)
#undef X
    };
    static_assert(sizeof names / sizeof names[0] == BOOT_EVENT_COUNT, "every event has a name");
    return kind < BOOT_EVENT_COUNT ? names[kind] + sizeof "EVENT_" - 1 : "?";
}

enum phase boot_phase(const struct boot *boot)
{
    if (boot->state == STATE_ENDED) {
        return boot->app_ran || boot->status == 0 || boot->leaving ? PHASE_STOPPING : PHASE_FAILED;
    }
    if (boot->state == STATE_CHECKING && boot->queued) {
        return PHASE_LOCKING;
    }
    return states[boot->state].phase;
}

/* All but what boot_init set and the effects, whose pages most boots never touch. */
void boot_reset(struct boot *boot)
{
    memset(&boot->state, 0, offsetof(struct boot, effects) - offsetof(struct boot, state));
    for (int i = 0; i < BOOT_TIMERS; i++) {
        boot->deadline[i] = BOOT_NEVER;
    }
    boot->refused_since = boot->waiting_since = boot->lock_since = BOOT_NEVER;
}

void boot_init(struct boot *boot, const struct boot_plan *plan, uint64_t seed)
{
    memset(boot, 0, offsetof(struct boot, effects));
    boot->plan = plan;
    boot->table = boot_table;
    boot->random = seed;
    boot_reset(boot);
}

struct boot_effect *boot_effect(struct boot *boot, enum boot_effect_kind kind)
{
    assert(boot->effect_count < BOOT_EFFECTS);
    struct boot_effect *effect = &boot->effects[boot->effect_count++];
    *effect = (struct boot_effect){
        .kind = kind, .phase = boot_phase(boot), .list = boot->list, .index = boot->index, .attempt = boot->attempt
    };
    return effect;
}

const struct boot_step *boot_step(const struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    return boot->index < plan->step_count[boot->list] ? &plan->steps[boot->list][boot->index] : NULL;
}

duration boot_waited(const struct boot *boot)
{
    return boot->waited + (boot->waiting_since == BOOT_NEVER ? 0 : boot->now - boot->waiting_since);
}

duration boot_lock_waited(const struct boot *boot)
{
    return boot->lock_waited + (boot->lock_since == BOOT_NEVER ? 0 : boot->now - boot->lock_since);
}

static const struct boot_row *find_row(const struct boot *boot, const struct boot_event *event)
{
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot->table[i];
        if ((row->from >> boot->state & 1) && row->event == event->kind && (!row->guard || row->guard(boot, event))) {
            return row;
        }
    }
    return NULL;
}

/* A repeated row is logged when it or what it tells of changed, and else every BOOT_REPEAT_LOG. */
static void say(struct boot *boot, const struct boot_row *row, const struct boot_event *event)
{
    if (!row->word || boot->effect_count >= BOOT_EFFECTS - BOOT_EFFECTS_KEPT) {
        return;
    }
    if (row->repeats) {
        if (boot->logged_row == row && boot->fingerprint == event->fingerprint &&
            boot->now - boot->logged_at < BOOT_REPEAT_LOG) {
            return;
        }
        boot->logged_row = row;
        boot->fingerprint = event->fingerprint;
        boot->logged_at = boot->now;
    }
    boot_effect(boot, EFFECT_LOG)->row = row;
}

static bool step(struct boot *boot, const struct boot_event *event)
{
    const struct boot_row *row = find_row(boot, event);
    if (!row) {
        return false;
    }
    if (boot->taken) {
        boot->taken[row - boot->table]++;
    }
    if (event->kind == EVENT_CHECKED) {
        boot->look = event->look;
        boot->unlooked = boot->stale = false;
        boot_checked(boot);
        boot_effect(boot, EFFECT_TABLES);
    }
    say(boot, row, event); /* of the step before the action moves on */
    row->action(boot, event);
    if (row->to != STATE_SAME) {
        boot->state = row->to;
    }
    return true;
}

/* A deadline of an order that passed, and a database process that died, end that process and the lock that lived in it.
 * For an unanswered order they are a failure like any other. */
static bool lose_database(struct boot *boot, const struct boot_event *event, struct boot_event *failure)
{
    bool late = event->kind == EVENT_TIMER;
    *failure = *event;
    if (late) {
        boot_effect(boot, EFFECT_KILL_DATABASE);
    }
    if (boot->ordered) {
        failure->kind = EVENT_FAILED;
        failure->failure = late ? FAILURE_NO_ANSWER : FAILURE_NOT_READY;
    }
    return boot->locked && step(boot, &(struct boot_event){ .kind = EVENT_LOCK_LOST });
}

/* A bit for each order that the event may answer. */
static const unsigned answered[BOOT_EVENT_COUNT] = {
    [EVENT_CONNECTED] = 1U << BOOT_CONNECT, [EVENT_CHECKED] = 1U << BOOT_CHECK,     [EVENT_LOCKED] = 1U << BOOT_LOCK,
    [EVENT_BUSY] = 1U << BOOT_LOCK,         [EVENT_SESSIONS] = 1U << BOOT_SESSIONS, [EVENT_FAILED] = ~0U,
};

bool boot_handle(struct boot *boot, const struct boot_event *event, instant now)
{
    struct boot_event failure;
    bool known = false;

    boot->now = now > boot->now ? now : boot->now;
    boot->effect_count = 0;
    if (event->kind == EVENT_TIMER) {
        if (boot->deadline[event->timer] > boot->now) { /* it was armed anew, or disarmed, while the event waited */
            return false;
        }
        boot->deadline[event->timer] = BOOT_NEVER;
    }
    if (event->kind == EVENT_DATABASE_DIED || (event->kind == EVENT_TIMER && event->timer == TIMER_ORDER)) {
        known = lose_database(boot, event, &failure);
        event = &failure;
    }
    if (answered[event->kind]) {
        if (!boot->ordered || !(answered[event->kind] >> boot->order & 1)) { /* the open order stays as it is */
            return known;
        }
        boot->ordered = false;
        boot->deadline[TIMER_ORDER] = BOOT_NEVER;
    }
    known |= step(boot, event);
    while (states[boot->state].transient && step(boot, &(struct boot_event){ .kind = EVENT_GO })) {
        /* tests/unit/boot/table.c: every transient state has a row that always fits */
    }
    return known;
}

instant boot_next_deadline(const struct boot *boot, enum boot_timer *timer)
{
    instant next = BOOT_NEVER;
    for (int i = 0; i < BOOT_TIMERS; i++) {
        if (boot->deadline[i] < next) {
            next = boot->deadline[i];
            *timer = (enum boot_timer)i;
        }
    }
    return next;
}
