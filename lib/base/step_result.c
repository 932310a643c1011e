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
