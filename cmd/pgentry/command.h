/* The commands of pgentry and what they share: one table, and the reading of the configuration. */
#ifndef PGENTRY_COMMAND_H
#define PGENTRY_COMMAND_H

#include "options.h"

typedef int command_main(const struct command_line *line);

struct command {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *sentence;
    command_main *main;
    unsigned options; /* those it knows beside those of all: a set of enum option_bit */
    bool supervises;  /* signals are blocked first thing */
    size_t operands_least, operands_most;
};

extern const struct command commands[];
extern const size_t command_count;

/* Reads the configuration; prints every error on standard error and returns NULL (the status is then 78). */
struct config *command_config(const struct command_line *line, bool database_needed);
/* The same for a command that keeps no log: the configuration's warnings go to standard error. */
struct config *command_config_told(const struct command_line *line, bool database_needed);
/* The same for a command that keeps one: nothing is printed, the errors are in *errors, and *format is how the log is
 * to be written. */
struct config *command_config_logged(const struct command_line *line, struct strings *errors, enum log_format *format);
/* The section health alone, for who asks the endpoint: neither secrets nor the project are needed. */
struct config *command_config_health(const struct command_line *line);
/* As command_config, but a URL that leads nowhere is passed over: diagnose reports it like everything else. */
struct config *command_config_any_url(const struct command_line *line);

int unknown_command(const char *word);

void print_command(const struct command *command);
const struct command *find_command(const char *name);

command_main command_run, command_wait, command_sync, command_verify, command_diagnose, command_apply, command_health,
    command_init, command_config_print, command_version, command_help;

#endif
