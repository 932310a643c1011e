#include "boot/orders.h"

#include "boot/moves.h"

static struct boot_effect *give_order(struct boot *boot, enum boot_order order, duration within)
{
    struct boot_effect *effect = boot_effect(boot, EFFECT_ORDER);
    effect->order.order = order;
    effect->order.within = within;
    boot->ordered = true;
    boot->order = order;
    boot->order_at = boot->now;
    boot->deadline[TIMER_ORDER] = boot->now + within;
    return effect;
}

/* Without connect_timeout an attempt lasts as long as wait.timeout allows; one that is no waiting, as a look. */
void ask_connect(struct boot *boot, bool prove)
{
    duration within = boot->plan->connect_timeout;
    struct boot_effect *effect =
        give_order(boot, BOOT_CONNECT, within ? within + BOOT_ORDER_SLACK : BOOT_ORDER_TIMEOUT);
    if (within == 0 && boot->waiting_since != BOOT_NEVER) {
        boot->deadline[TIMER_ORDER] = BOOT_NEVER;
        effect->order.within = 0;
    }
    /* A server that said it is starting up is not probed: that would cost it one process more. */
    effect->order.probe = boot->failure == FAILURE_NOT_LISTENING || boot->failure == FAILURE_NO_ANSWER ||
                          boot->check_failed || boot->lock_failed;
    effect->order.prove = prove;
    effect->order.alone = boot->plan->goal == GOAL_LOOK || boot->app_ran;
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

/* A history that cannot be read matters where steps may run by what it says. */
static bool must_read_history(const struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    bool steps = plan->step_count[LIST_STEPS] || plan->step_count[LIST_AFTER];
    return steps && plan->goal != GOAL_LOOK && (boot->locked || !plan->lock) && boot->result != RESULT_AFTER;
}

void ask_check(struct boot *boot)
{
    bool history = boot->plan->history && !boot->app_ran;
    struct boot_effect *effect = give_order(boot, BOOT_CHECK, answer_timeout(boot));
    effect->order.history = history;
    effect->order.prove = history && must_read_history(boot);
    effect->order.direct = boot->direct && !boot->app_ran;
    effect->order.fresh = boot->stale;
}

void ask_lock(struct boot *boot)
{
    if (boot->lock_since == BOOT_NEVER) {
        boot->lock_since = boot->now;
    }
    give_order(boot, BOOT_LOCK, boot->plan->connect_timeout + answer_timeout(boot));
}

void ask_sessions(struct boot *boot)
{
    give_order(boot, BOOT_SESSIONS, boot->plan->connect_timeout + BOOT_ORDER_TIMEOUT)->order.age =
        boot->now - boot->step_at;
}

void close_database(struct boot *boot)
{
    boot_effect(boot, EFFECT_CLOSE_DATABASE);
    boot->locked = false;
}

void kill_database_if_asked(struct boot *boot)
{
    if (boot->ordered) {
        boot_effect(boot, EFFECT_KILL_DATABASE);
        boot->ordered = false;
        boot->deadline[TIMER_ORDER] = BOOT_NEVER;
    }
}
