#include "process/reaper.h"

#include "process/ancestry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often SIGKILL goes round: a process that forks while we read /proc leaves at most a generation for the next one.
 */
#define KILL_ROUNDS 8

static struct {
    pid_t group;
    uint64_t birth;
} leader;

bool reaper_next(struct reaped *reaped)
{
    struct rusage usage;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &usage)) < 0 && errno == EINTR) {
    }
    if (pid <= 0) {
        return false;
    }
    *reaped = (struct reaped){ pid, status, (int64_t)usage.ru_maxrss * 1024 };
    return true;
}

bool reaper_stopped(pid_t child)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == child;
}

bool reaper_adopt_orphans(void)
{
    return getpid() == 1 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

bool reaper_name_of_pid_1(char name[REAPER_NAME_SIZE])
{
    int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, name, REAPER_NAME_SIZE - 1);

    if (fd >= 0) {
        close(fd);
    }
    name[length > 0 ? length : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    return name[0] != '\0';
}

/* ---- signals ---- */

static const struct credentials *theirs;

void reaper_serve(const struct credentials *credentials)
{
    theirs = credentials;
}

static int kill_as_they(pid_t pid, int signal)
{
    int status = 0;
    pid_t one = _Fork();

    if (one == 0) {
        int number = credentials_take(theirs);

        _exit(number ? number : kill(pid, signal) == 0 ? 0 : errno);
    }
    while (one > 0 && waitpid(one, &status, 0) < 0 && errno == EINTR) {
    }
    errno = one > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
    return errno ? -1 : 0;
}

int reaper_kill(pid_t pid, int signal)
{
    int result = kill(pid, signal);

    /* To all (-1) is refused only where there is nobody whom we may signal. */
    if ((pid == -1 || (result < 0 && errno == EPERM)) && theirs && theirs->change) {
        result = kill_as_they(pid, signal);
    }
    return result;
}

/* ---- the step's processes ---- */

struct hunt {
    pid_t group;
    uint64_t since; /* birth of the group's leader; 0: unknown */
    const pid_t *spare;
    int count;
    int signal;
    int found;
};

static bool is_spared(const struct hunt *hunt, pid_t pid)
{
    for (int i = 0; i < hunt->count; i++) {
        if (hunt->spare[i] == pid) {
            return true;
        }
    }
    return false;
}

static bool belongs(const struct hunt *hunt, const struct ancestry *process)
{
    struct ancestry top;

    if (process->group == hunt->group) {
        return true;
    }
    if (is_spared(hunt, process->pid) || !ancestry_below(process, getpid(), &top)) {
        return false;
    }
    return top.pid == hunt->group || (!is_spared(hunt, top.pid) && top.birth >= hunt->since);
}

/* A zombie is signalled too: it may be a main thread that ended before the others. */
static void hunt_one(void *argument, const struct ancestry *process)
{
    struct hunt *hunt = argument;

    if (!belongs(hunt, process)) {
        return;
    }
    hunt->found += !process->ended;
    if (process->group != hunt->group && hunt->signal) { /* the group got it as a whole */
        (void)reaper_kill(process->pid, hunt->signal);
        (void)reaper_kill(process->pid, SIGCONT);
    }
}

static void remember_leader(pid_t group)
{
    struct ancestry process;

    if (ancestry_read(group, &process)) {
        leader.birth = process.birth;
    } else if (leader.group != group) {
        leader.birth = 0;
    }
    leader.group = group;
}

/* The group last: while its members live they lead to those that left it. */
int reaper_kill_tree(pid_t group, int signal, const pid_t *spare, int count)
{
    int first = 0;

    remember_leader(group);
    for (int round = 0; round < (signal == SIGKILL ? KILL_ROUNDS : 1); round++) {
        struct hunt hunt = { .group = group, .since = leader.birth, .spare = spare, .count = count, .signal = signal };
        bool proc = ancestry_each(hunt_one, &hunt);
        bool exists = reaper_kill(-group, signal) == 0;

        if (signal && exists) {
            (void)reaper_kill(-group, SIGCONT);
        }
        if (!proc) {
            return exists;
        }
        first = round == 0 ? hunt.found : first;
        if (hunt.found == 0) {
            break;
        }
    }
    return first;
}

/* ---- everything ---- */

static void kill_descendant(void *argument, const struct ancestry *process)
{
    struct hunt *hunt = argument;
    struct ancestry top;

    if (ancestry_below(process, getpid(), &top)) {
        (void)reaper_kill(process->pid, hunt->signal);
        hunt->found += !process->ended;
    }
}

void reaper_kill_rest(int signal)
{
    struct hunt hunt = { .signal = signal };
    int rounds = signal == SIGKILL ? KILL_ROUNDS : 1;

    if (getpid() == 1) {
        (void)reaper_kill(-1, signal);
        return;
    }
    do {
        hunt.found = 0;
        (void)ancestry_each(kill_descendant, &hunt);
    } while (hunt.found && --rounds);
}
