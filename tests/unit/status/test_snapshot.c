#include "status/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct status sent, read;

/* Encodes `sent` and reads it again: until the next time. */
static bool passes(void)
{
    static struct arena *arena;
    struct frame_writer writer = { 0 };

    arena_free(arena);
    arena = arena_new();

    sent.version = sent.schema = sent.preset = "x";
    assert_true(snapshot_encode(&sent, &writer));
    struct frame_reader payload = { .data = writer.data + 5, .length = writer.length - 5 };
    bool fine = snapshot_decode(&payload, &read, arena);
    frame_writer_free(&writer);
    return fine;
}

static void a_status_is_read_as_it_was_sent(void **state)
{
    (void)state;
    sent = (struct status){ .began_us = 17, .waited = 3, .connected = true, .spell_count = 1 };
    sent.spells[0].end_us = -1;
    assert_true(passes());
    assert_int_equal(read.began_us, 17);
    assert_int_equal(read.waited, 3);
    assert_true(read.connected);
    assert_int_equal(read.spells[0].end_us, -1);
}

static void before_the_first_look_the_tables_it_will_be_about_are_known(void **state)
{
    (void)state;
    struct table_state table = { .name = "users" };
    const struct check tables = { .tables = &table, .table_count = 1 };

    sent = (struct status){ .expected = &tables };
    assert_true(passes());
    assert_null(read.check);
    assert_int_equal(read.expected->table_count, 1);
    sent.check = &tables;
    assert_true(passes());
    assert_null(read.expected);
    assert_int_equal(read.check->table_count, 1);
}

/* Found by fuzz_status. */
static void a_time_that_no_clock_gives_is_refused(void **state)
{
    (void)state;
    sent = (struct status){ .began_us = INT64_MIN };
    assert_false(passes());
    sent = (struct status){ .spell_count = 1 };
    sent.spells[0].begin_us = INT64_MAX;
    assert_false(passes());
    sent.spells[0] = (struct status_spell){ .end_us = INT64_MAX / 4 }; /* a thousand times that is drawn in the page */
    assert_false(passes());

    struct status_step step = { .list = "steps", .name = "x", .since = 1 };

    sent = (struct status){ .steps = &step, .step_count = 1 };
    assert_true(passes());
    step.since = INT64_MIN;
    assert_false(passes());
    step = (struct status_step){ .list = "steps", .name = "x", .took = INT64_MAX };
    assert_false(passes());
}

static void a_schema_that_is_no_part_of_its_table_s_name_is_refused(void **state)
{
    struct table_state table = { "app.users", 3, true, true };
    struct check check = { .tables = &table, .table_count = 1 };

    (void)state;
    sent = (struct status){ .check = &check };
    assert_true(passes());
    for (table.schema = 1; table.schema < 20; table.schema += table.schema == 2 ? 2 : 1) {
        assert_false(passes());
    }
    table = (struct table_state){ .name = NULL };
    assert_false(passes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_read_as_it_was_sent),
        cmocka_unit_test(a_schema_that_is_no_part_of_its_table_s_name_is_refused),
        cmocka_unit_test(before_the_first_look_the_tables_it_will_be_about_are_known),
        cmocka_unit_test(a_time_that_no_clock_gives_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
