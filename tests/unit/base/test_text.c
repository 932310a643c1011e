#include "base/text.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *json(const char *bytes, size_t length)
{
    static char buffer[256];
    struct text text = text_over(buffer, sizeof buffer);

    text_json(&text, bytes, length);
    return buffer;
}

static const char *visible(const char *bytes, size_t length)
{
    static char buffer[256];
    struct text text = text_over(buffer, sizeof buffer);

    text_visible(&text, bytes, length);
    return buffer;
}

#define JSON(literal) json(literal, sizeof(literal) - 1)
#define VISIBLE(literal) visible(literal, sizeof(literal) - 1)

static void what_does_not_fit_is_cut_at_a_character(void **state)
{
    (void)state;
    char buffer[8];

    for (size_t size = 1; size <= sizeof buffer; size++) {
        struct text text = text_over(buffer, size);

        text_string(&text, "aäöü"); /* one byte, then two each */
        assert_int_equal(text.cut, size < 8);
        assert_int_equal(text.length, size < 2 ? 0 : 1 + (size - 2) / 2 * 2);
        assert_int_equal(strlen(buffer), text.length);
    }
}

static void nothing_is_added_behind_a_cut(void **state)
{
    (void)state;
    char buffer[6];
    struct text text = text_over(buffer, sizeof buffer);

    text_printf(&text, "%s", "aaaaä");
    assert_true(text.cut);
    assert_string_equal(buffer, "aaaa");
    text_char(&text, 'b');
    text_printf(&text, "c");
    assert_string_equal(buffer, "aaaa");
}

static void json_is_escaped(void **state)
{
    (void)state;
    assert_string_equal(JSON("a\"b\\c\n\t\r\b\f"), "a\\\"b\\\\c\\n\\t\\r\\b\\f");
    assert_string_equal(JSON("\0\x1b\x7f"), "\\u0000\\u001b\\u007f");
    assert_string_equal(JSON("ä€𝄞"), "ä€𝄞");
}

static void a_copy_leaves_nothing_out(void **state)
{
    (void)state;
    struct arena *arena = arena_new();

    assert_string_equal(text_escaped_copy(arena, "'\x1b[1mä\x1b]'\r\xff", 12), "'\\x1B[1mä\\x1B]'\\x0D\uFFFD");
    arena_free(arena);
}

static void broken_utf8_becomes_the_replacement_character(void **state)
{
    (void)state;
    assert_string_equal(JSON("a\xffz"), "a\uFFFDz");
    assert_string_equal(JSON("a\xc3"), "a\uFFFD");                             /* cut off */
    assert_string_equal(JSON("\xc0\xaf"), "\uFFFD\uFFFD");                     /* overlong */
    assert_string_equal(JSON("\xf0\x8f\xbf\xbf"), "\uFFFD\uFFFD\uFFFD\uFFFD"); /* so, of four bytes */
    assert_string_equal(JSON("\xf5\x80\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
    assert_string_equal(JSON("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");           /* a surrogate */
    assert_string_equal(JSON("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD"); /* beyond U+10FFFF */
    assert_string_equal(VISIBLE("a\xffz"), "a\uFFFDz");
}

static void a_json_escape_is_never_cut_in_half(void **state)
{
    (void)state;
    char buffer[16];

    for (size_t size = 1; size <= 12; size++) {
        struct text text = text_over(buffer, size);

        text_json(&text, "ab\x01z", 4);
        assert_string_equal(buffer, size < 2    ? ""
                                    : size < 3  ? "a"
                                    : size < 9  ? "ab"
                                    : size < 10 ? "ab\\u0001"
                                                : "ab\\u0001z");
    }
}

static void terminal_sequences_are_dropped_and_controls_shown(void **state)
{
    (void)state;
    assert_string_equal(VISIBLE("\033[1;31mred\033[0m"), "red");
    assert_string_equal(VISIBLE("\033]0;title\aafter"), "after");
    assert_string_equal(VISIBLE("\033]8;;http://x\033\\link"), "link");
    assert_string_equal(VISIBLE("\033(Bx\033=y\033"), "xy");
    assert_string_equal(VISIBLE("\033["), "");
    assert_string_equal(VISIBLE("\033[1\nx"), "\\x0Ax"); /* what breaks a sequence off is none of it */
    assert_string_equal(VISIBLE("\033[1\177x"), "\\x7Fx");
    assert_string_equal(VISIBLE("\033]0;title\nx"), "\\x0Ax");
    assert_string_equal(VISIBLE("\033]0;title\033[1mx"), "x");
    assert_string_equal(VISIBLE("a\0b\nc\td\re"), "a\\x00b\\x0Ac\td\\x0De");
    assert_string_equal(VISIBLE("a\xc2\x9bz"), "a\\x9Bz"); /* CSI as one C1 character */
    assert_string_equal(VISIBLE("äö"), "äö");
}

static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    assert_true(text_utf8_valid("aä€𝄞", strlen("aä€𝄞")));
    assert_true(text_utf8_valid("", 0));
    assert_false(text_utf8_valid("\xe4", 1)); /* latin 1 */
    assert_false(text_utf8_valid("\xe2\x82", 2));
    assert_int_equal(text_utf8_prefix("a€\xe4z", 6), 4);
}

static void the_border_is_never_inside_a_character(void **state)
{
    (void)state;
    assert_int_equal(text_utf8_border("a€b", 5), 5);
    assert_int_equal(text_utf8_border("a€b", 4), 4);
    assert_int_equal(text_utf8_border("a€b", 3), 1);
    assert_int_equal(text_utf8_border("a€b", 2), 1);
    assert_int_equal(text_utf8_border("𝄞", 3), 0);
    assert_int_equal(text_utf8_border("", 0), 0);
    assert_int_equal(text_utf8_border("\x80\x80\x80\x80\x80", 5), 5); /* no UTF-8 at all */
}

static void assert_place(const char *text, size_t offset, size_t line, size_t column)
{
    struct text_place place = text_place_of(text, offset);

    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void a_place_counts_characters_and_every_kind_of_line_end(void **state)
{
    (void)state;
    assert_place("abc", 0, 1, 1);
    assert_place("abc", 3, 1, 4);
    assert_place("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x", 9, 1, 4);
    assert_place("\tx", 1, 1, 2);
    assert_place("a\nb", 2, 2, 1);
    assert_place("a\r\nb\r\n\r\nc", 8, 4, 1);
    assert_place("a\rb\r\rc", 5, 4, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_cut_at_a_character),
        cmocka_unit_test(nothing_is_added_behind_a_cut),
        cmocka_unit_test(json_is_escaped),
        cmocka_unit_test(a_copy_leaves_nothing_out),
        cmocka_unit_test(broken_utf8_becomes_the_replacement_character),
        cmocka_unit_test(a_json_escape_is_never_cut_in_half),
        cmocka_unit_test(terminal_sequences_are_dropped_and_controls_shown),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(a_place_counts_characters_and_every_kind_of_line_end),
        cmocka_unit_test(the_border_is_never_inside_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
