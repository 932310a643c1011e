/* Contract section 3 rule 7: TERM, INT or QUIT before the application runs. */
#include "driver.h"

static const int stops[] = { SIGTERM, SIGINT, SIGQUIT };

static bool runs_a_child(enum boot_state state)
{
    return state == STATE_GUARDING || state == STATE_STEPPING || state == STATE_ENDING;
}

static bool settles(enum boot_state state)
{
    return state == STATE_SETTLING || state == STATE_UNSETTLED;
}

static void with_no_child_a_signal_ends_the_boot_at_once(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        enum boot_state from = (enum boot_state)each;
        bool before_app = from < STATE_STARTING || (from >= STATE_HELD && from < STATE_ENDED);
        if (!lasts(from) || !before_app || runs_a_child(from) || settles(from)) {
            continue;
        }
        for (size_t i = 0; i < 3; i++) {
            reach(from);
            signalled(stops[i]);
            assert_int_equal(boot.state, STATE_ENDED);
            assert_false(boot.locked);
            const struct boot_effect *last = &boot.effects[boot.effect_count - 1];
            assert_int_equal(last->kind, EFFECT_EXIT);
            assert_int_equal(last->number, 128 + stops[i]);
            assert_int_equal(boot.effects[boot.effect_count - 3].kind, EFFECT_CLOSE_DATABASE);
            assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
        }
    }
}

static void a_running_child_gets_the_signal_and_five_seconds(void **state)
{
    (void)state;
    static const enum boot_state states[] = { STATE_GUARDING, STATE_STEPPING };
    for (int each = 0; each < 2; each++) {
        for (int i = 0; i < 3; i++) {
            reach(states[each]);
            signalled(stops[i]);
            assert_int_equal(boot.state, STATE_ENDING);
            assert_int_equal(boot.effects[1].kind, EFFECT_SIGNAL_CHILD);
            assert_int_equal(boot.effects[1].number, stops[i]);
            due(TIMER_STATE, BOOT_KILL_AFTER);
            fire(TIMER_STATE);
            then(STATE_ENDING, "'step-killed' kill");
            fail_step(137);
            assert_int_equal(boot.state, STATE_ENDED);
            assert_int_equal(boot.status, 128 + stops[i]);
        }
    }
}

static void the_first_signal_names_the_status_and_buys_no_time_again(void **state)
{
    (void)state;
    reach(STATE_STEPPING);
    signalled(SIGINT);
    pass(3000);
    signalled(SIGTERM);
    then(STATE_ENDING, "'stopping' signal:15");
    due(TIMER_STATE, BOOT_KILL_AFTER - 3000);
    fail_step(130);
    then(STATE_ENDED, "'stopped' close summary exit:130");
}

static void a_step_that_ends_well_after_the_signal_starts_nothing(void **state)
{
    (void)state;
    reach(STATE_STEPPING);
    signalled(SIGTERM);
    fail_step(0);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void a_signal_while_a_step_is_ended_for_its_time_leaves(void **state)
{
    (void)state;
    reach(STATE_ENDING);
    signalled(SIGTERM);
    then(STATE_ENDING, "'stopping' signal:15");
    fail_step(143);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void stop_finish_lets_the_step_end_and_starts_no_other(void **state)
{
    (void)state;
    plan.finish = true;
    plan.step_count[LIST_STEPS] = 2;
    reach_stepping();
    signalled(SIGTERM);
    then(STATE_STEPPING, "'stopping'");
    signalled(SIGINT);
    then(STATE_STEPPING, "'stopping'");
    ended(0);
    then(STATE_ENDED, "'step-done' close summary exit:143");
}

static void stop_finish_settles_a_step_that_failed(void **state)
{
    (void)state;
    plan.finish = true;
    reach_stepping();
    signalled(SIGTERM);
    fail_step(1);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void stop_finish_still_bounds_the_step(void **state)
{
    (void)state;
    plan.finish = true;
    reach_stepping();
    signalled(SIGTERM);
    due(TIMER_STATE, steps[0].timeout);
    fire(TIMER_STATE);
    then(STATE_ENDING, "'step-timeout' signal:15");
    fail_step(143);
    then(STATE_ENDED, "'stopped' close summary exit:143");
}

static void stop_finish_does_not_finish_a_guard(void **state)
{
    (void)state;
    plan.finish = true;
    steps[0].guarded = true;
    reach_stepping();
    signalled(SIGTERM);
    then(STATE_ENDING, "'stopping' signal:15");
}

static void a_stop_on_the_way_into_the_application_is_passed_on_as_it_came_and_bounded(void **state)
{
    (void)state;
    static const bool ok[256] = { [143] = true };
    plan.stop_timeout = 10000;
    plan.stop_signal = SIGUSR2;
    plan.ok_exit = ok;
    reach_checking();
    checked(GOOD);
    signalled(SIGTERM);
    then(STATE_STOPPING, "'stopping' app-signal:15");
    due(TIMER_STOP, 10000);
    app_ended(143); /* before it was executed: no application's status */
    then(STATE_ENDED, "'app-ended' close summary exit:143");
    assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
}

static void an_application_that_is_executed_after_all_has_its_own_status(void **state)
{
    (void)state;
    static const bool ok[256] = { [143] = true };
    plan.ok_exit = ok;
    reach_checking();
    checked(GOOD);
    signalled(SIGQUIT);
    then(STATE_STOPPING, "'stopping' app-signal:3");
    app_started();
    then(STATE_STOPPING, "'started'");
    app_ended(143);
    then(STATE_ENDED, "'app-ended' close exit:0");
}

static void an_application_that_is_killed_before_it_is_executed_ends_the_boot(void **state)
{
    (void)state;
    reach(STATE_STARTING);
    app_ended(137);
    then(STATE_ENDED, "'app-ended' close summary exit:137");
}

static void an_application_whose_exec_never_ends_is_killed_when_it_is_told_to_stop(void **state)
{
    (void)state;
    plan.stop_timeout = 10000;
    reach_checking();
    checked(GOOD);
    signalled(SIGTERM);
    fire(TIMER_STOP);
    then(STATE_STOPPING, "'stop-timeout' kill-rest");
    app_ended(137);
    then(STATE_ENDED, "'app-ended' close summary exit:143");
}

static void an_application_that_is_refused_after_it_was_told_to_stop_has_that_status(void **state)
{
    (void)state;
    reach(STATE_STARTING);
    signalled(SIGTERM);
    app_refused(127);
    then(STATE_ENDED, "'app-refused' close summary exit:127");
}

static void any_other_signal_on_the_way_into_the_application_is_passed_on(void **state)
{
    (void)state;
    reach(STATE_STARTING);
    signalled(SIGUSR1);
    then(STATE_STARTING, "'signal' app-signal:10");
    signalled(SIGHUP);
    then(STATE_STARTING, "'signal' app-signal:1");
    app_started();
    then(STATE_RUNNING, "'started'");
}

static void other_signals_mean_nothing_before_the_application_runs(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        enum boot_state from = (enum boot_state)each;
        if (lasts(from) && (from < STATE_STARTING || from == STATE_ENDED)) {
            reach(from);
            ignored(&(struct boot_event){ .kind = EVENT_SIGNAL, .signal = SIGHUP });
            ignored(&(struct boot_event){ .kind = EVENT_SIGNAL, .signal = SIGUSR1 });
        }
    }
}

GROUP(signal, TEST(with_no_child_a_signal_ends_the_boot_at_once),
      TEST(a_running_child_gets_the_signal_and_five_seconds),
      TEST(the_first_signal_names_the_status_and_buys_no_time_again),
      TEST(a_step_that_ends_well_after_the_signal_starts_nothing),
      TEST(a_signal_while_a_step_is_ended_for_its_time_leaves), TEST(stop_finish_lets_the_step_end_and_starts_no_other),
      TEST(stop_finish_settles_a_step_that_failed), TEST(stop_finish_still_bounds_the_step),
      TEST(stop_finish_does_not_finish_a_guard),
      TEST(a_stop_on_the_way_into_the_application_is_passed_on_as_it_came_and_bounded),
      TEST(an_application_that_is_executed_after_all_has_its_own_status),
      TEST(an_application_that_is_killed_before_it_is_executed_ends_the_boot),
      TEST(an_application_whose_exec_never_ends_is_killed_when_it_is_told_to_stop),
      TEST(an_application_that_is_refused_after_it_was_told_to_stop_has_that_status),
      TEST(any_other_signal_on_the_way_into_the_application_is_passed_on),
      TEST(other_signals_mean_nothing_before_the_application_runs));
