/* What a step's command is: whether it destroys data, and what role it plays. One table of commands; words are looked
 * for in argv as in shell strings, whatever stands before them (npx, pnpm, bundle exec, python manage.py …), and in the
 * scripts of package.json that npm and its like run. */
#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

#include "config/config.h"

/* The words that destroy data, as the table has them ("prisma migrate reset"), or NULL. */
const char *command_hazard(const struct step *step, struct arena *arena);

/* The tools that migrate, by the command that does: `words` follow the tool's name. */
struct migrator {
    const char *tool, *words;
    enum history history; /* its own; HISTORY_NONE: not known */
    const char *package;  /* that brings it with npm; NULL: told by another row, or there is none */
};
extern const struct migrator migrators[];
extern const size_t migrator_count;

/* The one that the step's command is, nothing before it and nothing behind; NULL if it is none, or destroys data.
 * *complete: false if its words are still to be given to it. */
const struct migrator *command_migrator(const struct step *step, bool *complete, struct arena *arena);

/* The one that a simple command calls, whatever stands around it; NULL: none. */
const struct migrator *command_calls(const struct strings *words);

/* The step's role when `history` is in force. */
enum step_role command_role(const struct step *step, enum history history, struct arena *arena);

/* Whether a simple command is a `prisma db push`, or may be one for what the shell fills in; *tool: where its tool
 * stands. */
bool command_is_push(const struct strings *words, size_t *tool);

#endif
