#include "database/sql_file.h"

#include "database/sql_lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pgentry-sql-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

/* Writes the bytes into a.sql and loads it. */
static bool load(const char *bytes, size_t length, size_t limit, struct sql_file *file, struct error *error)
{
    FILE *stream = fopen("a.sql", "w");
    bool loaded;

    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
    loaded = sql_file_load(file, "a.sql", limit, error);
    assert_int_equal(unlink("a.sql"), 0);
    return loaded;
}

static size_t statements_of(const struct sql_file *file)
{
    struct sql_lexer lexer = { .text = file->text, .length = file->length };
    struct sql_statement statement;
    size_t count = 0;

    while (sql_next(&lexer, &statement) == SQL_STATEMENT) {
        count++;
    }
    return count;
}

static void a_file_is_read_whole(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_true(load("SELECT 1; SELECT 2", 18, SQL_FILES_MAX, &file, &error));
    assert_string_equal(file.name, "a.sql");
    assert_string_equal(file.text, "SELECT 1; SELECT 2");
    assert_int_equal(file.length, 18);
    assert_int_equal(statements_of(&file), 2);
    sql_file_free(&file);
}

static void an_empty_file_has_no_statements(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_true(load("", 0, SQL_FILES_MAX, &file, &error));
    assert_string_equal(file.text, "");
    assert_int_equal(statements_of(&file), 0);
    sql_file_free(&file);
}

static void a_byte_order_mark_is_skipped(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_true(load("\xEF\xBB\xBFSELECT 1", 11, SQL_FILES_MAX, &file, &error));
    assert_string_equal(file.text, "SELECT 1");
    assert_int_equal(file.length, 8);
    sql_file_free(&file);
    assert_true(load("\xEF\xBB\xBF", 3, SQL_FILES_MAX, &file, &error));
    assert_int_equal(file.length, 0);
    sql_file_free(&file);
}

static void a_file_of_pg_dump_is_taken_with_the_lines_it_has_for_psql(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_true(load("\xEF\xBB\xBF\\restrict aZ09\nSELECT 1;\n\\unrestrict aZ09\n", 45, SQL_FILES_MAX, &file, &error));
    assert_string_equal(file.text, "--estrict aZ09\nSELECT 1;\n--nrestrict aZ09\n");
    assert_int_equal(statements_of(&file), 1);
    sql_file_free(&file);
}

static void a_file_as_large_as_the_limit_is_read_and_a_larger_one_refused(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_true(load("SELECT 12", 9, 9, &file, &error));
    sql_file_free(&file);
    assert_false(load("SELECT 12", 9, 8, &file, &error));
    assert_string_equal(error.message, "a.sql: cannot be read: File too large");
    assert_non_null(strstr(error.hint, "256 MiB"));
    assert_false(load("S", 1, 0, &file, &error));
    assert_true(load("", 0, 0, &file, &error));
    sql_file_free(&file);
}

static void what_has_no_size_of_its_own_is_read_to_its_end(void **state)
{
    size_t length = (size_t)300 << 10; /* several times what a pipe holds */
    char *text = malloc(length);
    struct sql_file file;
    struct error error;
    pid_t writer;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', length);
    memcpy(text + length - 8, "SELECT 1", 8);
    assert_int_equal(mkfifo("pipe.sql", 0600), 0);
    writer = fork();
    if (writer == 0) {
        FILE *stream = fopen("pipe.sql", "w");

        _exit(stream && fwrite(text, 1, length, stream) == length && fclose(stream) == 0 ? 0 : 1);
    }
    assert_true(sql_file_load(&file, "pipe.sql", SQL_FILES_MAX, &error));
    assert_int_equal(file.length, length);
    assert_int_equal(statements_of(&file), 1);
    sql_file_free(&file);
    free(text);
    assert_int_equal(unlink("pipe.sql"), 0);
}

static void what_cannot_be_read_is_named_with_the_reason(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_false(sql_file_load(&file, "missing.sql", SQL_FILES_MAX, &error));
    assert_string_equal(error.message, "missing.sql: cannot be read: No such file or directory");
    assert_string_equal(error.hint, "");
    assert_int_equal(error.status, STATUS_FAILED);
    assert_false(sql_file_load(&file, ".", SQL_FILES_MAX, &error));
    assert_string_equal(error.message, ".: cannot be read: Is a directory");
}

static void a_refusal_has_file_line_and_column_and_what_to_change(void **state)
{
    struct sql_file file;
    struct error error;

    (void)state;
    assert_false(load("\xEF\xBB\xBFSELECT '\xC3\xA9';\r\n COMMIT", 24, SQL_FILES_MAX, &file, &error));
    assert_string_equal(error.message, "a.sql:2:2: transaction control of its own");
    assert_string_equal(error.hint, sql_refusal_hint(SQL_TRANSACTION));
    assert_int_equal(error.status, STATUS_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(an_empty_file_has_no_statements),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(a_file_of_pg_dump_is_taken_with_the_lines_it_has_for_psql),
        cmocka_unit_test(a_file_as_large_as_the_limit_is_read_and_a_larger_one_refused),
        cmocka_unit_test(what_has_no_size_of_its_own_is_read_to_its_end),
        cmocka_unit_test(what_cannot_be_read_is_named_with_the_reason),
        cmocka_unit_test(a_refusal_has_file_line_and_column_and_what_to_change),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
