/* The simple commands (POSIX XCU 2.9.1) that a step's command comes to: those of its shell string, of words that are
 * command lines themselves (sh -c "…"), and of the scripts of package.json that npm and its like run. Enough of the
 * shell's grammar to find a command's words; of its expansions only $NAME at a command's beginning, where the same text
 * sets NAME. */
#ifndef CONFIG_SIMPLE_H
#define CONFIG_SIMPLE_H

#include "config/config.h"

#define SIMPLE_TOP SIZE_MAX

struct simple {
    struct strings words; /* with the variables that are set before the commands around it */
    size_t parent;        /* index of the command that it stands in; SIMPLE_TOP: none */
    /* Of texts in double quotes that hold $(…) or `…`: each from the first of those on. */
    struct strings substitutions;
    size_t into;        /* index of the command that it is piped into; 0: none */
    const char *text;   /* the shell's text that it stands in; NULL: it is the step's argv */
    const char *folder; /* where its shell begins, as seen from our working directory */
    const char *apart;  /* why its words alone do not tell what runs, the end of a sentence; NULL: they do */
};

struct simples {
    struct simple *items; /* the step's own first; those that stand in another one behind it */
    size_t count, capacity;
    const char *cwd;           /* the step's */
    struct strings known;      /* scripts that were looked into, with their words: they may run each other */
    struct packages *packages; /* that were read */
    struct arena *arena;
};

/* step->commands; where that is NULL it is found out: reads the package.json files that the commands lead to. */
const struct simples *simple_commands(const struct step *step, struct arena *arena);

/* Whether `before` runs in the same shell as the command `at`, or as one that it stands in, and earlier. */
bool simple_precedes(const struct simples *commands, size_t before, size_t at);

#endif
