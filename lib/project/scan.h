/* A cursor over the text of a schema.prisma: blanks and comments, words, strings, and the place of an error.
 * The rules are those of Prisma's grammar (psl/schema-ast/src/parser/datamodel.pest). */
#ifndef PROJECT_SCAN_H
#define PROJECT_SCAN_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* One file's text; lives as long as the arena. */
struct scan_source {
    const char *file; /* as it is named in errors */
    const char *start;
};

struct scan {
    const struct scan_source *source;
    const char *at;
    const char *end; /* *end is NUL */
    struct arena *arena;
    struct error *error;
};

struct scan scan_over(const char *file, const char *text, size_t length, struct arena *arena, struct error *error);

/* "FILE:LINE:COLUMN" of a place in the text; lines and columns (in characters) count from 1. Costs a walk over the text
 * before it. */
const char *scan_place(const struct scan_source *source, const char *place, struct arena *arena);
/* Fails with "FILE:LINE:COLUMN: …" of `place`. Always returns false. */
bool scan_fail(struct scan *scan, const char *place, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Skips blanks within a line: space, tab, Unicode's space separators, block comments (which may span lines).
 * False if a comment does not end. */
bool scan_blank(struct scan *scan);
/* The same, and line ends and // comments too. */
bool scan_blank_lines(struct scan *scan);
/* At a line's end, a // comment or the text's end? */
bool scan_at_line_end(const struct scan *scan);
/* Skips what is left of the line, its end not included. */
void scan_rest_of_line(struct scan *scan);

bool scan_at(const struct scan *scan, char c);
/* Skips the character if it is the next one. */
bool scan_take(struct scan *scan, char c);
/* Skips one character of whatever kind. */
void scan_any(struct scan *scan);

/* Letters, digits, _ and -; the first no _ nor -. NULL if there is none. */
const char *scan_word(struct scan *scan);
/* A string in double quotes with JSON's escapes (RFC 8259 section 7), decoded. NULL after scan_fail. */
const char *scan_string(struct scan *scan);

#endif
