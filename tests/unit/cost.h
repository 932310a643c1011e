/* What something costs, to compare the cost of little with that of much: never a figure to assert. */
#ifndef TEST_COST_H
#define TEST_COST_H

#include <stddef.h>
#include <time.h>

/* The processor's time, and the least of a few runs: what others do meanwhile does not count. */
static inline double cost_of(void (*work)(size_t), size_t size)
{
    double least = 0;

    for (int run = 0; run < 3; run++) {
        clock_t begun = clock();

        work(size);

        double took = (double)(clock() - begun);

        least = run == 0 || took < least ? took : least;
    }
    return least + 1; /* it may be less than the clock's step */
}

#endif
