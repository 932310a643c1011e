/* The application of the container tests: one static file that runs in an image without anything else.
 *
 *   app                      says "it runs" and waits; no signal is handled
 *   app signals              says "it runs", then the number of every signal it gets; ends after SIGTERM with status 0
 *   app status N             ends with status N
 *   app inspect              says in JSON what kind of process it was made
 *   app orphans N            leaves N orphans behind that end, says "zombies N" once none of them or some stay, waits
 *   app memory MEGABYTES     uses that much memory, says "it runs", waits
 *   app without-streams ARGV runs ARGV with descriptors 0, 1 and 2 closed
 *   app descriptors N ARGV   runs ARGV with N descriptors at most
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1024
#define REAPING_SECONDS 10

static void say(const char *format, long value)
{
    dprintf(STDOUT_FILENO, format, value);
}

static _Noreturn void wait_for_ever(void)
{
    say("it runs\n", 0);
    for (;;) {
        pause();
    }
}

static int print_signals(void)
{
    sigset_t all;
    memset(&all, 0xff, sizeof all); /* musl's sigfillset leaves out 34, which is glibc's SIGRTMIN */
    sigprocmask(SIG_SETMASK, &all, NULL);
    say("it runs\n", 0);
    for (;;) {
        int number = sigwaitinfo(&all, NULL);
        if (number > 0) {
            say("signal %ld\n", number);
        }
        if (number == SIGTERM) {
            return 0;
        }
    }
}

/* The lines of a file under /proc/self whose names are given, as JSON members. */
static void status_lines(void)
{
    static const char *const names[] = { "SigBlk", "SigIgn", "SigCgt", "CapEff", "NoNewPrivs", "Seccomp", "Groups" };
    char line[512];
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *value = strchr(line, ':');
        if (value == NULL) {
            continue;
        }
        *value++ = '\0';
        value += strspn(value, " \t");
        value[strcspn(value, "\n")] = '\0';
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strcmp(line, names[i]) == 0) {
                printf("\"%s\": \"%s\", ", line, value);
            }
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static int inspect(void)
{
    bool open[DESCRIPTORS];
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        open[fd] = fcntl(fd, F_GETFD) >= 0;
    }
    char cwd[4096];
    printf("{\"pid\": %d, \"ppid\": %d, \"uid\": %u, \"gid\": %u, \"cwd\": \"%s\", ", getpid(), getppid(), getuid(),
           getgid(), getcwd(cwd, sizeof cwd) != NULL ? cwd : "");
    status_lines();
    printf("\"descriptors\": [");
    const char *comma = "";
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        if (open[fd]) {
            printf("%s%d", comma, fd);
            comma = ", ";
        }
    }
    printf("], \"nonblocking\": %s}\n", (fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK) != 0 ? "true" : "false");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* Forks a child that forks a grandchild and ends at once; the grandchild outlives it and ends as PID 1's. */
static void leave_orphan(void)
{
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static long zombies(void)
{
    long count = 0;
    for (int pid = 1; pid < 32768; pid++) {
        char path[64];
        char line[512] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t length = read(fd, line, sizeof line - 1);
            const char *state = length > 0 ? strrchr(line, ')') : NULL;
            count += state != NULL && state[2] == 'Z';
            close(fd);
        }
    }
    return count;
}

static _Noreturn void orphans(long count)
{
    for (long i = 0; i < count; i++) {
        leave_orphan();
    }
    time_t end = time(NULL) + REAPING_SECONDS;
    long left = zombies();
    while (left > 0 && time(NULL) < end) {
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        left = zombies();
    }
    say("zombies %ld\n", left);
    wait_for_ever();
}

static _Noreturn void memory(long megabytes)
{
    size_t size = (size_t)megabytes << 20;
    char *used = malloc(size);
    if (used == NULL) {
        exit(1);
    }
    for (size_t i = 0; i < size; i += 4096) {
        used[i] = 1;
    }
    wait_for_ever();
}

static _Noreturn void run(char **argv)
{
    execvp(argv[0], argv);
    _exit(errno == ENOENT ? 127 : 126);
}

static _Noreturn void without_streams(char **argv)
{
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    run(argv);
}

static _Noreturn void limit_descriptors(rlim_t count, char **argv)
{
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ .rlim_cur = count, .rlim_max = count });
    run(argv);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    long number = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (strcmp(command, "signals") == 0) {
        return print_signals();
    }
    if (strcmp(command, "status") == 0) {
        return (int)number;
    }
    if (strcmp(command, "inspect") == 0) {
        return inspect();
    }
    if (strcmp(command, "orphans") == 0) {
        orphans(number);
    }
    if (strcmp(command, "memory") == 0) {
        memory(number);
    }
    if (strcmp(command, "without-streams") == 0 && argc > 2) {
        without_streams(argv + 2);
    }
    if (strcmp(command, "descriptors") == 0 && argc > 3) {
        limit_descriptors((rlim_t)number, argv + 3);
    }
    if (command[0] == '\0') {
        wait_for_ever();
    }
    return 64;
}
