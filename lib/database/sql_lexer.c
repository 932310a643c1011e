#include "database/sql_lexer.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *sentence;
    const char *hint;
} refusals[] = {
#define X(name, sentence, hint) { sentence, hint },
    SQL_REFUSAL_TABLE(X)
#undef X
};

const char *sql_refusal_sentence(enum sql_refusal refusal)
{
    return refusals[refusal].sentence;
}

const char *sql_refusal_hint(enum sql_refusal refusal)
{
    return refusals[refusal].hint;
}

/* The words that decide where a statement ends or whether it is refused. */
/* clang-format off */
#define KEYWORD_TABLE(X) \
    X(ABORT) X(ATOMIC) X(BEGIN) X(COMMIT) X(CONCURRENTLY) X(COPY) X(CREATE) X(END) X(FROM) X(FUNCTION) X(OR) \
    X(PREPARE) X(PROCEDURE) X(RELEASE) X(REPLACE) X(ROLLBACK) X(SAVEPOINT) X(START) X(STDIN) X(STDOUT) X(TO) \
    X(TRANSACTION)
/* clang-format on */

enum keyword {
    OTHER, /* any other word, and every token that is not a word */
#define X(word) word,
    KEYWORD_TABLE(X)
#undef X
};

static const struct {
    const char *word;
    size_t length;
} keywords[] = { { "", 0 },
#define X(word) { #word, sizeof #word - 1 },
                 KEYWORD_TABLE(X)
#undef X
};

enum token_kind { TOKEN_END, TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_OTHER, TOKEN_REFUSED };

struct token {
    enum token_kind kind;
    enum keyword keyword;
    size_t start;
    enum sql_refusal refusal;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}

/* The vertical tab is white space since PostgreSQL 16, before that it is an error wherever it stands. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* 0 behind the end, which no rule below takes for a character of its own: NUL bytes were refused before. */
static char peek(const struct sql_lexer *lexer, size_t ahead)
{
    return ahead < lexer->length - lexer->position ? lexer->text[lexer->position + ahead] : '\0';
}

static void skip_line_comment(struct sql_lexer *lexer)
{
    while (lexer->position < lexer->length && !is_newline(lexer->text[lexer->position])) {
        lexer->position++;
    }
}

/* Comments of this kind nest. False if it does not end. */
static bool skip_block_comment(struct sql_lexer *lexer)
{
    size_t depth = 0;

    while (lexer->position < lexer->length) {
        if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*') {
            depth++;
            lexer->position += 2;
        } else if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            lexer->position += 2;
            if (--depth == 0) {
                return true;
            }
        } else {
            lexer->position++;
        }
    }
    return false;
}

/* White space and comments. False if a comment does not end: the position is then its beginning. A comment begins
 * inside a run of operator characters, too: 1--2. */
static bool skip_blank(struct sql_lexer *lexer)
{
    while (lexer->position < lexer->length) {
        size_t start = lexer->position;

        if (is_space(peek(lexer, 0))) {
            lexer->position++;
        } else if (peek(lexer, 0) == '-' && peek(lexer, 1) == '-') {
            skip_line_comment(lexer);
        } else if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*') {
            if (!skip_block_comment(lexer)) {
                lexer->position = start;
                return false;
            }
        } else {
            return true;
        }
    }
    return true;
}

/* From a quote past the closing one; a doubled quote belongs to the text. */
static bool skip_quoted(struct sql_lexer *lexer, char quote)
{
    do {
        const char *from = lexer->text + lexer->position + 1;
        const char *end = memchr(from, quote, (size_t)(lexer->text + lexer->length - from));

        if (!end) {
            return false;
        }
        lexer->position = (size_t)(end - lexer->text) + 1;
    } while (peek(lexer, 0) == quote);
    return true;
}

/* Whether an E'' string goes on behind its quote (manual 4.1.2.1: strings separated by white space with at least one
 * newline are one, and line comments count as white space there). If so the position is the next piece's quote. */
static bool escape_string_continues(struct sql_lexer *lexer)
{
    struct sql_lexer ahead = *lexer;
    bool newline = false;

    while (ahead.position < ahead.length) {
        if (is_space(peek(&ahead, 0))) {
            newline = newline || is_newline(peek(&ahead, 0));
            ahead.position++;
        } else if (peek(&ahead, 0) == '-' && peek(&ahead, 1) == '-') {
            skip_line_comment(&ahead);
        } else {
            break;
        }
    }
    /* Without a newline only a quote that follows at once belongs to it: the doubled quote. */
    if (peek(&ahead, 0) != '\'' || (!newline && ahead.position != lexer->position)) {
        return false;
    }
    *lexer = ahead;
    return true;
}

/* From the quote of an E'' string past its end, the pieces on further lines included. */
static bool skip_escape_string(struct sql_lexer *lexer)
{
    do {
        lexer->position++;
        while (lexer->position < lexer->length && peek(lexer, 0) != '\'') {
            lexer->position += peek(lexer, 0) == '\\' && lexer->position + 1 < lexer->length ? 2 : 1;
        }
        if (lexer->position == lexer->length) {
            return false;
        }
        lexer->position++;
    } while (escape_string_continues(lexer));
    return true;
}

static void skip_word(struct sql_lexer *lexer)
{
    while (is_word_start(peek(lexer, 0)) || is_digit(peek(lexer, 0)) || peek(lexer, 0) == '$') {
        lexer->position++;
    }
}

/* $tag$ … $tag$, or $1, or a lone dollar, which is an error of the server's to tell. */
static bool skip_dollar(struct sql_lexer *lexer)
{
    const char *start = lexer->text + lexer->position;
    const char *rest;
    const char *end;
    size_t tag = 1;

    while (is_word_start(peek(lexer, tag)) || (tag > 1 && is_digit(peek(lexer, tag)))) {
        tag++;
    }
    if (peek(lexer, tag) != '$') {
        lexer->position++;
        while (is_digit(peek(lexer, 0))) {
            lexer->position++;
        }
        return true;
    }
    tag++;
    rest = start + tag;
    end = memmem(rest, (size_t)(lexer->text + lexer->length - rest), start, tag);
    if (end) {
        lexer->position = (size_t)(end - lexer->text) + tag;
    }
    return end != NULL;
}

static enum keyword keyword_of(const char *word, size_t length)
{
    for (size_t i = 1; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (keywords[i].length == length && strncasecmp(word, keywords[i].word, length) == 0) {
            return (enum keyword)i;
        }
    }
    return OTHER;
}

static struct token refused(size_t start, enum sql_refusal refusal)
{
    return (struct token){ .kind = TOKEN_REFUSED, .start = start, .refusal = refusal };
}

static struct token word_token(struct sql_lexer *lexer)
{
    struct token token = { .kind = TOKEN_OTHER, .start = lexer->position };

    if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && peek(lexer, 1) == '\'') {
        lexer->position++;
        return skip_escape_string(lexer) ? token : refused(token.start, SQL_OPEN_STRING);
    }
    skip_word(lexer);
    token.keyword = keyword_of(lexer->text + token.start, lexer->position - token.start);
    return token;
}

/* One character. Numbers and operators come in pieces: nothing about a statement's end depends on them. */
static struct token character_token(struct sql_lexer *lexer)
{
    struct token token = { .kind = TOKEN_OTHER, .start = lexer->position };

    switch (lexer->text[lexer->position++]) {
    case ';':
        token.kind = TOKEN_SEMICOLON;
        break;
    case '(':
        token.kind = TOKEN_OPEN;
        break;
    case ')':
        token.kind = TOKEN_CLOSE;
        break;
    case '\\':
        return refused(token.start, SQL_PSQL);
    default:
        break;
    }
    return token;
}

static struct token next_token(struct sql_lexer *lexer)
{
    struct token token = { .kind = TOKEN_OTHER };

    if (!skip_blank(lexer)) {
        return refused(lexer->position, SQL_OPEN_COMMENT);
    }
    token.start = lexer->position;
    if (lexer->position == lexer->length) {
        token.kind = TOKEN_END;
        return token;
    }
    switch (peek(lexer, 0)) {
    case '\'':
        return skip_quoted(lexer, '\'') ? token : refused(token.start, SQL_OPEN_STRING);
    case '"':
        return skip_quoted(lexer, '"') ? token : refused(token.start, SQL_OPEN_NAME);
    case '$':
        return skip_dollar(lexer) ? token : refused(token.start, SQL_OPEN_DOLLAR);
    default:
        return is_word_start(peek(lexer, 0)) ? word_token(lexer) : character_token(lexer);
    }
}

bool sql_token(struct sql_lexer *lexer, const char **token, size_t *length)
{
    struct token next = next_token(lexer);

    *token = lexer->text + next.start;
    *length = lexer->position - next.start;
    return next.kind != TOKEN_END && (next.kind != TOKEN_REFUSED || next.refusal == SQL_PSQL);
}

/* What has been seen of the current statement. */
struct shape {
    size_t tokens;
    enum keyword head[4];  /* its first tokens */
    enum keyword previous; /* the token before */
    size_t depth;          /* of parentheses */
    bool atomic;           /* inside BEGIN ATOMIC … END */
    bool inner_start;      /* the token is the first of a statement of that body */
};

static bool is_routine(enum keyword keyword)
{
    return keyword == FUNCTION || keyword == PROCEDURE;
}

/* CREATE [OR REPLACE] FUNCTION | PROCEDURE */
static bool creates_routine(const struct shape *shape)
{
    return shape->head[0] == CREATE &&
           (is_routine(shape->head[1]) ||
            (shape->head[1] == OR && shape->head[2] == REPLACE && is_routine(shape->head[3])));
}

/* Follows the body of a routine written in SQL (manual, CREATE FUNCTION, sql_body). Its END can only come where a
 * statement could begin, which tells it from the END of a CASE and from a column called "end". */
static void follow_body(struct shape *shape, enum keyword keyword)
{
    if (shape->depth > 0) {
        return;
    }
    if (shape->atomic) {
        shape->atomic = !(shape->inner_start && keyword == END);
        shape->inner_start = false;
    } else if (keyword == ATOMIC && shape->previous == BEGIN && creates_routine(shape)) {
        shape->atomic = true;
        shape->inner_start = true;
    }
}

static bool controls_transaction(const struct shape *shape)
{
    switch (shape->head[0]) {
    case ABORT:
    case BEGIN:
    case COMMIT:
    case END:
    case RELEASE:
    case ROLLBACK:
    case SAVEPOINT:
    case START:
        return true;
    case PREPARE:
        return shape->head[1] == TRANSACTION;
    default:
        return false;
    }
}

/* The grammar takes STDIN and STDOUT for each other. */
static bool copies_with_client(const struct shape *shape, enum keyword keyword)
{
    return shape->head[0] == COPY && shape->depth == 0 && (keyword == STDIN || keyword == STDOUT) &&
           (shape->previous == FROM || shape->previous == TO);
}

/* Takes one token of the statement in. False if the statement is refused. */
static bool take_token(struct shape *shape, const struct token *token, struct sql_statement *statement)
{
    if (shape->tokens == 0) {
        statement->start = token->start;
    }
    if (shape->tokens < sizeof shape->head / sizeof shape->head[0]) {
        shape->head[shape->tokens] = token->keyword;
    }
    shape->tokens++;
    statement->refused_at = statement->start;
    if (shape->tokens <= 2 && controls_transaction(shape)) {
        statement->refusal = SQL_TRANSACTION;
        return false;
    }
    if (copies_with_client(shape, token->keyword)) {
        statement->refusal = SQL_COPY;
        return false;
    }
    statement->concurrently = statement->concurrently || token->keyword == CONCURRENTLY;
    follow_body(shape, token->keyword);
    if (token->kind == TOKEN_OPEN) {
        shape->depth++;
    } else if (token->kind == TOKEN_CLOSE && shape->depth > 0) {
        shape->depth--;
    }
    shape->previous = token->keyword;
    return true;
}

enum sql_found sql_next(struct sql_lexer *lexer, struct sql_statement *statement)
{
    struct shape shape = { 0 };

    *statement = (struct sql_statement){ 0 };
    for (;;) {
        struct token token = next_token(lexer);

        if (token.kind == TOKEN_REFUSED) {
            statement->refusal = token.refusal;
            statement->refused_at = token.start;
            return SQL_REFUSED;
        }
        if (token.kind == TOKEN_END) {
            return shape.tokens > 0 ? SQL_STATEMENT : SQL_END;
        }
        if (token.kind == TOKEN_SEMICOLON && shape.tokens == 0) {
            continue; /* an empty statement, which gets no result from the server either */
        }
        if (!take_token(&shape, &token, statement)) {
            return SQL_REFUSED;
        }
        statement->end = lexer->position;
        if (token.kind == TOKEN_SEMICOLON && shape.depth == 0) {
            if (!shape.atomic) {
                return SQL_STATEMENT;
            }
            shape.inner_start = true;
        }
    }
}

static bool refuse(struct sql_statement *refused, enum sql_refusal refusal, size_t offset)
{
    *refused = (struct sql_statement){ .refusal = refusal, .refused_at = offset };
    return false;
}

/* A line of \restrict or \unrestrict, as pg_dump writes it: its token is made of letters and digits. */
static bool is_restriction(const char *text, size_t start)
{
    static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const commands[] = { "\\restrict ", "\\unrestrict " };
    const char *line = text + start;
    bool begins = start == 0 || is_newline(line[-1]);

    for (size_t i = 0; begins && i < sizeof commands / sizeof *commands; i++) {
        size_t command = strlen(commands[i]);
        size_t token = strncmp(line, commands[i], command) == 0 ? strspn(line + command, alphanumeric) : 0;

        if (token > 0) {
            return line[command + token] == '\0' || is_newline(line[command + token]);
        }
    }
    return false;
}

bool sql_check(char *text, size_t length, struct sql_statement *refused)
{
    struct sql_lexer lexer = { .text = text, .length = length };
    const char *nul = memchr(text, '\0', length);
    enum sql_found found;

    if (nul) {
        return refuse(refused, SQL_NUL, (size_t)(nul - text));
    }

    size_t good = text_utf8_prefix(text, length);

    if (good < length) {
        return refuse(refused, SQL_NOT_UTF8, good);
    }
    while ((found = sql_next(&lexer, refused)) != SQL_END) {
        if (found == SQL_STATEMENT) {
            continue;
        }
        if (refused->end || !is_restriction(text, refused->refused_at)) {
            return false;
        }
        memset(text + refused->refused_at, '-', 2);
        lexer.position = refused->refused_at; /* nothing of a statement was read: it can go on here */
    }
    return true;
}

/* The second and later bytes of a UTF-8 character. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t sql_character_offset(const char *text, size_t length, size_t number)
{
    size_t offset = 0;

    while (number > 1 && offset < length) {
        offset++;
        while (offset < length && is_continuation(text[offset])) {
            offset++;
        }
        number--;
    }
    return offset;
}
