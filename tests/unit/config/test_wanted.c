#include "../scratch.h"

#include "config/wanted.h"

static void put(struct arena *arena, struct strings *list, const char *string)
{
    strings_add(arena, list, string);
}

static void a_table_takes_the_schema_that_is_verified(void **state)
{
    struct arena *arena = arena_new();
    struct table tables[] = { { .name = "users" }, { .schema = "audit", .name = "users" } };
    struct config config = { .verify = { .schema = "app", .tables = tables, .table_count = 2 } };
    struct wanted wanted;

    (void)state;
    config.migrate.history = HISTORY_DBMATE;
    wanted_from_config(&wanted, &config, arena);
    assert_int_equal(wanted.table_count, 2);
    assert_string_equal(wanted.tables[0].schema, "app");
    assert_string_equal(wanted.tables[1].schema, "audit");
    assert_string_equal(wanted.schema, "app");
    assert_int_equal(wanted.history, HISTORY_DBMATE);
    arena_free(arena);
}

static void what_is_asked_twice_of_a_table_is_asked_once(void **state)
{
    struct arena *arena = arena_new();
    struct table tables[] = { { .name = "users" } };
    struct config config = { .verify = { .schema = "public", .tables = tables, .table_count = 1 } };
    struct wanted wanted;

    (void)state;
    put(arena, &tables[0].columns, "id");
    put(arena, &tables[0].columns, "name");
    put(arena, &tables[0].columns, "id");
    put(arena, &tables[0].privileges, "select");
    wanted_from_config(&wanted, &config, arena);
    assert_int_equal(wanted.tables[0].columns.count, 2);
    assert_int_equal(wanted.tables[0].privileges.count, 1);
    arena_free(arena);
}

static int64_t time_of(int count)
{
    struct arena *arena = arena_new();
    struct table tables[] = { { .name = "users" } };
    struct config config = { .verify = { .schema = "public", .tables = tables, .table_count = 1 } };
    struct wanted wanted;

    for (int i = 0; i < count; i++) {
        put(arena, &tables[0].columns, arena_printf(arena, "column_%d", i));
    }

    int64_t start = processor_time();

    wanted_from_config(&wanted, &config, arena);

    int64_t taken = processor_time() - start;

    assert_int_equal(wanted.tables[0].columns.count, count);
    arena_free(arena);
    return taken;
}

static void ten_times_the_columns_take_about_ten_times_as_long(void **state)
{
    (void)state;
    assert_about_linear(time_of, 2000, "columns");
}

/* Something of everything. */
static void fill(struct wanted *wanted, struct arena *arena)
{
    static struct wanted_table tables[] = { { .schema = "public", .name = "users" }, { .schema = "a", .name = "b" } };
    static struct wanted_type types[] = { { .schema = "public", .name = "color" } };
    static struct assertion asserts[] = { { "some", "select true" } };
    static struct wanted_migration migrations[] = { { .name = "m1", .checksums = { "aa", NULL, "bb" } },
                                                    { .name = "m2" } };

    *wanted = (struct wanted){ .schema = "public",
                               .tables = tables,
                               .table_count = 2,
                               .types = types,
                               .type_count = 1,
                               .asserts = asserts,
                               .assert_count = 1,
                               .history = HISTORY_PRISMA,
                               .history_schema = "app",
                               .history_first = true,
                               .history_table = "_prisma_migrations",
                               .migrations = migrations,
                               .migration_count = 2,
                               .unreadable = "schema.prisma",
                               .unreadable_why = "line 3" };
    tables[0].columns = (struct strings){ 0 };
    put(arena, &tables[0].columns, "id");
    types[0].values = (struct strings){ 0 };
    put(arena, &types[0].values, "red");
    put(arena, &wanted->extensions, "hstore");
    put(arena, &wanted->notes, "a note");
}

static void what_is_wanted_survives_the_way_as_bytes(void **state)
{
    struct arena *arena = arena_new();
    struct frame_writer writer = { 0 };
    struct wanted sent, got;

    (void)state;
    fill(&sent, arena);
    wanted_encode(&sent, &writer);

    struct frame_reader reader = { .data = writer.data, .length = writer.length };

    assert_true(wanted_decode(&got, &reader, arena));
    assert_string_equal(got.schema, "public");
    assert_int_equal(got.table_count, 2);
    assert_string_equal(got.tables[0].columns.items[0], "id");
    assert_int_equal(got.tables[1].columns.count, 0);
    assert_string_equal(got.types[0].name, "color");
    assert_string_equal(got.types[0].values.items[0], "red");
    assert_string_equal(got.extensions.items[0], "hstore");
    assert_string_equal(got.asserts[0].sql, "select true");
    assert_int_equal(got.history, HISTORY_PRISMA);
    assert_string_equal(got.history_schema, "app");
    assert_true(got.history_first);
    assert_string_equal(got.history_table, "_prisma_migrations");
    assert_string_equal(got.migrations[0].checksums[2], "bb");
    assert_null(got.migrations[0].checksums[1]);
    assert_string_equal(got.migrations[1].name, "m2");
    assert_string_equal(got.unreadable_why, "line 3");
    assert_string_equal(got.notes.items[0], "a note");
    frame_writer_free(&writer);
    arena_free(arena);
}

static void cut_bytes_are_refused(void **state)
{
    struct arena *arena = arena_new();
    struct frame_writer writer = { 0 };
    struct wanted sent, got;

    (void)state;
    fill(&sent, arena);
    wanted_encode(&sent, &writer);
    for (size_t length = 0; length < writer.length; length++) {
        unsigned char *cut = malloc(length + 1);
        struct frame_reader reader = { .data = cut, .length = length };

        memcpy(cut, writer.data, length);
        assert_false(wanted_decode(&got, &reader, arena));
        free(cut);
    }
    frame_writer_free(&writer);
    arena_free(arena);
}

static bool is_taken(enum history history, const char *table)
{
    struct arena *arena = arena_new();
    struct frame_writer writer = { 0 };
    struct wanted got, sent = { .schema = "public", .history = history, .history_table = table };

    wanted_encode(&sent, &writer);

    struct frame_reader reader = { .data = writer.data, .length = writer.length };
    bool taken = wanted_decode(&got, &reader, arena);

    frame_writer_free(&writer);
    arena_free(arena);
    return taken;
}

static void a_history_that_is_none_of_ours_or_nowhere_is_refused(void **state)
{
    (void)state;
    assert_true(is_taken(HISTORY_DBMATE, "schema_migrations"));
    assert_true(is_taken(HISTORY_NONE, NULL));
    assert_false(is_taken(HISTORY_DBMATE, NULL));
    assert_false(is_taken(HISTORIES, "schema_migrations"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_takes_the_schema_that_is_verified),
        cmocka_unit_test(what_is_asked_twice_of_a_table_is_asked_once),
        cmocka_unit_test(ten_times_the_columns_take_about_ten_times_as_long),
        cmocka_unit_test(what_is_wanted_survives_the_way_as_bytes),
        cmocka_unit_test(cut_bytes_are_refused),
        cmocka_unit_test(a_history_that_is_none_of_ours_or_nowhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
