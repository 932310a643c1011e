#include "database/sql_tables.h"

#include "config/wanted.h"
#include "database/sql_lexer.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

struct reader {
    struct sql_tables *tables;
    struct sql_lexer lexer;
    const char *token; /* the one at hand; its length is 0 at the end */
    size_t length;
};

static void advance(struct reader *reader)
{
    if (!sql_token(&reader->lexer, &reader->token, &reader->length)) {
        reader->length = 0;
    }
}

static bool is(const struct reader *reader, const char *word)
{
    return reader->length == strlen(word) && strncasecmp(reader->token, word, reader->length) == 0;
}

static bool take(struct reader *reader, const char *word)
{
    bool taken = is(reader, word);

    if (taken) {
        advance(reader);
    }
    return taken;
}

static bool take_all(struct reader *reader, const char *const *words)
{
    while (*words && take(reader, *words)) {
        words++;
    }
    return *words == NULL;
}
#define TAKE(reader, ...) take_all((reader), (const char *const[]){ __VA_ARGS__, NULL })

static bool at_name(const struct reader *reader)
{
    char c = reader->length ? *reader->token : '\0';

    return c == '"' ? reader->length > strlen("\"\"")
                    : c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Folded, unquoted and cut as the server does it (manual, section 4.1.1). */
static const char *take_name(struct reader *reader)
{
    struct arena *arena = reader->tables->arena;
    bool quoted = *reader->token == '"';
    size_t length = 0;
    char *name = arena_strndup(arena, reader->token, reader->length);

    for (size_t i = quoted; i < reader->length - quoted; i++) {
        i += reader->token[i] == '"'; /* the first of two */
        bool capital = !quoted && reader->token[i] >= 'A' && reader->token[i] <= 'Z';
        name[length++] = (char)(capital ? reader->token[i] - 'A' + 'a' : reader->token[i]);
    }
    name[length > WANTED_NAME_MAX ? text_utf8_border(name, WANTED_NAME_MAX) : length] = '\0';
    advance(reader);
    return name;
}

static void place(const struct sql_tables *tables, struct table *table, const char *schema)
{
    table->schema = strings_same(schema, tables->schema) ? NULL : schema;
}

/* [IF [NOT] EXISTS] [ONLY] [schema.]name */
static struct table take_table(struct reader *reader)
{
    struct table table = { 0 };

    if (take(reader, "IF")) {
        (void)take(reader, "NOT");
        (void)take(reader, "EXISTS");
    }
    (void)take(reader, "ONLY");
    if (at_name(reader)) {
        table.name = take_name(reader);
    }
    if (table.name && take(reader, ".") && at_name(reader)) {
        table.schema = table.name;
        table.name = take_name(reader);
    }
    place(reader->tables, &table, table.schema);
    return table;
}

static struct table *find(const struct sql_tables *tables, const struct table *table)
{
    for (size_t i = 0; table->name && i < tables->count; i++) {
        if (strcmp(tables->items[i].name, table->name) == 0 && strings_same(tables->items[i].schema, table->schema)) {
            return &tables->items[i];
        }
    }
    return NULL;
}

static void take_away(struct sql_tables *tables, const struct table *table)
{
    struct table *known = find(tables, table);

    if (known) {
        tables->count--;
        memmove(known, known + 1, (size_t)(tables->items + tables->count - known) * sizeof *known);
    }
}

void sql_tables_add(struct sql_tables *tables, const struct table *table)
{
    if (!table->name || tables->count == SQL_TABLES_MAX || find(tables, table)) {
        return;
    }
    tables->items = arena_grow(tables->arena, tables->items, tables->count, &tables->capacity, sizeof *table);
    tables->items[tables->count++] = *table;
}

static void read_create(struct reader *reader)
{
    (void)take(reader, "UNLOGGED");
    if (take(reader, "TABLE")) {
        const struct table table = take_table(reader);

        if (!TAKE(reader, "PARTITION", "OF")) {
            sql_tables_add(reader->tables, &table);
        }
    }
}

static void read_drop(struct reader *reader)
{
    if (take(reader, "TABLE")) {
        do {
            const struct table table = take_table(reader);

            take_away(reader->tables, &table);
        } while (take(reader, ","));
    }
}

static void read_alter(struct reader *reader)
{
    if (!take(reader, "TABLE")) {
        return;
    }

    const struct table table = take_table(reader);
    struct table *known = find(reader->tables, &table);

    (void)take(reader, "*");
    if (TAKE(reader, "ATTACH", "PARTITION")) {
        const struct table partition = take_table(reader);

        take_away(reader->tables, &partition);
    } else if (TAKE(reader, "RENAME", "TO") && known && at_name(reader)) {
        known->name = take_name(reader);
    } else if (TAKE(reader, "SET", "SCHEMA") && known && at_name(reader)) {
        place(reader->tables, known, take_name(reader));
    }
}

void sql_tables_read(struct sql_tables *tables, const char *text, size_t length)
{
    static const struct {
        const char *word;
        void (*read)(struct reader *reader);
    } statements[] = { { "CREATE", read_create }, { "DROP", read_drop }, { "ALTER", read_alter } };
    struct reader reader = { .tables = tables, .lexer = { .text = text, .length = length } };

    advance(&reader);
    while (reader.length) {
        for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
            if (take(&reader, statements[i].word)) {
                statements[i].read(&reader);
                break;
            }
        }
        while (reader.length && !take(&reader, ";")) {
            advance(&reader);
        }
    }
}
