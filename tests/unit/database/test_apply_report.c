#include "database/apply_report.h"

#include "base/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_hint_is_given_where_it_helps(void **state)
{
    static const struct {
        const char *sqlstate, *at, *transaction, *statements;
    } rows[] = {
        { "25001", "VACUUM", "--no-transaction", NULL }, /* without one it is another's */
        { "2D000", "CALL", "--no-transaction", NULL },
        { "55P04", "INSERT", "file of its own", NULL },
        { "25006", "CREATE", "primary", "primary" },
        { "55P03", "ALTER", "pgentry diagnose", "pgentry diagnose" },
        { "57014", "ALTER", "timeout", "timeout" },
        { "42601", ":name", "psql", "psql" },
        { "42601", "name:", NULL, NULL },
        { "42601", "", NULL, NULL },
        { "22012", ":name", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int transaction = 0; transaction < 2; transaction++) {
            const char *expected = transaction ? rows[i].transaction : rows[i].statements;
            const char *hint = report_hint(rows[i].sqlstate, transaction, rows[i].at);

            if (!hint != !expected || (hint && !strstr(hint, expected))) {
                fail_msg("%s: %s", rows[i].sqlstate, hint ? hint : "none");
            }
        }
    }
}

/* What it looks like behind "said: ". */
static char *told(const char *foreign)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    report_foreign(out, "said: ", foreign);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void what_others_say_is_one_line_that_can_be_shown(void **state)
{
    static const char *const texts[][2] = {
        { "one\n", "said: one\n" }, { "one\n\n", "said: one\n" }, { "one\ntwo\r\nthree", "said: one two  three\n" },
        { "\n", "said: \n" },       { "", "said: \n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *text = told(texts[i][0]);

        assert_string_equal(text, texts[i][1]);
        free(text);
    }
}

static void a_secret_is_masked_before_a_long_text_is_cut(void **state)
{
    static const char secret[] = "a-secret-of-mine";
    char foreign[8192];

    (void)state;
    mask_add(secret);
    for (size_t before = 4096 - sizeof secret; before <= 4096; before++) {
        char *text;

        memset(foreign, 'x', sizeof foreign);
        memcpy(foreign + before, secret, strlen(secret));
        foreign[sizeof foreign - 1] = '\0';
        text = told(foreign);
        assert_null(strstr(text, "a-s"));
        assert_true(strlen(text) < 4096 + strlen("said: ") + 1);
        free(text);
    }
    mask_wipe();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hint_is_given_where_it_helps),
        cmocka_unit_test(what_others_say_is_one_line_that_can_be_shown),
        cmocka_unit_test(a_secret_is_masked_before_a_long_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
