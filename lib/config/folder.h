/* What lies in a folder, in the order of the names. */
#ifndef CONFIG_FOLDER_H
#define CONFIG_FOLDER_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK, ENTRY_OTHER };

struct entry {
    const char *name;
    enum entry_kind kind; /* of the entry itself: symbolic links are not followed */
};

struct folder {
    struct entry *entries; /* without . and .. */
    size_t count;
};

#define FOLDER_ENTRIES_MAX ((size_t)100000)
/* False with errno; EFBIG: more than `most` entries. */
bool folder_read(struct folder *folder, const char *path, size_t most, struct arena *arena);

#endif
