#include "base/step_result.h"

const char *step_result_word(enum step_result result)
{
    static const char *const words[] = {
#define X(name, word) word,
        STEP_RESULTS(X)
#undef X
    };
    return words[result];
}

bool step_went_wrong(enum step_result result)
{
    return result == STEP_FAILED || result == STEP_TIMED_OUT || result == STEP_REFUSED;
}
