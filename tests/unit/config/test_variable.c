#include "load.h"

static void variables_are_filled_in(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        { "'${A}'", "a value" },
        { "x${A}y${A}z", "xa valueya valuez" },
        { "${B:-none}", "none" },
        { "${A:-none}", "a value" },
        { "'${EMPTY:-filled}'", "filled" },
        { "${B:-}", "" },
        { "${B:-${A}}", "a value" },
        { "${B:-${C:-deep}}", "deep" },
        { "${A:?must be set}", "a value" },
        { "${P|url}", "p%40ss%2Fw%C3%B6rd%25" },
        { "$$A costs $$5", "$A costs $5" },
        { "$${A}", "${A}" },
        { "$A $", "$A $" },
        { "'$$$'", "$$" },
    };

    (void)setenv("A", "a value", 1);
    (void)setenv("P", "p@ss/wörd%", 1);
    (void)setenv("EMPTY", "", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];

        (void)snprintf(text, sizeof text, "report_file: %s\n", rows[i].text);
        assert_loads(text);
        assert_string_equal(config->report_file, rows[i].expected);
    }
}

static void a_filled_in_value_is_not_filled_in_again(void **state)
{
    (void)state;
    (void)setenv("A", "${B} $$", 1);
    assert_loads("report_file: ${A}\n");
    assert_string_equal(config->report_file, "${B} $$");
}

static void assert_tables(const char *first, const char *second)
{
    assert_int_equal(config->verify.table_count, 2);
    assert_string_equal(config->verify.tables[0].name, first);
    assert_string_equal(config->verify.tables[1].name, second);
}

static void a_list_may_come_from_variables_wherever_it_stands(void **state)
{
    (void)state;
    (void)setenv("ONE", "users", 1);
    (void)setenv("TWO", "users, plans", 1);
    (void)setenv("PRIV", "Select", 1);
    assert_loads("verify: {tables: '${TWO}'}\n");
    assert_tables("users", "plans");
    (void)setenv("PGENTRY_VERIFY_TABLES", "${NONE:-users,plans}", 1);
    assert_loads(NULL);
    assert_tables("users", "plans");
    (void)setenv("PGENTRY_VERIFY_TABLES", "${ONE},plans", 1);
    assert_loads(NULL);
    assert_tables("users", "plans");
    (void)unsetenv("PGENTRY_VERIFY_TABLES");
    assert_loads("verify: {tables: [{name: users, privileges: ['${PRIV}', INSERT]}]}\n");
    assert_string_equal(config->verify.tables[0].privileges.items[0], "select");
    assert_string_equal(config->verify.tables[0].privileges.items[1], "insert");
}

static void a_list_from_a_variable_names_no_table_twice(void **state)
{
    (void)state;
    (void)setenv("TWO", "users,users", 1);
    assert_refused("verify: {tables: '${TWO}'}\n",
                   "pgentry.yaml:1:18: verify.tables lists users twice, first at line 1");
}

static void a_filled_in_list_is_not_filled_in_again(void **state)
{
    (void)state;
    (void)setenv("A", "${B}, c", 1);
    (void)setenv("B", "oops", 1);
    assert_loads("verify: {tables: '${A}'}\n");
    assert_tables("${B}", "c");
    (void)setenv("PGENTRY_VERIFY_TABLES", "$${B},c$$d", 1);
    assert_loads(NULL);
    assert_tables("${B}", "c$d");
}

static void what_is_not_set_or_empty_is_an_error(void **state)
{
    (void)state;
    (void)setenv("EMPTY", "", 1);
    assert_refused("report_file: ${NOPE}\n", "pgentry.yaml:1:14: NOPE is not set");
    assert_refused("report_file: ${EMPTY}\n", "pgentry.yaml:1:14: EMPTY is empty");
    assert_refused("report_file: ${NOPE|url}\n", "pgentry.yaml:1:14: NOPE is not set");
    assert_refused("report_file: ${NOPE:?give me one}\n", "pgentry.yaml:1:14: NOPE is not set: give me one");
    assert_refused("report_file: x\nverify: {tables: [a, '${NOPE}']}\n", "pgentry.yaml:2:22: NOPE is not set");
}

static void what_another_value_goes_before_need_not_be_there(void **state)
{
    (void)state;
    (void)setenv("TOKEN_FILE", "nowhere", 1);
    set("health.token=direct");
    assert_loads("health: {token: '${TOKEN}${NOPE}'}\n");
    assert_string_equal(config->health.token, "direct");
}

static void all_that_is_not_set_in_one_text_is_told_in_one_go(void **state)
{
    (void)state;
    (void)setenv("DB_NAME_FILE", "nowhere", 1);
    assert_false(load("database: {url: 'postgres://${DB_USER}:${DB_PASSWORD|url}@${DB_HOST:?the server}/"
                      "${DB_NAME}?application_name=${NONE:-${DB_USER}}${A+x}'}\n"));
    assert_int_equal(errors.count, 5);
    assert_true(said("pgentry.yaml:1:17: DB_USER is not set"));
    assert_true(said("pgentry.yaml:1:17: DB_PASSWORD is not set"));
    assert_true(said("pgentry.yaml:1:17: DB_HOST is not set: the server"));
    assert_true(said("pgentry.yaml:1:17: DB_NAME_FILE names nowhere, which cannot be read: No such file or directory"));
    assert_true(said("pgentry.yaml:1:17: ${A+x} is not understood"));
}

static void what_is_not_understood_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = { "${",      "a${A",   "${}",      "${1A}",  "${A-x}",
                                       "${A:+x}", "${A B}", "${A|hex}", "${a.b}", "${A:-${B}" };

    (void)setenv("A", "1", 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];

        (void)snprintf(text, sizeof text, "report_file: '%s'\n", bad[i]);
        if (load(text)) {
            fail_msg("%s was read as %s", bad[i], config->report_file);
        }
        assert_int_equal(errors.count, 1);
        assert_memory_equal(errors.items[0], "pgentry.yaml:1:14: ", 19);
    }
}

static void nesting_and_growth_are_bounded(void **state)
{
    (void)state;
    static char text[20000], value[60000];
    char *end = stpcpy(text, "report_file: ");

    for (int i = 0; i < 20; i++) {
        end = stpcpy(end, "${NOPE:-");
    }
    for (int i = 0; i < 20; i++) {
        end = stpcpy(end, "}");
    }
    assert_refused(text, "pgentry.yaml:1:14: ${…} nested more than 8 deep");

    memset(value, 'x', sizeof value - 1);
    (void)setenv("A", value, 1);
    end = stpcpy(text, "report_file: ");
    for (int i = 0; i < 1000; i++) {
        end = stpcpy(end, "${A}");
    }
    assert_refused(text, "pgentry.yaml:1:14: with its variables filled in it is larger than 1 MiB");
}

static void what_a_shell_or_the_database_reads_is_left_alone(void **state)
{
    (void)state;
    (void)setenv("A", "filled", 1);
    assert_loads("migrate:\n"
                 "  before: [{run: 'echo ${A} $$', env: {X: '${A}', Y: '${NOPE}'}}]\n"
                 "  steps: [{run: [echo, '${A}', '$$']}]\n"
                 "  after: [{sql: '${B}.sql'}]\n"
                 "verify: {asserts: [{name: n, sql: 'select ${A} $$'}]}\n");
    assert_string_equal(config->migrate.before.items[0].shell, "echo ${A} $$");
    assert_string_equal(config->migrate.before.items[0].env[0].value, "${A}");
    assert_string_equal(config->migrate.before.items[0].env[1].value, "${NOPE}");
    assert_string_equal(config->migrate.steps.items[0].argv.items[1], "${A}");
    assert_string_equal(config->migrate.steps.items[0].argv.items[2], "$$");
    assert_string_equal(config->migrate.after.items[0].sql.items[0], "${B}.sql");
    assert_string_equal(config->verify.asserts[0].sql, "select ${A} $$");
}

static void a_mounted_secret_stands_in_for_a_variable(void **state)
{
    (void)state;
    char text[] = "said: t0ken\nline";

    write_file("secret", "t0ken\nline\r\n\n");
    (void)setenv("TOKEN_FILE", "secret", 1);
    assert_loads("migrate: {steps: [{run: x, env: {A: '${TOKEN}'}}]}\nreport_file: ${TOKEN}\n");
    assert_string_equal(config->migrate.steps.items[0].env[0].value, "t0ken\nline");
    assert_string_equal(config->report_file, "t0ken\nline");
    assert_int_equal(config->file_variable_count, 1);
    assert_string_equal(config->file_variables[0].name, "TOKEN");
    assert_string_equal(config->file_variables[0].value, "t0ken\nline");
    mask_string(text);
    assert_string_equal(text, "said: ***");
}

static void what_a_file_held_is_not_shown_in_an_error(void **state)
{
    static const char *const texts[][2] = {
        { "verify: {tables: ['${N}', b, '${N}']}\n",
          "pgentry.yaml:1:30: verify.tables lists *** twice, first at line 1" },
        { "verify: {tables: ['${N}.x.y']}\n", "pgentry.yaml:1:19: verify.tables[0]: \"${N}.x.y\" is neither table nor "
                                              "schema.table: write {schema: …, name: …}" },
        { "migrate: {steps: [{name: '${N}', run: x}, {name: '${N}', run: y}]}\n",
          "pgentry.yaml:1:43: migrate.steps[1]: there is already a step called ***" },
        { "migrate: {steps: [{sql: ['${N}*']}]}\n", "pgentry.yaml:1:26: migrate.steps[0].sql: there is no file ****, "
                                                    "and no pattern is filled in: name the files, in "
                                                    "the order in which they are to run" },
        { "health: {listen: ['unix:/${N}'], placeholder: ['unix:/${N}']}\n",
          "pgentry.yaml:1:48: health.placeholder[0]: \"unix:/***\" is taken by \"unix:/***\" of health.listen" },
    };

    (void)state;
    write_file("secret", "n0tshown\n");
    (void)setenv("N_FILE", "secret", 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_refused(texts[i][0], texts[i][1]);
    }
}

static void a_variable_that_is_set_needs_no_file(void **state)
{
    (void)state;
    (void)setenv("TOKEN", "direct", 1);
    (void)setenv("TOKEN_FILE", "/nowhere", 1);
    assert_loads("health: {token: '${TOKEN}'}\n");
    assert_string_equal(config->health.token, "direct");
    assert_int_equal(config->file_variable_count, 0);
}

static void a_secret_s_file_must_be_a_readable_small_file(void **state)
{
    (void)state;
    static char large[65 * 1024];

    (void)setenv("TOKEN_FILE", "nowhere", 1);
    assert_refused("health: {token: '${TOKEN}'}\n",
                   "pgentry.yaml:1:17: TOKEN_FILE names nowhere, which cannot be read: No such file or directory");
    assert_refused("health: {token: '${TOKEN:-default}'}\n",
                   "pgentry.yaml:1:17: TOKEN_FILE names nowhere, which cannot be read: No such file or directory");
    (void)setenv("TOKEN_FILE", ".", 1);
    assert_refused("health: {token: '${TOKEN}'}\n", "pgentry.yaml:1:17: TOKEN_FILE names ., which is a directory");
    memset(large, 'x', sizeof large);
    write_bytes("large", large, sizeof large);
    (void)setenv("TOKEN_FILE", "large", 1);
    assert_refused("health: {token: '${TOKEN}'}\n",
                   "pgentry.yaml:1:17: TOKEN_FILE names large, which is larger than 64 KiB");
    write_bytes("nul", "a\0b", 3);
    (void)setenv("TOKEN_FILE", "nul", 1);
    assert_refused("health: {token: '${TOKEN}'}\n", "pgentry.yaml:1:17: TOKEN_FILE names nul, which holds a NUL byte");
}

static void a_secret_s_file_that_is_empty_is_named(void **state)
{
    (void)state;
    write_file("empty", "\n");
    (void)setenv("TOKEN_FILE", "empty", 1);
    assert_refused("health: {token: '${TOKEN}'}\n", "pgentry.yaml:1:17: TOKEN_FILE names empty, which is empty");
    assert_refused("health: {token: '${TOKEN:?no token}'}\n",
                   "pgentry.yaml:1:17: TOKEN_FILE names empty, which is empty: no token");
    (void)unsetenv("DATABASE_URL");
    (void)setenv("DATABASE_URL_FILE", "empty", 1);
    assert_false(load(""));
    assert_true(said("(DATABASE_URL_FILE names empty, which is empty)"));
}

static void the_database_s_url_may_be_mounted_without_a_file_of_ours(void **state)
{
    (void)state;
    (void)unsetenv("DATABASE_URL");
    write_file("url", "postgres://u:mounted@db/x\n");
    (void)setenv("DATABASE_URL_FILE", "url", 1);
    assert_loads(NULL);
    assert_string_equal(config->database.url, "postgres://u:mounted@db/x");
    assert_string_equal(config->file_variables[0].name, "DATABASE_URL");
}

static void a_key_s_own_variable_may_be_mounted(void **state)
{
    (void)state;
    write_file("token", "t0${ken}$$\n");
    write_file("url", "postgres://u:mounted@db/x\n");
    write_file("tables", "users, [avatars\n");
    write_file("asserts", "[{name: a, sql: 'select $$x$$'}]\n");
    (void)setenv("PGENTRY_HEALTH_TOKEN", "", 1);
    (void)setenv("PGENTRY_HEALTH_TOKEN_FILE", "token", 1);
    (void)setenv("PGENTRY_DATABASE_URL_FILE", "url", 1);
    (void)setenv("PGENTRY_VERIFY_TABLES_FILE", "tables", 1);
    (void)setenv("PGENTRY_VERIFY_ASSERTS_FILE", "asserts", 1);
    (void)setenv("PGENTRY_WAIT_TIMEOUT_FILE", "", 1);
    assert_loads("health: {token: weaker}\n");
    assert_string_equal(config->health.token, "t0${ken}$$");
    assert_string_equal(config->database.url, "postgres://u:mounted@db/x");
    assert_int_equal(config->verify.table_count, 2);
    assert_string_equal(config->verify.tables[1].name, "[avatars");
    assert_string_equal(config->verify.asserts[0].sql, "select $$x$$");
    assert_int_equal(config->warnings.count, 0);

    char text[] = "said: t0${ken}$$ mounted";

    mask_string(text);
    assert_string_equal(text, "said: *** ***");
    set("health.token=stronger");
    assert_loads(NULL);
    assert_string_equal(config->health.token, "stronger");
}

static void a_key_s_mounted_variable_that_cannot_be_read_is_an_error_unless_the_variable_is_set(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_HEALTH_TOKEN_FILE", "nowhere", 1);
    assert_refused("health: {token: weaker}\n", "PGENTRY_HEALTH_TOKEN_FILE: PGENTRY_HEALTH_TOKEN_FILE names nowhere, "
                                                "which cannot be read: No such file or directory");
    write_file("nowhere", "\n");
    assert_refused("health: {token: weaker}\n", "PGENTRY_HEALTH_TOKEN_FILE: PGENTRY_HEALTH_TOKEN_FILE names nowhere, "
                                                "which is empty");
    (void)setenv("PGENTRY_HEALTH_TOKEN", "direct", 1);
    assert_loads(NULL);
    assert_string_equal(config->health.token, "direct");
}

static void a_value_that_does_not_count_needs_no_variable(void **state)
{
    (void)state;
    write_file("pgentry.yaml", "report_file: ${NOPE}\n");
    (void)setenv("PGENTRY_REPORT_FILE", "x", 1);
    assert_loads(NULL);
    assert_string_equal(config->report_file, "x");
}

static void what_is_empty_once_it_is_filled_in_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_WAIT_TIMEOUT", "${NOPE:-}", 1);
    (void)setenv("PGENTRY_VERIFY_TABLES", "${NOPE:-}", 1);
    (void)setenv("PGENTRY_MIGRATE_STOP", "${NOPE:-}", 1);
    set("app.stop_timeout=${NOPE:-}");
    assert_loads("wait: {timeout: 7s}\nverify: {tables: [users]}\n");
    assert_int_equal(config->wait.timeout, 7000);
    assert_int_equal(config->verify.table_count, 1);
    assert_false(config->app.stop_timeout_set);
    assert_refused("report_file: x\nwait: {timeout: '${NOPE}'}\n", "pgentry.yaml:2:17: NOPE is not set");
}

static void what_is_empty_inside_a_list_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    assert_loads(
        "migrate:\n"
        "  steps:\n"
        "    - {run: [a], name: '${N:-}', attempts: '${N:-}', delay: '${N:-}', timeout: '${N:-}', cwd: '${N:-}'}\n"
        "    - {sql: [b], attempts: '${N:-}', allow_data_loss: '${N:-}'}\n"
        "verify: {tables: [{name: users, schema: '${N:-}'}]}\n");

    const struct step *step = config->migrate.steps.items;

    assert_string_equal(step[0].name, "a");
    assert_int_equal(step[0].attempts, 3);
    assert_int_equal(step[0].delay, 2000);
    assert_int_equal(step[0].timeout, 600000);
    assert_string_equal(step[0].cwd, ".");
    assert_int_equal(step[1].attempts, 1);
    assert_false(step[1].allow_data_loss);
    assert_null(config->verify.tables[0].schema);
    assert_refused("migrate: {steps: [{run: [a], attempts: '${N}'}]}\n", "pgentry.yaml:1:40: N is not set");
    assert_refused("verify: {tables: [{name: '${N:-}'}]}\n", "pgentry.yaml:1:19: verify.tables[0] needs its name");
}

static void a_null_leaves_the_word_to_a_weaker_source_and_to_its_errors(void **state)
{
    (void)state;
    (void)setenv("DIRECT_URL_FILE", "nowhere", 1);
    assert_false(load("database: {direct_url: ~}\n"));
    assert_true(said("DIRECT_URL_FILE names nowhere"));
}

static void a_wrong_value_that_was_filled_in_is_not_shown(void **state)
{
    (void)state;
    (void)setenv("PIN", "7654321", 1);
    assert_refused("wait: {timeout: '${PIN}'}\n",
                   "pgentry.yaml:1:17: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"${PIN}\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(variables_are_filled_in),
        TEST(a_filled_in_value_is_not_filled_in_again),
        TEST(a_list_may_come_from_variables_wherever_it_stands),
        TEST(a_list_from_a_variable_names_no_table_twice),
        TEST(a_filled_in_list_is_not_filled_in_again),
        TEST(what_is_not_set_or_empty_is_an_error),
        TEST(what_another_value_goes_before_need_not_be_there),
        TEST(all_that_is_not_set_in_one_text_is_told_in_one_go),
        TEST(what_is_not_understood_is_an_error),
        TEST(nesting_and_growth_are_bounded),
        TEST(what_a_shell_or_the_database_reads_is_left_alone),
        TEST(a_mounted_secret_stands_in_for_a_variable),
        TEST(a_variable_that_is_set_needs_no_file),
        TEST(what_a_file_held_is_not_shown_in_an_error),
        TEST(a_secret_s_file_must_be_a_readable_small_file),
        TEST(a_secret_s_file_that_is_empty_is_named),
        TEST(the_database_s_url_may_be_mounted_without_a_file_of_ours),
        TEST(a_key_s_own_variable_may_be_mounted),
        TEST(a_key_s_mounted_variable_that_cannot_be_read_is_an_error_unless_the_variable_is_set),
        TEST(a_value_that_does_not_count_needs_no_variable),
        TEST(what_is_empty_once_it_is_filled_in_is_as_if_it_were_not_there),
        TEST(what_is_empty_inside_a_list_is_as_if_it_were_not_there),
        TEST(a_null_leaves_the_word_to_a_weaker_source_and_to_its_errors),
        TEST(a_wrong_value_that_was_filled_in_is_not_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
