/* The table itself: nothing missing, nothing unreachable. */
#include "driver.h"

#include "boot/backoff.h"

#include <stdio.h>
#include <string.h>

#define S(name) (UINT64_C(1) << STATE_##name)
#define ALIVE (S(RUNNING) | S(LOOKING) | S(WATCHING))
#define HOLDING (S(HELD) | S(HELD_CONNECTING) | S(HELD_CHECKING))

/* Where every row of a state and event is guarded, what none of them fits means nothing, and that is meant. */
static const struct {
    enum boot_event_kind event;
    uint64_t states;
    const char *why;
} deliberate[] = {
    { EVENT_TIMER, ~UINT64_C(0), "a row names its timer; another one is late and means nothing" },
    { EVENT_SIGNAL, ~(ALIVE | S(STOPPING)), "before the application runs only TERM, INT, QUIT and HUP mean anything" },
};

static bool is_deliberate(int state, int event)
{
    for (size_t i = 0; i < sizeof deliberate / sizeof deliberate[0]; i++) {
        if ((int)deliberate[i].event == event && deliberate[i].states >> state & 1) {
            return true;
        }
    }
    return false;
}

/* The last row of the state and event, or NULL. None may stand behind one that always fits. */
static const struct boot_row *last_row(int state, int event)
{
    const struct boot_row *last = NULL;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if ((row->from >> state & 1) && (int)row->event == event) {
            if (last && !last->guard) {
                fail_msg("row %zu can never be reached: an unguarded one for %s and %s stands before it", i,
                         boot_state_name((enum boot_state)state), boot_event_name((enum boot_event_kind)event));
            }
            last = row;
        }
    }
    return last;
}

static void every_case_is_decided_or_deliberately_open(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        for (int event = 0; event < BOOT_EVENT_COUNT; event++) {
            const struct boot_row *last = last_row(each, event);
            if (last && last->guard && !is_deliberate(each, event)) {
                fail_msg("%s in %s: the last row is guarded by %s", boot_event_name((enum boot_event_kind)event),
                         boot_state_name((enum boot_state)each), last->guard_name);
            }
        }
    }
}

static void a_state_that_passes_at_once_always_moves_and_no_other_goes_of_itself(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        const struct boot_row *last = last_row(each, EVENT_GO);
        if (lasts((enum boot_state)each)) {
            assert_null(last);
        } else {
            assert_non_null(last);
            assert_null(last->guard);
        }
    }
}

/* What an order may bring has a row wherever that order is unanswered. */
static void every_answer_that_an_order_may_bring_is_awaited(void **state)
{
    (void)state;
    static const enum boot_event_kind answers[][2] = {
        [BOOT_CONNECT] = { EVENT_CONNECTED, EVENT_CONNECTED },
        [BOOT_CHECK] = { EVENT_CHECKED, EVENT_CHECKED },
        [BOOT_LOCK] = { EVENT_LOCKED, EVENT_BUSY },
        [BOOT_SESSIONS] = { EVENT_SESSIONS, EVENT_SESSIONS },
    };
    int orders = 0;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        if (!lasts((enum boot_state)each)) {
            continue;
        }
        reach((enum boot_state)each);
        for (unsigned i = 0; i < boot.effect_count; i++) {
            if (boot.effects[i].kind == EFFECT_ORDER) {
                orders++;
                assert_true(boot.ordered);
                assert_non_null(last_row(each, (int)answers[boot.effects[i].order.order][0]));
                assert_non_null(last_row(each, (int)answers[boot.effects[i].order.order][1]));
                const struct boot_row *failed_row = last_row(each, EVENT_FAILED);
                assert_non_null(failed_row);
                assert_null(failed_row->guard);
            }
        }
    }
    assert_true(orders >= 9);
}

static bool is_word(const char *text)
{
    return text[0] && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static void every_sentence_has_a_stable_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        assert_true(!row->word == !row->sentence);
        if (!row->word) {
            continue;
        }
        assert_true(is_word(row->word));
        assert_true(row->sentence[strlen(row->sentence) - 1] != '.');
    }
}

/* The sentence carries it: a quiet or seldom said row could not. */
static void whenever_a_child_ends_it_is_said_what_became_of_its_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        bool goes_on = row->to == STATE_STEPPING; /* the guard was content: the step itself runs now */
        if (row->event == EVENT_CHILD_ENDED && !goes_on) {
            assert_non_null(row->because);
        }
        if (row->because) {
            assert_non_null(row->word);
            assert_false(row->repeats);
            assert_in_range(row->result, STEP_NOT_RUN, STEP_RESULT_COUNT - 1);
            assert_int_not_equal(row->result, STEP_RUNNING);
        }
    }
}

static void every_state_and_event_has_a_name_and_a_phase(void **state)
{
    (void)state;
    for (int each = 0; each < BOOT_STATE_COUNT; each++) {
        assert_true(strlen(boot_state_name((enum boot_state)each)) > 1);
        if (!lasts((enum boot_state)each)) {
            continue;
        }
        reach((enum boot_state)each);
        assert_in_range(boot_phase(&boot), PHASE_WAITING, PHASES - 1);
    }
    for (int event = 0; event < BOOT_EVENT_COUNT; event++) {
        assert_true(strlen(boot_event_name((enum boot_event_kind)event)) > 1);
    }
    assert_string_equal(boot_state_name(STATE_SAME), "SAME");
    assert_string_equal(boot_event_name(BOOT_EVENT_COUNT), "?");
}

static void the_last_phase_tells_whether_the_boot_failed(void **state)
{
    (void)state;
    plan.goal = GOAL_SYNC;
    reach_checking();
    checked(GOOD);
    assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
    begin();
    signalled(SIGTERM);
    assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
    begin();
    failed(FAILURE_CONFIG);
    assert_int_equal(boot_phase(&boot), PHASE_FAILED);
    plan.goal = GOAL_RUN;
    reach_running();
    app_ended(1);
    assert_int_equal(boot_phase(&boot), PHASE_STOPPING);
}

static void the_same_seed_gives_the_same_jitter(void **state)
{
    (void)state;
    uint64_t one = 7, other = 7, zero = 0;
    for (int i = 0; i < 1000; i++) {
        duration delay = backoff_full_jitter(&one, 50, 2, (unsigned)i, 1000);
        assert_in_range(delay, 1, 1000);
        assert_int_equal(delay, backoff_full_jitter(&other, 50, 2, (unsigned)i, 1000));
        assert_in_range(random_below(&zero, 10), 0, 9);
    }
    assert_int_equal(random_below(&one, 0), 0);
    assert_int_equal(backoff_full_jitter(&one, 0, 2, 0, 1000), 1);
    for (int i = 0; i < 1000; i++) { /* 0 is none: no first delay, no longest */
        assert_in_range(backoff_full_jitter(&one, 0, 2, 5, 1000), 1, 32);
        assert_in_range(backoff_full_jitter(&one, 0, 2, 90, 1000), 1, 1000);
        assert_in_range(backoff_full_jitter(&one, 50, 2, 10, 0), 1, 51200);
        assert_in_range(backoff_full_jitter(&one, 50, 2, 5000, 0), 1, DURATION_MAX);
    }
    assert_int_equal(backoff_step(&one, 0, 3, 1000), 0);
    assert_int_equal(backoff_step(&one, 3, 0, 1000), 3); /* too short for a quarter of jitter */
}

static void delays_are_spread_over_all_of_their_range(void **state)
{
    (void)state;
    uint64_t random = 7;
    duration least = DURATION_MAX, most = 0, shortest = DURATION_MAX, longest = 0;
    for (int i = 0; i < 1000; i++) {
        duration full = backoff_full_jitter(&random, 1000, 2, 0, 60000), step = backoff_step(&random, 1000, 0, 60000);
        least = full < least ? full : least;
        most = full > most ? full : most;
        shortest = step < shortest ? step : shortest;
        longest = step > longest ? step : longest;
    }
    assert_in_range(least, 1, 50);
    assert_in_range(most, 950, 1000);
    assert_in_range(shortest, 750, 770);
    assert_in_range(longest, 980, 1000);
}

/* Last of all: the tests before walked every row by real sequences of events. */
static void no_row_is_unreachable(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if (!taken[i]) {
            missed++;
            print_error("row %zu was never taken: %s [%s] -> %s (%s)\n", i, boot_event_name(row->event),
                        row->guard_name, boot_state_name(row->to), row->word ? row->word : "quiet");
        }
    }
    assert_int_equal(missed, 0);
}

GROUP(table, TEST(every_case_is_decided_or_deliberately_open),
      TEST(a_state_that_passes_at_once_always_moves_and_no_other_goes_of_itself),
      TEST(every_answer_that_an_order_may_bring_is_awaited), TEST(every_sentence_has_a_stable_word),
      TEST(whenever_a_child_ends_it_is_said_what_became_of_its_step),
      TEST(every_state_and_event_has_a_name_and_a_phase), TEST(the_last_phase_tells_whether_the_boot_failed),
      TEST(the_same_seed_gives_the_same_jitter), TEST(delays_are_spread_over_all_of_their_range),
      TEST(no_row_is_unreachable));
