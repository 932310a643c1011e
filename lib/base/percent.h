/* Percent-encoding (RFC 3986 section 2.1). */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include <stddef.h>

/* The byte that two hexadecimal digits spell, or -1. */
int percent_byte(char high, char low);

/* What is no escape stays as it is. `out` has room for `length` bytes; returns how many were written, a zero byte (%00)
 * among them. */
size_t percent_decode(const char *bytes, size_t length, char *out);

#endif
