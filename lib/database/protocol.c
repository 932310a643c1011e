#include "database/protocol.h"

#include <string.h>

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

bool order_decode(uint8_t kind, struct frame_reader *payload, struct order_message *order, struct arena *arena)
{
    if (kind < ORDER_CONNECT || kind > ORDER_SESSIONS) {
        return false;
    }
    order->order = (enum order)kind;
    order->probe = frame_get_flag(payload);
    order->prove = frame_get_flag(payload);
    order->alone = frame_get_flag(payload);
    order->history = frame_get_flag(payload);
    order->direct = frame_get_flag(payload);
    order->fresh = frame_get_flag(payload);
    order->age = frame_get_i64(payload);
    order->within = frame_get_i64(payload);
    order->url = frame_get_string(payload, arena);
    return frame_done(payload) && order->age >= 0 && order->within >= 0;
}

/* ---- replies ---- */

static void put_failed(struct frame_writer *writer, const struct database_error *failed)
{
    frame_u8(writer, (uint8_t)failed->failure);
    frame_u8(writer, failed->let_in);
    frame_string(writer, failed->sqlstate);
    frame_string(writer, failed->message);
    frame_string(writer, failed->hint);
}

static void get_failed(struct frame_reader *reader, struct database_error *failed, struct arena *arena)
{
    uint8_t failure = frame_get_u8(reader);
    bool let_in = frame_get_flag(reader);
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
    case REPLY_TABLES:
        check_encode(&reply->check, writer);
        break;
    case REPLY_SESSIONS:
    case REPLY_BUSY:
        frame_u32(writer, reply->count);
        frame_string(writer, reply->text);
        break;
    case REPLY_NOTE:
        frame_string(writer, reply->text);
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
    case REPLY_TABLES:
        check_decode(&reply->check, payload, arena);
        break;
    case REPLY_SESSIONS:
    case REPLY_BUSY:
        reply->count = frame_get_u32(payload);
        reply->text = frame_get_name(payload, arena);
        break;
    case REPLY_NOTE:
        reply->text = frame_get_name(payload, arena);
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
