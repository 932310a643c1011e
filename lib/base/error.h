/* A failure as a value: what went wrong, what the person can do about it, and the exit status it leads to. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/exit_status.h"

#include <stdbool.h>

struct error {
    enum exit_status status;
    char message[1024]; /* lower-case, no full stop, one line */
    char hint[512];     /* what to change; empty if there is nothing to say */
};

/* Fills *error, cutting what is too long at a character's end. Always returns false: `return error_set(...)`. */
bool error_set(struct error *error, enum exit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the hint; always returns false. */
bool error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether an errno says that the system has no descriptor, buffer or memory left, and nothing about what was asked. */
bool error_is_want(int number);

#endif
