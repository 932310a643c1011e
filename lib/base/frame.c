#include "base/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 5 /* length of kind and payload, little end first; kind */
#define LENGTH_BYTES 4
#define FIRST_CAPACITY 4096
#define NO_STRING UINT32_MAX

/* ---- writing ---- */

static bool grow(unsigned char **data, size_t *capacity, size_t need)
{
    size_t size = *capacity ? *capacity : FIRST_CAPACITY;

    while (size < need) {
        size *= 2;
    }
    if (size == *capacity) {
        return true;
    }

    unsigned char *grown = realloc(*data, size);

    if (!grown) {
        return false;
    }
    *data = grown;
    *capacity = size;
    return true;
}

static void put(struct frame_writer *writer, const void *bytes, size_t length)
{
    if (writer->failed || length > FRAME_MAX || writer->length > FRAME_MAX - length ||
        !grow(&writer->data, &writer->capacity, writer->length + length)) {
        writer->failed = true;
        return;
    }
    if (length) {
        memcpy(writer->data + writer->length, bytes, length);
        writer->length += length;
    }
}

static void put_number(struct frame_writer *writer, uint64_t value, size_t bytes)
{
    unsigned char number[8];

    for (size_t i = 0; i < bytes; i++) {
        number[i] = (unsigned char)(value >> (8 * i));
    }
    put(writer, number, bytes);
}

void frame_begin(struct frame_writer *writer, uint8_t kind)
{
    writer->length = 0;
    writer->failed = false;
    frame_u32(writer, 0); /* the length, known at the end */
    frame_u8(writer, kind);
}

void frame_u8(struct frame_writer *writer, uint8_t value)
{
    put_number(writer, value, 1);
}

void frame_u32(struct frame_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void frame_i64(struct frame_writer *writer, int64_t value)
{
    put_number(writer, (uint64_t)value, 8);
}

void frame_string(struct frame_writer *writer, const char *string)
{
    if (string) {
        frame_bytes(writer, string, strlen(string));
    } else {
        frame_u32(writer, NO_STRING);
    }
}

void frame_strings(struct frame_writer *writer, const struct strings *strings)
{
    frame_u32(writer, (uint32_t)strings->count);
    for (size_t i = 0; i < strings->count; i++) {
        frame_string(writer, strings->items[i]);
    }
}

void frame_bytes(struct frame_writer *writer, const void *bytes, size_t length)
{
    frame_u32(writer, (uint32_t)(length > FRAME_MAX ? FRAME_MAX : length));
    put(writer, bytes, length);
}

bool frame_end(struct frame_writer *writer)
{
    if (writer->failed) {
        return false;
    }

    size_t length = writer->length;

    writer->length = 0;
    put_number(writer, length - LENGTH_BYTES, LENGTH_BYTES);
    writer->length = length;
    return true;
}

void frame_writer_free(struct frame_writer *writer)
{
    free(writer->data);
    *writer = (struct frame_writer){ 0 };
}

bool frame_send(int fd, const struct frame_writer *writer)
{
    for (size_t sent = 0; sent < writer->length;) {
        /* MSG_NOSIGNAL: a reader that is gone is an error, not our death. */
        ssize_t count = send(fd, writer->data + sent, writer->length - sent, MSG_NOSIGNAL);

        if (count < 0 && errno != EINTR) {
            return false;
        }
        sent += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* ---- reading a payload ---- */

static const unsigned char *take(struct frame_reader *reader, size_t length)
{
    if (reader->broken || length > reader->length - reader->position) {
        reader->broken = true;
        return NULL;
    }
    reader->position += length;
    return reader->data + reader->position - length;
}

static uint64_t number_at(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static uint64_t take_number(struct frame_reader *reader, size_t bytes)
{
    const unsigned char *number = take(reader, bytes);

    return number ? number_at(number, bytes) : 0;
}

uint8_t frame_get_u8(struct frame_reader *reader)
{
    return (uint8_t)take_number(reader, 1);
}

bool frame_get_flag(struct frame_reader *reader)
{
    uint8_t value = frame_get_u8(reader);

    reader->broken = reader->broken || value > 1;
    return value == 1;
}

uint32_t frame_get_u32(struct frame_reader *reader)
{
    return (uint32_t)take_number(reader, 4);
}

int64_t frame_get_i64(struct frame_reader *reader)
{
    return (int64_t)take_number(reader, 8);
}

const char *frame_get_string(struct frame_reader *reader, struct arena *arena)
{
    uint32_t length = frame_get_u32(reader);

    if (reader->broken || length == NO_STRING) {
        return NULL;
    }

    const char *bytes = (const char *)take(reader, length);

    if (bytes && memchr(bytes, '\0', length)) {
        reader->broken = true;
    }
    return reader->broken ? NULL : arena_strndup(arena, bytes, length);
}

const char *frame_get_name(struct frame_reader *reader, struct arena *arena)
{
    const char *name = frame_get_string(reader, arena);

    reader->broken = reader->broken || name == NULL;
    return name == NULL ? "" : name;
}

void frame_get_strings(struct frame_reader *reader, struct strings *strings, struct arena *arena)
{
    size_t count = frame_get_count(reader, LENGTH_BYTES);

    *strings = (struct strings){ 0 };
    if (count) { /* no more at once than there is, and no string twice: PID 1's room for an answer has an end */
        *strings = (struct strings){ arena_array(arena, count + 1, sizeof *strings->items), count, count + 1 };
    }
    for (size_t i = 0; i < count; i++) {
        strings->items[i] = frame_get_name(reader, arena);
    }
}

const void *frame_get_bytes(struct frame_reader *reader, size_t *length)
{
    *length = frame_get_u32(reader);

    const void *bytes = take(reader, *length);

    if (!bytes) {
        *length = 0;
    }
    return bytes;
}

size_t frame_get_count(struct frame_reader *reader, size_t least)
{
    size_t count = frame_get_u32(reader);

    if (reader->broken || (least && count > (reader->length - reader->position) / least)) {
        reader->broken = true;
        return 0;
    }
    return count;
}

bool frame_done(const struct frame_reader *reader)
{
    return !reader->broken && reader->position == reader->length;
}

/* ---- collecting frames ---- */

enum frame_result frame_fill(struct frame_stream *stream)
{
    if (stream->consumed) {
        stream->length -= stream->consumed;
        memmove(stream->data, stream->data + stream->consumed, stream->length);
        stream->consumed = 0;
    }
    if (!grow(&stream->data, &stream->capacity, stream->length + FIRST_CAPACITY)) {
        return FRAME_BROKEN;
    }

    ssize_t count;

    do {
        count = read(stream->fd, stream->data + stream->length, stream->capacity - stream->length);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? FRAME_NONE : FRAME_CLOSED;
    }
    stream->length += (size_t)count;
    return count ? FRAME_READY : FRAME_CLOSED;
}

enum frame_result frame_next(struct frame_stream *stream, uint8_t *kind, struct frame_reader *payload)
{
    size_t there = stream->length - stream->consumed;

    if (there < LENGTH_BYTES) {
        return FRAME_NONE;
    }

    const unsigned char *frame = stream->data + stream->consumed;
    size_t length = number_at(frame, LENGTH_BYTES);

    if (length < HEADER - LENGTH_BYTES || length > (stream->most ? stream->most : FRAME_MAX)) {
        return FRAME_BROKEN;
    }
    if (there < LENGTH_BYTES + length) {
        return FRAME_NONE;
    }
    *kind = frame[LENGTH_BYTES];
    *payload = (struct frame_reader){ .data = frame + HEADER, .length = length - (HEADER - LENGTH_BYTES) };
    stream->consumed += LENGTH_BYTES + length;
    return FRAME_READY;
}

void frame_stream_begin(struct frame_stream *stream, int fd)
{
    stream->fd = fd;
    stream->length = stream->consumed = 0;
}

void frame_stream_free(struct frame_stream *stream)
{
    free(stream->data);
    *stream = (struct frame_stream){ .fd = -1 };
}
