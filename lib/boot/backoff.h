/* Delays between attempts. Pure: the random state is the caller's. */
#ifndef BOOT_BACKOFF_H
#define BOOT_BACKOFF_H

#include "base/duration.h"

#include <stdint.h>

/* xorshift64*: a uniform number below `limit` (0 for 0). Good enough for jitter, and replayable. */
uint64_t random_below(uint64_t *state, uint64_t limit);

/* Exponential backoff with full jitter: uniform in [1 ms, min(max, initial * multiplier^failures)]. Never without a
 * pause: an `initial` of 0 counts as 1 ms; a `max` of 0 is none.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
duration backoff_full_jitter(uint64_t *random, duration initial, double multiplier, unsigned failures, duration max);

/* Grows by 2 from `first` to `max`; the last quarter is jitter, so that a person can still say "about 4 s". */
duration backoff_step(uint64_t *random, duration first, unsigned failures, duration max);

#endif
