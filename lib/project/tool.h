/* The migration tools with a ledger, as a table: how they are called, and what their options mean for where the
 * migrations and the ledger are. */
#ifndef PROJECT_TOOL_H
#define PROJECT_TOOL_H

#include "config/config.h"

/* What an option of a tool means here. Those with a value take it from behind a = or from the next word. */
enum meaning {
    MEANS_NOTHING,       /* a flag that changes neither the migrations nor the ledger */
    MEANS_NOTHING_VALUE, /* the same with a value */
    MEANS_URL_VARIABLE,  /* names the variable with the URL: only DATABASE_URL is ours */
    MEANS_FOLDER,
    MEANS_FOLDERS, /* separated by commas */
    MEANS_TABLE,
    MEANS_SCHEMA,
    MEANS_SCHEMA_PATH,
    MEANS_CONFIG_PATH
};

struct option {
    const char *name; /* without dashes */
    enum meaning meaning;
};

#define PROGRAMS 4
#define VERBS 3

struct tool {
    const char *programs[PROGRAMS];  /* by their file's name, NAME@VERSION, or the end of their path */
    const char *verbs[VERBS][VERBS]; /* what must stand behind it: one of these sequences */
    const char *beside;              /* further verbs that may stand with it begin so, or NULL */
    const struct option *options;
    bool single_dash; /* -migrations-dir is --migrations-dir */
};

/* The one that keeps it; HISTORY_NONE: no row. */
extern const struct tool tools[HISTORIES];
/* `prisma db push`, which has no ledger but a schema. */
extern const struct tool tool_push;

bool tool_is_program(const struct tool *tool, const char *word);
/* NULL if the tool has no such option, or none that is understood. */
const struct option *tool_option(const struct tool *tool, const char *name, size_t length);

/* A word that starts another program without changing where or as what it runs: npx, exec, node, --. */
bool tool_is_launcher(const char *word);

#endif
