#include "steps.h"

#include "project/project.h"

static struct wanted wanted;

static void look(void)
{
    project_wanted(&wanted, &config, scratch.arena);
}

static const char *tables(void)
{
    char *text = arena_strdup(scratch.arena, "");

    for (size_t i = 0; i < wanted.table_count; i++) {
        text = arena_printf(scratch.arena, "%s%s%s.%s(", text, *text ? " " : "", wanted.tables[i].schema,
                            wanted.tables[i].name);
        for (size_t k = 0; k < wanted.tables[i].columns.count; k++) {
            text = arena_printf(scratch.arena, "%s%s%s", text, k ? "," : "", wanted.tables[i].columns.items[k]);
        }
        text = arena_printf(scratch.arena, "%s)", text);
    }
    return text;
}

static void list_table(struct table *table, const char *schema, const char *name, const char *column)
{
    *table = (struct table){ .schema = schema, .name = name };
    strings_add(scratch.arena, &table->columns, column);
    config.verify.tables = table;
    config.verify.table_count = 1;
}

static void write_schema(const char *path, const char *provider)
{
    write_file(path, arena_printf(scratch.arena,
                                  "datasource db {\n  provider = \"%s\"\n}\n"
                                  "model User {\n  id Int @id\n  role Role\n  posts Post[]\n  @@map(\"users\")\n}\n"
                                  "model Post {\n  id Int @id\n  users User[]\n}\nenum Role {\n  A\n}\n",
                                  provider));
}

#define DERIVED "public.users(id,role) public.Post(id) public._PostToUser(A,B)"

static void everything_of_the_schema_is_wanted(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_schema("prisma/schema.prisma", "postgresql");
    look();
    assert_string_equal(tables(), DERIVED);
    assert_int_equal(wanted.type_count, 1);
    assert_string_equal(wanted.types[0].name, "Role");
    assert_null(wanted.unreadable);
    assert_int_equal(wanted.notes.count, 0);
}

static void a_table_listed_by_hand_is_joined_with_the_one_of_the_schema(void **state)
{
    struct table table;

    (void)state;
    configure(HISTORY_NONE);
    write_schema("prisma/schema.prisma", "postgres");
    list_table(&table, NULL, "users", "extra");
    strings_add(scratch.arena, &table.columns, "id");
    strings_add(scratch.arena, &table.indexes, "users_idx");
    look();
    assert_string_equal(tables(), "public.users(extra,id,role) public.Post(id) public._PostToUser(A,B)");
    assert_string_equal(wanted.tables[0].indexes.items[0], "users_idx");

    list_table(&table, "other", "users", "extra");
    look();
    assert_string_equal(tables(), "other.users(extra) " DERIVED);
}

static void two_of_one_name_are_joined_whatever_lies_between_them(void **state)
{
    struct table table;

    (void)state;
    configure(HISTORY_NONE);
    list_table(&table, NULL, "users", "extra");
    write_file("schema.prisma", "model zebras {\n  id Int @id\n}\nmodel ants {\n  id Int @id\n}\n"
                                "model users {\n  id Int @id\n}\n");
    look();
    assert_string_equal(tables(), "public.users(extra,id) public.zebras(id) public.ants(id)");
}

static void one_name_in_two_schemas_is_two_tables(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_file("schema.prisma", "model users {\n  id Int @id\n}\n"
                                "model guests {\n  name String\n  @@map(\"users\")\n  @@schema(\"app\")\n}\n");
    look();
    assert_string_equal(tables(), "public.users(id) app.users(name)");
}

static void two_names_that_postgresql_cuts_to_one_are_one_table(void **state)
{
    char name[80];

    (void)state;
    configure(HISTORY_NONE);
    memset(name, 'x', sizeof name);
    name[70] = '\0';
    write_file("schema.prisma",
               arena_printf(scratch.arena, "model %s1 {\n  a Int\n}\nmodel %s2 {\n  b Int\n}\n", name, name));
    look();
    assert_int_equal(wanted.table_count, 1);
    assert_int_equal(wanted.tables[0].columns.count, 2);
}

static void models_without_a_schema_lie_in_verify_schema(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    config.verify.schema = "app";
    write_schema("prisma/schema.prisma", "postgresql");
    look();
    assert_string_equal(tables(), "app.users(id,role) app.Post(id) app._PostToUser(A,B)");
    assert_string_equal(wanted.types[0].schema, "app");
}

static void off_derives_nothing(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    config.verify.prisma_schema = "off";
    write_file("prisma/schema.prisma", "broken");
    look();
    assert_int_equal(wanted.table_count, 0);
    assert_null(wanted.unreadable);
}

static void a_project_without_a_schema_derives_nothing(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    look();
    assert_int_equal(wanted.table_count, 0);
    assert_null(wanted.unreadable);
    assert_int_equal(wanted.notes.count, 0);
}

static void where_nothing_runs_and_nothing_is_asked_for_tools_nearby_are_named(void **state)
{
    struct table table;

    (void)state;
    configure(HISTORY_NONE);
    write_file("package.json", "{\"dependencies\": {\"knex\": \"3\"}}");
    write_schema("packages/db/prisma/schema.prisma", "postgresql");
    look(); /* preset: none was meant, or steps: [] */
    assert_int_equal(wanted.notes.count, 0);
    config.migrate.unrecognised = true;
    look();
    assert_int_equal(wanted.notes.count, 1);
    assert_non_null(
        strstr(wanted.notes.items[0], "but package.json depends on knex, packages/db has a project of prisma: write"));
    assert_true(wanted_is_nothing(&wanted));
    list_table(&table, NULL, "users", "id");
    look();
    assert_int_equal(wanted.notes.count, 0);
}

static void a_configured_path_is_read(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    config.verify.prisma_schema = "db/models";
    write_schema("db/models/a.prisma", "postgresql");
    write_file("prisma/schema.prisma", "broken");
    look();
    assert_string_equal(tables(), DERIVED);
}

static void a_configured_path_that_is_not_there_is_unreadable(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    config.verify.prisma_schema = "db/gone.prisma";
    write_schema("prisma/schema.prisma", "postgresql");
    look();
    assert_string_equal(wanted.unreadable, "db/gone.prisma");
    assert_string_equal(wanted.unreadable_why, "no such file or folder");
    assert_int_equal(wanted.table_count, 0);
}

static void a_path_that_package_json_names_in_vain_is_unreadable(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_file("package.json", "{\"prisma\": {\"schema\": \"gone.prisma\"}}");
    look();
    assert_string_equal(wanted.unreadable, "gone.prisma");
    assert_string_equal(wanted.unreadable_why, "no such file or folder, and package.json names it");
}

static void a_broken_schema_is_unreadable_and_tables_by_hand_stay(void **state)
{
    struct table table;

    (void)state;
    configure(HISTORY_NONE);
    list_table(&table, NULL, "users", "id");
    write_file("prisma/schema.prisma", "model A {\n  id Int @id\n\n");
    look();
    assert_string_equal(wanted.unreadable, "prisma/schema.prisma");
    assert_string_equal(wanted.unreadable_why, "prisma/schema.prisma:1:9: the block A is not closed");
    assert_string_equal(tables(), "public.users(id)");
}

static void a_schema_that_may_not_be_read_is_unreadable(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    configure(HISTORY_NONE);
    write_schema("prisma/schema.prisma", "postgresql");
    assert_int_equal(chmod("prisma", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    look();
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod("prisma", 0755), 0);
    assert_string_equal(wanted.unreadable, "prisma/schema.prisma");
    assert_string_equal(wanted.unreadable_why, "prisma/schema.prisma: Permission denied");
}

static void a_folder_that_may_hold_models_and_may_not_be_read_is_unreadable(void **state)
{
    static const char *const folders[] = { "prisma/schema", "prisma/schema/more" };

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    write_schema("prisma/schema/a.prisma", "postgresql");
    write_file("prisma/schema/more/b.prisma", "model Hidden {\n  id Int @id\n}\n");
    assert_int_equal(chmod(".", 0755), 0);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        configure(HISTORY_NONE);
        assert_int_equal(chmod(folders[i], 0), 0);
        assert_int_equal(seteuid(65534), 0);
        look();
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(chmod(folders[i], 0755), 0);
        assert_non_null(wanted.unreadable);
        assert_string_equal(wanted.unreadable, "prisma/schema");
        assert_string_equal(wanted.unreadable_why, "prisma/schema: Permission denied");
    }
}

static void a_schema_for_another_database_derives_nothing_but_a_note(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_schema("prisma/schema.prisma", "mysql");
    look();
    assert_int_equal(wanted.table_count, 0);
    assert_int_equal(wanted.type_count, 0);
    assert_null(wanted.unreadable);
    assert_string_equal(wanted.notes.items[0],
                        "prisma/schema.prisma is for mysql, not for postgresql: no table is derived from it");
}

static void auto_looks_where_the_steps_cli_would(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    run_words("prisma migrate deploy --schema db/my.prisma")->cwd = "api";
    write_schema("api/db/my.prisma", "postgresql");
    write_file("api/db/migrations/1_a/migration.sql", "");
    write_file("prisma/schema.prisma", "broken");
    look();
    assert_string_equal(tables(), DERIVED);
    assert_int_equal(wanted.migration_count, 1);
    assert_int_equal(wanted.history, HISTORY_PRISMA);

    configure(HISTORY_PRISMA);
    (void)run_words("prisma migrate deploy --schema db/gone.prisma");
    look();
    assert_string_equal(wanted.unreadable, "db/gone.prisma");
}

static void auto_looks_here_when_the_steps_folder_has_no_schema(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    run_words("prisma migrate deploy")->cwd = "api";
    write_file("api/x", "");
    write_schema("schema.prisma", "postgresql");
    look();
    assert_string_equal(tables(), DERIVED);
}

/* Two models on one table. */
static void write_twins(const char *path, int fields)
{
    char *text = malloc((size_t)fields * 40 + 100);
    char *end = text;

    assert_non_null(text);
    for (char model = 'A'; model <= 'B'; model++) {
        end += sprintf(end, "model %c {\n", model);
        for (int i = 0; i < fields; i++) {
            end += sprintf(end, "  %c%d Int\n", model, i);
        }
        end += sprintf(end, "  @@map(\"users\")\n}\n");
    }
    write_file(path, text);
    free(text);
}

static int64_t time_of(int fields)
{
    configure(HISTORY_NONE);
    write_twins("schema.prisma", fields);

    int64_t start = processor_time();

    look();

    int64_t taken = processor_time() - start;

    assert_int_equal(wanted.table_count, 1);
    assert_int_equal(wanted.tables[0].columns.count, 2 * fields);
    return taken;
}

static void ten_times_the_columns_of_two_models_of_one_table_take_about_ten_times_as_long(void **state)
{
    (void)state;
    assert_about_linear(time_of, 2000, "fields");
}

static void what_was_passed_over_is_noted(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_file("schema.prisma", "new thing {\n}\nmodel A {\n  id Int @id\n}\n");
    look();
    assert_string_equal(tables(), "public.A(id)");
    assert_string_equal(wanted.notes.items[0], "schema.prisma:1:1: a block of kind new is not understood");
}

static void a_schema_without_a_model_that_is_understood_is_unreadable(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    write_file("schema.prisma", "modle users {\n  id Int @id\n}\n");
    look();
    assert_string_equal(wanted.unreadable, "schema.prisma");
    assert_string_equal(wanted.unreadable_why,
                        "it has no model that is understood: schema.prisma:1:1: a block of kind modle is "
                        "not understood");
    write_file("schema.prisma", "enum e {\n  a\n}\n");
    look();
    assert_null(wanted.unreadable);
}

static void a_folder_without_a_schema_is_unreadable(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    config.verify.prisma_schema = "models";
    write_file("models/users.txt", "model users {\n  id Int @id\n}\n");
    look();
    assert_string_equal(wanted.unreadable, "models");
    assert_string_equal(wanted.unreadable_why, "models: there is no .prisma file in it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(everything_of_the_schema_is_wanted),
        SCRATCH_TEST(a_table_listed_by_hand_is_joined_with_the_one_of_the_schema),
        SCRATCH_TEST(two_of_one_name_are_joined_whatever_lies_between_them),
        SCRATCH_TEST(one_name_in_two_schemas_is_two_tables),
        SCRATCH_TEST(two_names_that_postgresql_cuts_to_one_are_one_table),
        SCRATCH_TEST(models_without_a_schema_lie_in_verify_schema),
        SCRATCH_TEST(off_derives_nothing),
        SCRATCH_TEST(a_project_without_a_schema_derives_nothing),
        SCRATCH_TEST(where_nothing_runs_and_nothing_is_asked_for_tools_nearby_are_named),
        SCRATCH_TEST(a_configured_path_is_read),
        SCRATCH_TEST(a_configured_path_that_is_not_there_is_unreadable),
        SCRATCH_TEST(a_path_that_package_json_names_in_vain_is_unreadable),
        SCRATCH_TEST(a_broken_schema_is_unreadable_and_tables_by_hand_stay),
        SCRATCH_TEST(a_schema_that_may_not_be_read_is_unreadable),
        SCRATCH_TEST(a_folder_that_may_hold_models_and_may_not_be_read_is_unreadable),
        SCRATCH_TEST(a_schema_for_another_database_derives_nothing_but_a_note),
        SCRATCH_TEST(auto_looks_where_the_steps_cli_would),
        SCRATCH_TEST(auto_looks_here_when_the_steps_folder_has_no_schema),
        SCRATCH_TEST(ten_times_the_columns_of_two_models_of_one_table_take_about_ten_times_as_long),
        SCRATCH_TEST(what_was_passed_over_is_noted),
        SCRATCH_TEST(a_schema_without_a_model_that_is_understood_is_unreadable),
        SCRATCH_TEST(a_folder_without_a_schema_is_unreadable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
