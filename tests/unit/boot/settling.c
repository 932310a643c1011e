/* Contract section 3 rule 4: a step that was killed may still run in the server. */
#include "driver.h"

static void what_a_failed_step_left_in_the_server_is_asked_for(void **state)
{
    (void)state;
    reach_stepping();
    pass(7000);
    ended(1);
    then(STATE_SETTLING, "'step-failed' kill sessions");
    due(TIMER_ORDER, plan.connect_timeout + BOOT_ORDER_TIMEOUT);
    assert_int_equal(boot.effects[2].order.age, 7000);
    sessions(1);
    then(STATE_UNSETTLED, "'sessions-left'");
    due(TIMER_STATE, BOOT_SETTLE_INTERVAL);
    fire(TIMER_STATE);
    then(STATE_SETTLING, "sessions");
    assert_int_equal(boot.effects[0].order.age, 7000 + BOOT_SETTLE_INTERVAL);
    sessions(0);
    then(STATE_PAUSING, "'step-retry'");
}

static void after_thirty_seconds_the_boot_goes_on_nevertheless(void **state)
{
    (void)state;
    reach_stepping();
    ended(1);
    instant began = boot.now;
    sessions(2);
    while (boot.state == STATE_UNSETTLED) {
        fire(TIMER_STATE);
        sessions(2);
    }
    then(STATE_PAUSING, "'sessions-left' 'step-retry'");
    assert_int_equal(boot.now - began, BOOT_SETTLE_TIMEOUT);
}

static void a_database_that_is_away_then_is_asked_again_for_thirty_seconds(void **state)
{
    (void)state;
    reach_stepping();
    ended(1);
    failed(FAILURE_NOT_LISTENING);
    then(STATE_UNSETTLED, "'not-ready'");
    never(TIMER_BUDGET);
    fire(TIMER_STATE);
    pass(BOOT_SETTLE_TIMEOUT);
    failed(FAILURE_NOT_LISTENING);
    then(STATE_PAUSING, "'sessions-unknown' 'step-retry'");
}

static void a_database_process_that_dies_then_takes_the_lock_along(void **state)
{
    (void)state;
    reach_stepping();
    ended(1);
    died();
    then(STATE_UNSETTLED, "'lock-lost' 'not-ready'");
    fire(TIMER_STATE);
    fire(TIMER_ORDER);
    then(STATE_UNSETTLED, "kill-database 'not-ready'");
    fire(TIMER_STATE);
    sessions(0);
    fire(TIMER_STATE);
    then(STATE_LOCKING, "'locking' lock");
}

static void a_signal_waits_for_what_still_runs_in_the_server(void **state)
{
    (void)state;
    reach(STATE_UNSETTLED);
    signalled(SIGTERM);
    then(STATE_UNSETTLED, "'stopping'");
    fire(TIMER_STATE);
    sessions(1);
    then(STATE_UNSETTLED, "");
    fire(TIMER_STATE);
    sessions(0);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void a_second_signal_does_not_wait(void **state)
{
    (void)state;
    static const enum boot_state states[] = { STATE_SETTLING, STATE_UNSETTLED };
    for (int i = 0; i < 2; i++) {
        reach(states[i]);
        signalled(SIGTERM);
        ignored(&(struct boot_event){ .kind = EVENT_SIGNAL, .signal = SIGHUP });
        signalled(SIGINT);
        then(STATE_ENDED, "'stopped' close summary exit:130");
    }
}

static void a_signal_does_not_wait_for_a_database_that_is_away(void **state)
{
    (void)state;
    reach(STATE_SETTLING);
    signalled(SIGTERM);
    failed(FAILURE_NOT_LISTENING);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void an_aborted_step_is_settled_before_the_lock_goes(void **state)
{
    (void)state;
    reach_stepping();
    signalled(SIGTERM);
    then(STATE_ENDING, "'stopping' signal:15");
    ended(143);
    then(STATE_SETTLING, "'step-ended' kill sessions");
    sessions(1);
    assert_true(boot.locked);
    fire(TIMER_STATE);
    sessions(0);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

GROUP(settling, TEST(what_a_failed_step_left_in_the_server_is_asked_for),
      TEST(after_thirty_seconds_the_boot_goes_on_nevertheless),
      TEST(a_database_that_is_away_then_is_asked_again_for_thirty_seconds),
      TEST(a_database_process_that_dies_then_takes_the_lock_along),
      TEST(a_signal_waits_for_what_still_runs_in_the_server), TEST(a_second_signal_does_not_wait),
      TEST(a_signal_does_not_wait_for_a_database_that_is_away), TEST(an_aborted_step_is_settled_before_the_lock_goes));
