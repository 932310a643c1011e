/* Contract section 2 `wait`, section 3 rule 10: waiting for PostgreSQL. */
#include "driver.h"

static void a_boot_begins_with_one_attempt_to_connect(void **state)
{
    (void)state;
    begin();
    then(STATE_CONNECTING, "'waiting' connect");
    due(TIMER_ORDER, plan.connect_timeout + BOOT_ORDER_SLACK);
    assert_int_equal(boot.effects[1].order.within, plan.connect_timeout + BOOT_ORDER_SLACK);
    due(TIMER_BUDGET, plan.wait_timeout);
}

static void once_connected_the_schema_is_looked_at(void **state)
{
    (void)state;
    begin();
    connected();
    then(STATE_CHECKING, "'connected' check+history");
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
    never(TIMER_BUDGET);
}

static void without_a_history_none_is_asked_for(void **state)
{
    (void)state;
    plan.history = false;
    reach_checking();
    then(STATE_CHECKING, "'connected' check");
}

static void after_a_look_that_failed_a_connection_proves_itself(void **state)
{
    (void)state;
    reach_checking();
    failed(FAILURE_NOT_READY); /* a pooler is there, its server is not */
    for (int i = 0; i < 10; i++) {
        fire(TIMER_STATE);
        then(STATE_CONNECTING, "connect+probe+prove");
        failed(FAILURE_NOT_READY);
    }
    fire(TIMER_STATE);
    connected();
    then(STATE_CHECKING, "'connected' check+history");

    reach(STATE_VERIFYING);
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect+probe+prove");
}

static void the_command_wait_proves_a_query_and_ends(void **state)
{
    (void)state;
    plan.goal = GOAL_WAIT;
    begin();
    then(STATE_CONNECTING, "'waiting' connect+prove");
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect+prove");
    connected();
    then(STATE_ENDED, "'ready' close summary exit:0");
}

static void the_command_wait_ends_with_69_after_its_budget(void **state)
{
    (void)state;
    plan.goal = GOAL_WAIT;
    begin();
    failed(FAILURE_NOT_LISTENING);
    fire(TIMER_BUDGET);
    then(STATE_ENDED, "'unreachable' close summary exit:69");
}

static void the_command_verify_looks_once(void **state)
{
    (void)state;
    plan.goal = GOAL_LOOK;
    begin();
    then(STATE_CONNECTING, "'waiting' connect+alone");
    connected();
    checked(HEALTHY);
    then(STATE_ENDED, "tables close summary exit:0");
    reach_checking();
    checked(PROVEN);
    then(STATE_ENDED, "tables close summary exit:65");
}

static void no_step_runs_for_a_schema_that_cannot_be_verified(void **state)
{
    (void)state;
    plan.force = true;
    reach_checking();
    checked(HOPELESS);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void the_command_verify_does_not_wait(void **state)
{
    (void)state;
    plan.goal = GOAL_LOOK;
    begin();
    failed(FAILURE_NOT_LISTENING);
    then(STATE_ENDED, "'unreachable' close summary exit:69");
    begin();
    failed(FAILURE_REFUSED);
    then(STATE_ENDED, "'unreachable' close summary exit:69");
    reach_checking();
    fire(TIMER_ORDER);
    then(STATE_ENDED, "kill-database 'unreachable' close summary exit:69");
}

static void the_command_verify_tells_a_wrong_configuration(void **state)
{
    (void)state;
    plan.goal = GOAL_LOOK;
    begin();
    failed(FAILURE_CONFIG);
    then(STATE_ENDED, "'configuration' close summary exit:78");
}

static void while_nothing_listens_it_is_probed_at_the_interval(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 10; i++) {
        failed(FAILURE_NOT_LISTENING);
        due(TIMER_STATE, plan.probe_interval);
        fire(TIMER_STATE);
        then(STATE_CONNECTING, "connect+probe");
    }
    failed(FAILURE_ALSO);
    due(TIMER_STATE, plan.probe_interval);
}

static void a_server_that_says_it_starts_up_is_not_probed(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_NOT_LISTENING);
    fire(TIMER_STATE);
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect");
    failed(FAILURE_NO_ANSWER); /* it went away after all */
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect+probe");
}

static void a_probe_interval_of_none_never_spins(void **state)
{
    (void)state;
    plan.probe_interval = 0;
    begin();
    failed(FAILURE_NOT_LISTENING);
    due(TIMER_STATE, 1);
}

static void when_packets_vanish_attempts_begin_a_second_apart(void **state)
{
    (void)state;
    begin();
    pass(300);
    failed(FAILURE_NO_ANSWER);
    due(TIMER_STATE, BOOT_SILENCE_PROBE - 300);
    fire(TIMER_STATE);
    fire(TIMER_ORDER);
    then(STATE_RETRYING, "kill-database 'not-ready'");
    due(TIMER_STATE, plan.probe_interval);
}

static void a_server_that_answers_with_an_error_is_asked_with_growing_delays(void **state)
{
    (void)state;
    duration ceiling = plan.initial_delay;
    begin();
    for (int i = 0; i < 8; i++) {
        failed(i % 2 ? FAILURE_NOT_READY : FAILURE_NAME);
        due_between(TIMER_STATE, 1, ceiling);
        ceiling = ceiling * 2 < plan.max_delay ? ceiling * 2 : plan.max_delay;
        fire(TIMER_STATE);
    }
    failed(FAILURE_NOT_LISTENING); /* it is another one that starts */
    fire(TIMER_STATE);
    failed(FAILURE_NOT_READY);
    due_between(TIMER_STATE, 1, plan.initial_delay);
    fire(TIMER_STATE);
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    connected();
    failed(FAILURE_NOT_READY);
    due_between(TIMER_STATE, 1, plan.initial_delay);
}

static void a_repeated_error_is_logged_when_it_changes_and_every_five_seconds(void **state)
{
    (void)state;
    struct boot_event failure = { .kind = EVENT_FAILED, .failure = FAILURE_NOT_LISTENING, .fingerprint = 1 };
    begin();
    assert_true(handle(&failure));
    then(STATE_RETRYING, "'not-ready'");
    fire(TIMER_STATE);
    assert_true(handle(&failure));
    then(STATE_RETRYING, "");
    fire(TIMER_STATE);
    failure.fingerprint = 2;
    assert_true(handle(&failure));
    then(STATE_RETRYING, "'not-ready'");
    fire(TIMER_STATE);
    pass(BOOT_REPEAT_LOG);
    assert_true(handle(&failure));
    then(STATE_RETRYING, "'not-ready'");
}

static void a_refusal_is_for_good_after_the_grace(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_REFUSED);
    then(STATE_RETRYING, "'not-ready'");
    pass(plan.permanent_grace - 100);
    fire(TIMER_STATE);
    failed(FAILURE_REFUSED);
    pass(100);
    fire(TIMER_STATE);
    failed(FAILURE_REFUSED);
    then(STATE_ENDED, "'refused' close summary exit:77");
}

static void one_attempt_stands_at_the_end_of_the_grace(void **state)
{
    (void)state;
    plan.initial_delay = plan.max_delay = 1000 * plan.permanent_grace;
    begin();
    failed(FAILURE_REFUSED);
    due(TIMER_STATE, plan.permanent_grace);
    fire(TIMER_STATE);
    failed(FAILURE_REFUSED);
    then(STATE_ENDED, "'refused' close summary exit:77");
}

static void a_refusal_that_healed_leaves_a_later_one_its_grace(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_REFUSED);
    fire(TIMER_STATE);
    connected();
    pass(plan.permanent_grace);
    failed(FAILURE_REFUSED);
    then(STATE_RETRYING, "'not-ready'");
}

static void another_error_between_begins_the_grace_anew(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_REFUSED);
    fire(TIMER_STATE);
    failed(FAILURE_NOT_READY);
    fire(TIMER_STATE);
    pass(plan.permanent_grace);
    failed(FAILURE_REFUSED);
    then(STATE_RETRYING, "'not-ready'");
}

static void without_grace_a_refusal_ends_the_boot_at_once(void **state)
{
    (void)state;
    plan.permanent_grace = 0;
    begin();
    failed(FAILURE_REFUSED);
    then(STATE_ENDED, "'refused' close summary exit:77");
}

static void a_refusal_within_the_grace_is_77_when_the_budget_ends(void **state)
{
    (void)state;
    plan.permanent_grace = 2 * plan.wait_timeout;
    begin();
    failed(FAILURE_REFUSED);
    fire(TIMER_BUDGET);
    then(STATE_ENDED, "'unreachable' close summary exit:77");
}

static void a_refusal_that_healed_is_not_told_later(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_REFUSED);
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect");
    connected();
    assert_int_equal(boot.failure, FAILURES);
    died();
    fire(TIMER_BUDGET);
    assert_int_equal(boot.status, STATUS_UNREACHABLE);
}

static void a_wrong_configuration_ends_the_boot_at_once(void **state)
{
    (void)state;
    plan.hold = true; /* a configuration cannot heal */
    begin();
    failed(FAILURE_CONFIG);
    then(STATE_ENDED, "'configuration' close summary exit:78");
}

static void the_budget_ends_the_boot_in_mid_attempt(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_NOT_LISTENING);
    fire(TIMER_STATE);
    fire(TIMER_BUDGET);
    then(STATE_ENDED, "'unreachable' kill-database close summary exit:69");
}

static void a_budget_of_none_waits_for_ever(void **state)
{
    (void)state;
    plan.wait_timeout = 0;
    begin();
    never(TIMER_BUDGET);
    for (int i = 0; i < 100; i++) {
        pass(3600000);
        failed(FAILURE_NOT_READY);
        never(TIMER_BUDGET);
        fire(TIMER_STATE);
    }
    then(STATE_CONNECTING, "connect");
}

static void an_attempt_without_timeout_lasts_as_long_as_the_budget(void **state)
{
    (void)state;
    plan.connect_timeout = 0;
    begin();
    never(TIMER_ORDER);
    assert_int_equal(boot.effects[1].order.within, 0);
    due(TIMER_BUDGET, plan.wait_timeout);
    fire(TIMER_BUDGET);
    then(STATE_ENDED, "'unreachable' kill-database close summary exit:69");
}

/* wait.timeout is one budget for all waiting of a boot. */
static void what_was_waited_before_counts_when_the_database_goes_away_again(void **state)
{
    (void)state;
    begin();
    pass(40000);
    failed(FAILURE_NOT_LISTENING);
    fire(TIMER_STATE);
    connected();
    never(TIMER_BUDGET);
    duration waited = boot_waited(&boot);
    assert_int_equal(waited, 40020);
    pass(700);
    failed(FAILURE_NOT_READY);
    due(TIMER_BUDGET, plan.wait_timeout - waited - 700);
    fire(TIMER_BUDGET);
    then(STATE_ENDED, "'unreachable' close summary exit:69");
    assert_int_equal(boot_waited(&boot), plan.wait_timeout);
}

static void a_spell_lasts_until_what_failed_has_worked(void **state)
{
    (void)state;
    reach_checking();
    for (int i = 0; i < 3; i++) {
        pass(10000);
        failed(FAILURE_QUERY);
        fire(TIMER_STATE);
        connected(); /* connecting works, looking does not */
        assert_true(boot.deadline[TIMER_BUDGET] != BOOT_NEVER);
    }
    checked(GOOD);
    never(TIMER_BUDGET);
    assert_in_range(boot_waited(&boot), 30000, 33000);
}

static void a_look_that_does_not_come_back_is_bounded_by_what_is_left(void **state)
{
    (void)state;
    plan.wait_timeout = 8000;
    begin();
    pass(1000);
    connected();
    due(TIMER_ORDER, 7000);
    fire(TIMER_ORDER);
    then(STATE_ENDED, "kill-database 'unreachable' close summary exit:69");
}

static void a_look_always_has_the_time_of_an_attempt_to_connect(void **state)
{
    (void)state;
    plan.wait_timeout = 2000;
    begin();
    pass(1990);
    connected();
    due(TIMER_ORDER, plan.connect_timeout);
    checked(GOOD);
    assert_int_equal(boot.state, STATE_STARTING);
}

static void a_look_that_no_budget_bounds_has_its_full_time(void **state)
{
    (void)state;
    plan.wait_timeout = 0;
    reach_checking();
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
    plan.wait_timeout = 8000;
    plan.connect_timeout = 0;
    reach_checking();
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
    plan.connect_timeout = 5000;
    reach_running();
    fire(TIMER_LOOK);
    connected();
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
}

static void a_database_process_that_dies_is_a_failed_attempt(void **state)
{
    (void)state;
    begin();
    died();
    then(STATE_RETRYING, "'not-ready'");
    fire(TIMER_STATE);
    then(STATE_CONNECTING, "connect");
    connected();
    died();
    then(STATE_RETRYING, "");
}

static void a_late_answer_changes_nothing(void **state)
{
    (void)state;
    begin();
    fire(TIMER_ORDER);
    ignored(&(struct boot_event){ .kind = EVENT_CONNECTED });
    ignored(&(struct boot_event){ .kind = EVENT_FAILED, .failure = FAILURE_CONFIG });
    ignored(&(struct boot_event){ .kind = EVENT_CHECKED, .look = { .healthy = true, .proven = true } });
}

static void an_answer_to_another_order_leaves_the_open_one_as_it_is(void **state)
{
    (void)state;
    reach_checking();
    ignored(&(struct boot_event){ .kind = EVENT_LOCKED });
    ignored(&(struct boot_event){ .kind = EVENT_CONNECTED });
    due_between(TIMER_ORDER, 1, BOOT_NEVER - 1);
    fire(TIMER_ORDER);
    then(STATE_RETRYING, "kill-database 'not-ready'");
}

static void a_timer_event_older_than_its_deadline_changes_nothing(void **state)
{
    (void)state;
    reach_checking(); /* the order to connect was answered just in time, and that to look has a deadline of its own */
    ignored(&(struct boot_event){ .kind = EVENT_TIMER, .timer = TIMER_ORDER });
    due_between(TIMER_ORDER, 1, BOOT_NEVER - 1);
}

static void a_timer_that_is_not_armed_changes_nothing(void **state)
{
    (void)state;
    begin();
    connected();
    checked(GOOD);
    app_started();
    for (int timer = 0; timer < BOOT_TIMERS; timer++) {
        if (timer != TIMER_LOOK) {
            ignored(&(struct boot_event){ .kind = EVENT_TIMER, .timer = (enum boot_timer)timer });
        }
    }
}

static void a_clock_that_goes_back_is_not_believed(void **state)
{
    (void)state;
    begin();
    pass(5000);
    connected();
    instant then_now = boot.now;
    pass(-3000);
    failed(FAILURE_NOT_LISTENING);
    assert_true(boot.now >= then_now);
}

static void the_nearest_deadline_is_told(void **state)
{
    (void)state;
    enum boot_timer timer = BOOT_TIMERS;
    begin();
    assert_int_equal(boot_next_deadline(&boot, &timer), boot.now + plan.connect_timeout + BOOT_ORDER_SLACK);
    assert_int_equal(timer, TIMER_ORDER);
    failed(FAILURE_NOT_LISTENING);
    assert_int_equal(boot_next_deadline(&boot, &timer), boot.now + plan.probe_interval);
    assert_int_equal(timer, TIMER_STATE);
    reach(STATE_ENDED);
    assert_true(boot_next_deadline(&boot, &timer) == BOOT_NEVER);
}

GROUP(waiting, TEST(a_boot_begins_with_one_attempt_to_connect), TEST(once_connected_the_schema_is_looked_at),
      TEST(without_a_history_none_is_asked_for), TEST(after_a_look_that_failed_a_connection_proves_itself),
      TEST(the_command_wait_proves_a_query_and_ends), TEST(the_command_wait_ends_with_69_after_its_budget),
      TEST(the_command_verify_looks_once), TEST(the_command_verify_does_not_wait),
      TEST(no_step_runs_for_a_schema_that_cannot_be_verified), TEST(the_command_verify_tells_a_wrong_configuration),
      TEST(while_nothing_listens_it_is_probed_at_the_interval), TEST(a_server_that_says_it_starts_up_is_not_probed),
      TEST(a_probe_interval_of_none_never_spins), TEST(when_packets_vanish_attempts_begin_a_second_apart),
      TEST(a_server_that_answers_with_an_error_is_asked_with_growing_delays),
      TEST(a_repeated_error_is_logged_when_it_changes_and_every_five_seconds),
      TEST(a_refusal_is_for_good_after_the_grace), TEST(one_attempt_stands_at_the_end_of_the_grace),
      TEST(a_refusal_that_healed_leaves_a_later_one_its_grace), TEST(another_error_between_begins_the_grace_anew),
      TEST(without_grace_a_refusal_ends_the_boot_at_once), TEST(a_refusal_within_the_grace_is_77_when_the_budget_ends),
      TEST(a_refusal_that_healed_is_not_told_later), TEST(a_wrong_configuration_ends_the_boot_at_once),
      TEST(the_budget_ends_the_boot_in_mid_attempt), TEST(a_budget_of_none_waits_for_ever),
      TEST(an_attempt_without_timeout_lasts_as_long_as_the_budget),
      TEST(what_was_waited_before_counts_when_the_database_goes_away_again),
      TEST(a_spell_lasts_until_what_failed_has_worked), TEST(a_look_that_does_not_come_back_is_bounded_by_what_is_left),
      TEST(a_look_always_has_the_time_of_an_attempt_to_connect), TEST(a_look_that_no_budget_bounds_has_its_full_time),
      TEST(a_database_process_that_dies_is_a_failed_attempt), TEST(a_late_answer_changes_nothing),
      TEST(an_answer_to_another_order_leaves_the_open_one_as_it_is),
      TEST(a_timer_event_older_than_its_deadline_changes_nothing), TEST(a_timer_that_is_not_armed_changes_nothing),
      TEST(a_clock_that_goes_back_is_not_believed), TEST(the_nearest_deadline_is_told));
