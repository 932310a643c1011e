/* FNV-1a (draft-eastlake-fnv), 64 bits: for tables and to see whether something changed, not against anybody's will. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}

/* Goes on with what HASH_BEGIN, or an earlier call, gave. */
uint64_t hash_data(uint64_t hash, const void *bytes, size_t length);
/* A string with the zero byte at its end, so that "a", "bc" is another than "ab", "c". */
uint64_t hash_string(uint64_t hash, const char *string);

#endif
