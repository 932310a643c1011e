#include "base/arena.h"

#include "base/exit_status.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the first block, pages that nobody touches cost nothing. Whoever needs a second one fills it, and one fault for
 * all of its pages costs a twentieth of one for each, a virtual machine's above all. */
#define BLOCK_SIZE ((size_t)64 << 10)
#define BLOCK_PAGE ((size_t)4096)
#define FIRST_CAPACITY 8 /* of an array that grows */

struct block {
    struct block *older;
    size_t size;
    size_t used;
};

struct arena {
    struct block *newest;
    bool reserved; /* no further block is mapped */
};

void out_of_memory(void)
{
    static const char message[] = "pgentry: out of memory\n";

    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(STATUS_RESOURCE);
}

static size_t aligned(size_t size)
{
    const size_t unit = alignof(max_align_t);

    if (size > SIZE_MAX / 2) {
        out_of_memory();
    }
    return (size + unit - 1) / unit * unit;
}

static struct block *block_map(struct block *older, size_t room, int flags)
{
    size_t size = aligned(sizeof(struct block)) + room;

    size = size < BLOCK_SIZE ? BLOCK_SIZE : (size + BLOCK_PAGE - 1) / BLOCK_PAGE * BLOCK_PAGE;

    struct block *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (block == MAP_FAILED) {
        out_of_memory();
    }
    block->older = older;
    block->size = size;
    block->used = aligned(sizeof *block);
    return block;
}

static void *block_take(struct block *block, size_t size)
{
    void *memory = (char *)block + block->used;

    block->used += size;
    return memory;
}

void *malloc_or_end(size_t size)
{
    void *memory = malloc(size ? size : 1);

    if (!memory) {
        out_of_memory();
    }
    return memory;
}

struct arena *arena_new(void)
{
    struct block *block = block_map(NULL, aligned(sizeof(struct arena)), 0);
    struct arena *arena = block_take(block, aligned(sizeof(struct arena)));

    arena->newest = block;
    return arena;
}

struct arena *arena_reserve(size_t most)
{
    struct block *block = block_map(NULL, most, MAP_NORESERVE);
    struct arena *arena = block_take(block, aligned(sizeof(struct arena)));

    arena->newest = block;
    arena->reserved = true;
    return arena;
}

void arena_reset(struct arena *arena)
{
    struct block *block = arena->newest;
    size_t kept = aligned(sizeof *block) + aligned(sizeof *arena);

    memset((char *)block + kept, 0, block->used - kept);
    block->used = kept;
}

void arena_free(struct arena *arena)
{
    /* The arena itself lies in its oldest block. */
    for (struct block *block = arena ? arena->newest : NULL, *older; block; block = older) {
        older = block->older;
        munmap(block, block->size);
    }
}

size_t arena_rest(const struct arena *arena, const void *at)
{
    for (const struct block *block = arena->newest; block; block = block->older) {
        const char *begin = (const char *)block, *end = begin + block->size;

        if ((const char *)at >= begin && (const char *)at < end) {
            return (size_t)(end - (const char *)at);
        }
    }
    return 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->newest;

    size = aligned(size ? size : 1);
    if (size <= block->size - block->used) {
        return block_take(block, size);
    }
    if (arena->reserved) {
        out_of_memory();
    }
    if (size > BLOCK_SIZE / 4) {
        /* A block of its own, behind the newest, whose rest stays in use. */
        block->older = block_map(block->older, size, MAP_POPULATE);
        return block_take(block->older, size);
    }
    arena->newest = block_map(block, size, MAP_POPULATE);
    return block_take(arena->newest, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        out_of_memory();
    }
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? 2 * *capacity : FIRST_CAPACITY;

    void *larger = arena_array(arena, *capacity, size);

    return items ? memcpy(larger, items, count * size) : larger;
}

char *arena_strdup(struct arena *arena, const char *string)
{
    return arena_strndup(arena, string, strlen(string));
}

char *arena_strndup(struct arena *arena, const char *string, size_t length)
{
    length = strnlen(string, length);

    char *copy = arena_alloc(arena, length + 1);

    memcpy(copy, string, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        out_of_memory();
    }

    char *string = arena_alloc(arena, (size_t)length + 1);

    va_start(arguments, format);
    (void)vsnprintf(string, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return string;
}
