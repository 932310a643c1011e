#include "process/ancestry.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_BYTES 1024   /* the fields up to 22 take less: a name of 64 bytes and numbers */
#define GENERATIONS 10000 /* /proc changes while we read it; nobody shall send us in circles */

static bool parse(const char *stat, struct ancestry *process)
{
    const char *name_end = strrchr(stat, ')'); /* the name may hold anything, blanks and brackets too */
    char state;

    if (!name_end ||
        sscanf(name_end + 1, " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
               &state, &process->parent, &process->group, &process->birth) != 4) {
        return false;
    }
    process->ended = state == 'Z' || state == 'X';
    return true;
}

bool ancestry_read(pid_t pid, struct ancestry *process)
{
    char path[32], stat[STAT_BYTES];
    ssize_t length;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    length = read(fd, stat, sizeof stat - 1);
    (void)close(fd);
    if (length <= 0) {
        return false;
    }
    stat[length] = '\0';
    process->pid = pid;
    return parse(stat, process);
}

bool ancestry_below(const struct ancestry *process, pid_t ancestor, struct ancestry *top)
{
    *top = *process;
    for (int i = 0; i < GENERATIONS && top->parent != ancestor; i++) {
        if (top->parent <= 1 || !ancestry_read(top->parent, top)) {
            return false;
        }
    }
    return top->parent == ancestor;
}

bool ancestry_each(void (*each)(void *argument, const struct ancestry *process), void *argument)
{
    const struct dirent *entry;
    DIR *folder = opendir("/proc");
    bool any = false;

    while (folder && (entry = readdir(folder)) != NULL) {
        struct ancestry process;
        pid_t pid = atoi(entry->d_name);

        if (pid > 0 && ancestry_read(pid, &process)) {
            any = true;
            if (pid != getpid()) {
                each(argument, &process);
            }
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    return any;
}
