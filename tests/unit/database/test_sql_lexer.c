#include "base/text.h"
#include "database/sql_lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The statements of the text, joined by | as they were cut out. */
static const char *split(const char *text)
{
    static char joined[4096];
    struct sql_lexer lexer = { .text = text, .length = strlen(text) };
    struct sql_statement statement;
    size_t used = 0;
    enum sql_found found;

    joined[0] = '\0';
    while ((found = sql_next(&lexer, &statement)) == SQL_STATEMENT) {
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%.*s", used ? "|" : "",
                                 (int)(statement.end - statement.start), text + statement.start);
    }
    return found == SQL_END ? joined : "refused";
}

static size_t count_of(const char *text, size_t length)
{
    struct sql_lexer lexer = { .text = text, .length = length };
    struct sql_statement statement;
    size_t count = 0;

    while (sql_next(&lexer, &statement) == SQL_STATEMENT) {
        count++;
    }
    return count;
}

#define assert_splits(text, wanted) assert_string_equal(split(text), wanted)

/* The text is one statement, followed by another: nothing in it ended it too soon or hid its end. */
static void one_statement_(const char *text, const char *file, int line)
{
    char whole[2048];
    char wanted[2048];

    (void)snprintf(whole, sizeof whole, "%s; SELECT 2", text);
    (void)snprintf(wanted, sizeof wanted, "%s;|SELECT 2", text);
    _assert_string_equal(split(whole), wanted, file, line);
}

#define assert_one_statement(text) one_statement_(text, __FILE__, __LINE__)

/* A text of its own: a check may change it. */
static char *copy_of(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static void assert_refused_length(const char *text, size_t length, enum sql_refusal refusal, size_t line, size_t column)
{
    char *copy = copy_of(text, length);
    struct sql_statement refused;
    struct text_place place;

    assert_false(sql_check(copy, length, &refused));
    place = text_place_of(copy, refused.refused_at);
    free(copy);
    assert_string_equal(sql_refusal_sentence(refused.refusal), sql_refusal_sentence(refusal));
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void assert_refused(const char *text, enum sql_refusal refusal, size_t line, size_t column)
{
    assert_refused_length(text, strlen(text), refusal, line, column);
}

static void statements_end_at_semicolons_and_at_the_end(void **state)
{
    (void)state;
    assert_splits("SELECT 1; SELECT 2", "SELECT 1;|SELECT 2");
    assert_splits("SELECT 1;SELECT 2;", "SELECT 1;|SELECT 2;");
    assert_splits("SELECT 1\n;\r\n", "SELECT 1\n;");
}

static void empty_statements_and_comments_are_none(void **state)
{
    (void)state;
    assert_splits("", "");
    assert_splits(" \t\n\f\v", "");
    assert_splits(";; ;", "");
    assert_splits("-- nothing", "");
    assert_splits("/* a; */ ; -- b;\n;SELECT 1;; -- c", "SELECT 1;");
}

static void a_statement_begins_at_its_first_token_and_keeps_comments_inside(void **state)
{
    (void)state;
    assert_splits(" /* a */ SELECT /* ; */ 1 -- ;\n ; -- end", "SELECT /* ; */ 1 -- ;\n ;");
}

static void a_semicolon_in_a_string_or_name_ends_nothing(void **state)
{
    (void)state;
    assert_one_statement("SELECT 'a;b'");
    assert_one_statement("SELECT 'it''s;', ''''");
    assert_one_statement("SELECT 'back\\'");
    assert_one_statement("SELECT \"a;\"\"b;\"");
    assert_one_statement("SELECT U&'\\0041;\\'");
    assert_one_statement("SELECT U&\"d;\\0061t\" UESCAPE '!'");
    assert_one_statement("SELECT b'01', X'1F;', N';'");
    assert_one_statement("SELECT 'line\n;\nline'");
}

static void a_backslash_escapes_in_escape_strings_only(void **state)
{
    (void)state;
    assert_one_statement("SELECT E'a\\';b'");
    assert_one_statement("SELECT e'a\\';b'");
    assert_one_statement("SELECT N'back\\'");
    assert_one_statement("SELECT E'it''s \\';'");
    assert_one_statement("SELECT type'back\\'"); /* the e belongs to the word before */
    assert_one_statement("SELECT \"E\"'back\\'");
    assert_one_statement("SELECT E'', 'back\\'");
}

static void an_escape_string_goes_on_after_a_newline(void **state)
{
    (void)state;
    assert_one_statement("SELECT E'a'\n'b\\';'");
    assert_one_statement("SELECT E'a' -- why; not'\n  -- really\n 'b\\';'");
    assert_one_statement("SELECT E'a'\r'b\\';'");
    assert_one_statement("SELECT E'a' 'back\\'");          /* without a newline a string of its own, by the standard */
    assert_one_statement("SELECT E'a' /* \n */ 'back\\'"); /* nor does a comment of this kind hold a newline */
    assert_one_statement("SELECT E'a'\n, 'back\\'");
    assert_one_statement("SELECT 'a'\n'back\\'");
}

static void dollar_quotes_end_with_their_own_tag_only(void **state)
{
    (void)state;
    assert_one_statement("DO $$ BEGIN; END; $$");
    assert_one_statement("DO $a$ $$;$$ $b$;$A$ $a $a$");
    assert_one_statement("DO $a$ ;$b$a$");
    assert_one_statement("DO $\xC3\xA9_1$ ; $\xC3\xA9_1$");
    assert_one_statement("SELECT $$;$$ || $$$$ || $x$\n--;\n$x$");
}

static void a_dollar_in_a_name_or_a_parameter_quotes_nothing(void **state)
{
    (void)state;
    assert_splits("SELECT a$$; SELECT b$$", "SELECT a$$;|SELECT b$$");
    assert_splits("SELECT a$b$c; SELECT d$b$", "SELECT a$b$c;|SELECT d$b$");
    assert_splits("SELECT $1; SELECT $2$; x", "SELECT $1;|SELECT $2$;|x");
    assert_splits("SELECT $1a$; SELECT $", "SELECT $1a$;|SELECT $");
}

static void comments_nest_and_hide_everything(void **state)
{
    (void)state;
    assert_one_statement("SELECT /* ; /* ; */ ; */ 1");
    assert_one_statement("SELECT /* ' \" $$ -- */ 1");
    assert_one_statement("SELECT /*/ ; */ 1");
    assert_one_statement("SELECT /**;**/ 1");
    assert_one_statement("SELECT /* //*;*/ ; */ 1");
    assert_one_statement("SELECT 1 -- ' \" $$ /* ;\n");
    assert_one_statement("SELECT 1 --;\r + 2");
}

static void a_comment_begins_inside_a_run_of_operator_characters(void **state)
{
    (void)state;
    assert_one_statement("SELECT 1--;\n");
    assert_one_statement("SELECT 1+--;'\n2");
    assert_one_statement("SELECT 2*/*;'*/3");
    assert_one_statement("SELECT 1 -/*;*/ - 1");
    assert_one_statement("SELECT a->>'x'--;'\n");
    assert_one_statement("SELECT @-/*;*/ 1");
    assert_splits("SELECT 1 - -1; SELECT 2 * / 3", "SELECT 1 - -1;|SELECT 2 * / 3");
}

static void a_semicolon_in_parentheses_ends_nothing(void **state)
{
    (void)state;
    assert_one_statement("CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; INSERT INTO v VALUES ((1)))");
    assert_splits("SELECT 1); SELECT 2", "SELECT 1);|SELECT 2");
    assert_splits("SELECT (1; SELECT 2;", "SELECT (1; SELECT 2;");
}

static void an_sql_body_is_part_of_its_routine(void **state)
{
    (void)state;
    assert_one_statement("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END");
    assert_one_statement("create or replace procedure p() begin atomic delete from t; end");
    assert_one_statement("CREATE PROCEDURE p() BEGIN ATOMIC END");
    assert_one_statement("CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT 2; END");
    assert_one_statement("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN\n/* ; */ ATOMIC -- ;\nSELECT 1;; END");
    assert_one_statement("CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN 1 ELSE "
                         "CASE a WHEN 0 THEN 2 END END; SELECT 3; END");
    assert_one_statement("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT t.end FROM t; SELECT 2 "
                         "end; SELECT (3); END");
}

static void a_routine_without_an_sql_body_ends_at_its_semicolon(void **state)
{
    (void)state;
    assert_one_statement("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1;'");
    assert_one_statement("CREATE FUNCTION f(begin atomic) RETURNS int RETURN 1");
    assert_one_statement("CREATE FUNCTION f() RETURNS \"begin\" atomic AS 'x'");
    assert_one_statement("CREATE TABLE begin (atomic int)");
    assert_one_statement("SELECT begin atomic FROM t");
    assert_one_statement("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$");
}

static void the_word_concurrently_is_told(void **state)
{
    struct sql_statement statement;
    struct sql_lexer lexer;
    const char *text = "CREATE INDEX concurrently i ON t (a); CREATE INDEX \"CONCURRENTLY\" ON t (a);"
                       "REINDEX (CONCURRENTLY) TABLE t; SELECT 'CONCURRENTLY'";

    (void)state;
    lexer = (struct sql_lexer){ .text = text, .length = strlen(text) };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sql_next(&lexer, &statement), SQL_STATEMENT);
        assert_int_equal(statement.concurrently, i == 0 || i == 2);
    }
    assert_int_equal(sql_next(&lexer, &statement), SQL_END);
}

static void transaction_control_is_refused_where_it_stands(void **state)
{
    static const char *const statements[] = {
        "BEGIN",
        "begin work",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "BEGIN ATOMIC SELECT 1; END",
        "START TRANSACTION READ ONLY",
        "COMMIT",
        "Commit And Chain",
        "COMMIT PREPARED 'x'",
        "END",
        "END TRANSACTION",
        "ROLLBACK",
        "ROLLBACK TO SAVEPOINT a",
        "ROLLBACK PREPARED 'x'",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
        "PREPARE TRANSACTION 'x'",
        "PREPARE /* ; */ transaction 'x'",
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        (void)snprintf(text, sizeof text, "SELECT 1;\n\t%s;\nSELECT 2", statements[i]);
        assert_refused(text, SQL_TRANSACTION, 2, 2);
    }
    assert_refused("COMMIT", SQL_TRANSACTION, 1, 1);
    assert_refused(";/* a */--b\n ;COMMIT", SQL_TRANSACTION, 2, 3);
    assert_refused("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT", SQL_TRANSACTION, 1, 61);
    assert_refused("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT", SQL_TRANSACTION, 1, 65);
}

static void what_only_looks_like_transaction_control_is_taken(void **state)
{
    (void)state;
    assert_one_statement("DO $$ BEGIN COMMIT; END $$");
    assert_one_statement("\"commit\"");
    assert_one_statement("PREPARE plan AS SELECT 1");
    assert_one_statement("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'");
    assert_one_statement("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    assert_one_statement("SELECT 'a' AS commit, begin FROM t -- COMMIT;\n");
    assert_one_statement("CREATE TABLE commit (rollback int)");
}

static void copy_with_client_data_is_refused(void **state)
{
    (void)state;
    assert_refused("SELECT 1;\nCOPY t FROM STDIN;\n1\t2\n\\.\n", SQL_COPY, 2, 1);
    assert_refused("COPY public.t (a, \"b\") FROM stdin WITH (FORMAT csv);", SQL_COPY, 1, 1);
    assert_refused("copy t to stdout", SQL_COPY, 1, 1);
    assert_refused("COPY (SELECT a FROM t) TO STDOUT", SQL_COPY, 1, 1);
    assert_refused("COPY t TO STDIN", SQL_COPY, 1, 1);
    assert_refused("COPY BINARY t FROM STDIN", SQL_COPY, 1, 1);
    assert_one_statement("COPY t FROM '/file'");
    assert_one_statement("COPY stdin FROM PROGRAM 'cat'");
    assert_one_statement("COPY (SELECT a FROM stdin) TO '/file'");
    assert_one_statement("SELECT a FROM stdin");
}

static void a_psql_command_is_refused_at_its_backslash(void **state)
{
    (void)state;
    assert_refused("\\set a 1", SQL_PSQL, 1, 1);
    assert_refused("SELECT 1;\n  \\i other.sql\n", SQL_PSQL, 2, 3);
    assert_refused("SELECT 1 \\gexec", SQL_PSQL, 1, 10);
    assert_one_statement("SELECT '\\i', \"\\i\", $$\\i$$ /* \\i */ -- \\i\n");
}

static void assert_becomes(const char *text, const char *wanted, size_t wanted_count)
{
    char *copy = copy_of(text, strlen(text));
    struct sql_statement refused;

    assert_true(sql_check(copy, strlen(copy), &refused));
    assert_string_equal(copy, wanted);
    assert_int_equal(count_of(copy, strlen(copy)), wanted_count);
    free(copy);
}

static void the_lines_that_pg_dump_begins_and_ends_with_become_comments(void **state)
{
    (void)state;
    assert_becomes("--\n-- dump\n--\n\n\\restrict aZ09\n\nSELECT 1;\n\n--\n\n\\unrestrict aZ09\n\n",
                   "--\n-- dump\n--\n\n--estrict aZ09\n\nSELECT 1;\n\n--\n\n--nrestrict aZ09\n\n", 1);
    assert_becomes("\\restrict a\r\nSELECT 1;\r\n\\unrestrict a", "--estrict a\r\nSELECT 1;\r\n--nrestrict a", 1);
    assert_becomes("SELECT 1;\n\\unrestrict a\n\\restrict b\nSELECT 2;", /* two dumps in one file */
                   "SELECT 1;\n--nrestrict a\n--estrict b\nSELECT 2;", 2);
    assert_becomes("SELECT '\n\\restrict a\n';", "SELECT '\n\\restrict a\n';", 1);
    assert_becomes("DO $$\n\\restrict a\n$$;/*\n\\restrict a\n*/", "DO $$\n\\restrict a\n$$;/*\n\\restrict a\n*/", 1);
}

static void what_pg_dump_does_not_write_like_that_is_a_psql_command(void **state)
{
    static const char *const lines[] = {
        "\\restrict",     "\\restrict ",    "\\restrict a b",      "\\restrict a\\i x",
        "\\restrict a ;", "\\restrict  a",  "\\restricted a",      "\\unrestrict a-b",
        "\\RESTRICT a",   "\\restrict a\f", "\\restrict \xC3\xA9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_refused(lines[i], SQL_PSQL, 1, 1);
    }
    assert_refused("\\restrict a\n \\unrestrict a", SQL_PSQL, 2, 2);
    assert_refused("SELECT 1; \\restrict a", SQL_PSQL, 1, 11);
    assert_refused("SELECT 1\n\\restrict a\n;", SQL_PSQL, 2, 1); /* inside a statement */
    assert_refused("SELECT (1;\n\\restrict a\n)", SQL_PSQL, 2, 1);
}

static void what_does_not_end_is_refused_where_it_began(void **state)
{
    (void)state;
    assert_refused("SELECT\n 'abc; it''s", SQL_OPEN_STRING, 2, 2);
    assert_refused("SELECT E'abc\\'", SQL_OPEN_STRING, 1, 8);
    assert_refused("SELECT E'abc\\", SQL_OPEN_STRING, 1, 8);
    assert_refused("SELECT E'a'\n'b", SQL_OPEN_STRING, 1, 8);
    assert_refused("SELECT '", SQL_OPEN_STRING, 1, 8);
    assert_refused("SELECT \"abc\"\"", SQL_OPEN_NAME, 1, 8);
    assert_refused("SELECT \"", SQL_OPEN_NAME, 1, 8);
    assert_refused("DO $a$ $A$", SQL_OPEN_DOLLAR, 1, 4);
    assert_refused("DO $$", SQL_OPEN_DOLLAR, 1, 4);
    assert_refused("DO $$$", SQL_OPEN_DOLLAR, 1, 4);
    assert_refused("SELECT 1; /* a /* b */", SQL_OPEN_COMMENT, 1, 11);
    assert_refused("SELECT 1 /*/", SQL_OPEN_COMMENT, 1, 10);
    assert_refused("/*", SQL_OPEN_COMMENT, 1, 1);
}

static void a_nul_byte_is_refused(void **state)
{
    (void)state;
    assert_refused_length("SELECT 1;\nSELECT \0;", 19, SQL_NUL, 2, 8);
    assert_refused_length("\xFF\xFES\0E\0L\0", 8, SQL_NUL, 1, 4);
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    assert_refused("SELECT 'caf\xC3\xA9',\n'caf\xE9'", SQL_NOT_UTF8, 2, 5);
    assert_refused("\xC3", SQL_NOT_UTF8, 1, 1);
    assert_refused("a\xED\xA0\x80", SQL_NOT_UTF8, 1, 2);
}

static void every_refusal_says_what_to_change(void **state)
{
    (void)state;
    for (int i = 0; i < SQL_REFUSALS; i++) {
        assert_true(strlen(sql_refusal_sentence((enum sql_refusal)i)) > 5);
        assert_true(strlen(sql_refusal_hint((enum sql_refusal)i)) > 10);
    }
}

static void a_check_passes_every_statement_and_none(void **state)
{
    char text[] = "SELECT 1;;\nSELECT '2;';\nSELECT 3", nothing[] = "";
    struct sql_statement refused;

    (void)state;
    assert_true(sql_check(text, strlen(text), &refused));
    assert_int_equal(count_of(text, strlen(text)), 3);
    assert_true(sql_check(nothing, 0, &refused));
    assert_int_equal(count_of(nothing, 0), 0);
}

static void the_server_counts_characters_from_one(void **state)
{
    const char *text = "\xC3\xA9\r\n\xF0\x9F\x98\x80x";

    (void)state;
    assert_int_equal(sql_character_offset(text, strlen(text), 1), 0);
    assert_int_equal(sql_character_offset(text, strlen(text), 2), 2);
    assert_int_equal(sql_character_offset(text, strlen(text), 5), 8);
    assert_int_equal(sql_character_offset(text, strlen(text), 0), 0);
    assert_int_equal(sql_character_offset(text, strlen(text), 1000), strlen(text));
}

static void nothing_is_read_behind_the_end(void **state)
{
    static const char text[] =
        "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT E'a\\''\n'b', $a$;$a$ \"x\"\"\" "
        "/* /* */ */ -- c\n; END; COPY t FROM STDIN";

    (void)state;
    for (size_t length = 0; length < sizeof text; length++) { /* the sanitizer watches */
        char *exact = malloc(length + 1);
        struct sql_statement statement;
        struct sql_lexer lexer = { .length = length };

        assert_non_null(exact);
        memcpy(exact + 1, text, length);
        lexer.text = exact + 1;
        while (sql_next(&lexer, &statement) == SQL_STATEMENT) {
            assert_true(statement.start < statement.end && statement.end <= length);
        }
        free(exact);
    }
}

static void depth_costs_no_stack(void **state)
{
    size_t length = (size_t)4 << 20;
    char *text = malloc(length);
    struct sql_statement refused;

    (void)state;
    assert_non_null(text);
    memset(text, '(', length);
    assert_true(sql_check(text, length, &refused));
    assert_int_equal(count_of(text, length), 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = i % 2 ? '*' : '/';
    }
    assert_false(sql_check(text, length, &refused));
    assert_int_equal(refused.refusal, SQL_OPEN_COMMENT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons_and_at_the_end),
        cmocka_unit_test(empty_statements_and_comments_are_none),
        cmocka_unit_test(a_statement_begins_at_its_first_token_and_keeps_comments_inside),
        cmocka_unit_test(a_semicolon_in_a_string_or_name_ends_nothing),
        cmocka_unit_test(a_backslash_escapes_in_escape_strings_only),
        cmocka_unit_test(an_escape_string_goes_on_after_a_newline),
        cmocka_unit_test(dollar_quotes_end_with_their_own_tag_only),
        cmocka_unit_test(a_dollar_in_a_name_or_a_parameter_quotes_nothing),
        cmocka_unit_test(comments_nest_and_hide_everything),
        cmocka_unit_test(a_comment_begins_inside_a_run_of_operator_characters),
        cmocka_unit_test(a_semicolon_in_parentheses_ends_nothing),
        cmocka_unit_test(an_sql_body_is_part_of_its_routine),
        cmocka_unit_test(a_routine_without_an_sql_body_ends_at_its_semicolon),
        cmocka_unit_test(the_word_concurrently_is_told),
        cmocka_unit_test(transaction_control_is_refused_where_it_stands),
        cmocka_unit_test(what_only_looks_like_transaction_control_is_taken),
        cmocka_unit_test(copy_with_client_data_is_refused),
        cmocka_unit_test(a_psql_command_is_refused_at_its_backslash),
        cmocka_unit_test(the_lines_that_pg_dump_begins_and_ends_with_become_comments),
        cmocka_unit_test(what_pg_dump_does_not_write_like_that_is_a_psql_command),
        cmocka_unit_test(what_does_not_end_is_refused_where_it_began),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(every_refusal_says_what_to_change),
        cmocka_unit_test(a_check_passes_every_statement_and_none),
        cmocka_unit_test(the_server_counts_characters_from_one),
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(depth_costs_no_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
