#include "../scratch.h"

#include "config/prisma.h"
#include "config/prisma_config.h"

static struct prisma_project project;

static bool find(const char *configured)
{
    return prisma_project_find(&project, ".", configured, scratch.arena);
}

static void write_schema(const char *path)
{
    write_file(path, "datasource db {\n  provider = \"postgresql\"\n}\nmodel A {\n  id Int @id\n}\n");
}

static void an_empty_folder_is_no_prisma_project(void **state)
{
    (void)state;
    assert_false(find("auto"));
    assert_null(project.schema);
    assert_null(project.migrations);
    assert_null(project.config_file);
    assert_null(project.missing);
    assert_null(project.doubt);
    assert_int_equal(project.major, 0);
}

static void the_schema_beside_package_json_comes_before_the_one_in_prisma(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema.prisma");
    write_schema("schema.prisma");
    assert_true(find(NULL));
    assert_string_equal(project.schema, "schema.prisma");
}

static void the_folder_prisma_schema_is_found_when_it_holds_schema_files(void **state)
{
    (void)state;
    write_file("prisma/schema/README.md", "");
    assert_false(find("auto"));
    write_schema("prisma/schema/models/a.prisma");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema");
}

static void package_json_comes_before_the_default_places(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_schema("db/my.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"./db/my.prisma\"}}");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "db/my.prisma");
}

static void package_json_is_looked_for_in_the_folders_above(void **state)
{
    (void)state;
    write_schema("db/my.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"db/my.prisma\"}}");
    write_file("node_modules/prisma/package.json", "{\"version\": \"5.22.0\"}");
    write_file("apps/web/x", "");
    assert_int_equal(chdir("apps/web"), 0);
    assert_true(find("auto"));
    assert_string_equal(project.schema, "../../db/my.prisma");
    assert_int_equal(project.major, 5);
}

static void prisma_7_no_longer_reads_package_json(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_schema("db/my.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"db/my.prisma\"}}");
    write_file("node_modules/prisma/package.json", "{\"version\": \"7.8.0\"}");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema.prisma");
    assert_int_equal(project.major, 7);
}

static void a_broken_package_json_names_nothing(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_file("package.json", "{\"prisma\": ");
    write_file("node_modules/prisma/package.json", "{\"version\": 6}");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema.prisma");
    assert_int_equal(project.major, 0);
}

static void a_configured_path_comes_before_everything(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_schema("other/my.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"prisma/schema.prisma\"}}");
    assert_true(find("other/my.prisma"));
    assert_string_equal(project.schema, "other/my.prisma");
}

static void a_configured_path_that_is_not_there_is_named_as_missing(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    assert_false(find("other/my.prisma"));
    assert_null(project.schema);
    assert_string_equal(project.missing, "other/my.prisma");
    assert_null(project.missing_by);
}

static void a_missing_schema_that_package_json_names_is_not_replaced_by_another(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"gone.prisma\"}}");
    assert_false(find("auto"));
    assert_string_equal(project.missing, "gone.prisma");
    assert_string_equal(project.missing_by, "package.json");
}

static void the_config_file_comes_before_package_json(void **state)
{
    (void)state;
    write_schema("a/my.prisma");
    write_schema("b/my.prisma");
    write_file("package.json", "{\"prisma\": {\"schema\": \"b/my.prisma\"}}");
    write_file("prisma.config.ts", "import { defineConfig } from 'prisma/config'\n"
                                   "export default defineConfig({ schema: 'a/my.prisma' })\n");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "a/my.prisma");
    assert_string_equal(project.config_file, "prisma.config.ts");
}

/* As found with `prisma validate`, each file in its turn taken away. */
static void every_place_of_the_config_file_is_known_in_the_order_of_the_cli(void **state)
{
    static const char *const names[] = {
        "prisma7.config.js",        "prisma7.config.cts",
        ".config/prisma7.ts",       "prisma.config.js",
        "prisma.config.ts",         "prisma.config.mjs",
        "prisma.config.cjs",        "prisma.config.mts",
        "prisma.config.cts",        "prisma.config/index.ts",
        ".config/prisma.ts",        ".config/prisma/index.mjs",
        ".config/prisma.config.ts", ".config/prisma.config/index.ts",
    };
    const size_t count = sizeof names / sizeof *names;

    (void)state;
    write_schema("a/my.prisma");
    write_file("node_modules/prisma/package.json", "{\"version\": \"7.10.1\"}");
    for (size_t i = 0; i < count; i++) {
        const char *deep = strchr(names[i], '/');
        const char *up = deep == NULL ? "." : strchr(deep + 1, '/') == NULL ? ".." : "../..";
        char text[64];

        (void)snprintf(text, sizeof text, "export default { schema: '%s/a/my.prisma' }", up);
        write_file(names[i], text);
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(find("auto"));
        assert_string_equal(project.config_file, names[i]);
        assert_string_equal(strstr(project.schema, "a/my.prisma"), "a/my.prisma");
        assert_int_equal(remove(names[i]), 0);
    }
}

static void prisma7_config_is_looked_for_since_prisma_7(void **state)
{
    static const struct {
        const char *version; /* NULL: it is not installed */
        const char *file;
    } cases[] = {
        { "6.19.3", "prisma.config.ts" },
        { "7.10.1", "prisma7.config.ts" },
        { "8.1.0-dev.7", "prisma7.config.ts" },
        { NULL, "prisma7.config.ts" },
    };

    (void)state;
    write_schema("a/my.prisma");
    write_file("prisma7.config.ts", "export default { schema: 'a/my.prisma' }");
    write_file("prisma.config.ts", "export default { schema: 'a/my.prisma' }");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "{\"version\": \"%s\"}", cases[i].version ? cases[i].version : "");
        write_file("node_modules/prisma/package.json", text);
        assert_true(find("auto"));
        assert_string_equal(project.config_file, cases[i].file);
    }
}

static void migrations_lie_beside_the_schema(void **state)
{
    (void)state;
    write_schema("db/my.prisma");
    write_file("db/migrations/1_a/migration.sql", "");
    write_file("prisma/migrations/1_b/migration.sql", "");
    assert_true(find("db/my.prisma"));
    assert_string_equal(project.migrations, "db/migrations");
}

static void migrations_of_a_folder_lie_beside_the_file_with_the_datasource(void **state)
{
    (void)state;
    write_file("prisma/a/models.prisma", "// datasource db {\nmodel A {\n  datasource Json @default(\"{}\")\n}\n");
    write_file("prisma/a/migrations/1_c/migration.sql", "");
    write_file("prisma/base/main.prisma", "generator client {\n}\n  datasource db{\n  provider = \"postgresql\"\n}\n");
    write_file("prisma/base/migrations/1_a/migration.sql", "");
    write_file("prisma/migrations/1_b/migration.sql", "");
    assert_true(find("prisma"));
    assert_string_equal(project.schema, "prisma");
    assert_string_equal(project.migrations, "prisma/base/migrations");
}

static void migrations_are_also_looked_for_in_prisma(void **state)
{
    (void)state;
    write_schema("prisma/schema/a.prisma");
    write_file("prisma/migrations/1_a/migration.sql", "");
    assert_true(find("auto"));
    assert_string_equal(project.migrations, "prisma/migrations");
}

static void a_project_without_migrations_has_none(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    assert_true(find("auto"));
    assert_null(project.migrations);
    assert_null(project.doubt);
}

static void the_config_file_names_the_folder_of_migrations(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("db/steps/1_a/migration.sql", "");
    write_file("prisma.config.ts", "export default { migrations: { seed: 'tsx seed.ts', path: 'db/steps' } };");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema.prisma");
    assert_string_equal(project.migrations, "db/steps");
}

static void a_path_that_is_an_expression_is_a_doubt_about_the_migrations(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("prisma.config.ts", "export default { migrations: { path: process.env.MIGRATIONS } };");
    assert_true(find("auto"));
    assert_string_equal(project.schema, "prisma/schema.prisma");
    assert_null(project.migrations);
    assert_string_equal(project.doubt, "prisma.config.ts names its paths by expressions");
}

static void a_named_config_file_that_is_missing_is_a_doubt(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma");
    write_file("prisma/migrations/1_a/migration.sql", "");
    assert_true(prisma_project_find_with(&project, ".", NULL, "my.config.ts", scratch.arena));
    assert_null(project.migrations);
    assert_non_null(project.doubt);
}

static void schema_files_are_found_at_any_depth_in_order_and_through_links(void **state)
{
    struct strings files = { 0 };

    (void)state;
    write_schema("prisma/schema.prisma");
    write_schema("prisma/a/b/c.prisma");
    write_schema("elsewhere/z.prisma");
    write_file("prisma/migrations/1_a/migration.sql", "");
    make_link("../elsewhere", "prisma/linked");
    assert_true(prisma_schema_files("prisma", &files, scratch.arena));
    assert_int_equal(files.count, 3);
    assert_string_equal(files.items[0], "prisma/a/b/c.prisma");
    assert_string_equal(files.items[1], "prisma/linked/z.prisma");
    assert_string_equal(files.items[2], "prisma/schema.prisma");
}

static void a_circle_of_links_ends_the_search(void **state)
{
    struct strings files = { 0 };

    (void)state;
    write_schema("prisma/schema.prisma");
    make_link(".", "prisma/x");
    make_link(".", "prisma/y");
    assert_false(prisma_schema_files("prisma", &files, scratch.arena));
    assert_int_equal(errno, ELOOP);
}

/* ---- prisma.config.* ---- */

static struct prisma_paths parse(const char *text)
{
    struct prisma_paths paths;

    prisma_config_parse(&paths, "app/prisma.config.ts", text, ".", scratch.arena);
    return paths;
}

static void literals_are_taken_and_comments_are_not(void **state)
{
    (void)state;
    struct prisma_paths paths = parse("// schema: 'no'\n/* schema: 'no' */\n"
                                      "import 'dotenv/config';\nimport { defineConfig, env } from \"prisma/config\";\n"
                                      "export default defineConfig({\n  \"schema\": \"db/x.prisma\",\n"
                                      "  migrations: { path: `db/m`, seed: 'x', },\n"
                                      "  views: { path: 'v' }, typedSql: { path: 't' },\n"
                                      "  datasource: { url: env('DATABASE_URL') },\n});\n");

    assert_string_equal(paths.schema, "app/db/x.prisma");
    assert_string_equal(paths.migrations, "app/db/m");
    assert_false(paths.doubtful);
}

static void joined_literals_are_joined(void **state)
{
    (void)state;
    struct prisma_paths paths = parse("export default { schema: path.join('prisma', 'schema.prisma'),\n"
                                      " migrations: { path: path.resolve(process.cwd(), 'm') } }");

    assert_string_equal(paths.schema, "app/prisma/schema.prisma");
    assert_string_equal(paths.migrations, "m");
    assert_false(paths.doubtful);

    paths = parse("export default { schema: join(__dirname, 'a'), migrations: { path: "
                  "path.join(import.meta.dirname, 'b') } }");
    assert_string_equal(paths.schema, "app/a");
    assert_string_equal(paths.migrations, "app/b");
    assert_false(paths.doubtful);

    paths = parse("export default { schema: path.join(process.cwd(), 'a'), migrations: { path: resolve('b') } }");
    assert_string_equal(paths.schema, "a");
    assert_string_equal(paths.migrations, "b");
    assert_false(paths.doubtful);

    paths = parse("export default { schema: path.resolve(__dirname, 'a') }");
    assert_string_equal(paths.schema, "app/a");
    assert_false(paths.doubtful);
}

static void everything_else_is_a_doubt(void **state)
{
    static const char *const texts[] = {
        "export default { schema: 'a' + x }",
        "export default { schema: x ? 'a' : 'b' }",
        "export default { schema: `a/${x}` }",
        "export default { schema }",
        "export default { migrations }",
        "export default { migrations: m }",
        "export default { migrations: { path } }",
        "export default { ...base }",
        "export default { migrations: { ...base } }",
        "export default { schema: path.join(x, 'a') }",
        "export default { schema: path.join('a', x) }",
        "export default { schema: path.join('a') + x }",
        "export default { schema: path.join('a'; x) }",
        "export default { schema: path.dirname('a') }",
        "export default { schema: path.join }",
        "export default { schema: paths.join('a') }",
        "export default { schema: here.join('a') }",
        "export default { schema: 'a', schema: 'b' }",
        "export default { schema: 'a\\u0062' }",
        "const c = {}; c.schema = 'a'; export default c",
        "export default (() => { return { schema: 'a' } })()",
        "export default { schema: 'a",
        "export default { schema: 'a' } /* open",
        "import base from './base'; export default base",
        "export { default } from './base'",
        "export default make({})",
        "export default defineConfig({}, x)",
        "export default { ['migrations']: { path: 'x' } }",
        "export default { 'migr\\x61tions': { path: 'x' } }",
        "export default { migrations: { ['path']: 'x' } }",
        "export default { migrations: { path: 'x' }.y }",
        "export default { get migrations() { return { path: 'x' } } }",
        "export default { schema() {} }",
        "process.env.X = 'y'; export default {}",
        "function defineConfig() {} export default defineConfig({})",
        "export default {}; Object.assign(x, y)",
        "module.exports = {}; module.exports.schema = 'a'",
        "Object.assign(process.env, x); export default {}",
        "dotenv.config({ override: true }); export default {}",
        "if (x) { dotenv.config() } export default {}",
        "",
        "export default",
        "export default {",
        "export default { a: ) }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!parse(texts[i]).doubtful) {
            fail_msg("no doubt about: %s", texts[i]);
        }
    }
}

static void the_program_around_a_config_may_load_what_is_harmless(void **state)
{
    static const char *const texts[] = {
        "import 'dotenv/config'\nimport path from 'node:path'\nimport type { PrismaConfig } from 'prisma'\n"
        "export default { schema: 'a' } satisfies PrismaConfig;",
        "'use strict';\nconst { defineConfig } = require('prisma/config');\nconst path = require('path')\n"
        "module.exports = defineConfig({ schema: 'a' });\n",
        "import * as dotenv from 'dotenv'\ndotenv.config({ path: path.join(__dirname, '../.env') })\n"
        "export default defineConfig({ schema: 'a' },)",
        "import { loadEnvConfig } from '@next/env'; loadEnvConfig(process.cwd()); export default { 'schema': 'a', }",
        "export default { schema: 'a', migrations: { seed: `tsx ${x}` }, engine: 'classic', list: ['b', { c: [1] }] }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct prisma_paths paths = parse(texts[i]);

        if (paths.doubtful || paths.doubt != NULL) {
            fail_msg("a doubt about: %s", texts[i]);
        }
        assert_string_equal(paths.schema, "app/a");
    }
}

static void the_variables_of_the_url_are_told_in_their_order(void **state)
{
    (void)state;
    struct prisma_paths paths =
        parse("export default { datasource: { url: process.env.A! ?? process.env['B'] as string "
              "|| env(\"C\") ?? 'postgresql://x', shadowDatabaseUrl: x() } }");

    assert_null(paths.doubt);
    assert_false(paths.doubtful);
    assert_int_equal(paths.url_variables.count, 3);
    assert_string_equal(paths.url_variables.items[0], "A");
    assert_string_equal(paths.url_variables.items[1], "B");
    assert_string_equal(paths.url_variables.items[2], "C");
}

static void what_may_lead_to_another_database_is_a_doubt(void **state)
{
    static const char *const texts[] = {
        "import './env'; export default {}",
        "import '@acme/env'; export default {}",
        "const x = require('../env'); module.exports = {}",
        "export default { datasource: { url: 'postgresql://x' } }",
        "export default { datasource: { url: `${process.env.DATABASE_URL}?schema=x` } }",
        "export default { datasource: { url: env('A') + '?schema=x' } }",
        "export default { datasource: { url: env('A') ?? 'postgresql://' + host } }",
        "export default { datasource: { url: env('A') && env('B') } }",
        "export default { datasource: { url: env('A') ?| env('B') } }",
        "export default { datasource: { url: env(name) } }",
        "export default { datasource: { url: process.env[name] } }",
        "export default { datasource: { url: url() } }",
        "export default { datasource: { url } }",
        "export default { datasource: { url: env('A'), url: env('B') } }",
        "export default { datasource: { url: env('A'), directUrl: env('B') } }",
        "export default { adapter: async () => new PrismaPg({ connectionString: env('A') }) }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (parse(texts[i]).doubt == NULL) {
            fail_msg("no doubt about: %s", texts[i]);
        }
    }
}

static void a_config_that_names_no_paths_is_no_doubt(void **state)
{
    (void)state;
    struct prisma_paths paths = parse("export default defineConfig({ earlyAccess: true, experimental: { x: true } })");

    assert_null(paths.schema);
    assert_null(paths.migrations);
    assert_false(paths.doubtful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(an_empty_folder_is_no_prisma_project),
        SCRATCH_TEST(the_schema_beside_package_json_comes_before_the_one_in_prisma),
        SCRATCH_TEST(the_folder_prisma_schema_is_found_when_it_holds_schema_files),
        SCRATCH_TEST(package_json_comes_before_the_default_places),
        SCRATCH_TEST(package_json_is_looked_for_in_the_folders_above),
        SCRATCH_TEST(prisma_7_no_longer_reads_package_json),
        SCRATCH_TEST(a_broken_package_json_names_nothing),
        SCRATCH_TEST(a_configured_path_comes_before_everything),
        SCRATCH_TEST(a_configured_path_that_is_not_there_is_named_as_missing),
        SCRATCH_TEST(a_missing_schema_that_package_json_names_is_not_replaced_by_another),
        SCRATCH_TEST(the_config_file_comes_before_package_json),
        SCRATCH_TEST(every_place_of_the_config_file_is_known_in_the_order_of_the_cli),
        SCRATCH_TEST(prisma7_config_is_looked_for_since_prisma_7),
        SCRATCH_TEST(migrations_lie_beside_the_schema),
        SCRATCH_TEST(migrations_of_a_folder_lie_beside_the_file_with_the_datasource),
        SCRATCH_TEST(migrations_are_also_looked_for_in_prisma),
        SCRATCH_TEST(a_project_without_migrations_has_none),
        SCRATCH_TEST(the_config_file_names_the_folder_of_migrations),
        SCRATCH_TEST(a_path_that_is_an_expression_is_a_doubt_about_the_migrations),
        SCRATCH_TEST(a_named_config_file_that_is_missing_is_a_doubt),
        SCRATCH_TEST(schema_files_are_found_at_any_depth_in_order_and_through_links),
        SCRATCH_TEST(a_circle_of_links_ends_the_search),
        SCRATCH_TEST(literals_are_taken_and_comments_are_not),
        SCRATCH_TEST(joined_literals_are_joined),
        SCRATCH_TEST(everything_else_is_a_doubt),
        SCRATCH_TEST(the_program_around_a_config_may_load_what_is_harmless),
        SCRATCH_TEST(the_variables_of_the_url_are_told_in_their_order),
        SCRATCH_TEST(what_may_lead_to_another_database_is_a_doubt),
        SCRATCH_TEST(a_config_that_names_no_paths_is_no_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
