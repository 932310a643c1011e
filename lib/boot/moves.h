/* The guards and actions that the table of transitions is made of. For this room alone, and the simulator's planted
 * bugs. */
#ifndef BOOT_MOVES_H
#define BOOT_MOVES_H

#include "boot/boot.h"

#include "base/exit_status.h"

#define BOOT_GUARDS(X)                                                                                     \
    X(only_waits) /* the goal is `wait` */                                                                 \
    X(only_looks) /* the goal is `verify` */                                                               \
    X(only_looks_healthy)                                                                                  \
    X(is_configuration)  /* waiting cannot heal it */                                                      \
    X(refused_for_good)  /* refused for longer than wait.permanent_grace */                                \
    X(waited_enough)     /* wait.timeout is used up */                                                     \
    X(result_open)       /* a step succeeded, its result is not verified yet */                            \
    X(result_open_lost)  /* the same, and the lock was lost meanwhile: others may be at it */              \
    X(lock_fails)        /* it is what could not be asked for, not the rest of the database */             \
    X(must_run_unlocked) /* something must run, and the lock is not ours */                                \
    X(must_run_queued)   /* the lock is waited for already */                                              \
    X(must_run_again)    /* the ladder was begun and goes on */                                            \
    X(must_run)                                                                                            \
    X(healthy)                                                                                             \
    X(may_await)        /* verify.timeout is not over */                                                   \
    X(may_await_behind) /* and another container has migrations to apply yet */                            \
    X(behind)           /* so it has, but the time is over */                                              \
    X(locked_enough)    /* migrate.lock_timeout is used up */                                              \
    X(before_done)                                                                                         \
    X(steps_done_lost)      /* every step was tried, the last one without the lock */                      \
    X(steps_done_unsure)    /* every step was tried, and what has come of it is yet to be looked at */     \
    X(steps_done_unhealthy) /* every step was tried, one succeeded */                                      \
    X(steps_done)           /* every step was tried */                                                     \
    X(after_done)                                                                                          \
    X(not_locked)                                                                                          \
    X(direct_unsure) /* no lock is taken, and where direct_url leads was not looked at */                  \
    X(forbidden)     /* not the history's own tool, on a newer schema */                                   \
    X(guarded_emergency)                                                                                   \
    X(guarded)                                                                                             \
    X(emergency) /* the step before it did not help */                                                     \
    X(child_additive)                                                                                      \
    X(child_destructive)        /* the guard ran, and its SQL drops something */                           \
    X(child_destructive_beside) /* and the step is one of before or after, which must succeed */           \
    X(child_ok)                                                                                            \
    X(child_ok_leaving)                                                                                    \
    X(child_ok_lost) /* it succeeded, but the lock was lost meanwhile */                                   \
    X(child_ok_lost_history)                                                                               \
    X(child_late)      /* it ended because its time was up, not because of a signal to us */               \
    X(child_ok_beside) /* of `before` or `after` */                                                        \
    X(is_stop)         /* TERM, INT, QUIT */                                                               \
    X(is_stop_of_app)  /* TERM, INT or app.stop_signal; QUIT is also how one asks a JVM for its threads */ \
    X(is_stop_again)                                                                                       \
    X(is_stop_finish)                                                                                      \
    X(is_hangup)                                                                                           \
    X(timer_state)                                                                                         \
    X(timer_budget)                                                                                        \
    X(timer_look)                                                                                          \
    X(timer_stop)                                                                                          \
    X(settled)        /* nothing of the step runs in the server */                                         \
    X(settled_enough) /* it still does, and we waited long enough */                                       \
    X(is_leaving)                                                                                          \
    X(timed_out_with_history)                                                                              \
    X(not_a_step) /* of `before` or `after`: one attempt */                                                \
    X(is_permanent)                                                                                        \
    X(attempts_left)                                                                                       \
    X(healthy_after)                                                                                       \
    X(healthy_proven) /* a step that timed out did its work */                                             \
    X(lost_proven)    /* so did one whose lock was lost */                                                 \
    X(result_lost)                                                                                         \
    X(result_timed_out)                                                                                    \
    X(last_healthy)                                                                                        \
    X(last_failed) /* as did every step: what they left is told, and changes nothing */                    \
    X(result_last)                                                                                         \
    X(result_after)                                                                                        \
    X(hopeless)                                                                                            \
    X(after_unlocked) /* `after` steps wait, and the lock is not ours */                                   \
    X(after_queued)   /* waiting for that lock, and still nothing else must run */                         \
    X(after_broken)   /* the schema broke while `after` steps ran */                                       \
    X(after_waits)                                                                                         \
    X(only_syncs)                                                                                          \
    X(execs)                                                                                               \
    X(holds_address) /* the placeholder listens where the application will */                              \
    X(may_hold)                                                                                            \
    X(anew)  /* held for a reason that a new boot may mend */                                              \
    X(heals) /* held, and the schema is good now */

#define BOOT_ACTIONS(X)                                                                  \
    X(begin)                                                                             \
    X(begin_anew)                                                                        \
    X(leave_ok)                                                                          \
    X(leave_unhealthy)                                                                   \
    X(leave_signal)                                                                      \
    X(leave_left) /* with the status of the signal that came before */                   \
    X(leave_unreachable)                                                                 \
    X(leave_failed)                                                                      \
    X(leave_app)                                                                         \
    X(fail_configuration)                                                                \
    X(fail_waiting)                                                                      \
    X(fail_schema)                                                                       \
    X(fail_steps)                                                                        \
    X(fail_lock)                                                                         \
    X(connected_check)                                                                   \
    X(retry_later)                                                                       \
    X(connect)                                                                           \
    X(check)                                                                             \
    X(check_direct)                                                                      \
    X(checked)                                                                           \
    X(lock)                                                                              \
    X(await)                                                                             \
    X(locked_check)                                                                      \
    X(queue)                                                                             \
    X(lose_lock)                                                                         \
    X(lose_lock_in_step)                                                                 \
    X(enter_before)                                                                      \
    X(enter_steps)                                                                       \
    X(enter_after)                                                                       \
    X(verify_after)                                                                      \
    X(verify_last)                                                                       \
    X(next_step)                                                                         \
    X(spawn_guard)                                                                       \
    X(spawn_step)                                                                        \
    X(succeeded)                                                                         \
    X(lost_check)                                                                        \
    X(clean_up)  /* after a step ended badly: kill what is left, ask for its sessions */ \
    X(end_child) /* TERM, then KILL */                                                   \
    X(end_child_signal)                                                                  \
    X(kill_child)                                                                        \
    X(note_leaving)                                                                      \
    X(settle_later)                                                                      \
    X(nothing)                                                                           \
    X(ask_sessions)                                                                      \
    X(timed_out_check)                                                                   \
    X(pause)                                                                             \
    X(not_done) /* a step that timed out had not done its work */                        \
    X(good)                                                                              \
    X(release)                                                                           \
    X(release_by_force)                                                                  \
    X(close_first)                                                                       \
    X(start)                                                                             \
    X(kill_database_start)                                                               \
    X(running)                                                                           \
    X(ran) /* executed after it was told to stop */                                      \
    X(look_connect)                                                                      \
    X(looked)                                                                            \
    X(look_failed)                                                                       \
    X(forward)                                                                           \
    X(forward_stop)                                                                      \
    X(stop_start)                                                                        \
    X(kill_rest)                                                                         \
    X(hold)                                                                              \
    X(held_looked)                                                                       \
    X(heal)

#define X(name) boot_guard guard_##name;
BOOT_GUARDS(X)
#undef X
#define X(name) boot_action action_##name;
BOOT_ACTIONS(X)
#undef X

/* Most look at one of the two only. */
#define MAY_USE __attribute__((unused))
#define ACTION(name) void action_##name(MAY_USE struct boot *boot, MAY_USE const struct boot_event *event)

/* What more than one file of this room needs. */
struct boot_effect *boot_effect(struct boot *boot, enum boot_effect_kind kind);
const struct boot_step *boot_step(const struct boot *boot); /* the current one, or NULL past the list's end */
void boot_checked(struct boot *boot);                       /* a look succeeded: waiting for it is over */
/* The boot is over, one way or the other: nothing that failed is waited for any more. */
void boot_end_waiting(struct boot *boot);
void boot_reset(struct boot *boot); /* to a boot that has not begun */

#endif
