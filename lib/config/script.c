#include "config/script.h"

#include <string.h>

struct scanner {
    const char *at;
    struct arena *arena;
    bool broken; /* an unterminated string or comment: nothing that was read can be trusted */
};

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static void skip_blank(struct scanner *scanner)
{
    for (;;) {
        const char *at = scanner->at;

        if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') {
            scanner->at++;
        } else if (at[0] == '/' && at[1] == '/') {
            scanner->at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");

            scanner->broken |= end == NULL;
            scanner->at = end == NULL ? at + strlen(at) : end + 2;
        } else {
            return;
        }
    }
}

/* A string without escapes is a path as it stands; one with them, or a template with a hole, is OTHER. */
static struct token scan_string(struct scanner *scanner)
{
    char quote = *scanner->at++;
    const char *start = scanner->at;
    bool plain = true;

    while (*scanner->at != '\0' && *scanner->at != quote) {
        if (*scanner->at == '\n' && quote != '`') {
            break;
        }
        if (*scanner->at == '\\') {
            plain = false;
            scanner->at++;
            if (*scanner->at == '\0') {
                break;
            }
        } else if (scanner->at[0] == '$' && scanner->at[1] == '{' && quote == '`') {
            plain = false;
        }
        scanner->at++;
    }
    if (*scanner->at != quote) {
        scanner->broken = true;
        return (struct token){ .kind = OTHER };
    }

    const char *text = arena_strndup(scanner->arena, start, (size_t)(scanner->at - start));

    scanner->at++;
    return (struct token){ .kind = plain ? STRING : OTHER, .text = text };
}

static struct token scan(struct scanner *scanner)
{
    skip_blank(scanner);

    const char *start = scanner->at;

    if (*start == '\0') {
        return (struct token){ .kind = END };
    }
    if (*start == '"' || *start == '\'' || *start == '`') {
        return scan_string(scanner);
    }
    if (!word_char(*start)) {
        scanner->at++;
        return (struct token){ .kind = PUNCTUATION, .mark = *start };
    }
    while (word_char(*scanner->at)) {
        scanner->at++;
    }
    return (struct token){ .kind = WORD, .text = arena_strndup(scanner->arena, start, (size_t)(scanner->at - start)) };
}

const struct token *script_tokens(const char *text, bool *broken, struct arena *arena)
{
    struct scanner scanner = { .at = text, .arena = arena };
    /* No token is shorter than one byte; behind the last all are END, so that a look ahead never leaves the array. */
    struct token *tokens = arena_array(arena, strlen(text) + SCRIPT_AHEAD, sizeof *tokens);

    for (size_t i = 0; (tokens[i] = scan(&scanner)).kind != END; i++) {
    }
    *broken = scanner.broken;
    return tokens;
}

bool is_mark(const struct token *token, char mark)
{
    return token->kind == PUNCTUATION && token->mark == mark;
}

bool is_one_mark(const struct token *token, const char *marks)
{
    return token->kind == PUNCTUATION && strchr(marks, token->mark) != NULL;
}

bool is_word(const struct token *token, const char *word)
{
    return token->kind == WORD && strcmp(token->text, word) == 0;
}

size_t match_tokens(const struct token *token, const char *const *pattern)
{
    size_t i = 0;

    for (; pattern[i] != NULL; i++) {
        bool mark = strchr(".()[]=", pattern[i][0]) != NULL;

        if (mark ? !is_mark(&token[i], pattern[i][0]) : !is_word(&token[i], pattern[i])) {
            return 0;
        }
    }
    return i;
}
