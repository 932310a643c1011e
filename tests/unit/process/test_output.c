#include "process/output.h"

#include "base/mask.h"
#include "child.h"

#define SECRET "s3cr3t-P4ss"
#define GATHERED ((size_t)1 << 20)

static char gathered[GATHERED]; /* the lines, each ended by a '|' */
static size_t gathered_length;
static struct output *output;
static struct arena *arena;
static struct strings permanent;

static void gather(void *argument, const char *line)
{
    size_t length = strlen(line);

    (void)argument;
    assert_true(gathered_length + length + 2 < GATHERED);
    memcpy(gathered + gathered_length, line, length);
    gathered_length += length;
    gathered[gathered_length++] = '|';
    gathered[gathered_length] = '\0';
}

static int setup(void **state)
{
    (void)state;
    mask_add(SECRET);
    arena = arena_new();
    output = output_new(gather, NULL);
    permanent = (struct strings){ 0 };
    gathered_length = 0;
    gathered[0] = '\0';
    return output ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    output_free(output);
    arena_free(arena);
    mask_wipe();
    return 0;
}

static void begin(void)
{
    gathered_length = 0;
    gathered[0] = '\0';
    output_begin(output, &permanent);
}

static void feed(const char *text)
{
    output_feed(output, text, strlen(text));
}

static const char *lines_of(const char *text)
{
    begin();
    feed(text);
    output_end(output);
    return gathered;
}

static void lines_end_with_lf_or_crlf_and_at_the_end(void **state)
{
    (void)state;
    assert_string_equal(lines_of("one\ntwo\r\nthree"), "one|two|three|");
    assert_string_equal(lines_of("  indented\n"), "  indented|");
    assert_string_equal(lines_of("trailing \t \n"), "trailing|");
    assert_string_equal(lines_of(""), "");
}

static void blank_lines_are_passed_over(void **state)
{
    (void)state;
    assert_string_equal(lines_of("a\n\n \t\n\r\n\033[0m\nb\n"), "a|b|");
}

static void of_a_progress_bar_the_last_state_is_the_line(void **state)
{
    (void)state;
    assert_string_equal(lines_of("10%\r20%\r100%\ndone\n"), "100%|done|");
    assert_string_equal(lines_of("10%\r\033[K20%\r\033[K\n"), "20%|");
    assert_string_equal(lines_of("10%\r20%\r"), "20%|");
    assert_string_equal(lines_of("\r\r\rx\r\r\n"), "x|");
}

static void control_characters_are_visible_and_escape_sequences_gone(void **state)
{
    (void)state;
    begin();
    output_feed(output, "a\0b\n", 4);
    assert_string_equal(gathered, "a\\x00b|");
    assert_string_equal(lines_of("\033[31mred\033[0m \033]0;title\007x\n"), "red x|");
    assert_string_equal(lines_of("\xff\xc3\n"), "\xEF\xBF\xBD\xEF\xBF\xBD|");
    assert_string_equal(lines_of("\xc3\xa9t\xc3\xa9\n"), "\xc3\xa9t\xc3\xa9|");
}

static void a_secret_is_masked_wherever_the_stream_is_split(void **state)
{
    static const char text[] = "url postgresql://u:" SECRET "@h/d?p=" SECRET " end\r\nnext " SECRET "\n";
    const char *expected = "url postgresql://u:***@h/d?p=*** end|next ***|";

    (void)state;
    for (size_t first = 0; first < sizeof text; first++) {
        for (size_t second = first; second < sizeof text; second++) {
            begin();
            output_feed(output, text, first);
            output_feed(output, text + first, second - first);
            output_feed(output, text + second, sizeof text - 1 - second);
            output_end(output);
            assert_string_equal(gathered, expected);
        }
    }
}

static void a_secret_that_is_coloured_within_is_masked(void **state)
{
    (void)state;
    assert_string_equal(lines_of("pw s3cr3t\033[1m-P4\033[0mss!\n"), "pw ***!|");
}

static bool shows_piece_of_secret(void)
{
    char piece[4] = "";

    for (size_t i = 0; i + 3 <= sizeof SECRET - 1; i++) {
        memcpy(piece, &SECRET[i], 3);
        if (strstr(gathered, piece)) {
            return true;
        }
    }
    return false;
}

/* Where something may be cut: at the cap, and where a buffer of the cap and room for two secrets is full (or several).
 */
static bool near_border(size_t at)
{
    const size_t cap = OUTPUT_LINE_MAX, buffer = OUTPUT_LINE_MAX + 4096, span = 50;

    return (at + span > cap && at < cap + span) || at % buffer < span || at % buffer > buffer - 2 * span;
}

static void a_secret_across_the_cap_leaves_no_piece(void **state)
{
    static char text[4 * OUTPUT_LINE_MAX];

    (void)state;
    for (size_t at = OUTPUT_LINE_MAX - 40; at < 2 * OUTPUT_LINE_MAX; at += near_border(at) ? 1 : 37) {
        memset(text, 'x', sizeof text - 1);
        memcpy(text + at, SECRET, sizeof SECRET - 1);
        text[at + sizeof SECRET + 1000] = '\0';
        (void)lines_of(text);
        assert_false(shows_piece_of_secret());
        text[at + sizeof SECRET + 1000] = 'x';
        (void)lines_of(text);
        assert_false(shows_piece_of_secret());
    }
}

static void many_secrets_in_a_long_line_leave_no_piece(void **state)
{
    static char text[8 * OUTPUT_LINE_MAX];

    (void)state;
    for (size_t shift = 0; shift < sizeof SECRET; shift++) {
        memset(text, 'x', sizeof text - 1);
        for (size_t at = shift; at + sizeof SECRET < sizeof text; at += sizeof SECRET) {
            memcpy(text + at, SECRET, sizeof SECRET - 1);
        }
        (void)lines_of(text);
        assert_false(shows_piece_of_secret());
        assert_non_null(strstr(gathered, " more bytes|"));
    }
}

static void a_long_line_is_cut_and_the_rest_counted(void **state)
{
    static char text[1000001];
    char tail[64];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    (void)lines_of(text);
    (void)snprintf(tail, sizeof tail, "x \xE2\x80\xA6 %d more bytes|", 1000000 - OUTPUT_LINE_MAX);
    assert_int_equal(gathered_length, OUTPUT_LINE_MAX - 1 + strlen(tail));
    assert_string_equal(gathered + OUTPUT_LINE_MAX - 1, tail);

    text[OUTPUT_LINE_MAX + 1] = '\0';
    (void)lines_of(text);
    assert_string_equal(gathered + OUTPUT_LINE_MAX, " \xE2\x80\xA6 1 more bytes|");
    text[OUTPUT_LINE_MAX] = '\0';
    (void)lines_of(text);
    assert_string_equal(gathered + OUTPUT_LINE_MAX, "|");
}

static void a_line_is_cut_at_a_characters_end(void **state)
{
    static char text[3 * OUTPUT_LINE_MAX];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 3);
    }
    (void)lines_of(text);
    assert_memory_equal(gathered + OUTPUT_LINE_MAX - OUTPUT_LINE_MAX % 3, " \xE2\x80\xA6 ", 5);
}

static void the_line_after_a_long_one_is_whole(void **state)
{
    static char text[5 * OUTPUT_LINE_MAX];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    memcpy(text + sizeof text - 8, "\nafter\n", 7);
    (void)lines_of(text);
    assert_string_equal(strchr(gathered, '|'), "|after|");
}

static void use_permanent(const char *first, const char *second)
{
    permanent = (struct strings){ 0 };
    strings_add(arena, &permanent, first);
    if (second) {
        strings_add(arena, &permanent, second);
    }
}

static const char *permanent_in(const char *text)
{
    (void)lines_of(text);
    return output_permanent(output);
}

static void the_first_permanent_error_in_the_output_is_told(void **state)
{
    (void)state;
    use_permanent("P3005", "P3009");
    assert_string_equal(permanent_in("x\nError: P3009 and P3005\n"), "P3009");
    assert_string_equal(permanent_in("Error: P3005"), "P3005");
    assert_null(permanent_in("P30090 XP3009\n"));
    assert_string_equal(permanent_in("\033[31mP3009\033[0m\n"), "P3009");
    assert_string_equal(permanent_in("P3009 in a bar\r100%\n"), "P3009");
    use_permanent("could not connect", NULL);
    assert_string_equal(permanent_in("error: could not connect to it\n"), "could not connect");
    assert_null(permanent_in("fine\n"));
}

static void a_permanent_error_is_seen_at_every_place_of_a_long_line(void **state)
{
    static char text[4 * OUTPUT_LINE_MAX];

    (void)state;
    use_permanent("P3009", NULL);
    for (size_t at = 1; at < sizeof text - 8; at += near_border(at) ? 1 : 97) {
        memset(text, ' ', sizeof text - 1);
        memcpy(text + at, "P3009", 5);
        assert_non_null(permanent_in(text));
        text[at - 1] = 'x';
        assert_null(permanent_in(text));
        text[at - 1] = ' ';
        text[at + 5] = '0';
        assert_null(permanent_in(text));
    }
}

static void a_permanent_error_longer_than_a_line_is_no_fault(void **state)
{
    static char word[3 * OUTPUT_LINE_MAX], text[5 * OUTPUT_LINE_MAX];

    (void)state;
    memset(word, 'w', sizeof word - 1);
    memset(text, 'w', sizeof text - 1);
    use_permanent(word, NULL);
    assert_null(permanent_in(text));
}

static void codes_are_remembered_once_each(void **state)
{
    const char *codes[OUTPUT_CODES];

    (void)state;
    (void)lines_of("JavaScript heap out of memory\n");
    assert_int_equal(output_codes(output, codes), 1);
    assert_string_equal(codes[0], "HEAP");
    (void)lines_of("P3018\nP3018 and Database error code: 42P07\nP1001 P1002 P1003 P1004 P1005 P1006 P1007 P1008\n");
    assert_int_equal(output_codes(output, codes), OUTPUT_CODES);
    assert_string_equal(codes[0], "P3018");
    assert_string_equal(codes[1], "42P07");
    assert_string_equal(codes[2], "P1001");
    (void)lines_of("nothing\n");
    assert_int_equal(output_codes(output, codes), 0);
}

static void the_last_lines_are_kept_oldest_first(void **state)
{
    const char *last[OUTPUT_LAST_LINES];
    char line[32];

    (void)state;
    begin();
    assert_int_equal(output_last(output, last), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(line, sizeof line, "line %d\n", i);
        feed(line);
    }
    assert_int_equal(output_last(output, last), OUTPUT_LAST_LINES);
    assert_string_equal(last[0], "line 80");
    assert_string_equal(last[OUTPUT_LAST_LINES - 1], "line 99");
}

static void the_last_lines_stay_within_their_bytes(void **state)
{
    static char text[OUTPUT_LINE_MAX];
    const char *last[OUTPUT_LAST_LINES];
    size_t total = 0;

    (void)state;
    begin();
    memset(text, 'y', sizeof text - 2);
    text[sizeof text - 2] = '\n';
    for (int i = 0; i < 50; i++) {
        feed(text);
    }
    feed("short\n");

    size_t count = output_last(output, last);

    assert_true(count >= 2 && count <= OUTPUT_LAST_LINES);
    for (size_t i = 0; i < count; i++) {
        total += strlen(last[i]) + 1;
    }
    assert_true(total <= OUTPUT_LAST_BYTES);
    assert_string_equal(last[count - 1], "short");
    assert_string_equal(last[0] + OUTPUT_LAST_LINE, " \xE2\x80\xA6");
}

static void a_new_child_starts_from_nothing(void **state)
{
    const char *last[OUTPUT_LAST_LINES];

    (void)state;
    use_permanent("P3009", NULL);
    begin();
    feed("P3009\nhalf a line");
    begin();
    feed("other\n");
    output_end(output);
    assert_string_equal(gathered, "other|");
    assert_null(output_permanent(output));
    assert_int_equal(output_last(output, last), 1);
}

static void a_secret_longer_than_the_room_shows_nothing_of_a_cut_line(void **state)
{
    static char secret[OUTPUT_LINE_MAX * 4], text[OUTPUT_LINE_MAX * 6];

    (void)state;
    for (size_t i = 0; i < sizeof secret - 1; i++) {
        secret[i] = (char)('a' + i % 26);
    }
    mask_add(secret); /* after output_new */
    memset(text, ' ', sizeof text - 1);
    memcpy(text + 10, secret, sizeof secret - 1);
    (void)lines_of(text);
    assert_null(strstr(gathered, "abc"));
    assert_non_null(strstr(gathered, " more bytes|"));
}

/* Of address sanitizer, under which these tests run: its malloc then refuses as a system does that has no memory left.
 */
const char *__asan_default_options(void); /* NOLINT(bugprone-reserved-identifier): its name is the sanitizer's */
const char *__asan_default_options(void)  /* NOLINT(bugprone-reserved-identifier) */
{
    return "allocator_may_return_null=1:max_allocation_size_mb=16";
}

static void without_memory_for_all_of_it_there_is_none_and_no_harm(void **state)
{
    size_t length = (size_t)1 << 20;
    char *secret = malloc(length + 1);

    (void)state;
    assert_non_null(secret);
    memset(secret, 's', length);
    secret[length] = '\0';
    mask_add(secret); /* room for two of it is had, for what is made visible of that not */
    free(secret);
    output_free(output_new(gather, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_end_with_lf_or_crlf_and_at_the_end),
        TEST(without_memory_for_all_of_it_there_is_none_and_no_harm),
        TEST(blank_lines_are_passed_over),
        TEST(of_a_progress_bar_the_last_state_is_the_line),
        TEST(control_characters_are_visible_and_escape_sequences_gone),
        TEST(a_secret_is_masked_wherever_the_stream_is_split),
        TEST(a_secret_that_is_coloured_within_is_masked),
        TEST(a_secret_across_the_cap_leaves_no_piece),
        TEST(many_secrets_in_a_long_line_leave_no_piece),
        TEST(a_long_line_is_cut_and_the_rest_counted),
        TEST(a_line_is_cut_at_a_characters_end),
        TEST(the_line_after_a_long_one_is_whole),
        TEST(the_first_permanent_error_in_the_output_is_told),
        TEST(a_permanent_error_is_seen_at_every_place_of_a_long_line),
        TEST(a_permanent_error_longer_than_a_line_is_no_fault),
        TEST(codes_are_remembered_once_each),
        TEST(the_last_lines_are_kept_oldest_first),
        TEST(the_last_lines_stay_within_their_bytes),
        TEST(a_new_child_starts_from_nothing),
        TEST(a_secret_longer_than_the_room_shows_nothing_of_a_cut_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
