#include "config/push.h"

#include "load.h"

static const char *joined(const struct strings *words)
{
    static char line[1024];

    line[0] = '\0';
    for (size_t i = 0; i < words->count; i++) {
        (void)strcat(line, i ? " " : "");
        (void)strcat(line, words->items[i]);
    }
    return line;
}

#define DIFF \
    "migrate diff --from-schema-datasource prisma/schema.prisma --to-schema-datamodel prisma/schema.prisma --script"

static void a_push_is_guarded_by_a_diff_with_the_same_launcher(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        const char *guard;
    } rows[] = {
        { "[deno, run, -A, 'npm:prisma', db, push]",
          "deno run -A npm:prisma migrate diff --from-schema-datasource prisma/schema.prisma --to-schema-datamodel "
          "prisma/schema.prisma --script" },
        { "[prisma, db, push, --skip-generate]", "prisma migrate diff --from-schema-datasource prisma/schema.prisma "
                                                 "--to-schema-datamodel prisma/schema.prisma "
                                                 "--script" },
        { "[npx, 'prisma@6', db, push, --schema, db/x.prisma]",
          "npx prisma@6 migrate diff --from-schema-datasource db/x.prisma --to-schema-datamodel db/x.prisma --script" },
        { "'npx prisma db push --schema=db/x.prisma 2>&1 | cat'",
          "npx prisma migrate diff --from-schema-datasource db/x.prisma --to-schema-datamodel db/x.prisma --script" },
        { "'A=1 exec pnpm exec prisma db push'",
          "env A=1 pnpm exec prisma migrate diff --from-schema-datasource prisma/schema.prisma --to-schema-datamodel "
          "prisma/schema.prisma --script" },
        { "[sh, -c, 'npx prisma db push']",
          "npx prisma migrate diff --from-schema-datasource prisma/schema.prisma --to-schema-datamodel "
          "prisma/schema.prisma --script" },
        { "[prisma, db, push, --schema=a.prisma, --schema, b.prisma]",
          "prisma migrate diff --from-schema-datasource b.prisma --to-schema-datamodel b.prisma --script" },
        { "[doppler, run, --config, prd, --, prisma, db, push]",
          "doppler run --config prd -- prisma migrate diff --from-schema-datasource prisma/schema.prisma "
          "--to-schema-datamodel prisma/schema.prisma --script" },
        { "[prisma, db, push, --config, c.ts]", "prisma migrate diff --from-schema-datasource prisma/schema.prisma "
                                                "--to-schema-datamodel prisma/schema.prisma "
                                                "--script --config c.ts" },
    };

    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    write_file("c.ts", "export default {}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step *step = step_of(rows[i].run, "");

        assert_non_null(step);
        assert_int_equal(step->role, STEP_DB_PUSH);
        assert_string_equal(joined(&step->guard), rows[i].guard);
    }
}

static void prisma_7_diffs_from_its_configuration(void **state)
{
    (void)state;
    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    write_file("node_modules/prisma/package.json", "{\"name\": \"prisma\", \"version\": \"7.1.0\"}");

    const struct step *step = step_of("[npx, prisma, db, push]", "");

    assert_non_null(step);
    assert_string_equal(joined(&step->guard),
                        "npx prisma migrate diff --from-config-datasource --to-schema prisma/schema.prisma --script");
}

static void write_schema(const char *path, const char *url)
{
    char text[256];

    (void)snprintf(text, sizeof text, "datasource db {\n  provider = \"postgresql\"\n  %s\n}\n", url);
    write_file(path, text);
}

static void the_guard_s_schema_is_that_of_the_config_file_that_the_push_names(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma", "");
    write_schema("db/schema.prisma", "");
    write_file("alt.config.ts", "export default { schema: 'db/schema.prisma' }");
    write_file("alt/other.config.ts", "export default {}");
    assert_non_null(step_of("[prisma, db, push, --config, alt.config.ts]", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard),
                        "prisma migrate diff --from-schema-datasource db/schema.prisma --to-schema-datamodel "
                        "db/schema.prisma --script --config alt.config.ts");
    write_schema("alt/schema.prisma", "");
    write_file("node_modules/prisma/package.json", "{\"version\": \"7.1.0\"}");
    assert_non_null(step_of("[prisma, db, push, --config=alt.config.ts]", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard),
                        "prisma migrate diff --from-config-datasource --to-schema db/schema.prisma --script --config "
                        "alt.config.ts");
    assert_non_null(step_of("[prisma, db, push, --config, alt/other.config.ts]", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard),
                        "prisma migrate diff --from-config-datasource --to-schema alt/schema.prisma --script --config "
                        "alt/other.config.ts");
}

static void a_push_whose_schema_is_an_expression_is_refused(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma", "");
    write_file("prisma.config.ts", "export default { schema: process.env.SCHEMA ?? 'prisma/schema.prisma' }");
    assert_null(step_of("[prisma, db, push]", ""));
    assert_true(said("cannot be guarded while prisma.config.ts names its schema by an expression"));
    assert_non_null(step_of("[prisma, db, push, --schema, prisma/schema.prisma]", ""));
    assert_non_null(step_of("[prisma, db, push]", ", allow_data_loss: true"));
    write_file("prisma.config.ts", "export default { migrations: { path: process.env.MIGRATIONS } }");
    assert_non_null(step_of("[prisma, db, push]", ""));
}

static void the_preset_s_push_is_left_out_where_its_schema_is_an_expression(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma", "");
    write_file("prisma.config.ts", "export default { schema: process.env.SCHEMA ?? 'prisma/schema.prisma' }");
    assert_loads("");
    assert_int_equal(config->migrate.steps.count, 1);
    assert_string_equal(config->migrate.steps.items[0].name, "migrate deploy");
    assert_int_equal(config->warnings.count, 1);
    assert_string_equal(
        config->warnings.items[0],
        "the preset's step db push is left out: a prisma db push cannot be guarded while "
        "prisma.config.ts names its schema by an expression: name it with --schema, or for the preset's "
        "own steps with verify.prisma_schema");
    assert_loads("verify: {prisma_schema: prisma/schema.prisma}\n");
    assert_int_equal(config->migrate.steps.count, 2);
    assert_string_equal(joined(&config->migrate.steps.items[1].argv),
                        "prisma db push --skip-generate --schema prisma/schema.prisma");
    assert_string_equal(joined(&config->migrate.steps.items[1].guard), "prisma " DIFF);
}

static void what_is_verified_is_not_what_a_push_of_one_s_own_pushes(void **state)
{
    (void)state;
    write_schema("prisma/schema.prisma", "");
    write_schema("db/keep.prisma", "");
    assert_loads(
        "{verify: {prisma_schema: db/keep.prisma}, migrate: {preset: none, steps: [{run: [prisma, db, push]}]}}");
    assert_string_equal(joined(&config->migrate.steps.items[0].guard), "prisma " DIFF);
}

static void before_prisma_7_the_config_file_s_url_must_be_the_schema_s(void **state)
{
    (void)state;
    static const struct {
        const char *config, *schema;
        bool same;
    } rows[] = {
        { "env('OTHER_URL')", "url = env(\"DATABASE_URL\")", false },
        { "env('DATABASE_URL')", "url = env(\"DATABASE_URL\")", true },
        { "process.env.DATABASE_URL ?? ''", "url=env(\"DATABASE_URL\") // it", true },
        { "env('DATABASE_URL')", "url = env(\"DATABASE_URL_2\")", false },
        { "env('DATABASE_URL')", "url = env(\"DATABASE_URL\")\n  directUrl = env(\"DIRECT_URL\")", false },
        { "env('DATABASE_URL')", "url = env(\"DATABASE_URL\")\n  // directUrl = env(\"DIRECT_URL\")", true },
        { "env('DATABASE_URL')", "url = \"postgresql://x\"", false },
        { "env('DATABASE_URL')", "", false },
        { "env('DATABASE_URL') + '?schema=x'", "url = env(\"DATABASE_URL\")", false },
        { "env('DATABASE_URL'), ...more", "url = env(\"DATABASE_URL\")", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];

        (void)snprintf(text, sizeof text, "export default { engine: 'classic', datasource: { url: %s } }",
                       rows[i].config);
        write_file("prisma.config.ts", text);
        write_schema("prisma/schema.prisma", rows[i].schema);
        if ((step_of("[prisma, db, push]", "") != NULL) != rows[i].same ||
            (!rows[i].same && !said("cannot be guarded while prisma.config.ts may lead to another database"))) {
            fail_msg("%s and %s", rows[i].config, rows[i].schema);
        }
    }
    write_file("node_modules/prisma/package.json", "{\"version\": \"7.1.0\"}");
    assert_non_null(step_of("[prisma, db, push]", ""));
}

static void the_guard_s_schema_is_seen_from_the_step_s_folder(void **state)
{
    (void)state;
    write_file("app/prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");

    const struct step *step = step_of("[prisma, db, push]", ", cwd: app");

    assert_non_null(step);
    assert_string_equal(joined(&step->guard), "prisma " DIFF);
    write_file("package.json", "{\"prisma\": {\"schema\": \"db/schema.prisma\"}}");
    write_schema("db/schema.prisma", "");
    step = step_of("[prisma, db, push]", ", cwd: app");
    assert_non_null(step);
    assert_string_equal(step->guard.items[4], "../db/schema.prisma");
}

static void a_push_that_may_lose_data_has_no_guard(void **state)
{
    (void)state;
    const struct step *step = step_of("[prisma, db, push, --accept-data-loss]", ", allow_data_loss: true");

    assert_int_equal(step->role, STEP_DB_PUSH);
    assert_int_equal(step->guard.count, 0);
}

static void a_push_in_a_folder_the_shell_changes_to_is_refused(void **state)
{
    (void)state;
    assert_null(step_of("'cd app && npx prisma db push'", ""));
    assert_true(said("cannot be guarded after a cd: name the folder with cwd instead"));
}

static void a_push_that_is_another_than_the_one_that_is_looked_at_is_refused(void **state)
{
    (void)state;
    assert_null(step_of("'prisma db push --schema a && prisma db push --schema b'", ""));
    assert_true(said("cannot be guarded beside another: give each a step of its own"));
    assert_null(step_of("'export DATABASE_URL=x; prisma db push'", ""));
    assert_true(said("cannot be guarded after an export: name the variables with env instead"));
    assert_null(step_of("[prisma, db, push, --url, x]", ""));
    assert_true(said("cannot be guarded with --url: name its URL with env DATABASE_URL instead"));
}

static void what_follows_a_script_s_name_belongs_to_its_last_command(void **state)
{
    (void)state;
    write_file("package.json",
               "{\"scripts\": {\"db\": \"prisma db\", \"p\": \"echo; prisma\", \"migrate\": \"prisma migrate\","
               " \"push\": \"prisma db push\"}}");
    assert_null(step_of("[npm, run, migrate, reset, --, --force]", ""));
    assert_true(said("prisma migrate reset"));
    assert_null(step_of("[npm, run, push, --, --accept-data-loss]", ""));
    assert_int_equal(step_of("[npm, run, db, push]", "")->role, STEP_DB_PUSH);
    assert_int_equal(step_of("'yarn p db push'", "")->role, STEP_DB_PUSH);
    assert_string_equal(joined(&config->migrate.steps.items[0].guard), "prisma " DIFF);
    assert_non_null(step_of("'npm run push -- --schema=b.prisma'", ""));
    assert_string_equal(
        joined(&config->migrate.steps.items[0].guard),
        "prisma migrate diff --from-schema-datasource b.prisma --to-schema-datamodel b.prisma --script");
    assert_non_null(step_of("'A=1 npm run push'", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard), "env A=1 prisma " DIFF);
}

static void packages_that_are_called_like_the_tool_are_not_taken_for_it(void **state)
{
    (void)state;
    assert_non_null(step_of("[npx, -p, '@acme/prisma', prisma, db, push]", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard), "npx -p @acme/prisma prisma " DIFF);
    assert_non_null(step_of("[npx, -p, 'prisma@6.19.3', prisma, db, push]", ""));
    assert_string_equal(joined(&config->migrate.steps.items[0].guard), "npx -p prisma@6.19.3 prisma " DIFF);
    assert_int_equal(step_of("[node, node_modules/prisma/build, db, push]", "")->role, STEP_DB_PUSH);
}

static void a_push_that_depends_on_the_shell_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        const char *why;
    } rows[] = {
        { "'. ./other.env && npx prisma db push'", "after an export" },
        { "'set -a; source other.env; npx prisma db push'", "after an export" },
        { "'DATABASE_URL=$OTHER; npx prisma db push'", "after an export" },
        { "'if true; then DATABASE_URL=x; fi; npx prisma db push'", "after an export" },
        { "'declare DATABASE_URL=x; npx prisma db push'", "after an export" },
        { "'typeset DATABASE_URL=x; npx prisma db push'", "after an export" },
        { "'local DATABASE_URL=x; npx prisma db push'", "after an export" },
        { "'read DATABASE_URL <url; npx prisma db push'", "after an export" },
        { "'readonly DATABASE_URL=x; npx prisma db push'", "after an export" },
        { "'unset DATABASE_URL; npx prisma db push'", "after an export" },
        { "'eval $(cat env); npx prisma db push'", "after an export" },
        { "'SHOP_URL=x; npx prisma db push'", "after an export" },
        { "'SHOP_DATABASE=x; npx prisma db push'", "after an export" },
        { "'PRISMA_SCHEMA=x; npx prisma db push'", "after an export" },
        { "'PGHOST=x; npx prisma db push'", "after an export" },
        { "'prisma( ) { npx prisma --schema x $@; }; prisma db push'", "beside an alias or a function" },
        { "'function prisma { npx prisma --schema x; }; prisma db push'", "beside an alias or a function" },
        { "'pushd api; prisma db push'", "after a cd" },
        { "'popd; prisma db push'", "after a cd" },
        { "'prisma() { npx prisma --schema x $@; }; prisma db push'", "beside an alias or a function" },
        { "\"alias prisma='npx prisma --schema x'\\nprisma db push\"", "beside an alias or a function" },
        { "'command cd api; prisma db push'", "after a cd" },
        { "[env, -C, api, sh, -c, prisma db push]", "in another folder" },
        { "'npx prisma db push $FLAGS'", "with a variable of the shell" },
        { "'npx prisma db $(echo push)'", "with a variable of the shell" },
        { "'npx prisma db ${X:-push}'", "with a variable of the shell" },
        { "'npx prisma --schema x.prisma db $ACTION'", "with a variable of the shell" },
        { "'P=\"npx prisma\"; $P db push'", "with a variable of the shell" },
        { "'$PRISMA db push'", "with a variable of the shell" },
        { "'npx $PRISMA db push'", "with a variable of the shell" },
        { "'$(command -v prisma) db push'", "with a variable of the shell" },
        { "'`command -v prisma` db push'", "with a variable of the shell" },
        { "\"P='prisma db push'; $P\"", "with a variable of the shell" },
        { "\"P='prisma db'; $P push\"", "with a variable of the shell" },
        { "'echo push --schema x | xargs prisma db'", "behind xargs" },
        { "\"npx --call='prisma db push'\"", "behind another program" },
        { "'DATABASE_URL=\"$OTHER\" npx prisma db push'", "with a variable of the shell" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (step_of(rows[i].run, "") || !said(rows[i].why)) {
            fail_msg("%s", rows[i].run);
        }
    }
    assert_null(step_of("'$PRISMA migrate reset'", ""));
}

static void a_push_that_the_shell_leaves_alone_is_guarded(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        const char *guard;
    } rows[] = {
        { "'set -e; npx prisma db push'", "npx prisma " DIFF },
        { "'TRIES=0; until npx prisma db push; do TRIES=1; done'", "npx prisma " DIFF },
        { "'STEP=PGHOST; npx prisma db push'", "npx prisma " DIFF },
        { "'echo DATABASE_URL=x; npx prisma db push'", "npx prisma " DIFF },
        { "'R=$(date); npx prisma db push'", "npx prisma " DIFF },
        { "'R=\"$(npx prisma db push)\"; true'", "npx prisma " DIFF },
        { "'npx prisma db push && cd dist && node seed.js'", "npx prisma " DIFF },
        { "'npm run push && cd dist && node seed.js'", "prisma " DIFF },
        { "'echo \"running prisma db push\"; npx prisma db push'", "npx prisma " DIFF },
        { "'DATABASE_URL=x sh -c \"prisma db push\"'", "env DATABASE_URL=x prisma " DIFF },
        { "'timeout -k 5 300 npm run push'", "prisma " DIFF },
        { "[timeout, 5m, bash, -lc, 'set -e; npx prisma db push']", "npx prisma " DIFF },
        { "[gosu, node, npm, run, push]", "prisma " DIFF },
        { "[runuser, -u, node, --, npm, run, push]", "prisma " DIFF },
        { "[su, -c, 'npx prisma db push', node]", "npx prisma " DIFF },
        { "[su, node, '--command=npx prisma db push']", "npx prisma " DIFF },
        { "'(true); npx prisma db push; X=$(date)'", "npx prisma " DIFF },
        { "[pnpm, -w, exec, prisma, db, push]", "pnpm -w exec prisma " DIFF },
    };

    write_file("package.json", "{\"scripts\": {\"push\": \"prisma db push\"}}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step *step = step_of(rows[i].run, "");

        if (!step || strcmp(joined(&step->guard), rows[i].guard) != 0) {
            fail_msg("%s: %s", rows[i].run, step ? joined(&step->guard) : errors.items[0]);
        }
    }
    assert_int_equal(step_of("'npx supabase --db-url \"$DATABASE_URL\" db push'", "")->role, STEP_ORDINARY);
    assert_int_equal(step_of("'npx --yes supabase --db-url \"$DATABASE_URL\" db push'", "")->role, STEP_ORDINARY);
    assert_int_equal(step_of("'supabase --db-url $(cat url) db push'", "")->role, STEP_ORDINARY);
}

static void a_push_elsewhere_or_behind_another_program_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        const char *why;
    } rows[] = {
        { "[npm, run, push, -w, '@acme/db']", "in another folder: name it with cwd instead" },
        { "[npm, --prefix, packages/db, run, push]", "in another folder" },
        { "[npm, run, 'db:push']", "in another folder" },
        { "[pnpm, --filter, '@acme/db', exec, prisma, db, push]", "in another folder" },
        { "[yarn, workspace, '@acme/db', prisma, db, push]", "in another folder" },
        { "[npm, exec, --workspace=packages/db, --, prisma, db, push]", "in another folder" },
        { "[env, -C, packages/db, npx, prisma, db, push]", "in another folder" },
        { "[npx, prisma, db, push, --, --schema=b.prisma]", "with -- behind it: leave that out" },
        { "[pnpm, --filter, '@acme/db...', push]", "in another folder" },
        { "'cd packages/db && npm run push'", "after a cd" },
        { "[env-cmd, -f, prod.env, npm, run, local]", "behind another program: name what that sets with env instead" },
        { "'dotenv -e prod.env -- npm run local'", "behind another program" },
        { "'infisical run -- sh -c \"npx prisma db push\"'", "behind another program" },
    };

    write_file("package.json",
               "{\"scripts\": {\"db:push\": \"npm run push -w @acme/db\", \"local\": \"prisma db push\"}}");
    write_file("packages/db/package.json", "{\"scripts\": {\"push\": \"prisma db push\"}}");
    assert_int_equal(mkdir("node_modules", 0755), 0);
    assert_int_equal(mkdir("node_modules/@acme", 0755), 0);
    assert_int_equal(symlink("../../packages/db", "node_modules/@acme/db"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (step_of(rows[i].run, "") || !said(rows[i].why)) {
            fail_msg("%s: %s", rows[i].run, errors.count ? errors.items[0] : "accepted");
        }
    }
    assert_non_null(step_of("[npm, run, push]", ", cwd: packages/db"));
    assert_non_null(step_of("[npm, exec, prisma, --, db, push]", ""));
    assert_non_null(step_of("[pnpm, -C, ., prisma, db, push]", ""));
    assert_non_null(step_of("[doppler, run, -C, x, --, prisma, db, push]", ""));
    assert_non_null(step_of("[npm, run, push, -w, '@acme/db']", ", allow_data_loss: true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_follows_a_script_s_name_belongs_to_its_last_command),
        TEST(packages_that_are_called_like_the_tool_are_not_taken_for_it),
        TEST(a_push_that_depends_on_the_shell_is_refused),
        TEST(a_push_that_the_shell_leaves_alone_is_guarded),
        TEST(a_push_elsewhere_or_behind_another_program_is_refused),
        TEST(a_push_is_guarded_by_a_diff_with_the_same_launcher),
        TEST(prisma_7_diffs_from_its_configuration),
        TEST(the_guard_s_schema_is_that_of_the_config_file_that_the_push_names),
        TEST(a_push_whose_schema_is_an_expression_is_refused),
        TEST(the_preset_s_push_is_left_out_where_its_schema_is_an_expression),
        TEST(what_is_verified_is_not_what_a_push_of_one_s_own_pushes),
        TEST(before_prisma_7_the_config_file_s_url_must_be_the_schema_s),
        TEST(the_guard_s_schema_is_seen_from_the_step_s_folder),
        TEST(a_push_that_may_lose_data_has_no_guard),
        TEST(a_push_in_a_folder_the_shell_changes_to_is_refused),
        TEST(a_push_that_is_another_than_the_one_that_is_looked_at_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
