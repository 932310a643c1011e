/* Secrets and their masking. A process holds one set, filled while the configuration is read; forked children inherit
 * it. Contract section 3 rule 11: no secret reaches the log, the report, the endpoint or `ps`. */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include "base/arena.h"

#include <stddef.h>

/* Registers a secret in every form in which it may turn up: as it is, percent-encoded (any of its characters, a space
 * also as a plus), percent-decoded, as JSON, SQL and libpq's keyword strings write it; of a secret of several lines
 * also each line of 8 bytes or more. Empty ones and ones already known are passed over. The text is copied. */
void mask_add(const char *secret);

/* Replaces every secret in the `length` bytes by stars, longest match first. Works in place; returns the new length
 * (never larger), at a cost that does not grow with the number of secrets, but for those that are alike up to their
 * first %. Apply it to foreign text before it is cut; never to pgentry's own names. */
size_t mask_apply(char *bytes, size_t length);
/* The same for a terminated string. */
void mask_string(char *string);
/* A copy with stars in the arena. */
char *mask_copy(struct arena *arena, const char *string);

/* A copy of masked text as it is fit for a line of the log (text_visible), at most `most` bytes of it: masked once more
 * before it is cut, for what an escape sequence divided may be a secret without it. */
char *mask_visible(struct arena *arena, const char *masked, size_t most);

/* The longest registered form, in bytes: a reader that has to cut keeps this much more before it masks. */
size_t mask_longest(void);

/* Forgets every secret and wipes it from memory (for a process that shall not know them). */
void mask_wipe(void);

/* The same, and wipes every secret of 6 bytes or more, and every end of one of 8 bytes or more, wherever it stands in
 * this process's writable memory: freed heap, stack, copies in libraries. `kept` stays although it may be a secret.
 * Without /proc only mask_wipe. */
void mask_scrub(const char *kept);

#endif
