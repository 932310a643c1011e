#include "base/failure.h"

const char *failure_word(enum failure failure)
{
    static const char *const words[FAILURES] = {
#define X(name, word) [name] = (word),
        FAILURE_TABLE(X)
#undef X
    };
    return failure < FAILURES ? words[failure] : "unknown";
}
