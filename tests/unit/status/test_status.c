#include "status/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct status status;

/* As if they had come one after the other: durations in milliseconds. */
static void spend(enum phase phase, int64_t milliseconds)
{
    status_phase(&status, phase);

    struct status_spell *last = &status.spells[status.spell_count - 1];

    last->begin_us = status.spell_count > 1 ? last[-1].end_us : 0;
    last->end_us = last->begin_us + milliseconds * 1000;
    status.began_us = clock_now_us() - last->end_us;
}

static void of_too_many_phases_the_shortest_are_counted_to_those_before_them(void **state)
{
    int64_t waiting = 0, end = 0;

    (void)state;
    memset(&status, 0, sizeof status);
    status.began_us = clock_now_us();
    spend(PHASE_LOCKING, 500);
    for (int i = 0; i < 400; i++) {
        spend(PHASE_WAITING, 1000);
        spend(PHASE_CHECKING, 1);
    }
    spend(PHASE_MIGRATING, 3000);
    spend(PHASE_STARTING, 1);
    assert_true(status.spell_count <= STATUS_SPELLS);
    assert_int_equal(status.spells[0].phase, PHASE_LOCKING);
    for (size_t i = 0; i < status.spell_count; i++) {
        const struct status_spell *spell = &status.spells[i];

        assert_true(spell->begin_us >= end - 1000 && spell->begin_us <= end + 1000); /* without a gap */
        assert_true(i == 0 || spell->phase != spell[-1].phase);
        end = spell->end_us;
        waiting += spell->phase == PHASE_WAITING ? spell->end_us - spell->begin_us : 0;
    }
    assert_true(waiting > 395 * 1000000LL && waiting < 405 * 1000000LL);
    assert_int_equal(status.spells[status.spell_count - 2].phase, PHASE_MIGRATING);
    assert_int_equal(status.spells[status.spell_count - 1].phase, PHASE_STARTING);
}

static void a_phase_that_goes_on_after_the_shortest_one_stays_one(void **state)
{
    (void)state;
    memset(&status, 0, sizeof status);
    status.began_us = clock_now_us();
    while (status.spell_count < STATUS_SPELLS - 1) {
        spend(status.spell_count % 2 ? PHASE_CHECKING : PHASE_WAITING, 1000);
    }
    spend(PHASE_LOCKING, 1);
    assert_int_equal(status.spell_count, STATUS_SPELLS);
    spend(PHASE_WAITING, 500);
    assert_int_equal(status.spell_count, STATUS_SPELLS - 1);
    assert_int_equal(status.spells[STATUS_SPELLS - 2].phase, PHASE_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_too_many_phases_the_shortest_are_counted_to_those_before_them),
        cmocka_unit_test(a_phase_that_goes_on_after_the_shortest_one_stays_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
