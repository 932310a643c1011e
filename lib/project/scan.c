#include "project/scan.h"

#include "base/percent.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct scan scan_over(const char *file, const char *text, size_t length, struct arena *arena, struct error *error)
{
    struct scan_source *source = arena_alloc(arena, sizeof *source);
    struct scan scan = { source, text, text + length, arena, error };

    *source = (struct scan_source){ file, text };
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        scan.at += 3; /* a byte order mark */
    }
    return scan;
}

const char *scan_place(const struct scan_source *source, const char *place, struct arena *arena)
{
    const struct text_place at = text_place_of(source->start, (size_t)(place - source->start));

    return arena_printf(arena, "%s:%zu:%zu", source->file, at.line, at.column);
}

bool scan_fail(struct scan *scan, const char *place, const char *format, ...)
{
    char what[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(scan->error, STATUS_SCHEMA, "%s: %s", scan_place(scan->source, place, scan->arena), what);
}

/* How many bytes the blank at `at` has, or 0: tab and what Unicode calls a space separator (Zs). */
static size_t blank_length(const char *at)
{
    static const char *const separators[] = {
        "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
        "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000",
    };

    if (*at == ' ' || *at == '\t') {
        return 1;
    }
    if ((unsigned char)*at < 0x80) {
        return 0;
    }
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        if (strncmp(at, separators[i], strlen(separators[i])) == 0) {
            return strlen(separators[i]);
        }
    }
    return 0;
}

bool scan_blank(struct scan *scan)
{
    for (;;) {
        size_t length = blank_length(scan->at);

        if (length > 0) {
            scan->at += length;
        } else if (scan->at[0] == '/' && scan->at[1] == '*') {
            const char *end = memmem(scan->at + 2, (size_t)(scan->end - scan->at) - 2, "*/", 2);

            if (end == NULL) {
                return scan_fail(scan, scan->at, "this comment does not end");
            }
            scan->at = end + 2;
        } else {
            return true;
        }
    }
}

static bool at_comment(const struct scan *scan)
{
    return scan->at[0] == '/' && scan->at[1] == '/';
}

static bool at_break(const struct scan *scan)
{
    return scan->at < scan->end && (*scan->at == '\n' || *scan->at == '\r');
}

bool scan_blank_lines(struct scan *scan)
{
    for (;;) {
        if (!scan_blank(scan)) {
            return false;
        }
        if (at_comment(scan)) {
            scan_rest_of_line(scan);
        } else if (at_break(scan)) {
            scan->at++;
        } else {
            return true;
        }
    }
}

bool scan_at_line_end(const struct scan *scan)
{
    return scan->at == scan->end || at_break(scan) || at_comment(scan);
}

void scan_rest_of_line(struct scan *scan)
{
    while (scan->at < scan->end && !at_break(scan)) {
        scan->at++;
    }
}

bool scan_at(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

bool scan_take(struct scan *scan, char c)
{
    bool there = scan_at(scan, c);

    scan->at += there;
    return there;
}

void scan_any(struct scan *scan)
{
    if (scan->at < scan->end) {
        scan->at++;
    }
    while (scan->at < scan->end && ((unsigned char)*scan->at & 0xc0) == 0x80) {
        scan->at++;
    }
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

const char *scan_word(struct scan *scan)
{
    const char *start = scan->at;

    if (!is_alphanumeric(*scan->at)) {
        return NULL;
    }
    while (is_alphanumeric(*scan->at) || *scan->at == '_' || *scan->at == '-') {
        scan->at++;
    }
    return arena_strndup(scan->arena, start, (size_t)(scan->at - start));
}

/* Four hex digits, or -1. The string's closing quote, which is none, ends the look at the latest. */
static int32_t hex4(const char *at)
{
    int high = percent_byte(at[0], at[1]), low = high < 0 ? -1 : percent_byte(at[2], at[3]);

    return low < 0 ? -1 : high << 8 | low;
}

static char *put_utf8(char *out, int32_t point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }

    int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const int32_t leads[] = { 0, 0xc0, 0xe0, 0xf0 };

    *out++ = (char)(leads[more] | point >> (6 * more));
    while (more-- > 0) {
        *out++ = (char)(0x80 | (point >> (6 * more) & 0x3f));
    }
    return out;
}

/* After "\u". Puts the character, of a surrogate pair both halves; NULL if it is none. NUL cannot be in a name. */
static char *decode_unicode(struct scan *scan, char *out)
{
    int32_t point = hex4(scan->at);

    if (point <= 0) {
        return NULL;
    }
    scan->at += 4;
    if (point >= 0xd800 && point < 0xdc00) {
        int32_t low = scan->at[0] == '\\' && scan->at[1] == 'u' ? hex4(scan->at + 2) : -1;

        if (low < 0xdc00 || low > 0xdfff) {
            return NULL;
        }
        scan->at += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
        return NULL;
    }
    return put_utf8(out, point);
}

/* After a backslash; an escape is never shorter than what it stands for. */
static char *decode_escape(struct scan *scan, char *out)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = *scan->at;

    if (c == '\0') {
        return NULL;
    }
    scan->at++;
    if (c == 'u') {
        return decode_unicode(scan, out);
    }

    const char *escape = strchr(escapes, c);

    if (escape == NULL) {
        return NULL;
    }
    *out++ = meanings[escape - escapes];
    return out;
}

const char *scan_string(struct scan *scan)
{
    const char *start = scan->at++;
    const char *end = scan->at;

    while (end < scan->end && *end != '"' && (unsigned char)*end >= 0x20) {
        end += end[0] == '\\' && end + 1 < scan->end && (unsigned char)end[1] >= 0x20 ? 2 : 1;
    }
    if (end >= scan->end || *end != '"') {
        scan_fail(scan, start, "this string does not end on its line");
        return NULL;
    }

    char *decoded = arena_alloc(scan->arena, (size_t)(end - scan->at) + 1);
    char *out = decoded;

    while (scan->at < end) {
        if (*scan->at != '\\') {
            size_t length = text_utf8_sequence(scan->at, (size_t)(end - scan->at));

            if (length == 0) {
                scan_fail(scan, scan->at, "this is not UTF-8");
                return NULL;
            }
            memcpy(out, scan->at, length);
            out += length;
            scan->at += length;
            continue;
        }

        const char *escape = scan->at++;

        out = decode_escape(scan, out);
        if (out == NULL) {
            scan_fail(scan, escape, "unknown escape in a string");
            return NULL;
        }
    }
    *out = '\0';
    scan->at = end + 1;
    return decoded;
}
