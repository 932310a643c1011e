#include "process/ancestry.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_BYTES 1024   /* the fields up to 22 take less: a name of 64 bytes and numbers */
#define GENERATIONS 10000 /* /proc changes while we read it; nobody shall send us in circles */

/* The number in the field after `field`; moves it there. */
static uint64_t next_number(const char **field)
{
    char *end;
    uint64_t number = strtoull(*field, &end, 10);

    *field = end;
    return number;
}

/* Fields 3 (state), 4 (parent), 5 (group) and 22 (birth). */
static bool parse(const char *stat, struct ancestry *process)
{
    const char *field = strrchr(stat, ')'); /* the name may hold anything, blanks and brackets too */

    if (!field || strlen(field) < sizeof ") R 1 1") {
        return false;
    }
    process->ended = field[2] == 'Z' || field[2] == 'X';
    field += 3;
    process->parent = (pid_t)next_number(&field);
    process->group = (pid_t)next_number(&field);
    for (int number = 6; number <= 22; number++) {
        process->birth = next_number(&field);
    }
    return true;
}

/* A /proc that was mounted for another PID namespace numbers the processes otherwise (pid_namespaces(7)): whoever is
 * called as a child of ours there is a stranger, a kernel thread perhaps. */
static bool proc_is_ours(void)
{
    char self[16];
    ssize_t length = readlink("/proc/self", self, sizeof self - 1);

    self[length < 0 ? 0 : length] = '\0';
    return strtol(self, NULL, 10) == getpid();
}

static bool read_process(pid_t pid, struct ancestry *process)
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

bool ancestry_read(pid_t pid, struct ancestry *process)
{
    return proc_is_ours() && read_process(pid, process);
}

bool ancestry_below(const struct ancestry *process, pid_t ancestor, struct ancestry *top)
{
    *top = *process;
    for (int i = 0; i < GENERATIONS && top->parent != ancestor; i++) {
        if (top->parent <= 1 || !read_process(top->parent, top)) {
            return false;
        }
    }
    return top->parent == ancestor;
}

bool ancestry_each(void (*each)(void *argument, const struct ancestry *process), void *argument)
{
    const struct dirent *entry;
    DIR *folder = proc_is_ours() ? opendir("/proc") : NULL;
    bool any = false;

    while (folder && (entry = readdir(folder)) != NULL) {
        struct ancestry process;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0 for what is no number */

        if (pid > 0 && read_process(pid, &process)) {
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
