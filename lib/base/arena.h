/* An arena: memory that is given back all at once. One arena a phase instead of a ladder of frees.
 * Blocks come from mmap, so that what is given back leaves the process. Running out of memory ends the process with
 * status 71 and one line on standard error: use it before PID 1 has children, or in a process of its own. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

/* An arena of one block of address space, of which only what is used costs memory. It never asks the system again, so
 * that PID 1 may use it at any time; more than `most` bytes end the process as above: bound what goes in. */
struct arena *arena_reserve(size_t most);
/* Gives back everything of a reserved arena but its address space and the pages it has touched. */
void arena_reset(struct arena *arena);

/* How many bytes from `at` on belong to the arena, up to the end of one of its blocks; 0: it does not. */
size_t arena_rest(const struct arena *arena, const void *at);

/* Zeroed, aligned for any type; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* count * size with overflow checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* The array with room for at least one more than `count`: itself, or a copy twice as large; *capacity is how many it
 * holds. NULL and 0 to begin with. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);
char *arena_strdup(struct arena *arena, const char *string);
char *arena_strndup(struct arena *arena, const char *string, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the process as above, where going on without what a library has no memory for would be wrong. */
_Noreturn void out_of_memory(void);
/* malloc(3) that does. */
void *malloc_or_end(size_t size);

#endif
