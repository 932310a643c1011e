/* What a word, or the words, of a simple command are, to a shell and to package managers (POSIX XCU 2). */
#ifndef CONFIG_WORD_H
#define CONFIG_WORD_H

#include "base/strings.h"

#include <stdbool.h>

/* What the name of a variable is made of (POSIX XBD 8.1), digits not first. */
#define WORD_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

/* /app/node_modules/.bin/prisma, prisma@6.19.3, npm:prisma */
bool word_is_called(const char *word, const char *program);
/* The value of that option where it is the word `at`, written as two words or with =; else NULL. */
const char *words_option(const struct strings *words, size_t at, const char *name);
/* What an option of a package manager or of env(1), or yarn's word, names as the place of what it runs: a folder, a
 * workspace; NULL: nothing. */
const char *words_place(const struct strings *words, size_t at);
bool word_is_assignment(const char *word);      /* NAME=value */
bool word_is_prefix(const char *word);          /* if, then, exec …: what follows is the command */
bool word_is_shell(const char *word);           /* sh, /bin/bash */
bool word_is_package_manager(const char *word); /* it looks among the scripts of package.json first: yarn, npm */
/* Where the command's own name stands, behind prefixes and assignments; words->count if it has none. */
size_t words_name(const struct strings *words);
/* What a builtin of the shell may change for the commands behind it (POSIX XCU 2.14, bash manual): CHANGES_VARIABLES
 * those it names, CHANGES_ANYTHING whichever. */
enum change { CHANGES_NOTHING, CHANGES_FOLDER, CHANGES_VARIABLES, CHANGES_COMMANDS, CHANGES_ANYTHING };
enum change words_change(const struct strings *words);
/* Whether a shell's text defines a function: name() … */
bool words_define(const char *text);

#endif
