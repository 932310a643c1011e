/* Contract section 2 `migrate`, section 3 rules 3 and 4: the ladder of steps. */
#include "driver.h"

static void a_step_that_succeeded_is_verified_before_the_application_starts(void **state)
{
    (void)state;
    reach_stepping();
    due(TIMER_STATE, steps[0].timeout);
    ended(0);
    then(STATE_VERIFYING, "'step-done' check+history");
    never(TIMER_STATE);
    checked(HEALTHY);
    then(STATE_STARTING, "tables 'healthy' summary start close");
}

static void a_failed_step_is_tried_again_after_a_delay_that_grows(void **state)
{
    (void)state;
    steps[0].attempts = 7;
    duration delay = steps[0].delay;
    reach_stepping();
    for (unsigned attempt = 2; attempt <= 7; attempt++) {
        ended(1);
        then(STATE_SETTLING, "'step-failed' kill sessions");
        sessions(0);
        then(STATE_PAUSING, "'step-retry'");
        due_between(TIMER_STATE, delay - delay / 4, delay);
        delay = delay * 2 < BOOT_STEP_DELAY_MAX ? delay * 2 : BOOT_STEP_DELAY_MAX;
        fire(TIMER_STATE);
        assert_int_equal(boot.state, STATE_STEPPING);
        assert_int_equal(boot.attempt, attempt);
    }
    fail_step(1);
    then(STATE_VERIFYING, "'step-given-up' check+history");
    checked(0);
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

static void a_delay_longer_than_the_greatest_stays_as_it_is(void **state)
{
    (void)state;
    steps[0].delay = 2 * BOOT_STEP_DELAY_MAX;
    reach_stepping();
    fail_step(1);
    due_between(TIMER_STATE, BOOT_STEP_DELAY_MAX, 2 * BOOT_STEP_DELAY_MAX);
}

static void no_delay_is_no_delay(void **state)
{
    (void)state;
    steps[0].delay = 0;
    reach_stepping();
    fail_step(1);
    due(TIMER_STATE, 0);
    fire(TIMER_STATE);
    then(STATE_STEPPING, "'step-started' step:steps.0#2");
}

static void a_permanent_error_goes_on_to_the_next_step(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    reach_stepping();
    ended_permanently(1);
    sessions(0);
    then(STATE_STEPPING, "'step-given-up' 'emergency-fix' step:steps.1#1");
}

static void a_step_that_succeeded_in_vain_is_followed_by_the_next(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    reach_stepping();
    ended(0);
    checked(PROVEN);
    then(STATE_STEPPING, "tables 'step-insufficient' 'emergency-fix' step:steps.1#1");
    fail_step(1);
    fire(TIMER_STATE);
    then(STATE_STEPPING, "'step-started' step:steps.1#2"); /* an emergency only once */
}

static void the_ladder_ends_at_the_first_step_that_helps(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 3;
    steps[0].attempts = 1;
    reach_stepping();
    fail_step(1);
    then(STATE_STEPPING, "'step-given-up' 'emergency-fix' step:steps.1#1");
    ended(0);
    checked(HEALTHY);
    then(STATE_STARTING, "tables 'healthy' summary start close");
}

static void steps_that_all_failed_are_70_although_the_tables_exist(void **state)
{
    (void)state;
    steps[0].attempts = 1;
    plan.when = BOOT_ALWAYS;
    reach_checking();
    checked(GOOD);
    locked();
    checked(GOOD);
    fail_step(1);
    then(STATE_VERIFYING, "'step-given-up' check+history");
    checked(GOOD); /* what they left is in the summary */
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

static void steps_that_all_failed_are_70_although_nobody_answers_any_more(void **state)
{
    (void)state;
    steps[0].attempts = 1;
    reach_stepping();
    fail_step(1);
    then(STATE_VERIFYING, "'step-given-up' check+history");
    failed(FAILURE_NOT_LISTENING);
    then(STATE_ENDED, "'steps-failed' close summary exit:70");
}

static void a_step_that_succeeded_without_a_healthy_schema_is_65(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    steps[1].attempts = 1;
    reach_stepping();
    ended(0);
    checked(PROVEN);
    fail_step(1);
    then(STATE_VERIFYING, "'step-given-up' check+history"); /* it may have helped nevertheless */
    checked(PROVEN);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
    reach_stepping();
    ended(0);
    checked(PROVEN);
    fire(TIMER_STATE);
    fail_step(143);
    connected();
    checked(PROVEN); /* looked at already */
    then(STATE_ENDED, "tables 'step-failed' 'step-given-up' 'unhealthy' close summary exit:65");
    reach_stepping();
    ended(0);
    checked(PROVEN);
    fire(TIMER_STATE);
    fail_step(143);
    connected();
    checked(HEALTHY);
    then(STATE_VERIFYING, "tables 'step-failed' 'step-given-up' check+history");
}

/* Rule 3: "a step succeeded and the schema verifies"; only "steps that all failed while the tables happen to exist" are
 * a failure. */
static void a_step_that_succeeded_counts_when_a_later_one_failed_and_the_schema_verifies(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    steps[1].attempts = 1;
    reach_stepping();
    ended(0);
    checked(PROVEN);
    fail_step(1);
    died();
    fire(TIMER_STATE);
    connected();
    then(STATE_VERIFYING, "'connected' check+history");
    checked(HEALTHY);
    then(STATE_STARTING, "tables 'healthy' summary start close");
}

static void a_step_that_cannot_be_started_is_given_up(void **state)
{
    (void)state;
    reach_stepping();
    ended_permanently(127);
    sessions(0);
    then(STATE_VERIFYING, "'step-given-up' check+history");
    checked(0);
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

/* ---- timeouts ---- */

static void a_step_that_lasts_too_long_gets_term_and_five_seconds_later_kill(void **state)
{
    (void)state;
    reach_stepping();
    fire(TIMER_STATE);
    then(STATE_ENDING, "'step-timeout' signal:15");
    due(TIMER_STATE, BOOT_KILL_AFTER);
    fire(TIMER_STATE);
    then(STATE_ENDING, "'step-killed' kill");
    due(TIMER_STATE, BOOT_KILL_AFTER);
    fire(TIMER_STATE); /* what forked meanwhile */
    then(STATE_ENDING, "'step-killed' kill");
    ended(137);
    then(STATE_SETTLING, "'step-ended' kill sessions");
    never(TIMER_STATE);
}

static void a_step_without_timeout_has_no_deadline(void **state)
{
    (void)state;
    steps[0].timeout = 0;
    reach_stepping();
    enum boot_timer timer;
    assert_true(boot_next_deadline(&boot, &timer) == BOOT_NEVER);
}

static void a_step_that_timed_out_counts_as_done_when_that_is_proven(void **state)
{
    (void)state;
    reach(STATE_ENDING);
    fail_step(143);
    then(STATE_CONNECTING, "'verifying' connect");
    connected();
    then(STATE_VERIFYING, "'connected' check+history");
    checked(GOOD);
    then(STATE_STARTING, "tables 'step-done' summary start close");
}

static void a_step_that_timed_out_is_not_done_because_the_tables_exist(void **state)
{
    (void)state;
    static const unsigned looks[] = { 0, HEALTHY, PROVEN };
    for (size_t i = 0; i < 3; i++) {
        reach(STATE_ENDING);
        fail_step(143);
        connected();
        checked(looks[i]);
        then(STATE_PAUSING, "tables 'step-failed' 'step-retry'");
    }
}

static void a_step_that_timed_out_once_may_fail_the_next_time(void **state)
{
    (void)state;
    reach(STATE_ENDING);
    fail_step(143);
    connected();
    checked(0);
    fire(TIMER_STATE);
    fail_step(1);
    then(STATE_PAUSING, "'step-retry'"); /* what the ledger says now is no work of this attempt */
}

/* What the ledger proved before the step is not its work; what the step itself recorded is, whatever runs it. */
static void a_step_that_is_not_the_historys_own_is_done_only_by_what_was_not_proven_before(void **state)
{
    (void)state;
    steps[0].own_history = false;
    plan.force = true;
    reach_checking();
    checked(GOOD);
    locked();
    checked(GOOD);
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_PAUSING, "'step-retry'");
    reach_stepping();
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_CONNECTING, "'verifying' connect");
}

/* The result that the sentence about a step's end tells. */
static enum step_result told(void)
{
    for (unsigned i = 0; i < boot.effect_count; i++) {
        if (boot.effects[i].kind == EFFECT_LOG && boot.effects[i].row->because) {
            return boot.effects[i].row->result;
        }
    }
    return STEP_NOT_RUN;
}

static void a_step_that_was_told_to_end_timed_out_only_if_its_time_was_up(void **state)
{
    (void)state;
    reach_stepping();
    fire(TIMER_STATE);
    ended(143);
    assert_int_equal(told(), STEP_TIMED_OUT);
    reach_stepping();
    signalled(SIGTERM);
    ended(143);
    assert_int_equal(told(), STEP_FAILED);
    reach_stepping();
    fire(TIMER_STATE);
    signalled(SIGTERM);
    ended(143);
    assert_int_equal(told(), STEP_TIMED_OUT);
    steps[0].guarded = true;
    reach_stepping();
    fire(TIMER_STATE);
    ended(143);
    assert_int_equal(told(), STEP_TIMED_OUT);
}

static void without_a_history_a_step_that_timed_out_failed(void **state)
{
    (void)state;
    plan.history = false;
    reach_stepping();
    fire(TIMER_STATE);
    fail_step(0); /* it ended well, but only after TERM */
    then(STATE_PAUSING, "'step-retry'");
}

static void a_guard_that_timed_out_is_no_step_that_did_its_work(void **state)
{
    (void)state;
    steps[0].guarded = true;
    plan.when = BOOT_ALWAYS;
    reach_stepping();
    then(STATE_GUARDING, "tables 'migrating' 'step-guard' guard:steps.0#1");
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_PAUSING, "'step-retry'"); /* a look would be healthy and proven, and the step never ran */
}

static void waiting_after_a_timeout_is_bounded_without_connect_timeout(void **state)
{
    (void)state;
    plan.connect_timeout = 0;
    reach_stepping();
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_CONNECTING, "'verifying' connect");
    due(TIMER_ORDER, BOOT_ORDER_TIMEOUT);
}

static void a_used_up_budget_still_lets_a_timed_out_step_be_looked_at(void **state)
{
    (void)state;
    begin();
    pass(plan.wait_timeout + 1000); /* frozen meanwhile */
    connected();
    checked(0);
    locked();
    checked(0);
    fire(TIMER_STATE);
    fail_step(143);
    never(TIMER_BUDGET);
    connected();
    checked(GOOD);
    then(STATE_STARTING, "tables 'step-done' summary start close");
}

/* ---- rule 4 ---- */

static void a_guarded_step_starts_when_it_drops_nothing(void **state)
{
    (void)state;
    reach(STATE_GUARDING);
    due(TIMER_STATE, steps[0].timeout);
    pass(1000);
    guard_ended(true);
    then(STATE_STEPPING, "'step-started' step:steps.0#1");
    due(TIMER_STATE, steps[0].timeout);
}

static void a_guarded_step_is_refused_when_it_drops_something(void **state)
{
    (void)state;
    reach(STATE_GUARDING);
    guard_ended(false);
    then(STATE_VERIFYING, "'step-refused' check+history");
    checked(0);
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

static void a_guard_that_fails_is_a_failed_attempt(void **state)
{
    (void)state;
    reach(STATE_GUARDING);
    ended(1);
    then(STATE_SETTLING, "'step-failed' kill sessions");
    sessions(0);
    then(STATE_PAUSING, "'step-retry'");
    fire(TIMER_STATE);
    then(STATE_GUARDING, "'step-guard' guard:steps.0#2");
}

static void a_guarded_step_further_down_is_an_emergency(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    steps[1].guarded = true;
    reach_stepping();
    ended_permanently(1);
    sessions(0);
    then(STATE_GUARDING, "'step-given-up' 'emergency-fix' guard:steps.1#1");
}

static void on_a_newer_schema_only_the_historys_own_tool_runs(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 3;
    steps[0].attempts = 1;
    steps[1].own_history = steps[2].own_history = false;
    steps[1].guarded = true;
    reach_checking();
    checked(GONE);
    locked();
    checked(GONE);
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:steps.0#1");
    fail_step(1);
    then(STATE_VERIFYING, "'step-given-up' 'step-skipped' 'step-skipped' check+history");
    checked(GONE);
    then(STATE_ENDED, "tables 'steps-failed' close summary exit:70");
}

static void the_latest_look_tells_whether_the_schema_is_newer(void **state)
{
    (void)state;
    plan.step_count[LIST_STEPS] = 2;
    steps[1].own_history = false;
    reach_checking();
    checked(GONE);
    locked();
    checked(0);
    ended(0);
    checked(GONE);
    then(STATE_ENDED, "tables 'step-insufficient' 'step-skipped' 'unhealthy' close summary exit:65");
}

static void any_number_of_skipped_steps_fits_into_the_effects(void **state)
{
    (void)state;
    struct boot_step many[200];
    for (size_t i = 0; i < 200; i++) {
        many[i] = (struct boot_step){ .attempts = 1 };
    }
    plan.steps[LIST_STEPS] = many;
    plan.step_count[LIST_STEPS] = 200;
    reach_checking();
    checked(GONE);
    locked();
    checked(GONE);
    assert_int_equal(boot.state, STATE_ENDED);
    assert_int_equal(boot.effects[boot.effect_count - 1].kind, EFFECT_EXIT);
    assert_int_equal(boot.effects[boot.effect_count - 1].number, STATUS_STEPS);
}

static void of_each_skipped_step_it_is_told(void **state)
{
    (void)state;
    struct boot_step many[64];
    unsigned told = 0;
    for (size_t i = 0; i < 64; i++) {
        many[i] = (struct boot_step){ .attempts = 1 };
    }
    plan.steps[LIST_STEPS] = many;
    plan.step_count[LIST_STEPS] = 64;
    reach_checking();
    checked(GONE);
    locked();
    checked(GONE);
    for (unsigned i = 0; i < boot.effect_count; i++) {
        told += boot.effects[i].kind == EFFECT_LOG && boot.effects[i].row->result == STEP_SKIPPED;
    }
    assert_int_equal(told, 64);
}

/* ---- before and after ---- */

static void before_steps_run_first_and_only_when_steps_run(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = 2;
    reach_stepping();
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:before.0#1");
    ended(0);
    then(STATE_STEPPING, "'step-done' 'step-started' step:before.1#1");
    ended(0);
    then(STATE_STEPPING, "'step-done' 'step-started' step:steps.0#1");
    reach_checking();
    checked(GOOD);
    assert_int_equal(boot.state, STATE_STARTING);
}

static void a_before_step_that_fails_is_70_after_one_attempt(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = 1;
    before[0].attempts = 5;
    reach_stepping();
    fail_step(1);
    then(STATE_ENDED, "'steps-failed' close summary exit:70");
}

static void a_before_step_that_timed_out_is_70(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = 1;
    reach_stepping();
    fire(TIMER_STATE);
    fail_step(143);
    then(STATE_ENDED, "'steps-failed' close summary exit:70");
}

static void a_step_beside_the_ladder_that_would_drop_something_is_70(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = plan.step_count[LIST_AFTER] = 1;
    before[0].guarded = after[0].guarded = true;
    reach_stepping();
    then(STATE_GUARDING, "tables 'migrating' 'step-guard' guard:before.0#1");
    guard_ended(false);
    then(STATE_ENDED, "'step-refused' close summary exit:70");

    plan.step_count[LIST_BEFORE] = 0;
    reach_stepping();
    ended(0);
    checked(HEALTHY);
    then(STATE_GUARDING, "tables 'healthy' 'step-guard' guard:after.0#1");
    guard_ended(false);
    then(STATE_ENDED, "'step-refused' close summary exit:70");
}

static void beside_the_ladder_nothing_alters_a_newer_schema(void **state)
{
    (void)state;
    plan.step_count[LIST_BEFORE] = plan.step_count[LIST_AFTER] = 2;
    before[0].alters = after[1].alters = true;
    reach_checking();
    checked(GONE);
    locked();
    checked(GONE);
    then(STATE_STEPPING, "tables 'migrating' 'step-skipped' 'step-started' step:before.1#1");
    ended(0);
    ended(0);
    checked(HEALTHY | GONE);
    then(STATE_STEPPING, "tables 'healthy' 'step-started' step:after.0#1");
    ended(0);
    then(STATE_VERIFYING, "'step-done' 'step-skipped' check+history");
}

static void after_steps_run_under_the_lock_at_every_boot(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    then(STATE_LOCKING, "tables 'up-to-date' 'locking' lock");
    locked();
    then(STATE_CHECKING, "'locked' check+history");
    checked(GOOD);
    then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.0#1");
    ended(0);
    then(STATE_VERIFYING, "'step-done' check+history");
    checked(GOOD);
    then(STATE_STARTING, "tables summary start close");
}

static void after_steps_follow_the_steps_under_the_same_lock(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 2;
    reach_stepping();
    ended(0);
    checked(HEALTHY);
    then(STATE_STEPPING, "tables 'healthy' 'step-started' step:after.0#1");
    ended(0);
    then(STATE_STEPPING, "'step-done' 'step-started' step:after.1#1");
    ended(0);
    then(STATE_VERIFYING, "'step-done' check+history");
}

static void after_steps_without_a_lock_run_at_once(void **state)
{
    (void)state;
    plan.lock = false;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.0#1");
}

static void an_after_step_that_fails_is_70_after_one_attempt(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    after[0].attempts = 5;
    reach_stepping();
    ended(0);
    checked(HEALTHY);
    fail_step(1);
    then(STATE_ENDED, "'steps-failed' close summary exit:70");
}

static void after_steps_that_break_the_schema_are_65(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_stepping();
    ended(0);
    checked(HEALTHY);
    ended(0);
    checked(PROVEN);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void after_steps_that_ran_do_not_run_again_when_the_lock_was_lost(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 2;
    reach_stepping();
    ended(0);
    checked(GOOD);
    lock_lost();
    ended(0);
    then(STATE_LOCKING, "'step-done' 'locking' lock");
    locked();
    then(STATE_CHECKING, "'locked' check+history");
    checked(GOOD);
    then(STATE_STEPPING, "tables 'up-to-date' 'step-started' step:after.1#1");
}

static void after_steps_do_not_go_on_when_the_schema_broke_meanwhile(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 2;
    reach_stepping();
    ended(0);
    checked(GOOD);
    lock_lost();
    ended(0);
    locked();
    checked(PROVEN);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void after_steps_of_an_up_to_date_boot_do_not_go_on_when_the_schema_broke_meanwhile(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 2;
    reach_checking();
    checked(GOOD);
    locked();
    checked(GOOD);
    lock_lost();
    ended(0);
    locked();
    checked(PROVEN);
    then(STATE_ENDED, "tables 'unhealthy' close summary exit:65");
}

static void a_lock_lost_before_the_after_steps_is_taken_anew(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_stepping();
    ended(0);
    lock_lost();
    checked(HEALTHY);
    then(STATE_LOCKING, "tables 'healthy' 'locking' lock");
    locked();
    then(STATE_VERIFYING, "'locked' check+history");
    checked(HEALTHY);
    then(STATE_STEPPING, "tables 'healthy' 'step-started' step:after.0#1");
}

static void waiting_for_the_lock_of_after_steps_is_told_once(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    busy();
    then(STATE_QUEUING, "'lock-busy'");
    duration ceiling = BOOT_LOCK_POLL;
    for (int i = 0; i < 6; i++) {
        due_between(TIMER_STATE, ceiling / 2, ceiling);
        ceiling = ceiling < BOOT_LOCK_POLL_MAX ? ceiling + ceiling / 2 : ceiling;
        fire(TIMER_STATE);
        checked(GOOD);
        then(STATE_LOCKING, "tables lock");
        busy();
        then(STATE_QUEUING, "");
    }
}

static void an_unhealthy_look_in_the_queue_for_after_steps_brings_the_steps(void **state)
{
    (void)state;
    plan.step_count[LIST_AFTER] = 1;
    reach_checking();
    checked(GOOD);
    locked();
    checked(0);
    then(STATE_STEPPING, "tables 'migrating' 'step-started' step:steps.0#1");
}

/* ---- the application never starts unverified ---- */

static void the_command_sync_ends_once_the_schema_is_good(void **state)
{
    (void)state;
    plan.goal = GOAL_SYNC;
    reach_checking();
    checked(GOOD);
    then(STATE_ENDED, "tables 'up-to-date' close summary exit:0");
    plan.force = true;
    reach_checking();
    checked(GOOD);
    locked();
    checked(GOOD);
    ended(0);
    checked(GOOD);
    then(STATE_ENDED, "tables 'healthy' close summary exit:0");
}

/* START follows only on a healthy look: no row but those of CHECKED leads to GOOD, and each of them wants one. */
static void no_way_leads_to_the_application_but_a_healthy_look(void **state)
{
    (void)state;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if (row->to == STATE_GOOD) {
            assert_int_equal(row->event, EVENT_CHECKED);
        } else if (row->to == STATE_STARTING) {
            uint64_t from = UINT64_C(1) << STATE_GOOD | UINT64_C(1) << STATE_RELEASING | UINT64_C(1) << STATE_CLOSING |
                            UINT64_C(1) << STATE_STARTING;
            assert_int_equal(row->from & ~from, 0);
        }
    }
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        for (unsigned look = 0; look < 8; look++) {
            if (look & HEALTHY || !lasts((enum boot_state)each)) {
                continue;
            }
            reach((enum boot_state)each);
            struct boot_event event = { .kind = EVENT_CHECKED,
                                        .look = { .proven = look & PROVEN, .gone = look & GONE } };
            bool before_start = each != STATE_STARTING && each != STATE_CLOSING && each != STATE_RELEASING;
            (void)handle(&event);
            for (unsigned i = 0; i < boot.effect_count; i++) {
                assert_int_not_equal(boot.effects[i].kind, EFFECT_START);
            }
            assert_true(!before_start || boot.state != STATE_STARTING);
        }
    }
}

GROUP(ladder, TEST(a_step_that_succeeded_is_verified_before_the_application_starts),
      TEST(a_failed_step_is_tried_again_after_a_delay_that_grows),
      TEST(a_delay_longer_than_the_greatest_stays_as_it_is), TEST(no_delay_is_no_delay),
      TEST(a_permanent_error_goes_on_to_the_next_step), TEST(a_step_that_succeeded_in_vain_is_followed_by_the_next),
      TEST(the_ladder_ends_at_the_first_step_that_helps), TEST(steps_that_all_failed_are_70_although_the_tables_exist),
      TEST(steps_that_all_failed_are_70_although_nobody_answers_any_more),
      TEST(a_step_that_succeeded_without_a_healthy_schema_is_65),
      TEST(a_step_that_succeeded_counts_when_a_later_one_failed_and_the_schema_verifies),
      TEST(a_step_that_cannot_be_started_is_given_up),
      TEST(a_step_that_lasts_too_long_gets_term_and_five_seconds_later_kill),
      TEST(a_step_without_timeout_has_no_deadline), TEST(a_step_that_timed_out_counts_as_done_when_that_is_proven),
      TEST(a_step_that_timed_out_is_not_done_because_the_tables_exist),
      TEST(a_step_that_timed_out_once_may_fail_the_next_time),
      TEST(a_step_that_was_told_to_end_timed_out_only_if_its_time_was_up),
      TEST(a_step_that_is_not_the_historys_own_is_done_only_by_what_was_not_proven_before),
      TEST(without_a_history_a_step_that_timed_out_failed), TEST(a_guard_that_timed_out_is_no_step_that_did_its_work),
      TEST(waiting_after_a_timeout_is_bounded_without_connect_timeout),
      TEST(a_used_up_budget_still_lets_a_timed_out_step_be_looked_at),
      TEST(a_guarded_step_starts_when_it_drops_nothing), TEST(a_guarded_step_is_refused_when_it_drops_something),
      TEST(a_guard_that_fails_is_a_failed_attempt), TEST(a_guarded_step_further_down_is_an_emergency),
      TEST(on_a_newer_schema_only_the_historys_own_tool_runs), TEST(the_latest_look_tells_whether_the_schema_is_newer),
      TEST(any_number_of_skipped_steps_fits_into_the_effects), TEST(of_each_skipped_step_it_is_told),
      TEST(before_steps_run_first_and_only_when_steps_run), TEST(a_before_step_that_fails_is_70_after_one_attempt),
      TEST(a_before_step_that_timed_out_is_70), TEST(a_step_beside_the_ladder_that_would_drop_something_is_70),
      TEST(beside_the_ladder_nothing_alters_a_newer_schema), TEST(after_steps_run_under_the_lock_at_every_boot),
      TEST(after_steps_follow_the_steps_under_the_same_lock), TEST(after_steps_without_a_lock_run_at_once),
      TEST(an_after_step_that_fails_is_70_after_one_attempt), TEST(after_steps_that_break_the_schema_are_65),
      TEST(after_steps_that_ran_do_not_run_again_when_the_lock_was_lost),
      TEST(after_steps_do_not_go_on_when_the_schema_broke_meanwhile),
      TEST(after_steps_of_an_up_to_date_boot_do_not_go_on_when_the_schema_broke_meanwhile),
      TEST(a_lock_lost_before_the_after_steps_is_taken_anew), TEST(waiting_for_the_lock_of_after_steps_is_told_once),
      TEST(an_unhealthy_look_in_the_queue_for_after_steps_brings_the_steps),
      TEST(the_command_sync_ends_once_the_schema_is_good), TEST(no_way_leads_to_the_application_but_a_healthy_look));
