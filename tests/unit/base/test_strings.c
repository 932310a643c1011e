#include "base/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const keys[] = { "wait.timeout", "wait.max_delay", "migrate.steps", "log", "app.mode", "zz" };

static const char *nearest(const char *word)
{
    return strings_nearest(word, keys, sizeof keys / sizeof keys[0]);
}

static void a_list_serves_as_an_argv(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct strings list = { 0 };
    char word[] = "a";

    for (int i = 0; i < 26; i++, word[0]++) {
        strings_add(arena, &list, word);
    }
    assert_int_equal(list.count, 26);
    assert_string_equal(list.items[0], "a");
    assert_string_equal(list.items[25], "z");
    assert_null(list.items[26]);
    assert_true(strings_contain(&list, "k"));
    assert_false(strings_contain(&list, "kk"));
    arena_free(arena);
}

static void a_list_is_told_with_commas(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct strings list = { 0 };

    assert_string_equal(strings_listed(arena, &list), "");
    strings_add(arena, &list, "one");
    assert_string_equal(strings_listed(arena, &list), "one");
    strings_add(arena, &list, "");
    strings_add(arena, &list, "three");
    assert_string_equal(strings_listed(arena, &list), "one, , three");
    arena_free(arena);
}

static void a_text_is_split_at_its_commas(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct strings list = { 0 };

    strings_split(arena, &list, "");
    strings_split(arena, &list, "a,,b c,");
    assert_string_equal(strings_listed(arena, &list), ", a, , b c, ");
    arena_free(arena);
}

static void of_equal_words_the_first_stays_in_its_place(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct strings list = { 0 };

    strings_unique(arena, &list);
    assert_int_equal(list.count, 0);
    strings_split(arena, &list, "b,a,b,,c,a,,b");
    strings_unique(arena, &list);
    assert_string_equal(strings_listed(arena, &list), "b, a, , c");
    assert_null(list.items[list.count]);
    arena_free(arena);
}

static void nothing_is_the_same_as_nothing_alone(void **state)
{
    (void)state;
    char word[] = "word";

    assert_true(strings_same(word, "word"));
    assert_false(strings_same("word", "words"));
    assert_true(strings_same(NULL, NULL));
    assert_false(strings_same(NULL, "") || strings_same("", NULL));
}

static void typing_errors_find_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("wait.timeut"), "wait.timeout");
    assert_string_equal(nearest("wait.tiemout"), "wait.timeout");
    assert_string_equal(nearest("migrate.stepz"), "migrate.steps");
    assert_string_equal(nearest("Log"), "log");
    assert_string_equal(nearest("lgo"), "log");
}

static void what_resembles_nothing_finds_nothing(void **state)
{
    (void)state;
    assert_null(nearest("completely.different"));
    assert_null(nearest(""));
    assert_null(nearest("ab")); /* two replacements turn it into zz, which is no likeness */
    assert_null(strings_nearest("x", keys, 0));
}

static void a_word_of_any_length_is_compared(void **state)
{
    (void)state;
    char word[5000];

    for (size_t i = 0; i < sizeof word - 1; i++) {
        word[i] = 'x';
    }
    word[sizeof word - 1] = '\0';
    assert_null(nearest(word));
}

static void an_ending_has_something_before_it(void **state)
{
    (void)state;
    assert_true(strings_end_with("a.sql", ".sql"));
    assert_false(strings_end_with(".sql", ".sql"));
    assert_false(strings_end_with("sql", ".sql"));
    assert_false(strings_end_with("a.sql.bak", ".sql"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_serves_as_an_argv),
        cmocka_unit_test(a_list_is_told_with_commas),
        cmocka_unit_test(a_text_is_split_at_its_commas),
        cmocka_unit_test(nothing_is_the_same_as_nothing_alone),
        cmocka_unit_test(an_ending_has_something_before_it),
        cmocka_unit_test(typing_errors_find_what_was_meant),
        cmocka_unit_test(what_resembles_nothing_finds_nothing),
        cmocka_unit_test(a_word_of_any_length_is_compared),
        cmocka_unit_test(of_equal_words_the_first_stays_in_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
