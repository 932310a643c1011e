#include "boot/moves.h"

#include <signal.h>

#define GUARD(name) bool guard_##name(MAY_USE const struct boot *boot, MAY_USE const struct boot_event *event)
#define GUARD_IS(name, ...) \
    GUARD(name)             \
    {                       \
        return __VA_ARGS__; \
    }

static bool lock_ok(const struct boot *boot)
{
    return boot->locked || !boot->plan->lock;
}

/* ---- waiting ---- */

GUARD_IS(only_waits, boot->plan->goal == GOAL_WAIT)
GUARD_IS(only_looks, boot->plan->goal == GOAL_LOOK)
GUARD_IS(only_looks_healthy, boot->plan->goal == GOAL_LOOK && event->look.healthy)
GUARD_IS(is_configuration, event->failure == FAILURE_CONFIG)

GUARD(refused_for_good)
{
    duration refused = boot->refused_since == BOOT_NEVER ? 0 : boot->now - boot->refused_since;
    return event->failure == FAILURE_REFUSED && refused >= boot->plan->permanent_grace;
}

GUARD(waited_enough)
{
    /* what failed outside a spell of waiting took time as well */
    duration now = boot->waiting_since == BOOT_NEVER ? boot->now - boot->order_at : 0;
    return boot->plan->wait_timeout && boot_waited(boot) + now >= boot->plan->wait_timeout;
}

GUARD_IS(result_open, boot->result != RESULT_NONE)
GUARD_IS(result_open_lost, guard_result_open(boot, event) && boot->lost)
GUARD_IS(lock_fails, boot->lock_failed)

/* ---- must anything run? ---- */

GUARD(must_run)
{
    const struct boot_plan *plan = boot->plan;
    const struct boot_look *look = &event->look;

    if (plan->step_count[LIST_STEPS] == 0 || boot->healed) {
        return false;
    }
    if (plan->force || plan->when == BOOT_ALWAYS) {
        return true;
    }
    if (plan->when == BOOT_UNVERIFIED) {
        return !look->healthy;
    }
    return !(plan->history && look->proven && look->healthy);
}

GUARD_IS(must_run_unlocked, !lock_ok(boot) && guard_must_run(boot, event))
GUARD_IS(must_run_queued, (boot->queued || boot->lock_failed) && guard_must_run_unlocked(boot, event))
GUARD_IS(must_run_again, guard_must_run(boot, event) && boot->begun)
GUARD_IS(healthy, event->look.healthy)
GUARD_IS(may_await, boot->plan->verify_timeout && boot->plan->step_count[LIST_STEPS] == 0 &&
                        (boot->await_until == 0 || boot->now < boot->await_until))

/* Whoever waits for another container to bring the schema up waits for all of it. */
static bool is_behind(const struct boot_plan *plan, const struct boot_look *look)
{
    return plan->verify_timeout && plan->step_count[LIST_STEPS] == 0 && look->behind;
}

GUARD_IS(may_await_behind, is_behind(boot->plan, &event->look) && guard_may_await(boot, event))
GUARD_IS(behind, is_behind(boot->plan, &event->look) && event->look.healthy)
GUARD_IS(locked_enough, boot->plan->lock_timeout != 0 && boot_lock_waited(boot) >= boot->plan->lock_timeout)

/* ---- which step is next? ---- */

static bool past_end(const struct boot *boot, enum boot_list list)
{
    return boot->list == list && boot_step(boot) == NULL;
}

GUARD_IS(before_done, past_end(boot, LIST_BEFORE))
GUARD_IS(steps_done_lost, past_end(boot, LIST_STEPS) && boot->lost)
GUARD_IS(steps_done_unsure,
         guard_steps_done(boot, event) && (boot->unlooked || (boot->any_succeeded && boot->look.healthy)))
GUARD_IS(steps_done_unhealthy, past_end(boot, LIST_STEPS) && boot->any_succeeded)
GUARD_IS(steps_done, past_end(boot, LIST_STEPS))
GUARD_IS(after_done, past_end(boot, LIST_AFTER))
GUARD_IS(not_locked, !lock_ok(boot))
GUARD_IS(direct_unsure, boot->plan->direct && !boot->plan->lock && !boot->direct)

GUARD(forbidden)
{
    const struct boot_step *step = boot_step(boot);
    return boot->look.gone && (boot->list == LIST_STEPS ? !step->own_history : step->alters);
}

GUARD_IS(emergency, boot->list == LIST_STEPS && boot->index > 0 && boot->attempt == 1)
GUARD_IS(guarded, boot_step(boot)->guarded)
GUARD_IS(guarded_emergency, guard_guarded(boot, event) && guard_emergency(boot, event))

/* ---- a step ended ---- */

GUARD_IS(child_additive, event->status == 0 && event->additive)
GUARD_IS(child_destructive, event->status == 0 && !event->additive)
GUARD_IS(child_destructive_beside, boot->list != LIST_STEPS && guard_child_destructive(boot, event))
GUARD_IS(child_ok, event->status == 0)
GUARD_IS(child_ok_leaving, event->status == 0 && boot->leaving)
GUARD_IS(child_ok_lost, event->status == 0 && boot->lost)
GUARD_IS(child_ok_lost_history, guard_child_ok_lost(boot, event) && boot->plan->history)
GUARD_IS(child_ok_beside, event->status == 0 && boot->list != LIST_STEPS)
GUARD_IS(child_late, boot->timed_out || !boot->leaving)

/* ---- signals and timers ---- */

bool boot_is_stop(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

GUARD_IS(is_stop, boot_is_stop(event->signal))
GUARD_IS(is_stop_of_app,
         event->signal == SIGTERM || event->signal == SIGINT || event->signal == boot->plan->stop_signal)
GUARD_IS(is_stop_again, boot_is_stop(event->signal) && boot->leaving)
GUARD_IS(is_stop_finish, boot_is_stop(event->signal) && boot->plan->finish)
GUARD_IS(is_hangup, event->signal == SIGHUP)
GUARD_IS(timer_state, event->timer == TIMER_STATE)
GUARD_IS(timer_budget, event->timer == TIMER_BUDGET)
GUARD_IS(timer_look, event->timer == TIMER_LOOK)
GUARD_IS(timer_stop, event->timer == TIMER_STOP)

/* ---- after a failed attempt ---- */

GUARD_IS(settled, event->count == 0)
GUARD_IS(settled_enough, boot->now >= boot->settle_until)
GUARD_IS(is_leaving, boot->leaving != 0)
/* What the ledger proved before is no work of a step that is not the history's own. */
GUARD_IS(timed_out_with_history, boot->timed_out && boot->list == LIST_STEPS && boot->plan->history &&
                                     (boot_step(boot)->own_history || !boot->look.proven))
GUARD_IS(not_a_step, boot->list != LIST_STEPS)
GUARD_IS(is_permanent, boot->permanent)
GUARD_IS(attempts_left, boot->attempt < boot_step(boot)->attempts)

/* ---- verifying ---- */

GUARD_IS(healthy_after, boot->result == RESULT_AFTER && event->look.healthy && !guard_behind(boot, event))
GUARD_IS(healthy_proven, boot->result == RESULT_TIMED_OUT && event->look.healthy && event->look.proven)
GUARD_IS(lost_proven, boot->result == RESULT_LOST && event->look.healthy && event->look.proven)
GUARD_IS(result_lost, boot->result == RESULT_LOST)
GUARD_IS(result_timed_out, boot->result == RESULT_TIMED_OUT)
GUARD_IS(last_healthy, boot->result == RESULT_LAST && boot->any_succeeded && event->look.healthy)
GUARD_IS(last_failed, boot->result == RESULT_LAST && !boot->any_succeeded)
GUARD_IS(result_last, boot->result == RESULT_LAST)
GUARD_IS(result_after, boot->result == RESULT_AFTER)
GUARD_IS(after_waits, boot->plan->step_count[LIST_AFTER] && !boot->after_done)
GUARD_IS(hopeless, event->look.hopeless)
GUARD_IS(after_unlocked, guard_after_waits(boot, event) && !lock_ok(boot))
GUARD_IS(after_queued, (boot->queued || boot->lock_failed) && event->look.healthy && guard_after_unlocked(boot, event))
GUARD_IS(after_broken, boot->list == LIST_AFTER && !event->look.healthy)
GUARD_IS(only_syncs, boot->plan->goal == GOAL_SYNC)
GUARD_IS(execs, boot->plan->exec)
GUARD_IS(holds_address, boot->plan->placeholder)

/* ---- held ---- */

GUARD(may_hold)
{
    int status = boot->status;
    return boot->plan->hold && boot->plan->goal == GOAL_RUN &&
           (status == STATUS_SCHEMA || status == STATUS_UNREACHABLE || status == STATUS_STEPS ||
            status == STATUS_LOCK || status == STATUS_REFUSED);
}

GUARD_IS(anew, boot->status == STATUS_UNREACHABLE || boot->status == STATUS_LOCK || boot->status == STATUS_REFUSED)
GUARD_IS(heals, event->look.healthy && !is_behind(boot->plan, &event->look) &&
                    (boot->status == STATUS_SCHEMA || (boot->plan->history && event->look.proven)))
