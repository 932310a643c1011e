#include "load.h"

static const char *step_line(size_t index)
{
    static char line[512];
    const struct step *step = &config->migrate.steps.items[index];

    line[0] = '\0';
    for (size_t i = 0; i < step->argv.count; i++) {
        (void)strcat(line, i ? " " : "");
        (void)strcat(line, step->argv.items[i]);
    }
    return line;
}

static void prisma_project(void)
{
    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
}

static void a_folder_of_no_known_kind_has_no_steps(void **state)
{
    (void)state;
    assert_loads(NULL);
    assert_string_equal(config->migrate.preset, "none");
    assert_int_equal(config->migrate.history, HISTORY_NONE);
    assert_int_equal(config->migrate.steps.count, 0);
    assert_true(config->migrate.unrecognised);
    assert_loads("migrate: {steps: []}\n");
    assert_false(config->migrate.unrecognised);
    assert_loads("migrate: {preset: none}\n");
    assert_false(config->migrate.unrecognised);
}

static void a_preset_of_another_folder_runs_there(void **state)
{
    (void)state;
    write_file("packages/db/prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    write_file("packages/db/node_modules/prisma/package.json", "{\"name\": \"prisma\", \"version\": \"7.2.0\"}");
    request.folder = "packages/db";
    assert_loads(NULL);
    assert_string_equal(config->migrate.preset, "prisma");
    assert_string_equal(step_line(0), "prisma migrate deploy");
    assert_string_equal(step_line(1), "prisma db push");
    assert_string_equal(config->migrate.steps.items[1].cwd, "packages/db");
}

static void a_prisma_project_deploys_then_pushes_guarded(void **state)
{
    (void)state;
    prisma_project();
    assert_loads(NULL);
    assert_string_equal(config->migrate.preset, "prisma");
    assert_int_equal(config->migrate.history, HISTORY_PRISMA);
    assert_int_equal(config->migrate.steps.count, 2);
    assert_string_equal(step_line(0), "prisma migrate deploy");
    assert_int_equal(config->migrate.steps.items[0].role, STEP_HISTORY);
    assert_int_equal(config->migrate.steps.items[0].attempts, 3);
    assert_true(strings_contain(&config->migrate.steps.items[0].permanent_errors, "P3009"));
    assert_string_equal(step_line(1), "prisma db push --skip-generate");
    assert_int_equal(config->migrate.steps.items[1].role, STEP_DB_PUSH);
    assert_true(config->migrate.steps.items[1].guard.count > 0);
    assert_false(config->migrate.steps.items[1].allow_data_loss);
}

static void prisma_7_has_no_skip_generate(void **state)
{
    (void)state;
    prisma_project();
    write_file("node_modules/prisma/package.json", "{\"name\": \"prisma\", \"version\": \"7.2.0\"}");
    assert_loads(NULL);
    assert_string_equal(step_line(1), "prisma db push");
    assert_loads("migrate: {steps: [{name: mine, run: [prisma, db, push, --skip-generate]}]}\n");
    assert_string_equal(step_line(0), "prisma db push --skip-generate"); /* written by hand, taken as it is */
}

static void a_schema_that_prisma_would_not_find_is_named_to_it(void **state)
{
    static const char elsewhere[] = "packages/db/prisma/schema.prisma";
    (void)state;
    write_file(elsewhere, "datasource db {\n  provider = \"postgresql\"\n}\n");
    assert_loads("verify: {prisma_schema: ./packages/db/prisma/schema.prisma}\n");
    assert_string_equal(config->migrate.preset, "prisma");
    assert_string_equal(step_line(0), "prisma migrate deploy --schema packages/db/prisma/schema.prisma");
    assert_string_equal(step_line(1), "prisma db push --skip-generate --schema packages/db/prisma/schema.prisma");
    assert_int_equal(config->migrate.steps.items[0].role, STEP_HISTORY);
    assert_true(strings_contain(&config->migrate.steps.items[1].guard, elsewhere));
    assert_loads("migrate: {steps: [{run: [prisma, migrate, deploy]}]}\n"
                 "verify: {prisma_schema: packages/db/prisma/schema.prisma}\n");
    assert_string_equal(step_line(0), "prisma migrate deploy"); /* written by hand, taken as it is */
    prisma_project();
    assert_loads("verify: {prisma_schema: ./prisma/schema.prisma}\n");
    assert_string_equal(step_line(0), "prisma migrate deploy");
}

static void a_push_in_another_folder_is_guarded_by_the_schema_there(void **state)
{
    (void)state;
    write_file("packages/db/prisma/schema/a.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    assert_loads("migrate: {preset: prisma, steps: [{run: [prisma, db, push], cwd: packages/db}]}\n"
                 "verify: {prisma_schema: packages/db/prisma/schema}\n");
    assert_true(strings_contain(&config->migrate.steps.items[0].guard, "prisma/schema"));
}

static void each_kind_of_project_is_told_by_its_files(void **state)
{
    (void)state;
    static const struct {
        const char *preset;
        const char *files[3][2];
        enum history history;
        const char *step;
    } rows[] = {
        { "dbmate",
          { { "db/migrations/1_a.sql", "-- migrate:up\n" } },
          HISTORY_DBMATE,
          "dbmate --no-dump-schema migrate" },
        { "node-pg-migrate",
          { { "package.json", "{\"dependencies\": {\"node-pg-migrate\": \"8\"}}" }, { "migrations/1_a.js", "" } },
          HISTORY_NODE_PG_MIGRATE,
          "node-pg-migrate up" },
        { "django", { { "manage.py", "import django" } }, HISTORY_NONE, "python3 manage.py migrate --noinput" },
        { "alembic", { { "alembic.ini", "" } }, HISTORY_NONE, "alembic upgrade head" },
        { "rails", { { "bin/rails", "" }, { "config/application.rb", "" } }, HISTORY_RAILS, "bin/rails db:migrate" },
        { "knex", { { "knexfile.ts", "" } }, HISTORY_NONE, "knex migrate:latest" },
        { "drizzle", { { "drizzle.config.ts", "" } }, HISTORY_NONE, "drizzle-kit migrate" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];

        for (size_t j = 0; j < 3 && rows[i].files[j][0]; j++) {
            write_file(rows[i].files[j][0], rows[i].files[j][1]);
        }
        assert_loads(NULL);
        assert_string_equal(config->migrate.preset, rows[i].preset);
        assert_int_equal(config->migrate.history, rows[i].history);
        assert_int_equal(config->migrate.steps.count, 1);
        assert_string_equal(step_line(0), rows[i].step);
        assert_int_equal(config->migrate.steps.items[0].role, rows[i].history ? STEP_HISTORY : STEP_ORDINARY);
        for (size_t j = 0; j < 3 && rows[i].files[j][0]; j++) {
            assert_int_equal(unlink(rows[i].files[j][0]), 0);
        }

        (void)snprintf(text, sizeof text, "migrate: {preset: %s}\n", rows[i].preset); /* named, without any files */
        assert_loads(text);
        assert_string_equal(config->migrate.preset, rows[i].preset);
        assert_string_equal(step_line(0), rows[i].step);
        assert_int_equal(unlink("pgentry.yaml"), 0);
    }
}

static void files_that_only_resemble_are_not_taken_for_a_project(void **state)
{
    (void)state;
    write_file("db/migrations/1_a.sql", "CREATE TABLE a ()\n");
    write_file("db/migrations/2_a.txt", "-- migrate:up\n");
    write_file("manage.py", "print('hello')\n");
    write_file("package.json", "{\"dependencies\": {\"node-pg-migrate\": \"8\"}");
    write_file("migrations/a", "");
    write_file("bin/rails", "");
    assert_loads(NULL);
    assert_string_equal(config->migrate.preset, "none");
}

static void assert_preset_as_another(const char *preset)
{
    bool root = geteuid() == 0;

    assert_true(!root || seteuid(65533) == 0);
    assert_loads(NULL);
    assert_true(!root || seteuid(0) == 0);
    assert_string_equal(config->migrate.preset, preset);
}

static void what_may_not_be_read_is_taken_for_the_tool_that_will_say_so(void **state)
{
    (void)state;
    assert_int_equal(chmod(".", 0755), 0);
    write_file("db/migrations/1_a.sql", "CREATE TABLE a ()\n");
    assert_int_equal(chmod("db/migrations", 0), 0);
    assert_preset_as_another("dbmate");
    assert_int_equal(chmod("db", 0), 0); /* a server's data, for all we know */
    assert_preset_as_another("none");
    assert_int_equal(chmod("db", 0755) + chmod("db/migrations", 0755) + chmod("db/migrations/1_a.sql", 0), 0);
    assert_preset_as_another("dbmate");
    write_file("manage.py", "");
    assert_preset_as_another("dbmate");
    assert_int_equal(chmod("manage.py", 0), 0);
    assert_preset_as_another("django");
}

static void own_steps_replace_the_preset_s_and_keep_its_history(void **state)
{
    (void)state;
    prisma_project();
    assert_loads("migrate: {steps: [{run: 'npx prisma migrate deploy'}]}\n");
    assert_int_equal(config->migrate.steps.count, 1);
    assert_int_equal(config->migrate.history, HISTORY_PRISMA);
    assert_int_equal(config->migrate.steps.items[0].role, STEP_HISTORY);
    assert_loads("migrate: {steps: []}\n");
    assert_int_equal(config->migrate.steps.count, 0);
}

static void preset_none_means_none(void **state)
{
    (void)state;
    prisma_project();
    assert_loads("migrate: {preset: none}\n");
    assert_int_equal(config->migrate.steps.count, 0);
    assert_int_equal(config->migrate.history, HISTORY_NONE);
    (void)setenv("PGENTRY_MIGRATE_PRESET", "prisma", 1); /* the environment wins over the file */
    assert_loads("migrate: {preset: none}\n");
    assert_int_equal(config->migrate.steps.count, 2);
    set("migrate.preset=alembic");
    assert_loads(NULL);
    assert_string_equal(config->migrate.preset, "alembic");
}

static void verification_switched_off_does_not_hide_the_project(void **state)
{
    (void)state;
    prisma_project();
    assert_loads("verify: {prisma_schema: 'off'}\n");
    assert_string_equal(config->migrate.preset, "prisma");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_of_no_known_kind_has_no_steps),
        TEST(a_preset_of_another_folder_runs_there),
        TEST(a_prisma_project_deploys_then_pushes_guarded),
        TEST(prisma_7_has_no_skip_generate),
        TEST(a_schema_that_prisma_would_not_find_is_named_to_it),
        TEST(a_push_in_another_folder_is_guarded_by_the_schema_there),
        TEST(each_kind_of_project_is_told_by_its_files),
        TEST(files_that_only_resemble_are_not_taken_for_a_project),
        TEST(what_may_not_be_read_is_taken_for_the_tool_that_will_say_so),
        TEST(own_steps_replace_the_preset_s_and_keep_its_history),
        TEST(preset_none_means_none),
        TEST(verification_switched_off_does_not_hide_the_project),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
