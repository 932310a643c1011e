#include "config/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_ledger_is_behind_unless_the_schema_was_pushed(void **state)
{
    static const struct {
        struct check check;
        bool behind;
    } rows[] = {
        { { .migrations = { .local = 2, .applied = 1 }, .table_count = 1 }, true },
        { { .migrations = { .local = 2, .applied = 2 }, .table_count = 1 }, false },
        { { .migrations = { .local = 2, .applied = 3 } }, false },
        { { .migrations = { .local = 2 } }, true },
        { { .migrations = { .local = 2 }, .table_count = 1 }, false }, /* nothing at all is recorded */
        { { .migrations = { .local = 2, .failed = 1 }, .table_count = 1 }, true },
        { { .table_count = 1 }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (check_behind(&rows[i].check) != rows[i].behind) {
            fail_msg("row %zu", i);
        }
    }
}

static bool is_taken(const struct check *sent)
{
    struct arena *arena = arena_new();
    struct frame_writer writer = { 0 };
    struct check got = { 0 };

    check_encode(sent, &writer);

    struct frame_reader reader = { .data = writer.data, .length = writer.length };

    check_decode(&got, &reader, arena);

    bool taken = frame_done(&reader);

    frame_writer_free(&writer);
    arena_free(arena);
    return taken;
}

/* The database process reads foreign input; PID 1 looks nothing up by what it says before it knows that it is there. */
static void a_look_that_points_outside_is_refused(void **state)
{
    struct table_state table = { .name = "app.users", .schema = 3 };
    struct problem problem = { .code = PROBLEM_MISSING_TABLE, .object = "app.users", .table = 1 };
    struct check check = { .tables = &table, .table_count = 1, .problems = &problem, .problem_count = 1 };

    (void)state;
    assert_true(is_taken(&check));
    table.schema = 4; /* no dot */
    assert_false(is_taken(&check));
    table.schema = 9;
    assert_false(is_taken(&check));
    table.schema = 10;
    assert_false(is_taken(&check));
    table.schema = 0;
    problem.table = 2;
    assert_false(is_taken(&check));
    problem.table = 0;
    assert_true(is_taken(&check));
    problem.code = PROBLEM_CODES;
    assert_false(is_taken(&check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_is_behind_unless_the_schema_was_pushed),
        cmocka_unit_test(a_look_that_points_outside_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
