/* The phases of a boot that users see (contract section 3): in log, health document, metrics and page. */
#ifndef BASE_PHASE_H
#define BASE_PHASE_H

#define PHASE_TABLE(X)              \
    X(PHASE_WAITING, "waiting")     \
    X(PHASE_CHECKING, "checking")   \
    X(PHASE_LOCKING, "locking")     \
    X(PHASE_MIGRATING, "migrating") \
    X(PHASE_VERIFYING, "verifying") \
    X(PHASE_STARTING, "starting")   \
    X(PHASE_RUNNING, "running")     \
    X(PHASE_STOPPING, "stopping")   \
    X(PHASE_HELD, "held")           \
    X(PHASE_FAILED, "failed")

enum phase {
#define X(name, word) name,
    PHASE_TABLE(X)
#undef X
        PHASES
};

const char *phase_word(enum phase phase);

#endif
