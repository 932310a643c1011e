/* Framed messages between pgentry's own processes over a stream socket: a 4-byte length, a 1-byte kind, fields.
 * The decoder rejects what it does not know; a broken frame ends the connection, never the reader. */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include "base/arena.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX ((size_t)64 << 20) /* a larger one is refused: 10,000 tables with columns are about 4 MB */

/* Writing: a growing buffer (malloc; `failed` is set when memory runs out and the frame is then not sent). */
struct frame_writer {
    unsigned char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

void frame_begin(struct frame_writer *writer, uint8_t kind); /* starts from empty, keeps the memory */
void frame_u8(struct frame_writer *writer, uint8_t value);
void frame_u32(struct frame_writer *writer, uint32_t value);
void frame_i64(struct frame_writer *writer, int64_t value);
void frame_string(struct frame_writer *writer, const char *string); /* NULL is kept as NULL */
void frame_strings(struct frame_writer *writer, const struct strings *strings);
void frame_bytes(struct frame_writer *writer, const void *bytes, size_t length);
/* Completes the frame: data[0..length) is what goes over the wire. False if it failed or is too large. */
bool frame_end(struct frame_writer *writer);
void frame_writer_free(struct frame_writer *writer);
/* Sends a completed frame, whole, on a socket that blocks or has room for it; false with errno. */
bool frame_send(int fd, const struct frame_writer *writer);

/* Reading one frame's payload. Any read past the end or of a malformed field sets `broken`; later reads give 0/NULL. */
struct frame_reader {
    const unsigned char *data;
    size_t length;
    size_t position;
    bool broken;
};

uint8_t frame_get_u8(struct frame_reader *reader);
/* Only 0 and 1 are flags: anything else did not come from an encoder of ours. */
bool frame_get_flag(struct frame_reader *reader);
uint32_t frame_get_u32(struct frame_reader *reader);
int64_t frame_get_i64(struct frame_reader *reader);
/* Copied into the arena; NULL stays NULL. */
const char *frame_get_string(struct frame_reader *reader, struct arena *arena);
/* The same; one that is NULL is broken, and "" stands for it. */
const char *frame_get_name(struct frame_reader *reader, struct arena *arena);
void frame_get_strings(struct frame_reader *reader, struct strings *strings, struct arena *arena);
/* Points into the frame. */
const void *frame_get_bytes(struct frame_reader *reader, size_t *length);
/* A list's length, refused (broken, 0) if the rest of the frame cannot hold that many elements of `least` bytes each.
 */
size_t frame_get_count(struct frame_reader *reader, size_t least);
/* True if everything was read and nothing was broken. */
bool frame_done(const struct frame_reader *reader);

/* Collects frames from a descriptor, blocking or not. */
struct frame_stream {
    int fd;
    size_t most; /* a frame with more bytes, its kind counted, is broken; 0: FRAME_MAX */
    unsigned char *data;
    size_t length;
    size_t capacity;
    size_t consumed;
};

enum frame_result { FRAME_NONE, FRAME_READY, FRAME_CLOSED, FRAME_BROKEN };

/* Reads what is there (once) into the stream. FRAME_NONE: nothing more now; FRAME_CLOSED: end of stream or an error. */
enum frame_result frame_fill(struct frame_stream *stream);
/* The next whole frame; valid until the next call of frame_fill or frame_next. */
enum frame_result frame_next(struct frame_stream *stream, uint8_t *kind, struct frame_reader *payload);
/* Begins anew on another descriptor (-1: none), keeps the memory and what is most. */
void frame_stream_begin(struct frame_stream *stream, int fd);
void frame_stream_free(struct frame_stream *stream);

#endif
