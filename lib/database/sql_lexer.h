/* Finds the statements of an SQL text as PostgreSQL's own scanner would (src/backend/parser/scan.l, manual
 * section 4.1), and what cannot be run from a file. Works on UTF-8 bytes, allocates nothing, never recurses. Strings
 * are read by the standard (standard_conforming_strings on): a backslash escapes in E'' strings only. */
#ifndef DATABASE_SQL_LEXER_H
#define DATABASE_SQL_LEXER_H

#include <stdbool.h>
#include <stddef.h>

/* What a file may not hold: name, what is wrong, what to change. */
#define SQL_REFUSAL_TABLE(X)                                                                        \
    X(SQL_NUL, "a NUL byte", "PostgreSQL takes text only: is this an SQL file in UTF-8?")           \
    X(SQL_NOT_UTF8, "not UTF-8", "convert the file, for example with iconv -f LATIN1 -t UTF-8")     \
    X(SQL_TRANSACTION, "transaction control of its own",                                            \
      "take it out: each file runs in one transaction (with --no-transaction each statement does)") \
    X(SQL_COPY, "COPY FROM STDIN or TO STDOUT, which needs a client that has the data",             \
      "use INSERT (pg_dump --inserts), or COPY with a file of the server")                          \
    X(SQL_PSQL, "a backslash command of psql, which is not SQL", "take it out or write it as SQL")  \
    X(SQL_OPEN_STRING, "a string that does not end", "add the closing quote")                       \
    X(SQL_OPEN_NAME, "a quoted name that does not end", "add the closing quote")                    \
    X(SQL_OPEN_DOLLAR, "a dollar-quoted string that does not end", "add the closing tag")           \
    X(SQL_OPEN_COMMENT, "a comment that does not end", "add the closing */")

enum sql_refusal {
#define X(name, sentence, hint) name,
    SQL_REFUSAL_TABLE(X)
#undef X
        SQL_REFUSALS
};

const char *sql_refusal_sentence(enum sql_refusal refusal);
const char *sql_refusal_hint(enum sql_refusal refusal);

struct sql_lexer {
    const char *text;
    size_t length;
    size_t position; /* where the next statement is looked for */
};

enum sql_found { SQL_STATEMENT, SQL_END, SQL_REFUSED };

struct sql_statement {
    size_t start;      /* of its first token, comments before it left out */
    size_t end;        /* behind its semicolon, or behind its last token */
    bool concurrently; /* has the word CONCURRENTLY: may leave an invalid index when it fails */

    enum sql_refusal refusal; /* with SQL_REFUSED: why, and where it begins */
    size_t refused_at;
};

/* The next statement that holds more than comments. A semicolon ends it outside of parentheses (CREATE RULE … DO (a;
 * b)) and of the BEGIN ATOMIC … END body of a CREATE FUNCTION or PROCEDURE. After SQL_REFUSED the lexer must not be
 * used on. */
enum sql_found sql_next(struct sql_lexer *lexer, struct sql_statement *statement);

/* The next token alone, wherever statements end: a word, a string, a quoted name with its quotes, a number or operator
 * in pieces; a backslash is one, too. False at the end, and where a string, a name or a comment has none. */
bool sql_token(struct sql_lexer *lexer, const char **token, size_t *length);

/* Looks through a whole text, which is terminated. False with the first refusal in *refused. The lines \restrict TOKEN
 * and \unrestrict TOKEN become comments of the same length where they stand between statements: pg_dump begins and ends
 * with them (since 15.14, CVE-2025-8714), so that psql obeys no command in between, as we never do. */
bool sql_check(char *text, size_t length, struct sql_statement *refused);

/* The byte at which the character `number` (from 1, as the server counts) begins; at most `length`. */
size_t sql_character_offset(const char *text, size_t length, size_t number);

#endif
