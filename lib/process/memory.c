#include "process/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILE_BYTES 8192 /* of /proc/self/cgroup: a dozen lines */
#define PATH_BYTES 1024

/* Without stdio: no allocation while the application runs. */
static bool read_file(const char *path, char content[FILE_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t count = 0;

    if (fd < 0) {
        return false;
    }
    while (length < FILE_BYTES - 1 && (count = read(fd, content + length, FILE_BYTES - 1 - length)) > 0) {
        length += (size_t)count;
    }
    (void)close(fd);
    content[length] = '\0';
    return count >= 0;
}

/* The "oom_kill N" line; -1 if there is none (v1 before Linux 4.13). */
static int64_t read_count(const char *root, const char *mount, const char *group, const char *file)
{
    static const char key[] = "oom_kill ";
    char path[PATH_BYTES], content[FILE_BYTES];
    int length = snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/%s", root, mount, group, file);

    if (length < 0 || (size_t)length >= sizeof path || !read_file(path, content)) {
        return -1;
    }
    for (const char *line = content; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, sizeof key - 1) == 0) {
            return strtoll(line + sizeof key - 1, NULL, 10);
        }
    }
    return -1;
}

/* The group's path as /proc tells it; or, where only our own group is mounted (a container that shares the host's
 * cgroup namespace), the mount itself. */
static int64_t read_either(const char *root, const char *mount, const char *group, const char *file)
{
    int64_t count = read_count(root, mount, group, file);

    return count >= 0 ? count : read_count(root, mount, "", file);
}

/* One line of /proc/self/cgroup (cgroups(7)): "ID:CONTROLLERS:PATH". */
static bool is_memory(const char *controllers, size_t length)
{
    static const char memory[] = "memory";

    for (size_t i = 0; i < length;) {
        size_t word = strcspn(controllers + i, ",:");

        if (word == sizeof memory - 1 && strncmp(controllers + i, memory, word) == 0) {
            return true;
        }
        i += word + 1;
    }
    return false;
}

int64_t memory_oom_kills_under(const char *root)
{
    char path[PATH_BYTES], content[FILE_BYTES];
    const char *unified = NULL, *legacy = NULL;
    char *rest = content;

    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_file(path, content)) {
        content[0] = '\0';
    }
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;

        if (group && group == controllers + 1) {
            unified = group + 1;
        } else if (group && is_memory(controllers + 1, (size_t)(group - controllers - 1))) {
            legacy = group + 1;
        }
    }
    /* In the hybrid layout the memory controller belongs to one of them, and only that one has the file. */
    int64_t count = legacy ? read_either(root, "/memory", legacy, "memory.oom_control") : -1;

    if (count < 0) {
        count = read_either(root, "", unified ? unified : "", "memory.events");
    }
    return count < 0 && unified ? read_either(root, "/unified", unified, "memory.events") : count;
}

int64_t memory_oom_kills(void)
{
    return memory_oom_kills_under("");
}

/* The sixth number of statm, in pages (proc(5)). */
static rlim_t data_now(const char *statm)
{
    for (int field = 1; statm && field < 6; field++) {
        statm = strchr(statm, ' ');
        statm += statm != NULL;
    }
    return statm ? (rlim_t)strtoull(statm, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) : RLIM_INFINITY;
}

void memory_limit(size_t more)
{
    char content[FILE_BYTES];
    struct rlimit limit;

    if (!read_file("/proc/self/statm", content) || getrlimit(RLIMIT_DATA, &limit) < 0) {
        return;
    }

    rlim_t now = data_now(content);

    if (now < limit.rlim_cur && more < limit.rlim_cur - now) {
        limit.rlim_cur = now + more;
        (void)setrlimit(RLIMIT_DATA, &limit);
    }
}
