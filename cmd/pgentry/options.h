/* The command line: every option, in one table, and how the words are taken apart. */
#ifndef PGENTRY_OPTIONS_H
#define PGENTRY_OPTIONS_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_MAX 64

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
#define OPTIONS_OF_ALL (OPTION_CONFIG | OPTION_LOG_FORMAT | OPTION_LOG_LEVEL | OPTION_SET)

/* The command line, taken apart. Points into argv. */
struct command_line {
    unsigned given;    /* a set of enum option_bit */
    const char *asked; /* the command that --help or --version stands for */
    const char *config_file;
    const char *only, *from, *wait;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
    bool no_file;                /* set by a command that must not read the configuration file */
    const char *folder;          /* set by a command that looks at a project elsewhere */
    const char *const *operands; /* NULL-terminated: APP ARG…, FILE… */
    size_t operand_count;
};

/* No status: --help or --version stands there, and is `asked`. */
#define OPTIONS_ASK (-1)

/* Takes options off the front of *at, those of all commands and those in `known`; stops at the first operand, behind
 * "--", or at what asks. Returns 0, 64 after a line on standard error, or OPTIONS_ASK. */
int options_take(struct command_line *line, unsigned known, const char *const **at);

/* The same for all that is left, operands too. Behind the first of them options are taken as well, unless the operands
 * are an application and its arguments. Returns also 71. */
int options_parse(struct command_line *line, unsigned known, bool application, const char *const **at);

/* A line on standard output for each of a set. */
void options_print(unsigned set);

/* One line on standard error; returns 64. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a word that is none of the candidates, with the nearest; `otherwise` is added if none is near. */
int usage_unknown(const char *what, const char *word, const char *const *candidates, size_t count,
                  const char *otherwise);

/* A foreign word for such a line: without control characters and passwords. Until the next one is shown. */
const char *word_shown(const char *word);

#endif
