/* Bugs that somebody might write into the table, its guards or its actions. Each must be caught: `sim --planted`. */
#include "world.h"

#include "boot/moves.h"

#include <signal.h>

#define ANYTHING (~UINT64_C(0))
#define S(name) (UINT64_C(1) << STATE_##name)

/* ---- altering rows ---- */

static bool fits(const struct boot_row *row, uint64_t from, enum boot_event_kind event, boot_guard *guard)
{
    return (row->from & from) && row->event == event && row->guard == guard;
}

/* Takes the row out of these states. */
static unsigned drop(struct boot_row *table, size_t rows, uint64_t from, enum boot_event_kind event, boot_guard *guard)
{
    unsigned touched = 0;
    for (size_t i = 0; i < rows; i++) {
        if (fits(&table[i], from, event, guard)) {
            table[i].from &= ~from;
            touched++;
        }
    }
    return touched;
}

static unsigned act(struct boot_row *table, size_t rows, uint64_t from, enum boot_event_kind event, boot_guard *guard,
                    boot_action *action)
{
    unsigned touched = 0;
    for (size_t i = 0; i < rows; i++) {
        if (fits(&table[i], from, event, guard)) {
            table[i].action = action;
            touched++;
        }
    }
    return touched;
}

static unsigned lead(struct boot_row *table, size_t rows, uint64_t from, enum boot_event_kind event, boot_guard *guard,
                     boot_action *action, enum boot_state to)
{
    unsigned touched = 0;
    for (size_t i = 0; i < rows; i++) {
        if (fits(&table[i], from, event, guard)) {
            table[i].action = action;
            table[i].to = to;
            touched++;
        }
    }
    return touched;
}

static unsigned guard_by(struct boot_row *table, size_t rows, boot_guard *guard, boot_guard *other)
{
    unsigned touched = 0;
    for (size_t i = 0; i < rows; i++) {
        if (table[i].guard == guard) {
            table[i].guard = other;
            touched++;
        }
    }
    return touched;
}

/* Every row with this action gets another. */
static unsigned replace(struct boot_row *table, size_t rows, boot_action *action, boot_action *other)
{
    unsigned touched = 0;
    for (size_t i = 0; i < rows; i++) {
        if (table[i].action == action) {
            table[i].action = other;
            touched++;
        }
    }
    return touched;
}

static void without(struct boot *boot, enum boot_effect_kind kind)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < boot->effect_count; i++) {
        if (boot->effects[i].kind != kind) {
            boot->effects[kept++] = boot->effects[i];
        }
    }
    boot->effect_count = kept;
}

/* ---- guards and actions that are wrong ---- */

static bool never(MAY_USE const struct boot *boot, MAY_USE const struct boot_event *event)
{
    return false;
}

static bool always(MAY_USE const struct boot *boot, MAY_USE const struct boot_event *event)
{
    return true;
}

static bool healthy_timed_out(const struct boot *boot, const struct boot_event *event)
{
    return boot->result == RESULT_TIMED_OUT && event->look.healthy;
}

static bool healed_unproven(const struct boot *boot, MAY_USE const struct boot_event *event)
{
    return boot->status == STATUS_SCHEMA;
}

static bool timer_any(const struct boot *boot, MAY_USE const struct boot_event *event)
{
    return boot->now > 0;
}

static void leave_locked(struct boot *boot, const struct boot_event *event)
{
    action_leave_failed(boot, event);
    without(boot, EFFECT_CLOSE_DATABASE);
}

static void leave_signal_0(struct boot *boot, const struct boot_event *event)
{
    action_leave_signal(boot, event);
    boot->effects[boot->effect_count - 1].number = 0;
}

static void leave_signal_locked(struct boot *boot, const struct boot_event *event)
{
    action_leave_signal(boot, event);
    without(boot, EFFECT_CLOSE_DATABASE);
}

static void end_child_for_ever(struct boot *boot, const struct boot_event *event)
{
    action_end_child(boot, event);
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
}

static void end_child_quietly(struct boot *boot, const struct boot_event *event)
{
    action_end_child(boot, event);
    without(boot, EFFECT_SIGNAL_CHILD);
}

static void kill_nobody(struct boot *boot, const struct boot_event *event)
{
    action_kill_child(boot, event);
    without(boot, EFFECT_KILL_CHILD);
}

static void clean_up_half(struct boot *boot, const struct boot_event *event)
{
    action_clean_up(boot, event);
    without(boot, EFFECT_KILL_CHILD);
}

static void spawn_without_deadline(struct boot *boot, const struct boot_event *event)
{
    action_spawn_step(boot, event);
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
}

static void retry_with_a_new_budget(struct boot *boot, const struct boot_event *event)
{
    action_retry_later(boot, event);
    boot->waited = 0;
    boot->waiting_since = boot->now;
    if (boot->plan->wait_timeout) {
        boot->deadline[TIMER_BUDGET] = boot->now + boot->plan->wait_timeout;
    }
}

static void retry_without_delay(struct boot *boot, const struct boot_event *event)
{
    action_retry_later(boot, event);
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
}

static void check_without_deadline(struct boot *boot, const struct boot_event *event)
{
    action_connected_check(boot, event);
    boot->deadline[TIMER_ORDER] = BOOT_NEVER;
}

static void hold_locked(struct boot *boot, const struct boot_event *event)
{
    action_hold(boot, event);
    without(boot, EFFECT_CLOSE_DATABASE);
}

static void hold_for_ever(struct boot *boot, const struct boot_event *event)
{
    action_hold(boot, event);
    boot->deadline[TIMER_LOOK] = BOOT_NEVER;
}

static void heal_with_the_old_budgets(struct boot *boot, const struct boot_event *event)
{
    struct boot before = *boot;
    action_heal(boot, event);
    boot->waited = before.waited;
    boot->lock_waited = before.lock_waited;
    boot->lock_since = before.lock_since;
}

static void stop_without_timeout(struct boot *boot, const struct boot_event *event)
{
    action_forward_stop(boot, event);
    boot->deadline[TIMER_STOP] = BOOT_NEVER;
}

static void forward_to_nobody(struct boot *boot, const struct boot_event *event)
{
    action_forward(boot, event);
    without(boot, EFFECT_SIGNAL_APP);
}

static void forget_pause(struct boot *boot, const struct boot_event *event)
{
    action_pause(boot, event);
    boot->deadline[TIMER_STATE] = boot->now;
}

static void ignore_ok_exit(struct boot *boot, const struct boot_event *event)
{
    action_leave_app(boot, event);
    boot->effects[boot->effect_count - 1].number = 1;
}

static void keep_attempt(struct boot *boot, const struct boot_event *event)
{
    action_pause(boot, event);
    boot->attempt--;
}

static void look_twice(struct boot *boot, const struct boot_event *event)
{
    action_connected_check(boot, event);
    boot_effect(boot, EFFECT_ORDER)->order.order = BOOT_CHECK;
}

/* ---- the list ---- */

#define PLANT(title, ...)                                              \
    static unsigned plant_##title(struct boot_row *table, size_t rows) \
    {                                                                  \
        return __VA_ARGS__;                                            \
    }

PLANT(skip_verification, lead(table, rows, S(STEPPING), EVENT_CHILD_ENDED, guard_child_ok, action_good, STATE_GOOD))
PLANT(start_unhealthy, guard_by(table, rows, guard_healthy, always))
PLANT(timed_out_is_done, guard_by(table, rows, guard_healthy_proven, healthy_timed_out))
PLANT(failed_is_done, lead(table, rows, S(STEPPING), EVENT_CHILD_ENDED, NULL, action_succeeded, STATE_VERIFYING))
PLANT(all_failed_is_good, lead(table, rows, S(ADVANCING), EVENT_GO, guard_steps_done, action_good, STATE_GOOD))
PLANT(after_not_verified, lead(table, rows, S(ADVANCING), EVENT_GO, guard_after_done, action_start, STATE_STARTING))
PLANT(no_term, act(table, rows, S(STEPPING), EVENT_TIMER, guard_timer_state, end_child_quietly))
PLANT(no_kill_after_term, act(table, rows, S(STEPPING), EVENT_TIMER, guard_timer_state, end_child_for_ever))
PLANT(kill_nobody, act(table, rows, S(ENDING), EVENT_TIMER, guard_timer_state, kill_nobody))
PLANT(forget_the_group, replace(table, rows, action_clean_up, clean_up_half))
PLANT(step_without_deadline, replace(table, rows, action_spawn_step, spawn_without_deadline))
PLANT(look_without_deadline, replace(table, rows, action_connected_check, check_without_deadline))
PLANT(retry_never, replace(table, rows, action_retry_later, retry_without_delay))
PLANT(budget_anew_each_time, replace(table, rows, action_retry_later, retry_with_a_new_budget))
PLANT(lock_for_ever, drop(table, rows, S(LOCKING), EVENT_BUSY, guard_locked_enough))
PLANT(ignore_lock_loss, replace(table, rows, action_lose_lock, action_nothing))
PLANT(ignore_lock_loss_in_step, replace(table, rows, action_lose_lock_in_step, action_nothing))
PLANT(no_lock_at_first,
      guard_by(table, rows, guard_must_run_unlocked, never) + guard_by(table, rows, guard_not_locked, never))
PLANT(no_lock_anew, guard_by(table, rows, guard_not_locked, never))
PLANT(direct_url_taken_on_trust, guard_by(table, rows, guard_direct_unsure, never))
PLANT(no_look_under_the_lock, lead(table, rows, S(LOCKING), EVENT_LOCKED, NULL, action_enter_before, STATE_ADVANCING))
PLANT(guard_on_a_lost_lock, drop(table, rows, S(GUARDING), EVENT_CHILD_ENDED, guard_child_ok_lost))
PLANT(lost_lock_is_nothing, guard_by(table, rows, guard_child_ok_lost_history, never) +
                                drop(table, rows, S(STEPPING), EVENT_CHILD_ENDED, guard_child_ok_lost))
PLANT(unreadable_is_nothing, guard_by(table, rows, guard_hopeless, never))
PLANT(newer_schema_is_nothing, guard_by(table, rows, guard_forbidden, never))
PLANT(guard_is_skipped,
      guard_by(table, rows, guard_guarded, never) + guard_by(table, rows, guard_guarded_emergency, never))
PLANT(guard_says_yes, guard_by(table, rows, guard_child_additive, guard_child_ok))
PLANT(permanent_is_retried, guard_by(table, rows, guard_is_permanent, never))
PLANT(attempts_without_end, guard_by(table, rows, guard_attempts_left, always))
PLANT(attempts_not_counted, replace(table, rows, action_pause, keep_attempt))
PLANT(no_delay_between, replace(table, rows, action_pause, forget_pause))
PLANT(sessions_do_not_matter, guard_by(table, rows, guard_settled, always))
PLANT(sessions_for_ever, guard_by(table, rows, guard_settled_enough, never))
PLANT(before_may_fail, guard_by(table, rows, guard_not_a_step, never))
PLANT(deaf_while_pausing, drop(table, rows, S(PAUSING), EVENT_SIGNAL, guard_is_stop))
PLANT(deaf_while_retrying, drop(table, rows, S(RETRYING), EVENT_SIGNAL, guard_is_stop))
PLANT(deaf_while_settling, drop(table, rows, S(SETTLING), EVENT_SIGNAL, guard_is_stop))
PLANT(deaf_while_starting, drop(table, rows, S(STARTING), EVENT_SIGNAL, guard_is_stop))
PLANT(forget_the_signal, guard_by(table, rows, guard_is_leaving, never))
PLANT(finish_is_abort, guard_by(table, rows, guard_is_stop_finish, never))
PLANT(finish_goes_on, guard_by(table, rows, guard_child_ok_leaving, never))
PLANT(stopped_is_0, replace(table, rows, action_leave_signal, leave_signal_0))
PLANT(stopped_with_the_lock, replace(table, rows, action_leave_signal, leave_signal_locked))
PLANT(failed_with_the_lock, replace(table, rows, action_leave_failed, leave_locked))
PLANT(held_with_the_lock, replace(table, rows, action_hold, hold_locked))
PLANT(held_for_ever, replace(table, rows, action_hold, hold_for_ever))
PLANT(held_starts_unverified, guard_by(table, rows, guard_heals, healed_unproven))
PLANT(healed_budgets_add_up, replace(table, rows, action_heal, heal_with_the_old_budgets))
PLANT(pending_is_started_on, guard_by(table, rows, guard_behind, never))
PLANT(sync_is_held, guard_by(table, rows, guard_may_hold, always))
PLANT(no_room_is_75, replace(table, rows, action_fail_waiting, action_fail_lock))
PLANT(busy_is_69, replace(table, rows, action_fail_lock, action_fail_waiting))
PLANT(unhealthy_is_70, replace(table, rows, action_fail_schema, action_fail_steps))
PLANT(refused_at_once, guard_by(table, rows, guard_refused_for_good, timer_any))
PLANT(application_twice, lead(table, rows, S(RUNNING), EVENT_APP_ENDED, NULL, action_start, STATE_STARTING))
PLANT(application_status_lost, replace(table, rows, action_leave_app, ignore_ok_exit))
PLANT(exec_beside_the_database, guard_by(table, rows, guard_execs, never))
PLANT(address_kept, guard_by(table, rows, guard_holds_address, never))
PLANT(stop_timeout_forgotten, replace(table, rows, action_forward_stop, stop_without_timeout))
PLANT(signals_not_forwarded, replace(table, rows, action_forward, forward_to_nobody))
PLANT(after_skipped,
      guard_by(table, rows, guard_after_waits, never) + guard_by(table, rows, guard_after_unlocked, never))
PLANT(after_on_a_broken_schema, guard_by(table, rows, guard_after_broken, never))
PLANT(two_orders, replace(table, rows, action_connected_check, look_twice))

#define BUG(title, text)            \
    {                               \
#title, text, plant_##title \
    }

const struct plant plants[] = {
    BUG(skip_verification, "a step that succeeded is believed"),
    BUG(start_unhealthy, "the application starts on an unhealthy look"),
    BUG(timed_out_is_done, "a step that timed out counts as done although the ledger proves nothing"),
    BUG(failed_is_done, "a failed step is verified like one that succeeded"),
    BUG(all_failed_is_good, "the ladder's end is as good as success"),
    BUG(after_not_verified, "no look follows the steps of after"),
    BUG(no_term, "a step that lasts too long is not told"),
    BUG(no_kill_after_term, "TERM without a deadline for KILL"),
    BUG(kill_nobody, "the KILL after TERM is not sent"),
    BUG(forget_the_group, "what a failed step left behind is not killed"),
    BUG(step_without_deadline, "the timeout of a step is not armed"),
    BUG(look_without_deadline, "an order without a deadline"),
    BUG(retry_never, "the delay before the next attempt is not armed"),
    BUG(budget_anew_each_time, "each failure has the whole wait.timeout"),
    BUG(lock_for_ever, "lock_timeout means nothing"),
    BUG(ignore_lock_loss, "a lock lost between steps is still believed in"),
    BUG(ignore_lock_loss_in_step, "a lock lost in mid-step is still believed in"),
    BUG(no_lock_at_first, "the ladder begins without the lock"),
    BUG(no_lock_anew, "a lost lock is not taken anew"),
    BUG(direct_url_taken_on_trust, "without a lock steps run wherever direct_url leads"),
    BUG(no_look_under_the_lock, "what another replica did meanwhile is done again"),
    BUG(guard_on_a_lost_lock, "a step starts on a guard that ended without the lock"),
    BUG(lost_lock_is_nothing, "a step whose lock was lost counts as if it had it"),
    BUG(unreadable_is_nothing, "steps run for a schema that nobody can verify"),
    BUG(newer_schema_is_nothing, "a forbidden step runs on a newer schema"),
    BUG(guard_is_skipped, "a guarded step runs without its guard"),
    BUG(guard_says_yes, "a destructive guard is taken for an additive one"),
    BUG(permanent_is_retried, "a permanent error is retried"),
    BUG(attempts_without_end, "a step is retried for ever"),
    BUG(attempts_not_counted, "an attempt is not counted"),
    BUG(no_delay_between, "attempts follow each other at once"),
    BUG(sessions_do_not_matter, "what a killed step left in the server is not waited for"),
    BUG(sessions_for_ever, "what a killed step left in the server is waited for without end"),
    BUG(before_may_fail, "a step of before or after that failed is passed over"),
    BUG(deaf_while_pausing, "TERM is ignored between two attempts"),
    BUG(deaf_while_retrying, "TERM is ignored while waiting"),
    BUG(deaf_while_settling, "TERM is ignored while sessions are waited for"),
    BUG(deaf_while_starting, "TERM is lost on the way into the application"),
    BUG(forget_the_signal, "a boot that was told to stop goes on after the step"),
    BUG(finish_is_abort, "stop: finish passes the signal on"),
    BUG(finish_goes_on, "stop: finish starts the next step"),
    BUG(stopped_is_0, "a stopped boot exits with 0"),
    BUG(stopped_with_the_lock, "a stopped boot never releases the lock"),
    BUG(failed_with_the_lock, "a failed boot never releases the lock"),
    BUG(held_with_the_lock, "a held boot keeps the lock"),
    BUG(held_for_ever, "a held boot does not look again"),
    BUG(held_starts_unverified, "a held boot starts although nothing verifies"),
    BUG(healed_budgets_add_up, "a held boot that goes on has only what its budgets were before"),
    BUG(pending_is_started_on, "the application starts before another container has applied what is pending"),
    BUG(sync_is_held, "a command without an application is held"),
    BUG(no_room_is_75, "an unreachable database is reported as a busy lock"),
    BUG(busy_is_69, "a busy lock is reported as an unreachable database"),
    BUG(unhealthy_is_70, "an unhealthy schema is reported as failed steps"),
    BUG(refused_at_once, "any failure is final"),
    BUG(application_twice, "an application that ended is started again"),
    BUG(application_status_lost, "the application's status is lost"),
    BUG(address_kept, "the application starts while the placeholder listens on its address"),
    BUG(exec_beside_the_database, "mode exec does not close the database first"),
    BUG(stop_timeout_forgotten, "app.stop_timeout is not armed"),
    BUG(signals_not_forwarded, "a signal does not reach the application"),
    BUG(after_skipped, "the steps of after do not run"),
    BUG(after_on_a_broken_schema, "the steps of after go on although the schema broke"),
    BUG(two_orders, "a second order is given before the first is answered"),
};
const size_t plant_count = sizeof plants / sizeof plants[0];
