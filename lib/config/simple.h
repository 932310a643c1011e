/* The simple commands (POSIX XCU 2.9.1) that a step's command comes to: those of its shell string, of words that are
 * command lines themselves (sh -c "…"), and of the scripts of package.json that npm and its like run. Enough of the
 * shell's grammar to find a command's words; not its expansions. */
#ifndef CONFIG_SIMPLE_H
#define CONFIG_SIMPLE_H

#include "config/config.h"

#define SIMPLE_TOP SIZE_MAX

struct simple {
    struct strings words; /* with the variables that are set before the commands around it */
    size_t parent;        /* index of the command that it stands in; SIMPLE_TOP: none */
    const char *text;     /* the shell's text that it stands in; NULL: it is the step's argv */
    const char *folder;   /* where its shell begins, as seen from our working directory */
    const char *apart;    /* why it is another command than its words alone, the end of a sentence; NULL: it is not */
};

struct simples {
    struct simple *items; /* the step's own first; those that stand in another one behind it */
    size_t count, capacity;
    const char *cwd;                /* the step's */
    struct strings known;           /* scripts that were looked into, with their words: they may run each other */
    const struct package *packages; /* that were read */
    struct arena *arena;
};

/* step->commands; where that is NULL it is found out: reads the package.json files that the commands lead to. */
const struct simples *simple_commands(const struct step *step, struct arena *arena);

/* Whether `before` runs in the same shell as the command `at`, or as one that it stands in, and earlier. */
bool simple_precedes(const struct simples *commands, size_t before, size_t at);

/* /app/node_modules/.bin/prisma, prisma@6.19.3 */
bool simple_is_called(const char *word, const char *program);
/* The value of that option where it is the word `at`, written as two words or with =; else NULL. */
const char *simple_option(const struct strings *words, size_t at, const char *name);
bool simple_is_assignment(const char *word);      /* NAME=value */
bool simple_is_shell_word(const char *word);      /* if, then, exec …: what follows is the command */
bool simple_is_package_manager(const char *word); /* it looks among the scripts of package.json first: yarn, npm */
/* What a builtin of the shell may change for the commands behind it (POSIX XCU 2.14, bash manual). */
enum simple_change { CHANGES_NOTHING, CHANGES_FOLDER, CHANGES_VARIABLES, CHANGES_COMMANDS, CHANGES_ANYTHING };
enum simple_change simple_changes(const struct strings *words);
/* Whether a shell's text defines a function: name() … */
bool simple_defines(const char *text);
/* Where the command's own name stands, behind such words and assignments; words.count if it has none. */
size_t simple_name(const struct strings *words);

#endif
