/* The application of the measurements: says when it began, in seconds of CLOCK_REALTIME. */
#include <stdio.h>
#include <time.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return printf("%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec) < 0;
}
