/* What became of a step: shared by the machine that decides it and the status that tells it. */
#ifndef BASE_STEP_RESULT_H
#define BASE_STEP_RESULT_H

#include <stdbool.h>

/* A step's result, and its word in log and report. */
#define STEP_RESULTS(X)                                                                           \
    X(STEP_NOT_RUN, "not run")                                                                    \
    X(STEP_RUNNING, "running")                                                                    \
    X(STEP_OK, "succeeded")                                                                       \
    X(STEP_LATE, "timed out, counts as done") /* its work was done (contract section 3 rule 3) */ \
    X(STEP_FAILED, "failed")                                                                      \
    X(STEP_TIMED_OUT, "timed out")                                                                \
    X(STEP_REFUSED, "refused") /* it would drop something (rule 4) */                             \
    X(STEP_SKIPPED, "skipped") /* the schema is newer than this image, which only its own tool may touch */

enum step_result {
#define X(name, word) name,
    STEP_RESULTS(X)
#undef X
        STEP_RESULT_COUNT
};

const char *step_result_word(enum step_result result);

/* It is to be mended, whatever another step made good: the next deployment meets it again. */
bool step_went_wrong(enum step_result result);

#endif
