#include "steps.h"

#include "project/tool_command.h"

static struct tool_command command;

static void find(enum history history, const char *words)
{
    configure(history);
    (void)run_words(words);
    tool_command_find(&command, &config, scratch.arena);
}

static void find_in_shell(enum history history, const char *line)
{
    configure(history);
    (void)run_shell(line);
    tool_command_find(&command, &config, scratch.arena);
}

static void understood(void)
{
    if (command.doubt) {
        fail_msg("%s", command.doubt);
    }
}

static void the_tools_are_known_behind_their_launchers(void **state)
{
    static const struct {
        enum history history;
        const char *words;
    } calls[] = {
        { HISTORY_PRISMA, "prisma migrate deploy" },
        { HISTORY_PRISMA, "npx prisma migrate deploy" },
        { HISTORY_PRISMA, "npx --no-install prisma migrate deploy" },
        { HISTORY_PRISMA, "pnpm exec prisma migrate deploy" },
        { HISTORY_PRISMA, "npm exec -- prisma migrate deploy" },
        { HISTORY_PRISMA, "./node_modules/.bin/prisma migrate deploy" },
        { HISTORY_PRISMA, "node node_modules/prisma/build/index.js migrate deploy" },
        { HISTORY_DBMATE, "dbmate up" },
        { HISTORY_DBMATE, "dbmate --no-dump-schema --wait --wait-timeout 5s migrate -v" },
        { HISTORY_NODE_PG_MIGRATE, "npx node-pg-migrate up --no-check-order" },
        { HISTORY_RAILS, "bundle exec rails db:migrate" },
        { HISTORY_RAILS, "bin/rails db:prepare" },
        { HISTORY_RAILS, "rake db:create db:migrate db:seed" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        find(calls[i].history, calls[i].words);
        understood();
        find_in_shell(calls[i].history, calls[i].words);
        understood();
    }
}

static void options_that_lead_nowhere_else_are_understood(void **state)
{
    (void)state;
    find(HISTORY_DBMATE, "dbmate -s a.sql --schema-file b.sql --strict -v --verbose --wait --wait-interval 1s up");
    understood();
    find(HISTORY_NODE_PG_MIGRATE,
         "node-pg-migrate up -j sql --migration-file-language sql --migration-filename-format utc --tsconfig x "
         "--ts-node "
         "--no-ts-node --tsx --check-order --no-check-order --verbose --no-verbose --single-transaction "
         "--no-single-transaction --lock --no-lock --lock-value 1 --create-schema --create-migrations-schema "
         "--reject-unauthorized --no-reject-unauthorized");
    understood();
    find(HISTORY_RAILS, "rails db:migrate --trace --quiet --silent");
    understood();
}

static void options_say_where_migrations_and_ledger_are(void **state)
{
    (void)state;
    find(HISTORY_PRISMA, "prisma migrate deploy --schema=db/x.prisma --config c.ts");
    understood();
    assert_string_equal(command.schema_path, "db/x.prisma");
    assert_string_equal(command.config_path, "c.ts");

    find(HISTORY_DBMATE, "dbmate -d a,b --migrations-dir=c --migrations-table app.ledger -e DATABASE_URL up");
    understood();
    assert_int_equal(command.folders.count, 3);
    assert_string_equal(command.folders.items[1], "b");
    assert_string_equal(command.folders.items[2], "c");
    assert_string_equal(command.table, "app.ledger");

    find(HISTORY_DBMATE, "dbmate -migrations-dir a up");
    understood();
    assert_string_equal(command.folders.items[0], "a");

    find(HISTORY_NODE_PG_MIGRATE, "node-pg-migrate -m db -t ledger --migrations-schema s up");
    understood();
    assert_string_equal(command.folders.items[0], "db");
    assert_string_equal(command.table, "ledger");
    assert_string_equal(command.schema, "s");
}

static void what_is_not_understood_is_a_doubt(void **state)
{
    static const struct {
        enum history history;
        const char *words;
    } calls[] = {
        { HISTORY_PRISMA, "prisma db push" },
        { HISTORY_PRISMA, "npm run migrate" },
        { HISTORY_PRISMA, "prisma migrate deploy --url x" },
        { HISTORY_PRISMA, "prisma migrate deploy extra" },
        { HISTORY_PRISMA, "prisma migrate deploy --schema" },
        { HISTORY_PRISMA, "prisma migrate deploy --schema a --schema b" },
        { HISTORY_PRISMA, "pnpm --filter web exec prisma migrate deploy" },
        { HISTORY_PRISMA, "yarn workspace web prisma migrate deploy" },
        { HISTORY_PRISMA, "dotenv -e .env.production -- prisma migrate deploy" },
        { HISTORY_PRISMA, "myprisma migrate deploy" },
        { HISTORY_DBMATE, "dbmate -u postgres://other up" },
        { HISTORY_DBMATE, "dbmate -e OTHER_URL up" },
        { HISTORY_DBMATE, "dbmate --env-file x up" },
        { HISTORY_DBMATE, "dbmate status" },
        { HISTORY_DBMATE, "dbmate --verbose=false up" },
        { HISTORY_DBMATE, "dbmate ---d x up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate up 1" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate -m a -m b up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate -s app up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate -f config.json up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate --ignore-pattern x up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate --use-glob up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate --fake up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate --dry-run up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate -d OTHER up" },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate down" },
        { HISTORY_RAILS, "rails db:migrate VERSION=20240101000000" },
        { HISTORY_RAILS, "rails db:migrate assets:precompile" },
        { HISTORY_RAILS, "rails db:migrate:primary" },
        { HISTORY_RAILS, "rails db:migrate db:seed[x]" },
        { HISTORY_RAILS, "rails -e production db:migrate" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        find(calls[i].history, calls[i].words);
        if (!command.doubt) {
            fail_msg("no doubt about: %s", calls[i].words);
        }
    }
}

static void a_doubt_names_the_step_and_the_word(void **state)
{
    (void)state;
    find(HISTORY_PRISMA, "prisma migrate deploy --url x");
    assert_string_equal(command.doubt, "step the step: its option --url is not understood");
    find(HISTORY_PRISMA, "npm run migrate");
    assert_string_equal(command.doubt, "no step is known to run prisma migrate deploy");
}

static void simple_shell_lines_are_understood(void **state)
{
    (void)state;
    find_in_shell(HISTORY_PRISMA, "set -e; npx prisma migrate deploy --schema db/x.prisma && node seed.js");
    understood();
    assert_string_equal(command.schema_path, "db/x.prisma");
    find_in_shell(HISTORY_DBMATE, "node wait.js\ndbmate up || exit 1\n");
    understood();
    find_in_shell(HISTORY_PRISMA,
                  "exec npx prisma@6.19.3 migrate deploy --schema 'a b/x.prisma' >>log 2>&1 </dev/null");
    understood();
    assert_string_equal(command.schema_path, "a b/x.prisma");
    find_in_shell(HISTORY_PRISMA, "true; timeout 300 sh -c \"prisma migrate deploy --schema=x.prisma\" | tee log");
    understood();
    assert_string_equal(command.schema_path, "x.prisma");
    find_in_shell(HISTORY_PRISMA, "exec sh -ec 'prisma migrate deploy --schema x.prisma'");
    understood();
    assert_string_equal(command.schema_path, "x.prisma");
}

static void scripts_of_package_json_are_understood(void **state)
{
    static const struct {
        const char *words;
        const char *schema; /* NULL: a doubt */
    } calls[] = {
        { "npm run deploy", "db/x.prisma" },
        { "yarn deploy", "db/x.prisma" },
        { "pnpm run --silent deploy", "db/x.prisma" },
        { "npm run all", "db/x.prisma" },
        { "npm run plain -- --schema y.prisma", "y.prisma" },
        { "exec nohup npm run deploy", "db/x.prisma" },
        { "dumb-init -- npm run-script --if-present deploy", "db/x.prisma" },
        { "catatonit -- timeout 60 yarn deploy", "db/x.prisma" },
        { "yarn prisma migrate deploy", NULL },
        { "npm run elsewhere", NULL },
        { "npm run variable", NULL },
        { "npm run twice", NULL },
        { "npm run missing", NULL },
        { "npm run deploy --workspaces", NULL },
        { "npm -ws run deploy", NULL },
        { "tini -- npm run deploy", "db/x.prisma" },
        { "tini -- npm -ws run deploy", NULL },
        { "tini -- env -C other npm run deploy", NULL },
        { "tini -s ./other.sh npm run deploy", NULL },
        { "npm run here", NULL },
        { "yarn workspaces foreach run deploy", NULL },
        { "npm run --script-shell ./sh deploy", NULL },
        { "dotenv -- npm run deploy", NULL },
        { "npm --prefix other run deploy", NULL },
    };

    (void)state;
    write_file("other/package.json", "{\"scripts\": {\"deploy\": \"prisma migrate deploy\"}}");
    write_file("package.json", "{\"scripts\": {\"deploy\": \"prisma migrate deploy --schema db/x.prisma\","
                               "\"all\": \"node wait.js && npm run deploy && node seed.js\","
                               "\"plain\": \"prisma migrate deploy\","
                               "\"prisma\": \"./wrap.sh\","
                               "\"elsewhere\": \"cd other && prisma migrate deploy\","
                               "\"variable\": \"prisma migrate deploy --schema $SCHEMA\","
                               "\"here\": \"cat <<E >notes\\nprisma migrate deploy\\nE\\n./real\","
                               "\"twice\": \"npm run deploy; npm run plain\"}}");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        find(HISTORY_PRISMA, calls[i].words);
        if (calls[i].schema == NULL) {
            assert_non_null(command.doubt);
        } else {
            understood();
            assert_string_equal(command.schema_path, calls[i].schema);
        }
    }
}

static void a_package_manager_runs_it_beside_package_json(void **state)
{
    (void)state;
    write_file("package.json", "{}");
    write_file("api/prisma/schema.prisma", "");
    configure(HISTORY_PRISMA);
    run_words("yarn prisma migrate deploy")->cwd = "api";
    tool_command_find(&command, &config, scratch.arena);
    assert_string_equal(command.doubt,
                        "step the step: its package manager may run it in the folder of api/../package.json");
    write_file("api/package.json", "{}");
    tool_command_find(&command, &config, scratch.arena);
    understood();
}

static void clever_shell_lines_are_doubts(void **state)
{
    static const char *const lines[] = {
        "cd api && prisma migrate deploy",
        "export DATABASE_URL=x; prisma migrate deploy",
        "DATABASE_URL=x prisma migrate deploy",
        ". ./env.sh; prisma migrate deploy",
        "env A=b prisma migrate deploy",
        "prisma migrate deploy --schema $SCHEMA",
        "$PREPARE; prisma migrate deploy",
        "(cd api; prisma migrate deploy)",
        "prisma migrate deploy --schema ~/x.prisma",
        "prisma() { npx prisma --schema x.prisma $@; }; prisma migrate deploy",
        "npx() (npx --prefix api $@); npx prisma migrate deploy",
        "alias prisma='npx prisma --schema x'; prisma migrate deploy",
        "read DATABASE_URL <url; prisma migrate deploy",
        "sh -lc 'prisma migrate deploy'",
        "(cd api); prisma migrate deploy",
        "(prisma migrate deploy)",
        "npm() { command npm --prefix api $@; }; npm run deploy",
        "m() { echo go; prisma migrate deploy; }; cd api; m",
        "if grep -q api app; then echo go; prisma migrate deploy; else ./web.sh; fi",
        "case x in api) prisma migrate deploy;; esac",
        "test -f web && exec ./web.sh; prisma migrate deploy",
        "command cd api && prisma migrate deploy",
        "npm --silent $OPTIONS run deploy",
        "function prisma { npx prisma; }; prisma migrate deploy",
        "cat <<END\nprisma migrate deploy\nEND\n",
        "if true; then prisma migrate deploy; fi",
        "echo prisma migrate deploy",
        "direnv exec . sh -c 'prisma migrate deploy'",
        "sh -c 'cd api && prisma migrate deploy'",
        "prisma migrate deploy --schema a && prisma migrate deploy --schema b",
        "prisma migrate deploy && node-pg-migrate up",
        "npx knex migrate:latest; npx prisma migrate deploy",
        "tar xf migrations.tar; prisma migrate deploy",
        "./migrate.sh",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        find_in_shell(HISTORY_PRISMA, lines[i]);
        if (!command.doubt) {
            fail_msg("no doubt about: %s", lines[i]);
        }
    }
}

static void the_history_step_may_stand_among_others(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    (void)run_words("node prepare.js");
    run_words("prisma migrate deploy")->cwd = "api";
    (void)run_words("prisma db push --skip-generate");
    strings_add(scratch.arena, &add_step()->sql, "fallback.sql");
    tool_command_find(&command, &config, scratch.arena);
    understood();
    assert_string_equal(tool_command_cwd(&command), "api");
}

static void two_history_steps_must_agree(void **state)
{
    static const struct {
        enum history history;
        const char *first, *second;
        bool agree;
    } pairs[] = {
        { HISTORY_DBMATE, "dbmate -d a up", "npx dbmate -d a migrate", true },
        { HISTORY_DBMATE, "dbmate -d a up", "dbmate -d b up", false },
        { HISTORY_DBMATE, "dbmate -d a up", "dbmate -d a -d b up", false },
        { HISTORY_DBMATE, "dbmate --migrations-table a up", "dbmate --migrations-table b up", false },
        { HISTORY_NODE_PG_MIGRATE, "node-pg-migrate --migrations-schema a up",
          "node-pg-migrate --migrations-schema b up", false },
        { HISTORY_PRISMA, "prisma migrate deploy --schema a", "prisma migrate deploy --schema b", false },
        { HISTORY_PRISMA, "prisma migrate deploy --config a", "prisma migrate deploy --config b", false },
        { HISTORY_PRISMA, "prisma migrate deploy", "prisma migrate deploy extra", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        configure(pairs[i].history);
        (void)run_words(pairs[i].first);
        (void)run_words(pairs[i].second);
        tool_command_find(&command, &config, scratch.arena);
        if (pairs[i].agree) {
            understood();
        } else {
            assert_string_equal(command.doubt, "step the step: another step runs it in another way");
        }
    }
}

static void what_may_bring_migrations_is_a_doubt(void **state)
{
    static const char *const programs[] = { "cp",  "mv",   "ln",   "rsync", "tar",    "unzip",
                                            "git", "curl", "wget", "aws",   "gsutil", "rclone" };

    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct step before = { .name = "bring", .shell = arena_printf(scratch.arena, "/usr/bin/%s x", programs[i]) };

        find_in_shell(HISTORY_DBMATE, arena_printf(scratch.arena, "%s x db/migrations; dbmate up", programs[i]));
        assert_string_equal(command.doubt, arena_printf(scratch.arena,
                                                        "step the step: it runs %s, which may bring migrations that "
                                                        "are not here yet",
                                                        programs[i]));
        configure(HISTORY_DBMATE);
        (void)run_words("dbmate up");
        config.migrate.before = (struct steps){ .items = &before, .count = 1 };
        tool_command_find(&command, &config, scratch.arena);
        assert_string_equal(command.doubt, arena_printf(scratch.arena,
                                                        "migrate.before runs /usr/bin/%s, which may bring migrations "
                                                        "that are not here yet",
                                                        programs[i]));
    }
}

static void without_steps_the_tools_defaults_hold(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    tool_command_find(&command, &config, scratch.arena);
    understood();
    assert_string_equal(tool_command_cwd(&command), ".");
}

static void a_step_with_another_database_is_a_doubt(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    set_env(run_words("prisma migrate deploy"), "DATABASE_URL", "postgresql://other");
    tool_command_find(&command, &config, scratch.arena);
    assert_string_equal(command.doubt, "step the step: its env sets DATABASE_URL");
    steps[0].env[0].value = config.database.url;
    tool_command_find(&command, &config, scratch.arena);
    understood();
}

static void a_step_with_another_part_of_the_connection_is_a_doubt(void **state)
{
    static const char *const names[] = { "DIRECT_URL", "PGHOST",    "PGHOSTADDR", "PGPORT",       "PGDATABASE",
                                         "PGUSER",     "PGOPTIONS", "PGSERVICE",  "PGSERVICEFILE" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        configure(HISTORY_PRISMA);
        set_env(run_words("prisma migrate deploy"), names[i], "other");
        tool_command_find(&command, &config, scratch.arena);
        assert_string_equal(command.doubt, arena_printf(scratch.arena, "step the step: its env sets %s", names[i]));
    }
}

static void a_steps_own_variable_comes_before_the_environment(void **state)
{
    struct variable from_file = { .name = "PGENTRY_TEST_FILE", .value = "file" };

    (void)state;
    configure(HISTORY_DBMATE);
    set_env(run_words("dbmate up"), "PGENTRY_TEST", "step");
    config.file_variables = &from_file;
    config.file_variable_count = 1;
    tool_command_find(&command, &config, scratch.arena);
    assert_int_equal(setenv("PGENTRY_TEST", "environment", 1), 0);
    assert_int_equal(setenv("PGENTRY_TEST_OTHER", "environment", 1), 0);
    assert_string_equal(tool_command_variable(&command, &config, "PGENTRY_TEST"), "step");
    assert_string_equal(tool_command_variable(&command, &config, "PGENTRY_TEST_FILE"), "file");
    assert_string_equal(tool_command_variable(&command, &config, "PGENTRY_TEST_OTHER"), "environment");
    assert_null(tool_command_variable(&command, &config, "PGENTRY_TEST_NONE"));
}

static void where_prisma_is_told_to_look_is_also_said_by_db_push(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    assert_false(tool_command_find_prisma(&command, &config, scratch.arena));
    assert_string_equal(tool_command_cwd(&command), ".");
    run_words("npx prisma db push --skip-generate --schema x.prisma")->cwd = "web";
    assert_true(tool_command_find_prisma(&command, &config, scratch.arena));
    assert_string_equal(command.schema_path, "x.prisma");
    assert_string_equal(tool_command_cwd(&command), "web");
    configure(HISTORY_PRISMA);
    (void)run_words("prisma migrate deploy --schema y.prisma");
    (void)run_words("prisma db push --schema x.prisma");
    assert_true(tool_command_find_prisma(&command, &config, scratch.arena));
    assert_string_equal(command.schema_path, "y.prisma");
}

static void a_command_for_a_person_looks_where_the_step_does(void **state)
{
    (void)state;
    find(HISTORY_PRISMA, "prisma migrate deploy");
    assert_string_equal(prisma_command(&command, "generate", scratch.arena), "npx prisma generate");
    configure(HISTORY_PRISMA);
    run_words("prisma migrate deploy --schema a.prisma --config my.config.ts")->cwd = "my api";
    tool_command_find(&command, &config, scratch.arena);
    assert_string_equal(prisma_command(&command, "generate", scratch.arena),
                        "(cd 'my api' && npx prisma generate --schema a.prisma --config my.config.ts)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_tools_are_known_behind_their_launchers),
        SCRATCH_TEST(options_that_lead_nowhere_else_are_understood),
        SCRATCH_TEST(options_say_where_migrations_and_ledger_are),
        SCRATCH_TEST(what_is_not_understood_is_a_doubt),
        SCRATCH_TEST(a_doubt_names_the_step_and_the_word),
        SCRATCH_TEST(simple_shell_lines_are_understood),
        SCRATCH_TEST(scripts_of_package_json_are_understood),
        SCRATCH_TEST(a_package_manager_runs_it_beside_package_json),
        SCRATCH_TEST(clever_shell_lines_are_doubts),
        SCRATCH_TEST(the_history_step_may_stand_among_others),
        SCRATCH_TEST(two_history_steps_must_agree),
        SCRATCH_TEST(what_may_bring_migrations_is_a_doubt),
        SCRATCH_TEST(without_steps_the_tools_defaults_hold),
        SCRATCH_TEST(a_step_with_another_database_is_a_doubt),
        SCRATCH_TEST(a_step_with_another_part_of_the_connection_is_a_doubt),
        SCRATCH_TEST(a_steps_own_variable_comes_before_the_environment),
        SCRATCH_TEST(where_prisma_is_told_to_look_is_also_said_by_db_push),
        SCRATCH_TEST(a_command_for_a_person_looks_where_the_step_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
