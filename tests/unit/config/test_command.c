#include "config/command.h"

#include "load.h"

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
        { "\"prisma migrate re\\\\\\nset\"", "prisma migrate reset" },
        { "'echo a#b; prisma migrate reset'", "prisma migrate reset" },
        { "'(prisma migrate reset)'", "prisma migrate reset" },
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
        { "\"su root --session-command='prisma migrate reset --force'\"", "prisma migrate reset" },
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

/* A tool whose name the shell puts in is one where a command begins, and these begin one. */
static void what_destroys_data_is_refused_behind_everything_that_starts_a_command(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "exec",
        "if",
        "if true; then",
        "if true; then true; else",
        "while true; do",
        "!",
        "{",
        "while",
        "until",
        "time",
        "gosu app",
        "su-exec app",
        "sudo",
        "doas",
        "env X=1",
        "cross-env",
        "setuidgid app",
        "runuser -u app",
        "nice -n 5",
        "ionice",
        "timeout 60",
        "command",
        "corepack",
        "tini --",
        "setsid",
        "dumb-init",
        "nohup",
        "catatonit --",
        "npx",
        "pnpx",
        "stdbuf -oL",
        "bunx",
        "npm exec",
        "yarn",
        "pnpm dlx",
        "bun x",
        "pnpm",
        "deno run",
        "node",
        "tsx",
        "ruby",
        "ts-node",
        "bundle",
    };
    static const char *const shells[] = { "sh", "bash", "dash", "ash", "zsh" };

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char run[128];

        (void)snprintf(run, sizeof run, "'%s $PRISMA migrate reset'", starts[i]);
        if (step_of(run, "")) {
            fail_msg("%s was accepted", run);
        }
    }
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        char run[128];

        (void)snprintf(run, sizeof run, "[%s, -c, 'prisma migrate reset']", shells[i]);
        if (step_of(run, "")) {
            fail_msg("%s was accepted", run);
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
        "'echo \"prisma migrate reset\" || sh -c true'",
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

static void scripts_of_package_json_are_looked_into(void **state)
{
    (void)state;
    write_file(
        "package.json",
        "{\"scripts\": {\"push\": \"prisma db push\", \"all\": \"npm run -s push\","
        " \"wipe\": \"prisma migrate reset --force\", \"prebuild\": \"yarn wipe\","
        " \"build\": \"tsc\", \"run-wipe\": \"prisma migrate reset\", \"loop\": \"npm run loop && npm run loop\"}}");
    assert_int_equal(step_of("[npm, run, push]", "")->role, STEP_DB_PUSH);
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
        "[pnpm, --dir, packages/db, wipe]",
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
        TEST(what_destroys_data_is_refused_behind_everything_that_starts_a_command),
        TEST(a_rollback_by_the_step_s_environment_is_refused),
        TEST(before_and_after_are_no_way_around),
        TEST(what_only_looks_like_it_is_accepted),
        TEST(a_step_has_the_role_of_its_tool),
        TEST(scripts_of_package_json_are_looked_into),
        TEST(scripts_are_found_behind_options_and_in_workspaces),
        TEST(any_text_is_split_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
