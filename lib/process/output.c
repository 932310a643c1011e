#include "process/output.h"

#include "base/mask.h"
#include "base/text.h"
#include "process/codes.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_MIN ((size_t)2048) /* room for secrets even if none is known yet */
#define MORE_ROOM 64              /* " … 12345 more bytes" */
#define CUT_MARK " …"

/* What comes between two line ends or carriage returns is a part. It is gathered in `raw`; when that is full it is read
 * as a window, of which the end is kept as the beginning of the next, so that no word is lost at the border. Only the
 * first window of a part is shown. */
struct output {
    output_line *each;
    void *argument;
    const struct strings *permanent;
    const char *permanent_seen;
    size_t overlap; /* of windows, in bytes */

    char *raw;
    size_t raw_size, raw_length;
    char *masked;  /* as large as raw */
    char *visible; /* TEXT_VISIBLE_GROWTH times that */
    size_t visible_size, visible_length;

    size_t part_bytes; /* in all, as they came */
    bool part_windowed;

    char line[OUTPUT_LINE_MAX + MORE_ROOM]; /* what will be the line, unless a later part shows something */
    size_t line_length;

    char last[OUTPUT_LAST_BYTES]; /* strings, one behind the other */
    size_t last_used, last_count;

    char codes[OUTPUT_CODES][CODE_TEXT];
    size_t code_count;
};

struct output *output_new(output_line *each, void *argument)
{
    struct output *output = calloc(1, sizeof *output);
    size_t secret = mask_longest() > SECRET_MIN ? mask_longest() : SECRET_MIN;

    if (!output) {
        return NULL;
    }
    output->each = each;
    output->argument = argument;
    /* A secret's length is withheld twice: before and after escape sequences are dropped. */
    output->raw_size = OUTPUT_LINE_MAX + 2 * secret;
    output->visible_size = output->raw_size * TEXT_VISIBLE_GROWTH + 1;
    output->raw = malloc(output->raw_size);
    output->masked = malloc(output->raw_size);
    output->visible = malloc(output->visible_size);
    if (!output->raw || !output->masked || !output->visible) {
        output_free(output);
        return NULL;
    }
    output_begin(output, NULL);
    return output;
}

static void wipe_and_free(char *bytes, size_t size)
{
    if (bytes) {
        explicit_bzero(bytes, size);
        free(bytes);
    }
}

void output_free(struct output *output)
{
    if (output) {
        wipe_and_free(output->raw, output->raw_size);
        wipe_and_free(output->masked, output->raw_size);
        wipe_and_free(output->visible, output->visible_size);
        free(output);
    }
}

void output_begin(struct output *output, const struct strings *permanent)
{
    size_t longest = 0;

    for (size_t i = 0; permanent && i < permanent->count; i++) {
        size_t length = strlen(permanent->items[i]);

        longest = length > longest ? length : longest;
    }
    output->permanent = permanent;
    output->permanent_seen = NULL;
    output->overlap = longest + 1 < output->raw_size / 2 ? longest + 1 : output->raw_size / 2;
    output->raw_length = output->part_bytes = output->line_length = 0;
    output->part_windowed = false;
    output->last_used = output->last_count = output->code_count = 0;
}

/* ---- what is in a window ---- */

static void note_code(void *argument, const char code[CODE_TEXT])
{
    struct output *output = argument;

    for (size_t i = 0; i < output->code_count; i++) {
        if (strcmp(output->codes[i], code) == 0) {
            return;
        }
    }
    if (output->code_count < OUTPUT_CODES) {
        memcpy(output->codes[output->code_count++], code, CODE_TEXT);
    }
}

/* A hit that touches a border between windows may go on there; it is whole in the window before or after. */
static size_t find_word(const struct output *output, const char *word, bool ended)
{
    size_t length = output->visible_length, size = strlen(word);
    size_t at = codes_word(output->visible, length, 0, word);

    while (at < length && ((at == 0 && output->part_windowed) || (at + size == length && !ended))) {
        at = codes_word(output->visible, length, at + 1, word);
    }
    return at;
}

static void note_permanent(struct output *output, bool ended)
{
    size_t first = output->visible_length;

    if (!output->permanent || output->permanent_seen) {
        return;
    }
    for (size_t i = 0; i < output->permanent->count; i++) {
        size_t at = find_word(output, output->permanent->items[i], ended);

        if (at < first) {
            first = at;
            output->permanent_seen = output->permanent->items[i];
        }
    }
}

static void make_visible(struct output *output, size_t masked_length)
{
    struct text text = text_over(output->visible, output->visible_size);

    text_visible(&text, output->masked, masked_length);
    output->visible_length = mask_apply(output->visible, text.length);
    output->visible[output->visible_length] = '\0';
}

static size_t less(size_t length, size_t by)
{
    return length > by ? length - by : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Appends how much of the part is not shown. */
static void tell_more(struct output *output, size_t more)
{
    struct text text = text_over(output->line + output->line_length, MORE_ROOM);

    text_printf(&text, CUT_MARK " %zu more bytes", more);
    output->line_length += text.length;
}

/* Makes the window's text the line, if it shows anything. */
static void show(struct output *output)
{
    size_t length = output->visible_length;

    while (length && is_blank(output->visible[length - 1])) {
        length--;
    }
    if (length == 0) {
        return;
    }

    size_t shown = length <= OUTPUT_LINE_MAX ? length : text_utf8_border(output->visible, OUTPUT_LINE_MAX);

    memcpy(output->line, output->visible, shown);
    output->line_length = shown;
    output->line[shown] = '\0';
    if (shown < length) {
        tell_more(output, length - shown);
    }
}

/* The first window of a part that goes on. At its end may stand the beginning of a secret, so that a secret's length is
 * withheld. Masked text is never longer than what it stands for, hence that many masked bytes are at least as many raw
 * ones. */
static void show_beginning(struct output *output, size_t masked_length)
{
    size_t secret = mask_longest();

    make_visible(output, less(masked_length, secret));

    size_t safe = less(output->visible_length, secret);
    size_t shown = text_utf8_border(output->visible, safe < OUTPUT_LINE_MAX ? safe : OUTPUT_LINE_MAX);

    memcpy(output->line, output->visible, shown);
    output->line_length = shown;
    output->line[shown] = '\0';
    codes_each(output->line, shown, note_code, output);
}

static void read_window(struct output *output, bool ended)
{
    size_t masked_length;

    memcpy(output->masked, output->raw, output->raw_length);
    masked_length = mask_apply(output->masked, output->raw_length);
    make_visible(output, masked_length);
    note_permanent(output, ended);
    if (output->part_windowed) {
        return;
    }
    if (ended) {
        codes_each(output->visible, output->visible_length, note_code, output);
        show(output);
    } else {
        show_beginning(output, masked_length);
    }
}

/* ---- parts and lines ---- */

static void end_part(struct output *output)
{
    if (output->raw_length) {
        read_window(output, true);
    }
    if (output->part_windowed) {
        tell_more(output, less(output->part_bytes, output->line_length));
    }
    output->raw_length = output->part_bytes = 0;
    output->part_windowed = false;
}

static void remember_last(struct output *output)
{
    size_t length = output->line_length, tail = 0;

    if (length > OUTPUT_LAST_LINE) {
        length = text_utf8_border(output->line, OUTPUT_LAST_LINE);
        tail = sizeof CUT_MARK - 1;
    }
    while (output->last_count == OUTPUT_LAST_LINES || output->last_used + length + tail + 1 > sizeof output->last) {
        size_t oldest = strlen(output->last) + 1;

        output->last_used -= oldest;
        output->last_count--;
        memmove(output->last, output->last + oldest, output->last_used);
    }
    memcpy(output->last + output->last_used, output->line, length);
    memcpy(output->last + output->last_used + length, CUT_MARK, tail);
    output->last_used += length + tail;
    output->last[output->last_used++] = '\0';
    output->last_count++;
}

static void end_line(struct output *output)
{
    end_part(output);
    if (output->line_length) {
        remember_last(output);
        output->each(output->argument, output->line);
        output->line_length = 0;
    }
}

static void append(struct output *output, const char *bytes, size_t length)
{
    while (length) {
        size_t room = output->raw_size - output->raw_length;

        if (room == 0) {
            read_window(output, false);
            output->part_windowed = true;
            memmove(output->raw, output->raw + output->raw_length - output->overlap, output->overlap);
            output->raw_length = output->overlap;
            continue;
        }

        size_t taken = length < room ? length : room;

        memcpy(output->raw + output->raw_length, bytes, taken);
        output->raw_length += taken;
        output->part_bytes += taken;
        bytes += taken;
        length -= taken;
    }
}

void output_feed(struct output *output, const char *bytes, size_t length)
{
    while (length) {
        const char *line_end = memchr(bytes, '\n', length);
        size_t part = line_end ? (size_t)(line_end - bytes) : length;
        const char *carriage_return = memchr(bytes, '\r', part);

        part = carriage_return ? (size_t)(carriage_return - bytes) : part;
        append(output, bytes, part);
        if (carriage_return) {
            end_part(output);
        } else if (line_end) {
            end_line(output);
        }
        part += carriage_return || line_end;
        bytes += part;
        length -= part;
    }
}

void output_end(struct output *output)
{
    end_line(output);
}

/* ---- what is known of the child ---- */

const char *output_permanent(const struct output *output)
{
    return output->permanent_seen;
}

size_t output_last(const struct output *output, const char **lines)
{
    const char *line = output->last;

    for (size_t i = 0; i < output->last_count; i++) {
        lines[i] = line;
        line += strlen(line) + 1;
    }
    return output->last_count;
}

size_t output_codes(const struct output *output, const char **codes)
{
    for (size_t i = 0; i < output->code_count; i++) {
        codes[i] = output->codes[i];
    }
    return output->code_count;
}
