#include "database/history.h"

#include "base/mask.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A world of local migrations and ledger rows. */
struct world {
    struct arena *arena;
    struct wanted_migration migrations[64];
    struct ledger_row rows[64];
    struct wanted wanted;
    size_t row_count;
    struct migrations_state found;
};

static struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    world->arena = arena_new();
    world->wanted.migrations = world->migrations;
    return world;
}

static void local(struct world *world, const char *name, const char *checksum)
{
    world->migrations[world->wanted.migration_count++] =
        (struct wanted_migration){ .name = name, .checksums = { checksum } };
}

enum row { APPLIED, FAILED, ROLLED_BACK };

static void recorded(struct world *world, const char *name, enum row row, const char *checksum)
{
    world->rows[world->row_count++] = (struct ledger_row){ .name = name,
                                                           .checksum = checksum,
                                                           .finished = row == APPLIED,
                                                           .rolled_back = row == ROLLED_BACK,
                                                           .log = row == APPLIED ? NULL : "ERROR: it failed" };
}

static const struct migrations_state *compare(struct world *world)
{
    world->found = (struct migrations_state){ 0 };
    history_compare(&world->wanted, world->rows, world->row_count, &world->found, world->arena);
    return &world->found;
}

static void world_free(struct world *world)
{
    arena_free(world->arena);
    free(world);
}

static void all_applied_is_proven(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "b", "01");
    local(world, "a", NULL);
    recorded(world, "a", APPLIED, "99");
    recorded(world, "b", APPLIED, "01");

    const struct migrations_state *migrations = compare(world);

    assert_true(migrations->known);
    assert_true(migrations->proven);
    assert_int_equal(migrations->local, 2);
    assert_int_equal(migrations->applied, 2);
    assert_int_equal(migrations->pending.count, 0);
    assert_int_equal(migrations->edited.count, 0);
    world_free(world);
}

static void no_local_migration_proves_nothing(void **state)
{
    struct world *world = world_new();

    (void)state;
    assert_false(compare(world)->proven);
    recorded(world, "a", APPLIED, "01");
    assert_false(compare(world)->proven);
    assert_int_equal(world->found.gone.count, 1);
    world_free(world);
}

static void an_empty_ledger_leaves_all_pending(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    local(world, "b", "02");

    const struct migrations_state *migrations = compare(world);

    assert_true(migrations->known);
    assert_false(migrations->proven);
    assert_int_equal(migrations->pending.count, 2);
    assert_string_equal(migrations->pending.names.items[0], "a");
    assert_string_equal(migrations->pending.names.items[1], "b");
    world_free(world);
}

static void a_failed_migration_is_named_with_its_log(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    local(world, "b", "02");
    recorded(world, "a", APPLIED, "01");
    recorded(world, "b", FAILED, "02");

    const struct migrations_state *migrations = compare(world);

    assert_false(migrations->proven);
    assert_int_equal(migrations->failed, 1);
    assert_int_equal(migrations->pending.count, 0);
    assert_string_equal(migrations->failed_name, "b");
    assert_string_equal(migrations->failed_log, "ERROR: it failed");
    world_free(world);
}

static void every_failed_migration_is_named_once_with_its_log(void **state)
{
    struct world *world = world_new();

    (void)state;
    recorded(world, "b", FAILED, "02");
    recorded(world, "a", FAILED, "01");
    recorded(world, "b", FAILED, "02");
    recorded(world, "c", ROLLED_BACK, "03");
    world->rows[1].log = NULL;

    const struct migrations_state *migrations = compare(world);

    assert_int_equal(migrations->failed_names.count, 2);
    assert_int_equal(migrations->failed_logs.count, 2);
    assert_string_equal(migrations->failed_names.items[0], "b");
    assert_string_equal(migrations->failed_logs.items[0], "ERROR: it failed");
    assert_string_equal(migrations->failed_names.items[1], "a");
    assert_string_equal(migrations->failed_logs.items[1], "");
    world_free(world);
}

/* As the server cuts it: the last characters may be the beginning of a secret. */
static void a_log_that_was_cut_ends_before_half_a_secret(void **state)
{
    static const char secret[] = "hunter2secret";
    static char log[2 * HISTORY_LOG_MAX];

    (void)state;
    mask_add(secret);
    for (size_t shown = 1; shown <= strlen(secret); shown++) {
        for (size_t secrets = 0; secrets < 40; secrets++) {
            struct world *world = world_new();
            struct text text = text_over(log, HISTORY_LOG_MAX + mask_longest() + 1);

            for (size_t i = 0; i < secrets; i++) {
                text_printf(&text, "%s ", secret);
            }
            while (text.length < HISTORY_LOG_MAX + mask_longest() - shown) {
                text_char(&text, 'x');
            }
            text_bytes(&text, secret, shown);
            recorded(world, "a", FAILED, "01");
            world->rows[0].log = log;

            const char *told = compare(world)->failed_log;

            assert_null(strstr(told, "hu"));
            assert_in_range(strlen(told), HISTORY_LOG_MAX / 2, HISTORY_LOG_MAX);
            world_free(world);
        }
    }
    mask_wipe();
}

static void a_failed_row_beside_an_applied_one_still_counts(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    recorded(world, "a", FAILED, "01");
    recorded(world, "a", APPLIED, "01");
    assert_false(compare(world)->proven);
    assert_int_equal(world->found.applied, 1);
    assert_int_equal(world->found.failed, 1);
    world_free(world);
}

static void a_rolled_back_row_counts_for_nothing(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    recorded(world, "a", ROLLED_BACK, "99");
    assert_int_equal(compare(world)->pending.count, 1);
    assert_int_equal(world->found.failed, 0);
    recorded(world, "a", APPLIED, "01"); /* its retry is a new row */
    assert_true(compare(world)->proven);
    assert_int_equal(world->found.edited.count, 0);
    world_free(world);
}

static void an_edited_migration_is_named_and_counts_as_applied(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    recorded(world, "a", APPLIED, "02");
    assert_true(compare(world)->proven);
    assert_int_equal(world->found.edited.count, 1);
    assert_string_equal(world->found.edited.names.items[0], "a");
    world_free(world);
}

static void any_of_the_allowed_checksums_is_unedited(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "a", "01");
    world->migrations[0].checksums[2] = "03";
    recorded(world, "a", APPLIED, "03");
    assert_int_equal(compare(world)->edited.count, 0);
    recorded(world, "a", APPLIED, "09"); /* one row that fits is enough */
    assert_int_equal(compare(world)->edited.count, 0);
    world->rows[0].checksum = NULL; /* a ledger without checksums tells of no edit */
    world->row_count = 1;
    assert_int_equal(compare(world)->edited.count, 0);
    world_free(world);
}

static void a_checksum_without_zero_padding_matches(void **state)
{
    (void)state;
    assert_true(checksum_matches("0a00ff10", "0a00ff10"));
    assert_true(checksum_matches("a0ff10", "0a00ff10"));
    assert_false(checksum_matches("a0ff1", "0a00ff10"));
    assert_false(checksum_matches("a0ff100", "0a00ff10"));
    assert_false(checksum_matches("", "0a"));
    assert_false(checksum_matches("a0ff11", "0a00ff10"));
    assert_true(checksum_matches("", ""));
}

static void what_is_recorded_but_not_local_is_gone_once(void **state)
{
    struct world *world = world_new();

    (void)state;
    local(world, "b", "01");
    recorded(world, "b", APPLIED, "01");
    recorded(world, "z", APPLIED, "02");
    recorded(world, "a", APPLIED, "03");
    recorded(world, "a", APPLIED, "03");
    recorded(world, "x", ROLLED_BACK, "04");
    recorded(world, "y", FAILED, "05");

    const struct migrations_state *migrations = compare(world);

    assert_int_equal(migrations->gone.count, 3);
    assert_string_equal(migrations->gone.names.items[0], "a");
    assert_string_equal(migrations->gone.names.items[1], "y"); /* it failed: some of it may be there */
    assert_string_equal(migrations->gone.names.items[2], "z");
    assert_string_equal(migrations->failed_name, "y");
    assert_false(migrations->proven);
    world_free(world);
}

static void twenty_names_are_kept_and_all_are_counted(void **state)
{
    struct world *world = world_new();

    (void)state;
    for (int i = 0; i < 50; i++) {
        local(world, arena_printf(world->arena, "m%02d", i), NULL);
    }
    assert_int_equal(compare(world)->pending.count, 50);
    assert_int_equal(world->found.pending.names.count, CHECK_NAMES);
    world_free(world);
}

static void an_unsure_comparison_tells_what_is_gone_and_proves_nothing(void **state)
{
    (void)state;
    struct world *world = world_new();

    world->wanted.unsure = true;
    local(world, "1_a", NULL);
    recorded(world, "2_b", APPLIED, NULL);
    assert_int_equal(compare(world)->gone.count, 0); /* nothing says that the folder is the right one */
    recorded(world, "1_a", APPLIED, NULL);
    recorded(world, "3_c", FAILED, NULL);

    const struct migrations_state *migrations = compare(world);

    assert_int_equal(migrations->gone.count, 2);
    assert_string_equal(migrations->gone.names.items[0], "2_b");
    assert_false(migrations->known || migrations->proven);
    assert_int_equal(migrations->failed, 1);
    assert_string_equal(migrations->failed_name, "3_c");
    assert_int_equal(migrations->applied + migrations->local + migrations->pending.count, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_applied_is_proven),
        cmocka_unit_test(no_local_migration_proves_nothing),
        cmocka_unit_test(an_empty_ledger_leaves_all_pending),
        cmocka_unit_test(a_failed_migration_is_named_with_its_log),
        cmocka_unit_test(every_failed_migration_is_named_once_with_its_log),
        cmocka_unit_test(a_log_that_was_cut_ends_before_half_a_secret),
        cmocka_unit_test(a_failed_row_beside_an_applied_one_still_counts),
        cmocka_unit_test(a_rolled_back_row_counts_for_nothing),
        cmocka_unit_test(an_edited_migration_is_named_and_counts_as_applied),
        cmocka_unit_test(any_of_the_allowed_checksums_is_unedited),
        cmocka_unit_test(a_checksum_without_zero_padding_matches),
        cmocka_unit_test(what_is_recorded_but_not_local_is_gone_once),
        cmocka_unit_test(twenty_names_are_kept_and_all_are_counted),
        cmocka_unit_test(an_unsure_comparison_tells_what_is_gone_and_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
