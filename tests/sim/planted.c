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
static unsigned drop(struct boot_row *table, uint64_t from, enum boot_event_kind event, boot_guard *guard)
{
    unsigned touched = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
        if (fits(&table[i], from, event, guard)) {
            table[i].from &= ~from;
            touched++;
        }
    }
    return touched;
}

static unsigned lead(struct boot_row *table, uint64_t from, enum boot_event_kind event, boot_guard *guard,
                     boot_action *action, enum boot_state to)
{
    unsigned touched = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
        if (fits(&table[i], from, event, guard)) {
            table[i].action = action;
            table[i].to = to;
            touched++;
        }
    }
    return touched;
}

static unsigned guard_by(struct boot_row *table, boot_guard *guard, boot_guard *other)
{
    unsigned touched = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
        if (table[i].guard == guard) {
            table[i].guard = other;
            touched++;
        }
    }
    return touched;
}

/* Every row with this action gets another. */
static unsigned replace(struct boot_row *table, boot_action *action, boot_action *other)
{
    unsigned touched = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
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

/* Name, what is wrong, and how the table is altered: the number of rows that were. */
#define PLANTS(X)                                                                                                     \
    X(skip_verification, "a step that succeeded is believed",                                                         \
      lead(table, S(STEPPING), EVENT_CHILD_ENDED, guard_child_ok, action_good, STATE_GOOD))                           \
    X(start_unhealthy, "the application starts on an unhealthy look", guard_by(table, guard_healthy, always))         \
    X(timed_out_is_done, "a step that timed out counts as done although the ledger proves nothing",                   \
      guard_by(table, guard_healthy_proven, healthy_timed_out))                                                       \
    X(failed_is_done, "a failed step is verified like one that succeeded",                                            \
      lead(table, S(STEPPING), EVENT_CHILD_ENDED, NULL, action_succeeded, STATE_VERIFYING))                           \
    X(all_failed_is_good, "the ladder's end is as good as success",                                                   \
      lead(table, S(ADVANCING), EVENT_GO, guard_steps_done, action_good, STATE_GOOD))                                 \
    X(after_not_verified, "no look follows the steps of after",                                                       \
      lead(table, S(ADVANCING), EVENT_GO, guard_after_done, action_start, STATE_STARTING))                            \
    X(no_term, "a step that lasts too long is not told",                                                              \
      lead(table, S(STEPPING), EVENT_TIMER, guard_timer_state, end_child_quietly, STATE_ENDING))                      \
    X(no_kill_after_term, "TERM without a deadline for KILL",                                                         \
      lead(table, S(STEPPING), EVENT_TIMER, guard_timer_state, end_child_for_ever, STATE_ENDING))                     \
    X(kill_nobody, "the KILL after TERM is not sent",                                                                 \
      lead(table, S(ENDING), EVENT_TIMER, guard_timer_state, kill_nobody, STATE_ENDING))                              \
    X(forget_the_group, "what a failed step left behind is not killed",                                               \
      replace(table, action_clean_up, clean_up_half))                                                                 \
    X(step_without_deadline, "the timeout of a step is not armed",                                                    \
      replace(table, action_spawn_step, spawn_without_deadline))                                                      \
    X(look_without_deadline, "an order without a deadline",                                                           \
      replace(table, action_connected_check, check_without_deadline))                                                 \
    X(retry_never, "the delay before the next attempt is not armed",                                                  \
      replace(table, action_retry_later, retry_without_delay))                                                        \
    X(budget_anew_each_time, "each failure has the whole wait.timeout",                                               \
      replace(table, action_retry_later, retry_with_a_new_budget))                                                    \
    X(lock_for_ever, "lock_timeout means nothing", drop(table, S(LOCKING), EVENT_BUSY, guard_locked_enough))          \
    X(ignore_lock_loss, "a lock lost between steps is still believed in",                                             \
      replace(table, action_lose_lock, action_nothing))                                                               \
    X(ignore_lock_loss_in_step, "a lock lost in mid-step is still believed in",                                       \
      replace(table, action_lose_lock_in_step, action_nothing))                                                       \
    X(no_lock_at_first, "the ladder begins without the lock",                                                         \
      guard_by(table, guard_must_run_unlocked, never) + guard_by(table, guard_not_locked, never))                     \
    X(no_lock_anew, "a lost lock is not taken anew", guard_by(table, guard_not_locked, never))                        \
    X(direct_url_taken_on_trust, "without a lock steps run wherever direct_url leads",                                \
      guard_by(table, guard_direct_unsure, never))                                                                    \
    X(no_look_under_the_lock, "what another replica did meanwhile is done again",                                     \
      lead(table, S(LOCKING), EVENT_LOCKED, NULL, action_enter_before, STATE_ADVANCING))                              \
    X(guard_on_a_lost_lock, "a step starts on a guard that ended without the lock",                                   \
      drop(table, S(GUARDING), EVENT_CHILD_ENDED, guard_child_ok_lost))                                               \
    X(lost_lock_is_nothing, "a step whose lock was lost counts as if it had it",                                      \
      guard_by(table, guard_child_ok_lost_history, never) +                                                           \
          drop(table, S(STEPPING), EVENT_CHILD_ENDED, guard_child_ok_lost))                                           \
    X(unreadable_is_nothing, "steps run for a schema that nobody can verify", guard_by(table, guard_hopeless, never)) \
    X(newer_schema_is_nothing, "a forbidden step runs on a newer schema", guard_by(table, guard_forbidden, never))    \
    X(guard_is_skipped, "a guarded step runs without its guard",                                                      \
      guard_by(table, guard_guarded, never) + guard_by(table, guard_guarded_emergency, never))                        \
    X(guard_says_yes, "a destructive guard is taken for an additive one",                                             \
      guard_by(table, guard_child_additive, guard_child_ok))                                                          \
    X(permanent_is_retried, "a permanent error is retried", guard_by(table, guard_is_permanent, never))               \
    X(attempts_without_end, "a step is retried for ever", guard_by(table, guard_attempts_left, always))               \
    X(attempts_not_counted, "an attempt is not counted", replace(table, action_pause, keep_attempt))                  \
    X(no_delay_between, "attempts follow each other at once", replace(table, action_pause, forget_pause))             \
    X(sessions_do_not_matter, "what a killed step left in the server is not waited for",                              \
      guard_by(table, guard_settled, always))                                                                         \
    X(sessions_for_ever, "what a killed step left in the server is waited for without end",                           \
      guard_by(table, guard_settled_enough, never))                                                                   \
    X(before_may_fail, "a step of before or after that failed is passed over",                                        \
      guard_by(table, guard_not_a_step, never))                                                                       \
    X(deaf_while_pausing, "TERM is ignored between two attempts",                                                     \
      drop(table, S(PAUSING), EVENT_SIGNAL, guard_is_stop))                                                           \
    X(deaf_while_retrying, "TERM is ignored while waiting", drop(table, S(RETRYING), EVENT_SIGNAL, guard_is_stop))    \
    X(deaf_while_settling, "TERM is ignored while sessions are waited for",                                           \
      drop(table, S(SETTLING), EVENT_SIGNAL, guard_is_stop))                                                          \
    X(deaf_while_starting, "TERM is lost on the way into the application",                                            \
      drop(table, S(STARTING), EVENT_SIGNAL, guard_is_stop))                                                          \
    X(forget_the_signal, "a boot that was told to stop goes on after the step",                                       \
      guard_by(table, guard_is_leaving, never))                                                                       \
    X(finish_is_abort, "stop: finish passes the signal on", guard_by(table, guard_is_stop_finish, never))             \
    X(finish_goes_on, "stop: finish starts the next step", guard_by(table, guard_child_ok_leaving, never))            \
    X(stopped_is_0, "a stopped boot exits with 0", replace(table, action_leave_signal, leave_signal_0))               \
    X(stopped_with_the_lock, "a stopped boot never releases the lock",                                                \
      replace(table, action_leave_signal, leave_signal_locked))                                                       \
    X(failed_with_the_lock, "a failed boot never releases the lock",                                                  \
      replace(table, action_leave_failed, leave_locked))                                                              \
    X(held_with_the_lock, "a held boot keeps the lock", replace(table, action_hold, hold_locked))                     \
    X(held_for_ever, "a held boot does not look again", replace(table, action_hold, hold_for_ever))                   \
    X(held_starts_unverified, "a held boot starts although nothing verifies",                                         \
      guard_by(table, guard_heals, healed_unproven))                                                                  \
    X(healed_budgets_add_up, "a held boot that goes on has only what its budgets were before",                        \
      replace(table, action_heal, heal_with_the_old_budgets))                                                         \
    X(pending_is_started_on, "the application starts before another container has applied what is pending",           \
      guard_by(table, guard_behind, never))                                                                           \
    X(sync_is_held, "a command without an application is held", guard_by(table, guard_may_hold, always))              \
    X(no_room_is_75, "an unreachable database is reported as a busy lock",                                            \
      replace(table, action_fail_waiting, action_fail_lock))                                                          \
    X(busy_is_69, "a busy lock is reported as an unreachable database",                                               \
      replace(table, action_fail_lock, action_fail_waiting))                                                          \
    X(unhealthy_is_70, "an unhealthy schema is reported as failed steps",                                             \
      replace(table, action_fail_schema, action_fail_steps))                                                          \
    X(refused_at_once, "any failure is final", guard_by(table, guard_refused_for_good, timer_any))                    \
    X(application_twice, "an application that ended is started again",                                                \
      lead(table, S(RUNNING), EVENT_APP_ENDED, NULL, action_start, STATE_STARTING))                                   \
    X(application_status_lost, "the application's status is lost", replace(table, action_leave_app, ignore_ok_exit))  \
    X(address_kept, "the application starts while the placeholder listens on its address",                            \
      guard_by(table, guard_holds_address, never))                                                                    \
    X(exec_beside_the_database, "mode exec does not close the database first", guard_by(table, guard_execs, never))   \
    X(stop_timeout_forgotten, "app.stop_timeout is not armed",                                                        \
      replace(table, action_forward_stop, stop_without_timeout))                                                      \
    X(signals_not_forwarded, "a signal does not reach the application",                                               \
      replace(table, action_forward, forward_to_nobody))                                                              \
    X(after_skipped, "the steps of after do not run",                                                                 \
      guard_by(table, guard_after_waits, never) + guard_by(table, guard_after_unlocked, never))                       \
    X(after_on_a_broken_schema, "the steps of after go on although the schema broke",                                 \
      guard_by(table, guard_after_broken, never))                                                                     \
    X(two_orders, "a second order is given before the first is answered",                                             \
      replace(table, action_connected_check, look_twice))

#define X(title, text, ...)                               \
    static unsigned plant_##title(struct boot_row *table) \
    {                                                     \
        return __VA_ARGS__;                               \
    }
PLANTS(X)
#undef X

const struct plant plants[] = {
#define X(title, text, ...) { #title, text, plant_##title },
    PLANTS(X)
#undef X
};
const size_t plant_count = sizeof plants / sizeof plants[0];
