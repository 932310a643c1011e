#include "process/codes.h"

#include "child.h"

static void join(void *argument, const char code[CODE_TEXT])
{
    char *all = argument;

    strcat(strcat(all, all[0] ? " " : ""), code);
}

static void assert_codes(const char *text, const char *expected)
{
    char all[256] = "";

    codes_each(text, strlen(text), join, all);
    assert_string_equal(all, expected);
}

static void prismas_codes_are_whole_words(void **state)
{
    (void)state;
    assert_codes("Error: P3009", "P3009");
    assert_codes("P1000", "P1000");
    assert_codes("[P3018]: and (P2002), P1001", "P3018 P2002 P1001");
    assert_codes("XP3009 P30090 P300 P300a p3009 P0001 _P3009 P3009_ P30\xC3\xA9", "");
}

static void sqlstates_are_known_by_the_words_before_them(void **state)
{
    (void)state;
    assert_codes("ERROR:  42P01: relation \"x\" does not exist", "42P01");
    assert_codes("users.sql:1:1: ERROR 53100: could not extend file", "53100"); /* pgentry apply */
    assert_codes("FATAL:  28P01: password authentication failed", "28P01");
    assert_codes("Database error code: 42P07", "42P07");
    assert_codes("code: '23505',", "23505");
    assert_codes("{\"code\":\"57P03\"}", "57P03");
    assert_codes("{\\\"code\\\":\\\"57P03\\\"}", "57P03");
    assert_codes("SQLSTATE[42703]: Undefined column", "42703");
    assert_codes("(SQLSTATE 55P03)", "55P03");
    assert_codes("SqlState = XX000", "XX000");
    assert_codes("errorCode: '42P01', error_code: 42P07, pgcode 23505", "42P01 42P07 23505");
}

static void a_sqlstate_in_parentheses_ends_the_line_of_an_error(void **state)
{
    (void)state;
    assert_codes("Error: pq: relation \"nowhere\" does not exist (42P01)", "42P01"); /* dbmate */
    assert_codes("pq: permission denied for schema public (42501)\r\n", "42501");
    assert_codes("ERROR: relation \"x\" does not exist at character 15 (42P01)\nnext", "42P01");
    assert_codes("pq: applying 20250101 (22001) again", "");
    assert_codes("pq: one\nof Palo Alto (94301)\nof Bergen (22001)", "");
    assert_codes("no such thing (42P01)", "");
    assert_codes("seeded Bergen, errors: none (22001) pq", "");
    assert_codes("(42P01)", "");
    assert_codes("pq: (42P0)", "");
}

static void other_words_of_five_characters_are_no_sqlstates(void **state)
{
    (void)state;
    assert_codes("42P01 alone", "");
    assert_codes("ERROR: 42000 rows", "");
    assert_codes("error 42000 rows", "");
    assert_codes("ERROR:  CHECK: constraint", "");
    assert_codes("exit code: 1", "");
    assert_codes("code: ENOENT", "");
    assert_codes("code: 42p01", "");
    assert_codes("code: 99999", "");
    assert_codes("SQLSTATE 00000, SQLSTATE 01000, SQLSTATE 02000", "");
    assert_codes("decoder 42P01", "");
    assert_codes("zipCode: '08901', postcode: '22001', barcode=\"40001\"", "");
    assert_codes("SQLSTATE", "");
    assert_codes("code: ", "");
    assert_codes("ERROR:  42P01", "");
    assert_codes("code: 42P0", "");
    assert_codes("", "");
}

static void a_full_heap_of_node_counts_as_one(void **state)
{
    (void)state;
    assert_codes("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "HEAP");
    assert_codes("JavaScript heap out of mem", "");
}

static void a_tool_s_message_without_a_code_that_the_database_is_newer_counts_as_one(void **state)
{
    (void)state;
    assert_codes("FAILED: Can't locate revision identified by '2f1c'", "NEWER");
    assert_codes("Error: The migration directory is corrupt, the following migration files are missing: x.js", "NEWER");
    assert_codes("Can't locate revision", "");
}

static void what_tools_say_without_a_code_counts_as_one(void **state)
{
    static const char *const cases[][2] = {
        { "npm error npx canceled due to missing packages and no YES option: [\"prisma@7.10.1\"]", "NOMOD" },
        { "Error: Cannot find module 'drizzle-kit'", "NOMOD" },
        { "ModuleNotFoundError: No module named 'django'", "NOMOD" },
        { "A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)", "HOME" },
        { "Error loading shared library libssl.so.1.1: No such file or directory (needed by engine)", "SSL" },
        { "Error: Could not parse schema engine response: SyntaxError: Unexpected token E in JSON", "SSL" },
        { "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string", "NOPWD" },
        { "MigrationLocked: Migration table is already locked", "KNEX" },
        { "CommandError: Multiple head revisions are present for given argument 'head'", "HEADS" },
        { "error: Dirty database version 5. Fix and force version.", "DIRTY" },
        { "Error: pq: SSL is not enabled on the server", "NOTLS" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_codes(cases[i][0], cases[i][1]);
    }
}

static size_t find(const char *text, const char *word)
{
    return codes_word(text, strlen(text), 0, word);
}

static void a_whole_word_is_found_wherever_it_stands(void **state)
{
    (void)state;
    assert_int_equal(find("P3009", "P3009"), 0);
    assert_int_equal(find("XP3009 P3009", "P3009"), 7);
    assert_int_equal(find("a P3009b", "P3009"), 8);
    assert_int_equal(find("a could not connect.", "could not connect"), 2);
    assert_int_equal(find("x[E1]y", "[E1]"), 1);
    assert_int_equal(find("abc", ""), 3);
    assert_int_equal(find("", "a"), 0);
    assert_int_equal(codes_word("P1 P1", 5, 1, "P1"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prismas_codes_are_whole_words),
        cmocka_unit_test(sqlstates_are_known_by_the_words_before_them),
        cmocka_unit_test(a_sqlstate_in_parentheses_ends_the_line_of_an_error),
        cmocka_unit_test(other_words_of_five_characters_are_no_sqlstates),
        cmocka_unit_test(a_full_heap_of_node_counts_as_one),
        cmocka_unit_test(what_tools_say_without_a_code_counts_as_one),
        cmocka_unit_test(a_tool_s_message_without_a_code_that_the_database_is_newer_counts_as_one),
        cmocka_unit_test(a_whole_word_is_found_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
