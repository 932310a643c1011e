#include "base/strings.h"

#include "base/hash.h"

#include <ctype.h>
#include <string.h>

#define FIRST_CAPACITY 8
#define WORD_MAX 64 /* no word of ours is longer; a longer one is compared by its beginning */

void strings_add(struct arena *arena, struct strings *list, const char *string)
{
    /* one more for the NULL */
    list->items = arena_grow(arena, list->items, list->count + 1, &list->capacity, sizeof *list->items);
    list->items[list->count++] = arena_strdup(arena, string);
    list->items[list->count] = NULL;
}

void strings_add_all(struct arena *arena, struct strings *list, const struct strings *more)
{
    for (size_t i = 0; i < more->count; i++) {
        strings_add(arena, list, more->items[i]);
    }
}

void strings_split(struct arena *arena, struct strings *list, const char *text)
{
    for (;;) {
        size_t length = strcspn(text, ",");

        strings_add(arena, list, arena_strndup(arena, text, length));
        if (text[length] == '\0') {
            return;
        }
        text += length + 1;
    }
}

const char *strings_listed(struct arena *arena, const struct strings *list)
{
    size_t size = 1;

    for (size_t i = 0; i < list->count; i++) {
        size += strlen(list->items[i]) + strlen(", ");
    }

    char *text = arena_alloc(arena, size);
    char *end = text;

    *end = '\0';
    for (size_t i = 0; i < list->count; i++) {
        end = stpcpy(stpcpy(end, i ? ", " : ""), list->items[i]);
    }
    return text;
}

void strings_unique(struct arena *arena, struct strings *list)
{
    size_t size = FIRST_CAPACITY, count = 0;

    while (size < 2 * list->count) {
        size *= 2;
    }

    const char **known = arena_array(arena, size, sizeof *known);

    for (size_t i = 0; i < list->count; i++) {
        size_t at = hash_string(HASH_BEGIN, list->items[i]) & (size - 1);

        while (known[at] && strcmp(known[at], list->items[i]) != 0) {
            at = (at + 1) & (size - 1);
        }
        if (!known[at]) {
            known[at] = list->items[count++] = list->items[i];
        }
    }
    if (list->count) {
        list->items[count] = NULL;
    }
    list->count = count;
}

bool strings_contain(const struct strings *list, const char *string)
{
    return strings_among(string, list->items, list->count);
}

bool strings_among(const char *string, const char *const *array, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (array[i] != NULL && strcmp(array[i], string) == 0) {
            return true;
        }
    }
    return false;
}

bool strings_same(const char *left, const char *right)
{
    return left == right || (left && right && strcmp(left, right) == 0);
}

bool strings_end_with(const char *string, const char *ending)
{
    size_t length = strlen(string), tail = strlen(ending);

    return length > tail && strcmp(string + length - tail, ending) == 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: insertions, deletions, replacements, and neighbours swapped. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t a_length = strnlen(a, WORD_MAX), b_length = strnlen(b, WORD_MAX);
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_length; j++) {
        above[j] = before[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1);
            row[j] = least(row[j], above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }

        size_t *free_row = before;

        before = above;
        above = row;
        row = free_row;
    }
    return above[b_length];
}

const char *strings_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t length = strnlen(word, WORD_MAX);
    size_t best = (length / 3 > 2 ? length / 3 : 2) + 1;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, candidates[i]);

        /* Everything replaced is no likeness: "ab" is not meant by "xy". */
        if (d < best && d < length) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
