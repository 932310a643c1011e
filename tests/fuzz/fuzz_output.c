/* Any bytes as a child's output, in any chunks, with secrets sprinkled in: no line, no last line and no code shows a
 * secret, and how the stream was split changes nothing. The first bytes choose the chunks, byte 0xFE stands for the
 * short secret, 0xFD for the long one, 0xFC for many bytes of filler. */
#include "base/mask.h"
#include "process/output.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_SECRET "k3y#9Z!"
#define FILLER 3000
#define TEXT_MAX ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char long_secret[1500];
static char text[TEXT_MAX], shown[2][4 * TEXT_MAX];
static size_t text_length, shown_length;

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A piece that is long enough to be no chance. */
static bool has_piece(const char *bytes, size_t length)
{
    for (size_t i = 0; i + 24 < sizeof long_secret; i += 12) {
        if (memmem(bytes, length, long_secret + i, 24)) {
            return true;
        }
    }
    return false;
}

static void no_secret(const char *line)
{
    claim(!strstr(line, SHORT_SECRET) && !has_piece(line, strlen(line)));
}

static void each(void *argument, const char *line)
{
    char *all = argument;
    size_t length = strlen(line) + 1;

    no_secret(line);
    claim(length > 1 && length < OUTPUT_LINE_MAX + 64);
    if (shown_length + length < sizeof shown[0]) {
        memcpy(all + shown_length, line, length);
        shown_length += length;
    }
}

static void append(const char *bytes, size_t length)
{
    if (text_length + length < TEXT_MAX) {
        memcpy(text + text_length, bytes, length);
        text_length += length;
    }
}

static void compose(const uint8_t *data, size_t size)
{
    static char filler[FILLER];

    memset(filler, 'f', sizeof filler);
    text_length = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == 0xFE) {
            append(SHORT_SECRET, sizeof SHORT_SECRET - 1);
        } else if (data[i] == 0xFD) {
            append(long_secret, sizeof long_secret - 1);
        } else if (data[i] == 0xFC) {
            append(filler, sizeof filler);
        } else {
            append((const char *)&data[i], 1);
        }
    }
}

static size_t read_all(struct output *output, const struct strings *permanent, size_t chunk)
{
    const char *lines[OUTPUT_LAST_LINES], *codes[OUTPUT_CODES];

    shown_length = 0;
    output_begin(output, permanent);
    for (size_t at = 0; at < text_length; at += chunk) {
        output_feed(output, text + at, text_length - at < chunk ? text_length - at : chunk);
    }
    output_end(output);
    for (size_t count = output_last(output, lines); count > 0; count--) {
        no_secret(lines[count - 1]);
    }
    for (size_t count = output_codes(output, codes); count > 0; count--) {
        claim(strlen(codes[count - 1]) > 0 && strlen(codes[count - 1]) <= 5);
    }
    return shown_length;
}

static void make_secrets(void)
{
    for (size_t i = 0; i < sizeof long_secret - 1; i++) {
        long_secret[i] = (char)('A' + (i * i + i / 26) % 26);
    }
    mask_add(SHORT_SECRET);
    mask_add(long_secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *words[] = { "P3009", "a b", "f", NULL };
    const struct strings permanent = { .items = words, .count = 3, .capacity = 3 };

    if (!long_secret[0]) {
        make_secrets();
    }
    if (size < 2 || has_piece((const char *)data, size)) { /* a piece alone is no secret */
        return 0;
    }
    compose(data + 2, size - 2);

    struct output *whole = output_new(each, shown[0]), *split = output_new(each, shown[1]);

    claim(whole && split);

    size_t first = read_all(whole, &permanent, TEXT_MAX);
    size_t second = read_all(split, &permanent, (size_t)(data[0] + 256 * (data[1] & 7)) + 1);

    claim(first == second && memcmp(shown[0], shown[1], first) == 0);
    claim(output_permanent(whole) == output_permanent(split));
    output_free(whole);
    output_free(split);
    return 0;
}
