#include "../scratch.h"

#include "project/nearby.h"

/* What is found, a sentence a line. */
static const char *found(void)
{
    struct nearby_list list;
    const char *text = "";

    nearby_find(&list, scratch.arena);
    for (size_t i = 0; i < list.count; i++) {
        text = arena_printf(scratch.arena, "%s%s\n", text, nearby_sentence(&list.items[i], scratch.arena));
    }
    return text;
}

static const char *step(void)
{
    struct nearby_list list;
    const char *text = "";

    nearby_find(&list, scratch.arena);
    assert_true(list.count > 0);
    for (size_t i = 0; i < list.items[0].step.argv.count; i++) {
        text = arena_printf(scratch.arena, "%s%s%s", text, i ? " " : "", list.items[0].step.argv.items[i]);
    }
    return text;
}

static void scripts(const char *json)
{
    write_file("package.json", arena_printf(scratch.arena, "{\"scripts\": {%s}}", json));
}

static void an_empty_folder_shows_nothing(void **state)
{
    (void)state;
    assert_string_equal(found(), "");
}

static void tools_are_found_one_and_two_levels_down(void **state)
{
    (void)state;
    write_file("packages/db/prisma/schema.prisma", "datasource db {\n}\n");
    write_file("backend/manage.py", "import django");
    write_file("apps/api/knexfile.js", "");
    write_file("apps/api/deep/alembic.ini", "");
    write_file("one/two/three/alembic.ini", "");
    write_file("one/prisma/schema.prisma", "");
    assert_string_equal(found(), "backend has a project of django\none has a project of prisma\n"
                                 "apps/api has a project of knex\npackages/db has a project of prisma\n");
}

static void what_others_made_and_links_are_passed_over(void **state)
{
    (void)state;
    write_file("node_modules/x/alembic.ini", "");
    write_file("vendor/x/alembic.ini", "");
    write_file(".git/x/alembic.ini", "");
    make_link("node_modules/x", "link");
    assert_string_equal(found(), "");
}

/* As /root is for the user of an image without WORKDIR. */
static void a_folder_that_may_not_be_entered_is_nobodys_project(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    write_file("root/file", "");
    write_file("srv/root/file", "");
    assert_int_equal(chmod("root", 0700), 0);
    assert_int_equal(chmod("srv/root", 0700), 0);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    const char *seen = found();
    assert_int_equal(seteuid(0), 0);
    assert_string_equal(seen, "");
}

static void a_script_that_migrates_is_the_step(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "\"start\": \"node .\", \"db\": \"sequelize-cli db:migrate\"", "npm run db" },
        { "\"db\": \"npx dotenv -e .env -- prisma migrate deploy\"", "npm run db" },
        { "\"m\": \"node-pg-migrate -m db/migrations -t schema_history\"", "npm run m -- up" },
        { "\"orm\": \"typeorm-ts-node-commonjs -d x.ts\", \"m\": \"npm run orm migration:run\"",
          "npm run orm -- migration:run" },
        { "\"prisma\": \"prisma\", \"deploy\": \"prisma migrate deploy\"", "npm run deploy" },
        { "\"prisma\": \"npx prisma\"", "npm run prisma -- migrate deploy" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripts(rows[i][0]);
        assert_string_equal(step(), rows[i][1]);
    }
}

static void a_script_that_does_more_or_less_is_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\"start\": \"prisma migrate deploy && node server.js\"",
        "\"new\": \"node-pg-migrate create\"",
        "\"undo\": \"sequelize-cli db:migrate:undo\"",
        "\"add\": \"npm install knex\"",
        "\"tell\": \"prisma --version\"",
        "\"reset\": \"prisma migrate deploy --force-reset\"",
        "\"build\": \"\"",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripts(rows[i]);
        assert_string_equal(found(), "");
    }
}

static void a_mere_dependency_is_told(void **state)
{
    (void)state;
    write_file("package.json", "{\"devDependencies\": {\"left-pad\": \"1\", \"knex\": \"3\"}}");
    write_file("apps/api/package.json", "{\"dependencies\": {\"@mikro-orm/cli\": \"6\"}}");
    assert_string_equal(found(), "package.json depends on knex\napps/api/package.json depends on @mikro-orm/cli\n");
}

static void a_large_tree_is_not_walked(void **state)
{
    (void)state;
    for (int i = 0; i <= NEARBY_ENTRIES; i++) {
        write_file(arena_printf(scratch.arena, "large/f%d", i), "");
    }
    write_file("large/db/alembic.ini", "");
    for (int i = 0; i < NEARBY_FOLDERS; i++) {
        write_file(arena_printf(scratch.arena, "many/%03d/%s", i, i > NEARBY_FOLDERS - 3 ? "alembic.ini" : "x"), "");
    }
    assert_string_equal(found(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(an_empty_folder_shows_nothing),
        SCRATCH_TEST(tools_are_found_one_and_two_levels_down),
        SCRATCH_TEST(what_others_made_and_links_are_passed_over),
        SCRATCH_TEST(a_folder_that_may_not_be_entered_is_nobodys_project),
        SCRATCH_TEST(a_script_that_migrates_is_the_step),
        SCRATCH_TEST(a_script_that_does_more_or_less_is_none),
        SCRATCH_TEST(a_mere_dependency_is_told),
        SCRATCH_TEST(a_large_tree_is_not_walked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
