#include "base/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST (STDERR_FILENO + 1)
/* Containers may have a limit of a thousand million descriptors; without /proc and close_range nobody can tell which of
 * them are open. The kernel gives out the lowest free number, so that higher ones than these were asked for by number.
 */
#define LAST_TRIED (1 << 20)

/* close_range(2): Linux 5.9, its flag 5.11. A seccomp profile may not know it. */
static bool close_range_works(int first, int last, unsigned flags)
{
    return first > last || syscall(SYS_close_range, (unsigned)first, (unsigned)last, flags) == 0;
}

static bool is_kept(int fd, const int *keep, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keep[i] == fd) {
            return true;
        }
    }
    return false;
}

static void treat(int fd, const int *keep, size_t count, bool on_exec)
{
    if (on_exec) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* its only flag */
    } else if (!is_kept(fd, keep, count)) {
        (void)close(fd);
    }
}

static void one_by_one(const int *keep, size_t count, bool on_exec)
{
    struct rlimit limit = { 0 };
    const struct dirent *entry;
    DIR *folder = opendir("/proc/self/fd");

    while (folder && (entry = readdir(folder)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* "." and ".." are 0 */

        if (fd >= FIRST && fd != dirfd(folder)) {
            treat(fd, keep, count, on_exec);
        }
    }
    if (folder) {
        (void)closedir(folder);
        return;
    }
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = FIRST; fd < LAST_TRIED && (rlim_t)fd < limit.rlim_cur; fd++) {
        treat(fd, keep, count, on_exec);
    }
}

void descriptors_close_on_exec(void)
{
    if (!close_range_works(FIRST, INT_MAX, CLOSE_RANGE_CLOEXEC)) {
        one_by_one(NULL, 0, true);
    }
}

/* The lowest of those kept that is not below `from`, or INT_MAX. */
static int next_kept(int from, const int *keep, size_t count)
{
    int next = INT_MAX;
    for (size_t i = 0; i < count; i++) {
        if (keep[i] >= from && keep[i] < next) {
            next = keep[i];
        }
    }
    return next;
}

void descriptors_close(const int *keep, size_t count)
{
    for (int from = FIRST; from < INT_MAX;) {
        int kept = next_kept(from, keep, count);

        if (!close_range_works(from, kept == INT_MAX ? INT_MAX : kept - 1, 0)) {
            one_by_one(keep, count, false);
            return;
        }
        from = kept == INT_MAX ? INT_MAX : kept + 1;
    }
}
