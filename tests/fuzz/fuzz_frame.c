/* Whatever comes over the socketpair: orders, replies and the wanted list are read whole or refused. What was read
 * encodes to something that reads the same. */
#include "config/wanted.h"
#include "database/protocol.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_order(uint8_t kind, struct frame_reader payload, struct arena *arena)
{
    struct order_message order;
    struct frame_writer writer = { 0 };

    if (order_decode(kind, &payload, &order, arena)) {
        order_encode(&order, &writer);
        if (writer.failed || writer.length != payload.length + 5 ||
            memcmp(writer.data + 5, payload.data, payload.length) != 0) {
            abort();
        }
    }
    frame_writer_free(&writer);
}

static void try_reply(uint8_t kind, struct frame_reader payload, struct arena *arena)
{
    struct reply_message reply;
    struct frame_writer writer = { 0 };

    if (reply_decode(kind, &payload, &reply, arena)) {
        reply_encode(&reply, &writer);
        if (writer.failed || writer.length != payload.length + 5 ||
            memcmp(writer.data + 5, payload.data, payload.length) != 0) {
            abort();
        }
    }
    frame_writer_free(&writer);
}

static void try_wanted(struct frame_reader payload, struct arena *arena)
{
    struct wanted wanted;
    struct frame_writer writer = { 0 };

    if (wanted_decode(&wanted, &payload, arena)) {
        wanted_encode(&wanted, &writer);
        if (writer.failed || writer.length != payload.length ||
            memcmp(writer.data, payload.data, payload.length) != 0) {
            abort();
        }
    }
    frame_writer_free(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }

    struct arena *arena = arena_new();
    struct frame_reader payload = { .data = data + 1, .length = size - 1 };

    try_order(data[0], payload, arena);
    try_reply(data[0], payload, arena);
    try_wanted(payload, arena);
    arena_free(arena);
    return 0;
}
