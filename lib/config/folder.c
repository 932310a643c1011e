#include "config/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

/* Most file systems tell the kind along with the name (readdir(3)). */
static bool kind_of(int fd, const struct dirent *next, enum entry_kind *kind)
{
    unsigned type = next->d_type;
    struct stat status;

    if (type == DT_UNKNOWN) {
        if (fstatat(fd, next->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return false;
        }
        type = IFTODT(status.st_mode);
    }
    *kind = type == DT_REG ? ENTRY_FILE : type == DT_DIR ? ENTRY_FOLDER : type == DT_LNK ? ENTRY_LINK : ENTRY_OTHER;
    return true;
}

static bool read_entries(struct folder *folder, DIR *open, size_t most, struct arena *arena)
{
    size_t capacity = 0;

    for (;;) {
        struct entry entry;

        errno = 0;

        const struct dirent *next = readdir(open);

        if (next == NULL) {
            return errno == 0;
        }
        if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0) {
            continue;
        }
        if (folder->count == most) {
            errno = EFBIG;
            return false;
        }
        if (!kind_of(dirfd(open), next, &entry.kind)) {
            return false;
        }
        entry.name = arena_strdup(arena, next->d_name);
        folder->entries = arena_grow(arena, folder->entries, folder->count, &capacity, sizeof entry);
        folder->entries[folder->count++] = entry;
    }
}

bool folder_read(struct folder *folder, const char *path, size_t most, struct arena *arena)
{
    DIR *open = opendir(path);

    *folder = (struct folder){ 0 };
    if (open == NULL) {
        return false;
    }

    bool read = read_entries(folder, open, most, arena);
    int saved = errno;

    closedir(open);
    errno = saved;
    if (read && folder->count > 1) {
        qsort(folder->entries, folder->count, sizeof *folder->entries, by_name);
    }
    return read;
}
