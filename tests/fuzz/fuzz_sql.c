/* Any bytes as an SQL file: the statements come in order, never overlap, lie within the text, and a second look at what
 * was cut out finds the same one statement. The tables that it leaves have names that PostgreSQL takes. */
#include "base/text.h"
#include "config/wanted.h"
#include "database/sql_lexer.h"
#include "database/sql_tables.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void one_again(const char *text, const struct sql_statement *statement)
{
    struct sql_lexer lexer = { .text = text + statement->start, .length = statement->end - statement->start };
    struct sql_statement again;

    claim(sql_next(&lexer, &again) == SQL_STATEMENT);
    claim(again.start == 0 && again.end == lexer.length && again.concurrently == statement->concurrently);
    claim(sql_next(&lexer, &again) == SQL_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct sql_lexer lexer = { .text = text, .length = size };
    struct sql_statement statement;
    enum sql_found found;
    size_t end = 0;
    bool passed;

    claim(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    passed = sql_check(text, size, &statement); /* the lines of pg_dump are comments then */
    claim(passed || (statement.refused_at < size && text_place_of(text, statement.refused_at).line >= 1));
    while ((found = sql_next(&lexer, &statement)) == SQL_STATEMENT) {
        claim(statement.start >= end && statement.end > statement.start && statement.end <= size);
        one_again(text, &statement);
        end = statement.end;
    }
    claim(!passed || found == SQL_END);

    struct sql_tables tables = { .arena = arena_new() };

    sql_tables_read(&tables, text, size);
    for (size_t i = 0; i < tables.count; i++) {
        claim(tables.items[i].name && strlen(tables.items[i].name) <= WANTED_NAME_MAX);
    }
    arena_free(tables.arena);
    free(text);
    return 0;
}
