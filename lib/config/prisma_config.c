#include "config/prisma_config.h"
#include "config/content.h"

#include <stddef.h>
#include <string.h>

/* The few kinds of JavaScript tokens that matter here. */
enum kind { END, WORD, STRING, PUNCTUATION, OTHER };

struct token {
    enum kind kind;
    char mark;        /* of punctuation */
    const char *text; /* of words and strings */
};

struct scanner {
    const char *at;
    struct arena *arena;
    bool broken; /* an unterminated string or comment: nothing that was read can be trusted */
};

struct tokens {
    struct token *items;
    size_t count;
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

static struct tokens scan_all(struct scanner *scanner)
{
    /* No token is shorter than one byte; the END is one more, twice that the look-ahead never leaves the array. */
    size_t most = strlen(scanner->at) + 8;
    struct tokens tokens = { arena_array(scanner->arena, most, sizeof(struct token)), 0 };

    for (struct token token = scan(scanner); token.kind != END; token = scan(scanner)) {
        tokens.items[tokens.count++] = token;
    }
    return tokens;
}

static bool is_mark(const struct token *token, char mark)
{
    return token->kind == PUNCTUATION && token->mark == mark;
}

static bool is_word(const struct token *token, const char *word)
{
    return token->kind == WORD && strcmp(token->text, word) == 0;
}

static bool ends_value(const struct token *token)
{
    return is_mark(token, ',') || is_mark(token, '}');
}

/* Words one after the other with nothing between but the marks: "process.cwd()" is process . cwd ( ). */
static size_t match(const struct token *token, const char *const *pattern)
{
    size_t i = 0;

    for (; pattern[i] != NULL; i++) {
        bool mark = strchr(".()", pattern[i][0]) != NULL;

        if (mark ? !is_mark(&token[i], pattern[i][0]) : !is_word(&token[i], pattern[i])) {
            return 0;
        }
    }
    return i;
}

/* Where a path begins: the folders of the config file and of the process. */
struct places {
    const char *config;
    const char *process;
};

static size_t match_start(const struct token *token, const struct places *places, const char **start)
{
    static const char *const forms[][6] = {
        { "__dirname", NULL },
        { "import", ".", "meta", ".", "dirname", NULL },
        { "process", ".", "cwd", "(", ")", NULL },
    };

    for (size_t i = 0; i < 3; i++) {
        size_t length = match(token, forms[i]);

        if (length > 0) {
            *start = i == 2 ? places->process : places->config;
            return length;
        }
    }
    return 0;
}

/* path.join('a', 'b'), join(__dirname, 'a'), path.resolve(process.cwd(), 'a'). */
static const char *parse_join(const struct token *token, const struct places *places, struct arena *arena)
{
    if (is_word(token, "path") && is_mark(token + 1, '.')) {
        token += 2;
    }

    bool resolve = is_word(token, "resolve");

    if (!resolve && !is_word(token, "join")) {
        return NULL;
    }
    if (!is_mark(++token, '(')) {
        return NULL;
    }

    const char *result = resolve ? places->process : places->config;

    do {
        size_t length = match_start(++token, places, &result);

        if (length > 0) {
            token += length;
        } else if (token->kind == STRING) {
            result = content_path(arena, result, token->text);
            token++;
        } else {
            return NULL;
        }
    } while (is_mark(token, ','));
    return is_mark(token, ')') && ends_value(token + 1) ? result : NULL;
}

static const char *parse_path(const struct token *token, const struct places *places, struct arena *arena)
{
    if (token->kind == STRING && ends_value(token + 1)) {
        return content_path(arena, places->config, token->text);
    }
    return parse_join(token, places, arena);
}

/* A property's name: a word or string after `{` or `,` and before `:`. */
static bool is_key(const struct tokens *tokens, size_t i, const char *name)
{
    const struct token *token = &tokens->items[i];

    return i > 0 && (token->kind == WORD || token->kind == STRING) && strcmp(token->text, name) == 0 &&
           (is_mark(token - 1, '{') || is_mark(token - 1, ',')) && is_mark(token + 1, ':');
}

static void take(struct prisma_paths *paths, const char **path, const char *value)
{
    if (*path != NULL || value == NULL) {
        paths->doubtful = true;
    } else {
        *path = value;
    }
}

static void parse_tokens(struct prisma_paths *paths, const struct tokens *tokens, const struct places *places,
                         struct arena *arena)
{
    size_t braces = 0;
    size_t migrations = 0; /* how many braces deep its value is; 0: not inside */

    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];

        if (is_mark(token, '{')) {
            braces++;
        } else if (is_mark(token, '}')) {
            migrations = migrations == braces ? 0 : migrations;
            braces -= braces > 0;
        } else if (braces == 1 && is_key(tokens, i, "schema")) {
            take(paths, &paths->schema, parse_path(token + 2, places, arena));
        } else if (braces == 1 && is_key(tokens, i, "migrations") && is_mark(token + 2, '{')) {
            migrations = 2;
        } else if (migrations > 0 && braces == migrations && is_key(tokens, i, "path")) {
            take(paths, &paths->migrations, parse_path(token + 2, places, arena));
        } else if (is_word(token, "schema") || is_word(token, "migrations") ||
                   (migrations > 0 && is_word(token, "path") && !is_mark(token + 1, '.')) ||
                   (braces > 0 && is_mark(token, '.') && is_mark(token + 1, '.') && is_mark(token + 2, '.'))) {
            paths->doubtful = true; /* a spread, a variable, an assignment: it may name another path */
        }
    }
}

void prisma_config_parse(struct prisma_paths *paths, const char *file, const char *text, const char *folder,
                         struct arena *arena)
{
    struct scanner scanner = { .at = text, .arena = arena };
    struct tokens tokens = scan_all(&scanner);
    struct places places = { .config = content_folder(arena, file), .process = folder };

    *paths = (struct prisma_paths){ 0 };
    parse_tokens(paths, &tokens, &places, arena);
    paths->doubtful |= scanner.broken;
}
