/* Contract section 3 rule 5: whether anything must run, and the lock. */
#include "driver.h"

static void with_nothing_pending_the_application_starts_without_a_lock(void **state)
{
    (void)state;
    reach_checking();
    checked(GOOD);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void the_lock_is_taken_only_if_something_must_run(void **state)
{
    (void)state;
    static const struct {
        enum boot_when when;
        bool history, force;
        unsigned look;
        bool runs;
    } cases[] = {
        { BOOT_PENDING, true, false, GOOD, false },
        { BOOT_PENDING, true, false, HEALTHY, true },
        { BOOT_PENDING, true, false, PROVEN, true },
        { BOOT_PENDING, true, true, GOOD, true },
        { BOOT_PENDING, false, false, GOOD, true },
        { BOOT_UNVERIFIED, false, false, HEALTHY, false },
        { BOOT_UNVERIFIED, false, false, 0, true },
        { BOOT_UNVERIFIED, true, false, PROVEN, true },
        { BOOT_ALWAYS, true, false, GOOD, true },
        { BOOT_PENDING, true, false, GOOD | GONE, false }, /* an older image on a newer schema starts */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan.when = cases[i].when;
        plan.history = cases[i].history;
        plan.force = cases[i].force;
        reach_checking();
        checked(cases[i].look);
        if (cases[i].runs) {
            then(STATE_LOCKING, "tables 'locking' lock");
            due(TIMER_ORDER, plan.connect_timeout + BOOT_ORDER_TIMEOUT);
        } else {
            then(STATE_STARTING, "tables 'up-to-date' summary start close");
        }
    }
}

static void under_the_lock_the_schema_is_looked_at_again(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    locked();
    then(STATE_CHECKING, "'locked' check+history");
    checked(0);
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:steps.0#1");
}

static const struct boot_effect *ordered(void)
{
    const struct boot_effect *effect = boot.effects;
    while (effect->kind != EFFECT_ORDER) {
        effect++;
    }
    return effect;
}

static void what_steps_run_by_must_be_readable_and_no_sooner(void **state)
{
    (void)state;
    begin();
    connected();
    assert_true(ordered()->order.history && !ordered()->order.prove);
    checked(0);
    locked();
    assert_true(ordered()->order.history && ordered()->order.prove);
    plan.lock = false;
    begin();
    connected();
    assert_true(ordered()->order.prove);
    checked(0);
    ended(0);
    assert_true(ordered()->order.prove);
    plan.step_count[LIST_AFTER] = 1;
    checked(GOOD);
    ended(0);
    assert_true(ordered()->order.history && !ordered()->order.prove); /* nothing runs by it any more */
    plan.step_count[LIST_STEPS] = plan.step_count[LIST_AFTER] = 0;
    begin();
    connected();
    assert_true(ordered()->order.history && !ordered()->order.prove);
    plan.step_count[LIST_STEPS] = 1;
    plan.goal = GOAL_LOOK;
    begin();
    connected();
    assert_true(ordered()->order.history && !ordered()->order.prove);
    plan.goal = GOAL_RUN;
    plan.history = false;
    begin();
    connected();
    assert_false(ordered()->order.prove);
}

/* A step may bring schema.prisma or migrations; a step of after seeds. */
static void what_may_have_changed_the_projects_files_has_them_read_anew(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    assert_false(ordered()->order.fresh);
    checked(0);
    locked();
    assert_false(ordered()->order.fresh);
    checked(0);
    ended(0);
    assert_true(ordered()->order.fresh);
    checked(GOOD);
    ended(0);
    then(STATE_VERIFYING, "'step-done' check+history");
    assert_false(ordered()->order.fresh);

    reach_held(STATUS_UNREACHABLE);
    signalled(SIGHUP);
    connected();
    assert_true(ordered()->order.fresh);
}

static void what_another_replica_did_meanwhile_is_not_done_twice(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    locked();
    checked(GOOD);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void without_a_lock_the_steps_run_at_once(void **state)
{
    (void)state;
    plan.lock = false;
    reach_checking();
    checked(0);
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:steps.0#1");
}

static void a_busy_lock_is_polled_with_growing_delays(void **state)
{
    (void)state;
    duration ceiling = BOOT_LOCK_POLL;
    reach_checking();
    checked(0);
    busy();
    then(STATE_QUEUING, "'lock-busy'");
    for (int i = 0; i < 8; i++) {
        due_between(TIMER_STATE, ceiling / 2, ceiling);
        ceiling = ceiling < BOOT_LOCK_POLL_MAX ? ceiling + ceiling / 2 : ceiling;
        fire(TIMER_STATE);
        then(STATE_CHECKING, "check+history");
        checked(0);
        then(STATE_LOCKING, "tables lock");
        busy();
    }
    fire(TIMER_STATE);
    checked(0);
    locked();
    assert_int_equal(boot_phase(&boot), PHASE_CHECKING);
    checked(0);
    lock_lost();
    fail_step(1);
    fire(TIMER_STATE);
    busy();
    due_between(TIMER_STATE, BOOT_LOCK_POLL / 2, BOOT_LOCK_POLL);
}

static void a_replica_whose_work_was_done_starts_without_the_lock(void **state)
{
    (void)state;
    reach(STATE_QUEUING);
    assert_int_equal(boot_phase(&boot), PHASE_LOCKING);
    fire(TIMER_STATE);
    assert_int_equal(boot_phase(&boot), PHASE_LOCKING);
    checked(GOOD);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void a_lock_not_obtained_in_time_is_75(void **state)
{
    (void)state;
    plan.lock_timeout = 5000;
    reach_checking();
    checked(0);
    for (int i = 0; i < 40 && boot.state == STATE_LOCKING; i++) {
        busy();
        if (boot.state == STATE_QUEUING) {
            fire(TIMER_STATE);
            checked(0);
        }
    }
    then(STATE_ENDED, "'lock-timeout' close summary exit:75");
    assert_int_equal(boot_lock_waited(&boot), 5000); /* the last try stands at the budget's end */
}

static void a_lock_budget_of_none_waits_for_ever(void **state)
{
    (void)state;
    plan.lock_timeout = 0;
    reach_checking();
    checked(0);
    for (int i = 0; i < 1000; i++) {
        busy();
        fire(TIMER_STATE);
        pass(3600000);
        checked(0);
    }
    then(STATE_LOCKING, "tables lock");
}

static void waiting_for_the_lock_is_no_waiting_for_the_database(void **state)
{
    (void)state;
    reach(STATE_QUEUING);
    never(TIMER_BUDGET);
    pass(10 * plan.wait_timeout);
    fire(TIMER_STATE);
    failed(FAILURE_NOT_READY);
    then(STATE_RETRYING, "'not-ready'");
    assert_int_equal(boot_phase(&boot), PHASE_WAITING);
    due_between(TIMER_BUDGET, plan.wait_timeout - 1000, plan.wait_timeout);
}

static void a_database_lost_while_locking_is_waited_for(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    failed(FAILURE_NOT_READY);
    then(STATE_RETRYING, "'not-ready'");
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect+probe");
    failed(FAILURE_NOT_READY); /* and now neither */
    fire(TIMER_STATE);
    connected();
    then(STATE_CHECKING, "check+history"); /* url was never the trouble: it is not told again and again */
    assert_true(boot.deadline[TIMER_BUDGET] != BOOT_NEVER); /* the lock has not worked yet */
    checked(0);
    then(STATE_LOCKING, "tables lock");
    busy(); /* it works: others have it */
    never(TIMER_BUDGET);
    fire(TIMER_STATE);
    checked(0);
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    connected();
    checked(0);
    locked();
    never(TIMER_BUDGET);
}

/* While nothing listens a bare probe is made often; before the lock stands a whole look. */
static void a_lock_that_nothing_listens_for_is_asked_for_with_growing_delays(void **state)
{
    (void)state;
    plan.initial_delay = plan.max_delay = 60000;
    reach_checking();
    checked(0);
    failed(FAILURE_NOT_LISTENING);
    due_between(TIMER_STATE, plan.probe_interval + 1, plan.max_delay);
}

static void a_pooler_under_the_lock_is_78(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    failed(FAILURE_CONFIG);
    then(STATE_ENDED, "'configuration' close summary exit:78");
}

/* "direct_url … Not the same database as url: exit 78": the lock's own session finds out; without a lock a look does.
 */
static void without_a_lock_no_step_runs_before_it_is_known_where_direct_url_leads(void **state)
{
    (void)state;
    plan.lock = false;
    plan.direct = true;
    plan.step_count[LIST_BEFORE] = 1;
    reach_checking();
    checked(0);
    then(STATE_CHECKING, "tables 'migrating' check+history+direct");
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    connected();
    then(STATE_CHECKING, "'connected' check+history+direct");
    checked(0);
    then(STATE_STEPPING, "tables 'step-started' step:before.0#1");

    reach_checking();
    checked(0);
    failed(FAILURE_CONFIG);
    then(STATE_ENDED, "'configuration' close summary exit:78");
}

static void nor_does_a_step_of_after(void **state)
{
    (void)state;
    plan.lock = false;
    plan.direct = true;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    then(STATE_CHECKING, "tables 'up-to-date' check+history+direct");
    checked(GOOD);
    then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.0#1");
    ended(0);
    checked(GOOD);
    app_started();
    fire(TIMER_LOOK);
    connected();
    then(STATE_WATCHING, "check");
}

static void a_lock_lost_between_two_attempts_is_taken_anew(void **state)
{
    (void)state;
    reach(STATE_PAUSING);
    lock_lost();
    then(STATE_PAUSING, "'lock-lost'");
    fire(TIMER_STATE);
    then(STATE_LOCKING, "'locking' lock");
    locked();
    then(STATE_CHECKING, "'locked' check+history");
    checked(0);
    then(STATE_STEPPING, "tables 'step-started' step:steps.0#2");
}

static void a_lock_lost_after_the_step_does_not_void_its_look(void **state)
{
    (void)state;
    reach(STATE_VERIFYING);
    died();
    then(STATE_RETRYING, "'lock-lost' 'not-ready'");
    fire(TIMER_STATE);
    connected();
    then(STATE_VERIFYING, "'connected' check+history");
    checked(HEALTHY);
    assert_int_equal(boot.state, STATE_STARTING);
}

/* What a step's result was waited for with is not waited for again. */
static void a_lock_lost_after_the_verdict_brings_no_other(void **state)
{
    (void)state;
    reach(STATE_VERIFYING);
    plan.step_count[LIST_STEPS] = 2;
    lock_lost();
    checked(0);
    then(STATE_LOCKING, "tables 'step-insufficient' 'locking' lock");
    locked();
    then(STATE_CHECKING, "'locked' check+history");
    checked(0);
    then(STATE_STEPPING, "tables 'emergency-fix' step:steps.1#1");

    reach(STATE_ENDING);
    fail_step(143);
    connected();
    checked(0);
    lock_lost();
    fire(TIMER_STATE);
    then(STATE_LOCKING, "'locking' lock");
    locked();
    then(STATE_CHECKING, "'locked' check+history");
}

/* "A lock lost in mid-step: that step may end, no other starts, the lock is taken anew within its budget, then look
 * again; without a history the attempt failed." */
static void a_step_that_ended_well_after_the_lock_was_lost_counts_when_recorded(void **state)
{
    (void)state;
    plan.when = BOOT_ALWAYS;
    reach_stepping();
    lock_lost();
    then(STATE_STEPPING, "'lock-lost'");
    ended(0);
    then(STATE_CONNECTING, "'step-unclear' connect");
    connected();
    then(STATE_LOCKING, "lock");
    locked();
    then(STATE_VERIFYING, "'locked' check+history");
    checked(GOOD);
    then(STATE_STARTING, "tables 'step-done' summary start close");
}

static void a_step_that_ended_well_after_the_lock_was_lost_failed_when_not_recorded(void **state)
{
    (void)state;
    reach_stepping();
    lock_lost();
    ended(0);
    connected();
    locked();
    checked(HEALTHY);
    then(STATE_PAUSING, "tables 'step-failed' 'step-retry'");
    fire(TIMER_STATE);
    then(STATE_STEPPING, "'step-started' step:steps.0#2");
}

static void whether_its_work_was_done_is_not_looked_at_while_another_migrates(void **state)
{
    (void)state;
    reach_stepping();
    lock_lost();
    ended(0);
    connected();
    failed(FAILURE_NOT_READY);
    then(STATE_RETRYING, "'not-ready'");
    fire(TIMER_STATE);
    connected();
    then(STATE_LOCKING, "lock");
    busy();
    then(STATE_QUEUING, "'lock-busy'");
    fire(TIMER_STATE);
    checked(HEALTHY); /* the other one is at it */
    then(STATE_LOCKING, "tables lock");
    locked();
    then(STATE_VERIFYING, "'locked' check+history");
    checked(GOOD);
    then(STATE_STARTING, "tables 'step-done' summary start close");
}

static void nor_is_that_of_a_step_that_timed_out(void **state)
{
    (void)state;
    reach_stepping();
    lock_lost();
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_CONNECTING, "'verifying' connect");
    connected();
    then(STATE_LOCKING, "lock");
    locked();
    checked(GOOD);
    then(STATE_STARTING, "tables 'step-done' summary start close");
}

static void without_a_history_the_attempt_failed_when_the_lock_was_lost(void **state)
{
    (void)state;
    plan.history = false;
    reach_stepping();
    died();
    then(STATE_STEPPING, "'lock-lost'");
    lock_lost(); /* late news */
    ended(0);
    then(STATE_PAUSING, "'step-failed' 'step-retry'");
    fire(TIMER_STATE);
    then(STATE_LOCKING, "'locking' lock");
    locked();
    checked(HEALTHY);
    then(STATE_STEPPING, "tables 'step-started' step:steps.0#2");
}

static void after_the_last_attempt_without_the_lock_it_is_looked_at_again(void **state)
{
    (void)state;
    steps[0].attempts = 1;
    reach_stepping();
    lock_lost();
    fail_step(1);
    then(STATE_LOCKING, "'step-given-up' 'locking' lock");
    locked();
    checked(GOOD); /* the replica that had the lock meanwhile did it */
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void after_the_last_attempt_without_the_lock_it_is_looked_at_once(void **state)
{
    (void)state;
    steps[0].attempts = 1;
    plan.history = false;
    reach_stepping();
    lock_lost();
    ended(0);
    then(STATE_LOCKING, "'step-failed' 'step-given-up' 'locking' lock");
    locked();
    checked(HEALTHY);
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

static void no_step_starts_on_a_guard_that_ended_without_the_lock(void **state)
{
    (void)state;
    reach(STATE_GUARDING);
    lock_lost();
    guard_ended(true);
    then(STATE_LOCKING, "'step-unclear' 'locking' lock");
    never(TIMER_STATE);
    locked();
    checked(0);
    then(STATE_GUARDING, "tables 'step-guard' guard:steps.0#1");
}

static void a_lock_lost_in_before_steps_is_taken_anew(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = 2;
    reach_stepping();
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:before.0#1");
    lock_lost();
    ended(0);
    then(STATE_LOCKING, "'step-done' 'locking' lock");
    locked();
    checked(0);
    then(STATE_STEPPING, "tables 'step-started' step:before.1#1");
}

static void a_lost_lock_is_taken_anew_within_its_budget(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    busy();
    pass(400000);
    fire(TIMER_STATE);
    checked(0);
    locked();
    checked(0);
    duration waited = boot_lock_waited(&boot);
    assert_int_equal(waited, 400000);
    pass(300000); /* the step's time is none of the lock's */
    lock_lost();
    fail_step(1);
    fire(TIMER_STATE);
    pass(199999);
    busy();
    then(STATE_QUEUING, "'lock-busy'");
    due(TIMER_STATE, 1);
    fire(TIMER_STATE);
    checked(0);
    busy();
    then(STATE_ENDED, "'lock-timeout' close summary exit:75");
}

/* No step is ours: another container is waited for so long. */
static void reach_checking_for_others(duration verify_timeout)
{
    plan.step_count[LIST_STEPS] = 0;
    plan.verify_timeout = verify_timeout;
    reach_checking();
}

static void with_no_step_another_container_is_waited_for(void **state)
{
    (void)state;
    reach_checking_for_others(30000);
    checked(0);
    then(STATE_AWAITING, "tables 'awaiting-schema'");
    due_between(TIMER_STATE, 1, plan.initial_delay);
    fire(TIMER_STATE);
    then(STATE_CHECKING, "check+history");
    checked(HEALTHY);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void the_lock_is_polled_anew_after_another_container_was_waited_for(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking_for_others(60000);
    for (int i = 0; i < 8; i++) {
        checked(0);
        fire(TIMER_STATE);
    }
    checked(HEALTHY);
    busy();
    due_between(TIMER_STATE, BOOT_LOCK_POLL / 2, BOOT_LOCK_POLL);
}

static void another_container_is_waited_for_no_longer_than_verify_timeout(void **state)
{
    (void)state;
    reach_checking_for_others(30000);
    instant began = boot.now;
    checked(0);
    while (boot.state == STATE_AWAITING) {
        fire(TIMER_STATE);
        checked(PROVEN);
    }
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
    assert_int_equal(boot.now - began, plan.verify_timeout);
}

static void what_is_pending_is_waited_for_too_though_the_schema_verifies(void **state)
{
    (void)state;
    reach_checking_for_others(30000);
    checked(HEALTHY | BEHIND);
    then(STATE_AWAITING, "tables 'awaiting-schema'");
    fire(TIMER_STATE);
    checked(GOOD);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void what_nobody_applies_within_verify_timeout_is_65(void **state)
{
    (void)state;
    reach_checking_for_others(30000);
    instant began = boot.now;
    checked(HEALTHY | BEHIND);
    while (boot.state == STATE_AWAITING) {
        fire(TIMER_STATE);
        checked(HEALTHY | BEHIND);
    }
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
    assert_int_equal(boot.now - began, plan.verify_timeout);
}

/* A failover took the migrations with it: found by the simulator. */
static void what_is_pending_again_after_the_after_steps_is_65(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking_for_others(30000);
    checked(GOOD);
    locked();
    checked(GOOD);
    ended(0);
    checked(HEALTHY | BEHIND);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void who_does_not_wait_starts_on_a_schema_that_verifies(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 0;
    reach_checking();
    checked(HEALTHY | BEHIND);
    then(STATE_STARTING, "tables 'up-to-date' summary start close");
}

static void with_no_step_and_no_timeout_an_unhealthy_schema_is_65(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 0;
    reach_checking();
    checked(0);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

/* A lost lock is no reason to forget it, nor to fail: the machine is asked in every state. */
static void a_lost_lock_never_moves_the_state(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        if (!lasts((enum boot_state)each)) {
            continue;
        }
        reach((enum boot_state)each);
        (void)handle(&(struct boot_event){ .kind = EVENT_LOCK_LOST });
        assert_string_equal(boot_state_name(boot.state), boot_state_name((enum boot_state)each));
        assert_false(boot.locked);
    }
}

GROUP(locking, TEST(with_nothing_pending_the_application_starts_without_a_lock),
      TEST(the_lock_is_taken_only_if_something_must_run), TEST(under_the_lock_the_schema_is_looked_at_again),
      TEST(what_steps_run_by_must_be_readable_and_no_sooner),
      TEST(what_may_have_changed_the_projects_files_has_them_read_anew),
      TEST(what_another_replica_did_meanwhile_is_not_done_twice), TEST(without_a_lock_the_steps_run_at_once),
      TEST(a_busy_lock_is_polled_with_growing_delays), TEST(a_replica_whose_work_was_done_starts_without_the_lock),
      TEST(a_lock_not_obtained_in_time_is_75), TEST(a_lock_budget_of_none_waits_for_ever),
      TEST(waiting_for_the_lock_is_no_waiting_for_the_database), TEST(a_database_lost_while_locking_is_waited_for),
      TEST(a_lock_that_nothing_listens_for_is_asked_for_with_growing_delays), TEST(a_pooler_under_the_lock_is_78),
      TEST(without_a_lock_no_step_runs_before_it_is_known_where_direct_url_leads), TEST(nor_does_a_step_of_after),
      TEST(a_lock_lost_between_two_attempts_is_taken_anew), TEST(a_lock_lost_after_the_step_does_not_void_its_look),
      TEST(a_lock_lost_after_the_verdict_brings_no_other),
      TEST(a_step_that_ended_well_after_the_lock_was_lost_counts_when_recorded),
      TEST(a_step_that_ended_well_after_the_lock_was_lost_failed_when_not_recorded),
      TEST(whether_its_work_was_done_is_not_looked_at_while_another_migrates),
      TEST(nor_is_that_of_a_step_that_timed_out), TEST(without_a_history_the_attempt_failed_when_the_lock_was_lost),
      TEST(after_the_last_attempt_without_the_lock_it_is_looked_at_again),
      TEST(after_the_last_attempt_without_the_lock_it_is_looked_at_once),
      TEST(no_step_starts_on_a_guard_that_ended_without_the_lock), TEST(a_lock_lost_in_before_steps_is_taken_anew),
      TEST(a_lost_lock_is_taken_anew_within_its_budget), TEST(with_no_step_another_container_is_waited_for),
      TEST(the_lock_is_polled_anew_after_another_container_was_waited_for),
      TEST(another_container_is_waited_for_no_longer_than_verify_timeout),
      TEST(what_is_pending_is_waited_for_too_though_the_schema_verifies),
      TEST(what_nobody_applies_within_verify_timeout_is_65), TEST(what_is_pending_again_after_the_after_steps_is_65),
      TEST(who_does_not_wait_starts_on_a_schema_that_verifies),
      TEST(with_no_step_and_no_timeout_an_unhealthy_schema_is_65), TEST(a_lost_lock_never_moves_the_state));
