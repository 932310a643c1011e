#include "database/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_waiting_heals_is_not_ready(void **state)
{
    static const char *const codes[] = {
        "57P03", "53300", "53400", "57P01", "57P02", "57P05", "08006", "08P01", "58030"
    };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_int_equal(known_error_find(codes[i])->failure, FAILURE_NOT_READY);
    }
}

static void what_waiting_seldom_heals_is_refused(void **state)
{
    static const char *const codes[] = { "28P01", "28000", "28999", "3D000", "42501" };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_int_equal(known_error_find(codes[i])->failure, FAILURE_REFUSED);
    }
    assert_int_equal(known_error_find("25006")->failure, FAILURE_READ_ONLY);
}

/* Waiting is what is done. */
static void no_fix_is_to_wait(void **state)
{
    static const char *const codes[] = { "57P03", "57P01", "57P02", "53300", "53100", "08006" };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_null(strstr(known_error_find(codes[i])->fix, "wait"));
    }
}

static void what_a_message_adds_to_its_code_decides(void **state)
{
    static const struct {
        const char *code, *message;
        enum failure failure;
        const char *fix;
    } cases[] = {
        { "28000", "no pg_hba.conf entry for host \"10.0.0.9\", no encryption", FAILURE_REFUSED, "sslmode=require" },
        { "28000", "no pg_hba.conf entry for host \"10.0.0.9\", SSL off", FAILURE_REFUSED, "sslmode=require" },
        { "28000", "role \"app\" does not exist", FAILURE_REFUSED, "create the role" },
        { "08P01", "database \"nope\" does not exist", FAILURE_REFUSED, "add them to the pooler" },
        { "08P01", "unsupported startup parameter: options", FAILURE_REFUSED, "ignore_startup_parameters" },
        { "08P01", "server login has been failing, try again later", FAILURE_NOT_READY, "look at the server" },
        { "42601", "invalid command-line argument for server process: endpoint=x", FAILURE_REFUSED,
          "options in the URL" },
        { "42704", "unrecognized configuration parameter \"jitt\"", FAILURE_REFUSED, "options in the URL" },
        { "42704", "type \"vector\" does not exist", FAILURE_QUERY, "CREATE EXTENSION" },
        { "XX000", "Tenant or user not found", FAILURE_REFUSED, "postgres.PROJECT" },
        { "XX000", "(ENOTFOUND) tenant/user postgres.abc not found", FAILURE_REFUSED, "must not be paused" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct known_error *row = known_error_of(cases[i].code, cases[i].message);

        assert_non_null(row);
        assert_int_equal(row->failure, cases[i].failure);
        assert_non_null(strstr(row->fix, cases[i].fix));
    }
    assert_null(known_error_of("XX000", "cache lookup failed"));
}

static void an_unknown_code_has_no_row(void **state)
{
    (void)state;
    assert_null(known_error_find("XX000"));
    assert_null(known_error_find(""));
    assert_null(known_error_find("0800"));
    assert_null(known_error_find("P9999"));
}

static void every_row_says_cause_and_fix(void **state)
{
    static const char *const codes[] = { "57P03", "P1000", "P1001", "P1002", "P1003", "P1010", "P1012",
                                         "P3001", "P3005", "P3006", "P3007", "P3009", "P3010", "P3018",
                                         "42P01", "53100", "55P03", "HEAP",  "NEWER", "NOMOD", "HOME",
                                         "SSL",   "NOPWD", "KNEX",  "HEADS", "DIRTY", "NOTLS" };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const struct known_error *row = known_error_find(codes[i]);

        assert_non_null(row);
        assert_string_equal(row->code, codes[i]);
        assert_true(strlen(row->cause) > 0 && strlen(row->fix) > 0);
    }
}

static const char *fix_of(const char *code, const char *migration)
{
    static char buffer[512];
    struct text text = text_over(buffer, sizeof buffer);

    known_error_fix(known_error_find(code), migration, &text);
    return buffer;
}

/* It is met in a migration, mostly in that which the command would run. */
static void what_is_not_there_is_not_mended_by_running_the_migrations_again(void **state)
{
    static const char *const codes[] = { "42P01", "42703", "P2021", "P2022", "P1014" };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_null(strstr(fix_of(codes[i], NULL), "pgentry sync"));
        assert_non_null(strstr(fix_of(codes[i], NULL), "the order of the migrations"));
    }
}

static void nothing_that_exists_already_is_to_be_dropped(void **state)
{
    static const char *const codes[] = { "42P07", "42701", "42710", "42P06", "42723" };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_true(known_error_is_made_already(codes[i]));
        assert_null(strstr(fix_of(codes[i], NULL), "drop"));
        assert_non_null(strstr(fix_of(codes[i], NULL), "mark it as applied"));
    }
    assert_false(known_error_is_made_already("42P01"));
    assert_false(known_error_is_made_already("P9999"));
}

static void the_migration_that_failed_stands_in_the_command_that_resolves_it(void **state)
{
    (void)state;
    assert_non_null(strstr(fix_of("P3018", "20250101_init"), "resolve --rolled-back 20250101_init;"));
    assert_non_null(strstr(fix_of("P3009", "20250101_init"), "--applied 20250101_init"));
    assert_null(strstr(fix_of("P3009", "20250101_init"), "NAME"));
    assert_non_null(strstr(fix_of("P3018", NULL), "--rolled-back NAME"));
    assert_non_null(strstr(fix_of("P3018", "x; rm y"), "--rolled-back NAME"));
    assert_non_null(strstr(fix_of("P3018", "--applied"), "--rolled-back NAME"));
    assert_non_null(strstr(fix_of("P3005", "20250101_init"), "--applied NAME")); /* of each of them */
}

static void what_libpq_says_of_itself_has_a_class(void **state)
{
    static const struct {
        const char *text;
        enum failure failure;
    } cases[] = {
        { "server does not support SSL, but SSL was required", FAILURE_REFUSED },
        { "SSL error: certificate verify failed", FAILURE_REFUSED },
        { "SSL error: unexpected eof while reading", FAILURE_NOT_READY },
        { "session is read-only", FAILURE_READ_ONLY },
        { "fe_sendauth: no password supplied", FAILURE_REFUSED },
        { "GSSAPI authentication not supported", FAILURE_REFUSED }, /* libpq without it, as in the static build */
        { "received invalid response to SSL negotiation: H", FAILURE_NOT_READY },
        { "expected authentication request from server, but received H", FAILURE_NOT_READY },
    };
    enum failure failure;
    const char *fix;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(client_error_failure(cases[i].text, &failure, &fix));
        assert_int_equal(failure, cases[i].failure);
        assert_non_null(fix);
    }
    assert_false(client_error_failure("server closed the connection unexpectedly", &failure, &fix));
    assert_false(client_error_failure("Connection refused", &failure, &fix)); /* errno says that, not a text */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waiting_heals_is_not_ready),
        cmocka_unit_test(what_waiting_seldom_heals_is_refused),
        cmocka_unit_test(no_fix_is_to_wait),
        cmocka_unit_test(what_a_message_adds_to_its_code_decides),
        cmocka_unit_test(an_unknown_code_has_no_row),
        cmocka_unit_test(every_row_says_cause_and_fix),
        cmocka_unit_test(what_is_not_there_is_not_mended_by_running_the_migrations_again),
        cmocka_unit_test(nothing_that_exists_already_is_to_be_dropped),
        cmocka_unit_test(the_migration_that_failed_stands_in_the_command_that_resolves_it),
        cmocka_unit_test(what_libpq_says_of_itself_has_a_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
