/* Text in a fixed buffer of the caller's: appends, never overflows, remembers that it was cut. No allocation. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data; /* always terminated */
    size_t length;
    size_t size; /* of data, terminator included */
    bool cut;    /* something did not fit; then the end is at a UTF-8 character's border */
};

struct text text_over(char *buffer, size_t size); /* size at least 1 */
/* As much of the string as there is room for, up to a character's border; nothing of NULL. */
void text_copy(char *buffer, size_t size, const char *string_or_null);
#define TEXT_COPY(array, string_or_null) text_copy((array), sizeof(array), (string_or_null))
void text_char(struct text *text, char c);
void text_bytes(struct text *text, const char *bytes, size_t length);
void text_string(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* The inside of a JSON string (RFC 8259 section 7), without the quotes. Broken UTF-8 becomes U+FFFD. */
void text_json(struct text *text, const char *bytes, size_t length);

/* With `mark` before each of the characters `marked`, or that character once more where `mark` is '\0': as quoted
 * strings want it. */
void text_marked(struct text *text, const char *bytes, size_t length, const char *marked, char mark);

/* Makes foreign bytes fit for a log line: NUL and other control characters become \xNN (tab stays), escape sequences of
 * terminals (CSI, OSC) are dropped, broken UTF-8 becomes U+FFFD. */
void text_visible(struct text *text, const char *bytes, size_t length);
#define TEXT_VISIBLE_GROWTH 4 /* bytes at most for one */
/* The same of all of it, an escape sequence with \x1B for its ESC: what it would swallow may be a quote of a command.
 */
char *text_escaped_copy(struct arena *arena, const char *bytes, size_t length);

/* Length of the well-formed UTF-8 sequence at bytes (RFC 3629 section 4: no surrogates, no overlong forms, at most
 * U+10FFFF); 0 if there is none. `length` is at least 1. */
size_t text_utf8_sequence(const char *bytes, size_t length);

/* How many of the bytes, from the first on, are such sequences; all of them are: it is valid. */
size_t text_utf8_prefix(const char *bytes, size_t length);
bool text_utf8_valid(const char *bytes, size_t length);

/* The largest length <= `length` that does not end inside a UTF-8 character. */
size_t text_utf8_border(const char *bytes, size_t length);

/* A place for people: both from 1. A column is a character, a tab too; CR, LF and CR LF end a line. The byte at
 * `offset` must be readable: the text is terminated. */
struct text_place {
    size_t line;
    size_t column;
};

struct text_place text_place_of(const char *text, size_t offset);

#endif
