#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND ((duration)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct unit {
    const char *name;
    duration size;
} units[] = { { "h", HOUR }, { "m", MINUTE }, { "s", SECOND }, { "ms", 1 } };

#define UNITS (sizeof units / sizeof units[0])

/* In thousandths of a unit, rounded; further digits only have to be digits. Returns what follows, or NULL. */
static const char *parse_number(const char *text, int64_t *thousandths, bool *zero)
{
    int64_t value = 0;
    const char *c = text;

    *zero = true;
    for (; *c >= '0' && *c <= '9'; c++) {
        value = value * 10 + (*c - '0');
        *zero = *zero && *c == '0';
        if (value > DURATION_MAX) {
            return NULL;
        }
    }
    if (c == text) {
        return NULL;
    }
    value *= 1000;
    if (*c == '.') {
        const char *point = c++;

        for (int64_t weight = 100; *c >= '0' && *c <= '9'; c++, weight /= 10) {
            value += weight * (*c - '0');
            *zero = *zero && *c == '0';
        }
        if (c == point + 1) {
            return NULL;
        }
    }
    *thousandths = value;
    return c;
}

bool duration_parse(const char *text, duration *result)
{
    int64_t thousandths;
    bool zero;
    const char *unit = parse_number(text, &thousandths, &zero);

    if (!unit) {
        return false;
    }
    if (*unit == '\0') {
        *result = 0;
        return zero;
    }
    for (size_t i = 0; i < UNITS; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            int64_t scaled;

            if (__builtin_mul_overflow(thousandths, units[i].size, &scaled)) {
                return false;
            }
            *result = (scaled + 500) / 1000;
            /* Nearly nothing must not become 0, which means for ever. */
            return *result <= DURATION_MAX && (zero || *result > 0);
        }
    }
    return false;
}

const char *duration_format(duration value, char buffer[DURATION_TEXT])
{
    if (value == 0) {
        (void)snprintf(buffer, DURATION_TEXT, "0");
        return buffer;
    }
    for (size_t i = 0; i < UNITS - 1; i++) {
        if (value % units[i].size == 0) {
            (void)snprintf(buffer, DURATION_TEXT, "%" PRId64 "%s", value / units[i].size, units[i].name);
            return buffer;
        }
    }
    if (value < SECOND) {
        (void)snprintf(buffer, DURATION_TEXT, "%" PRId64 "ms", value);
        return buffer;
    }

    int length = snprintf(buffer, DURATION_TEXT, "%" PRId64 ".%03d", value / SECOND, (int)(value % SECOND));

    while (buffer[length - 1] == '0') {
        length--;
    }
    buffer[length] = 's';
    buffer[length + 1] = '\0';
    return buffer;
}

const char *duration_human(duration value, char buffer[DURATION_TEXT])
{
    if (value < SECOND) {
        (void)snprintf(buffer, DURATION_TEXT, "%d ms", (int)value);
    } else if (value < 10 * SECOND) {
        (void)snprintf(buffer, DURATION_TEXT, "%d.%d s", (int)(value / SECOND), (int)(value % SECOND / 100));
    } else if (value < MINUTE) {
        (void)snprintf(buffer, DURATION_TEXT, "%d s", (int)(value / SECOND));
    } else if (value < HOUR) {
        (void)snprintf(buffer, DURATION_TEXT, "%d min %d s", (int)(value / MINUTE), (int)(value % MINUTE / SECOND));
    } else {
        (void)snprintf(buffer, DURATION_TEXT, "%" PRId64 " h %d min", value / HOUR, (int)(value % HOUR / MINUTE));
    }
    return buffer;
}

int64_t clock_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

instant clock_now(void)
{
    return clock_now_us() / 1000;
}

/* As many digits of a number, and what follows them. Returns where it goes on. */
static char *put_digits(char *at, unsigned number, int count, char then)
{
    for (char *place = at + count; place > at; number /= 10) {
        *--place = (char)('0' + number % 10);
    }
    at[count] = then;
    return at + count + 1;
}

/* Not gmtime_r: that reads the zone's file on its first call, in each process anew. Not snprintf: that took a fifth of
 * what a line of the log takes.
 * The calendar is counted from 1 March, so that the leap day is a year's last (Howard Hinnant, chrono-Compatible
 * Low-Level Date Algorithms, civil_from_days). */
const char *timestamp_now(char buffer[TIMESTAMP_TEXT])
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);

    int64_t seconds = now.tv_sec < 0 ? 0 : now.tv_sec;
    int64_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
    unsigned of_day = (unsigned)(seconds % 86400);
    int64_t era = days / 146097;
    unsigned of_era = (unsigned)(days % 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * of_year + 2) / 153;
    unsigned day = of_year - (153 * month + 2) / 5 + 1;

    month = month < 10 ? month + 3 : month - 9;

    int64_t year = era * 400 + year_of_era + (month <= 2);

    char *at = put_digits(buffer, (unsigned)(year % 10000), 4, '-');

    at = put_digits(at, month, 2, '-');
    at = put_digits(at, day, 2, 'T');
    at = put_digits(at, of_day / 3600, 2, ':');
    at = put_digits(at, of_day / 60 % 60, 2, ':');
    at = put_digits(at, of_day % 60, 2, '.');
    at = put_digits(at, (unsigned)(now.tv_nsec / 1000000), 3, 'Z');
    *at = '\0';
    return buffer;
}
