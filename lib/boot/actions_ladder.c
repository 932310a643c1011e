#include "boot/backoff.h"
#include "boot/moves.h"
#include "boot/orders.h"

#include <signal.h>

static void enter(struct boot *boot, enum boot_list list)
{
    boot->list = list;
    boot->index = 0;
    boot->attempt = 1;
    boot->result = RESULT_NONE;
}

ACTION(enter_before)
{
    boot->begun = true;
    enter(boot, LIST_BEFORE);
}

ACTION(enter_steps)
{
    enter(boot, LIST_STEPS);
}

ACTION(enter_after)
{
    if (boot->list != LIST_AFTER) { /* else the lock was lost on the way: those that ran do not run again */
        enter(boot, LIST_AFTER);
    }
}

ACTION(verify_after)
{
    boot->result = RESULT_AFTER;
    ask_check(boot);
}

ACTION(verify_last)
{
    boot->result = RESULT_LAST;
    ask_check(boot);
}

ACTION(next_step)
{
    boot->index++;
    boot->attempt = 1;
    boot->result = RESULT_NONE;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
}

static void spawn(struct boot *boot, enum boot_effect_kind kind)
{
    duration timeout = boot_step(boot)->timeout;
    boot->step_at = boot->now;
    boot->timed_out = boot->permanent = false;
    boot->unlooked = true;
    boot->stale = boot->list != LIST_AFTER; /* seeding makes no schema.prisma */
    boot->deadline[TIMER_STATE] = timeout ? boot->now + timeout : BOOT_NEVER;
    boot_effect(boot, kind);
}

ACTION(spawn_guard)
{
    spawn(boot, EFFECT_SPAWN_GUARD);
}

ACTION(spawn_step)
{
    spawn(boot, EFFECT_SPAWN_STEP);
}

ACTION(succeeded)
{
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->any_succeeded = true;
    boot->result = RESULT_SUCCEEDED;
    ask_check(boot);
}

static void look_for(struct boot *boot, enum boot_result result)
{
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->result = result;
    ask_connect(boot, false);
}

/* Who took the lock meanwhile may have run steps beside it: only the ledger tells. */
ACTION(lost_check)
{
    look_for(boot, RESULT_LOST);
}

ACTION(clean_up)
{
    boot->permanent = event->permanent;
    boot->settle_until = boot->now + BOOT_SETTLE_TIMEOUT;
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot_effect(boot, EFFECT_KILL_CHILD);
    ask_sessions(boot);
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
    boot_effect(boot, EFFECT_KILL_CHILD);
    boot->deadline[TIMER_STATE] = boot->now + BOOT_KILL_AFTER;
}

ACTION(nothing)
{
}

ACTION(ask_sessions)
{
    ask_sessions(boot);
}

ACTION(settle_later)
{
    boot->deadline[TIMER_STATE] = boot->now + BOOT_SETTLE_INTERVAL;
}

ACTION(timed_out_check)
{
    look_for(boot, RESULT_TIMED_OUT);
}

ACTION(not_done)
{
    boot->deadline[TIMER_STATE] = BOOT_NEVER;
    boot->result = RESULT_NONE;
}

ACTION(pause)
{
    duration first = boot_step(boot)->delay;
    duration max = first > BOOT_STEP_DELAY_MAX ? first : BOOT_STEP_DELAY_MAX;
    boot->delay = backoff_step(&boot->random, first, boot->attempt - 1, max);
    boot->attempt++;
    boot->deadline[TIMER_STATE] = boot->now + boot->delay;
}

ACTION(good)
{
    boot->after_done = boot->result == RESULT_AFTER;
}
