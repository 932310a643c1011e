#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define ESCAPE 0x1B

struct text text_over(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text){ .data = buffer, .size = size };
}

void text_copy(char *buffer, size_t size, const char *string)
{
    struct text text = text_over(buffer, size);

    text_string(&text, string ? string : "");
}

void text_char(struct text *text, char c)
{
    text_bytes(text, &c, 1);
}

void text_bytes(struct text *text, const char *bytes, size_t length)
{
    if (text->cut) {
        return;
    }

    size_t room = text->size - 1 - text->length;

    if (length > room) {
        length = room;
        text->cut = true;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    if (text->cut) {
        text->length = text_utf8_border(text->data, text->length);
    }
    text->data[text->length] = '\0';
}

void text_marked(struct text *text, const char *bytes, size_t length, const char *marked, char mark)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] && strchr(marked, bytes[i])) {
            text_char(text, mark ? mark : bytes[i]);
        }
        text_char(text, bytes[i]);
    }
}

void text_string(struct text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

void text_vprintf(struct text *text, const char *format, va_list arguments)
{
    if (text->cut) {
        return;
    }

    size_t room = text->size - text->length;
    int length = vsnprintf(text->data + text->length, room, format, arguments);

    if (length < 0) {
        text->data[text->length] = '\0';
    } else if ((size_t)length < room) {
        text->length += (size_t)length;
    } else {
        text->cut = true;
        text->length = text_utf8_border(text->data, text->size - 1);
        text->data[text->length] = '\0';
    }
}

size_t text_utf8_sequence(const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    size_t need = b[0] < 0x80 ? 1 : b[0] < 0xC2 ? 0 : b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : b[0] < 0xF5 ? 4 : 0;

    if (need == 0 || need > length) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((b[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F) || (b[0] == 0xF0 && b[1] < 0x90) ||
        (b[0] == 0xF4 && b[1] > 0x8F)) {
        return 0;
    }
    return need;
}

size_t text_utf8_prefix(const char *bytes, size_t length)
{
    size_t good = 0, sequence;

    while (good < length && (sequence = text_utf8_sequence(bytes + good, length - good)) > 0) {
        good += sequence;
    }
    return good;
}

bool text_utf8_valid(const char *bytes, size_t length)
{
    return text_utf8_prefix(bytes, length) == length;
}

size_t text_utf8_border(const char *bytes, size_t length)
{
    /* The last character begins at most three bytes before the end. */
    for (size_t back = 1; back <= 4 && back <= length; back++) {
        unsigned char b = (unsigned char)bytes[length - back];

        if (b < 0x80) {
            return length;
        }
        if (b >= 0xC0) {
            size_t need = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;

            return back < need ? length - back : length;
        }
    }
    return length;
}

struct text_place text_place_of(const char *text, size_t offset)
{
    struct text_place place = { .line = 1, .column = 1 };

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n')) {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) { /* the second and later bytes of a character */
            place.column++;
        }
    }
    return place;
}

/* All of it or nothing: half an escape would be no JSON. */
static void append_whole(struct text *text, const char *bytes, size_t length)
{
    text->cut = text->cut || length > text->size - 1 - text->length;
    text_bytes(text, bytes, length);
}

/* Appends what stands for itself, as far as there is room: most of most texts, at once. Returns how much that was. */
static size_t append_plain(struct text *text, const char *bytes, size_t length)
{
    size_t room = text->size - 1 - text->length, run = 0;

    length = length < room ? length : room;
    while (run < length && bytes[run] >= 0x20 && bytes[run] < 0x7F && bytes[run] != '"' && bytes[run] != '\\') {
        run++;
    }
    text_bytes(text, bytes, run);
    return run;
}

void text_json(struct text *text, const char *bytes, size_t length)
{
    static const char names[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

    for (size_t i = append_plain(text, bytes, length); i < length && !text->cut;
         i += append_plain(text, bytes + i, length - i)) {
        unsigned char c = (unsigned char)bytes[i];
        size_t sequence = text_utf8_sequence(bytes + i, length - i);
        char escape[8];

        if (sequence == 0) {
            append_whole(text, REPLACEMENT, 3);
        } else if (c == '"' || c == '\\') {
            append_whole(text, (const char[]){ '\\', (char)c }, 2);
        } else if (c < sizeof names && names[c]) {
            append_whole(text, (const char[]){ '\\', names[c] }, 2);
        } else if (c < 0x20 || c == 0x7F) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", c);
            append_whole(text, escape, 6);
        } else {
            append_whole(text, bytes + i, sequence);
        }
        i += sequence ? sequence : 1;
    }
}

/* Length of the terminal's escape sequence at bytes (ECMA-48 section 5.4), or 1 for an ESC alone. */
static size_t escape_length(const char *bytes, size_t length)
{
    size_t i = 2;

    if (length < 2) {
        return length;
    }
    if (bytes[1] == '[') { /* CSI: parameters, intermediates, a final byte */
        while (i < length && bytes[i] >= 0x20 && bytes[i] < 0x40) {
            i++;
        }
        return i < length && bytes[i] >= 0x40 && bytes[i] < 0x7F ? i + 1 : i;
    }
    if (bytes[1] == ']') { /* OSC: ends with BEL or ESC \ */
        while (i < length && bytes[i] != '\a' && bytes[i] != ESCAPE && bytes[i] != '\n') {
            i++;
        }
        if (i + 1 < length && bytes[i] == ESCAPE && bytes[i + 1] == '\\') {
            return i + 2;
        }
        return i < length && bytes[i] == '\a' ? i + 1 : i;
    }
    if (bytes[1] >= 0x20 && bytes[1] < 0x30) { /* intermediates and a final byte, as in a choice of character set */
        while (i < length && bytes[i] >= 0x20 && bytes[i] < 0x30) {
            i++;
        }
        return i < length ? i + 1 : i;
    }
    return bytes[1] >= 0x30 && bytes[1] < 0x7F ? 2 : 1;
}

/* `whole`: an escape sequence stays, with \x1B in place of the ESC. */
static void show(struct text *text, const char *bytes, size_t length, bool whole)
{
    for (size_t i = append_plain(text, bytes, length); i < length && !text->cut;
         i += append_plain(text, bytes + i, length - i)) {
        unsigned char c = (unsigned char)bytes[i];
        size_t sequence = text_utf8_sequence(bytes + i, length - i);
        char escape[8];

        if (c == ESCAPE && !whole) {
            sequence = escape_length(bytes + i, length - i);
        } else if (sequence == 0) {
            text_string(text, REPLACEMENT);
        } else if ((c < 0x20 && c != '\t') || c == 0x7F) {
            (void)snprintf(escape, sizeof escape, "\\x%02X", c);
            append_whole(text, escape, 4);
        } else if (c == 0xC2 &&
                   (unsigned char)bytes[i + 1] < 0xA0) { /* C1 controls: U+009B is a CSI to some terminals */
            (void)snprintf(escape, sizeof escape, "\\x%02X", (unsigned char)bytes[i + 1]);
            append_whole(text, escape, 4);
        } else {
            text_bytes(text, bytes + i, sequence);
        }
        i += sequence ? sequence : 1;
    }
}

void text_visible(struct text *text, const char *bytes, size_t length)
{
    show(text, bytes, length, false);
}

char *text_escaped_copy(struct arena *arena, const char *bytes, size_t length)
{
    size_t size = TEXT_VISIBLE_GROWTH * length + 1;
    char *shown = arena_alloc(arena, size);
    struct text text = text_over(shown, size);

    show(&text, bytes, length, true);
    return shown;
}
