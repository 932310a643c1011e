/* From the verified schema to the application's end. */
#include "driver.h"

static void the_application_is_looked_after_once_it_runs(void **state)
{
    (void)state;
    reach_running();
    then(STATE_RUNNING, "'started'");
    due(TIMER_LOOK, plan.interval);
    fire(TIMER_LOOK);
    then(STATE_LOOKING, "connect+alone");
    connected();
    then(STATE_WATCHING, "check");
    checked(0);
    then(STATE_RUNNING, "tables close");
    assert_int_equal(boot.failed_looks, 1);
    due(TIMER_LOOK, plan.interval);
}

static void looks_that_fail_in_a_row_are_counted(void **state)
{
    (void)state;
    reach_running();
    fire(TIMER_LOOK);
    failed(FAILURE_NOT_LISTENING);
    then(STATE_RUNNING, "close");
    fire(TIMER_LOOK);
    connected();
    fire(TIMER_ORDER);
    then(STATE_RUNNING, "kill-database close");
    fire(TIMER_LOOK);
    died();
    assert_int_equal(boot.failed_looks, 3);
    fire(TIMER_LOOK);
    connected();
    checked(HEALTHY);
    assert_int_equal(boot.failed_looks, 0);
}

static void without_an_interval_there_are_no_looks(void **state)
{
    (void)state;
    plan.interval = 0;
    reach_running();
    enum boot_timer timer;
    assert_true(boot_next_deadline(&boot, &timer) == BOOT_NEVER);
}

static void a_look_without_connect_timeout_ends_nevertheless(void **state)
{
    (void)state;
    plan.connect_timeout = 0;
    reach_running();
    fire(TIMER_LOOK);
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
}

static void a_look_without_trouble_needs_no_probe(void **state)
{
    (void)state;
    begin();
    failed(FAILURE_NOT_LISTENING);
    fire(TIMER_STATE);
    connected();
    checked(GOOD);
    app_started();
    fire(TIMER_LOOK);
    then(STATE_LOOKING, "connect+alone");
}

static void nothing_of_the_waiting_is_armed_while_the_application_runs(void **state)
{
    (void)state;
    reach_checking();
    checked(0);
    failed(FAILURE_NOT_READY); /* the lock has not worked yet, and another replica does the work */
    fire(TIMER_STATE);
    connected();
    checked(GOOD);
    app_started();
    never(TIMER_BUDGET);
    never(TIMER_STATE);
    never(TIMER_ORDER);
    assert_true(boot.waiting_since == BOOT_NEVER);
}

static void the_applications_status_is_ours(void **state)
{
    (void)state;
    reach_running();
    app_ended(3);
    then(STATE_ENDED, "'app-ended' close exit:3");
    assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
}

static void a_status_of_ok_exit_is_reported_as_0(void **state)
{
    (void)state;
    bool ok[256] = { [143] = true };
    plan.ok_exit = ok;
    reach_running();
    signalled(SIGTERM);
    app_ended(143);
    then(STATE_ENDED, "'app-ended' close exit:0");
    reach_running();
    app_ended(137);
    then(STATE_ENDED, "'app-ended' close exit:137");
}

static void an_application_that_cannot_be_started_is_126_or_127(void **state)
{
    (void)state;
    bool ok[256] = { [127] = true };
    plan.ok_exit = ok; /* not the application's status */
    reach(STATE_STARTING);
    app_refused(127);
    then(STATE_ENDED, "'app-refused' close summary exit:127");
    assert_int_equal(boot_phase(&boot), PHASE_FAILED);
}

static void mode_exec_closes_the_database_first(void **state)
{
    (void)state;
    plan.exec = true;
    reach_checking();
    checked(GOOD);
    then(STATE_CLOSING, "tables 'up-to-date' close");
    assert_int_equal(boot_phase(&boot), PHASE_STARTING);
    due(TIMER_STATE, BOOT_CLOSE_TIMEOUT);
    closed();
    then(STATE_STARTING, "summary start");
    never(TIMER_STATE);
}

static void the_applications_address_is_let_go_before_it_starts(void **state)
{
    (void)state;
    plan.placeholder = true;
    reach_checking();
    checked(GOOD);
    then(STATE_RELEASING, "tables 'up-to-date' release");
    assert_int_equal(boot_phase(&boot), PHASE_STARTING);
    due(TIMER_STATE, BOOT_RELEASE_TIMEOUT);
    released();
    then(STATE_STARTING, "summary start close");
}

static void an_address_that_is_not_let_go_is_freed_by_force(void **state)
{
    (void)state;
    reach(STATE_RELEASING);
    fire(TIMER_STATE);
    then(STATE_RELEASING, "release-by-force");
    released();
    then(STATE_STARTING, "summary start close");
}

static void mode_exec_lets_the_address_go_and_then_closes_the_database(void **state)
{
    (void)state;
    plan.placeholder = plan.exec = true;
    reach_checking();
    checked(GOOD);
    then(STATE_RELEASING, "tables 'up-to-date' release");
    released();
    then(STATE_CLOSING, "close");
}

static void mode_exec_kills_a_database_process_that_does_not_end(void **state)
{
    (void)state;
    reach(STATE_CLOSING);
    fire(TIMER_STATE);
    then(STATE_STARTING, "kill-database summary start");
}

static void mode_exec_does_not_wait_for_a_database_process_that_died(void **state)
{
    (void)state;
    reach(STATE_CLOSING);
    died();
    then(STATE_STARTING, "summary start");
}

static void every_signal_is_passed_on_each_time_it_comes(void **state)
{
    (void)state;
    reach_running();
    signalled(SIGHUP);
    then(STATE_RUNNING, "'signal' app-signal:1");
    signalled(SIGTERM);
    then(STATE_STOPPING, "'stopping' app-signal:15");
    signalled(SIGTERM);
    then(STATE_STOPPING, "'signal' app-signal:15");
    signalled(SIGUSR1);
    then(STATE_STOPPING, "'signal' app-signal:10");
    reach_running();
    signalled(SIGINT);
    then(STATE_STOPPING, "'stopping' app-signal:2");
}

static void quit_stops_no_application_that_was_not_told_so(void **state)
{
    (void)state;
    reach_running();
    signalled(SIGQUIT);
    then(STATE_RUNNING, "'signal' app-signal:3");
    plan.stop_signal = SIGQUIT;
    signalled(SIGQUIT);
    then(STATE_STOPPING, "'stopping' app-signal:3");
}

static void stop_signal_stands_for_term_and_int_alone(void **state)
{
    (void)state;
    plan.stop_signal = SIGWINCH;
    reach_running();
    signalled(SIGQUIT);
    then(STATE_RUNNING, "'signal' app-signal:3");
    signalled(SIGTERM);
    then(STATE_STOPPING, "'stopping' app-signal:28");
    signalled(SIGINT);
    then(STATE_STOPPING, "'signal' app-signal:28");
}

static void after_stop_timeout_what_is_left_is_killed(void **state)
{
    (void)state;
    plan.stop_timeout = 10000;
    reach_running();
    signalled(SIGTERM);
    due(TIMER_STOP, 10000);
    pass(4000);
    signalled(SIGTERM);
    due(TIMER_STOP, 6000); /* a second one does not buy time */
    fire(TIMER_STOP);
    then(STATE_STOPPING, "'stop-timeout' kill-rest");
    app_ended(137);
    then(STATE_ENDED, "'app-ended' close exit:137");
}

static void without_stop_timeout_that_is_left_to_the_engine(void **state)
{
    (void)state;
    reach(STATE_STOPPING);
    enum boot_timer timer;
    assert_true(boot_next_deadline(&boot, &timer) == BOOT_NEVER);
}

static void stopping_ends_a_look(void **state)
{
    (void)state;
    static const enum boot_state states[] = { STATE_LOOKING, STATE_WATCHING };
    for (int i = 0; i < 2; i++) {
        reach(states[i]);
        signalled(SIGTERM);
        then(STATE_STOPPING, "'stopping' app-signal:15 kill-database");
        never(TIMER_ORDER);
        ignored(&(struct boot_event){ .kind = EVENT_CONNECTED });
        ignored(&(struct boot_event){ .kind = EVENT_CHECKED });
    }
}

static void an_application_may_end_during_a_look(void **state)
{
    (void)state;
    reach(STATE_WATCHING);
    app_ended(0);
    then(STATE_ENDED, "'app-ended' close exit:0");
}

static void nothing_happens_after_the_end(void **state)
{
    (void)state;
    for (int kind = EVENT_BEGIN; kind < BOOT_EVENT_COUNT; kind++) {
        reach(STATE_ENDED);
        for (int timer = 0; timer < BOOT_TIMERS; timer++) {
            ignored(&(struct boot_event){
                .kind = (enum boot_event_kind)kind, .timer = (enum boot_timer)timer, .signal = SIGTERM });
        }
    }
}

GROUP(application, TEST(the_application_is_looked_after_once_it_runs), TEST(looks_that_fail_in_a_row_are_counted),
      TEST(without_an_interval_there_are_no_looks), TEST(a_look_without_connect_timeout_ends_nevertheless),
      TEST(a_look_without_trouble_needs_no_probe), TEST(nothing_of_the_waiting_is_armed_while_the_application_runs),
      TEST(the_applications_status_is_ours), TEST(a_status_of_ok_exit_is_reported_as_0),
      TEST(an_application_that_cannot_be_started_is_126_or_127), TEST(mode_exec_closes_the_database_first),
      TEST(the_applications_address_is_let_go_before_it_starts), TEST(an_address_that_is_not_let_go_is_freed_by_force),
      TEST(mode_exec_lets_the_address_go_and_then_closes_the_database),
      TEST(mode_exec_kills_a_database_process_that_does_not_end),
      TEST(mode_exec_does_not_wait_for_a_database_process_that_died),
      TEST(every_signal_is_passed_on_each_time_it_comes), TEST(quit_stops_no_application_that_was_not_told_so),
      TEST(stop_signal_stands_for_term_and_int_alone), TEST(after_stop_timeout_what_is_left_is_killed),
      TEST(without_stop_timeout_that_is_left_to_the_engine), TEST(stopping_ends_a_look),
      TEST(an_application_may_end_during_a_look), TEST(nothing_happens_after_the_end));
