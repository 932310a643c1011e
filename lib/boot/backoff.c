#include "boot/backoff.h"

uint64_t random_below(uint64_t *state, uint64_t limit)
{
    uint64_t x = *state ? *state : 0x9E3779B97F4A7C15U;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return limit ? (x * 0x2545F4914F6CDD1DU >> 11) % limit : 0;
}

static duration grown(duration first, double multiplier, unsigned failures, duration max)
{
    double value = (double)first;
    for (unsigned i = 0; i < failures && value < (double)max; i++) {
        value *= multiplier;
    }
    return value < (double)max ? (duration)value : max;
}

duration backoff_full_jitter(uint64_t *random, duration initial, double multiplier, unsigned failures, duration max)
{
    duration ceiling = grown(initial ? initial : 1, multiplier, failures, max ? max : DURATION_MAX);
    return ceiling <= 1 ? 1 : 1 + (duration)random_below(random, (uint64_t)ceiling);
}

duration backoff_step(uint64_t *random, duration first, unsigned failures, duration max)
{
    duration ceiling = grown(first, 2, failures, max);
    duration jitter = ceiling / 4;
    return ceiling - (jitter ? (duration)random_below(random, (uint64_t)jitter) : 0);
}
