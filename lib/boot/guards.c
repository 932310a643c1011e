#include "boot/moves.h"

#include <signal.h>

#define GUARD(name) bool guard_##name(MAY_USE const struct boot *boot, MAY_USE const struct boot_event *event)

static bool lock_ok(const struct boot *boot)
{
    return boot->locked || !boot->plan->lock;
}

/* ---- waiting ---- */

GUARD(only_waits)
{
    return boot->plan->goal == GOAL_WAIT;
}

GUARD(only_looks)
{
    return boot->plan->goal == GOAL_LOOK;
}

GUARD(only_looks_healthy)
{
    return boot->plan->goal == GOAL_LOOK && event->look.healthy;
}

GUARD(is_configuration)
{
    return event->failure == FAILURE_CONFIG;
}

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

GUARD(result_open)
{
    return boot->result != RESULT_NONE;
}

GUARD(result_open_lost)
{
    return guard_result_open(boot, event) && boot->lost && !lock_ok(boot);
}

GUARD(lock_fails)
{
    return boot->lock_failed;
}

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

GUARD(must_run_unlocked)
{
    return !lock_ok(boot) && guard_must_run(boot, event);
}

GUARD(must_run_queued)
{
    return (boot->queued || boot->lock_failed) && guard_must_run_unlocked(boot, event);
}

GUARD(must_run_again)
{
    return boot->begun && guard_must_run(boot, event);
}

GUARD(healthy)
{
    return event->look.healthy;
}

GUARD(may_await)
{
    return boot->plan->verify_timeout && boot->plan->step_count[LIST_STEPS] == 0 &&
           (boot->await_until == 0 || boot->now < boot->await_until);
}

/* Whoever waits for another container to bring the schema up waits for all of it. */
static bool is_behind(const struct boot_plan *plan, const struct boot_look *look)
{
    return plan->verify_timeout && plan->step_count[LIST_STEPS] == 0 && look->behind;
}

GUARD(may_await_behind)
{
    return is_behind(boot->plan, &event->look) && guard_may_await(boot, event);
}

GUARD(behind)
{
    return event->look.healthy && is_behind(boot->plan, &event->look);
}

GUARD(locked_enough)
{
    return boot->plan->lock_timeout && boot_lock_waited(boot) >= boot->plan->lock_timeout;
}

/* ---- which step is next? ---- */

static bool past_end(const struct boot *boot, enum boot_list list)
{
    return boot->list == list && boot_step(boot) == NULL;
}

GUARD(before_done)
{
    return past_end(boot, LIST_BEFORE);
}

GUARD(steps_done_lost)
{
    return past_end(boot, LIST_STEPS) && boot->lost && !lock_ok(boot);
}

GUARD(steps_done_unsure)
{
    return guard_steps_done(boot, event) && (boot->unlooked || (boot->any_succeeded && boot->look.healthy));
}

GUARD(steps_done_unhealthy)
{
    return past_end(boot, LIST_STEPS) && boot->any_succeeded;
}

GUARD(steps_done)
{
    return past_end(boot, LIST_STEPS);
}

GUARD(after_done)
{
    return past_end(boot, LIST_AFTER);
}

GUARD(not_locked)
{
    return !lock_ok(boot);
}

GUARD(direct_unsure)
{
    return boot->plan->direct && !boot->plan->lock && !boot->direct;
}

GUARD(forbidden)
{
    const struct boot_step *step = boot_step(boot);
    return boot->look.gone && (boot->list == LIST_STEPS ? !step->own_history : step->alters);
}

GUARD(emergency)
{
    return boot->list == LIST_STEPS && boot->index > 0 && boot->attempt == 1;
}

GUARD(guarded)
{
    return boot_step(boot)->guarded;
}

GUARD(guarded_emergency)
{
    return guard_guarded(boot, event) && guard_emergency(boot, event);
}

/* ---- a step ended ---- */

GUARD(child_additive)
{
    return event->status == 0 && event->additive;
}

GUARD(child_destructive)
{
    return event->status == 0 && !event->additive;
}

GUARD(child_destructive_beside)
{
    return boot->list != LIST_STEPS && guard_child_destructive(boot, event);
}

GUARD(child_ok)
{
    return event->status == 0;
}

GUARD(child_ok_leaving)
{
    return event->status == 0 && boot->leaving;
}

GUARD(child_ok_lost)
{
    return event->status == 0 && boot->lost;
}

GUARD(child_ok_lost_history)
{
    return guard_child_ok_lost(boot, event) && boot->plan->history;
}

GUARD(child_ok_beside)
{
    return event->status == 0 && boot->list != LIST_STEPS;
}

GUARD(child_late)
{
    return boot->timed_out || !boot->leaving;
}

/* ---- signals and timers ---- */

bool boot_is_stop(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

GUARD(is_stop)
{
    return boot_is_stop(event->signal);
}

GUARD(is_stop_of_app)
{
    return event->signal == SIGTERM || event->signal == SIGINT || event->signal == boot->plan->stop_signal;
}

GUARD(is_stop_again)
{
    return boot->leaving && boot_is_stop(event->signal);
}

GUARD(is_stop_finish)
{
    return boot->plan->finish && boot_is_stop(event->signal);
}

GUARD(is_hangup)
{
    return event->signal == SIGHUP;
}

#define TIMER_GUARD(name, which)        \
    GUARD(name)                         \
    {                                   \
        return event->timer == (which); \
    }

TIMER_GUARD(timer_state, TIMER_STATE)
TIMER_GUARD(timer_budget, TIMER_BUDGET)
TIMER_GUARD(timer_look, TIMER_LOOK)
TIMER_GUARD(timer_stop, TIMER_STOP)

/* ---- after a failed attempt ---- */

GUARD(settled)
{
    return event->count == 0;
}

GUARD(settled_enough)
{
    return boot->now >= boot->settle_until;
}

GUARD(is_leaving)
{
    return boot->leaving != 0;
}

GUARD(timed_out_with_history)
{
    return boot->timed_out && boot->list == LIST_STEPS && boot->plan->history;
}

GUARD(not_a_step)
{
    return boot->list != LIST_STEPS;
}

GUARD(is_permanent)
{
    return boot->permanent;
}

GUARD(attempts_left)
{
    return boot->attempt < boot_step(boot)->attempts;
}

/* ---- verifying ---- */

GUARD(healthy_after)
{
    return boot->result == RESULT_AFTER && event->look.healthy;
}

GUARD(healthy_proven)
{
    return boot->result == RESULT_TIMED_OUT && event->look.healthy && event->look.proven;
}

GUARD(lost_proven)
{
    return boot->result == RESULT_LOST && event->look.healthy && event->look.proven;
}

GUARD(result_lost)
{
    return boot->result == RESULT_LOST;
}

GUARD(result_timed_out)
{
    return boot->result == RESULT_TIMED_OUT;
}

GUARD(last_healthy)
{
    return boot->result == RESULT_LAST && boot->any_succeeded && event->look.healthy;
}

GUARD(last_failed)
{
    return boot->result == RESULT_LAST && !boot->any_succeeded;
}

GUARD(result_last)
{
    return boot->result == RESULT_LAST;
}

GUARD(result_after)
{
    return boot->result == RESULT_AFTER;
}

GUARD(after_waits)
{
    return boot->plan->step_count[LIST_AFTER] && !boot->after_done;
}

GUARD(hopeless)
{
    return event->look.hopeless;
}

GUARD(after_unlocked)
{
    return guard_after_waits(boot, event) && !lock_ok(boot);
}

GUARD(after_queued)
{
    return (boot->queued || boot->lock_failed) && event->look.healthy && guard_after_unlocked(boot, event);
}

GUARD(after_broken)
{
    return boot->list == LIST_AFTER && !event->look.healthy;
}

GUARD(only_syncs)
{
    return boot->plan->goal == GOAL_SYNC;
}

GUARD(execs)
{
    return boot->plan->exec;
}

GUARD(holds_address)
{
    return boot->plan->placeholder;
}

/* ---- held ---- */

GUARD(may_hold)
{
    int status = boot->status;
    return boot->plan->hold && boot->plan->goal == GOAL_RUN &&
           (status == STATUS_SCHEMA || status == STATUS_UNREACHABLE || status == STATUS_STEPS ||
            status == STATUS_LOCK || status == STATUS_REFUSED);
}

GUARD(anew)
{
    return boot->status == STATUS_UNREACHABLE || boot->status == STATUS_LOCK || boot->status == STATUS_REFUSED;
}

GUARD(heals)
{
    return event->look.healthy && !is_behind(boot->plan, &event->look) &&
           (boot->status == STATUS_SCHEMA || (boot->plan->history && event->look.proven));
}
