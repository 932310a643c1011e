/* Files of the project: foreign input, so only regular ones and only up to a size. */
#ifndef CONFIG_CONTENT_H
#define CONFIG_CONTENT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define CONTENT_SMALL ((size_t)1 << 20)   /* bytes of package.json, .env, .pgpass and their like */
#define CONTENT_SCHEMA ((size_t)16 << 20) /* bytes of a file of a schema */
#define CONTENT_PARENTS 32                /* folders that are searched on the way up, as node does to the root */

/* The whole file, terminated by a NUL that `length` does not count. NULL with errno: EFBIG if it is larger than `most`
 * bytes, EINVAL if it is neither a regular file nor /dev/null, which is empty. Never blocks on a FIFO. */
char *content_read(const char *path, size_t most, size_t *length, struct arena *arena);

/* Why it gave nothing, from errno, as the rest of a sentence: "is larger than 64 KiB", "is a directory". */
const char *content_problem(const char *path, size_t most, struct arena *arena);

bool content_is_file(const char *path);                    /* symbolic links followed */
bool content_is_folder(const char *path);                  /* symbolic links followed */
bool content_is_same(const char *left, const char *right); /* both are there, and one by two names */
/* There is nothing of that name. What may not be looked at counts as being there, so that reading it tells the error.
 */
bool content_is_missing(const char *path);

/* `name` seen from `folder`: name itself if it is absolute, without a leading "./". */
const char *content_path(struct arena *arena, const char *folder, const char *name);
/* The folder a path lies in: "." for a bare name. */
const char *content_folder(struct arena *arena, const char *path);
/* What stands behind the last slash. */
const char *content_name(const char *path);
/* "..", "../..": the folder above, as seen from the working directory. NULL at the root, and if there is no folder. */
const char *content_parent(const char *folder, struct arena *arena);
/* The nearest file `name` in the folder or above it, or NULL. */
const char *content_find_up(const char *folder, const char *name, struct arena *arena);

#endif
