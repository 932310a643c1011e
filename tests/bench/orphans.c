/* The application of the init bench: makes orphans for PID 1 to reap, and tells how much processor time that cost it.
 * Usage: orphans COUNT. Prints PID 1's nanoseconds on the processor for one orphan (/proc/1/schedstat). */
#include <stdio.h>
#include <stdlib.h>
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

/* Zombies whose parent is PID 1: the bench is over when none is left. */
static int reaped(void)
{
    FILE *file = fopen("/proc/1/task/1/children", "r");
    int pid, count = 0;
    while (file && fscanf(file, "%d", &pid) == 1) {
        count++;
    }
    if (file) {
        fclose(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000, before = reaped();
    long long began = spent();

    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(fork() == 0 ? 0 : 0);
        }
        waitpid(child, NULL, 0);
    }
    while (reaped() > before) {
    }
    printf("%lld\n", (spent() - began) / count);
    return 0;
}
