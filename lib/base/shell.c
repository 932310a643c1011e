#include "base/shell.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:@,%";

const char *shell_quote(const char *word, struct arena *arena)
{
    if (*word && !word[strspn(word, plain)]) {
        return arena_strdup(arena, word);
    }

    char *quoted = arena_alloc(arena, 4 * strlen(word) + 3);
    char *at = quoted;

    *at++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            at = stpcpy(at, "'\\''");
        } else {
            *at++ = *word;
        }
    }
    *at++ = '\'';
    return quoted;
}

const char *shell_comment(const char *command, struct arena *arena)
{
    char *comment = arena_alloc(arena, 3 * strlen(command) + 3);
    char *at = stpcpy(comment, "# ");

    for (; *command; command++) {
        *at++ = *command;
        if (*command == '\n') {
            at = stpcpy(at, "# ");
        }
    }
    return comment;
}
