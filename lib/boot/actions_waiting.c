#include "boot/backoff.h"
#include "boot/moves.h"
#include "boot/orders.h"

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

void boot_end_waiting(struct boot *boot)
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
    boot->failure = FAILURES;
    begin_spell(boot, boot->now);
    ask_connect(boot, boot->plan->goal == GOAL_WAIT);
}

ACTION(begin_anew)
{
    kill_database_if_asked(boot);
    unsigned effects = boot->effect_count;
    boot_reset(boot);
    boot->effect_count = effects; /* they are there still */
    boot->stale = true;           /* somebody was at work */
    action_begin(boot, event);
}

/* A pooler takes connections while its server is down: after a look that failed, being connected proves nothing. */
ACTION(connect)
{
    ask_connect(boot, boot->plan->goal == GOAL_WAIT || boot->check_failed);
}

ACTION(connected_check)
{
    end_spell(boot);
    ask_check(boot);
}

static duration retry_delay(struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    duration probe = plan->probe_interval ? plan->probe_interval : 1;
    duration silence = boot->order_at + BOOT_SILENCE_PROBE - boot->now;
    /* Before the lock stands a whole look, which is no bare probe. */
    switch (boot->state == STATE_LOCKING ? FAILURES : boot->failure) {
    case FAILURE_NOT_LISTENING:
    case FAILURE_ALSO:
        boot->failures = 0;
        return probe;
    case FAILURE_NO_ANSWER:
        return silence > probe ? silence : probe;
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
        next = last < next ? last : next;
    }
    boot->deadline[TIMER_STATE] = next;
}

/* ---- checking and locking ---- */

ACTION(check)
{
    ask_check(boot);
}

ACTION(check_direct)
{
    boot->direct = true;
    ask_check(boot);
}

ACTION(checked)
{
    boot->polls = 0;
}

ACTION(lock)
{
    ask_lock(boot);
}

ACTION(await)
{
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
    boot->locked = true;
    boot->lost = false;
    boot->queued = false;
    boot->polls = 0;
    boot->lock_waited = boot_lock_waited(boot);
    boot->lock_since = BOOT_NEVER;
    boot->lock_failed = false;
    end_spell(boot);
    ask_check(boot);
}

ACTION(queue)
{
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
    boot->locked = false;
}

ACTION(lose_lock_in_step)
{
    boot->lost |= boot->locked;
    boot->locked = false;
}
