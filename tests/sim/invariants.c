/* What must hold after every event of every replica, judged by the world's own memory and not by the machine's. */
#include "world.h"

#include "base/exit_status.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MOVES_AT_ONCE 64 /* events of a replica at one instant */

void violation(struct world *world, const struct replica *replica, const char *format, ...)
{
    va_list arguments;
    int length = 0;
    if (world->violation) {
        return;
    }
    if (replica) {
        length =
            snprintf(world->violation_text, sizeof world->violation_text,
                     "replica %u in %s: ", replica_number(world, replica) + 1, boot_state_name(replica->boot.state));
    }
    va_start(arguments, format);
    (void)vsnprintf(world->violation_text + length, sizeof world->violation_text - (size_t)length, format, arguments);
    va_end(arguments);
    world->violation = world->violation_text;
    story_world(world, NULL, "VIOLATION: %s", world->violation);
}

#define MUST(condition, ...)                        \
    do {                                            \
        if (!(condition)) {                         \
            violation(world, replica, __VA_ARGS__); \
            return;                                 \
        }                                           \
    } while (0)

static bool is_stop(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

/* ---- what is remembered ---- */

static void note_look(struct world *world, struct replica *replica, const struct boot_event *event)
{
    struct memory *memory = &replica->memory;
    memory->look = event->look;
    memory->looked = true;
    memory->look_under_lock = memory->lock;
    memory->direct |= replica->link.order.order.direct;
    memory->verified =
        event->look.healthy && replica->link.looked_at >= replica->child.ended && !replica->child.running;
    bool proven = world->scenario.plan.history && event->look.proven;
    /* What the history said of the ladder's work counts, though a standby that is promoted later has lost it. */
    memory->any_worked |= memory->ran && memory->verified && proven;
    if (replica->boot.state == STATE_HELD_CHECKING) {
        memory->healed = event->look.healthy && (replica->boot.status == STATUS_SCHEMA || proven);
    }
}

static void note_child(const struct world *world, struct replica *replica, const struct boot_event *event)
{
    struct memory *memory = &replica->memory;
    const struct child *child = &replica->child;
    bool good = event->status == 0 && !child->signalled;
    bool locked = memory->lock || !world->scenario.plan.lock;

    memory->verified = false;
    memory->permanent = event->permanent;
    memory->failed = !good;
    memory->additive = child->guard && good && event->additive && locked;
    if (child->guard) {
        memory->trouble |= !good || !event->additive;
    } else {
        memory->trouble |= !good || memory->lost_in_step;
        memory->worked = good && !memory->lost_in_step;
        memory->any_worked |= memory->worked && child->list == LIST_STEPS;
        if (good && child->list != LIST_STEPS) {
            memory->list_done[child->list]++;
        }
    }
}

static void note_signal(struct world *world, struct replica *replica, int signal)
{
    struct memory *memory = &replica->memory;
    if (replica->app || memory->app_ran) {
        memory->signals_owed++;
    } else if (is_stop(signal)) {
        memory->stopped_at = memory->stops ? memory->stopped_at : world->now;
        memory->stops++;
        memory->stop_signals |= UINT64_C(1) << signal;
    }
}

void note_event(struct world *world, struct replica *replica, const struct boot_event *event)
{
    struct memory *memory = &replica->memory;
    memory->moves = memory->moved_at == world->now ? memory->moves + 1 : 1;
    memory->moved_at = world->now;
    memory->signals_owed = 0;
    switch (event->kind) {
    case EVENT_CHECKED:
        note_look(world, replica, event);
        break;
    case EVENT_CONNECTED:
        memory->reached = true;
        break;
    case EVENT_LOCKED:
        memory->lock = true;
        break;
    case EVENT_LOCK_LOST:
    case EVENT_DATABASE_DIED:
        memory->lost += memory->lock;
        memory->lost_in_step |= memory->lock && replica->child.running;
        memory->lock = false;
        break;
    case EVENT_CHILD_ENDED:
        note_child(world, replica, event);
        break;
    case EVENT_SIGNAL:
        note_signal(world, replica, event->signal);
        break;
    case EVENT_APP_STARTED:
        memory->app_ran = true;
        break;
    case EVENT_FAILED:
        memory->failure = event->failure;
        break;
    default:
        break;
    }
    if (event->kind >= EVENT_CONNECTED && event->kind <= EVENT_BUSY) {
        memory->answer = event->kind;
    }
}

/* ---- steps ---- */

static const struct boot_step *step_of(const struct world *world, const struct boot_effect *effect)
{
    return &world->scenario.plan.steps[effect->list][effect->index];
}

/* Would the contract let a step run after this look? */
static bool must_run(const struct boot_plan *plan, const struct boot_look *look)
{
    if (plan->force || plan->when == BOOT_ALWAYS) {
        return true;
    }
    return plan->when == BOOT_UNVERIFIED ? !look->healthy : !(plan->history && look->proven && look->healthy);
}

static void check_alone(struct world *world, const struct replica *replica)
{
    MUST(!world->scenario.plan.lock || replica->memory.lock, "a step starts without the lock");
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        const struct replica *other = &world->replicas[i];
        bool overlaps = other != replica && other->alive && other->child.running && other->child.covered;
        MUST(!world->scenario.plan.lock || !overlaps || world->lock_holder != (int)replica_number(world, replica),
             "its step overlaps one of replica %u", i + 1);
    }
}

/* What the last child left in the server may run on, and the time for it is not over. */
static bool is_unsettled(const struct world *world, const struct replica *replica)
{
    instant ended = replica->child.ended;
    return replica->memory.failed && replica->sessions && ended > 0 && world->now < ended + BOOT_SETTLE_TIMEOUT;
}

static void check_any_child(struct world *world, const struct replica *replica, const struct boot_effect *effect)
{
    const struct memory *memory = &replica->memory;
    const struct boot_plan *plan = &world->scenario.plan;
    const struct child *last = &replica->child;

    MUST(plan->goal == GOAL_RUN || plan->goal == GOAL_SYNC, "a step runs for a command that changes nothing");
    MUST(!last->running, "two children at a time");
    MUST(!memory->stops, "a step starts after a signal");
    MUST(!memory->app_ran, "a step starts beside the application");
    MUST(memory->looked, "a step starts before the first look");
    MUST(!plan->lock || memory->look_under_lock || memory->list_done[effect->list] || memory->rung >= 0,
         "a step starts on a look that is older than the lock");
    MUST(plan->lock || !plan->direct || memory->direct, "a step starts before it is known where direct_url leads");
    MUST(!last->group, "processes of the step before are left");
    MUST(!is_unsettled(world, replica), "a step starts while the one before still runs in the server");
    check_alone(world, replica);
}

static void check_rung(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    struct memory *memory = &replica->memory;
    const struct boot_step *step = step_of(world, effect);
    const struct child *last = &replica->child;
    int rung = (int)effect->index * 100 + (int)effect->attempt;
    bool same = memory->rung >= 0 && memory->rung / 100 == (int)effect->index;
    bool again = last->guard && last->attempt == effect->attempt; /* after a guard that ended without the lock */
    bool first = (effect->kind == EFFECT_SPAWN_GUARD && !again) || !step->guarded; /* of what an attempt starts */

    MUST(effect->attempt >= 1 && effect->attempt <= step->attempts, "attempt %u of %u", effect->attempt,
         step->attempts);
    MUST(!memory->look.hopeless, "a step runs for what nobody can verify");
    MUST(rung > memory->rung, "the ladder goes back");
    MUST(!(same && memory->permanent), "a permanent error is tried again");
    MUST(!same || !first || world->now >= last->ended + step->delay - step->delay / 4,
         "the delay between attempts is not kept");
    MUST(step->own_history || !memory->look.gone, "a step runs on a newer schema");
    MUST(step->own_history || !replica->link.unread, "a step runs while nobody knows whether the schema is newer");
    MUST(memory->list_done[LIST_BEFORE] == world->scenario.plan.step_count[LIST_BEFORE],
         "a step runs although one of `before` has not");
    MUST(rung > 1 || must_run(&world->scenario.plan, &memory->look), "a step runs although nothing is pending");
}

static void check_spawn(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    struct memory *memory = &replica->memory;
    bool guard = effect->kind == EFFECT_SPAWN_GUARD;

    check_any_child(world, replica, effect);
    if (world->violation) {
        return;
    }
    MUST(guard || !step_of(world, effect)->guarded || memory->additive, "a guarded step runs unguarded");
    if (effect->list == LIST_STEPS) {
        check_rung(world, replica, effect);
        memory->list_done[LIST_AFTER] = 0; /* what is migrated after them is followed by them */
        if (!guard) {
            memory->rung = (int)effect->index * 100 + (int)effect->attempt;
            memory->ran = true;
        }
    } else {
        MUST(effect->attempt == 1, "a second attempt of a step that has one");
        MUST(effect->index == memory->list_done[effect->list], "steps beside the ladder out of order");
        MUST(effect->list == LIST_BEFORE || memory->look.healthy, "a step of `after` runs on an unhealthy schema");
        MUST(!step_of(world, effect)->alters || !memory->look.gone, "a step beside the ladder alters a newer schema");
        MUST(!step_of(world, effect)->alters || !replica->link.unread,
             "a step beside the ladder alters what nobody knows to be as old");
    }
    memory->verified = memory->additive = memory->lost_in_step = false;
}

/* ---- the application and the end ---- */

/* Rule 3: a step succeeded or nothing was pending, and the schema verifies. */
static bool counts_as_good(const struct boot_plan *plan, const struct memory *memory)
{
    bool proven = plan->history && memory->look.proven;
    bool pending = must_run(plan, &memory->look);
    return !memory->ran || memory->any_worked || proven || !pending || memory->healed;
}

/* Something is pending, and it is another container's to apply. */
static bool left_to_others(const struct boot_plan *plan, const struct memory *memory)
{
    return plan->step_count[LIST_STEPS] == 0 && plan->verify_timeout && memory->look.behind;
}

static void check_start(struct world *world, const struct replica *replica)
{
    const struct memory *memory = &replica->memory;
    const struct boot_plan *plan = &world->scenario.plan;

    MUST(plan->goal == GOAL_RUN, "an application nobody asked for");
    MUST(!memory->app_ran && !replica->app, "the application starts twice");
    MUST(memory->verified, "the application starts on a schema that was not verified since");
    MUST(!memory->stops, "the application starts after a signal");
    MUST(!replica->child.running && !replica->child.group, "the application starts beside a step");
    MUST(counts_as_good(plan, memory), "the application starts although every step failed");
    MUST(!left_to_others(plan, memory), "the application starts before another container has applied what is pending");
    MUST(memory->list_done[LIST_AFTER] == plan->step_count[LIST_AFTER], "the steps of `after` did not run");
    MUST(!plan->exec || !replica->link.alive, "the application becomes what holds the lock");
    MUST(!replica->address_held, "the application starts while its own address is held");
}

static void check_exit_before_app(struct world *world, const struct replica *replica, int status)
{
    const struct memory *memory = &replica->memory;
    const struct boot_plan *plan = &world->scenario.plan;
    duration lasted = world->now - memory->anew;
    bool one_look = plan->goal == GOAL_LOOK;

    if (memory->stops) {
        MUST(status > 128 && status < 128 + 64 && (memory->stop_signals >> (status - 128) & 1), "stopped, yet %d",
             status);
        return;
    }
    switch (status) {
    case STATUS_OK:
        MUST(plan->goal != GOAL_RUN, "0 without an application");
        MUST(plan->goal == GOAL_WAIT || memory->verified, "0 without a healthy schema");
        MUST(plan->goal != GOAL_SYNC || counts_as_good(plan, memory), "0 although every step failed");
        MUST(plan->goal == GOAL_LOOK || memory->list_done[LIST_AFTER] == plan->step_count[LIST_AFTER] ||
                 plan->goal == GOAL_WAIT,
             "0 although the steps of `after` did not run");
        return;
    case STATUS_SCHEMA:
        MUST(memory->looked && (!memory->look.healthy || left_to_others(plan, memory)), "65 with a healthy schema");
        return;
    case STATUS_UNREACHABLE:
        MUST(one_look || (plan->wait_timeout && lasted >= plan->wait_timeout), "69 before wait.timeout was over");
        return;
    case STATUS_STEPS:
        MUST(memory->trouble, "70 although nothing failed");
        return;
    case STATUS_LOCK:
        MUST(memory->answer == EVENT_BUSY && plan->lock_timeout && lasted >= plan->lock_timeout,
             "75 without waiting for it");
        return;
    case STATUS_REFUSED:
        MUST(memory->failure == FAILURE_REFUSED, "77 without a refusal");
        MUST(lasted >= plan->permanent_grace || lasted >= plan->wait_timeout, "77 before the grace was over");
        return;
    case STATUS_CONFIG:
        MUST(memory->failure == FAILURE_CONFIG, "78 without a reason");
        return;
    default:
        MUST(false, "status %d", status);
    }
}

static void check_exit(struct world *world, const struct replica *replica, const struct boot_effect *effect)
{
    const struct boot *boot = &replica->boot;
    MUST(effect == &boot->effects[boot->effect_count - 1], "something happens after the exit");
    MUST(!replica->child.running && !replica->child.group, "a step is left behind");
    MUST(!replica->link.alive && replica->link.lock_serial == 0, "the database process is left behind");
    MUST(!replica->app, "the application is left behind");
}

/* The status of what happened: the application's own, or why it never ran. */
static void check_status(struct world *world, const struct replica *replica, const struct boot_event *event, int status)
{
    const struct boot_plan *plan = &world->scenario.plan;
    if (event->kind == EVENT_APP_ENDED) {
        bool ok = replica->memory.app_ran && plan->ok_exit && plan->ok_exit[event->status];
        int stopped = replica->memory.app_ran ? 0 : replica->boot.leaving;
        MUST(status == (stopped ? stopped
                        : ok    ? 0
                                : event->status),
             "the application ended with %d, yet %d", event->status, status);
    } else if (event->kind == EVENT_APP_REFUSED) {
        MUST(status == event->status, "the application was refused with %d, yet %d", event->status, status);
    } else {
        MUST(!replica->memory.app_ran, "an exit while the application runs");
        check_exit_before_app(world, replica, status);
    }
}

/* ---- effects ---- */

static void check_close(struct world *world, struct replica *replica)
{
    struct memory *memory = &replica->memory;

    MUST(!replica->child.running, "the lock goes while a step runs");
    MUST(!is_unsettled(world, replica) || !memory->lock || memory->stops > 1 || memory->answer == EVENT_FAILED,
         "the lock goes while a step still runs in the server");
    memory->lock = false;
}

static void check_log(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    struct memory *memory = &replica->memory;
    const struct boot_row *row = effect->row;
    bool done = row->because && (row->result == STEP_OK || row->result == STEP_LATE) && row->to != STATE_ENDED;
    bool proven = world->scenario.plan.history && memory->look.proven && memory->verified;
    bool skipped = strcmp(row->word, "step-skipped") == 0;
    memory->trouble |= skipped;
    memory->list_done[effect->list] += skipped && effect->list != LIST_STEPS;
    MUST(!done || memory->worked || proven || (!memory->failed && replica->child.list != LIST_STEPS),
         "a failed step is reported as done");
}

void check_effect(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    MUST(replica->alive, "something happens after the exit");
    switch (effect->kind) {
    case EFFECT_ORDER:
        MUST(!replica->link.answering, "two orders at a time");
        break;
    case EFFECT_CLOSE_DATABASE:
        check_close(world, replica);
        break;
    case EFFECT_KILL_DATABASE:
        MUST(!replica->child.running, "the lock goes while a step runs");
        replica->memory.lost += replica->memory.lock;
        replica->memory.lock = false;
        break;
    case EFFECT_SPAWN_GUARD:
    case EFFECT_SPAWN_STEP:
        check_spawn(world, replica, effect);
        break;
    case EFFECT_SIGNAL_CHILD:
        MUST(replica->child.running, "a signal for a step that has ended");
        break;
    case EFFECT_START:
        check_start(world, replica);
        break;
    case EFFECT_LOG:
        check_log(world, replica, effect);
        break;
    case EFFECT_KILL_REST:
        replica->memory.rest_killed = true;
        break;
    case EFFECT_SIGNAL_APP:
        MUST(replica->app || replica->memory.app_ran, "a signal for an application that was not started");
        replica->memory.signals_owed = 0;
        break;
    case EFFECT_EXIT:
        check_exit(world, replica, effect);
        break;
    default:
        break;
    }
}

/* ---- events ---- */

static void check_deadlines(struct world *world, const struct replica *replica, const struct before *before)
{
    const struct boot *boot = &replica->boot;
    for (int i = 0; i < BOOT_TIMERS; i++) {
        MUST(boot->deadline[i] == before->deadline[i] || boot->deadline[i] >= world->now,
             "a deadline is armed in the past");
    }
}

/* Something must be able to happen, and what may never come has a deadline. */
static void check_alive(struct world *world, const struct replica *replica)
{
    const struct boot_plan *plan = &world->scenario.plan;
    const struct boot *boot = &replica->boot;
    const struct child *child = &replica->child;
    bool running = replica->app != NO_APP;
    enum boot_timer timer;

    MUST(boot->state != STATE_STARTING || !replica->link.alive, "the database process is left beside the application");

    if (child->running) {
        bool unbounded = plan->steps[child->list][child->index].timeout == 0 && !child->signalled;
        MUST(boot->deadline[TIMER_STATE] != BOOT_NEVER || unbounded, "a step without a deadline");
    } else if (replica->link.answering) {
        bool unbounded =
            replica->link.order.order.order == BOOT_CONNECT && !plan->connect_timeout && !plan->wait_timeout;
        bool bounded = boot->deadline[TIMER_ORDER] != BOOT_NEVER || boot->deadline[TIMER_BUDGET] != BOOT_NEVER;
        MUST(bounded || (unbounded && !replica_held(replica) && !running), "an order without a deadline");
    } else if (!running) {
        MUST(boot_next_deadline(boot, &timer) != BOOT_NEVER, "nothing will ever happen");
    }
    MUST(boot->state != STATE_RUNNING || !plan->interval || boot->deadline[TIMER_LOOK] != BOOT_NEVER, "no look is due");
    MUST(boot->state != STATE_STOPPING || !plan->stop_timeout || replica->memory.rest_killed ||
             boot->deadline[TIMER_STOP] != BOOT_NEVER,
         "app.stop_timeout is forgotten");
}

static void check_time(struct world *world, struct replica *replica)
{
    struct memory *memory = &replica->memory;
    const struct boot_plan *plan = &world->scenario.plan;
    duration bound = scenario_bound(&world->scenario, memory->lost);
    duration stop_bound = scenario_stop_bound(&world->scenario);

    MUST(memory->moves <= MOVES_AT_ONCE, "%u events at one instant", memory->moves);
    if (replica->app || replica_held(replica)) {
        memory->began = memory->anew = world->now; /* held: it begins anew, or goes on, from here */
        return;
    }
    MUST(memory->reached || !plan->wait_timeout || world->now - memory->anew <= plan->wait_timeout + memory->excused,
         "it waits longer than wait.timeout");
    MUST(bound == BOOT_NEVER || world->now - memory->began <= bound + memory->excused, "it lasts longer than its plan");
    MUST(!memory->stops || stop_bound == BOOT_NEVER || world->now - memory->stopped_at <= stop_bound + memory->excused,
         "it lasts long after the signal");
}

static bool is_answer(enum boot_event_kind kind)
{
    return kind >= EVENT_CONNECTED && kind <= EVENT_SESSIONS;
}

/* A stop before the application ends the boot, or is passed on to what runs, or waits for what runs in the server. */
static void check_signal(struct world *world, const struct replica *replica, const struct boot_event *event,
                         const struct before *before, bool known)
{
    const struct boot_plan *plan = &world->scenario.plan;
    const struct child *child = &replica->child;
    enum boot_state state = replica->boot.state;

    MUST(replica->memory.signals_owed == 0, "signal %d is not passed on", event->signal);
    if (!is_stop(event->signal) || replica->app || replica->memory.app_ran) {
        return;
    }
    MUST(known, "signal %d is ignored", event->signal);
    if (child->running) {
        bool finishes = plan->finish && before->state == STATE_STEPPING;
        MUST(finishes || child->signalled || child->habit == STUBBORN, "signal %d does not reach the step",
             event->signal);
        MUST(!finishes || state == STATE_STEPPING, "stop: finish does not let the step end");
    } else {
        MUST(!replica->alive || state == STATE_SETTLING || state == STATE_UNSETTLED, "signal %d does not end the boot",
             event->signal);
    }
}

static void check_held(struct world *world, const struct replica *replica, const struct before *before)
{
    if (replica->boot.state == STATE_HELD) {
        MUST(!replica->link.alive, "held with the database process alive");
        MUST(world->scenario.plan.hold && world->scenario.plan.goal == GOAL_RUN, "held without on_failure: hold");
        if (before->state < STATE_HELD) {
            check_exit_before_app(world, replica, replica->boot.status);
        }
    }
}

/* A boot that begins anew has a ladder of its own. */
static void note_anew(const struct world *world, struct replica *replica, const struct before *before)
{
    if (before->state >= STATE_HELD && replica->boot.state == STATE_CONNECTING) {
        struct memory *memory = &replica->memory;
        *memory = (struct memory){ .began = world->now,
                                   .anew = world->now,
                                   .excused = memory->excused,
                                   .rung = -1,
                                   .answer = EVENT_GO,
                                   .failure = FAILURES,
                                   .moved_at = memory->moved_at,
                                   .moves = memory->moves };
        replica->child.ended = 0;
    }
}

void check_event(struct world *world, struct replica *replica, const struct boot_event *event,
                 const struct before *before, bool known)
{
    const struct boot *boot = &replica->boot;

    MUST(boot->effect_count <= BOOT_EFFECTS, "%u effects", boot->effect_count);
    MUST(known || !is_answer(event->kind), "an answer means nothing");
    if (event->kind == EVENT_SIGNAL) {
        check_signal(world, replica, event, before, known);
    }
    if (world->violation) {
        return;
    }
    if (!replica->alive) {
        if (!replica->became_app) {
            check_status(world, replica, event, boot->effects[boot->effect_count - 1].number);
        }
        return;
    }
    MUST(boot->state != STATE_ENDED, "it has ended without an exit");
    check_deadlines(world, replica, before);
    check_alive(world, replica);
    note_anew(world, replica, before);
    check_held(world, replica, before);
    check_time(world, replica);
}
