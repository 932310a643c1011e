#include "base/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;
static struct frame_writer writer;
static int ends[2];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int tear_down(void **state)
{
    (void)state;
    frame_writer_free(&writer);
    arena_free(arena);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

static struct frame_reader payload_of(const struct frame_writer *frame)
{
    return (struct frame_reader){ .data = frame->data + 5, .length = frame->length - 5 };
}

static void every_kind_of_field_comes_back(void **state)
{
    (void)state;
    size_t length;
    uint8_t kind;
    struct frame_reader reader;

    frame_begin(&writer, 65);
    frame_u8(&writer, 200);
    frame_u32(&writer, 4000000000U);
    frame_i64(&writer, INT64_MIN);
    frame_string(&writer, "grün");
    frame_string(&writer, NULL);
    frame_string(&writer, "");
    frame_bytes(&writer, "a\0b", 3);
    assert_true(frame_end(&writer));
    assert_true(frame_send(ends[0], &writer));

    struct frame_stream stream = { .fd = ends[1] };

    assert_int_equal(frame_next(&stream, &kind, &reader), FRAME_NONE);
    assert_int_equal(frame_fill(&stream), FRAME_READY);
    assert_int_equal(frame_next(&stream, &kind, &reader), FRAME_READY);
    assert_int_equal(kind, 65);
    assert_int_equal(frame_get_u8(&reader), 200);
    assert_int_equal(frame_get_u32(&reader), 4000000000U);
    assert_int_equal(frame_get_i64(&reader), INT64_MIN);
    assert_string_equal(frame_get_string(&reader, arena), "grün");
    assert_null(frame_get_string(&reader, arena));
    assert_string_equal(frame_get_string(&reader, arena), "");
    assert_false(frame_done(&reader));
    assert_memory_equal(frame_get_bytes(&reader, &length), "a\0b", 3);
    assert_int_equal(length, 3);
    assert_true(frame_done(&reader));
    assert_int_equal(frame_next(&stream, &kind, &reader), FRAME_NONE);
    frame_stream_free(&stream);
}

static void a_frame_cut_off_anywhere_is_broken_and_not_read_past(void **state)
{
    (void)state;
    size_t length;

    frame_begin(&writer, 1);
    frame_u32(&writer, 1);
    frame_i64(&writer, 2);
    frame_string(&writer, "abc");
    frame_bytes(&writer, "xyz", 3);
    assert_true(frame_end(&writer));

    struct frame_reader whole = payload_of(&writer);

    for (size_t cut = 0; cut < whole.length; cut++) {
        struct frame_reader reader = { .data = whole.data, .length = cut };

        (void)frame_get_u32(&reader);
        (void)frame_get_i64(&reader);
        (void)frame_get_string(&reader, arena);
        assert_null(frame_get_bytes(&reader, &length));
        assert_int_equal(length, 0);
        assert_true(reader.broken);
        assert_false(frame_done(&reader));
        assert_int_equal(frame_get_u8(&reader), 0);
    }
}

static void a_string_with_a_nul_inside_is_broken(void **state)
{
    (void)state;
    frame_begin(&writer, 1);
    frame_bytes(&writer, "a\0b", 3);
    assert_true(frame_end(&writer));

    struct frame_reader reader = payload_of(&writer);

    assert_null(frame_get_string(&reader, arena));
    assert_true(reader.broken);
}

static void a_flag_is_nothing_but_0_or_1(void **state)
{
    (void)state;
    frame_begin(&writer, 1);
    frame_u8(&writer, 0);
    frame_u8(&writer, 1);
    frame_u8(&writer, 2);
    assert_true(frame_end(&writer));

    struct frame_reader reader = payload_of(&writer);

    assert_false(frame_get_flag(&reader));
    assert_true(frame_get_flag(&reader));
    assert_false(reader.broken);
    assert_false(frame_get_flag(&reader));
    assert_true(reader.broken);
}

static void what_must_be_there_is_never_null(void **state)
{
    (void)state;
    frame_begin(&writer, 1);
    frame_string(&writer, "users");
    frame_string(&writer, NULL);
    assert_true(frame_end(&writer));

    struct frame_reader reader = payload_of(&writer);

    assert_string_equal(frame_get_name(&reader, arena), "users");
    assert_false(reader.broken);
    assert_string_equal(frame_get_name(&reader, arena), "");
    assert_true(reader.broken);
}

static void a_count_that_the_frame_cannot_hold_is_refused(void **state)
{
    (void)state;
    frame_begin(&writer, 1);
    frame_u32(&writer, 3);
    frame_i64(&writer, 0);
    frame_i64(&writer, 0);
    assert_true(frame_end(&writer));

    struct frame_reader fits = payload_of(&writer), too_many = payload_of(&writer);

    assert_int_equal(frame_get_count(&fits, 5), 3);
    assert_int_equal(frame_get_count(&too_many, 6), 0);
    assert_true(too_many.broken);
}

static void a_list_of_strings_takes_at_most_eight_times_the_room_that_it_came_in(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct strings list = { 0 };

    frame_begin(&writer, 1);
    frame_u32(&writer, COUNT);
    for (int i = 0; i < COUNT; i++) {
        frame_string(&writer, "");
    }
    assert_true(frame_end(&writer));

    struct frame_reader reader = payload_of(&writer);
    struct arena *room = arena_reserve(8 * reader.length); /* more than that ends the process */

    frame_get_strings(&reader, &list, room);
    assert_true(frame_done(&reader));
    assert_int_equal(list.count, COUNT);
    assert_string_equal(list.items[COUNT - 1], "");
    assert_null(list.items[COUNT]);
    arena_free(room);
}

static void frames_arrive_whole_however_the_bytes_are_split(void **state)
{
    (void)state;
    struct frame_stream stream = { .fd = ends[1] };
    struct frame_reader reader;
    uint8_t kind;
    unsigned seen = 0;

    for (uint8_t i = 1; i <= 3; i++) {
        frame_begin(&writer, i);
        frame_string(&writer, "some words");
        assert_true(frame_end(&writer));
        for (size_t sent = 0; sent < writer.length; sent++) {
            assert_int_equal(write(ends[0], writer.data + sent, 1), 1);
            assert_int_equal(frame_fill(&stream), FRAME_READY);
            if (frame_next(&stream, &kind, &reader) == FRAME_READY) {
                assert_int_equal(kind, ++seen);
                assert_string_equal(frame_get_string(&reader, arena), "some words");
                assert_true(frame_done(&reader));
            }
        }
    }
    assert_int_equal(seen, 3);
    frame_stream_free(&stream);
}

static void a_stream_that_begins_anew_keeps_its_memory_and_nothing_else(void **state)
{
    (void)state;
    struct frame_stream stream = { .fd = ends[1] };
    struct frame_reader reader;
    uint8_t kind;

    assert_int_equal(write(ends[0], "\1\0", 2), 2); /* the beginning of a frame that never ends */
    assert_int_equal(frame_fill(&stream), FRAME_READY);
    const unsigned char *memory = stream.data;
    for (uint8_t i = 1; i <= 3; i++) {
        frame_stream_begin(&stream, ends[1]);
        frame_begin(&writer, i);
        assert_true(frame_end(&writer) && frame_send(ends[0], &writer));
        assert_int_equal(frame_fill(&stream), FRAME_READY);
        assert_int_equal(frame_next(&stream, &kind, &reader), FRAME_READY);
        assert_int_equal(kind, i);
        assert_ptr_equal(stream.data, memory);
    }
    frame_stream_free(&stream);
}

static void a_length_out_of_bounds_breaks_the_stream(void **state)
{
    (void)state;
    static const unsigned char lengths[][4] = { { 0, 0, 0, 0 }, { 1, 0, 0, 4 }, { 0xff, 0xff, 0xff, 0xff } };

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct frame_stream stream = { .fd = ends[1] };
        struct frame_reader reader;
        uint8_t kind;

        assert_int_equal(write(ends[0], lengths[i], 4), 4);
        assert_int_equal(frame_fill(&stream), FRAME_READY);
        assert_int_equal(frame_next(&stream, &kind, &reader), FRAME_BROKEN);
        frame_stream_free(&stream);
    }
}

static void a_stream_takes_no_frame_above_its_own_bound(void **state)
{
    (void)state;
    static const unsigned char word[] = { 1, 0, 0, 0, 7 }, more[] = { 2, 0, 0, 0, 7, 'x' };
    struct frame_stream stream = { .fd = ends[1], .most = 1 };
    struct frame_reader payload;
    uint8_t kind;

    assert_int_equal(write(ends[0], word, sizeof word), sizeof word);
    assert_int_equal(write(ends[0], more, sizeof more), sizeof more);
    assert_int_equal(frame_fill(&stream), FRAME_READY);
    assert_int_equal(frame_next(&stream, &kind, &payload), FRAME_READY);
    assert_int_equal(kind, 7);
    assert_int_equal(frame_next(&stream, &kind, &payload), FRAME_BROKEN);
    frame_stream_free(&stream);
}

static void a_frame_that_is_too_large_is_not_sent(void **state)
{
    (void)state;
    static const char byte = 'x';

    frame_begin(&writer, 1);
    frame_bytes(&writer, &byte, FRAME_MAX + 1); /* not read: refused by its length */
    assert_false(frame_end(&writer));
    frame_begin(&writer, 1);
    assert_true(frame_end(&writer)); /* the writer can be used again */
}

static void the_end_of_the_stream_and_nothing_yet_are_told_apart(void **state)
{
    (void)state;
    struct frame_stream stream = { .fd = ends[1] };

    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(frame_fill(&stream), FRAME_NONE);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    assert_int_equal(frame_fill(&stream), FRAME_CLOSED);
    frame_stream_free(&stream);
}

static void a_reader_that_is_gone_is_an_error_and_no_signal(void **state)
{
    (void)state;
    frame_begin(&writer, 1);
    assert_true(frame_end(&writer));
    assert_int_equal(shutdown(ends[1], SHUT_RDWR), 0);
    assert_false(frame_send(ends[0], &writer));
    assert_int_equal(errno, EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_field_comes_back),
        TEST(a_frame_cut_off_anywhere_is_broken_and_not_read_past),
        TEST(a_string_with_a_nul_inside_is_broken),
        TEST(a_flag_is_nothing_but_0_or_1),
        TEST(what_must_be_there_is_never_null),
        TEST(a_count_that_the_frame_cannot_hold_is_refused),
        TEST(a_list_of_strings_takes_at_most_eight_times_the_room_that_it_came_in),
        TEST(frames_arrive_whole_however_the_bytes_are_split),
        TEST(a_stream_that_begins_anew_keeps_its_memory_and_nothing_else),
        TEST(a_length_out_of_bounds_breaks_the_stream),
        TEST(a_stream_takes_no_frame_above_its_own_bound),
        TEST(a_frame_that_is_too_large_is_not_sent),
        TEST(the_end_of_the_stream_and_nothing_yet_are_told_apart),
        TEST(a_reader_that_is_gone_is_an_error_and_no_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
