#include "boot/backoff.h"
#include "boot/moves.h"

#include <signal.h>

#define ACTION(name) void action_##name(struct boot *boot, const struct boot_event *event)
#define UNUSED_EVENT (void)event

/* ---- orders ---- */

static void give_order(struct boot *boot, enum boot_order order, duration within)
{
    struct boot_effect *effect = boot_effect(boot, EFFECT_ORDER);
    effect->order.order = order;
    boot->ordered = true;
    boot->order_at = boot->now;
    boot->deadline[TIMER_ORDER] = boot->now + within;
}

static struct boot_effect *last_effect(struct boot *boot)
{
    return &boot->effects[boot->effect_count - 1];
}

/* Without connect_timeout an attempt lasts as long as wait.timeout allows; one that is no waiting, as a look. */
static void order_connect(struct boot *boot, bool prove)
{
    duration within = boot->plan->connect_timeout;
    give_order(boot, BOOT_CONNECT, within ? within + BOOT_ORDER_SLACK : BOOT_ORDER_TIMEOUT);
    if (within == 0 && boot->waiting_since != BOOT_NEVER) {
        boot->deadline[TIMER_ORDER] = BOOT_NEVER;
    }
    struct boot_effect *effect = last_effect(boot);
    effect->order.probe =
        boot->failures || boot->failure == FAILURE_NOT_LISTENING || boot->failure == FAILURE_NO_ANSWER;
    effect->order.prove = prove;
}

/* An answer that never comes is waiting as well: it uses up what is left of wait.timeout and no more, but never less
 * than the time of an attempt to connect. */
static duration answer_timeout(const struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    duration least = plan->connect_timeout, left = plan->wait_timeout - boot_waited(boot);

    if (plan->wait_timeout == 0 || least == 0 || boot->app_ran) {
        return BOOT_ORDER_TIMEOUT;
    }
    left = left > least ? left : least;
    return left < BOOT_ORDER_TIMEOUT ? left : BOOT_ORDER_TIMEOUT;
}

static void order_check(struct boot *boot)
{
    give_order(boot, BOOT_CHECK, answer_timeout(boot));
    last_effect(boot)->order.history = boot->plan->history && !boot->app_ran;
}

static void order_lock(struct boot *boot)
{
    if (boot->lock_since == BOOT_NEVER) {
        boot->lock_since = boot->now;
    }
    give_order(boot, BOOT_LOCK, boot->plan->connect_timeout + answer_timeout(boot));
}

static void order_sessions(struct boot *boot)
{
    give_order(boot, BOOT_SESSIONS, boot->plan->connect_timeout + BOOT_ORDER_TIMEOUT);
    last_effect(boot)->order.age = boot->now - boot->step_at;
}

static void close_database(struct boot *boot)
{
    boot_effect(boot, EFFECT_CLOSE_DATABASE);
    boot->ordered = false;
    boot->locked = false;
    boot->deadline[TIMER_ORDER] = BOOT_NEVER;
}

static void kill_database_if_asked(struct boot *boot)
{
    if (boot->ordered) {
        boot_effect(boot, EFFECT_KILL_DATABASE);
    }
}

/* ---- waiting ---- */

/* A spell of waiting ends once everything that failed in it has worked. */
static void end_spell(struct boot *boot)
{
    if (boot->check_failed || boot->lock_failed) {
        return;
    }
    boot->waited = boot_waited(boot);
    boot->waiting_since = BOOT_NEVER;
    boot->refused_since = BOOT_NEVER;
    boot->failure = FAILURES;
    boot->failures = 0;
    boot->deadline[TIMER_BUDGET] = BOOT_NEVER;
}

/* The boot is over, one way or the other: nothing that failed is waited for any more. */
static void end_waiting(struct boot *boot)
{
    boot->check_failed = boot->lock_failed = false;
    end_spell(boot);
}

static void begin_spell(struct boot *boot, instant since)
{
    if (boot->waiting_since == BOOT_NEVER) {
        boot->waiting_since = since;
        boot->deadline[TIMER_BUDGET] =
            boot->plan->wait_timeout ? since + boot->plan->wait_timeout - boot->waited : BOOT_NEVER;
    }
}

void boot_checked(struct boot *boot)
{
    boot->check_failed = false;
    end_spell(boot);
}

ACTION(begin)
{
    UNUSED_EVENT;
    boot->failure = FAILURES;
    begin_spell(boot, boot->now);
    order_connect(boot, boot->plan->goal == GOAL_WAIT);
}

ACTION(begin_anew)
{
    kill_database_if_asked(boot);
    struct boot kept = *boot;
    boot_reset(boot);
    boot->effect_count = kept.effect_count;
    for (unsigned i = 0; i < kept.effect_count; i++) {
        boot->effects[i] = kept.effects[i];
    }
    action_begin(boot, event);
}

ACTION(connect)
{
    UNUSED_EVENT;
    order_connect(boot, boot->plan->goal == GOAL_WAIT);
}

ACTION(connected_check)
{
    UNUSED_EVENT;
    end_spell(boot);
    order_check(boot);
}

static duration retry_delay(struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    switch (boot->failure) {
    case FAILURE_NOT_LISTENING:
    case FAILURE_ALSO:
        boot->failures = 0;
        return plan->probe_interval ? plan->probe_interval : 1;
    case FAILURE_NO_ANSWER: {
        duration rest = boot->order_at + BOOT_SILENCE_PROBE - boot->now;
        duration least = plan->probe_interval ? plan->probe_interval : 1;
        return rest > least ? rest : least;
    }
    default:
        return backoff_full_jitter(&boot->random, plan->initial_delay, plan->multiplier, boot->failures++,
                                   plan->max_delay);
    }
}

ACTION(retry_later)
{
    boot->check_failed |= boot->state == STATE_CHECKING || boot->state == STATE_VERIFYING;
    boot->lock_failed |= boot->state == STATE_LOCKING;
    begin_spell(boot, boot->order_at);

    boot->failure = event->failure;
    instant next = boot->now + retry_delay(boot);
    if (event->failure != FAILURE_REFUSED) {
        boot->refused_since = BOOT_NEVER;
    } else {
        if (boot->refused_since == BOOT_NEVER) {
            boot->refused_since = boot->now;
        }
        instant last = boot->refused_since + boot->plan->permanent_grace;
        next = last < next && last > boot->now ? last : next;
    }
    boot->deadline[TIMER_STATE] = next;
}

/* ---- checking and locking ---- */

ACTION(check)
{
    UNUSED_EVENT;
    order_check(boot);
}

ACTION(checked)
{
    UNUSED_EVENT;
    boot->queued = false;
    boot->polls = 0;
}

ACTION(lock)
{
    UNUSED_EVENT;
    order_lock(boot);
}

ACTION(await)
{
    UNUSED_EVENT;
    const struct boot_plan *plan = boot->plan;
    if (boot->await_until == 0) {
        boot->await_until = boot->now + plan->verify_timeout;
    }
    instant next = boot->now + backoff_full_jitter(&boot->random, plan->initial_delay, plan->multiplier, boot->polls++,
                                                   plan->max_delay);
    boot->deadline[TIMER_STATE] = next < boot->await_until ? next : boot->await_until;
}

ACTION(locked_check)
{
    UNUSED_EVENT;
    boot->locked = true;
    boot->lost = false;
    boot->queued = false;
    boot->polls = 0;
    boot->lock_waited = boot_lock_waited(boot);
    boot->lock_since = BOOT_NEVER;
    boot->lock_failed = false;
    end_spell(boot);
    order_check(boot);
}

ACTION(queue)
{
    UNUSED_EVENT;
    boot->queued = true;
    boot->lock_failed = false;
    end_spell(boot);
    duration delay = BOOT_LOCK_POLL;
    for (unsigned i = 0; i < boot->polls && delay < BOOT_LOCK_POLL_MAX; i++) {
        delay += delay / 2;
    }
    boot->polls++;
    delay = delay / 2 + (duration)random_below(&boot->random, (uint64_t)(delay / 2 + 1));
    instant next = boot->now + delay;
    if (boot->plan->lock_timeout) {
        instant end = boot->lock_since + boot->plan->lock_timeout - boot->lock_waited;
        next = next < end ? next : end;
    }
    boot->deadline[TIMER_STATE] = next;
}

ACTION(lose_lock)
{
    UNUSED_EVENT;
    boot->locked = false;
}

ACTION(lose_lock_in_step)
{
    UNUSED_EVENT;
    boot->lost |= boot->locked;
    boot->locked = false;
}

/* ---- the ladder ---- */

static void enter(struct boot *boot, enum boot_list list)
{
    boot->list = list;
    boot->index = 0;
    boot->attempt = 1;
    boot->result = RESULT_NONE;
}

ACTION(enter_before)
{
    UNUSED_EVENT;
    boot->begun = true;
    enter(boot, LIST_BEFORE);
}

ACTION(enter_steps)
{
    UNUSED_EVENT;
    enter(boot, LIST_STEPS);
}

ACTION(enter_after)
{
    UNUSED_EVENT;
    boot->result = RESULT_NONE;
    boot->attempt = 1;
    if (boot->list != LIST_AFTER) { /* else the lock was lost on the way: those that ran do not run again */
        enter(boot, LIST_AFTER);
    }
}

ACTION(verify_after)
{
    UNUSED_EVENT;
    boot->result = RESULT_AFTER;
    order_check(boot);
}

ACTION(verify_last)
{
    UNUSED_EVENT;
    boot->result = RESULT_LAST;
    order_check(boot);
}

ACTION(next_step)
{
    UNUSED_EVENT;
    boot->index++;
    boot->attempt = 1;
    boot->result = RESULT_NONE;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
}

static void spawn(struct boot *boot, enum boot_effect_kind kind)
{
    duration timeout = boot_step(boot)->timeout;
    boot->step_at = boot->now;
    boot->timed_out = boot->lost = boot->permanent = false;
    boot->unlooked = true;
    boot->deadline[TIMER_STATE] = timeout ? boot->now + timeout : BOOT_NEVER;
    boot_effect(boot, kind);
}

ACTION(spawn_guard)
{
    UNUSED_EVENT;
    spawn(boot, EFFECT_SPAWN_GUARD);
}

ACTION(spawn_step)
{
    UNUSED_EVENT;
    spawn(boot, EFFECT_SPAWN_STEP);
}

ACTION(succeeded)
{
    UNUSED_EVENT;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->any_succeeded = true;
    boot->result = RESULT_SUCCEEDED;
    order_check(boot);
}

static void look_for(struct boot *boot, enum boot_result result)
{
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->result = result;
    order_connect(boot, false);
}

/* Who took the lock meanwhile may have run steps beside it: only the ledger tells. */
ACTION(lost_check)
{
    UNUSED_EVENT;
    look_for(boot, RESULT_LOST);
}

ACTION(clean_up)
{
    boot->permanent = event->permanent;
    boot->settle_until = boot->now + BOOT_SETTLE_TIMEOUT;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot_effect(boot, EFFECT_KILL_CHILD);
    order_sessions(boot);
}

static void signal_child(struct boot *boot, int signal)
{
    boot_effect(boot, EFFECT_SIGNAL_CHILD)->number = signal;
    if (boot->state != STATE_ENDING) {
        boot->deadline[TIMER_STATE] = boot->now + BOOT_KILL_AFTER;
    }
}

ACTION(end_child)
{
    UNUSED_EVENT;
    boot->timed_out = boot->state == STATE_STEPPING; /* a guard does no work that might be done */
    signal_child(boot, SIGTERM);
}

ACTION(note_leaving)
{
    if (!boot->leaving) {
        boot->leaving = STATUS_SIGNAL + event->signal;
    }
}

ACTION(end_child_signal)
{
    action_note_leaving(boot, event);
    signal_child(boot, event->signal);
}

ACTION(kill_child)
{
    UNUSED_EVENT;
    boot_effect(boot, EFFECT_KILL_CHILD);
    boot->deadline[TIMER_STATE] = boot->now + BOOT_KILL_AFTER;
}

ACTION(nothing)
{
    (void)boot;
    UNUSED_EVENT;
}

ACTION(ask_sessions)
{
    UNUSED_EVENT;
    order_sessions(boot);
}

ACTION(settle_later)
{
    UNUSED_EVENT;
    boot->deadline[TIMER_STATE] = boot->now + BOOT_SETTLE_INTERVAL;
}

ACTION(timed_out_check)
{
    UNUSED_EVENT;
    look_for(boot, RESULT_TIMED_OUT);
}

ACTION(not_done)
{
    UNUSED_EVENT;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->result = RESULT_NONE;
}

ACTION(pause)
{
    UNUSED_EVENT;
    duration first = boot_step(boot)->delay;
    duration max = first > BOOT_STEP_DELAY_MAX ? first : BOOT_STEP_DELAY_MAX;
    boot->delay = backoff_step(&boot->random, first, boot->attempt - 1, max);
    boot->attempt++;
    boot->deadline[TIMER_STATE] = boot->now + boot->delay;
}

ACTION(good)
{
    UNUSED_EVENT;
    boot->after_done = boot->result == RESULT_AFTER;
    boot->queued = false;
}

/* ---- the application ---- */

ACTION(close_first)
{
    UNUSED_EVENT;
    close_database(boot);
    boot->deadline[TIMER_STATE] = boot->now + BOOT_CLOSE_TIMEOUT;
}

static void disarm(struct boot *boot)
{
    for (int i = 0; i < BOOT_TIMERS; i++) {
        boot->deadline[i] = BOOT_NEVER;
    }
}

ACTION(start)
{
    UNUSED_EVENT;
    end_waiting(boot);
    disarm(boot);
    if (!boot->plan->exec) {
        close_database(boot);
    }
    boot_effect(boot, EFFECT_SUMMARY);
    boot_effect(boot, EFFECT_START);
}

ACTION(kill_database_start)
{
    boot_effect(boot, EFFECT_KILL_DATABASE);
    action_start(boot, event);
}

static void arm_look(struct boot *boot, duration otherwise)
{
    duration interval = boot->plan->interval ? boot->plan->interval : otherwise;
    boot->deadline[TIMER_LOOK] = interval ? boot->now + interval : BOOT_NEVER;
}

ACTION(running)
{
    UNUSED_EVENT;
    boot->app_ran = true;
    arm_look(boot, 0);
}

ACTION(look_connect)
{
    UNUSED_EVENT;
    order_connect(boot, boot->state == STATE_HELD);
}

ACTION(look_check)
{
    UNUSED_EVENT;
    order_check(boot);
}

ACTION(looked)
{
    boot->failed_looks = event->look.healthy ? 0 : boot->failed_looks + 1;
    close_database(boot);
    arm_look(boot, 0);
}

ACTION(look_failed)
{
    UNUSED_EVENT;
    boot->failed_looks++;
    close_database(boot);
    arm_look(boot, 0);
}

ACTION(forward)
{
    int signal = event->signal;
    if (boot->plan->stop_signal && (signal == SIGTERM || signal == SIGINT)) {
        signal = boot->plan->stop_signal;
    }
    boot_effect(boot, EFFECT_SIGNAL_APP)->number = signal;
}

ACTION(forward_stop)
{
    action_forward(boot, event);
    kill_database_if_asked(boot);
    boot->ordered = false;
    boot->deadline[TIMER_ORDER] = BOOT_NEVER;
    boot->deadline[TIMER_LOOK] = BOOT_NEVER;
    if (boot->plan->stop_timeout) {
        boot->deadline[TIMER_STOP] = boot->now + boot->plan->stop_timeout;
    }
}

ACTION(running_stop)
{
    action_running(boot, event);
    action_forward_stop(boot, &(struct boot_event){ .kind = EVENT_SIGNAL, .signal = boot->leaving - STATUS_SIGNAL });
}

ACTION(kill_rest)
{
    UNUSED_EVENT;
    boot_effect(boot, EFFECT_KILL_REST);
}

/* ---- the end ---- */

static void leave(struct boot *boot, int status)
{
    disarm(boot);
    boot->status = status;
    close_database(boot);
    if (!boot->app_ran) {
        boot_effect(boot, EFFECT_SUMMARY);
    }
    boot_effect(boot, EFFECT_EXIT)->number = status;
}

ACTION(leave_ok)
{
    UNUSED_EVENT;
    leave(boot, STATUS_OK);
}

ACTION(leave_unhealthy)
{
    UNUSED_EVENT;
    leave(boot, STATUS_SCHEMA);
}

ACTION(leave_unreachable)
{
    UNUSED_EVENT;
    leave(boot, STATUS_UNREACHABLE);
}

ACTION(leave_signal)
{
    boot->leaving = STATUS_SIGNAL + event->signal;
    leave(boot, boot->leaving);
}

ACTION(leave_left)
{
    UNUSED_EVENT;
    leave(boot, boot->leaving);
}

ACTION(leave_failed)
{
    UNUSED_EVENT;
    leave(boot, boot->status);
}

ACTION(leave_app)
{
    int status = event->status;
    if (boot->app_ran && boot->plan->ok_exit && status >= 0 && status < 256 && boot->plan->ok_exit[status]) {
        status = STATUS_OK;
    }
    leave(boot, status);
}

static void fail(struct boot *boot, int status)
{
    kill_database_if_asked(boot);
    boot->ordered = false;
    boot->status = status;
}

ACTION(fail_configuration)
{
    UNUSED_EVENT;
    fail(boot, STATUS_CONFIG);
}

ACTION(fail_waiting)
{
    if (event->kind == EVENT_FAILED) {
        boot->failure = event->failure;
    }
    fail(boot, boot->failure == FAILURE_REFUSED ? STATUS_REFUSED : STATUS_UNREACHABLE);
}

ACTION(fail_schema)
{
    UNUSED_EVENT;
    fail(boot, STATUS_SCHEMA);
}

ACTION(fail_steps)
{
    UNUSED_EVENT;
    fail(boot, STATUS_STEPS);
}

ACTION(fail_lock)
{
    UNUSED_EVENT;
    fail(boot, STATUS_LOCK);
}

/* ---- held ---- */

ACTION(hold)
{
    UNUSED_EVENT;
    end_waiting(boot);
    disarm(boot);
    close_database(boot);
    boot_effect(boot, EFFECT_SUMMARY);
    arm_look(boot, BOOT_HELD_INTERVAL);
}

ACTION(held_looked)
{
    UNUSED_EVENT;
    close_database(boot);
    arm_look(boot, BOOT_HELD_INTERVAL);
}

ACTION(held_failed)
{
    action_held_looked(boot, event);
}

ACTION(heal)
{
    UNUSED_EVENT;
    boot->healed = true;
    boot->result = RESULT_NONE;
    boot->status = STATUS_OK;
    boot->attempt = 1;
}
