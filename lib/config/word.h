/* What a word, or the words, of a simple command are, to a shell and to package managers (POSIX XCU 2). */
#ifndef CONFIG_WORD_H
#define CONFIG_WORD_H

#include "base/strings.h"

#include <stdbool.h>

/* Why a command is another one than its words say, the end of a sentence. */
#define WORD_EXPANDED "with a variable of the shell: write it out, or name it with env"
#define WORD_ELSEWHERE "in another folder: name it with cwd instead"

/* What the name of a variable is made of (POSIX XBD 8.1), digits not first. */
#define WORD_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

/* /app/node_modules/.bin/prisma, prisma@6.19.3, npm:prisma */
bool word_is_called(const char *word, const char *program);
/* The value of that option where it is the word `at`, written as two words or with =; else NULL. */
const char *words_option(const struct strings *words, size_t at, const char *name);
/* What an option of a package manager or of env(1), or yarn's word, names as the place of what it runs: a folder, a
 * workspace; NULL: nothing. */
const char *words_place(const struct strings *words, size_t at);
bool word_is_assignment(const char *word); /* NAME=value */
bool word_is_expanded(const char *word);   /* it begins with what the shell puts in its place */
bool word_is_prefix(const char *word);     /* if, then, exec …: what follows is the command */
bool word_is_shell(const char *word);      /* sh, /bin/bash */
bool word_changes_user(const char *word);  /* gosu, su: the next word is the user */
/* A program that runs the words behind it unchanged (env, timeout, sh, gosu), or what may stand between it and them: a
 * number (timeout -k 5 300), an assignment. */
bool word_runs_as_it_stands(const char *word);
bool word_is_package_manager(const char *word); /* it looks among the scripts of package.json first: yarn, npm */
bool word_starts(const char *word);             /* npx, node, pnpm's exec, --: a program follows */
bool word_starts_elsewhere(const char *word);   /* in another folder, if an option of it says so: env, npx, pnpm */
/* Where the command's own name stands, behind prefixes and assignments; words->count if it has none. */
size_t words_name(const struct strings *words);
/* Where the program stands that npx, env, timeout and their like start in the end; words->count if there is none. */
size_t words_started(const struct strings *words);
bool words_are_fed(const struct strings *words, size_t at); /* xargs(1) adds words behind the one at `at` */
/* What a builtin of the shell may change for the commands behind it (POSIX XCU 2.14, bash manual): CHANGES_VARIABLES
 * those it names, CHANGES_ANYTHING whichever. */
enum change { CHANGES_NOTHING, CHANGES_FOLDER, CHANGES_VARIABLES, CHANGES_COMMANDS, CHANGES_ANYTHING };
enum change words_change(const struct strings *words);
/* Whether a shell's text defines a function: name() … */
bool words_define(const char *text);

#endif
