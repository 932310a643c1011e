#include "base/mask.h"

#include "../cost.h"
#include "base/percent.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

static void what_json_writers_escape_although_they_need_not_is_masked(void **state)
{
    (void)state;
    mask_add("a&b<c>/d\"e'f=é");
    assert_string_equal(masked("go a\\u0026b\\u003cc\\u003e/d\\\"e'f=é."), "go ***.");
    assert_string_equal(masked("gson a\\u0026b\\u003cc\\u003e/d\\\"e\\u0027f\\u003dé."), "gson ***.");
}

static void a_secret_that_is_no_utf8_is_masked_as_json_writes_it(void **state)
{
    (void)state;
    mask_add("key\xE9"
             "a\xC3\xA9xyz");
    assert_string_equal(masked("node key\xEF\xBF\xBD"
                               "a\xC3\xA9xyz."),
                        "node ***.");
    mask_add("k\xE9<ab");
    assert_string_equal(masked("go k\xEF\xBF\xBD\\u003cab."), "go ***.");
}

static void a_secret_is_masked_as_sql_and_libpq_quote_it(void **state)
{
    (void)state;
    mask_add("it's p'w\\d");
    assert_string_equal(masked("ALTER ROLE app PASSWORD 'it''s p''w\\d'"), "ALTER ROLE app PASSWORD '***'");
    assert_string_equal(masked("host=x password='it\\'s p\\'w\\\\d'"), "host=x password='***'");
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

static void a_secret_that_an_escape_sequence_divides_is_masked_before_it_is_cut(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    mask_add("s3cretpw");
    assert_string_equal(mask_visible(arena, "no s3c\x1B[mretpw\x1B[0m here\n", 100), "no *** here\\x0A");
    assert_string_equal(mask_visible(arena, "no s3c\x1B[mretpw", 5), "no **");
    assert_string_equal(mask_visible(arena, "né", 2), "n");
    assert_string_equal(mask_visible(arena, "", 2), "");
    arena_free(arena);
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
    mask_add("user: app\npassword: 100%25ig\n");
    assert_string_equal(masked("got password: 100%25ig or password%3A+100%2525ig"), "got *** or ***");
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

static void what_is_left_of_a_copy_whose_beginning_was_written_over_is_found_too(void **state)
{
    static const char secret[] = "correct-horse-battery-staple";
    const size_t length = sizeof secret - 1;
    char memory[sizeof secret];

    (void)state;
    for (size_t left = 1; left <= length; left++) {
        memset(memory, '.', length);
        memcpy(memory + length - left, secret + length - left, left);
        mask_add(secret);
        mask_scrub("");
        for (size_t i = 0; i < length; i++) {
            char kept = left < 8 ? secret[i] : '\0'; /* what is shorter is found everywhere */

            assert_int_equal(memory[i], i < length - left ? '.' : kept);
        }
    }
}

/* ---- against a search that compares everything ---- */

#define SECRETS 12

/* Each text in which the secret is found, percent-encoded or not: as it is, and decoded. */
static char searched[2 * SECRETS][16];
static size_t searched_lengths[2 * SECRETS];

static size_t spelled_at(const char *text, size_t length, const char *form, size_t form_length)
{
    size_t at = 0;

    for (size_t i = 0; i < form_length; i++) {
        bool encoded =
            length - at >= 3 && text[at] == '%' && percent_byte(text[at + 1], text[at + 2]) == (unsigned char)form[i];

        if (!encoded && (at == length || (text[at] != form[i] && (form[i] != ' ' || text[at] != '+')))) {
            return 0;
        }
        at += encoded ? 3 : 1;
    }
    return at;
}

static size_t searched_at(const char *text, size_t length)
{
    size_t longest = 0;

    for (size_t i = 0; i < 2 * SECRETS; i++) {
        size_t form = searched_lengths[i], this = spelled_at(text, length, searched[i], form);

        this = this == 0 && length >= form && memcmp(text, searched[i], form) == 0 ? form : this;
        longest = this > longest ? this : longest;
    }
    return longest;
}

static void mask_slowly(const char *text, size_t length, char *out)
{
    for (size_t i = 0, end; i<length; i = end> i ? end : i + 1) {
        end = i + searched_at(text + i, length - i);
        for (size_t j = i + 1; j < end; j++) {
            size_t other = j + searched_at(text + j, length - j);

            end = other > end ? other : end;
        }
        out += end > i ? sprintf(out, "%.*s", end - i < 3 ? (int)(end - i) : 3, "***") : sprintf(out, "%c", text[i]);
    }
    *out = '\0';
}

static unsigned random_below(unsigned bound)
{
    static unsigned seed = 1;

    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % bound;
}

static size_t any_text(char *text, unsigned most)
{
    unsigned length = random_below(most + 1);

    for (unsigned i = 0; i < length; i++) {
        text[i] = "aab%25+ "[random_below(8)];
    }
    text[length] = '\0';
    return length;
}

static void what_is_masked_is_what_a_search_for_each_secret_finds(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < SECRETS; i++) {
            searched_lengths[i] = any_text(searched[i], 1 + random_below(12));
            searched_lengths[SECRETS + i] = percent_decode(searched[i], searched_lengths[i], searched[SECRETS + i]);
            mask_add(searched[i]);
        }
        for (int try = 0; try < 20; try++) {
            char text[64], slowly[256];
            size_t length = any_text(text, sizeof text - 1);

            mask_slowly(text, length, slowly);
            assert_string_equal(masked(text), slowly);
        }
        mask_wipe();
    }
}

static void secrets_that_begin_alike_are_told_apart(void **state)
{
    (void)state;
    char secret[128] = "";

    for (size_t length = 1; length < sizeof secret; length++) {
        secret[length - 1] = 'a';
        if (length % 3 == 0) {
            secret[length] = 'b';
            mask_add(secret);
            secret[length] = '\0';
        }
    }
    assert_string_equal(masked("aab aaab aaaab aaaaaab"), "aab *** a*** ***");
    assert_string_equal(masked("aaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."),
                        "aaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.");
}

/* ---- of many secrets ---- */

#define MANY 4000

static void add_many(size_t count)
{
    char secret[64];

    mask_wipe();
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(secret, sizeof secret, "secret number %zu is %zu", i, i * i);
        mask_add(secret);
    }
}

static void mask_much(size_t runs)
{
    static char text[1 << 16];

    for (size_t run = 0; run < runs; run++) {
        memset(text, 's', sizeof text);
        assert_int_equal(mask_apply(text, sizeof text), sizeof text);
    }
}

static void a_text_costs_no_more_where_secrets_are_many(void **state)
{
    (void)state;
    add_many(MANY / 40);

    double few = cost_of(mask_much, 4);

    add_many(MANY);
    assert_true(cost_of(mask_much, 4) < 10 * few);
}

static void twenty_times_the_secrets_are_not_four_hundred_times_the_work(void **state)
{
    (void)state;
    assert_true(cost_of(add_many, MANY) < 100 * cost_of(add_many, MANY / 20));
}

static char *heap;

static void search_memory(size_t count)
{
    add_many(count);
    memset(heap, 's', 8 << 20);
    mask_scrub("");
}

static void a_search_of_the_memory_costs_no_more_where_secrets_are_many(void **state)
{
    (void)state;
    heap = malloc(8 << 20);
    assert_true(cost_of(search_memory, MANY) < 10 * cost_of(search_memory, MANY / 40));
    free(heap);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_masked_in_every_form),
        TEST(what_json_writers_escape_although_they_need_not_is_masked),
        TEST(a_secret_that_is_no_utf8_is_masked_as_json_writes_it),
        TEST(a_secret_is_masked_as_sql_and_libpq_quote_it),
        TEST(any_of_a_secrets_characters_may_be_encoded),
        TEST(a_secret_that_an_escape_sequence_divides_is_masked_before_it_is_cut),
        TEST(a_secret_that_holds_an_encoded_zero_byte_is_masked_and_wiped),
        TEST(an_encoded_secret_is_masked_decoded),
        TEST(the_longest_secret_wins_and_overlaps_leave_nothing),
        TEST(the_result_is_never_longer),
        TEST(the_lines_of_a_key_are_masked_one_by_one),
        TEST(nothing_is_masked_without_secrets),
        TEST(the_longest_form_is_known_and_wiped),
        TEST(bytes_with_nuls_are_masked),
        TEST(many_secrets_are_all_kept),
        TEST(what_is_left_of_a_copy_whose_beginning_was_written_over_is_found_too),
        TEST(a_search_of_the_memory_finds_all_and_maps_nothing),
        TEST(what_is_masked_is_what_a_search_for_each_secret_finds),
        TEST(secrets_that_begin_alike_are_told_apart),
        TEST(a_text_costs_no_more_where_secrets_are_many),
        TEST(twenty_times_the_secrets_are_not_four_hundred_times_the_work),
        TEST(a_search_of_the_memory_costs_no_more_where_secrets_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
