#include "boot/moves.h"
#include "boot/orders.h"

#include <signal.h>

/* ---- the application ---- */

static void let_go(struct boot *boot, bool by_force)
{
    boot_effect(boot, EFFECT_RELEASE)->number = by_force;
    boot->deadline[TIMER_STATE] = boot->now + BOOT_RELEASE_TIMEOUT;
}

ACTION(release)
{
    let_go(boot, false);
}

ACTION(release_by_force)
{
    let_go(boot, true);
}

ACTION(close_first)
{
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
    boot_end_waiting(boot);
    disarm(boot);
    boot_effect(boot, EFFECT_SUMMARY);
    boot_effect(boot, EFFECT_START);
    if (!boot->plan->exec) { /* afterwards: two processes that end would take the processor from the one that begins */
        close_database(boot);
    }
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

ACTION(ran)
{
    boot->app_ran = true;
}

ACTION(running)
{
    action_ran(boot, event);
    arm_look(boot, 0);
}

ACTION(look_connect)
{
    ask_connect(boot, boot->state == STATE_HELD);
}

ACTION(looked)
{
    boot->failed_looks = event->look.healthy ? 0 : boot->failed_looks + 1;
    close_database(boot);
    arm_look(boot, 0);
}

ACTION(look_failed)
{
    boot->failed_looks++;
    close_database(boot);
    arm_look(boot, 0);
}

int boot_signal_for_app(const struct boot_plan *plan, int signal)
{
    return plan->stop_signal && (signal == SIGTERM || signal == SIGINT) ? plan->stop_signal : signal;
}

ACTION(forward)
{
    boot_effect(boot, EFFECT_SIGNAL_APP)->number = boot_signal_for_app(boot->plan, event->signal);
}

static void begin_stopping(struct boot *boot)
{
    kill_database_if_asked(boot);
    boot->deadline[TIMER_LOOK] = BOOT_NEVER;
    if (boot->plan->stop_timeout) {
        boot->deadline[TIMER_STOP] = boot->now + boot->plan->stop_timeout;
    }
}

ACTION(forward_stop)
{
    action_forward(boot, event);
    begin_stopping(boot);
}

/* As it came: what is not executed yet has asked for no other signal, and would not end by one that is ignored. */
ACTION(stop_start)
{
    boot_effect(boot, EFFECT_SIGNAL_APP)->number = event->signal;
    action_note_leaving(boot, event);
    begin_stopping(boot);
}

ACTION(kill_rest)
{
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
    leave(boot, STATUS_OK);
}

ACTION(leave_unhealthy)
{
    leave(boot, STATUS_SCHEMA);
}

ACTION(leave_unreachable)
{
    leave(boot, STATUS_UNREACHABLE);
}

ACTION(leave_signal)
{
    boot->leaving = STATUS_SIGNAL + event->signal;
    leave(boot, boot->leaving);
}

ACTION(leave_left)
{
    leave(boot, boot->leaving);
}

ACTION(leave_failed)
{
    leave(boot, boot->status);
}

ACTION(leave_app)
{
    int status = event->status;
    if (boot->leaving && !boot->app_ran && event->kind == EVENT_APP_ENDED) { /* it was none: whatever ended it */
        status = boot->leaving;
    }
    if (boot->app_ran && boot->plan->ok_exit && boot->plan->ok_exit[status]) {
        status = STATUS_OK;
    }
    leave(boot, status);
}

static void fail(struct boot *boot, int status)
{
    kill_database_if_asked(boot);
    boot->status = status;
}

ACTION(fail_configuration)
{
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
    fail(boot, STATUS_SCHEMA);
}

ACTION(fail_steps)
{
    fail(boot, STATUS_STEPS);
}

ACTION(fail_lock)
{
    fail(boot, STATUS_LOCK);
}

/* ---- held ---- */

ACTION(hold)
{
    boot_end_waiting(boot);
    disarm(boot);
    close_database(boot);
    boot_effect(boot, EFFECT_SUMMARY);
    arm_look(boot, BOOT_HELD_INTERVAL);
}

ACTION(held_looked)
{
    close_database(boot);
    arm_look(boot, BOOT_HELD_INTERVAL);
}

ACTION(heal)
{
    boot->healed = true;
    boot->result = RESULT_NONE;
    /* as a boot that begins anew: what was waited for before it was held, and while, is no part of this round */
    boot->waited = boot->lock_waited = 0;
    boot->lock_since = BOOT_NEVER;
    boot->await_until = 0;
}
