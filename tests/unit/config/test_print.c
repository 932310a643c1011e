#include "load.h"

#include "config/keys.h"
#include "config/secret.h"

#include <fcntl.h>

/* Standard output of a function, in a file of the test's folder. */
static char *output_of(void (*print)(const struct config *printed), const struct config *printed)
{
    static char buffer[1 << 17];
    int kept = dup(STDOUT_FILENO), file = open("output", O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(kept >= 0 && file >= 0);
    (void)fflush(stdout);
    (void)dup2(file, STDOUT_FILENO);
    print(printed);
    (void)fflush(stdout);
    (void)dup2(kept, STDOUT_FILENO);
    (void)close(kept);

    ssize_t length = pread(file, buffer, sizeof buffer - 1, 0);

    (void)close(file);
    assert_true(length > 0);
    buffer[length] = '\0';
    return buffer;
}

static void print_reference(const struct config *unused)
{
    (void)unused;
    config_reference();
}

static void print_schema(const struct config *unused)
{
    (void)unused;
    config_json_schema();
}

static bool has_line(const char *text, const char *line)
{
    for (const char *found = strstr(text, line); found; found = strstr(found + 1, line)) {
        if ((found == text || found[-1] == '\n') && found[strlen(line)] == '\n') {
            return true;
        }
    }
    return false;
}

static void every_value_tells_where_it_came_from(void **state)
{
    (void)state;
    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    (void)setenv("PGENTRY_WAIT_TIMEOUT", "22s", 1);
    (void)setenv("PGENTRY_WAIT_MAX_DELAY", "${NOPE:-}", 1);
    set("wait.initial_delay=70ms");
    settings[request.setting_count++] = (struct setting){ "log.level=debug", "--log-level" };
    assert_loads("wait:\n  max_delay: 3s\nverify:\n  tables:\n    - users\n");

    const char *text = output_of(config_print, config);

    assert_true(has_line(text, "  max_delay: 3s # from pgentry.yaml:2:14"));
    assert_true(has_line(text, "  timeout: 22s # PGENTRY_WAIT_TIMEOUT"));
    assert_true(has_line(text, "  initial_delay: 70ms # --set"));
    assert_true(has_line(text, "  level: debug # --log-level"));
    assert_true(has_line(text, "  steps: # preset prisma"));
    assert_true(has_line(text, "  preset: prisma # default: auto"));
    assert_true(has_line(text, "  tables: # from pgentry.yaml:5:5"));
    assert_true(has_line(text, "on_failure: exit # default"));
}

static void a_variable_that_a_default_names_is_its_origin(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", "postgresql://db/shop?schema=app", 1);
    assert_loads(NULL);

    const char *text = output_of(config_print, config);

    assert_true(has_line(text, "  url: \"postgresql://db/shop?schema=app\" # DATABASE_URL"));
    assert_true(has_line(text, "  direct_url: \"\" # default"));
    assert_true(has_line(text, "  schema: app # database.url"));

    write_file("direct", "postgresql://db/direct\n");
    (void)unsetenv("DATABASE_URL");
    (void)setenv("DATABASE_URL_FILE", "direct", 1);
    (void)setenv("DIRECT_URL", "postgresql://db/other", 1);
    assert_loads(NULL);
    text = output_of(config_print, config);
    assert_true(has_line(text, "  url: \"postgresql://db/direct\" # DATABASE_URL_FILE"));
    assert_true(has_line(text, "  direct_url: \"postgresql://db/other\" # DIRECT_URL"));
    assert_true(has_line(text, "  schema: public # default"));
}

static void no_secret_is_printed(void **state)
{
    (void)state;
    (void)setenv("DIRECT_URL", "host=x password=an0ther#", 1);
    (void)setenv("K_FILE", "k", 1);
    write_file("k", "f1lesecret\n");
    assert_loads("health: {token: t0ps3cret}\nreport_file: /x/${K}\n"
                 "migrate: {steps: [{name: 'n', run: 'psql postgres://u:pw0rd@h/d', env: {A: '${K}'}}]}\n");

    const char *text = output_of(config_print, config);

    assert_null(strstr(text, "s3cret"));
    assert_null(strstr(text, "an0ther"));
    assert_null(strstr(text, "pw0rd"));
    assert_null(strstr(text, "f1lesecret"));
    assert_true(has_line(text, "  url: \"postgresql://app:***@db/shop\" # DATABASE_URL"));
    assert_true(has_line(text, "  direct_url: \"host=x password=***\" # DIRECT_URL"));
    assert_true(has_line(text, "  token: \"***\" # from pgentry.yaml:1:17"));
}

static void a_step_s_variable_that_was_filled_in_is_shown_as_it_was_written(void **state)
{
    (void)state;
    (void)setenv("SEC", "n0t-shown", 1);
    assert_loads(
        "migrate: {steps: [{name: n, run: x, env: {A: 'x-${SEC}', B: '${NOPE:-$$}', C: 'a$$b', D: plain}}]}\n");

    const char *text = output_of(config_print, config);

    assert_true(has_line(text, "      env: {A: \"x-${SEC}\", B: \"${NOPE:-$$}\", C: \"a$$b\", D: plain}"));
    assert_null(strstr(text, "n0t-shown"));
}

static void a_mounted_value_tells_whose_it_is(void **state)
{
    (void)state;
    write_file("token", "t0ps3cret\n");
    (void)setenv("PGENTRY_HEALTH_TOKEN_FILE", "token", 1);
    assert_loads(NULL);
    assert_true(has_line(output_of(config_print, config), "  token: \"***\" # PGENTRY_HEALTH_TOKEN_FILE"));
}

static void a_password_in_a_keyword_string_or_a_query_is_hidden_to_its_end(void **state)
{
    static const char *const strings[] = { "host=x password='it\\'s s3cret'",
                                           "host=x password=it\\'s\\ s3cret",
                                           "host=x password\t=\t's3cret'",
                                           "host=x password = \t s3cret",
                                           "host=x password=a&b;s3cret user=u",
                                           "host=x password=a=b&c=d\\ s3cret",
                                           "jdbc:postgresql://h/d?password=a;s3cret&user=u",
                                           "postgresql://u@h/d?user=x&password=a;s3cret" };
    static const char *const shown[] = { "host=x password='***'",
                                         "host=x password=***",
                                         "host=x password\\t=\\t'***'",
                                         "host=x password = \\t ***",
                                         "host=x password=*** user=u",
                                         "host=x password=***",
                                         "jdbc:postgresql://h/d?password=***&user=u",
                                         "postgresql://u@h/d?user=x&password=***" };

    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        (void)setenv("DATABASE_URL", strings[i], 1);
        assert_loads(NULL);

        const char *text = output_of(config_print, config);

        assert_true(has_line(text, arena_printf(arena, "  url: \"%s\" # DATABASE_URL", shown[i])));
        assert_null(strstr(mask_copy(arena, strings[i]), "s3cret"));
    }
}

static void the_key_of_a_prisma_url_is_hidden(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", "prisma+postgres://localhost:51213/?api_key=s3cret", 1);
    (void)setenv("DIRECT_URL", "postgres://db/app", 1);
    assert_loads(NULL);
    assert_true(has_line(output_of(config_print, config),
                         "  url: \"prisma+postgres://localhost:51213/?api_key=***\" # DATABASE_URL"));
}

static void every_line_of_the_password_file_is_a_secret(void **state)
{
    (void)state;
    write_file("passfile",
               "# db:5432:*:app:c0mment\r\ndb:5432:*:app:f1rst\nother\\:x:*:*:bob:s3c\\:ond\\\\\nbroken:line");
    (void)setenv("PGPASSFILE", "passfile", 1);
    assert_loads(NULL);
    assert_string_equal(mask_copy(arena, "f1rst s3c:ond\\ s3c\\:ond\\\\ c0mment line"), "*** *** *** c0mment line");
}

/* What may or may not be a part of it: both ways are masked. */
static void a_password_that_a_semicolon_ends_is_a_secret_by_itself(void **state)
{
    static const char *const strings[] = { "Host=h;Password=hush1;Database=d", "password=hush1; ./migrate",
                                           "psql \"host=h password=hush1\"; echo" };

    struct arena *room = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        mask_wipe();
        secret_of_url(strings[i]);
        assert_string_equal(mask_copy(room, "it is hush1"), "it is ***");
    }
    mask_wipe();
    secret_of_url("password=p1secret;sslpassword=p2secret");
    assert_string_equal(mask_copy(room, "p1secret p2secret"), "*** ***");
    mask_wipe();
    secret_of_url("jdbc:sqlserver://srv:1433;database=db;user=app@srv;password=hush1"); /* no port is a secret */
    assert_string_equal(mask_copy(room, "port 1433 hush1"), "port 1433 ***");
    mask_wipe();
    secret_of_url("host=h password=e;b-hush1");
    assert_string_equal(mask_copy(room, "every letter e;b-hush1"), "every letter ***");
    arena_free(room);
}

static void a_word_that_happens_to_be_a_password_is_no_secret_of_ours(void **state)
{
    (void)state;
    (void)setenv("DATABASE_URL", "postgres://app:app@db/app", 1);
    assert_loads("migrate:\n"
                 "  steps:\n"
                 "    - {run: [node, app.js, 'postgres://app:app@db/app'], cwd: app, env: {B: app}}\n"
                 "    - {name: app migration, sql: [app.sql]}\n"
                 "verify: {tables: [app], asserts: [{name: app, sql: select app}]}\n"
                 "app: {user: app}\n"
                 "health: {listen: ['unix:/run/app']}\n"
                 "report_file: /var/app/report.json\n");
    assert_string_equal(config->migrate.steps.items[0].name, "node app.js postgres://app:***@db/app");

    const char *text = output_of(config_print, config);

    assert_true(has_line(text, "    - name: \"node app.js postgres://app:***@db/app\""));
    assert_true(has_line(text, "      run: [node, app.js, \"postgres://app:***@db/app\"]"));
    assert_true(has_line(text, "      cwd: app"));
    assert_true(has_line(text, "      env: {B: \"***\"}"));
    assert_true(has_line(text, "    - name: \"app migration\""));
    assert_true(has_line(text, "      sql: [app.sql]"));
    assert_true(has_line(text, "    - name: app"));
    assert_true(has_line(text, "      sql: \"select app\""));
    assert_non_null(strstr(text, "  user: app # from"));
    assert_non_null(strstr(text, "  listen: [\"unix:/run/app\"] # from"));
    assert_non_null(strstr(text, "report_file: /var/app/report.json # from"));
}

static void strip_comments(char *text)
{
    char *out = text;

    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        char *comment = strstr(line, " # ");
        size_t kept = comment && comment < line + length ? (size_t)(comment - line) : length;
        char *next = line + length + (line[length] == '\n');

        memmove(out, line, kept);
        out += kept;
        *out++ = '\n';
        line = next;
    }
    *out = '\0';
}

static void what_is_printed_reads_back_the_same(void **state)
{
    (void)state;
    static char first[1 << 17];

    write_file("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n");
    assert_loads("wait: {timeout: 90s, multiplier: 1.23456789, also: ['[::1]:6379', /run/x.sock]}\n"
                 "migrate:\n"
                 "  before: [{run: 'echo \"${HERE:-x}\" $$', env: {A: 'a $$ ${B}'}, cwd: '$$'}]\n"
                 "  steps: [{run: 'echo \"${HERE:-x}\" $$', env: {A: 'a $$$$ $${B}'}, cwd: '$$'}]\n"
                 "  after: [{name: 'seed: #1', sql: [a.sql, 'b c.sql']}]\n"
                 "verify:\n"
                 "  schema: 'yes'\n"
                 "  tables: [users, auth.sessions, {name: 'a b', columns: ['true', '- x', \"q\\\"uote\"], privileges: "
                 "[select]}]\n"
                 "  extensions: ['uuid-ossp']\n"
                 "  asserts: [{name: \"two\\nlines\", sql: 'select ${x} $$'}]\n"
                 "app: {stop_signal: 15, ok_exit: [143], user: '1000:1000'}\n"
                 "health: {listen: []}\n"
                 "report_file: /tmp/$$$${x}\n");
    (void)strcpy(first, output_of(config_print, config));
    write_file("pgentry.yaml", first);
    assert_loads(NULL);
    assert_true(config->wait.multiplier > 1.23456788 && config->wait.multiplier < 1.2345679);
    assert_string_equal(config->migrate.before.items[0].env[0].value, "a $$ ${B}");
    assert_string_equal(config->migrate.before.items[0].cwd, "$$");
    assert_string_equal(config->migrate.steps.items[0].env[0].value, "a $$ ${B}");
    assert_string_equal(config->migrate.steps.items[0].cwd, "$");
    assert_string_equal(config->verify.asserts[0].name, "two\nlines");
    assert_string_equal(config->report_file, "/tmp/$${x}");

    char *second = output_of(config_print, config);

    strip_comments(first);
    strip_comments(second);
    assert_string_equal(second, first);
}

static void a_line_end_of_unicode_is_printed_so_that_yaml_reads_it_back(void **state)
{
    (void)state;
    assert_loads("migrate: {steps: [{run: [x, \"a \\N b\", \"\\L\\P \\\\N\"]}]}\n");
    write_file("pgentry.yaml", output_of(config_print, config));
    assert_loads(NULL);

    const struct strings *argv = &config->migrate.steps.items[0].argv;

    assert_string_equal(argv->items[1], "a \xC2\x85 b");
    assert_string_equal(argv->items[2], "\u2028\u2029 \\N");
}

static char *read_source(const char *name)
{
    static char buffer[1 << 17];
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/config/%s", SOURCE_DIR, name);
    file = fopen(path, "r");
    assert_non_null(file);

    size_t length = fread(buffer, 1, sizeof buffer - 1, file);

    (void)fclose(file);
    buffer[length] = '\0';
    return buffer;
}

static void the_json_schema_in_the_repository_is_the_table_s(void **state)
{
    (void)state;
    assert_string_equal(output_of(print_schema, NULL), read_source("pgentry.schema.json"));
}

static void the_reference_tells_of_every_key_and_its_variable(void **state)
{
    (void)state;
    const char *text = output_of(print_reference, NULL);
    char words[KEY_VARIABLE_TEXT + 16];

    for (size_t i = 0; i < config_keys.count; i++) {
        char name[KEY_VARIABLE_TEXT];
        bool told = !config_keys.rows[i].preset_only;

        (void)snprintf(words, sizeof words, "\n  %s: ", config_keys.rows[i].path);
        assert_true((strstr(text, words) != NULL) == told);
        (void)snprintf(words, sizeof words, "      %s", key_variable(&config_keys.rows[i], name));
        assert_true(has_line(text, words) == told);
    }
}

static void the_example_holds_every_key_with_its_default(void **state)
{
    (void)state;
    static char defaults[1 << 17];

    assert_loads(NULL);
    (void)strcpy(defaults, output_of(config_print, config));
    assert_loads(read_source("pgentry.yaml"));

    char *example = output_of(config_print, config);

    strip_comments(defaults);
    strip_comments(example);
    assert_string_equal(example, defaults);

    const char *text = read_source("pgentry.yaml");

    for (size_t i = 0; i < config_keys.count; i++) {
        const char *dot = strchr(config_keys.rows[i].path, '.');
        char words[KEY_VARIABLE_TEXT];

        (void)snprintf(words, sizeof words, "%s:", dot ? dot + 1 : config_keys.rows[i].path);
        assert_true(config_keys.rows[i].preset_only || strstr(text, words) != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_value_tells_where_it_came_from),
        TEST(a_variable_that_a_default_names_is_its_origin),
        TEST(no_secret_is_printed),
        TEST(a_step_s_variable_that_was_filled_in_is_shown_as_it_was_written),
        TEST(a_mounted_value_tells_whose_it_is),
        TEST(a_password_in_a_keyword_string_or_a_query_is_hidden_to_its_end),
        TEST(the_key_of_a_prisma_url_is_hidden),
        TEST(every_line_of_the_password_file_is_a_secret),
        TEST(a_password_that_a_semicolon_ends_is_a_secret_by_itself),
        TEST(a_word_that_happens_to_be_a_password_is_no_secret_of_ours),
        TEST(what_is_printed_reads_back_the_same),
        TEST(a_line_end_of_unicode_is_printed_so_that_yaml_reads_it_back),
        TEST(the_json_schema_in_the_repository_is_the_table_s),
        TEST(the_reference_tells_of_every_key_and_its_variable),
        TEST(the_example_holds_every_key_with_its_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
