#include "base/hash.h"

#include <string.h>

uint64_t hash_data(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < length; i++) {
        hash = hash_byte(hash, byte[i]);
    }
    return hash;
}

uint64_t hash_string(uint64_t hash, const char *string)
{
    return hash_data(hash, string, strlen(string) + 1);
}
