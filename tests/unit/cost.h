/* What something costs, to compare the cost of little with that of much: never a figure to assert. */
#ifndef TEST_COST_H
#define TEST_COST_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Processor time of this process in microseconds: what others do meanwhile does not count. */
static inline int64_t processor_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The least of a few runs. */
static inline double cost_of(void (*work)(size_t), size_t size)
{
    double least = 0;

    for (int run = 0; run < 3; run++) {
        int64_t begun = processor_time();

        work(size);

        double took = (double)(processor_time() - begun);

        least = run == 0 || took < least ? took : least;
    }
    return least + 1; /* it may be less than the clock's step */
}

#endif
