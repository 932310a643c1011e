#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct source file = { RANK_FILE, "f.yaml" };
static struct arena *arena;
static struct strings errors;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    errors = (struct strings){ 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct node *parse(const char *text)
{
    return document_parse(&file, text, strlen(text), &errors, arena);
}

static void assert_refused_bytes(const char *bytes, size_t length, const char *beginning)
{
    errors = (struct strings){ 0 };
    assert_null(document_parse(&file, bytes, length, &errors, arena));
    assert_int_equal(errors.count, 1);
    if (strncmp(errors.items[0], beginning, strlen(beginning)) != 0) {
        fail_msg("%s", errors.items[0]);
    }
}

static void assert_refused(const char *text, const char *beginning)
{
    assert_refused_bytes(text, strlen(text), beginning);
}

static void every_value_knows_its_line_and_column(void **state)
{
    (void)state;
    const struct node *root = parse("a: 1\nb:\n  - x\n  - {k: \"v\"}\n");
    const struct node *b = node_get(root, "b");

    assert_int_equal(root->count, 2);
    assert_int_equal(node_get(root, "a")->column, 4);
    assert_true(node_get(root, "a")->plain);
    assert_int_equal(b->key_line, 2);
    assert_int_equal(b->key_column, 1);
    assert_int_equal(b->first->line, 3);
    assert_int_equal(b->first->column, 5);

    const struct node *v = node_get(b->last, "k");

    assert_string_equal(v->text, "v");
    assert_false(v->plain);
    assert_int_equal(v->line, 4);
    assert_int_equal(v->column, 9);
    assert_int_equal(v->key_column, 6);
}

static void nothing_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const nothings[] = { "", "\n\n", "# a comment\n", "---\n", "---\n...\n", "~\n", "null" };

    for (size_t i = 0; i < sizeof nothings / sizeof nothings[0]; i++) {
        const struct node *root = parse(nothings[i]);

        assert_non_null(root);
        assert_int_equal(root->kind, NODE_MAP);
        assert_int_equal(root->count, 0);
    }
}

static void an_empty_value_is_no_value(void **state)
{
    (void)state;
    const struct node *root = parse("a:\nb: ~\nc: null\nd: ''\ne: 0\n");

    assert_true(node_null(node_get(root, "a")));
    assert_true(node_null(node_get(root, "b")));
    assert_true(node_null(node_get(root, "c")));
    assert_false(node_null(node_get(root, "d")));
    assert_false(node_null(node_get(root, "e")));
}

static void line_ends_and_a_byte_order_mark_do_not_matter(void **state)
{
    (void)state;
    const struct node *root = parse("\xEF\xBB\xBF"
                                    "a: 1\r\nb: 2\r\n");

    assert_non_null(root);
    assert_string_equal(node_get(root, "a")->text, "1");
    assert_string_equal(node_get(root, "b")->text, "2");
    assert_int_equal(node_get(root, "b")->line, 2);
}

static void a_duplicate_key_is_an_error_with_line_and_column(void **state)
{
    (void)state;
    assert_non_null(parse("a: 1\nb: {x: 1, y: 2, x: 3}\na: 2\n"));
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.items[0], "f.yaml:2:17: duplicate key x, it is already at line 2");
    assert_string_equal(errors.items[1], "f.yaml:3:1: duplicate key a, it is already at line 1");
}

static void aliases_anchors_and_tags_are_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 1\nb: *x\n", "f.yaml:1:4: anchors, aliases and tags");
    assert_refused("a: &x [1]\n", "f.yaml:1:4: anchors, aliases and tags");
    assert_refused("a: &x {b: 1}\n", "f.yaml:1:4: anchors, aliases and tags");
    assert_refused("a: !!binary aGk=\n", "f.yaml:1:4: anchors, aliases and tags");
    assert_refused("a: *nowhere\n", "f.yaml:1:4: anchors, aliases and tags");
}

static void a_second_document_is_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document");
}

static void what_is_no_yaml_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("a: [1, 2\nb: 3\n", "f.yaml:2:2: not valid YAML: ");
    assert_refused("\tb: 2\n", "f.yaml:1:1: not valid YAML: found character that cannot start any token (a tab?");
    assert_refused("a: \"open\n", "f.yaml:2:1: not valid YAML: ");
    assert_refused("a: b\x01"
                   "c\n",
                   "f.yaml:1:5: not valid YAML: control characters");
    assert_refused("? [a, b]\n: 1\n", "f.yaml:1:3: a key must be a word");
}

static void bytes_that_are_no_text_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused_bytes("a: 1\nb: \0x", 10, "f.yaml:2:4: a NUL byte");
    assert_refused("a: 1\nb\xc3\xa4: \xe4\n", "f.yaml:2:5: not UTF-8: byte E4"); /* columns are characters */
    assert_refused_bytes("\xff\xfe"
                         "a\0:\0",
                         6, "f.yaml:1:1: not UTF-8"); /* UTF-16 */
    assert_refused("a: \"x\\0y\"\n", "f.yaml:1:4: a text may not hold a NUL");
    assert_refused("\"a\\0b\": 1\n", "f.yaml:1:1: a key must be a word");
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    static char text[200001];

    memset(text, '[', 100000);
    memset(text + 100000, ']', 100000);
    assert_refused(text, "f.yaml:1:17: nested more than 16 deep");
    for (size_t i = 0; i < 1000; i++) {
        (void)snprintf(text + 3 * i, 4, "{a:");
    }
    assert_refused(text, "f.yaml:1:");
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    char *text = malloc(900000), *end = text;

    *end++ = '[';
    for (int i = 0; i < 210000; i++) {
        end = stpcpy(end, "1,\n");
    }
    (void)strcpy(end, "]");
    assert_refused(text, "f.yaml:200000:1: more than 200000 values");
    end = text;
    for (int i = 0; i < 300; i++) {
        end += sprintf(end, "k%d: 1\n", i);
    }
    assert_refused(text, "f.yaml:257:1: more than 256 keys in one map");
    free(text);
}

static void errors_are_one_line_each_and_bounded(void **state)
{
    (void)state;
    static char text[100000];
    char *end = text;

    end += sprintf(end, "a: 1\n");
    for (int i = 0; i < 200; i++) {
        end += sprintf(end, "a: 2\n");
    }
    (void)parse(text);
    assert_int_equal(errors.count, 100);

    errors = (struct strings){ 0 };
    (void)parse("\"a\\nb\\e[31m\": 1\n\"a\\nb\\e[31m\": 2\n");
    assert_string_equal(errors.items[0], "f.yaml:2:1: duplicate key a\\x0Ab, it is already at line 1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_value_knows_its_line_and_column),
        TEST(nothing_is_an_empty_map),
        TEST(an_empty_value_is_no_value),
        TEST(line_ends_and_a_byte_order_mark_do_not_matter),
        TEST(a_duplicate_key_is_an_error_with_line_and_column),
        TEST(aliases_anchors_and_tags_are_refused),
        TEST(a_second_document_is_refused),
        TEST(what_is_no_yaml_is_refused_with_its_place),
        TEST(bytes_that_are_no_text_are_refused_with_their_place),
        TEST(deep_nesting_is_refused),
        TEST(too_many_values_are_refused),
        TEST(errors_are_one_line_each_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
