#include "base/phase.h"

const char *phase_word(enum phase phase)
{
    static const char *const words[] = {
#define X(name, word) word,
        PHASE_TABLE(X)
#undef X
    };

    return words[phase];
}
