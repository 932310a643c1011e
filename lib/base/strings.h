/* A list of strings in an arena. */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct strings {
    const char **items; /* NULL-terminated once anything was added, so it serves as an argv */
    size_t count;
    size_t capacity;
};

void strings_add(struct arena *arena, struct strings *list, const char *string); /* copies */
void strings_add_all(struct arena *arena, struct strings *list, const struct strings *more);
/* Adds what stands between the commas, be it nothing. */
void strings_split(struct arena *arena, struct strings *list, const char *text);
/* "a, b, c", in the arena. */
const char *strings_listed(struct arena *arena, const struct strings *list);
/* Leaves out what is there already before. */
void strings_unique(struct arena *arena, struct strings *list);
bool strings_contain(const struct strings *list, const char *string);
/* The same of an array; what is NULL in it is no string. */
bool strings_among(const char *string, const char *const *array, size_t count);
#define STRINGS_AMONG(string, array) strings_among(string, array, sizeof(array) / sizeof *(array))

/* Equal, or both NULL. */
bool strings_same(const char *left, const char *right);
/* Whether it ends so, with something before it: "a.sql", not ".sql". */
bool strings_end_with(const char *string, const char *ending);

/* The candidate nearest to `word` by edit distance (Damerau-Levenshtein, case-insensitive), or NULL if none is near
 * enough to be what was meant (a third of the word's length, at least 2). */
const char *strings_nearest(const char *word, const char *const *candidates, size_t count);

#endif
