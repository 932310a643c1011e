/* The commands of pgentry and what they share: the table of options, the reading of the configuration. */
#ifndef PGENTRY_COMMAND_H
#define PGENTRY_COMMAND_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_MAX 64

/* The command line, taken apart. Points into argv. */
struct command_line {
    const char *config_file;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
    bool json, force, schema, no_transaction, live, to_stdout;
    bool no_file;       /* set by a command that must not read the configuration file */
    const char *folder; /* set by a command that looks at a project elsewhere */
    const char *only, *from, *wait;
    const char *const *operands; /* NULL-terminated: APP ARG…, FILE… */
    size_t operand_count;
};

enum option_bit {
    OPTION_CONFIG = 1 << 0,
    OPTION_LOG_FORMAT = 1 << 1,
    OPTION_LOG_LEVEL = 1 << 2,
    OPTION_SET = 1 << 3,
    OPTION_ONLY = 1 << 4,
    OPTION_FROM = 1 << 5,
    OPTION_FORCE = 1 << 6,
    OPTION_STDOUT = 1 << 7,
    OPTION_JSON = 1 << 8,
    OPTION_LIVE = 1 << 9,
    OPTION_WAIT = 1 << 10,
    OPTION_NO_TRANSACTION = 1 << 11,
    OPTION_SCHEMA = 1 << 12
};

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

/* One line on standard error with the nearest valid word; returns 64. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A foreign word for such a line: without control characters and passwords. Until the next one is shown. */
const char *word_shown(const char *word);

int unknown_command(const char *word);

void print_usage(void);
void print_command(const struct command *command);
const struct command *find_command(const char *name);

command_main command_run, command_wait, command_sync, command_verify, command_diagnose, command_apply, command_health,
    command_init, command_config_print, command_version, command_help;

#endif
