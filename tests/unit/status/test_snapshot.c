#include "status/snapshot.h"

#include "status/documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct status sent, read;

/* Encodes `sent` and reads it again: until the next time. */
static bool passes_as_it_is(void)
{
    static struct arena *arena;
    struct frame_writer writer = { 0 };

    arena_free(arena);
    arena = arena_new();

    assert_true(snapshot_encode(&sent, &writer));
    struct frame_reader payload = { .data = writer.data + 5, .length = writer.length - 5 };
    bool fine = snapshot_decode(&payload, &read, arena);
    frame_writer_free(&writer);
    return fine;
}

static bool passes(void)
{
    sent.version = sent.schema = sent.preset = "x";
    return passes_as_it_is();
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

/* ---- all of it ---- */

static struct table_state tables[] = { { "users", 0, true, false }, { "other.gone", 5, false, false } };
static struct problem problems[] = { { PROBLEM_MISSING_COLUMN, "app.users.id", NULL, 1 },
                                     { PROBLEM_MISSING_TABLE, "other.gone", NULL, 2 } };
static const char *pending[] = { "3_more" }, *edited[] = { "1_first" }, *gone[] = { "0_old" };
static struct check look = {
    .tables = tables,
    .table_count = 2,
    .problems = problems,
    .problem_count = 2,
    .migrations = { .known = true,
                    .local = 3,
                    .applied = 2,
                    .failed = 1,
                    .pending = { 1, { .items = pending, .count = 1 } },
                    .edited = { 1, { .items = edited, .count = 1 } },
                    .gone = { 1, { .items = gone, .count = 1 } },
                    .failed_name = "2_fill",
                    .failed_log = "duplicate key" },
    .server_version = "15.18",
};
static struct status_step steps[] = {
    { "before", "generate", STEP_OK, 1, 1500, 0, "", "", "generated" },
    { "steps", "migrate deploy", STEP_FAILED, 3, 2500, 0, "exit status 1", "P3009", "one\ntwo" },
};

/* Every member tells itself from every other; nothing in it goes on with the clock. */
static void full(enum phase phase)
{
    sent = (struct status){
        .phase = phase,
        .began_us = clock_now_us() - (int64_t)9030 * 1000000, /* two and a half hours, and some seconds to lose */
        .began = "2025-10-12T10:29:58.120Z",
        .spells = { { PHASE_WAITING, 1000, 20000 }, { PHASE_RUNNING, 20000, 70000 } },
        .spell_count = 2,
        .connected = true,
        .check = &look,
        .checked_at = "2025-10-12T10:30:01.000Z",
        .host = "db.example",
        .error = "no answer",
        .steps = steps,
        .step_count = 2,
        .awaits = true,
        .counters = { 11, 12, 13, 14, 15 },
        .waited = 21,
        .lock_waited = 22,
        .looked_us = 23000,
        .exit_status = 31,
        .failed_with = 70,
        .reason = "every step failed",
    };
}

/* The time at which it was made counts for none. */
static char *shown(enum document document, const struct status *status)
{
    char *text = document_render(document, status);
    char *now = text ? strstr(text, "\"timestamp\"") : NULL;

    assert_non_null(text);
    if (now) {
        memset(now, ' ', strcspn(now, "\n"));
    }
    return text;
}

static void all_that_is_told_of_a_status_is_told_where_it_was_sent(void **state)
{
    static const enum phase phases[] = { PHASE_CHECKING, PHASE_RUNNING, PHASE_HELD };

    (void)state;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        full(phases[i]);
        sent.ready = i > 0;
        assert_true(passes());
        for (int document = 0; document < DOCUMENTS; document++) {
            char *here = shown((enum document)document, &sent), *there = shown((enum document)document, &read);

            assert_string_equal(there, here);
            free(here);
            free(there);
        }
    }
}

static void what_is_none_of_ours_is_refused(void **state)
{
    static const char **const needed[] = { &sent.version, &sent.schema, &sent.preset };
    static struct status_step many[STEPS_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        full(PHASE_RUNNING);
        assert_true(passes());
        *needed[i] = NULL;
        assert_false(passes_as_it_is());
    }
    full(PHASES);
    assert_false(passes());
    full(PHASE_RUNNING);
    assert_true(passes());
    sent.spells[1].phase = PHASES;
    assert_false(passes());
    for (size_t i = 0; i <= STEPS_MAX; i++) {
        many[i] = (struct status_step){ .list = "steps", .name = "x" };
    }
    full(PHASE_RUNNING);
    sent.steps = many;
    sent.step_count = STEPS_MAX + 1;
    assert_false(passes());
    sent.step_count = STEPS_MAX;
    assert_true(passes());
    sent.step_count = 4;
    many[3].result = STEP_RESULT_COUNT;
    assert_false(passes());
    many[3].result = STEP_OK;
    many[3].list = NULL;
    assert_false(passes());
    many[3].list = "steps";
    many[3].name = NULL;
    assert_false(passes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_read_as_it_was_sent),
        cmocka_unit_test(a_schema_that_is_no_part_of_its_table_s_name_is_refused),
        cmocka_unit_test(before_the_first_look_the_tables_it_will_be_about_are_known),
        cmocka_unit_test(a_time_that_no_clock_gives_is_refused),
        cmocka_unit_test(all_that_is_told_of_a_status_is_told_where_it_was_sent),
        cmocka_unit_test(what_is_none_of_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
