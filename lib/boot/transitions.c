/* The table of transitions: state, event, guard, action, next state, and the sentence that is logged. The first row
 * that fits is taken. lib/README.md's diagram is printed from it (tests/unit/boot/diagram.c). */
#include "boot/moves.h"

#define S(name) (UINT64_C(1) << STATE_##name)
#define QUIET LOG_DEBUG, NULL, NULL, false, STEP_NOT_RUN, NULL
#define SAY(level, word, sentence) LOG_##level, word, sentence, false, STEP_NOT_RUN, NULL
#define SAY_AGAIN(level, word, sentence) LOG_##level, word, sentence, true, STEP_NOT_RUN, NULL
/* A sentence after which the step's result is another one. */
#define STEP_IS(result, because, level, word, sentence) LOG_##level, word, sentence, false, STEP_##result, because
#define ROW(from, event, guard, action, to, ...)                                               \
    {                                                                                          \
        (from), EVENT_##event, guard_##guard, #guard, action_##action, STATE_##to, __VA_ARGS__ \
    }
#define ANY(from, event, action, to, ...)                                         \
    {                                                                             \
        (from), EVENT_##event, NULL, "", action_##action, STATE_##to, __VA_ARGS__ \
    }

/* An order to the database is unanswered in these, and its failure means waiting. */
#define ASKING (S(CONNECTING) | S(CHECKING) | S(VERIFYING) | S(LOCKING))
/* No child runs, the application neither: a signal ends the boot at once. */
#define IDLE (S(NEW) | ASKING | S(RETRYING) | S(AWAITING) | S(QUEUING) | S(PAUSING) | S(RELEASING) | S(CLOSING))
#define IN_STEP (S(GUARDING) | S(STEPPING) | S(ENDING))
#define SETTLE (S(SETTLING) | S(UNSETTLED))
#define HOLDING (S(HELD) | S(HELD_CONNECTING) | S(HELD_CHECKING))
#define ALIVE (S(RUNNING) | S(LOOKING) | S(WATCHING))
#define STEP_DROPS                                                               \
    STEP_IS(REFUSED, "it would drop something ({drops})", ERROR, "step-refused", \
            "step {step} is refused: it would drop something ({drops}); allow_data_loss: true would let it")
#define STEPS_FAILED SAY(ERROR, "steps-failed", "every migration step failed")
/* Why a step's exit status alone does not make it good, and what does. */
#define LOST "{outcome}, but the migration lock was lost while it ran"
#define LOST_PROVEN LOST ", and its migrations are recorded and the schema verifies"
#define LATE_PROVEN "{outcome}, but its migrations are recorded and the schema verifies"

const struct boot_row boot_table[] = {
    ANY(S(NEW), BEGIN, begin, CONNECTING, SAY(INFO, "waiting", "waiting for PostgreSQL")),

    /* waiting */
    ROW(S(CONNECTING), CONNECTED, only_waits, leave_ok, ENDED,
        SAY(INFO, "ready", "PostgreSQL {server} at {host} takes queries")),
    ROW(S(CONNECTING), CONNECTED, result_open_lost, lock, LOCKING, QUIET),
    ROW(S(CONNECTING), CONNECTED, result_open, connected_check, VERIFYING,
        SAY(INFO, "connected", "connected to PostgreSQL again, at {host}")),
    ROW(S(CONNECTING), CONNECTED, lock_fails, connected_check, CHECKING, QUIET),
    ANY(S(CONNECTING), CONNECTED, connected_check, CHECKING,
        SAY(INFO, "connected", "connected to PostgreSQL at {host} after {waited}")),
    ROW(S(VERIFYING), FAILED, last_failed, fail_steps, FAILING, STEPS_FAILED),
    ROW(ASKING, FAILED, is_configuration, fail_configuration, FAILING, SAY(ERROR, "configuration", "{error}")),
    ROW(ASKING, FAILED, only_looks, leave_unreachable, ENDED, SAY(ERROR, "unreachable", "{error}")),
    ROW(ASKING, FAILED, refused_for_good, fail_waiting, FAILING,
        SAY(ERROR, "refused", "the database refuses us for good: {error}")),
    ROW(ASKING, FAILED, waited_enough, fail_waiting, FAILING,
        SAY(ERROR, "unreachable", "{awaited} was not ready within {timeout}: {error}")),
    ANY(ASKING, FAILED, retry_later, RETRYING, SAY_AGAIN(WARN, "not-ready", "{awaited} is not ready: {error}")),
    ROW(S(RETRYING), TIMER, timer_state, connect, CONNECTING, QUIET),
    ROW(ASKING | S(RETRYING), TIMER, timer_budget, fail_waiting, FAILING,
        SAY(ERROR, "unreachable", "{awaited} was not ready within {timeout}: {error}")),

    /* checking: what is there, and must anything run? */
    ROW(S(CHECKING), CHECKED, only_looks_healthy, leave_ok, ENDED, QUIET),
    ROW(S(CHECKING), CHECKED, only_looks, leave_unhealthy, ENDED, QUIET),
    ROW(S(CHECKING), CHECKED, hopeless, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "no migration step runs: whatever it did, the schema could not be verified")),
    ROW(S(CHECKING), CHECKED, must_run_queued, lock, LOCKING, QUIET),
    ROW(S(CHECKING), CHECKED, must_run_unlocked, lock, LOCKING,
        SAY(INFO, "locking", "{why}: taking the migration lock")),
    ROW(S(CHECKING), CHECKED, after_broken, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "the schema is not healthy any more after a step of migrate.after")),
    ROW(S(CHECKING), CHECKED, must_run_again, nothing, ADVANCING, QUIET),
    ROW(S(CHECKING), CHECKED, must_run, enter_before, ADVANCING,
        SAY(INFO, "migrating", "{why}: running the migration steps")),
    ROW(S(CHECKING), CHECKED, after_queued, lock, LOCKING, QUIET),
    ROW(S(CHECKING), CHECKED, may_await_behind, await, AWAITING,
        SAY_AGAIN(WARN, "awaiting-schema", "migrations are pending: waiting for another container to apply them")),
    ROW(S(CHECKING), CHECKED, behind, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "migrations are pending, no step runs here, and no other container applied them")),
    ROW(S(CHECKING), CHECKED, healthy, checked, GOOD, SAY(INFO, "up-to-date", "{why}: no migration step runs")),
    ROW(S(CHECKING), CHECKED, may_await, await, AWAITING,
        SAY_AGAIN(WARN, "awaiting-schema",
                  "the schema is not healthy yet: waiting for another container to bring it up")),
    ANY(S(CHECKING), CHECKED, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "the schema is not healthy, and there is no migration step to run")),
    ROW(S(AWAITING), TIMER, timer_state, check, CHECKING, QUIET),

    /* locking: looks and tries take turns, so that a replica whose work was done meanwhile starts at once */
    ROW(S(LOCKING), LOCKED, result_open, locked_check, VERIFYING,
        SAY(INFO, "locked", "migration lock obtained after {lock_waited}")),
    ANY(S(LOCKING), LOCKED, locked_check, CHECKING, SAY(INFO, "locked", "migration lock obtained after {lock_waited}")),
    ROW(S(LOCKING), BUSY, locked_enough, fail_lock, FAILING,
        SAY(ERROR, "lock-timeout", "the migration lock was not obtained within {lock_timeout}: held by {holder}")),
    ANY(S(LOCKING), BUSY, queue, QUEUING,
        SAY_AGAIN(INFO, "lock-busy", "waiting for the migration lock, held by {holder}")),
    ROW(S(QUEUING), TIMER, timer_state, check, CHECKING, QUIET),
    ANY(IN_STEP, LOCK_LOST, lose_lock_in_step, SAME,
        SAY(WARN, "lock-lost",
            "the migration lock was lost while step {step} runs: it may end, no other starts before the lock is taken "
            "anew")),
    ANY(ASKING | S(RETRYING) | S(AWAITING) | S(QUEUING) | S(PAUSING) | SETTLE, LOCK_LOST, lose_lock, SAME,
        SAY(WARN, "lock-lost", "the migration lock was lost")),

    /* which step is next? */
    ROW(S(ADVANCING), GO, before_done, enter_steps, ADVANCING, QUIET),
    ROW(S(ADVANCING), GO, steps_done_lost, lock, LOCKING,
        SAY(INFO, "locking", "taking the migration lock anew: another replica may have done it")),
    ROW(S(ADVANCING), GO, steps_done_unsure, verify_last, VERIFYING, QUIET),
    ROW(S(ADVANCING), GO, steps_done_unhealthy, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "every migration step was tried, and the schema is still not healthy")),
    ROW(S(ADVANCING), GO, steps_done, fail_steps, FAILING, STEPS_FAILED),
    ROW(S(ADVANCING), GO, after_done, verify_after, VERIFYING, QUIET),
    ROW(S(ADVANCING), GO, not_locked, lock, LOCKING, SAY(INFO, "locking", "taking the migration lock anew")),
    ROW(S(ADVANCING), GO, direct_unsure, check_direct, CHECKING, QUIET),
    ROW(S(ADVANCING), GO, forbidden, next_step, ADVANCING,
        STEP_IS(SKIPPED, "the database holds migrations that this image does not know", WARN, "step-skipped",
                "step {step} is skipped: the database holds migrations that this image does not know, and only the "
                "history's own tool may run then")),
    ROW(S(ADVANCING), GO, guarded_emergency, spawn_guard, GUARDING,
        SAY(WARN, "emergency-fix", "ATTEMPTING EMERGENCY FIX: {step}")),
    ROW(S(ADVANCING), GO, guarded, spawn_guard, GUARDING,
        SAY(INFO, "step-guard", "looking at what step {step} would change")),
    ROW(S(ADVANCING), GO, emergency, spawn_step, STEPPING,
        SAY(WARN, "emergency-fix", "ATTEMPTING EMERGENCY FIX: {step}")),
    ANY(S(ADVANCING), GO, spawn_step, STEPPING,
        SAY(INFO, "step-started", "step {step} starts, attempt {attempt} of {attempts}")),

    /* a step runs */
    ROW(S(GUARDING), CHILD_ENDED, child_ok_lost, not_done, ADVANCING,
        STEP_IS(NOT_RUN, "", WARN, "step-unclear",
                "what step {step} would change was looked at without the lock: looking again")),
    ROW(S(GUARDING), CHILD_ENDED, child_additive, spawn_step, STEPPING,
        SAY(INFO, "step-started", "step {step} drops nothing: it starts, attempt {attempt} of {attempts}")),
    ROW(S(GUARDING), CHILD_ENDED, child_destructive_beside, fail_steps, FAILING, STEP_DROPS),
    ROW(S(GUARDING), CHILD_ENDED, child_destructive, next_step, ADVANCING, STEP_DROPS),
    ANY(S(GUARDING), CHILD_ENDED, clean_up, SETTLING,
        STEP_IS(FAILED, "what it would change could not be found out: {outcome}", ERROR, "step-failed",
                "what step {step} would change could not be found out: {outcome}")),
    ROW(S(STEPPING), CHILD_ENDED, child_ok_leaving, leave_left, ENDED,
        STEP_IS(OK, "{outcome}", INFO, "step-done", "step {step} ended, no other starts: leaving")),
    ROW(S(STEPPING), CHILD_ENDED, child_ok_beside, next_step, ADVANCING,
        STEP_IS(OK, "{outcome}", INFO, "step-done", "step {step} succeeded after {took}")),
    ROW(S(STEPPING), CHILD_ENDED, child_ok_lost_history, lost_check, CONNECTING,
        STEP_IS(FAILED, LOST, WARN, "step-unclear", "step {step} ended after the lock was lost: was its work done?")),
    ROW(S(STEPPING), CHILD_ENDED, child_ok_lost, not_done, MISSED,
        STEP_IS(FAILED, LOST, ERROR, "step-failed",
                "step {step} ended after the lock was lost: the attempt counts as failed")),
    ROW(S(STEPPING), CHILD_ENDED, child_ok, succeeded, VERIFYING,
        STEP_IS(OK, "{outcome}", INFO, "step-done", "step {step} succeeded after {took}: verifying the schema")),
    ANY(S(STEPPING), CHILD_ENDED, clean_up, SETTLING,
        STEP_IS(FAILED, "{outcome}", ERROR, "step-failed",
                "step {step} failed, attempt {attempt} of {attempts}: {outcome}")),
    ROW(S(GUARDING) | S(STEPPING), TIMER, timer_state, end_child, ENDING,
        SAY(ERROR, "step-timeout", "step {step} did not end within {step_timeout}: ending it")),
    ROW(S(STEPPING), SIGNAL, is_stop_finish, note_leaving, STEPPING,
        SAY(INFO, "stopping", "{signal} received: step {step} may end, no other starts")),
    ROW(S(GUARDING) | S(STEPPING), SIGNAL, is_stop, end_child_signal, ENDING,
        SAY(WARN, "stopping", "{signal} received: passed on to step {step}")),
    ROW(S(ENDING), SIGNAL, is_stop, end_child_signal, ENDING,
        SAY(WARN, "stopping", "{signal} received: passed on to step {step}")),
    ROW(S(ENDING), TIMER, timer_state, kill_child, ENDING,
        SAY(WARN, "step-killed", "step {step} did not end: killing it")),
    ROW(S(ENDING), CHILD_ENDED, child_late, clean_up, SETTLING,
        STEP_IS(TIMED_OUT, "it did not end within {step_timeout}: {outcome}", INFO, "step-ended",
                "step {step} ended: {outcome}")),
    ANY(S(ENDING), CHILD_ENDED, clean_up, SETTLING,
        STEP_IS(FAILED, "it was told to end: {outcome}", INFO, "step-ended", "step {step} ended: {outcome}")),

    /* something of it may still run in the server */
    ROW(S(SETTLING), SESSIONS, settled, nothing, SETTLED, QUIET),
    ROW(S(SETTLING), SESSIONS, settled_enough, nothing, SETTLED,
        SAY(WARN, "sessions-left", "step {step} still runs in the server: {sessions}")),
    ANY(S(SETTLING), SESSIONS, settle_later, UNSETTLED,
        SAY_AGAIN(WARN, "sessions-left", "waiting for what step {step} left running in the server: {sessions}")),
    ROW(S(SETTLING), FAILED, is_leaving, nothing, SETTLED, QUIET),
    ROW(S(SETTLING), FAILED, settled_enough, nothing, SETTLED,
        SAY(WARN, "sessions-unknown", "whether step {step} still runs in the server could not be asked: {error}")),
    ANY(S(SETTLING), FAILED, settle_later, UNSETTLED, SAY_AGAIN(WARN, "not-ready", "{awaited} is not ready: {error}")),
    ROW(S(UNSETTLED), TIMER, timer_state, ask_sessions, SETTLING, QUIET),
    ROW(SETTLE, SIGNAL, is_stop_again, leave_signal, ENDED, SAY(WARN, "stopped", "{signal} received: leaving")),
    ROW(SETTLE, SIGNAL, is_stop, note_leaving, SAME,
        SAY(INFO, "stopping", "{signal} received: leaving once step {step} no longer runs in the server")),
    ROW(S(SETTLED), GO, is_leaving, leave_left, ENDED, SAY(WARN, "stopped", "stopped before the application ran")),
    ROW(S(SETTLED), GO, timed_out_with_history, timed_out_check, CONNECTING,
        SAY(INFO, "verifying", "was the work of step {step} done nevertheless?")),
    ANY(S(SETTLED), GO, not_done, MISSED, QUIET),

    /* an attempt failed */
    ROW(S(MISSED), GO, not_a_step, fail_steps, FAILING, SAY(ERROR, "steps-failed", "step {step} failed")),
    ROW(S(MISSED), GO, is_permanent, next_step, ADVANCING,
        SAY(WARN, "step-given-up", "step {step} is not tried again: {permanent}")),
    ROW(S(MISSED), GO, attempts_left, pause, PAUSING, SAY(INFO, "step-retry", "step {step} is tried again in {delay}")),
    ANY(S(MISSED), GO, next_step, ADVANCING,
        SAY(WARN, "step-given-up", "step {step} is given up after attempt {attempt} of {attempts}")),
    ROW(S(PAUSING), TIMER, timer_state, nothing, ADVANCING, QUIET),

    /* did it help? */
    ROW(S(VERIFYING), CHECKED, healthy_after, good, GOOD, QUIET),
    ROW(S(VERIFYING), CHECKED, healthy_proven, good, GOOD,
        STEP_IS(LATE, LATE_PROVEN, WARN, "step-done",
                "step {step} timed out, but its migrations are recorded and the schema verifies: it counts as done")),
    ROW(S(VERIFYING), CHECKED, result_timed_out, not_done, MISSED,
        SAY(ERROR, "step-failed", "step {step} timed out and its work is not done")),
    ROW(S(VERIFYING), CHECKED, lost_proven, good, GOOD,
        STEP_IS(OK, LOST_PROVEN, WARN, "step-done",
                "step {step} ended after the lock was lost, but its migrations are recorded and the schema "
                "verifies: it counts as done")),
    ROW(S(VERIFYING), CHECKED, result_lost, not_done, MISSED,
        SAY(ERROR, "step-failed", "step {step} ended after the lock was lost and its work is not done")),
    ROW(S(VERIFYING), CHECKED, last_healthy, good, GOOD,
        SAY(WARN, "healthy", "the last step failed, but one before it succeeded and the schema is healthy")),
    ROW(S(VERIFYING), CHECKED, last_failed, fail_steps, FAILING, STEPS_FAILED),
    ROW(S(VERIFYING), CHECKED, result_last, fail_schema, FAILING,
        SAY(ERROR, "unhealthy", "every migration step was tried, and the schema is still not healthy")),
    ROW(S(VERIFYING), CHECKED, result_after, fail_schema, FAILING,
        SAY(ERROR, "unhealthy",
            "the schema is not healthy, or migrations are pending, after the steps of migrate.after")),
    ROW(S(VERIFYING), CHECKED, healthy, good, GOOD, SAY(INFO, "healthy", "the schema is healthy after step {step}")),
    ANY(S(VERIFYING), CHECKED, next_step, ADVANCING,
        SAY(ERROR, "step-insufficient", "step {step} succeeded, but the schema is not healthy")),

    /* the schema was verified */
    ROW(S(GOOD), GO, after_unlocked, lock, LOCKING,
        SAY(INFO, "locking", "taking the migration lock for the steps of migrate.after")),
    ROW(S(GOOD), GO, after_waits, enter_after, ADVANCING, QUIET),
    ROW(S(GOOD), GO, only_syncs, leave_ok, ENDED, QUIET),
    ROW(S(GOOD), GO, holds_address, release, RELEASING, QUIET),
    ROW(S(RELEASING), TIMER, timer_state, release_by_force, RELEASING, QUIET),
    ROW(S(GOOD), GO, execs, close_first, CLOSING, QUIET),
    ROW(S(RELEASING), RELEASED, execs, close_first, CLOSING, QUIET),
    ANY(S(GOOD), GO, start, STARTING, QUIET),
    ANY(S(RELEASING), RELEASED, start, STARTING, QUIET),
    ANY(S(CLOSING), DATABASE_CLOSED, start, STARTING, QUIET),
    ANY(S(CLOSING), DATABASE_DIED, start, STARTING, QUIET),
    ROW(S(CLOSING), TIMER, timer_state, kill_database_start, STARTING, QUIET),

    /* the application */
    ANY(S(STARTING), APP_STARTED, running, RUNNING, SAY(INFO, "started", "application started: {app}")),
    ANY(S(STOPPING), APP_STARTED, ran, SAME, SAY(INFO, "started", "application started: {app}")),
    ANY(S(STARTING) | S(STOPPING), APP_REFUSED, leave_app, ENDED, SAY(ERROR, "app-refused", "{error}")),
    ANY(S(STARTING) | ALIVE | S(STOPPING), APP_ENDED, leave_app, ENDED,
        SAY(INFO, "app-ended", "application ended: {outcome}")),
    ROW(S(RUNNING), TIMER, timer_look, look_connect, LOOKING, QUIET),
    ANY(S(LOOKING), CONNECTED, check, WATCHING, QUIET),
    ANY(S(WATCHING), CHECKED, looked, RUNNING, QUIET),
    ANY(S(LOOKING) | S(WATCHING), FAILED, look_failed, RUNNING, QUIET),
    ROW(S(STARTING), SIGNAL, is_stop, stop_start, STOPPING,
        SAY(INFO, "stopping", "{signal} received: passed on to the application, which is not executed yet")),
    ROW(ALIVE, SIGNAL, is_stop_of_app, forward_stop, STOPPING,
        SAY(INFO, "stopping", "{signal} received: passed on to the application as {sent}")),
    ANY(S(STARTING) | ALIVE | S(STOPPING), SIGNAL, forward, SAME,
        SAY(DEBUG, "signal", "{signal} received: passed on to the application as {sent}")),
    ROW(S(STOPPING), TIMER, timer_stop, kill_rest, STOPPING,
        SAY(WARN, "stop-timeout", "the application did not end within {stop_timeout}: killing what is left")),

    /* stopped before the application ran */
    ROW(IDLE, SIGNAL, is_stop, leave_signal, ENDED,
        SAY(WARN, "stopped", "{signal} received: stopped before the application ran")),
    ROW(HOLDING, SIGNAL, is_stop, leave_signal, ENDED,
        SAY(WARN, "stopped", "{signal} received: stopped before the application ran")),

    /* failed */
    ROW(S(FAILING), GO, may_hold, hold, HELD,
        SAY(ERROR, "held",
            "the boot failed with status {status}: staying up without the application (on_failure: hold); kill -HUP 1 "
            "begins the boot anew")),
    ANY(S(FAILING), GO, leave_failed, ENDED, QUIET),
    ROW(S(HELD), TIMER, timer_look, look_connect, HELD_CONNECTING, QUIET),
    ROW(S(HELD_CONNECTING), CONNECTED, anew, begin_anew, CONNECTING,
        SAY(INFO, "boot-anew", "queries work: the boot begins anew")),
    ANY(S(HELD_CONNECTING), CONNECTED, check, HELD_CHECKING, QUIET),
    ROW(S(HELD_CHECKING), CHECKED, heals, heal, GOOD, SAY(INFO, "healed", "the schema verifies now: going on")),
    ANY(S(HELD_CHECKING), CHECKED, held_looked, HELD, QUIET),
    ANY(S(HELD_CONNECTING) | S(HELD_CHECKING), FAILED, held_looked, HELD,
        SAY_AGAIN(WARN, "not-ready", "{awaited} is not ready: {error}")),
    ROW(HOLDING, SIGNAL, is_hangup, begin_anew, CONNECTING,
        SAY(INFO, "boot-anew", "HUP received: the boot begins anew")),
};

const size_t boot_table_rows = sizeof boot_table / sizeof boot_table[0];

_Static_assert(BOOT_STATE_COUNT <= 64, "a set of states is 64 bits");
_Static_assert(sizeof boot_table / sizeof boot_table[0] <= BOOT_ROWS_MAX, "a copy of the table fits");
