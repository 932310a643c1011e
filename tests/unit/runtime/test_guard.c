#include "runtime/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As it comes from a pipe, cut anywhere; the end of the output ends a word. */
static bool drops(const char *sql, size_t cut)
{
    struct drop_scan scan = { 0 };
    bool found = drop_scan(&scan, sql, cut);

    found = drop_scan(&scan, sql + cut, strlen(sql) - cut) || found;
    return drop_scan(&scan, "\n", 1) || found;
}

static void each_cut_says(const char *sql, bool expected)
{
    for (size_t cut = 0; cut <= strlen(sql); cut++) {
        if (drops(sql, cut) != expected) {
            fail_msg("\"%s\", cut after %zu", sql, cut);
        }
    }
}

static void the_word_drop_is_found_in_any_case_and_any_chunks(void **state)
{
    (void)state;
    each_cut_says("DROP TABLE a", true);
    each_cut_says("ALTER TABLE a ADD b int, drop COLUMN c", true);
    each_cut_says("ALTER TABLE a\n\tDrop\n", true);
    each_cut_says("SELECT 1;DROP", true);
    each_cut_says("SELECT 'drop'", true); /* rather once too often */
}

static void a_longer_word_drops_nothing(void **state)
{
    (void)state;
    each_cut_says("CREATE TABLE dropped (drop_at date, airdrop int, drop2 int, \303\244drop int)", false);
    each_cut_says("CREATE INDEX dro ON p (a)", false);
    each_cut_says("", false);
}

static void a_comment_drops_nothing_and_ends_with_its_line(void **state)
{
    (void)state;
    each_cut_says("-- DropTable\n-- drop table a\nCREATE TABLE a ()", false);
    each_cut_says("-- nothing\nDROP TABLE a", true);
    each_cut_says("\t --drop", false);
}

/* Prisma's comments are lines of their own; what looks like one elsewhere is part of a name or a string. */
static void dashes_inside_a_line_hide_nothing(void **state)
{
    (void)state;
    each_cut_says("ALTER TABLE \"my--table\" DROP COLUMN \"a\";", true);
    each_cut_says("ALTER TABLE a ADD COLUMN b text DEFAULT '--', DROP COLUMN c", true);
    each_cut_says("SELECT 1 --drop", true); /* rather once too often */
}

static void one_dash_begins_no_comment(void **state)
{
    (void)state;
    each_cut_says("SELECT 1 - drop", true);
    each_cut_says("SELECT 1 -a- drop", true);
    each_cut_says("SELECT 1 - - drop", true);
    each_cut_says("- drop", true);
    each_cut_says("- - drop", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_word_drop_is_found_in_any_case_and_any_chunks),
        cmocka_unit_test(a_longer_word_drops_nothing),
        cmocka_unit_test(a_comment_drops_nothing_and_ends_with_its_line),
        cmocka_unit_test(dashes_inside_a_line_hide_nothing),
        cmocka_unit_test(one_dash_begins_no_comment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
