#include "boot/moves.h"

#include <signal.h>

#define GUARD(name) bool guard_##name(const struct boot *boot, const struct boot_event *event)
#define UNUSED_BOOT (void)boot

static bool lock_ok(const struct boot *boot)
{
    return boot->locked || !boot->plan->lock;
}

/* ---- waiting ---- */

GUARD(only_waits)
{
    UNUSED_EVENT;
    return boot->plan->goal == GOAL_WAIT;
}

GUARD(only_looks)
{
    UNUSED_EVENT;
    return boot->plan->goal == GOAL_LOOK;
}

GUARD(only_looks_healthy)
{
    return boot->plan->goal == GOAL_LOOK && event->look.healthy;
}

GUARD(is_configuration)
{
    UNUSED_BOOT;
    return event->failure == FAILURE_CONFIG;
}

GUARD(refused_for_good)
{
    duration refused = boot->refused_since == BOOT_NEVER ? 0 : boot->now - boot->refused_since;
    return event->failure == FAILURE_REFUSED && refused >= boot->plan->permanent_grace;
}

GUARD(waited_enough)
{
    UNUSED_EVENT;
    /* what failed outside a spell of waiting took time as well */
    duration now = boot->waiting_since == BOOT_NEVER ? boot->now - boot->order_at : 0;
    return boot->plan->wait_timeout && boot_waited(boot) + now >= boot->plan->wait_timeout;
}

GUARD(result_open)
{
    UNUSED_EVENT;
    return boot->result != RESULT_NONE;
}

GUARD(result_open_lost)
{
    return guard_result_open(boot, event) && boot->lost && !lock_ok(boot);
}

GUARD(lock_fails)
{
    UNUSED_EVENT;
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
    UNUSED_BOOT;
    return event->look.healthy;
}

GUARD(may_await)
{
    UNUSED_EVENT;
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
    UNUSED_EVENT;
    return boot->plan->lock_timeout && boot_lock_waited(boot) >= boot->plan->lock_timeout;
}

/* ---- which step is next? ---- */

static bool past_end(const struct boot *boot, enum boot_list list)
{
    return boot->list == list && boot_step(boot) == NULL;
}

GUARD(before_done)
{
    UNUSED_EVENT;
    return past_end(boot, LIST_BEFORE);
}

GUARD(steps_done_lost)
{
    UNUSED_EVENT;
    return past_end(boot, LIST_STEPS) && boot->lost && !lock_ok(boot);
}

GUARD(steps_done_unsure)
{
    return guard_steps_done(boot, event) && (boot->unlooked || (boot->any_succeeded && boot->look.healthy));
}

GUARD(steps_done_unhealthy)
{
    UNUSED_EVENT;
    return past_end(boot, LIST_STEPS) && boot->any_succeeded;
}

GUARD(steps_done)
{
    UNUSED_EVENT;
    return past_end(boot, LIST_STEPS);
}

GUARD(after_done)
{
    UNUSED_EVENT;
    return past_end(boot, LIST_AFTER);
}

GUARD(not_locked)
{
    UNUSED_EVENT;
    return !lock_ok(boot);
}

GUARD(direct_unsure)
{
    UNUSED_EVENT;
    return boot->plan->direct && !boot->plan->lock && !boot->direct;
}

GUARD(forbidden)
{
    UNUSED_EVENT;
    const struct boot_step *step = boot_step(boot);
    return boot->look.gone && (boot->list == LIST_STEPS ? !step->own_history : step->alters);
}

GUARD(emergency)
{
    UNUSED_EVENT;
    return boot->list == LIST_STEPS && boot->index > 0 && boot->attempt == 1;
}

GUARD(guarded)
{
    UNUSED_EVENT;
    return boot_step(boot)->guarded;
}

GUARD(guarded_emergency)
{
    return guard_guarded(boot, event) && guard_emergency(boot, event);
}

/* ---- a step ended ---- */

GUARD(child_additive)
{
    UNUSED_BOOT;
    return event->status == 0 && event->additive;
}

GUARD(child_destructive)
{
    UNUSED_BOOT;
    return event->status == 0 && !event->additive;
}

GUARD(child_destructive_beside)
{
    return boot->list != LIST_STEPS && guard_child_destructive(boot, event);
}

GUARD(child_ok)
{
    UNUSED_BOOT;
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
    UNUSED_EVENT;
    return boot->timed_out || !boot->leaving;
}

/* ---- signals and timers ---- */

bool boot_is_stop(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

GUARD(is_stop)
{
    UNUSED_BOOT;
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
    UNUSED_BOOT;
    return event->signal == SIGHUP;
}

#define TIMER_GUARD(name, which)        \
    GUARD(name)                         \
    {                                   \
        UNUSED_BOOT;                    \
        return event->timer == (which); \
    }

TIMER_GUARD(timer_state, TIMER_STATE)
TIMER_GUARD(timer_budget, TIMER_BUDGET)
TIMER_GUARD(timer_look, TIMER_LOOK)
TIMER_GUARD(timer_stop, TIMER_STOP)

/* ---- after a failed attempt ---- */

GUARD(settled)
{
    UNUSED_BOOT;
    return event->count == 0;
}

GUARD(settled_enough)
{
    UNUSED_EVENT;
    return boot->now >= boot->settle_until;
}

GUARD(is_leaving)
{
    UNUSED_EVENT;
    return boot->leaving != 0;
}

GUARD(timed_out_with_history)
{
    UNUSED_EVENT;
    return boot->timed_out && boot->list == LIST_STEPS && boot->plan->history;
}

GUARD(not_a_step)
{
    UNUSED_EVENT;
    return boot->list != LIST_STEPS;
}

GUARD(is_permanent)
{
    UNUSED_EVENT;
    return boot->permanent;
}

GUARD(attempts_left)
{
    UNUSED_EVENT;
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
    UNUSED_EVENT;
    return boot->result == RESULT_LOST;
}

GUARD(result_timed_out)
{
    UNUSED_EVENT;
    return boot->result == RESULT_TIMED_OUT;
}

GUARD(last_healthy)
{
    return boot->result == RESULT_LAST && boot->any_succeeded && event->look.healthy;
}

GUARD(last_failed)
{
    UNUSED_EVENT;
    return boot->result == RESULT_LAST && !boot->any_succeeded;
}

GUARD(result_last)
{
    UNUSED_EVENT;
    return boot->result == RESULT_LAST;
}

GUARD(result_after)
{
    UNUSED_EVENT;
    return boot->result == RESULT_AFTER;
}

GUARD(after_waits)
{
    UNUSED_EVENT;
    return boot->plan->step_count[LIST_AFTER] && !boot->after_done;
}

GUARD(hopeless)
{
    UNUSED_BOOT;
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
    UNUSED_EVENT;
    return boot->plan->goal == GOAL_SYNC;
}

GUARD(execs)
{
    UNUSED_EVENT;
    return boot->plan->exec;
}

GUARD(holds_address)
{
    UNUSED_EVENT;
    return boot->plan->placeholder;
}

/* ---- held ---- */

GUARD(may_hold)
{
    UNUSED_EVENT;
    int status = boot->status;
    return boot->plan->hold && boot->plan->goal == GOAL_RUN &&
           (status == STATUS_SCHEMA || status == STATUS_UNREACHABLE || status == STATUS_STEPS ||
            status == STATUS_LOCK || status == STATUS_REFUSED);
}

GUARD(anew)
{
    UNUSED_EVENT;
    return boot->status == STATUS_UNREACHABLE || boot->status == STATUS_LOCK || boot->status == STATUS_REFUSED;
}

GUARD(heals)
{
    return event->look.healthy && !is_behind(boot->plan, &event->look) &&
           (boot->status == STATUS_SCHEMA || (boot->plan->history && event->look.proven));
}
