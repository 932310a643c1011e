#include "../scratch.h"

#include "database/sql_tables.h"

static struct sql_tables tables;

static void also(const char *sql)
{
    sql_tables_read(&tables, sql, strlen(sql));
}

static const char *left(const char *sql)
{
    const char *text = "";

    if (sql) {
        tables = (struct sql_tables){ .arena = scratch.arena, .schema = "public" };
        also(sql);
    }
    for (size_t i = 0; i < tables.count; i++) {
        const struct table *table = &tables.items[i];

        text = arena_printf(scratch.arena, "%s%s%s%s%s", text, i ? " " : "", table->schema ? table->schema : "",
                            table->schema ? "." : "", table->name);
    }
    return text;
}

static void what_is_created_is_left(void **state)
{
    (void)state;
    assert_string_equal(left("CREATE TABLE users (id int); create table if not exists Orders as select 1;"
                             "CREATE UNLOGGED TABLE cache (a text)"),
                        "users orders cache");
    assert_string_equal(left("CREATE TABLE users (id int); CREATE TABLE IF NOT EXISTS users (id int);"), "users");
    assert_string_equal(left("CREATE TABLE \"User\" (id int); CREATE TABLE auth.\"a\"\"b\" (id int);"),
                        "User auth.a\"b");
}

static void a_name_is_any_that_the_server_takes_and_folded_as_it_does(void **state)
{
    (void)state;
    assert_string_equal(left("CREATE TABLE aZ09_$ (); CREATE TABLE zA (); CREATE TABLE A@ (); CREATE TABLE Zz ();"
                             "CREATE TABLE _x (); CREATE TABLE \u00e4\u00c4[ (); CREATE TABLE \"A\"\"Z\" ();"),
                        "az09_$ za a zz _x \u00e4\u00c4 A\"Z");
    assert_string_equal(left("CREATE TABLE 1a (); CREATE TABLE @a (); CREATE TABLE [a (); CREATE TABLE `a ();"
                             "CREATE TABLE {a ();"),
                        "");
}

static void what_is_dropped_or_renamed_since_is_not(void **state)
{
    (void)state;
    assert_string_equal(left("CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE x.c (); DROP TABLE IF EXISTS b, x.c;"),
                        "a");
    assert_string_equal(left("CREATE TABLE a (); ALTER TABLE IF EXISTS ONLY a RENAME TO \"B\";"), "B");
    assert_string_equal(left("CREATE TABLE a (); ALTER TABLE a * RENAME TO b;"), "b");
    assert_string_equal(left("CREATE TABLE a (); ALTER TABLE a SET SCHEMA x; ALTER TABLE a RENAME TO b;"), "x.a");
    assert_string_equal(
        left("CREATE TABLE a (b int); ALTER TABLE a RENAME COLUMN b TO c; ALTER TABLE a RENAME b TO c;"), "a");
    assert_string_equal(left("CREATE TABLE public.a (); DROP TABLE a; CREATE TABLE b (); ALTER TABLE b SET SCHEMA x;"
                             "ALTER TABLE x.b SET SCHEMA public; CREATE TABLE a ();"),
                        "b a");
    also("DROP TABLE a; CREATE TABLE d ();");
    assert_string_equal(left(NULL), "b d");
}

static void what_comes_and_goes_does_not_count(void **state)
{
    (void)state;
    assert_string_equal(left("CREATE TEMP TABLE a (); CREATE TABLE p (d date) PARTITION BY RANGE (d);"
                             "CREATE TABLE p1 PARTITION OF p DEFAULT; CREATE TABLE p2 (d date);"
                             "ALTER TABLE ONLY p ATTACH PARTITION p2 FOR VALUES IN (1);"),
                        "p");
}

static void what_is_no_name_is_no_table(void **state)
{
    (void)state;
    assert_string_equal(left("CREATE TABLE (a int); CREATE TABLE 'x' (); CREATE TABLE \"\" (); CREATE TABLE;"
                             "CREATE TABLE a (); ALTER TABLE a RENAME TO; ALTER TABLE a SET SCHEMA;"),
                        "a");
}

static void text_in_strings_and_comments_creates_nothing(void **state)
{
    (void)state;
    assert_string_equal(
        left("-- CREATE TABLE a ();\n/* CREATE TABLE b (); */ SELECT 'x; CREATE TABLE c ();';"
             "DO $$ BEGIN CREATE TABLE d (); END $$; CREATE INDEX i ON e (f); COMMENT ON TABLE g IS '';"),
        "");
}

static void a_dump_of_pg_dump_is_read(void **state)
{
    (void)state;
    assert_string_equal(left("\\restrict abc\n\nSET client_encoding = 'UTF8';\nSET default_tablespace = '';\n\n"
                             "BEGIN;\nCREATE TABLE public.users (\n    id integer DEFAULT 1 NOT NULL\n);\nCOMMIT;\n"
                             "ALTER TABLE ONLY public.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);\n\n"
                             "\\unrestrict abc\n"),
                        "users");
}

static void a_name_is_cut_as_the_server_cuts_it(void **state)
{
    char sql[128];

    (void)state;
    (void)snprintf(sql, sizeof sql, "CREATE TABLE %062d\u00e4 ();", 0);
    sql[13] = 'a';
    (void)left(sql);
    assert_int_equal(tables.count, 1);
    assert_int_equal(strlen(tables.items[0].name), 62);
}

static void what_is_cut_off_is_read_up_to_there(void **state)
{
    static const char sql[] = "CREATE TABLE a (); ALTER TABLE a RENAME TO \"b\"; DROP TABLE x.y, \"bx";

    (void)state;
    for (size_t length = 0; length < sizeof sql; length++) {
        tables = (struct sql_tables){ .arena = scratch.arena, .schema = "public" };
        sql_tables_read(&tables, arena_strndup(scratch.arena, sql, length), length);
        assert_int_equal(tables.count, length > 13);
    }
}

static void no_more_are_kept_than_a_person_looks_through(void **state)
{
    char sql[32];

    (void)state;
    tables = (struct sql_tables){ .arena = scratch.arena, .schema = "public" };
    for (int i = 0; i < SQL_TABLES_MAX + 10; i++) {
        int length = snprintf(sql, sizeof sql, "CREATE TABLE t%d ();", i);

        sql_tables_read(&tables, sql, (size_t)length);
    }
    assert_int_equal(tables.count, SQL_TABLES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(what_is_created_is_left),
        SCRATCH_TEST(a_name_is_any_that_the_server_takes_and_folded_as_it_does),
        SCRATCH_TEST(what_is_dropped_or_renamed_since_is_not),
        SCRATCH_TEST(what_comes_and_goes_does_not_count),
        SCRATCH_TEST(what_is_no_name_is_no_table),
        SCRATCH_TEST(text_in_strings_and_comments_creates_nothing),
        SCRATCH_TEST(a_dump_of_pg_dump_is_read),
        SCRATCH_TEST(a_name_is_cut_as_the_server_cuts_it),
        SCRATCH_TEST(what_is_cut_off_is_read_up_to_there),
        SCRATCH_TEST(no_more_are_kept_than_a_person_looks_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
