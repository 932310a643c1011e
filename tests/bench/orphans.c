/* The application of the init bench: makes orphans for PID 1 to reap, and tells how much processor time that cost it.
 * Usage: orphans COUNT. Prints PID 1's nanoseconds on the processor for one orphan (/proc/1/schedstat). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static long long spent(void)
{
    long long nanoseconds = -1;
    FILE *file = fopen("/proc/1/schedstat", "r");
    if (!file || fscanf(file, "%lld", &nanoseconds) != 1) {
        return -1;
    }
    fclose(file);
    return nanoseconds;
}

/* How many of our name PID 1 has as children: us, and orphans that it has not reaped. */
static int left(void)
{
    FILE *children = fopen("/proc/1/task/1/children", "r");
    int pid, count = 0;
    while (children && fscanf(children, "%d", &pid) == 1) {
        char path[32], name[32] = "";
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        FILE *comm = fopen(path, "r");
        count += comm && fgets(name, sizeof name, comm) && strcmp(name, "orphans\n") == 0;
        if (comm) {
            fclose(comm);
        }
    }
    if (children) {
        fclose(children);
    }
    return count;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000;
    long long began = spent();

    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(fork() == 0 ? 0 : 0);
        }
        waitpid(child, NULL, 0);
    }
    while (left() > 1) {
    }
    printf("%lld\n", (spent() - began) / count);
    return 0;
}
