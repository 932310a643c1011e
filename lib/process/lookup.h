/* Finding and executing a program as a shell does (POSIX XCU 2.9.1.4), with a PATH of our own. */
#ifndef PROCESS_LOOKUP_H
#define PROCESS_LOOKUP_H

#include "base/arena.h"
#include "base/error.h"

#define LOOKUP_FILE 512
#define LOOKUP_INTERPRETER 256

/* Why a program was not executed; lookup_error() says it in words. */
struct lookup_failure {
    int number;                           /* errno */
    char file[LOOKUP_FILE];               /* the file that was found, or empty */
    char interpreter[LOOKUP_INTERPRETER]; /* what that file needs and is not there, or empty */
};

/* Executes argv[0], looked up in `path` (NULL: the system's default path) unless it holds a slash. A text file without
 * a
 * #! line runs under /bin/sh, as execvp(3) does. Returns only on failure. */
void lookup_exec(const char *const *argv, const char *const *envp, const char *path, struct lookup_failure *failure);

/* PATH as a step sees it: node_modules/.bin of its folder comes first, then those of the folders above it that have
 * one, as with npm, whose workspaces have their tools at the root. To be used in `folder`. `path`: the one of its
 * environment, or NULL. */
const char *lookup_step_path(const char *folder, const char *path, struct arena *arena);

/* Whether the same search would find a file to execute, in a process whose working directory is `folder`. */
bool lookup_finds(const char *program, const char *folder, const char *path, struct arena *arena);

/* Says it in words: 127 not found, 126 found but not executable, 71 for want of memory or processes. Returns false. */
bool lookup_error(const struct lookup_failure *failure, const char *name, const char *path, struct error *error);

#endif
