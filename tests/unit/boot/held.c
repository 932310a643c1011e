/* on_failure: hold. */
#include "driver.h"

static void without_hold_a_failure_ends_the_boot(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 0;
    reach_checking();
    checked(0);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
    assert_int_equal(boot_phase(&boot), PHASE_FAILED);
}

static void a_held_boot_gives_the_lock_away_and_looks_every_interval(void **state)
{
    (void)state;
    static const int statuses[] = { STATUS_SCHEMA, STATUS_UNREACHABLE, STATUS_STEPS, STATUS_LOCK, STATUS_REFUSED };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        set_up(NULL);
        plan.interval = i % 2 ? 0 : 7000;
        reach_held(statuses[i]);
        assert_false(boot.locked);
        assert_int_equal(boot_phase(&boot), PHASE_HELD);
        due(TIMER_LOOK, plan.interval ? plan.interval : BOOT_HELD_INTERVAL);
        never(TIMER_STATE);
        never(TIMER_ORDER);
        never(TIMER_BUDGET);
        fire(TIMER_LOOK);
        assert_int_equal(boot.state, STATE_HELD_CONNECTING);
        failed(FAILURE_NOT_READY);
        then(STATE_HELD, "'not-ready' close");
        due(TIMER_LOOK, plan.interval ? plan.interval : BOOT_HELD_INTERVAL);
    }
}

static void the_commands_sync_and_wait_are_never_held(void **state)
{
    (void)state;
    plan.hold = true;
    plan.goal = GOAL_SYNC;
    plan.step_count[LIST_STEPS] = 0;
    reach_checking();
    checked(0);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void held_after_65_the_application_starts_once_the_schema_verifies(void **state)
{
    (void)state;
    reach_held(STATUS_SCHEMA);
    fire(TIMER_LOOK);
    then(STATE_HELD_CONNECTING, "connect+prove");
    connected();
    then(STATE_HELD_CHECKING, "check+history");
    checked(PROVEN);
    then(STATE_HELD, "tables close");
    fire(TIMER_LOOK);
    connected();
    checked(HEALTHY);
    then(STATE_STARTING, "tables 'healed' summary start close");
    app_started();
    app_ended(0);
    then(STATE_ENDED, "'app-ended' close exit:0");
}

static void held_after_70_the_history_must_prove_it_too(void **state)
{
    (void)state;
    reach_held(STATUS_STEPS);
    fire(TIMER_LOOK);
    connected();
    checked(HEALTHY);
    then(STATE_HELD, "tables close");
    fire(TIMER_LOOK);
    connected();
    checked(GOOD);
    then(STATE_STARTING, "tables 'healed' summary start close");
}

static void held_after_70_without_a_history_only_a_signal_helps(void **state)
{
    (void)state;
    plan.history = false;
    reach_held(STATUS_STEPS);
    fire(TIMER_LOOK);
    connected();
    checked(GOOD);
    then(STATE_HELD, "tables close");
}

static void held_after_69_75_and_77_the_boot_begins_anew_once_queries_work(void **state)
{
    (void)state;
    static const int statuses[] = { STATUS_UNREACHABLE, STATUS_LOCK, STATUS_REFUSED };
    for (size_t i = 0; i < 3; i++) {
        set_up(NULL);
        reach_held(statuses[i]);
        fire(TIMER_LOOK);
        connected();
        then(STATE_CONNECTING, "'boot-anew' connect");
        due(TIMER_BUDGET, plan.wait_timeout); /* a new boot has new budgets */
        assert_int_equal(boot_lock_waited(&boot), 0);
        connected();
        checked(GOOD);
        assert_int_equal(boot.state, STATE_STARTING);
    }
}

static void hup_begins_the_boot_anew_at_any_time(void **state)
{
    (void)state;
    reach(STATE_HELD);
    signalled(SIGHUP);
    then(STATE_CONNECTING, "'boot-anew' connect");
    reach(STATE_HELD_CONNECTING);
    signalled(SIGHUP);
    then(STATE_CONNECTING, "'boot-anew' kill-database connect");
    reach(STATE_HELD_CHECKING);
    signalled(SIGHUP);
    then(STATE_CONNECTING, "'boot-anew' kill-database connect");
    connected();
    checked(0);
    locked();
    checked(0);
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:steps.0#1");
}

static void a_held_boot_never_runs_a_step_of_itself(void **state)
{
    (void)state;
    plan.when = BOOT_ALWAYS;
    reach_held(STATUS_SCHEMA);
    fire(TIMER_LOOK);
    connected();
    checked(HEALTHY);
    assert_int_equal(boot.state, STATE_STARTING);
}

static void held_for_what_another_container_did_not_apply_it_starts_once_that_is_done(void **state)
{
    (void)state;
    plan.hold = true;
    plan.step_count[LIST_STEPS] = 0;
    plan.verify_timeout = 1;
    reach_checking();
    checked(HEALTHY | BEHIND);
    fire(TIMER_STATE);
    checked(HEALTHY | BEHIND);
    assert_int_equal(boot.state, STATE_HELD);
    fire(TIMER_LOOK);
    connected();
    checked(HEALTHY | BEHIND);
    assert_int_equal(boot.state, STATE_HELD);
    fire(TIMER_LOOK);
    connected();
    checked(GOOD);
    assert_int_equal(boot.state, STATE_STARTING);
}

static void a_healed_boot_still_owes_its_after_steps(void **state)
{
    (void)state;
    static const int statuses[] = { STATUS_SCHEMA, STATUS_STEPS };
    for (int i = 0; i < 2; i++) {
        set_up(NULL);
        plan.step_count[LIST_AFTER] = 1;
        reach_held(statuses[i]);
        fire(TIMER_LOOK);
        connected();
        checked(GOOD);
        then(STATE_LOCKING, "tables 'healed' 'locking' lock");
        locked();
        checked(GOOD);
        then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.0#1");
        ended(0);
        checked(GOOD);
        then(STATE_STARTING, "tables summary start close");
    }
}

static void a_failed_after_step_is_tried_again_when_the_schema_is_proven(void **state)
{
    (void)state;
    plan.hold = true;
    plan.step_count[LIST_AFTER] = 2;
    reach_stepping();
    ended(0);
    checked(GOOD);
    ended(0);
    fail_step(1);
    then(STATE_HELD, "'steps-failed' 'held' close summary");
    fire(TIMER_LOOK);
    connected();
    checked(GOOD);
    locked();
    checked(GOOD);
    then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.1#1");
}

/* What an earlier round waited for, and the time it was held, are none of a later one's. */
static void a_healed_boot_has_new_budgets(void **state)
{
    (void)state;
    plan.hold = true;
    plan.step_count[LIST_STEPS] = 0;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    for (int round = 0; round < 3; round++) {
        busy();
        fire(TIMER_STATE);
        pass(400000);
        checked(GOOD);
        assert_in_range(boot_lock_waited(&boot), 400000, 400999);
        failed(FAILURE_NOT_READY);
        due(TIMER_BUDGET, plan.wait_timeout);
        pass(40000);
        fire(TIMER_STATE);
        connected();
        checked(0);
        then(STATE_HELD, "tables 'unhealthy' 'held' close summary");
        pass(3600000);
        fire(TIMER_LOOK);
        connected();
        checked(GOOD);
        then(STATE_LOCKING, "tables 'healed' 'locking' lock");
        assert_int_equal(boot_lock_waited(&boot), 0);
        assert_int_equal(boot_waited(&boot), 0);
    }
}

static void a_healed_boot_waits_for_another_container_anew(void **state)
{
    (void)state;
    plan.hold = true;
    plan.step_count[LIST_STEPS] = 0;
    plan.step_count[LIST_AFTER] = 1;
    plan.verify_timeout = 60000;
    reach_checking();
    checked(0);
    pass(plan.verify_timeout);
    fire(TIMER_STATE);
    checked(0);
    then(STATE_HELD, "tables 'unhealthy' 'held' close summary");
    fire(TIMER_LOOK);
    connected();
    checked(GOOD);
    locked();
    checked(0);
    then(STATE_AWAITING, "tables 'awaiting-schema'");
}

static void a_held_look_that_hangs_is_bounded(void **state)
{
    (void)state;
    static const int statuses[] = { STATUS_SCHEMA, STATUS_UNREACHABLE };
    for (int i = 0; i < 2; i++) {
        set_up(NULL);
        plan.connect_timeout = 0;
        reach_held(statuses[i]);
        fire(TIMER_LOOK);
        due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
        fire(TIMER_ORDER);
        then(STATE_HELD, "kill-database 'not-ready' close");
    }
}

GROUP(held, TEST(without_hold_a_failure_ends_the_boot), TEST(a_held_boot_gives_the_lock_away_and_looks_every_interval),
      TEST(the_commands_sync_and_wait_are_never_held),
      TEST(held_after_65_the_application_starts_once_the_schema_verifies),
      TEST(held_after_70_the_history_must_prove_it_too), TEST(held_after_70_without_a_history_only_a_signal_helps),
      TEST(held_after_69_75_and_77_the_boot_begins_anew_once_queries_work), TEST(hup_begins_the_boot_anew_at_any_time),
      TEST(a_held_boot_never_runs_a_step_of_itself),
      TEST(held_for_what_another_container_did_not_apply_it_starts_once_that_is_done),
      TEST(a_healed_boot_still_owes_its_after_steps),
      TEST(a_failed_after_step_is_tried_again_when_the_schema_is_proven), TEST(a_healed_boot_has_new_budgets),
      TEST(a_healed_boot_waits_for_another_container_anew), TEST(a_held_look_that_hangs_is_bounded));
