#include "steps.h"

#include "project/migrations.h"

static struct wanted wanted;

static void look(void)
{
    memset(&wanted, 0, sizeof wanted);
    migrations_find(&wanted, &config, &(struct schema_seen){ 0 }, scratch.arena);
}

/* "a b c" */
static const char *names(void)
{
    char *text = arena_strdup(scratch.arena, "");

    for (size_t i = 0; i < wanted.migration_count; i++) {
        text = arena_printf(scratch.arena, "%s%s%s", text, i ? " " : "", wanted.migrations[i].name);
    }
    return text;
}

static void expect(const char *expected)
{
    look();
    if (wanted.history == HISTORY_NONE) {
        fail_msg("%s", wanted.notes.items[0]);
    }
    assert_string_equal(names(), expected);
}

/* Zero migrations, no history, and a note that holds `why`. */
static void expect_doubt(const char *why)
{
    look();
    assert_int_equal(wanted.history, HISTORY_NONE);
    assert_int_equal(wanted.migration_count, 0);
    assert_null(wanted.history_table);
    assert_int_equal(wanted.notes.count, 1);
    if (!strstr(wanted.notes.items[0], why)) {
        fail_msg("\"%s\" is not in: %s", why, wanted.notes.items[0]);
    }
}

static void prisma(void)
{
    configure(HISTORY_PRISMA);
    (void)run_words("prisma migrate deploy");
    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
}

static void dbmate(const char *words)
{
    configure(HISTORY_DBMATE);
    (void)run_words(words);
}

static void node_pg_migrate(const char *words)
{
    configure(HISTORY_NODE_PG_MIGRATE);
    (void)run_words(words);
}

static void rails(void)
{
    configure(HISTORY_RAILS);
    (void)run_words("bundle exec rails db:migrate");
}

static void a_tool_without_a_ledger_has_no_migrations(void **state)
{
    (void)state;
    configure(HISTORY_NONE);
    look();
    assert_int_equal(wanted.history, HISTORY_NONE);
    assert_int_equal(wanted.notes.count, 0);
}

/* ---- Prisma ---- */

static void prisma_records_the_names_of_folders_with_a_migration_sql(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/20240102000000_b/migration.sql", "select 2;\n");
    write_file("prisma/migrations/20240101000000_a/migration.sql", "");
    write_file("prisma/migrations/01_init/migration.sql", "");
    write_file("prisma/migrations/01_again/migration.sql", "");
    write_file("prisma/migrations/.hidden/migration.sql", "");
    write_file("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n");
    write_file("prisma/migrations/README.md", "");
    expect(".hidden 01_again 01_init 20240101000000_a 20240102000000_b");
    assert_string_equal(wanted.history_table, "_prisma_migrations");
    assert_string_equal(wanted.history_schema, "public");
    assert_string_equal(wanted.migrations[3].checksums[0],
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(wanted.notes.count, 0);
}

static void prisma_folders_without_a_migration_sql_are_migrations_that_fail(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("prisma/migrations/manual/readme.txt", "");
    write_file("prisma/migrations/old/down.sql", "");
    expect("1_a manual old");
    assert_int_equal(wanted.notes.count, 1);
    assert_string_equal(
        wanted.notes.items[0],
        "prisma/migrations: 2 folders have no migration.sql, the first is manual: Prisma takes them for "
        "migrations, and fails with P3015");
}

static void migrations_for_another_database_are_a_doubt(void **state)
{
    static const char lock[] = "prisma/migrations/migration_lock.toml";
    static const char *const ours[] = {
        "# by hand: no\nprovider = \"postgresql\"\n",
        "# Please do not edit\r\nprovider = \"postgresql\"\r\n",
        "provider = \"postgresql\"",
        "<<<<<<< ours\nprovider = \"postgresql\"\n=======\nprovider = \"mysql\"\n>>>>>>> theirs\n",
    };
    static const char *const others[] = {
        /* P3019, says Prisma's engine of each */
        "provider = \"mysql\"\n",
        "provider = \"postgres\"\n",
        "# provider = \"postgresql\"\n",
        "provider = 'postgresql'\n",
        " provider = \"postgresql\"",
        "provider = \"postgresql\" # not mysql\n",
        "PROVIDER = \"postgresql\"\n",
        "provider=\"postgresql\"\n",
        "provider = \"postgresql\" \n",
        "provider",
        "",
    };

    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    expect("1_a");
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        write_file(lock, ours[i]);
        expect("1_a");
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_file(lock, others[i]);
        expect_doubt("prisma/migrations/migration_lock.toml does not name the provider postgresql");
    }
}

static void the_ledger_of_prisma_lies_in_the_schema_of_the_url(void **state)
{
    static const struct {
        const char *url, *direct, *schema;
    } cases[] = {
        { "postgresql://u:p@h/d", NULL, "public" },
        { "postgresql://u:p@h/d?schema=app", NULL, "app" },
        { "postgresql://u:p@h/d?connection_limit=1&schema=my%20app#x", NULL, "my app" },
        { "postgresql://u:p%3Fschema=no@h/d?myschema=no", NULL, "public" },
        { "postgresql://u:p@h/d?schema=", NULL, "public" },
        { "postgresql://u:p@pooler/d?schema=no", "postgresql://u:p@h/d?schema=yes", "yes" },
        { "host=db dbname=d", NULL, "public" },
        { NULL, NULL, "public" },
    };

    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    config.verify.schema = "elsewhere";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config.database.url = cases[i].url;
        config.database.direct_url = cases[i].direct;
        expect("1_a");
        assert_string_equal(wanted.history_schema, cases[i].schema);
    }
    config.database.url = "postgresql://u@h/d?schema=public&schema=app";
    config.database.direct_url = NULL;
    expect_doubt("the URL sets schema more than once");
}

static void write_datasource(const char *lines)
{
    write_file("prisma/schema.prisma", arena_printf(scratch.arena, "datasource db {\n%s}\n", lines));
}

static void a_schema_that_leads_prisma_to_another_database_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    assert_int_equal(unsetenv("SHOP_URL"), 0);
    write_file("prisma/schema.prisma", "broken");
    expect("1_a"); /* it is told as unreadable, once */
    write_datasource("  url = env(\"DATABASE_URL\")\n");
    expect("1_a");
    write_datasource("  url = env(\"SHOP_URL\") // env(\"X\")\n");
    expect("1_a"); /* not set: then the CLI connects to nothing */

    write_file(".env", "SHOP_URL=postgresql://elsewhere\n");
    expect_doubt(".env speaks of SHOP_URL");
    assert_int_equal(remove(".env"), 0);
    write_file("prisma/.env", "SHOP_URL=postgresql://elsewhere\n");
    expect_doubt("prisma/.env speaks of SHOP_URL");
    assert_int_equal(remove("prisma/.env"), 0);
    write_file("prisma.config.ts", "import './env'\nexport default {}");
    expect_doubt("prisma.config.ts may set SHOP_URL");
    assert_int_equal(remove("prisma.config.ts"), 0);

    assert_int_equal(setenv("SHOP_URL", "postgresql://elsewhere", 1), 0);
    expect_doubt("the URL that prisma/schema.prisma takes from SHOP_URL is neither database.direct_url nor");
    assert_int_equal(setenv("SHOP_URL", config.database.url, 1), 0);
    expect("1_a");

    write_datasource("  directUrl = env(\"SHOP_DIRECT_URL\")\n  url = env(\"SHOP_URL\")\n");
    set_env(&steps[0], "SHOP_DIRECT_URL", "postgresql://u@h/d?schema=direct");
    expect_doubt("from SHOP_DIRECT_URL");
    config.database.direct_url = "postgresql://u@h/d?schema=direct";
    expect("1_a");
    assert_string_equal(wanted.history_schema, "direct");

    write_datasource("  url = \"postgresql://literal\"\n");
    expect_doubt("from itself");
    assert_int_equal(unsetenv("SHOP_URL"), 0);
}

static void a_config_file_that_leads_prisma_to_another_database_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("prisma.config.ts", "import 'dotenv/config'\nimport { env } from 'prisma/config'\n"
                                   "export default { datasource: { url: env('DATABASE_URL') } }");
    expect("1_a");
    write_file("prisma.config.ts", "export default { datasource: { url: process.env.SHOP_URL } }");
    assert_int_equal(unsetenv("SHOP_URL"), 0);
    expect_doubt("prisma.config.ts takes its URL from SHOP_URL, which is not set");
    assert_int_equal(setenv("SHOP_URL", "postgresql://elsewhere", 1), 0);
    expect_doubt("prisma.config.ts takes from SHOP_URL is neither database.direct_url nor database.url");
    assert_int_equal(setenv("SHOP_URL", config.database.url, 1), 0);
    expect("1_a");
    write_datasource("  url = env(\"SHOP_URL\")\n");
    expect("1_a");
    config.database.direct_url = "postgresql://u@h/d";
    write_datasource("  url = env(\"DATABASE_URL\")\n");
    expect_doubt("prisma/schema.prisma and prisma.config.ts take different URLs");
    assert_int_equal(unsetenv("SHOP_URL"), 0);
}

static void where_dotenv_may_outdo_the_environment_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    set_env(&steps[0], "DOTENV_CONFIG_OVERRIDE", "true");
    expect("1_a"); /* without a config file none loads dotenv */
    write_file("prisma.config.ts", "import 'dotenv/config'\nexport default {}");
    expect_doubt("DOTENV_CONFIG_OVERRIDE is set");
}

static void prisma_looks_where_the_steps_schema_and_folder_are(void **state)
{
    (void)state;
    configure(HISTORY_PRISMA);
    run_words("prisma migrate deploy --schema db/my.prisma")->cwd = "api";
    write_file("prisma/migrations/1_no/migration.sql", "");
    write_file("api/prisma/migrations/1_no/migration.sql", "");
    write_file("api/db/my.prisma", "datasource db {\n}\n");
    write_file("api/db/migrations/1_yes/migration.sql", "");
    expect("1_yes");
}

static void no_local_migrations_prove_nothing(void **state)
{
    (void)state;
    prisma();
    expect("");
    assert_int_equal(wanted.notes.count, 1);
    assert_int_equal(mkdir("prisma/migrations", 0755), 0);
    expect("");
    assert_int_equal(wanted.notes.count, 1);
    assert_string_equal(wanted.notes.items[0],
                        "there are no local migrations, so nothing proves that none is pending: the steps run");
    run_words("prisma migrate deploy")->role = STEP_HISTORY;
    expect("");
    assert_non_null(strstr(wanted.notes.items[0], "prisma migrate deploy has nothing to deploy"));
}

static void a_symbolic_link_among_prisma_migrations_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("elsewhere/migration.sql", "");
    make_link("../../elsewhere", "prisma/migrations/2_b");
    expect_doubt("prisma/migrations/2_b is no regular file");
    assert_int_equal(remove("prisma/migrations/2_b"), 0);
    make_link("../../../elsewhere/migration.sql", "prisma/migrations/2_b/migration.sql");
    expect_doubt("prisma/migrations/2_b/migration.sql: Too many levels of symbolic links");
}

static void a_folder_named_migration_sql_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql/x", "");
    expect_doubt("prisma/migrations/1_a/migration.sql");
}

static void a_migrations_folder_that_is_a_file_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations", "");
    expect_doubt("prisma/migrations: Not a directory");
}

static void an_unreadable_folder_is_a_doubt(void **state)
{
    (void)state;
    if (geteuid() == 0 && seteuid(65534) != 0) {
        skip();
    }
    (void)!seteuid(0);
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    assert_int_equal(chmod("prisma/migrations", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    (void)!seteuid(65534);
    look();
    (void)!seteuid(0);
    assert_int_equal(chmod("prisma/migrations", 0755), 0);
    assert_int_equal(wanted.history, HISTORY_NONE);
    assert_non_null(strstr(wanted.notes.items[0], "prisma/migrations: Permission denied"));
}

static void a_config_file_with_expressions_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    write_file("prisma.config.ts", "export default { migrations: { path: x } }");
    expect_doubt("prisma.config.ts names its paths by expressions");
}

static void a_step_that_is_not_understood_is_a_doubt(void **state)
{
    (void)state;
    prisma();
    write_file("prisma/migrations/1_a/migration.sql", "");
    steps[0].argv = (struct strings){ 0 };
    steps[0].shell = "cd api && npx prisma migrate deploy";
    expect_doubt("step the step: its command line says more than is understood");
}

/* ---- dbmate ---- */

static void dbmate_records_the_leading_digits_as_they_are(void **state)
{
    (void)state;
    dbmate("dbmate up");
    write_file("db/migrations/001_a.sql", "");
    write_file("db/migrations/20240101000000_b.sql", "");
    write_file("db/migrations/20240102.sql", "");
    write_file("db/migrations/2024x.y.sql", "");
    write_file("db/migrations/11 space.sql", "");
    write_file("db/migrations/9.sql", "");
    expect("001 11 2024 20240101000000 20240102 9");
    assert_string_equal(wanted.history_table, "schema_migrations");
    assert_string_equal(wanted.history_schema, "public");
    assert_null(wanted.migrations[0].checksums[0]);
}

static void what_dbmate_does_not_see_does_not_count(void **state)
{
    (void)state;
    dbmate("dbmate up");
    write_file("db/migrations/1_a.sql", "");
    write_file("db/migrations/nodigits.sql", "");
    write_file("db/migrations/5.SQL", "");
    write_file("db/migrations/6_a.sql.bak", "");
    write_file("db/migrations/.008.sql", "");
    write_file("db/migrations/7sql", "");
    write_file("db/migrations/sub/12_in.sql", "");
    write_file("db/migrations/15_folder.sql/x", "");
    write_file("db/migrations/16_two\nlines.sql", "");
    expect("1");
}

static void dbmate_has_several_folders(void **state)
{
    (void)state;
    write_file("a/1_a.sql", "");
    write_file("b/2_b.sql", "");
    write_file("db/migrations/3_c.sql", "");
    dbmate("dbmate -d a --migrations-dir ./b up");
    expect("1 2");
    dbmate("dbmate up");
    set_env(&steps[0], "DBMATE_MIGRATIONS_DIR", "a,b");
    expect("1 2");
    dbmate("dbmate -d db/migrations up");
    set_env(&steps[0], "DBMATE_MIGRATIONS_DIR", "a,b");
    expect("3");
}

static void an_empty_name_of_a_folder_is_to_dbmate_the_one_that_it_runs_in(void **state)
{
    (void)state;
    write_file("1_here.sql", "");
    write_file("db/migrations/3_c.sql", "");
    dbmate("dbmate up");
    set_env(&steps[0], "DBMATE_MIGRATIONS_DIR", "");
    expect("1");
    dbmate("dbmate -d db/migrations, up");
    expect("1 3");
}

static void the_ledger_of_dbmate_is_where_url_and_options_say(void **state)
{
    (void)state;
    write_file("db/migrations/1_a.sql", "");
    dbmate("dbmate up");
    config.database.url = "postgres://u@h/d?search_path=app,public";
    expect("1");
    assert_string_equal(wanted.history_schema, "app");

    dbmate("dbmate --migrations-table ops.ledger up");
    set_env(&steps[0], "DBMATE_MIGRATIONS_TABLE", "other");
    expect("1");
    assert_string_equal(wanted.history_schema, "ops");
    assert_string_equal(wanted.history_table, "ledger");

    dbmate("dbmate up");
    set_env(&steps[0], "DBMATE_MIGRATIONS_TABLE", "other");
    expect("1");
    assert_string_equal(wanted.history_schema, "public");
    assert_string_equal(wanted.history_table, "other");
}

static void settings_that_may_move_dbmates_ledger_are_doubts(void **state)
{
    (void)state;
    write_file("db/migrations/1_a.sql", "");
    dbmate("dbmate up");
    config.database.url = "postgres://u@h/d?options=-csearch_path%3Dapp";
    expect_doubt("the connection's options set search_path");
    config.database.url = "postgres://u@h/d?options=-csearch_path%3Dpublic"; /* of the session that looks alone */
    config.database.direct_url = "postgres://u@h/d";
    expect_doubt("the connection's options set search_path");
    config.database.direct_url = NULL;
    config.database.url = "postgres://u@h/d?search_path=%22a%22,b";
    expect_doubt("the URL's search_path is not understood");
    config.database.url = "postgres://u@h/d?search%5Fpath=%22a%22,b";
    expect_doubt("the URL's search_path is not understood");
    config.database.url = "postgres://u@h/d?search_path=app&search_path=public";
    expect_doubt("the URL sets search_path more than once");
    config.database.url = "postgres://u@h/d?options=-cwork_mem%3D7MB";
    assert_int_equal(setenv("PGOPTIONS", "-csearch_path=app", 1), 0);
    expect_doubt("the connection's options set search_path");
    assert_int_equal(setenv("PGOPTIONS", "-cwork_mem=7MB", 1), 0);
    expect("1");
    assert_true(wanted.history_first);
    assert_int_equal(unsetenv("PGOPTIONS"), 0);
    dbmate("dbmate --migrations-table a.b.c up");
    expect_doubt("the ledger's name a.b.c is not understood");
    dbmate("dbmate --migrations-table \"Ops\".ledger up");
    expect_doubt("the ledger's name \"Ops\".ledger is not understood");
    dbmate("dbmate up");
    write_file(".env", "DATABASE_URL=x\nDBMATE_MIGRATIONS_DIR=elsewhere\n");
    expect_doubt(".env speaks of DBMATE_");
    write_file(".env", "PGOPTIONS=-csearch_path=app\n");
    expect_doubt(".env speaks of PGOPTIONS");
    assert_int_equal(remove(".env"), 0);
    assert_int_equal(mkdir(".env", 0755), 0);
    expect_doubt(".env: ");
    assert_int_equal(remove(".env"), 0);
    write_file(".env", "DATABASE_URL=x\n");
    expect("1");
    config.database.url = "postgres://u@h/d?user=app";
    config.database.direct_url = "postgres://u@h/d?user=owner";
    expect_doubt("may have another search_path");
    config.database.direct_url = "postgres://app@h/d";
    expect("1");
    config.database.url = "postgres://app@h/d?role=owner";
    config.database.direct_url = NULL;
    expect_doubt("the URL sets a role");
    config.database.url = NULL; /* PGHOST and its like lead us */
    expect_doubt(".env speaks of DATABASE_URL");
}

static void doubtful_files_of_dbmate_are_doubts(void **state)
{
    (void)state;
    dbmate("dbmate up");
    expect_doubt("db/migrations: No such file or directory");
    write_file("db/migrations/1_a.sql", "");
    write_file("db/migrations/1_b.sql", "");
    expect_doubt("two migrations have the name 1");
    assert_int_equal(remove("db/migrations/1_b.sql"), 0);
    make_link("nowhere", "db/migrations/2_b.sql");
    expect_doubt("db/migrations/2_b.sql is no regular file");
}

/* ---- node-pg-migrate ---- */

static void node_pg_migrate_records_names_without_the_last_extension(void **state)
{
    (void)state;
    node_pg_migrate("node-pg-migrate up");
    write_file("migrations/1700000000000_a.js", "");
    write_file("migrations/20240101000000000_b.mjs", "");
    write_file("migrations/1700000000001_c.d.ts", "");
    write_file("migrations/1700000000002_s.sql", "");
    write_file("migrations/abc.cjs", "");
    write_file("migrations/abd.mts", "");
    write_file("migrations/abe.cts", "");
    write_file("migrations/.hidden.js", "");
    write_file("migrations/sub/1_x.js", "");
    expect("1700000000000_a 1700000000001_c.d 1700000000002_s 20240101000000000_b abc abd abe");
    assert_string_equal(wanted.history_table, "pgmigrations");
    assert_string_equal(wanted.history_schema, "public");
}

static void the_ledger_of_node_pg_migrate_is_where_its_options_say(void **state)
{
    (void)state;
    write_file("db/1_a.js", "");
    node_pg_migrate("node-pg-migrate -m db -t ledger --migrations-schema ops up");
    expect("1_a");
    assert_string_equal(wanted.history_table, "ledger");
    assert_string_equal(wanted.history_schema, "ops");
}

static void what_node_pg_migrate_could_not_load_is_a_doubt(void **state)
{
    (void)state;
    node_pg_migrate("node-pg-migrate up");
    expect_doubt("migrations: No such file or directory");
    write_file("migrations/1_a.js", "");
    write_file("migrations/README.md", "");
    expect_doubt("migrations/README.md is no migration that node-pg-migrate could load");
    assert_int_equal(remove("migrations/README.md"), 0);
    write_file("migrations/Makefile", "");
    expect_doubt("migrations/Makefile");
    assert_int_equal(remove("migrations/Makefile"), 0);
    write_file("migrations/1_a.sql", "");
    expect_doubt("two migrations have the name 1_a");
    assert_int_equal(remove("migrations/1_a.sql"), 0);
    make_link("1_a.js", "migrations/2_b.js");
    expect_doubt("migrations/2_b.js is no regular file");
    assert_int_equal(remove("migrations/2_b.js"), 0);
    write_file("node_modules/config/package.json", "{}");
    expect_doubt("the npm package config may name other folders");
}

/* ---- Rails ---- */

static void rails_records_numbers_of_files_at_any_depth(void **state)
{
    (void)state;
    rails();
    write_file("db/migrate/0001_first.rb", "");
    write_file("db/migrate/20240101000000_create_users.rb", "");
    write_file("db/migrate/sub/deep/20240102000000_in_sub.rb", "");
    write_file("db/migrate/20240103000000_eng.blorg.rb", "");
    write_file("db/migrate/000_zero.rb", "");
    write_file("db/migrate/.hidden/5_hid.rb", "");
    write_file("db/migrate/9_nine.rb", "");
    write_file("db/migrate/no_digits.rb", "");
    write_file("db/migrate/-5_minus.rb", "");
    write_file("db/migrate/20240104000000_nope.RB", "");
    write_file("db/migrate/20240105.rb", "");
    expect("0 1 20240101000000 20240102000000 20240103000000 9");
    assert_string_equal(wanted.history_table, "schema_migrations");
    assert_string_equal(wanted.history_schema, "public");
    assert_true(wanted.history_first);
}

static void what_rails_refuses_is_a_doubt(void **state)
{
    (void)state;
    rails();
    write_file("db/migrate/1_a.rb", "");
    write_file("db/migrate/7x_abc.rb", "");
    expect_doubt("db/migrate/7x_abc.rb is a name that Rails refuses");
    assert_int_equal(remove("db/migrate/7x_abc.rb"), 0);
    write_file("db/migrate/2_Upper.rb", "");
    expect_doubt("2_Upper.rb is a name that Rails refuses");
    assert_int_equal(remove("db/migrate/2_Upper.rb"), 0);
    write_file("db/migrate/01_b.rb", "");
    expect_doubt("two migrations have the name 1");
    assert_int_equal(remove("db/migrate/01_b.rb"), 0);
    make_link("../elsewhere", "db/migrate/engine");
    expect_doubt("db/migrate/engine is no regular file");
}

static void settings_of_rails_that_may_move_migrations_are_doubts(void **state)
{
    static const char *const files[][2] = {
        { "config/database.yml", "primary:\n  migrations_paths: db/other\n" },
        { "config/application.rb", "config.paths[\"db/migrate\"] << \"x\"\n" },
        { "config/initializers/names.rb", "ActiveRecord::Base.schema_migrations_table_name = \"x\"\n" },
        { "config/environments/production.rb", "config.active_record.table_name_prefix = \"x\"\n" },
        { "config/database.yml", "production:\n  primary:\n    adapter: postgresql\n" },
        { "config/database.yml", "production:\n  primary: &primary\n" },
        { "config/database.yml", "production:\n  primary: { adapter: postgresql }\n" },
        { "config/database.yml", "production: { primary: { adapter: postgresql } }\n" },
        { "config/database.yml", "production:\n  url: <%= ENV['SHOP_URL'] %>\n" },
        { "config/database.yml", "production:\n  url: postgresql://elsewhere\n" },
        { "config/application.rb", "config.paths[\"config/database\"] = \"x\"\n" },
        { "Rakefile", "ActiveRecord::Base.table_name_suffix = \"x\"\n" },
        { "lib/tasks/deep/names.rake", "ActiveRecord::Base.table_name_prefix = \"x\"\n" },
        { "rakelib/names.rake", "ActiveRecord::Base.table_name_prefix = \"x\"\n" },
        { "Gemfile", "gem 'billing', path: 'engines/billing'\n" },
        { "Gemfile", "gem 'billing', :path => 'engines/billing'\n" },
        { "Gemfile", "path \"engines\" do\n" },
        { "Gemfile", "path 'engines' do\n" },
        { "../config/application.rb", "" },
    };
    static const char *const engines[] = { "engines", "packs", "components" };
    static const char *const variables[] = { "VERSION", "SCOPE", "PRIMARY_DATABASE_URL" };

    (void)state;
    rails();
    write_file("blog/db/migrate/1_a.rb", "");
    assert_int_equal(chdir("blog"), 0);
    write_file("config/application.rb", "");
    write_file("config/README.md", "db/migrate\n");
    write_file("config/routes.rb", "");
    write_file("config/database.yml", "default: &default\n  pool: <%= ENV[\"x\"] { 5 } %>\n\nproduction:\n"
                                      "  <<: *default\n  # second:\n  url: <%= ENV['DATABASE_URL'] %>\n");
    write_file("Gemfile", "gem 'rails'\n");
    expect("1");
    write_file("config/database.yml", "production:\n  url: <%= ENV.fetch(\"DATABASE_URL\") %>\r\n");
    expect("1");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(files[i][0], files[i][1]);
        expect_doubt(files[i][0]);
        assert_int_equal(remove(files[i][0]), 0);
    }
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        assert_int_equal(mkdir(engines[i], 0755), 0);
        expect_doubt(arena_printf(scratch.arena, "%s may bring migrations of its own", engines[i]));
        assert_int_equal(remove(engines[i]), 0);
    }
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        set_env(&steps[0], variables[i], "1");
        expect_doubt(arena_printf(scratch.arena, "%s is set in the environment", variables[i]));
    }
    steps[0].env_count = 0;
    config.database.url = "postgresql://u@h/d?schema_search_path=app";
    expect_doubt("the URL sets schema_search_path");
}

static void comments_in_settings_are_no_doubts(void **state)
{
    (void)state;
    rails();
    write_file("db/migrate/1_a.rb", "");
    /* as `rails new blog --database=postgresql` writes them */
    write_file("config/database.yml",
               "default: &default\n  adapter: postgresql\n\ndevelopment:\n  <<: *default\n  database: blog\n\n"
               "  # Schema search path. The server defaults to $user,public\n"
               "  #schema_search_path: myapp,sharedapp,public\n\nproduction:\n  <<: *default\n"
               "  password: <%= ENV[\"A\"] %> # don't set schema_search_path\n"
               "#  migrations_paths: db/migrate\r\n"
               "  application_name: Bob's\n# search_path\n");
    write_file("config/initializers/names.rb", "# table_name_prefix\nx = 'a' \t# schema_migrations\n");
    write_file("Gemfile", "gem 'rails'\n# gem 'billing', path: 'engines/billing'\n");
    expect("1");

    static const char *const settings[] = {
        "production:\n  schema_search_path: a # b\n", "production:\n  x: \"a # b\" # c\n  schema_search_path: a\n",
        "production:\n  x: 'a # search_path'\n",      "production:\n  x: \"a \\\" # search_path\"\n",
        "production:\n  x: a#search_path\n",          "production:\n  x: a #{search_path}\n",
    };

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        write_file("config/database.yml", settings[i]);
        expect_doubt("config/database.yml speaks of ");
    }
}

static int64_t time_of(int count)
{
    char path[64];

    prisma();
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "prisma/migrations/2024%010d_x/migration.sql", i);
        write_file(path, "CREATE TABLE t (id int PRIMARY KEY);\n");
    }

    int64_t least = INT64_MAX;

    for (int round = 0; round < 3; round++) {
        int64_t start = processor_time();

        look();

        int64_t taken = processor_time() - start;

        assert_int_equal(wanted.migration_count, count);
        least = taken < least ? taken : least;
    }
    return least;
}

static void ten_times_the_migrations_take_about_ten_times_as_long(void **state)
{
    (void)state;
    assert_about_linear(time_of, 1000, "migrations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_tool_without_a_ledger_has_no_migrations),
        SCRATCH_TEST(prisma_records_the_names_of_folders_with_a_migration_sql),
        SCRATCH_TEST(prisma_folders_without_a_migration_sql_are_migrations_that_fail),
        SCRATCH_TEST(migrations_for_another_database_are_a_doubt),
        SCRATCH_TEST(the_ledger_of_prisma_lies_in_the_schema_of_the_url),
        SCRATCH_TEST(a_schema_that_leads_prisma_to_another_database_is_a_doubt),
        SCRATCH_TEST(a_config_file_that_leads_prisma_to_another_database_is_a_doubt),
        SCRATCH_TEST(where_dotenv_may_outdo_the_environment_is_a_doubt),
        SCRATCH_TEST(prisma_looks_where_the_steps_schema_and_folder_are),
        SCRATCH_TEST(no_local_migrations_prove_nothing),
        SCRATCH_TEST(a_symbolic_link_among_prisma_migrations_is_a_doubt),
        SCRATCH_TEST(a_folder_named_migration_sql_is_a_doubt),
        SCRATCH_TEST(a_migrations_folder_that_is_a_file_is_a_doubt),
        SCRATCH_TEST(an_unreadable_folder_is_a_doubt),
        SCRATCH_TEST(a_config_file_with_expressions_is_a_doubt),
        SCRATCH_TEST(a_step_that_is_not_understood_is_a_doubt),
        SCRATCH_TEST(dbmate_records_the_leading_digits_as_they_are),
        SCRATCH_TEST(what_dbmate_does_not_see_does_not_count),
        SCRATCH_TEST(dbmate_has_several_folders),
        SCRATCH_TEST(an_empty_name_of_a_folder_is_to_dbmate_the_one_that_it_runs_in),
        SCRATCH_TEST(the_ledger_of_dbmate_is_where_url_and_options_say),
        SCRATCH_TEST(settings_that_may_move_dbmates_ledger_are_doubts),
        SCRATCH_TEST(doubtful_files_of_dbmate_are_doubts),
        SCRATCH_TEST(node_pg_migrate_records_names_without_the_last_extension),
        SCRATCH_TEST(the_ledger_of_node_pg_migrate_is_where_its_options_say),
        SCRATCH_TEST(what_node_pg_migrate_could_not_load_is_a_doubt),
        SCRATCH_TEST(rails_records_numbers_of_files_at_any_depth),
        SCRATCH_TEST(what_rails_refuses_is_a_doubt),
        SCRATCH_TEST(settings_of_rails_that_may_move_migrations_are_doubts),
        SCRATCH_TEST(comments_in_settings_are_no_doubts),
        SCRATCH_TEST(ten_times_the_migrations_take_about_ten_times_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
