#include "base/mask.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

static int tear_down(void **state)
{
    (void)state;
    mask_wipe();
    return 0;
}

static const char *masked(const char *text)
{
    static char buffer[1024];

    (void)snprintf(buffer, sizeof buffer, "%s", text);
    mask_string(buffer);
    return buffer;
}

static void a_secret_is_masked_in_every_form(void **state)
{
    (void)state;
    mask_add("p@ss/\"wörd");
    assert_string_equal(masked("raw p@ss/\"wörd."), "raw ***.");
    assert_string_equal(masked("url p%40ss%2F%22w%C3%B6rd."), "url ***.");
    assert_string_equal(masked("url p%40ss%2f%22w%c3%b6rd."), "url ***.");
    assert_string_equal(masked("url p%40ss/%22w%C3%B6rd."), "url ***.");
    assert_string_equal(masked("all %70%40%73%73%2F%22%77%C3%B6%72%64."), "all ***.");
    assert_string_equal(masked("json p@ss/\\\"wörd."), "json ***.");
    assert_string_equal(masked("python p@ss/\\\"w\\u00f6rd."), "python ***.");
    assert_string_equal(masked("php p@ss\\/\\\"w\\u00f6rd."), "php ***.");
}

static void a_secret_is_masked_as_sql_quotes_it(void **state)
{
    (void)state;
    mask_add("it's p'wd");
    assert_string_equal(masked("ALTER ROLE app PASSWORD 'it''s p''wd'"), "ALTER ROLE app PASSWORD '***'");
}

static void any_of_a_secrets_characters_may_be_encoded(void **state)
{
    (void)state;
    mask_add("p@ss w$rd;é+1%");
    assert_string_equal(masked("form p%40ss+w%24rd%3B%C3%A9%2B1%25."), "form ***.");
    assert_string_equal(masked("go p%40ss%20w$rd;%C3%A9+1%25."), "go ***.");
    assert_string_equal(masked("sqlalchemy p%40ss w%24rd%3B%C3%A9+1%25."), "sqlalchemy ***.");
    assert_string_equal(masked("whatwg p%40ss%20w$rd%3B%c3%a9+1%25."), "whatwg ***.");
    assert_string_equal(masked("other p%40ss%20w$rd%3C%c3%a9+1%25."), "other p%40ss%20w$rd%3C%c3%a9+1%25.");
    mask_add(" leads");
    assert_string_equal(masked("x+leads %20leads"), "x*** ***");
}

static void a_secret_that_holds_an_encoded_zero_byte_is_masked_and_wiped(void **state)
{
    (void)state;
    static char secret[4 << 20] = "abc%00";

    memset(secret + 6, 'x', sizeof secret - 7);
    mask_add(secret);
    assert_string_equal(masked("short abc%00xxx"), "short abc%00xxx");
    mask_wipe(); /* what is decoded is longer than its beginning, up to the zero byte */
    mask_add("abc%00def");
    assert_string_equal(masked("x abc%00def."), "x ***.");
}

static void an_encoded_secret_is_masked_decoded(void **state)
{
    (void)state;
    mask_add("p%40ss%2Fword%");
    assert_string_equal(masked("is p@ss/word% here"), "is *** here");
    assert_string_equal(masked("is p%40ss%2Fword% here"), "is *** here");
}

static void the_longest_secret_wins_and_overlaps_leave_nothing(void **state)
{
    (void)state;
    mask_add("abc");
    mask_add("abcdef");
    mask_add("defghi");
    assert_string_equal(masked("xabcdefx"), "x***x");
    assert_string_equal(masked("xabcdefghix"), "x***x");
    assert_string_equal(masked("xabcx"), "x***x");
}

static void the_result_is_never_longer(void **state)
{
    (void)state;
    mask_add("a");
    mask_add("zz");
    assert_string_equal(masked("bab"), "b*b");
    assert_string_equal(masked("bzzb"), "b**b");
}

static void the_lines_of_a_key_are_masked_one_by_one(void **state)
{
    (void)state;
    mask_add("-----BEGIN KEY-----\r\nMIIEvQIBADAN\nshort\n-----END KEY-----\n");
    assert_string_equal(masked("got MIIEvQIBADAN and short"), "got *** and short");
}

static void nothing_is_masked_without_secrets(void **state)
{
    (void)state;
    mask_add("");
    assert_int_equal(mask_longest(), 0);
    assert_string_equal(masked("postgres://u:p@h/d"), "postgres://u:p@h/d");
}

static void the_longest_form_is_known_and_wiped(void **state)
{
    (void)state;
    mask_add("secret");
    mask_add("secret");
    assert_int_equal(mask_longest(), 3 * strlen("secret"));
    mask_wipe();
    assert_int_equal(mask_longest(), 0);
    assert_string_equal(masked("secret"), "secret");
    mask_add("again");
    assert_string_equal(masked("again"), "***");
}

static void bytes_with_nuls_are_masked(void **state)
{
    (void)state;
    char bytes[] = "a\0secret\0b";

    mask_add("secret");
    assert_int_equal(mask_apply(bytes, sizeof bytes - 1), 7);
    assert_memory_equal(bytes, "a\0***\0b", 7);
}

static void many_secrets_are_all_kept(void **state)
{
    (void)state;
    char secret[32];

    for (int i = 0; i < 200; i++) {
        (void)snprintf(secret, sizeof secret, "secret-%03d-", i);
        mask_add(secret);
    }
    for (int i = 0; i < 200; i++) {
        (void)snprintf(secret, sizeof secret, "secret-%03d-", i);
        assert_string_equal(masked(secret), "***");
    }
}

static void a_search_of_the_memory_finds_all_and_maps_nothing(void **state)
{
    (void)state;
    enum { PAGES = 64, WRITTEN = 7 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char there[PAGES];
    char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    char *last = memory + (WRITTEN + 1) * page; /* half of it lies on either side */

    mask_add("left-behind");
    memcpy(last - 5, "left-behind", 11);
    memcpy(memory + (PAGES - 1) * page, "left-behind", 11);
    mask_scrub("");
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(last[(ptrdiff_t)i - 5], 0);
        assert_int_equal(memory[(PAGES - 1) * page + i], 0);
    }
    assert_int_equal(mincore(memory, PAGES * page, there), 0);
    for (int i = 0; i < PAGES; i++) {
        assert_int_equal(there[i] & 1, i == WRITTEN || i == WRITTEN + 1 || i == PAGES - 1);
    }
    munmap(memory, PAGES * page);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_masked_in_every_form),
        TEST(a_secret_is_masked_as_sql_quotes_it),
        TEST(any_of_a_secrets_characters_may_be_encoded),
        TEST(a_secret_that_holds_an_encoded_zero_byte_is_masked_and_wiped),
        TEST(an_encoded_secret_is_masked_decoded),
        TEST(the_longest_secret_wins_and_overlaps_leave_nothing),
        TEST(the_result_is_never_longer),
        TEST(the_lines_of_a_key_are_masked_one_by_one),
        TEST(nothing_is_masked_without_secrets),
        TEST(the_longest_form_is_known_and_wiped),
        TEST(bytes_with_nuls_are_masked),
        TEST(many_secrets_are_all_kept),
        TEST(a_search_of_the_memory_finds_all_and_maps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
