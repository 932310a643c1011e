#include "config/command.h"

#include "load.h"

/* A configuration with one step that runs this (YAML: a list or a quoted string). */
static const struct step *step_of(const char *run, const char *more)
{
    char text[1024];

    (void)snprintf(text, sizeof text, "migrate: {preset: none, steps: [{name: x, run: %s%s}]}\n", run, more);
    return load(text) ? &config->migrate.steps.items[0] : NULL;
}

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

static void what_destroys_data_is_refused_however_it_is_called(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        const char *words;
    } rows[] = {
        { "[prisma, db, push, --accept-data-loss]", "--accept-data-loss" },
        { "[npx, prisma, db, push, --force-reset]", "--force-reset" },
        { "[npm, run, push, --, --accept-data-loss=true]", "--accept-data-loss" },
        { "[prisma, migrate, reset]", "prisma migrate reset" },
        { "[deno, run, -A, 'npm:prisma@6.19.3', migrate, reset]", "prisma migrate reset" },
        { "[npx, --yes, 'prisma@6.19.3', migrate, reset, --force]", "prisma migrate reset" },
        { "[./node_modules/.bin/prisma, --schema, x, migrate, reset]", "prisma migrate reset" },
        { "[node, node_modules/prisma/build/index.js, migrate, reset]", "prisma migrate reset" },
        { "'npx prisma migrate reset --force'", "prisma migrate reset" },
        { "'pnpm exec prisma migrate reset -f'", "prisma migrate reset" },
        { "'set -e; cd app && npx prisma migrate \"reset\" || true'", "prisma migrate reset" },
        { "'true&&prisma migrate reset>log 2>&1'", "prisma migrate reset" },
        { "'prisma 2>/dev/null migrate reset'", "prisma migrate reset" },
        { "'x=$(prisma migrate reset)'", "prisma migrate reset" },
        { "'`prisma migrate reset`'", "prisma migrate reset" },
        { "'echo \"it says: $(prisma migrate reset --force 2>&1)\"'", "prisma migrate reset" },
        { "'printf %s \"`npx prisma db push --force-reset`\"'", "--force-reset" },
        { "'test -n \"$(dropdb)\"'", "dropdb" },
        { "'echo \"prisma migrate reset --force\" | sh'", "prisma migrate reset" },
        { "\"printf 'set -e\\\\nprisma migrate reset\\\\n' | sudo -E bash\"", "prisma migrate reset" },
        { "\"prisma \\\\\\n  migrate reset\"", "prisma migrate reset" },
        { "[sh, -c, 'npx prisma migrate reset']", "prisma migrate reset" },
        { "'bash -lc \"cd /app; sh -c ''prisma migrate reset''\"'", "prisma migrate reset" },
        { "[dotenv, -e, .env, --, prisma, migrate, reset]", "prisma migrate reset" },
        { "[dbmate, drop]", "dbmate drop" },
        { "[dbmate, --url, x, down]", "dbmate down" },
        { "'dbmate rollback'", "dbmate rollback" },
        { "[rails, 'db:drop']", "rails db:drop" },
        { "[bundle, exec, rake, 'db:reset']", "rails db:reset" },
        { "[bin/rails, 'db:schema:load:primary']", "rails db:schema:load" },
        { "'bin/rails db:environment:set db:setup'", "rails db:setup" },
        { "[rails, 'db:rollback[3]']", "rails db:rollback" },
        { "[rails, 'db:migrate:reset']", "rails db:migrate:reset" },
        { "[rails, 'db:migrate', VERSION=0]", "rails db:migrate VERSION=0" },
        { "'VERSION=0 bin/rails db:migrate'", "rails db:migrate VERSION=0" },
        { "[env, VERSION=0, bundle, exec, rake, 'db:migrate']", "rails db:migrate VERSION=0" },
        { "[alembic, -c, x.ini, downgrade, base]", "alembic downgrade" },
        { "[python3, -m, alembic, downgrade, '-1']", "alembic downgrade" },
        { "[python3, manage.py, flush, --noinput]", "django flush" },
        { "'python manage.py migrate shop zero'", "django migrate zero" },
        { "[django-admin, flush]", "django flush" },
        { "[npx, knex, 'migrate:rollback', --all]", "knex migrate:rollback" },
        { "[drizzle-kit, drop]", "drizzle-kit drop" },
        { "[npx, drizzle-kit, push, --force]", "drizzle-kit push --force" },
        { "[node-pg-migrate, down]", "node-pg-migrate down" },
        { "'npx node-pg-migrate redo 3'", "node-pg-migrate redo" },
        { "'npx sequelize-cli db:migrate:undo:all'", "sequelize db:migrate:undo" },
        { "[npx, typeorm, 'schema:drop', -d, x.ts]", "typeorm schema:drop" },
        { "[npx, typeorm-ts-node-esm, 'migration:revert']", "typeorm migration:revert" },
        { "[npx, typeorm, 'schema:sync', -d, x.ts]", "typeorm schema:sync" },
        { "[npx, kysely, 'migrate:rollback', --all]", "kysely migrate:rollback" },
        { "[npx, mikro-orm, 'schema:fresh', --run]", "mikro-orm schema:fresh" },
        { "[npx, payload, 'migrate:fresh', --force-accept-warning]", "payload migrate:fresh" },
        { "[node, ace, 'migration:fresh', --force]", "ace migration:fresh" },
        { "[node, build/ace.js, 'db:wipe']", "ace db:wipe" },
        { "[php, bin/console, 'doctrine:schema:update', --force]", "console doctrine:schema:update --force" },
        { "'dotnet ef database drop -f'", "dotnet ef database drop" },
        { "[aerich, downgrade]", "aerich downgrade" },
        { "[sea-orm-cli, migrate, refresh]", "sea-orm-cli migrate refresh" },
        { "[atlas, schema, apply, --auto-approve, --url, x]", "atlas schema apply --auto-approve" },
        { "[php, artisan, 'migrate:fresh', --seed]", "artisan migrate:fresh" },
        { "'php artisan db:wipe --force'", "artisan db:wipe" },
        { "[mix, ecto.reset]", "mix ecto.reset" },
        { "[flyway, -url=x, clean]", "flyway clean" },
        { "[liquibase, --changelog-file=x, drop-all]", "liquibase drop-all" },
        { "[goose, postgres, x, down-to, '3']", "goose down-to" },
        { "'migrate -path ./m -database \"$DATABASE_URL\" drop -f'", "migrate drop" },
        { "[sqlx, database, reset, -y]", "sqlx database reset" },
        { "[diesel, migration, redo]", "diesel migration redo" },
        { "[supabase, db, reset]", "supabase db reset" },
        { "[pg_restore, --clean, -d, x, dump]", "pg_restore --clean" },
        { "[pg_restore, --clea, -d, x, dump]", "pg_restore --clean" },
        { "[pg_restore, -cO, -d, x, dump]", "pg_restore -c" },
        { "[pg_restore, -Oxc, -d, x, dump]", "pg_restore -c" },
        { "[/usr/bin/dropdb, shop]", "dropdb" },
        { "[npx, '--call=prisma migrate reset --force']", "prisma migrate reset" },
        { "\"npm exec --call='prisma migrate reset --force'\"", "prisma migrate reset" },
        { "\"su root --command='prisma migrate reset --force'\"", "prisma migrate reset" },
        { "\"runuser -c'prisma migrate reset --force' root\"", "prisma migrate reset" },
        { "'$(command -v prisma) migrate reset'", "prisma migrate reset" },
        { "'`which prisma` migrate reset --force'", "prisma migrate reset" },
        { "'\"`which prisma`\" migrate reset --force'", "prisma migrate reset" },
        { "'npx $(echo prisma) migrate reset'", "prisma migrate reset" },
        { "'npx --yes $PRISMA migrate reset'", "prisma migrate reset" },
        { "'env X=1 $PRISMA migrate reset --force'", "prisma migrate reset" },
        { "'timeout -k 5 60 $PRISMA migrate reset --force'", "prisma migrate reset" },
        { "'exec gosu app \"$PRISMA\" migrate reset'", "prisma migrate reset" },
        { "'sudo -E -u app ${PRISMA} migrate reset'", "prisma migrate reset" },
        { "'command $PRISMA migrate reset'", "prisma migrate reset" },
        { "\"P='prisma migrate reset --force'; $P\"", "prisma migrate reset" },
        { "\"P='prisma migrate'; npx ${P} reset\"", "prisma migrate reset" },
        { "'export D=dbmate; $D drop'", "dbmate drop" },
        { "'prisma migrate ${X:-reset}'", "prisma migrate reset" },
        { "'prisma migrate `echo reset`'", "prisma migrate reset" },
        { "'echo reset --force | xargs prisma migrate'", "prisma migrate reset" },
        { "'echo reset | xargs -I{} npx prisma migrate {}'", "prisma migrate reset" },
        { "[bash, -c, 'sh <<< \"prisma migrate reset --force\"']", "prisma migrate reset" },
        { "[graphile-migrate, reset, --erase]", "graphile-migrate reset" },
        { "[db-migrate, reset]", "db-migrate reset" },
        { "[npx, db-migrate, down, -c, '5']", "db-migrate down" },
        { "[db-migrate, 'db:drop', shop]", "db-migrate db:drop" },
        { "[liquibase, rollbackCount, '3']", "liquibase rollbackCount" },
        { "[liquibase, rollbackToDate, x]", "liquibase rollbackToDate" },
        { "[python3, -mdjango, flush]", "django flush" },
        { "[python, -m, manage, flush, --noinput]", "django flush" },
        { "[python3, -malembic, downgrade, base]", "alembic downgrade" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char message[256];

        if (step_of(rows[i].run, "")) {
            fail_msg("%s was accepted", rows[i].run);
        }
        (void)snprintf(message, sizeof message,
                       "pgentry.yaml:1:48: migrate.steps[0] (x): \"%s\" destroys data: if that is meant, add "
                       "allow_data_loss: true to this step",
                       rows[i].words);
        assert_string_equal(errors.items[0], message);
        if (!step_of(rows[i].run, ", allow_data_loss: true")) {
            fail_msg("%s: %s", rows[i].run, errors.items[0]);
        }
    }
}

static void a_rollback_by_the_step_s_environment_is_refused(void **state)
{
    (void)state;
    assert_null(step_of("[bin/rails, 'db:migrate']", ", env: {VERSION: '0'}"));
    assert_true(said("rails db:migrate VERSION=0"));
    assert_non_null(step_of("[bin/rails, 'db:migrate']", ", env: {VERSION: '20260101000000'}"));
}

static void before_and_after_are_no_way_around(void **state)
{
    (void)state;
    assert_false(load("migrate: {before: [{run: [prisma, migrate, reset]}]}\n"));
    assert_true(said("allow_data_loss"));
    assert_false(load("migrate: {after: [{run: 'rails db:reset'}]}\n"));
    assert_true(said("allow_data_loss"));
}

static void what_only_looks_like_it_is_accepted(void **state)
{
    (void)state;
    static const char *const runs[] = {
        "[prisma, migrate, deploy]",
        "[prisma, db, push]",
        "'echo prisma; echo migrate reset'",
        "'npx prisma migrate deploy # never: prisma migrate reset'",
        "[dbmate, up]",
        "[dbmate, --migrations-dir, ./drop, up]",
        "[rails, 'db:migrate']",
        "[alembic, upgrade, head]",
        "[sequelize, 'db:migrate']",
        "[typeorm, 'migration:run']",
        "[payload, migrate]",
        "[php, bin/console, 'doctrine:migrations:migrate', -n]",
        "[dotnet, ef, database, update]",
        "[atlas, migrate, apply]",
        "[php, artisan, migrate, --force]",
        "[migrate, -path, ./drop, up]",
        "[goose, up]",
        "[flyway, migrate]",
        "[sqlx, migrate, run]",
        "[python3, manage.py, migrate]",
        "[drizzle-kit, push]",
        "'psql > drop'",
        "'echo \"what prisma migrate reset would do\"; sh x.sh'",
        "\"echo 'fallback is `prisma db push`, never $(prisma migrate reset)' && prisma migrate deploy\"",
        "'echo \"\\$(prisma migrate reset)\"'",
        "[pg_restore, --create, -d, postgres, dump]",
        "[pg_restore, -Cd, cats, dump]",
        "'npx prisma migrate deploy $FLAGS'",
        "'./notify prisma migrate $?'",
        "'logger -t prisma migrate $STATUS'",
        "'$(command -v prisma) migrate deploy'",
        "'npx prisma migrate'",
        "'echo $NAME migrate reset'",
        "'npx --yes acme --db-url \"$DATABASE_URL\" migrate reset'",
        "'acme --url=$(cat url) migrate reset'",
        "'(cd x); prisma migrate deploy; echo $(date) reset'",
        "[graphile-migrate, migrate]",
        "[db-migrate, up]",
        "[liquibase, update]",
        "[python3, -mdjango, migrate]",
        "[su, node, '--command=npx prisma migrate deploy']",
    };

    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        if (!step_of(runs[i], "")) {
            fail_msg("%s: %s", runs[i], errors.items[0]);
        }
    }
}

static void a_step_has_the_role_of_its_tool(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        enum history history;
        enum step_role role;
    } rows[] = {
        { "prisma migrate deploy", HISTORY_PRISMA, STEP_HISTORY },
        { "npx prisma migrate deploy && node seed.js", HISTORY_PRISMA, STEP_HISTORY },
        { "prisma migrate deploy", HISTORY_NONE, STEP_ORDINARY },
        { "prisma migrate deploy", HISTORY_DBMATE, STEP_ORDINARY },
        { "prisma migrate deploy; prisma db push", HISTORY_PRISMA, STEP_DB_PUSH },
        { "npx prisma db push --skip-generate", HISTORY_NONE, STEP_DB_PUSH },
        { "dbmate --no-dump-schema up", HISTORY_DBMATE, STEP_HISTORY },
        { "dbmate migrate", HISTORY_DBMATE, STEP_HISTORY },
        { "dbmate status", HISTORY_DBMATE, STEP_ORDINARY },
        { "node-pg-migrate up", HISTORY_NODE_PG_MIGRATE, STEP_HISTORY },
        { "bin/rails db:migrate", HISTORY_RAILS, STEP_HISTORY },
        { "bundle exec rake db:prepare", HISTORY_RAILS, STEP_HISTORY },
        { "rails db:migrate:status", HISTORY_RAILS, STEP_ORDINARY },
        { "node seed.js", HISTORY_PRISMA, STEP_ORDINARY },
    };
    struct arena *memory = arena_new();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct step step = { .shell = rows[i].run };

        if (command_role(&step, rows[i].history, memory) != rows[i].role) {
            fail_msg("%s has role %d", rows[i].run, command_role(&step, rows[i].history, memory));
        }
    }
    arena_free(memory);
    assert_loads("migrate: {steps: [{sql: a.sql}]}\n");
    assert_int_equal(config->migrate.steps.items[0].role, STEP_SQL);
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

static void scripts_of_package_json_are_looked_into(void **state)
{
    (void)state;
    write_file(
        "package.json",
        "{\"scripts\": {\"push\": \"prisma db push\", \"all\": \"npm run -s push\","
        " \"wipe\": \"prisma migrate reset --force\", \"prebuild\": \"yarn wipe\","
        " \"build\": \"tsc\", \"run-wipe\": \"prisma migrate reset\", \"loop\": \"npm run loop && npm run loop\"}}");
    assert_int_equal(step_of("[npm, run, push]", "")->role, STEP_DB_PUSH);
    assert_string_equal(joined(&config->migrate.steps.items[0].guard),
                        "prisma migrate diff --from-schema-datasource prisma/schema.prisma "
                        "--to-schema-datamodel prisma/schema.prisma --script");
    assert_int_equal(step_of("'pnpm --silent all'", "")->role, STEP_DB_PUSH);
    assert_null(step_of("[npm, run, build]", ""));
    assert_true(said("prisma migrate reset"));
    assert_null(step_of("[npm, run-script, wipe]", ""));
    assert_null(step_of("[yarn, run-wipe]", ""));
    assert_true(said("prisma migrate reset"));
    assert_non_null(step_of("[npm, run, loop]", ""));
    assert_non_null(step_of("[npm, ci]", ""));
    assert_non_null(step_of("[npm]", ""));
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

static void scripts_are_found_behind_options_and_in_workspaces(void **state)
{
    (void)state;
    static const char *const runs[] = {
        "[npm, --prefix, packages/db, run, wipe]",
        "[npm, run, -w, packages/db, wipe]",
        "[npm, --workspace=packages/db, run, wipe]",
        "[npm, --loglevel, error, run, local]",
        "[npm, rum, local]",
        "[pnpm, --filter, '@acme/db', run, wipe]",
        "[yarn, workspace, '@acme/db', wipe]",
        "[pnpm, -C, packages/db, wipe]",
        "[bun, --cwd, packages/db, run, wipe]",
        "[npm, run, a]",
        "[node, --run, local]",
        "[node, --env-file=.env, --run=local, --, x]",
        "[deno, task, local]",
        "[yarn, task]",
        "[npm, run, task]",
        "[npm, run, n]",
    };

    write_file("package.json",
               "{\"name\": \"caf\xe9\", \"scripts\": {\"local\": \"prisma migrate reset\", \"a\": \"npm run b\","
               " \"b\": \"npm run c\", \"c\": \"npm run d\", \"d\": \"npm run e\", \"e\": \"npm run local\","
               " \"n\": \"node --run local\", \"task\": \"prisma migrate reset\"}}");
    write_file("packages/db/package.json", "\xef\xbb\xbf{\"scripts\": {\"wipe\": \"prisma migrate reset\"}}");
    write_file("node_modules/@acme/db/package.json", "{\"scripts\": {\"wipe\": \"prisma migrate reset\"}}");
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        if (step_of(runs[i], "")) {
            fail_msg("%s was accepted", runs[i]);
        }
    }
    assert_non_null(step_of("[node, local]", ""));
    assert_non_null(step_of("[npm, exec, local]", "")); /* the name of a program here */
    write_file("package.json", "{\"scripts\": {\"push\": \"prisma db push\"}}");
    assert_non_null(step_of("[npm, --prefix, ., run, push]", "")); /* one file, not two pushes */
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

static void any_text_is_split_without_harm(void **state)
{
    (void)state;
    static const char *const texts[] = { "'",
                                         "\"",
                                         "\\",
                                         "$(",
                                         "a 'b",
                                         "a \"b\\",
                                         ">",
                                         "2>",
                                         "<<EOF\nx\nEOF\n",
                                         "#",
                                         "P='$P;$P' $P;$P",
                                         "$(`$((`)$",
                                         "))))",
                                         ";;;&&||",
                                         "`",
                                         "a\\",
                                         "(((",
                                         "'' \"\"",
                                         "\"a \\\" b\"",
                                         "1>&2",
                                         "\t\n\r " };
    struct arena *memory = arena_new();

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct step step = { .shell = texts[i] };

        assert_null(command_hazard(&step, memory));
        assert_int_equal(command_role(&step, HISTORY_PRISMA, memory), STEP_ORDINARY);
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_destroys_data_is_refused_however_it_is_called),
        TEST(a_rollback_by_the_step_s_environment_is_refused),
        TEST(before_and_after_are_no_way_around),
        TEST(what_only_looks_like_it_is_accepted),
        TEST(a_step_has_the_role_of_its_tool),
        TEST(what_follows_a_script_s_name_belongs_to_its_last_command),
        TEST(scripts_are_found_behind_options_and_in_workspaces),
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
        TEST(scripts_of_package_json_are_looked_into),
        TEST(any_text_is_split_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
