#include "config/secret.h"

#include "../cost.h"
#include "base/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 4000

static int tear_down(void **state)
{
    (void)state;
    mask_wipe();
    return 0;
}

static char *repeated(const char *one, size_t times, const char *end)
{
    size_t length = strlen(one);
    char *text = malloc(times * length + strlen(end) + 1);

    assert_non_null(text);
    for (size_t i = 0; i < times; i++) {
        memcpy(text + i * length, one, length);
    }
    strcpy(text + times * length, end);
    return text;
}

static void assert_hidden(const char *text, const char *shown)
{
    struct arena *arena = arena_new();

    assert_string_equal(secret_hide(text, arena), shown);
    arena_free(arena);
}

static void every_password_of_a_text_is_hidden(void **state)
{
    char *text = repeated("pass=x ", MANY, "pass="), *shown = repeated("pass=*** ", MANY, "pass=***");

    (void)state;
    assert_hidden(text, shown);
    free(text);
    free(shown);
    assert_hidden("postgres://u:p@h/d?password=a&sslpassword=&user=u",
                  "postgres://u:***@h/d?password=***&sslpassword=***&user=u");
    assert_hidden("no password here", "no password here");
}

static void rather_too_much_of_a_url_is_hidden_than_too_little(void **state)
{
    (void)state;
    assert_hidden("jdbc:postgresql://127.0.0.1:5432/db?user=u&password=Zqxvk@Wjpfy", "jdbc:postgresql://127.0.0.1:***");
    assert_hidden("postgresql://h/d?password=Zqxvk@Wjpfy&user=u", "postgresql://h/d?password=***&user=u");
    assert_hidden("postgresql://h/d?password=Zqxvk Wjpfy;x=y&user=u", "postgresql://h/d?password=***&user=u");
    assert_hidden("true \"postgresql://h:5432/d?user=u&password=Zqxvk@Wjpfy\"", "true \"postgresql://h:***");
    assert_hidden("true 'postgresql://h/d?password=Zqxvk Wjpfy'\necho 1",
                  "true 'postgresql://h/d?password=***\necho 1");
    assert_hidden("postgres://u:a?b@c@h/d?options=x@y", "postgres://u:***@h/d?options=x@y");
    assert_hidden("postgres://u:a@b?c@h/d?options=x@y", "postgres://u:***@h/d?options=x@y");
    assert_hidden("postgres://u:a@h/d?x=y postgres://u:b@h/d", "postgres://u:***@h/d?x=y postgres://u:***@h/d");
    assert_hidden("pass=a://u:b@h x", "pass=*** x");
}

static void a_password_may_hold_what_divides_passwords(void **state)
{
    static const char *const texts[][2] = {
        { "postgres://h/d?password=s3c ret&user=u", "s3c ret" },
        { "psql 'postgres://h/d?user=u&password=s3c ret x' -c 'select 1'", "s3c ret x" },
        { "psql postgres://h/d?password=s3cret -c 'select 1'", "s3cret" },
        { "postgres://u:a://b@c://d@h/e", "a://b@c://d" },
        { "x postgres://u:p@h/d | y postgres://u:s3cret@h/d", "s3cret" },
        { "host=h password=a;b=c;d=s3cret user=u", "a;b=c;d=s3cret" },
        { "Password=s3cret;User=u", "s3cret" },
        { "PGPASSWORD=s3cret;psql", "s3cret" },
        { "PGPASSWORD=s3cret&& psql", "s3cret" },
        { "psql \"host=h password=s3cret\"", "s3cret" },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        mask_wipe();
        secret_of_url(texts[i][0]);
        assert_string_equal(mask_copy(arena, texts[i][1]), "***");
    }
    arena_free(arena);
}

static const char *unit;

static void read_many(size_t times)
{
    char *text = repeated(unit, times, "@");
    struct arena *arena = arena_new();

    mask_wipe();
    secret_of_url(text);
    (void)secret_hide(text, arena);
    arena_free(arena);
    free(text);
}

static void twenty_times_the_text_is_not_four_hundred_times_the_work(void **state)
{
    static const char *const units[] = { "pass=x ",       "a=",           "= ",       "http://a:80/ ", "pass=x;n=1;",
                                         "PGPASSWORD=$'", "p://u:p@h/d ", "pass='x ", "pass='x\\' ",   "pass=\"'",
                                         ";a=",           "pass=;",       "?pass=x ", "?pass=x' ",     "p://u:p@h?a ",
                                         "p://u:p@h?a= ", "?pass=;a=b " };

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        unit = units[i];

        double little = cost_of(read_many, MANY / 20), much = cost_of(read_many, MANY);

        if (much > 100 * little) {
            fail_msg("%s: %.0f times", unit, much / little);
        }
    }
}

static void a_name_that_the_shell_replaces_is_shown_and_what_only_begins_like_one_is_not(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(secret_hide("PGPASSWORD=\"$OTHER\" psql", arena), "PGPASSWORD=\"$OTHER\" psql");
    assert_string_equal(secret_hide("PGPASSWORD=\"$X@a=b", arena), "PGPASSWORD=***");
    arena_free(arena);
}

/* The sanitizer's own strstr reads to the end of the text, wherever it finds something. */
const char *__asan_default_options(void); /* NOLINT(bugprone-reserved-identifier): its name is the sanitizer's */
const char *__asan_default_options(void)  /* NOLINT(bugprone-reserved-identifier) */
{
    return "intercept_strstr=0";
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_password_of_a_text_is_hidden),
        TEST(rather_too_much_of_a_url_is_hidden_than_too_little),
        TEST(a_password_may_hold_what_divides_passwords),
        TEST(a_name_that_the_shell_replaces_is_shown_and_what_only_begins_like_one_is_not),
        TEST(twenty_times_the_text_is_not_four_hundred_times_the_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
