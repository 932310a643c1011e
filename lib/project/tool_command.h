/* Which step runs the migration tool whose ledger is looked at, and what its command line says about where the
 * migrations and the ledger are. What is not understood is a doubt: a wrong "nothing pending" must not come of a guess.
 */
#ifndef PROJECT_TOOL_COMMAND_H
#define PROJECT_TOOL_COMMAND_H

#include "config/config.h"

struct tool_command {
    const struct step *step;
    struct strings folders;  /* of migrations */
    const char *table;       /* the ledger */
    const char *schema;      /* where the ledger lies */
    const char *schema_path; /* prisma --schema */
    const char *config_path; /* prisma --config */
    const char *doubt;       /* one sentence; NULL: everything was understood */
};

/* Looks through migrate.steps for the history's tool. Steps of which none runs it, or two that differ, are a doubt; no
 * steps at all (another container migrates) are none: then the tool's defaults hold. */
void tool_command_find(struct tool_command *command, const struct config *config, struct arena *arena);

/* `prisma migrate deploy` or `prisma db push`, whichever comes first: where the CLI is told to find the schema. False
 * if no step runs one; *command is then empty, with cwd "." in effect. */
bool tool_command_find_prisma(struct tool_command *command, const struct config *config, struct arena *arena);

const char *tool_command_cwd(const struct tool_command *command); /* "." without a step */

/* A variable as the step will see it, or NULL: its own env, the configuration's URL, what was read from NAME_FILE, the
 * environment. */
const char *tool_command_variable(const struct tool_command *command, const struct config *config, const char *name);
/* Its DATABASE_URL. NULL: the configuration has none, and goes by the PG* variables. */
const char *tool_command_url(const struct tool_command *command, const struct config *config);

/* A Prisma command as it runs in the folder of the step, for a person's shell. */
const char *prisma_command(const struct tool_command *command, const char *words, struct arena *arena);

#endif
