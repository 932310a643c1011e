#include "load.h"

#include "config/keys.h"

#include <signal.h>

static void the_defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_loads(NULL);
    assert_null(config->file);
    assert_string_equal(config->database.url, "postgresql://app:s3cret@db/shop");
    assert_null(config->database.direct_url);
    assert_int_equal(config->wait.timeout, 60000);
    assert_int_equal(config->wait.connect_timeout, 5000);
    assert_int_equal(config->wait.probe_interval, 20);
    assert_int_equal(config->wait.initial_delay, 50);
    assert_int_equal(config->wait.max_delay, 1000);
    assert_true(config->wait.multiplier == 2.0);
    assert_int_equal(config->wait.permanent_grace, 5000);
    assert_int_equal(config->wait.target, TARGET_READ_WRITE);
    assert_int_equal(config->wait.also.count, 0);
    assert_int_equal(config->migrate.when, WHEN_PENDING);
    assert_true(config->migrate.lock);
    assert_int_equal(config->migrate.lock_timeout, 600000);
    assert_int_equal(config->migrate.before.count + config->migrate.steps.count + config->migrate.after.count, 0);
    assert_int_equal(config->migrate.stop, STOP_ABORT);
    assert_string_equal(config->verify.schema, "public");
    assert_int_equal(config->verify.table_count, 0);
    assert_string_equal(config->verify.prisma_schema, "auto");
    assert_int_equal(config->verify.extensions.count, 0);
    assert_int_equal(config->verify.assert_count, 0);
    assert_int_equal(config->verify.timeout, 0);
    assert_int_equal(config->verify.interval, 15000);
    assert_int_equal(config->app.mode, APP_SUPERVISE);
    assert_int_equal(config->app.stop_signal, SIGNAL_SAME);
    assert_int_equal(config->app.stop_timeout, 0);
    assert_false(config->app.kill_group);
    assert_string_equal(config->app.user, "");
    assert_false(config->app.file_env);
    assert_false(config->app.stop_timeout_set || config->app.ok_exit_set || config->app.interval_set);
    assert_int_equal(config->health.listen.count, 1);
    assert_string_equal(config->health.listen.items[0], "127.0.0.1:9180");
    assert_false(config->health.listen_set);
    assert_int_equal(config->health.failures, 3);
    assert_int_equal(config->health.placeholder.count, 0);
    assert_string_equal(config->health.token, "");
    assert_int_equal(config->on_failure, FAILURE_EXIT);
    assert_int_equal(config->log.format, LOG_AUTO);
    assert_int_equal(config->log.level, LOG_INFO);
    assert_string_equal(config->report_file, "");
    assert_int_equal(config->warnings.count, 0);
}

static void no_attempt_lasts_longer_than_all_the_waiting(void **state)
{
    (void)state;
    assert_loads("wait: {timeout: 2s}\n");
    assert_int_equal(config->wait.connect_timeout, 2000);
    assert_loads("wait: {timeout: 0}\n");
    assert_int_equal(config->wait.connect_timeout, 5000);
    assert_loads("wait: {timeout: 2s, connect_timeout: 0}\n");
    assert_int_equal(config->wait.connect_timeout, 0);
}

static void the_file_is_found_in_the_documented_order(void **state)
{
    (void)state;
    write_file("pgentry.yaml", "wait: {timeout: 11s}\n");
    write_file("env.yaml", "wait: {timeout: 12s}\n");
    write_file("option.yaml", "wait: {timeout: 13s}\n");
    assert_loads(NULL);
    assert_int_equal(config->wait.timeout, 11000);
    assert_string_equal(config->file, "pgentry.yaml");
    (void)setenv("PGENTRY_CONFIG", "env.yaml", 1);
    assert_loads(NULL);
    assert_int_equal(config->wait.timeout, 12000);
    assert_int_equal(config->warnings.count, 0);
    request.file = "option.yaml";
    assert_loads(NULL);
    assert_int_equal(config->wait.timeout, 13000);
}

static void setting_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    write_file("pgentry.yaml", "wait: {timeout: 11s}\n");
    (void)setenv("PGENTRY_WAIT_TIMEOUT", "22s", 1);
    assert_loads(NULL);
    assert_int_equal(config->wait.timeout, 22000);
    set("wait.timeout=33s");
    set("wait.timeout=44s");
    assert_loads(NULL);
    assert_int_equal(config->wait.timeout, 44000);
}

static void an_empty_variable_is_not_set(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_WAIT_TIMEOUT", "", 1);
    (void)setenv("PGENTRY_CONFIG", "", 1);
    (void)setenv("DIRECT_URL", "", 1);
    assert_loads("wait: {timeout: 11s}\n");
    assert_int_equal(config->wait.timeout, 11000);
    assert_null(config->database.direct_url);
}

static void a_null_is_as_if_the_key_were_not_there(void **state)
{
    (void)state;
    assert_loads("wait:\n  timeout:\nverify:\nhealth: {token: ~, listen: null}\nmigrate: {steps: }\n");
    assert_int_equal(config->wait.timeout, 60000);
    assert_int_equal(config->health.listen.count, 1);
    assert_false(config->health.listen_set);
}

static void lists_from_outside_are_split_at_commas_or_written_in_brackets(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_VERIFY_TABLES", "users, avatars,,auth.sessions,", 1);
    set("health.listen=[::1]:9180,:9181");
    set("app.ok_exit=143,0");
    set("verify.extensions=[\"a,b\", c]");
    assert_loads("verify: {tables: [other]}\n");
    assert_int_equal(config->verify.table_count, 3);
    assert_string_equal(config->verify.tables[1].name, "avatars");
    assert_string_equal(config->verify.tables[2].schema, "auth");
    assert_int_equal(config->health.listen.count, 2);
    assert_string_equal(config->health.listen.items[0], "[::1]:9180");
    assert_true(config->app.ok_exit[143] && config->app.ok_exit[0] && !config->app.ok_exit[1]);
    assert_string_equal(config->verify.extensions.items[0], "a,b");
    assert_true(config->app.ok_exit_set && config->health.listen_set);
    (void)setenv("PGENTRY_HEALTH_LISTEN", "[]", 1);
    request.setting_count = 0;
    assert_loads(NULL);
    assert_int_equal(config->health.listen.count, 0);
    (void)unsetenv("PGENTRY_HEALTH_LISTEN");
    set("health.listen=");
    set("migrate.steps=[{name: x, run: \"a,b\"}]");
    set("verify.tables=[{name: users, columns: [id]}]");
    assert_loads(NULL);
    assert_int_equal(config->health.listen.count, 0);
    assert_string_equal(config->migrate.steps.items[0].shell, "a,b");
    assert_string_equal(config->verify.tables[0].columns.items[0], "id");
}

static void a_list_may_be_one_variable_in_the_file(void **state)
{
    (void)state;
    (void)setenv("TABLES", "users,avatars", 1);
    assert_loads("verify: {tables: '${TABLES}', extensions: '${EXTENSIONS:-}'}\n");
    assert_int_equal(config->verify.table_count, 2);
    assert_int_equal(config->verify.extensions.count, 0);
}

static void every_key_but_the_presets_own_has_a_variable(void **state)
{
    (void)state;
    char name[KEY_VARIABLE_TEXT];

    for (size_t i = 0; i < config_keys.count; i++) {
        const struct key *key = &config_keys.rows[i];
        bool text = key->type == KEY_STRING && key->form == FORM_ANY;

        if (key->preset_only) {
            continue;
        }
        /* A word that is wrong everywhere but in a text: it must be read. */
        (void)setenv(key_variable(key, name), "[\xc3\xa4]", 1);
        assert_true(load(NULL) == (text || key->type == KEY_NAME || key->type == KEY_NAMES || key->type == KEY_TABLES));
        assert_true(config || said(name));
        (void)unsetenv(name);
    }
    (void)setenv("PGENTRY_MIGRATE_HISTORY", "prisma", 1);
    assert_loads(NULL);
    assert_int_equal(config->migrate.history, HISTORY_NONE);
    assert_int_equal(config->warnings.count, 1);
}

static void an_unknown_variable_of_ours_is_a_warning(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_SERVICE_HOST", "10.0.0.1", 1);
    (void)setenv("PGENTRY_WAIT_TIMOUT", "1s", 1);
    (void)setenv("PGENTRY_CONFG", "prod.yaml", 1);
    (void)setenv("PGENTRY_MIGRATE_HISTORY", "prisma", 1); /* a preset's own: nobody may set it, nor is it suggested */
    assert_loads(NULL);
    assert_int_equal(config->warnings.count, 4);
    assert_true(strings_contain(&config->warnings, "the environment variable PGENTRY_CONFG is no key of the "
                                                   "configuration: did you mean PGENTRY_CONFIG?"));
    assert_true(strings_contain(&config->warnings, "the environment variable PGENTRY_WAIT_TIMOUT is no key of the "
                                                   "configuration: did you mean PGENTRY_WAIT_TIMEOUT?"));
    assert_true(strings_contain(&config->warnings,
                                "the environment variable PGENTRY_SERVICE_HOST is no key of the configuration"));
    for (size_t i = 0; i < config->warnings.count; i++) {
        assert_null(strstr(config->warnings.items[i], "did you mean PGENTRY_MIGRATE_HISTORY"));
    }
}

static void a_list_in_a_variable_is_read_alike_in_the_file(void **state)
{
    (void)state;
    (void)setenv("TABLES", "[users, auth.roles]", 1);
    (void)setenv("LISTEN", "[::1]:9180", 1);
    assert_loads("verify: {tables: '${TABLES}'}\nhealth: {listen: '${LISTEN}'}\n");
    assert_int_equal(config->verify.table_count, 2);
    assert_string_equal(config->verify.tables[0].name, "users");
    assert_string_equal(config->verify.tables[1].schema, "auth");
    assert_string_equal(config->health.listen.items[0], "[::1]:9180");
    (void)setenv("TABLES", "[users", 1);
    assert_refused("verify: {tables: '${TABLES}'}\n", "pgentry.yaml:1:18: not valid YAML: did not find expected ',' or "
                                                      "']', while parsing a flow sequence");
    (void)setenv("TABLES", "users,.b", 1);
    assert_refused("verify: {tables: '${TABLES}'}\n",
                   "pgentry.yaml:1:18: verify.tables[1]: \".b\" is neither table nor "
                   "schema.table: write {schema: …, name: …}");
}

/* It is quoted then: a bracket begins a list. */
static void a_table_may_be_called_with_a_bracket(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_VERIFY_TABLES", " ['[a', b]\n", 1);
    set("health.listen=[::1]:9180");
    set("wait.also=[::1]:6379, h:1");
    assert_loads(NULL);
    assert_int_equal(config->verify.table_count, 2);
    assert_string_equal(config->verify.tables[0].name, "[a");
    assert_string_equal(config->health.listen.items[0], "[::1]:9180");
    assert_string_equal(config->wait.also.items[0], "[::1]:6379");
}

static void libpq_s_variables_stand_in_for_a_url(void **state)
{
    (void)state;
    static const char *const names[] = { "PGHOST", "PGSERVICE", "PGDATABASE", "PGUSER", "PGPORT", "PGSERVICEFILE" };

    (void)unsetenv("DATABASE_URL");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)setenv(names[i], "x", 1);
        assert_loads("database: {url: '${DATABASE_URL}'}\n");
        assert_null(config->database.url);
        (void)unsetenv(names[i]);
        assert_false(load(NULL));
    }
    (void)setenv("PGHOST", "x", 1);
    assert_refused("database: {url: '${OTHER_URL}'}\n", "pgentry.yaml:1:17: OTHER_URL is not set");
}

static void the_schema_is_the_url_s_unless_it_is_configured(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", "postgresql://u:p@h/d?connection_limit=5&schema=my%20shop&x=y", 1);
    assert_loads(NULL);
    assert_string_equal(config->verify.schema, "my shop");
    assert_loads("verify: {schema: other}\n");
    assert_string_equal(config->verify.schema, "other");
    (void)setenv("DATABASE_URL", "postgresql://u:p@h/d?schema=&myschema=x", 1);
    assert_loads("verify: {}\n");
    assert_string_equal(config->verify.schema, "public");
    (void)setenv("DATABASE_URL", "host=h dbname=d", 1);
    assert_loads(NULL);
    assert_string_equal(config->verify.schema, "public");
}

static void tables_are_listed_in_short_and_long_form(void **state)
{
    (void)state;
    assert_loads("verify:\n"
                 "  tables:\n"
                 "    - users\n"
                 "    - name: avatar_projects\n"
                 "      columns: [id, userId]\n"
                 "      indexes: [i]\n"
                 "      privileges: [SELECT, Insert]\n"
                 "    - {name: a.b, schema: audit}\n"
                 "    - {name: auth.sessions}\n"
                 "    - Weird Name\n");
    assert_int_equal(config->verify.table_count, 5);
    assert_null(config->verify.tables[0].schema);
    assert_string_equal(config->verify.tables[1].columns.items[1], "userId");
    assert_string_equal(config->verify.tables[1].indexes.items[0], "i");
    assert_string_equal(config->verify.tables[1].privileges.items[0], "select");
    assert_string_equal(config->verify.tables[1].privileges.items[1], "insert");
    assert_string_equal(config->verify.tables[2].name, "a.b");
    assert_string_equal(config->verify.tables[2].schema, "audit");
    assert_string_equal(config->verify.tables[3].name, "sessions");
    assert_string_equal(config->verify.tables[3].schema, "auth");
    assert_string_equal(config->verify.tables[4].name, "Weird Name");
}

static void a_step_has_its_fields_and_defaults(void **state)
{
    (void)state;
    assert_loads("migrate:\n"
                 "  before:\n"
                 "    - {name: generate, run: [prisma, generate]}\n"
                 "  steps:\n"
                 "    - {name: all, run: 'a b', attempts: 5, delay: 0, timeout: 1h, env: {A: 1, B: }, cwd: sub,\n"
                 "       permanent_errors: [E1]}\n"
                 "    - sql: [a.sql, b.sql]\n"
                 "    - {sql: c.sql, attempts: 2}\n"
                 "    - run: \"echo one\\necho two\"\n");

    const struct step *steps = config->migrate.steps.items;

    assert_int_equal(config->migrate.before.items[0].attempts, 1);
    assert_string_equal(steps[0].shell, "a b");
    assert_int_equal(steps[0].argv.count, 0);
    assert_int_equal(steps[0].attempts, 5);
    assert_int_equal(steps[0].delay, 0);
    assert_int_equal(steps[0].timeout, 3600000);
    assert_int_equal(steps[0].env_count, 2);
    assert_string_equal(steps[0].env[0].value, "1");
    assert_string_equal(steps[0].env[1].value, "");
    assert_string_equal(steps[0].cwd, "sub");
    assert_string_equal(steps[0].permanent_errors.items[0], "E1");
    assert_string_equal(steps[1].name, "a.sql b.sql");
    assert_int_equal(steps[1].attempts, 1);
    assert_int_equal(steps[1].role, STEP_SQL);
    assert_int_equal(steps[1].delay, 2000);
    assert_int_equal(steps[1].timeout, 600000);
    assert_string_equal(steps[1].cwd, ".");
    assert_string_equal(steps[2].sql.items[0], "c.sql");
    assert_int_equal(steps[2].attempts, 2);
    assert_string_equal(steps[3].name, "echo one");
    assert_int_equal(steps[3].attempts, 3);
}

static void a_switch_has_the_words_of_yaml_and_of_shells(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool value;
    } rows[] = {
        { "true", true },   { "yes", true }, { "on", true },   { "1", true },  { "Yes", true },
        { "false", false }, { "no", false }, { "off", false }, { "0", false }, { "OFF", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];

        (void)snprintf(text, sizeof text, "app: {kill_group: %s}\nmigrate: {lock: %s}\n", rows[i].word, rows[i].word);
        assert_loads(text);
        assert_int_equal(config->app.kill_group, rows[i].value);
        assert_int_equal(config->migrate.lock, rows[i].value);
    }
}

static void the_ends_of_a_range_are_inside(void **state)
{
    (void)state;
    assert_loads("wait: {multiplier: 1}\nhealth: {failures: 1000}\n");
    assert_loads("wait: {multiplier: 100}\nhealth: {failures: 1}\n");
    assert_false(load("wait: {multiplier: 100.1}\n"));
    assert_false(load("wait: {multiplier: 0.9}\n"));
    assert_false(load("health: {failures: 1001}\n"));
    assert_false(load("health: {failures: 0}\n"));
}

static void one_name_in_two_schemas_is_two_tables(void **state)
{
    (void)state;
    assert_loads("verify: {tables: [users, auth.users, {schema: audit, name: users}]}\n");
    assert_int_equal(config->verify.table_count, 3);
}

static void a_signal_is_same_or_a_name_or_a_number(void **state)
{
    (void)state;
    assert_loads("app: {stop_signal: SIGQUIT}\n");
    assert_int_equal(config->app.stop_signal, SIGQUIT);
    assert_loads("app: {stop_signal: 2}\n");
    assert_int_equal(config->app.stop_signal, SIGINT);
    assert_loads("app: {stop_signal: same}\n");
    assert_int_equal(config->app.stop_signal, SIGNAL_SAME);
}

static void what_the_user_gave_is_told_from_defaults(void **state)
{
    (void)state;
    assert_loads(
        "app: {stop_timeout: 0, ok_exit: []}\nverify: {interval: 15s}\nhealth: {listen: ['127.0.0.1:9180']}\n");
    assert_true(config->app.stop_timeout_set && config->app.ok_exit_set && config->app.interval_set);
    assert_true(config->health.listen_set);
}

static bool is_masked(const char *text)
{
    char copy[256];

    (void)snprintf(copy, sizeof copy, "%s", text);
    mask_string(copy);
    return strstr(copy, text) == NULL;
}

static void every_password_is_known_to_the_mask(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", "postgresql://u:one%40x@h/d", 1);
    (void)setenv("DIRECT_URL", "host=h password='two two' user=u", 1);
    (void)setenv("SHADOW_DATABASE_URL", "postgres://u:three@h/d", 1);
    (void)setenv("JDBC_URL", "jdbc:postgresql://h/d?user=u&password=four4&ssl=1", 1);
    (void)setenv("PGPASSWORD", "five5", 1);
    (void)setenv("T", "seven7", 1);
    assert_loads("health: {token: sixsix}\n"
                 "migrate: {steps: [{run: [x, 'postgres://u:eight8@h/d'], env: {U: 'postgres://u:nine9@h/d'}}]}\n");
    assert_true(is_masked("one%40x"));
    assert_true(is_masked("one@x"));
    assert_true(is_masked("two two"));
    assert_true(is_masked("three"));
    assert_true(is_masked("four4"));
    assert_true(is_masked("five5"));
    assert_true(is_masked("sixsix"));
    assert_true(is_masked("eight8"));
    assert_true(is_masked("nine9"));
    assert_false(is_masked("seven7"));
    assert_string_equal(config->migrate.steps.items[0].name, "x postgres://u:***@h/d");
}

static void a_step_s_own_password_is_known_too(void **state)
{
    (void)state;
    (void)setenv("DB_PASSWORD", "two two2", 1);
    assert_loads("migrate:\n"
                 "  steps:\n"
                 "    - {name: a, run: [psql], env: {PGPASSWORD: 0ne0ne}}\n"
                 "    - {name: b, run: [psql], env: {PGPASSWORD: '${DB_PASSWORD}', C: 'host=h password=three3'}}\n"
                 "    - {run: [env, PGPASSWORD=f0urf0ur, psql]}\n"
                 "    - {run: [sh, -c, 'PGPASSWORD=f1vef1ve psql']}\n"
                 "    - {run: \"export PGPASSWORD='six 6' X=1; psql\"}\n"
                 "    - {run: 'PGPASSWORD=\"seven 7\" psql'}\n"
                 "    - {run: 'PGPASSWORD=$DB_PASSWORD psql \"$HOST\"'}\n"
                 "    - {run: 'pg_dump postgres://u:eight8@h/d | psql postgres://u:nine9@h/e'}\n");
    assert_true(is_masked("0ne0ne"));
    assert_true(is_masked("two two2"));
    assert_true(is_masked("three3"));
    assert_true(is_masked("f0urf0ur"));
    assert_true(is_masked("f1vef1ve"));
    assert_true(is_masked("six 6"));
    assert_true(is_masked("seven 7"));
    assert_true(is_masked("eight8"));
    assert_true(is_masked("nine9"));
    assert_false(is_masked("$DB_PASSWORD"));
    assert_string_equal(config->migrate.steps.items[2].name, "env PGPASSWORD=*** psql");
    assert_string_equal(config->migrate.steps.items[3].name, "sh -c PGPASSWORD=*** psql");
    assert_string_equal(config->migrate.steps.items[4].name, "export PGPASSWORD='***' X=1; psql");
    assert_string_equal(config->migrate.steps.items[5].name, "PGPASSWORD=\"***\" psql");
    assert_string_equal(config->migrate.steps.items[6].name, "PGPASSWORD=$DB_PASSWORD psql \"$HOST\"");
}

static void a_password_that_is_not_encoded_is_known_too(void **state)
{
    (void)state;
    static const char *const passwords[] = { "p@ss", "p:ss", "p/ss", "p%ss", "p#ss", "p?ss", "a@b/c:d@e", "p=s&s" };

    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++) {
        char url[128];

        mask_wipe();
        (void)snprintf(url, sizeof url, "postgresql://u:%s@h:5432/d?schema=x", passwords[i]);
        (void)setenv("DATABASE_URL", url, 1);
        assert_loads(NULL);
        if (!is_masked(passwords[i])) {
            fail_msg("%s", passwords[i]);
        }
    }
}

static void of_other_urls_only_what_is_surely_a_password_is_masked(void **state)
{
    (void)state;
    (void)setenv("REDIS_URL", "redis://:r3dis@cache:6379/0", 1);
    (void)setenv("REGISTRY", "http://host:8080/@scope", 1);
    assert_loads(NULL);
    assert_true(is_masked("r3dis"));
    assert_false(is_masked("8080/"));
}

static void blanks_around_a_url_do_not_count(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", " postgres://h/d?schema=x\n", 1);
    (void)setenv("DIRECT_URL", " \n", 1);
    assert_loads("verify: {prisma_schema: ''}\n");
    assert_string_equal(config->database.url, "postgres://h/d?schema=x");
    assert_string_equal(config->verify.schema, "x");
    assert_null(config->database.direct_url);
    assert_string_equal(config->verify.prisma_schema, "auto");
}

static void thousands_of_tables_are_checked_for_twins(void **state)
{
    (void)state;
    static char text[1 << 18];
    char *end = stpcpy(text, "verify:\n  tables:\n");

    for (int i = 0; i < 10000; i++) {
        end += sprintf(end, "  - table_%05d\n", i);
    }
    assert_loads(text);
    assert_int_equal(config->verify.table_count, 10000);
    (void)strcpy(end, "  - table_00000\n");
    assert_refused(text, "pgentry.yaml:10003:5: verify.tables lists table_00000 twice, first at line 3");
}

static void load_words(size_t count)
{
    static char text[1 << 17];
    char *end = stpcpy(text, "migrate: {steps: [{run: [x");

    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, ",word");
    }
    (void)strcpy(end, "]}]}\n");
    assert_loads(text);
}

static void a_command_of_twenty_times_the_words_takes_not_four_hundred_times_as_long(void **state)
{
    (void)state;
    assert_true(cost_of(load_words, 20000) < 100 * cost_of(load_words, 1000));
    assert_string_equal(config->migrate.steps.items[0].name,
                        "x word word word word word word word word word word word wor…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_are_those_of_the_contract),
        TEST(no_attempt_lasts_longer_than_all_the_waiting),
        TEST(the_file_is_found_in_the_documented_order),
        TEST(setting_beats_environment_beats_file_beats_default),
        TEST(an_empty_variable_is_not_set),
        TEST(a_null_is_as_if_the_key_were_not_there),
        TEST(lists_from_outside_are_split_at_commas_or_written_in_brackets),
        TEST(a_list_may_be_one_variable_in_the_file),
        TEST(every_key_but_the_presets_own_has_a_variable),
        TEST(an_unknown_variable_of_ours_is_a_warning),
        TEST(a_list_in_a_variable_is_read_alike_in_the_file),
        TEST(a_table_may_be_called_with_a_bracket),
        TEST(libpq_s_variables_stand_in_for_a_url),
        TEST(the_schema_is_the_url_s_unless_it_is_configured),
        TEST(tables_are_listed_in_short_and_long_form),
        TEST(a_step_has_its_fields_and_defaults),
        TEST(a_switch_has_the_words_of_yaml_and_of_shells),
        TEST(the_ends_of_a_range_are_inside),
        TEST(one_name_in_two_schemas_is_two_tables),
        TEST(a_signal_is_same_or_a_name_or_a_number),
        TEST(what_the_user_gave_is_told_from_defaults),
        TEST(every_password_is_known_to_the_mask),
        TEST(a_step_s_own_password_is_known_too),
        TEST(a_password_that_is_not_encoded_is_known_too),
        TEST(of_other_urls_only_what_is_surely_a_password_is_masked),
        TEST(blanks_around_a_url_do_not_count),
        TEST(thousands_of_tables_are_checked_for_twins),
        TEST(a_command_of_twenty_times_the_words_takes_not_four_hundred_times_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
