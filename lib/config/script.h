/* The tokens of a JavaScript or TypeScript file: as much as is needed to read plain data in it, and to tell that there
 * is more than plain data. */
#ifndef CONFIG_SCRIPT_H
#define CONFIG_SCRIPT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* OTHER: a string with escapes, a template with a hole. */
enum kind { END, WORD, STRING, PUNCTUATION, OTHER };

struct token {
    enum kind kind;
    char mark;        /* of punctuation */
    const char *text; /* of words and strings */
};

/* All of a file's tokens, and at least SCRIPT_AHEAD - 1 times END behind them. *broken: a string or comment has no end,
 * so nothing that was read can be trusted. */
#define SCRIPT_AHEAD 9
const struct token *script_tokens(const char *text, bool *broken, struct arena *arena);

bool is_mark(const struct token *token, char mark);
bool is_one_mark(const struct token *token, const char *marks);
bool is_word(const struct token *token, const char *word);

/* Words one after the other with nothing between but the marks: "process.cwd()" is process . cwd ( ). How many tokens
 * that are, 0 if they are others. The pattern ends with NULL. */
size_t match_tokens(const struct token *token, const char *const *pattern);

#endif
