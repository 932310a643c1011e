/* Words for a POSIX shell: commands that a person is told to run. */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include "base/arena.h"

/* The word as one word of a shell's command line (POSIX XCU 2.2.2): as it is where nothing in it means anything to a
 * shell, else in single quotes. In the arena. */
const char *shell_quote(const char *word, struct arena *arena);

/* A command that is only proposed: each of its lines as a comment, for a quoted word may hold newlines. In the arena.
 */
const char *shell_comment(const char *command, struct arena *arena);

#endif
