#include "database/protocol.h"

#include <string.h>

#define LEAST_TABLE 10  /* name, length of its schema, two flags */
#define LEAST_PROBLEM 9 /* code, two strings */

/* ---- orders ---- */

void order_encode(const struct order_message *order, struct frame_writer *writer)
{
    frame_begin(writer, (uint8_t)order->order);
    frame_u8(writer, order->probe);
    frame_u8(writer, order->prove);
    frame_u8(writer, order->alone);
    frame_u8(writer, order->history);
    frame_u8(writer, order->direct);
    frame_u8(writer, order->fresh);
    frame_i64(writer, order->age);
    frame_i64(writer, order->within);
    frame_string(writer, order->url);
    frame_end(writer);
}

/* Only 0 and 1 are flags: anything else did not come from our encoder. */
static bool get_flag(struct frame_reader *reader)
{
    uint8_t value = frame_get_u8(reader);

    if (value > 1) {
        reader->broken = true;
    }
    return value == 1;
}

bool order_decode(uint8_t kind, struct frame_reader *payload, struct order_message *order, struct arena *arena)
{
    if (kind < ORDER_CONNECT || kind > ORDER_SESSIONS) {
        return false;
    }
    order->order = (enum order)kind;
    order->probe = get_flag(payload);
    order->prove = get_flag(payload);
    order->alone = get_flag(payload);
    order->history = get_flag(payload);
    order->direct = get_flag(payload);
    order->fresh = get_flag(payload);
    order->age = frame_get_i64(payload);
    order->within = frame_get_i64(payload);
    order->url = frame_get_string(payload, arena);
    return frame_done(payload) && order->age >= 0 && order->within >= 0;
}

/* ---- replies ---- */

static void put_failed(struct frame_writer *writer, const struct reply_failed *failed)
{
    frame_u8(writer, (uint8_t)failed->failure);
    frame_u8(writer, failed->let_in);
    frame_string(writer, failed->sqlstate);
    frame_string(writer, failed->message);
    frame_string(writer, failed->hint);
}

static void get_failed(struct frame_reader *reader, struct reply_failed *failed, struct arena *arena)
{
    uint8_t failure = frame_get_u8(reader);
    bool let_in = get_flag(reader);
    const char *sqlstate = frame_get_name(reader, arena);
    size_t length = strlen(sqlstate);

    if (failure >= FAILURES || length >= sizeof failed->sqlstate) {
        reader->broken = true;
        return;
    }
    failed->failure = (enum failure)failure;
    failed->let_in = let_in;
    memcpy(failed->sqlstate, sqlstate, length + 1);
    failed->message = frame_get_name(reader, arena);
    failed->hint = frame_get_string(reader, arena);
}

static void put_connected(struct frame_writer *writer, const struct connected *connected)
{
    frame_string(writer, connected->host);
    frame_string(writer, connected->server_version);
}

static void get_connected(struct frame_reader *reader, struct connected *connected, struct arena *arena)
{
    connected->host = frame_get_string(reader, arena);
    connected->server_version = frame_get_string(reader, arena);
}

static void put_ledger(struct frame_writer *writer, const struct check *check)
{
    frame_u8(writer, check->history);
    frame_u8(writer, check->proven);
    frame_u32(writer, check->local);
    frame_u32(writer, check->applied);
    frame_u32(writer, check->pending);
    frame_u32(writer, check->failed);
    frame_u32(writer, check->edited);
    frame_u32(writer, check->gone);
    frame_string(writer, check->failed_name);
    frame_string(writer, check->failed_log);
    frame_strings(writer, &check->pending_names);
    frame_strings(writer, &check->edited_names);
    frame_strings(writer, &check->gone_names);
}

static void get_names(struct frame_reader *reader, struct strings *names, struct arena *arena)
{
    frame_get_strings(reader, names, arena);
    reader->broken |= names->count > CHECK_NAMES;
}

static void get_ledger(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->history = get_flag(reader);
    check->proven = get_flag(reader);
    check->local = frame_get_u32(reader);
    check->applied = frame_get_u32(reader);
    check->pending = frame_get_u32(reader);
    check->failed = frame_get_u32(reader);
    check->edited = frame_get_u32(reader);
    check->gone = frame_get_u32(reader);
    check->failed_name = frame_get_string(reader, arena);
    check->failed_log = frame_get_string(reader, arena);
    get_names(reader, &check->pending_names, arena);
    get_names(reader, &check->edited_names, arena);
    get_names(reader, &check->gone_names, arena);
}

static void put_tables(struct frame_writer *writer, const struct check *check)
{
    frame_u32(writer, (uint32_t)check->table_count);
    for (size_t i = 0; i < check->table_count; i++) {
        frame_string(writer, check->tables[i].name);
        frame_u32(writer, (uint32_t)check->tables[i].schema);
        frame_u8(writer, check->tables[i].exists);
        frame_u8(writer, check->tables[i].healthy);
    }
}

static void put_check(struct frame_writer *writer, const struct check *check)
{
    put_tables(writer, check);
    frame_u32(writer, (uint32_t)check->problem_count);
    for (size_t i = 0; i < check->problem_count; i++) {
        frame_u8(writer, (uint8_t)check->problems[i].code);
        frame_string(writer, check->problems[i].object);
        frame_string(writer, check->problems[i].detail);
    }
    frame_u8(writer, check->healthy);
    frame_u8(writer, check->hand_listed);
    put_ledger(writer, check);
    frame_string(writer, check->server_version);
}

static void get_tables(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->table_count = frame_get_count(reader, LEAST_TABLE);
    check->tables = arena_array(arena, check->table_count, sizeof *check->tables);
    for (size_t i = 0; i < check->table_count && !reader->broken; i++) {
        struct table_state *table = &check->tables[i];

        table->name = frame_get_name(reader, arena);
        table->schema = frame_get_u32(reader);
        table->exists = get_flag(reader);
        table->healthy = get_flag(reader);
        reader->broken |= !table_state_fits(table);
    }
}

static void get_problems(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->problem_count = frame_get_count(reader, LEAST_PROBLEM);
    check->problems = arena_array(arena, check->problem_count, sizeof *check->problems);
    for (size_t i = 0; i < check->problem_count && !reader->broken; i++) {
        uint8_t code = frame_get_u8(reader);

        if (code >= PROBLEM_CODES) {
            reader->broken = true;
            return;
        }
        check->problems[i].code = (enum problem_code)code;
        check->problems[i].object = frame_get_name(reader, arena);
        check->problems[i].detail = frame_get_string(reader, arena);
    }
}

static void get_check(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    get_tables(reader, check, arena);
    get_problems(reader, check, arena);
    check->healthy = get_flag(reader);
    check->hand_listed = get_flag(reader);
    get_ledger(reader, check, arena);
    check->server_version = frame_get_string(reader, arena);
}

void reply_encode(const struct reply_message *reply, struct frame_writer *writer)
{
    frame_begin(writer, (uint8_t)reply->reply);
    switch (reply->reply) {
    case REPLY_CONNECTED:
        put_connected(writer, &reply->connected);
        break;
    case REPLY_FAILED:
        put_failed(writer, &reply->failed);
        break;
    case REPLY_CHECKED:
        put_check(writer, &reply->check);
        break;
    case REPLY_SESSIONS:
    case REPLY_BUSY:
        frame_u32(writer, reply->count);
        frame_string(writer, reply->text);
        break;
    case REPLY_NOTE:
        frame_string(writer, reply->text);
        break;
    case REPLY_TABLES:
        put_tables(writer, &reply->check);
        break;
    case REPLY_WANTED:
        frame_bytes(writer, reply->wanted, reply->wanted_length);
        break;
    case REPLY_LOCKED:
    case REPLY_LOCK_LOST:
        break;
    }
    frame_end(writer);
}

bool reply_decode(uint8_t kind, struct frame_reader *payload, struct reply_message *reply, struct arena *arena)
{
    *reply = (struct reply_message){ .reply = (enum reply)kind };
    switch (kind) {
    case REPLY_CONNECTED:
        get_connected(payload, &reply->connected, arena);
        break;
    case REPLY_FAILED:
        get_failed(payload, &reply->failed, arena);
        break;
    case REPLY_CHECKED:
        get_check(payload, &reply->check, arena);
        break;
    case REPLY_SESSIONS:
    case REPLY_BUSY:
        reply->count = frame_get_u32(payload);
        reply->text = frame_get_name(payload, arena);
        break;
    case REPLY_NOTE:
        reply->text = frame_get_name(payload, arena);
        break;
    case REPLY_TABLES:
        get_tables(payload, &reply->check, arena);
        break;
    case REPLY_WANTED:
        reply->wanted = frame_get_bytes(payload, &reply->wanted_length);
        break;
    case REPLY_LOCKED:
    case REPLY_LOCK_LOST:
        break;
    default:
        return false;
    }
    return frame_done(payload);
}
