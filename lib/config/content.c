#include "config/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A file that is masked in a container is the null device mounted over it. */
static bool is_readable(const struct stat *status)
{
    return S_ISREG(status->st_mode) || (S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3));
}

static char *read_open(int fd, size_t most, size_t *length, struct arena *arena)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return NULL;
    }
    if (!is_readable(&status)) {
        errno = EINVAL;
        return NULL;
    }
    if ((uintmax_t)status.st_size > most) {
        errno = EFBIG;
        return NULL;
    }

    size_t size = (size_t)status.st_size;
    char *data = arena_alloc(arena, size + 1);
    size_t done = 0;

    while (done < size) { /* a file that shrinks meanwhile ends early, one that grows is cut at its first size */
        ssize_t got = read(fd, data + done, size - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return NULL;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    data[done] = '\0';
    *length = done;
    return data;
}

char *content_read(const char *path, size_t most, size_t *length, struct arena *arena)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return NULL;
    }

    char *data = read_open(fd, most, length, arena);
    int saved = errno;

    close(fd);
    errno = saved;
    return data;
}

bool content_is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool content_is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool content_is_same(const char *left, const char *right)
{
    struct stat one, other;

    return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool content_is_missing(const char *path)
{
    struct stat status;

    return stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

const char *content_problem(const char *path, size_t most, struct arena *arena)
{
    const int number = errno;
    const bool mebibytes = most >= (size_t)1 << 20;

    if (number == EFBIG) {
        return arena_printf(arena, "is larger than %zu %s", most >> (mebibytes ? 20 : 10), mebibytes ? "MiB" : "KiB");
    }
    if (content_is_folder(path)) {
        return "is a directory";
    }
    return number == EINVAL ? "is not a regular file" : arena_printf(arena, "cannot be read: %s", strerror(number));
}

const char *content_path(struct arena *arena, const char *folder, const char *name)
{
    while (name[0] == '.' && name[1] == '/') {
        name += 2;
        while (*name == '/') {
            name++;
        }
    }
    if (*name == '\0' || strcmp(name, ".") == 0) {
        return arena_strdup(arena, folder);
    }
    if (*name == '/' || strcmp(folder, ".") == 0 || *folder == '\0') {
        return arena_strdup(arena, name);
    }

    size_t length = strlen(folder);

    return arena_printf(arena, folder[length - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
}

const char *content_folder(struct arena *arena, const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length == 0) {
        return ".";
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return arena_strndup(arena, path, length);
}

const char *content_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *content_parent(const char *folder, struct arena *arena)
{
    const char *above = arena_printf(arena, "%s/..", folder);

    if (!content_is_folder(above) || content_is_same(folder, above)) {
        return NULL;
    }
    return strcmp(folder, ".") == 0 ? ".." : above;
}

const char *content_find_up(const char *folder, const char *name, struct arena *arena)
{
    for (int i = 0; i < CONTENT_PARENTS && folder != NULL; i++, folder = content_parent(folder, arena)) {
        const char *path = content_path(arena, folder, name);

        if (content_is_file(path)) {
            return path;
        }
    }
    return NULL;
}
