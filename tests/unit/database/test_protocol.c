#include "database/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Encodes, decodes, and gives the payload's bytes to a test that wants to break them. */
static struct frame_reader payload_of(struct frame_writer *writer, uint8_t *kind)
{
    assert_false(writer->failed);
    *kind = writer->data[4];
    return (struct frame_reader){ .data = writer->data + 5, .length = writer->length - 5 };
}

static struct reply_message round_trip(const struct reply_message *sent, struct arena *arena)
{
    struct frame_writer writer = { 0 };
    struct reply_message got;
    uint8_t kind;

    reply_encode(sent, &writer);

    struct frame_reader payload = payload_of(&writer, &kind);

    assert_true(reply_decode(kind, &payload, &got, arena));
    assert_int_equal(got.reply, sent->reply);
    frame_writer_free(&writer);
    return got;
}

static void every_order_comes_through(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (int kind = ORDER_CONNECT; kind <= ORDER_SESSIONS; kind++) {
        const struct order_message sent = { .order = (enum order)kind,
                                            .probe = kind % 2,
                                            .prove = kind % 3 == 0,
                                            .alone = kind % 3 == 1,
                                            .history = kind % 2 == 0,
                                            .direct = kind % 3 == 2,
                                            .fresh = kind % 3 == 1,
                                            .age = (int64_t)kind << 33,
                                            .within = (int64_t)kind << 34,
                                            .url = kind % 2 ? "postgres://a" : NULL };
        struct frame_writer writer = { 0 };
        struct order_message got;
        uint8_t number;

        order_encode(&sent, &writer);

        struct frame_reader payload = payload_of(&writer, &number);

        assert_true(order_decode(number, &payload, &got, arena));
        assert_int_equal(got.order, sent.order);
        assert_int_equal(got.probe, sent.probe);
        assert_int_equal(got.prove, sent.prove);
        assert_int_equal(got.alone, sent.alone);
        assert_int_equal(got.history, sent.history);
        assert_int_equal(got.direct, sent.direct);
        assert_int_equal(got.fresh, sent.fresh);
        assert_int_equal(got.age, sent.age);
        assert_int_equal(got.within, sent.within);
        assert_true(sent.url ? strcmp(got.url, sent.url) == 0 : got.url == NULL);
        frame_writer_free(&writer);
    }
    arena_free(arena);
}

static void a_foreign_order_is_refused(void **state)
{
    static const unsigned char good[26] = { 0, 1, 0, 1, 0 };
    static const unsigned char flag[26] = { 0, 0, 2, 0 };
    static const unsigned char negative[26] = { [13] = 0x80 };
    static const unsigned char never[26] = { [21] = 0x80, 0xff, 0xff, 0xff, 0xff };
    const struct {
        uint8_t kind;
        const unsigned char *data;
        size_t length;
        bool fine;
    } cases[] = {
        { ORDER_CONNECT, good, 26, true },       { 0, good, 26, false },
        { ORDER_SESSIONS + 1, good, 26, false }, { ORDER_CONNECT, good, 25, false },
        { ORDER_CONNECT, flag, 26, false },      { ORDER_SESSIONS, negative, 26, false },
        { ORDER_CHECK, never, 26, false },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame_reader payload = { .data = cases[i].data, .length = cases[i].length };
        struct order_message order;

        assert_int_equal(order_decode(cases[i].kind, &payload, &order, arena), cases[i].fine);
    }
    arena_free(arena);
}

static void a_failure_comes_through_with_its_class(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (int i = 0; i < FAILURES; i++) {
        const struct reply_message sent = { .reply = REPLY_FAILED,
                                            .failed = { .failure = (enum failure)i,
                                                        .sqlstate = "57P03",
                                                        .message = "db:5432: FATAL: starting up",
                                                        .hint = i % 2 ? "wait" : NULL } };
        struct reply_message got = round_trip(&sent, arena);

        assert_int_equal(got.failed.failure, i);
        assert_string_equal(got.failed.sqlstate, "57P03");
        assert_string_equal(got.failed.message, sent.failed.message);
        assert_int_equal(got.failed.hint == NULL, i % 2 == 0);
    }
    arena_free(arena);
}

static void a_check_comes_through_whole(void **state)
{
    struct table_state tables[] = { { "users", 0, true, true },
                                    { "app.\"odd\"", 3, true, false },
                                    { "dot.in.name", 0, false, false } };
    struct problem problems[] = { { PROBLEM_MISSING_TABLE, "public.dot.in.name", NULL, 3 },
                                  { PROBLEM_MISSING_PRIVILEGE, "schema app", "usage", 0 } };
    const char *names[] = { "m1", "m2", NULL };
    const struct reply_message sent = {
        .reply = REPLY_CHECKED,
        .check = { .tables = tables,
                   .table_count = 3,
                   .problems = problems,
                   .problem_count = 2,
                   .hand_listed = true,
                   .migrations = { .known = true,
                                   .local = 1,
                                   .applied = 2,
                                   .failed = 4,
                                   .pending = { .count = 3, .names = { .items = names, .count = 2 } },
                                   .edited = { .count = 5 },
                                   .gone = { .count = 6, .names = { .items = names, .count = 1 } },
                                   .failed_name = "m3",
                                   .failed_log = "line\nline" },
                   .server_version = "15.18" },
    };
    struct arena *arena = arena_new();
    struct reply_message got = round_trip(&sent, arena);

    (void)state;
    assert_int_equal(got.check.table_count, 3);
    assert_string_equal(got.check.tables[1].name, "app.\"odd\"");
    assert_int_equal(got.check.tables[1].schema, 3);
    assert_int_equal(got.check.tables[2].schema, 0);
    assert_true(got.check.tables[1].exists);
    assert_false(got.check.tables[1].healthy);
    assert_int_equal(got.check.problem_count, 2);
    assert_null(got.check.problems[0].detail);
    assert_int_equal(got.check.problems[1].code, PROBLEM_MISSING_PRIVILEGE);
    assert_string_equal(got.check.problems[1].detail, "usage");
    assert_int_equal(got.check.problems[0].table, 3);
    assert_int_equal(got.check.problems[1].table, 0);
    assert_false(got.check.healthy);
    assert_true(got.check.hand_listed);
    assert_true(got.check.migrations.known);
    assert_false(got.check.migrations.proven);
    assert_int_equal(got.check.migrations.local, 1);
    assert_int_equal(got.check.migrations.applied, 2);
    assert_int_equal(got.check.migrations.pending.count, 3);
    assert_int_equal(got.check.migrations.failed, 4);
    assert_int_equal(got.check.migrations.edited.count, 5);
    assert_int_equal(got.check.migrations.gone.count, 6);
    assert_string_equal(got.check.migrations.failed_log, "line\nline");
    assert_int_equal(got.check.migrations.pending.names.count, 2);
    assert_string_equal(got.check.migrations.pending.names.items[1], "m2");
    assert_int_equal(got.check.migrations.edited.names.count, 0);
    assert_int_equal(got.check.migrations.gone.names.count, 1);
    assert_string_equal(got.check.server_version, "15.18");
    arena_free(arena);
}

static void a_reply_that_names_more_migrations_than_a_look_does_is_refused(void **state)
{
    const char *names[CHECK_NAMES + 1];
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < CHECK_NAMES + 1; i++) {
        names[i] = "m";
    }
    for (size_t more = 0; more < 2; more++) {
        const struct reply_message sent = {
            .reply = REPLY_CHECKED,
            .check = { .migrations = { .edited = { .names = { .items = names, .count = CHECK_NAMES + more } } } }
        };
        struct frame_writer writer = { 0 };
        struct reply_message got;
        uint8_t kind;

        reply_encode(&sent, &writer);

        struct frame_reader payload = payload_of(&writer, &kind);

        assert_int_equal(reply_decode(kind, &payload, &got, arena), more == 0);
        frame_writer_free(&writer);
    }
    arena_free(arena);
}

static void the_small_replies_come_through(void **state)
{
    struct arena *arena = arena_new();
    const enum reply bare[] = { REPLY_LOCKED, REPLY_LOCK_LOST };
    struct reply_message got;

    (void)state;
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        round_trip(&(struct reply_message){ .reply = bare[i] }, arena);
    }
    got = round_trip(&(struct reply_message){ .reply = REPLY_BUSY, .text = "pid 7", .count = 7 }, arena);
    assert_string_equal(got.text, "pid 7");
    assert_int_equal(got.count, 7);
    got = round_trip(&(struct reply_message){ .reply = REPLY_SESSIONS, .text = "", .count = 3 }, arena);
    assert_int_equal(got.count, 3);
    struct table_state tables[] = { { "app.users", 3, false, false } };
    got = round_trip(&(struct reply_message){ .reply = REPLY_TABLES, .check = { .tables = tables, .table_count = 1 } },
                     arena);
    assert_int_equal(got.check.table_count, 1);
    assert_string_equal(got.check.tables[0].name, "app.users");
    got = round_trip(&(struct reply_message){ .reply = REPLY_NOTE, .text = "dropped" }, arena);
    assert_string_equal(got.text, "dropped");
    got = round_trip(&(struct reply_message){ .reply = REPLY_CONNECTED, .connected = { .host = "db:5432" } }, arena);
    assert_string_equal(got.connected.host, "db:5432");
    assert_null(got.connected.server_version);
    arena_free(arena);
}

static void what_is_wanted_comes_back_byte_for_byte(void **state)
{
    struct frame_writer writer = { 0 };
    struct reply_message got;
    struct arena *arena = arena_new();
    uint8_t kind;

    (void)state;
    reply_encode(&(struct reply_message){ .reply = REPLY_WANTED, .wanted = "a\0b", .wanted_length = 3 }, &writer);

    struct frame_reader payload = payload_of(&writer, &kind);

    assert_true(reply_decode(kind, &payload, &got, arena));
    assert_int_equal(got.wanted_length, 3);
    assert_memory_equal(got.wanted, "a\0b", 3);
    frame_writer_free(&writer);
    arena_free(arena);
}

/* Whatever is cut off or changed: refused or read, but never beyond the frame (the sanitizer would tell). */
static void a_cut_or_changed_reply_is_refused_or_harmless(void **state)
{
    struct table_state tables[] = { { "app.users", 3, true, true } };
    struct problem problems[] = { { PROBLEM_ASSERT, "a", "b", 0 } };
    const struct reply_message sent = { .reply = REPLY_CHECKED,
                                        .check = { .tables = tables,
                                                   .table_count = 1,
                                                   .problems = problems,
                                                   .problem_count = 1,
                                                   .server_version = "15" } };
    struct frame_writer writer = { 0 };
    uint8_t kind;

    (void)state;
    reply_encode(&sent, &writer);

    struct frame_reader whole = payload_of(&writer, &kind);

    for (size_t length = 0; length < whole.length; length++) {
        unsigned char *cut = malloc(length + 1); /* of its own size, so that reading past it is noticed */
        struct frame_reader payload = { .data = cut, .length = length };
        struct arena *arena = arena_new();
        struct reply_message got;

        memcpy(cut, whole.data, length);
        assert_false(reply_decode(kind, &payload, &got, arena));
        arena_free(arena);
        free(cut);
    }
    for (size_t at = 0; at < whole.length; at++) {
        unsigned char *changed = malloc(whole.length);
        struct frame_reader payload = { .data = changed, .length = whole.length };
        struct arena *arena = arena_new();
        struct reply_message got;

        memcpy(changed, whole.data, whole.length);
        changed[at] = 0xff;
        (void)reply_decode(kind, &payload, &got, arena);
        arena_free(arena);
        free(changed);
    }
    frame_writer_free(&writer);
}

static void a_foreign_reply_is_refused(void **state)
{
    struct arena *arena = arena_new();
    struct reply_message got;
    struct frame_reader empty = { .data = (const unsigned char *)"" };
    struct frame_reader more = { .data = (const unsigned char *)"x", .length = 1 };
    unsigned char failure[] = { FAILURES, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
    struct frame_reader unknown = { .data = failure, .length = sizeof failure };

    (void)state;
    assert_false(reply_decode(1, &empty, &got, arena));
    assert_false(reply_decode(REPLY_WANTED + 1, &empty, &got, arena));
    assert_false(reply_decode(REPLY_LOCKED, &more, &got, arena));
    assert_false(reply_decode(REPLY_FAILED, &unknown, &got, arena));
    arena_free(arena);
}

static bool passes(const struct check *check)
{
    const struct reply_message sent = { .reply = REPLY_CHECKED, .check = *check };
    struct frame_writer writer = { 0 };
    struct reply_message got;
    struct arena *arena = arena_new();
    uint8_t kind;

    reply_encode(&sent, &writer);
    struct frame_reader payload = payload_of(&writer, &kind);
    bool fine = reply_decode(kind, &payload, &got, arena);
    arena_free(arena);
    frame_writer_free(&writer);
    return fine;
}

static void a_schema_that_is_no_part_of_its_table_s_name_is_refused(void **state)
{
    struct table_state table = { "app.users", 4, true, true };

    (void)state;
    assert_false(passes(&(struct check){ .tables = &table, .table_count = 1 }));
}

static void a_problem_is_about_a_table_that_is_there_or_about_none(void **state)
{
    struct table_state table = { "users", 0, true, false };
    struct problem problem = { PROBLEM_MISSING_COLUMN, "public.users.id", NULL, 1 };
    const struct check check = { .tables = &table, .table_count = 1, .problems = &problem, .problem_count = 1 };

    (void)state;
    assert_true(passes(&check));
    problem.table = 2;
    assert_false(passes(&check));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_that_is_no_part_of_its_table_s_name_is_refused),
        cmocka_unit_test(a_problem_is_about_a_table_that_is_there_or_about_none),
        cmocka_unit_test(every_order_comes_through),
        cmocka_unit_test(a_foreign_order_is_refused),
        cmocka_unit_test(a_failure_comes_through_with_its_class),
        cmocka_unit_test(a_check_comes_through_whole),
        cmocka_unit_test(a_reply_that_names_more_migrations_than_a_look_does_is_refused),
        cmocka_unit_test(the_small_replies_come_through),
        cmocka_unit_test(what_is_wanted_comes_back_byte_for_byte),
        cmocka_unit_test(a_cut_or_changed_reply_is_refused_or_harmless),
        cmocka_unit_test(a_foreign_reply_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
