/* Durations as people write them: 250ms, 2s, 5m, 1h, 0 for none. In the program: milliseconds. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t duration; /* milliseconds, never negative */
typedef int64_t instant;  /* milliseconds of CLOCK_MONOTONIC */

/* Nothing that is configured may be longer: 1000 hours. Deadlines then never overflow. */
#define DURATION_MAX ((duration)1000 * 60 * 60 * 1000)

/* One number (decimals allowed: 1.5s) and one unit of ms, s, m, h; a bare 0. False for anything else, for a negative
 * number and for more than DURATION_MAX. */
bool duration_parse(const char *text, duration *result);

#define DURATION_TEXT 32
/* "250ms", "2s", "1.5s", "5m", "1h" — parses back to the same duration. Returns buffer. */
const char *duration_format(duration value, char buffer[DURATION_TEXT]);
/* For people: "12 ms", "1.4 s", "2 min 5 s". Returns buffer. */
const char *duration_human(duration value, char buffer[DURATION_TEXT]);

instant clock_now(void);
/* Microseconds of CLOCK_MONOTONIC, for measured times. */
int64_t clock_now_us(void);

#define TIMESTAMP_TEXT 32
/* CLOCK_REALTIME as 2025-10-12T10:29:58.120Z (RFC 3339, UTC). Returns buffer. */
const char *timestamp_now(char buffer[TIMESTAMP_TEXT]);

#endif
