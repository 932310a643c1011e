#include "load.h"

static void every_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        { "verfy: {tables: [a]}\n", "1:1: unknown key verfy: did you mean verify?" },
        { "verify:\n  tabels: [a]\n", "2:3: unknown key verify.tabels: did you mean verify.tables?" },
        { "timeout: 5s\n", "1:1: unknown key timeout: did you mean wait.timeout?" },
        { "log: {qqqqqqqq: 1}\n", "1:7: unknown key log.qqqqqqqq: valid here: format, level" },
        { "wait.timeout: 5s\n", "1:1: unknown key wait.timeout: write its parts as maps, as in wait: {timeout: 60s}" },
        { "migrate: {history: prisma}\n", "1:11: unknown key migrate.history: valid here: preset, when, lock, "
                                          "lock_timeout, before, steps, after, stop" },
        { "wait: 5s\n", "1:7: wait must be a map of keys, not a single value" },
        { "wait: {timeout: 60}\n",
          "1:17: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"60\": did you mean 60s?" },
        { "wait: {timeout: [1s]}\n", "1:17: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not a list" },
        { "wait: {timeout: 99999999h}\n",
          "1:17: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"99999999h\"" },
        { "wait: {probe_interval: 0}\n",
          "1:24: wait.probe_interval must not be 0, which would try again without a pause: 1ms is the least" },
        { "wait: {multiplier: 0.5}\n", "1:20: wait.multiplier must be a number from 1 to 100, not \"0.5\"" },
        { "wait: {multiplier: 1e1}\n", "1:20: wait.multiplier must be a number from 1 to 100, not \"1e1\"" },
        { "wait: {multiplier: nan}\n", "1:20: wait.multiplier must be a number from 1 to 100, not \"nan\"" },
        { "wait: {target: read-writ}\n",
          "1:16: wait.target must be read-write or any, not \"read-writ\": did you mean read-write?" },
        { "wait: {also: [redis]}\n", "1:15: wait.also[0]: \"redis\" is no address: the port is missing" },
        { "wait: {also: ['redis://127.0.0.1:6379']}\n",
          "1:15: wait.also[0]: \"redis://127.0.0.1:6379\" is no address: write host:port, without the scheme" },
        { "wait: {also: ['http://search/']}\n",
          "1:15: wait.also[0]: \"http://search/\" is no address: write host:port, without the scheme" },
        { "migrate: {lock: maybe}\n", "1:17: migrate.lock must be true or false, not \"maybe\"" },
        { "migrate: {steps: {}}\n", "1:18: migrate.steps must be a list, like [a, b], not a map" },
        { "migrate: {steps: [x]}\n", "1:19: migrate.steps[0] must be a map with run or sql, not a single value" },
        { "migrate: {steps: [{name: a}]}\n", "1:19: migrate.steps[0] needs run or sql" },
        { "migrate: {steps: [{run: a, sql: b}]}\n", "1:19: migrate.steps[0] needs either run or sql, not both" },
        { "migrate: {steps: [{run: []}]}\n", "1:25: migrate.steps[0].run is empty" },
        { "migrate: {steps: [{run: ' '}]}\n", "1:25: migrate.steps[0].run is empty" },
        { "migrate: {steps: [{run: {a: b}}]}\n", "1:25: migrate.steps[0].run must be a list, like [a, b], not a map" },
        { "migrate: {steps: [{run: [a, [b]]}]}\n", "1:29: migrate.steps[0].run[1] must be a text, not a list" },
        { "migrate: {steps: [{run: a, attempts: 0}]}\n",
          "1:38: migrate.steps[0].attempts must be a whole number from 1 to 1000, not \"0\"" },
        { "migrate: {steps: [{run: a, attempts: 1.5}]}\n",
          "1:38: migrate.steps[0].attempts must be a whole number from 1 to 1000, not \"1.5\"" },
        { "migrate: {steps: [{run: a, env: [A]}]}\n",
          "1:33: migrate.steps[0].env must be a map, like {NAME: value}, not a list" },
        { "migrate: {steps: [{run: a, env: {'A=B': x}}]}\n",
          "1:34: migrate.steps[0].env: \"A=B\" is no name of a variable" },
        { "migrate: {steps: [{run: a, atempts: 2}]}\n",
          "1:28: unknown key atempts in migrate.steps[0]: did you mean attempts?" },
        { "migrate: {steps: [{name: a, run: x}, {name: a, run: y}]}\n",
          "1:38: migrate.steps[1]: there is already a step called a" },
        { "migrate: {steps: [{run: a}, {run: \" \\n a\\nb\"}]}\n",
          "1:29: migrate.steps[1]: there is already a step called a" },
        { "migrate: {before: [{run: a, attempts: 2}]}\n",
          "1:39: migrate.before[0].attempts: steps of migrate.before have one attempt" },
        { "verify: {tables: users}\n", "1:18: verify.tables must be a list, like [a, b], not \"users\"" },
        { "verify: {tables: [{columns: [a]}]}\n", "1:19: verify.tables[0] needs its name" },
        { "verify: {tables: [[a]]}\n",
          "1:19: verify.tables[0] must be a table's name or a map with its name, not a list" },
        { "verify: {tables: [a, '']}\n", "1:22: verify.tables[1] must not be empty" },
        { "verify: {extensions: [a, ~]}\n", "1:26: verify.extensions[1] must be a text, not nothing" },
        { "migrate: {steps: [{run: [a, null]}]}\n", "1:29: migrate.steps[0].run[1] must be a text, not nothing" },
        { "verify: {tables: [a, ~]}\n",
          "1:22: verify.tables[1] must be a table's name or a map with its name, not nothing" },
        { "verify: {tables: [a.b.c]}\n",
          "1:19: verify.tables[0]: \"a.b.c\" is neither table nor schema.table: write {schema: …, name: …}" },
        { "verify: {tables: [.b]}\n",
          "1:19: verify.tables[0]: \".b\" is neither table nor schema.table: write {schema: …, name: …}" },
        { "verify:\n  tables:\n  - a\n  - b\n  - {name: a}\n", "5:5: verify.tables lists a twice, first at line 3" },
        { "verify: {tables: [auth.]}\n",
          "1:19: verify.tables[0]: \"auth.\" is neither table nor schema.table: write {schema: …, name: …}" },
        { "verify: {tables: [a, public.a]}\n", "1:22: verify.tables lists a twice, first at line 1" },
        { "verify: {tables: [{name: a, privileges: [reed]}]}\n",
          "1:42: verify.tables[0].privileges[0] must be select, insert, update, delete, truncate, references or "
          "trigger, not \"reed\"" },
        { "verify: {asserts: [{name: a}]}\n", "1:20: verify.asserts[0] needs its sql" },
        { "verify: {asserts: [{name: a, sql: ''}]}\n", "1:35: verify.asserts[0].sql must not be empty" },
        { "verify: {asserts: [a]}\n", "1:20: verify.asserts[0] must be a map with name and sql, not a single value" },
        { "app: {stop_signal: TREM}\n", "1:20: app.stop_signal must be same, or a signal like TERM, SIGQUIT or 15, not "
                                        "\"TREM\": did you mean TERM?" },
        { "app: {ok_exit: [256]}\n", "1:17: app.ok_exit[0] must be a whole number from 0 to 255, not \"256\"" },
        { "app: {ok_exit: [-1]}\n", "1:17: app.ok_exit[0] must be a whole number from 0 to 255, not \"-1\"" },
        { "health: {listen: ['127.0.0.1:99999']}\n",
          "1:19: health.listen[0]: \"127.0.0.1:99999\" is no address: a port is a number from 1 to 65535" },
        { "health: {listen: [':1', '*:19183']}\n",
          "1:25: health.listen[1]: \"*:19183\" is no address: listen on a number like 127.0.0.1 or [::1], or on "
          "localhost" },
        { "health: {listen: ['127.0.0.1:1'], placeholder: [':2', ':1']}\n",
          "1:55: health.placeholder[1]: \":1\" is taken by \"127.0.0.1:1\" of health.listen" },
        { "health: {placeholder: ['localhost:9180']}\n",
          "1:24: health.placeholder[0]: \"localhost:9180\" is taken by \"127.0.0.1:9180\" of health.listen" },
        { "health: {listen: ['127.0.0.1:1', ':2', '0.0.0.0:1']}\n",
          "1:40: health.listen[2]: \"0.0.0.0:1\" is taken by \"127.0.0.1:1\" of health.listen" },
        { "health: {listen: [], placeholder: ['127.0.0.1:1', ':2', ':1']}\n",
          "1:57: health.placeholder[2]: \":1\" is taken by \"127.0.0.1:1\" of health.placeholder" },
        { "health: {listen: [], placeholder: ['unix:/run/a', 'unix:/run/a']}\n",
          "1:51: health.placeholder[1]: \"unix:/run/a\" is taken by \"unix:/run/a\" of health.placeholder" },
        { "health: {failures: 0}\n", "1:20: health.failures must be a whole number from 1 to 1000, not \"0\"" },
        { "- a\n", "1:1: the configuration must be a map of keys, not a list" },
        { "words\n", "1:1: the configuration must be a map of keys, not a single value" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char message[512];

        (void)snprintf(message, sizeof message, "pgentry.yaml:%s", rows[i].message);
        assert_refused(rows[i].text, message);
    }
}

static void steps_that_run_nothing_are_not_called_the_same(void **state)
{
    (void)state;
    assert_false(load("migrate: {steps: [{run: ''}, {run: ' '}, {run: []}]}\n"));
    assert_int_equal(errors.count, 3);
    for (size_t i = 0; i < errors.count; i++) {
        assert_non_null(strstr(errors.items[i], ".run is empty"));
    }
}

static void sql_is_files_not_a_folder_or_a_pattern(void **state)
{
    (void)state;
    write_file("db/sql/10_b.sql", "");
    write_file("db/sql/02_a.sql", "");
    write_file("db/sql/notes.md", "");
    write_file("db/empty/notes.md", "");
    write_file("db/what?.sql", "");
    assert_loads("migrate: {steps: [{sql: [db/sql/02_a.sql, missing.sql, \"db/what?.sql\"]}]}\n");
    assert_refused("migrate: {steps: [{sql: [db/what?.sql, db/sql]}]}\n",
                   "pgentry.yaml:1:40: migrate.steps[0].sql: db/sql is a folder: name the files, in the order in which "
                   "they are to run: db/sql/02_a.sql, db/sql/10_b.sql");
    assert_refused("migrate: {after: [{sql: ./sql/, cwd: db}]}\n",
                   "pgentry.yaml:1:25: migrate.after[0].sql: ./sql/ is a folder: name the files, in the order in which "
                   "they are to run: ./sql/02_a.sql, ./sql/10_b.sql");
    assert_refused("migrate: {steps: [{sql: db/empty}]}\n",
                   "pgentry.yaml:1:25: migrate.steps[0].sql: db/empty is a folder: name the files, in the order in "
                   "which they are to run");
    write_file("db/sql/11_c.sql", "");
    write_file("db/sql/12_d.sql", "");
    set("migrate.steps=[{sql: db/sql}]");
    assert_refused("", "--set migrate.steps: migrate.steps[0].sql: db/sql is a folder: name the files, in the order in "
                       "which they are to run: db/sql/02_a.sql, db/sql/10_b.sql, db/sql/11_c.sql, …");
    request.setting_count = 0;
    for (const char *pattern = "sql/*.sql\0sql/?.sql\0sql/[a-z].sql\0"; *pattern; pattern += strlen(pattern) + 1) {
        char text[128], message[256];

        (void)snprintf(text, sizeof text, "migrate: {steps: [{sql: [\"%s\"]}]}\n", pattern);
        (void)snprintf(
            message, sizeof message,
            "pgentry.yaml:1:26: migrate.steps[0].sql: there is no file %s, and no pattern is filled in: name "
            "the files, in the order in which they are to run",
            pattern);
        assert_refused(text, message);
    }
}

static void names_that_postgresql_would_cut_are_refused(void **state)
{
    (void)state;
    static const char *const forms[][2] = {
        { "verify: {tables: ['", "']}\n" },
        { "verify: {tables: ['", ".a']}\n" },
        { "verify: {tables: ['a.", "']}\n" },
        { "verify: {tables: [{name: '", "'}]}\n" },
        { "verify: {tables: [{name: a, schema: '", "'}]}\n" },
        { "verify: {tables: [{name: a, columns: ['", "']}]}\n" },
        { "verify: {tables: [{name: a, indexes: ['", "']}]}\n" },
        { "verify: {extensions: ['", "']}\n" },
        { "verify: {schema: '", "'}\n" },
    };
    char name[65] = { 0 }, text[256];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        memset(name, 'x', 64);
        (void)snprintf(text, sizeof text, "%s%s%s", forms[i][0], name, forms[i][1]);
        assert_false(load(text));
        assert_int_equal(errors.count, 1);
        assert_true(said("is 64 bytes long: PostgreSQL cuts names after 63"));
        name[63] = '\0';
        (void)snprintf(text, sizeof text, "%s%s%s", forms[i][0], name, forms[i][1]);
        assert_loads(text);
    }
    memset(name, 'x', 64);
    (void)snprintf(text, sizeof text, "database: {url: 'postgres://h/d?schema=%s'}\n", name);
    assert_false(load(text));
    assert_true(said("is 64 bytes long"));
}

static void all_errors_come_in_one_go(void **state)
{
    (void)state;
    (void)setenv("PGENTRY_APP_KILL_GROUP", "perhaps", 1);
    set("log.level=loud");
    set("wait.timeot=1s");
    assert_false(load("wait: {timeout: soon}\nmigrate:\n  lokc: true\n  steps: [{run: [prisma, migrate, reset]}]\n"
                      "verify: {interval: often, tables: [a, a]}\n"));
    assert_int_equal(errors.count, 8);
    assert_true(said("pgentry.yaml:1:17: wait.timeout"));
    assert_true(said("pgentry.yaml:3:3: unknown key migrate.lokc: did you mean migrate.lock?"));
    assert_true(said("pgentry.yaml:4:"));
    assert_true(said("pgentry.yaml:5:20: verify.interval"));
    assert_true(said("pgentry.yaml:5:39: verify.tables lists a twice"));
    assert_true(said("PGENTRY_APP_KILL_GROUP: app.kill_group must be true or false, not \"perhaps\""));
    assert_true(said("--set log.level: log.level must be debug, info, warn or error, not \"loud\""));
    assert_true(said("--set wait.timeot: unknown key wait.timeot: did you mean wait.timeout?"));
}

static void errors_come_in_the_order_of_the_file(void **state)
{
    static const char *const places[] = { "pgentry.yaml:1:1: ", "pgentry.yaml:2:17: ", "pgentry.yaml:2:38: ",
                                          "pgentry.yaml:10:11: ", "pgentry.yaml:11:3: " };

    (void)state;
    assert_false(load("verfy: {}\nhealth: {token: '${NONE}', failures: 0}\n\n\n\n\n\n\nwait:\n"
                      "  target: x\n  timeuot: 1s\n"));
    assert_int_equal(errors.count, 5);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_memory_equal(errors.items[i], places[i], strlen(places[i]));
    }
}

static void a_wrong_value_is_told_although_it_is_overridden(void **state)
{
    (void)state;
    set("wait.timeout=1s");
    assert_refused("wait: {timeout: soon}\n",
                   "pgentry.yaml:1:17: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"soon\"");
}

static void a_setting_is_checked_as_the_file_is(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        const char *message;
    } rows[] = {
        { "wait.timeout=soon",
          "--set wait.timeout: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"soon\"" },
        { "wait.timeout=",
          "--set wait.timeout: wait.timeout must be a duration like 250ms, 2s, 5m, 1h or 0, not \"\"" },
        { "wait.timeout", "--set wait.timeout: expected KEY=VALUE" },
        { "", "--set : expected KEY=VALUE" },
        { "wait=1", "--set wait: wait is a group of keys; valid here: timeout, connect_timeout, probe_interval, "
                    "initial_delay, max_delay, multiplier, permanent_grace, target, also" },
        { "migrate.steps.0.attempts=2",
          "--set migrate.steps.0.attempts: what is inside migrate.steps can only be set in the file" },
        { "migrate.steps[0].attempts=2",
          "--set migrate.steps[0].attempts: what is inside migrate.steps can only be set in the file" },
        { "migrate.history=prisma",
          "--set migrate.history: unknown key migrate.history: valid here: preset, when, lock, "
          "lock_timeout, before, steps, after, stop" },
        { "health.listen=a,:1", "--set health.listen: health.listen[0]: \"a\" is no address: the port is missing" },
        { "verify.tables=[a", "--set verify.tables: not valid YAML: did not find expected ',' or ']', while parsing a "
                              "flow sequence" },
        { "verify.tables=[", "--set verify.tables: not valid YAML: did not find expected node content, while parsing a "
                             "flow node" },
        { "verify.tables= [a, b", "--set verify.tables: not valid YAML: did not find expected ',' or ']', while "
                                  "parsing a flow sequence" },
        { "verify.tables=[a] b", "--set verify.tables: not valid YAML: did not find expected <document start>" },
        { "verify.tables=[a: {]",
          "--set verify.tables: not valid YAML: did not find expected node content, while parsing a flow node" },
        { "report_file=\xff", "--set report_file: report_file is not UTF-8" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request.setting_count = 0;
        set(rows[i].assignment);
        assert_refused(NULL, rows[i].message);
    }
    request.setting_count = 0;
    settings[request.setting_count++] = (struct setting){ "log.level=loud", "--log-level" };
    assert_refused(NULL, "--log-level: log.level must be debug, info, warn or error, not \"loud\"");
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    static char large[(1 << 20) + 1];

    request.file = "nowhere.yaml";
    assert_refused(NULL, "nowhere.yaml: cannot be read: No such file or directory");
    request.file = ".";
    assert_refused(NULL, ".: is a directory");
    request.file = "pipe";
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_refused(NULL, "pipe: is not a regular file");
    request.file = "large.yaml";
    memset(large, '#', sizeof large);
    write_bytes("large.yaml", large, sizeof large);
    assert_refused(NULL, "large.yaml: is larger than 1 MiB");
    request.file = NULL;
    assert_int_equal(mkdir("pgentry.yaml", 0700), 0);
    assert_refused(NULL, "pgentry.yaml: is a directory");
}

static void a_file_masked_by_the_null_device_is_empty(void **state)
{
    (void)state;
    request.file = "/dev/null";
    assert_loads(NULL);
    assert_int_equal(symlink("/dev/zero", "endless.yaml"), 0);
    request.file = "endless.yaml";
    assert_refused(NULL, "endless.yaml: is not a regular file");
}

static void no_error_holds_a_secret(void **state)
{
    (void)state;
    (void)setenv("SECRET", "s3cret", 1);
    assert_false(load("health: {token: [s3cret]}\nwait: {timeout: '${SECRET}', also: ['${SECRET}']}\n"
                      "database: {url: {a: s3cret}}\nlog: {level: 'redis://u:s3cret@h'}\nverify: {tables: "
                      "['${SECRET}.${SECRET}.${SECRET}']}\n"));
    assert_int_equal(errors.count, 6);
    for (size_t i = 0; i < errors.count; i++) {
        assert_null(strstr(errors.items[i], "s3cret"));
    }
}

static void a_token_that_no_request_can_carry_is_refused_and_not_shown(void **state)
{
    (void)state;
    static char token[HEALTH_TOKEN_MAX + 2];
    static const char *const carried[] = { "a b", "p\xC3\xA4ss", "a\tb", "~" };
    static const char *const refused[] = { "s3cret\n", "s3\rcret", "s3\x01", "\x7F" };

    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        (void)setenv("PGENTRY_HEALTH_TOKEN", carried[i], 1);
        assert_loads("");
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        (void)setenv("PGENTRY_HEALTH_TOKEN", refused[i], 1);
        assert_refused("", "PGENTRY_HEALTH_TOKEN: health.token holds a control character, which no request can carry");
    }
    memset(token, 'a', HEALTH_TOKEN_MAX);
    (void)setenv("PGENTRY_HEALTH_TOKEN", token, 1);
    assert_loads("");
    token[HEALTH_TOKEN_MAX] = 'a';
    (void)setenv("PGENTRY_HEALTH_TOKEN", token, 1);
    assert_refused("",
                   "PGENTRY_HEALTH_TOKEN: health.token is too long to be sent: at most 15360 bytes fit into a request");
}

static void nothing_said_about_a_database_is_an_error_that_says_what_to_do(void **state)
{
    (void)state;
    static const char message[] =
        "no database is configured: set DATABASE_URL, or PGHOST and the other PG* variables, or "
        "database.url in pgentry.yaml";
    char expected[256];

    (void)unsetenv("DATABASE_URL");
    (void)snprintf(expected, sizeof expected, "database.url: %s", message);
    assert_refused(NULL, expected);
    (void)setenv("DATABASE_URL", "", 1);
    assert_refused("database: {}\n", expected);
    assert_refused("database: {url: '${NOPE:-}'}\n", expected);
    (void)snprintf(expected, sizeof expected, "pgentry.yaml:1:17: %s", message);
    assert_refused("database: {url: '${DATABASE_URL}'}\n", expected);
    assert_refused("database: {url: ''}\n", expected);
    request.database_needed = false;
    assert_loads("database: {url: '${DATABASE_URL}'}\n");
    assert_null(config->database.url);
}

static void more_steps_than_are_told_of_are_refused(void **state)
{
    (void)state;
    char text[4096] = "migrate: {before: [{run: first}], steps: [";

    for (int i = 0; i < 63; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "{run: s%d},", i);
    }

    size_t length = strlen(text);

    (void)snprintf(text + length, sizeof text - length, "]}\n");
    assert_loads(text);
    (void)snprintf(text + length, sizeof text - length, "{run: last}]}\n");
    assert_refused(text,
                   "pgentry.yaml:1:42: migrate: 65 steps, 64 at most: a raw SQL step takes many files, a shell step "
                   "many commands");
}

static void of_a_list_with_too_many_steps_no_step_is_read(void **state)
{
    (void)state;
    char text[4096] = "migrate:\n  steps: [{run: same}";

    for (int i = 1; i < 100; i++) {
        (void)strcat(text, ", {run: same}, {}");
    }
    assert_refused(strcat(text, "]\n"), "pgentry.yaml:2:10: migrate: 199 steps, 64 at most: a raw SQL step takes many "
                                        "files, a shell step many commands");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_mistake_is_named_with_its_place),
        TEST(steps_that_run_nothing_are_not_called_the_same),
        TEST(sql_is_files_not_a_folder_or_a_pattern),
        TEST(names_that_postgresql_would_cut_are_refused),
        TEST(all_errors_come_in_one_go),
        TEST(errors_come_in_the_order_of_the_file),
        TEST(a_wrong_value_is_told_although_it_is_overridden),
        TEST(a_setting_is_checked_as_the_file_is),
        TEST(a_file_that_cannot_be_read_is_an_error),
        TEST(a_file_masked_by_the_null_device_is_empty),
        TEST(no_error_holds_a_secret),
        TEST(a_token_that_no_request_can_carry_is_refused_and_not_shown),
        TEST(more_steps_than_are_told_of_are_refused),
        TEST(of_a_list_with_too_many_steps_no_step_is_read),
        TEST(nothing_said_about_a_database_is_an_error_that_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
