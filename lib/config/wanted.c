#include "config/wanted.h"

#include <string.h>

#define LEAST_TABLE 20     /* two names, three lists */
#define LEAST_PAIR 8       /* two strings */
#define LEAST_TYPE 12      /* two names, a list */
#define LEAST_MIGRATION 16 /* name and checksums */

/* ---- from the configuration ---- */

static struct strings copy_of(const struct strings *listed, struct arena *arena)
{
    struct strings copy = { 0 };

    strings_add_all(arena, &copy, listed);
    strings_unique(arena, &copy);
    return copy;
}

void wanted_from_config(struct wanted *wanted, const struct config *config, struct arena *arena)
{
    *wanted =
        (struct wanted){ .schema = arena_strdup(arena, config->verify.schema), .history = config->migrate.history };
    wanted->tables = arena_array(arena, config->verify.table_count, sizeof *wanted->tables);

    wanted->table_count = config->verify.table_count;
    for (size_t i = 0; i < wanted->table_count; i++) {
        const struct table *listed = &config->verify.tables[i];

        wanted->tables[i] = (struct wanted_table){
            .schema = arena_strdup(arena, listed->schema ? listed->schema : config->verify.schema),
            .name = arena_strdup(arena, listed->name),
            .columns = copy_of(&listed->columns, arena),
            .indexes = copy_of(&listed->indexes, arena),
            .privileges = copy_of(&listed->privileges, arena),
        };
    }
    wanted->extensions = copy_of(&config->verify.extensions, arena);
    wanted->assert_count = config->verify.assert_count;
    wanted->asserts = arena_array(arena, wanted->assert_count, sizeof *wanted->asserts);
    for (size_t i = 0; i < wanted->assert_count; i++) {
        wanted->asserts[i].name = arena_strdup(arena, config->verify.asserts[i].name);
        wanted->asserts[i].sql = arena_strdup(arena, config->verify.asserts[i].sql);
    }
}

void wanted_tables(const struct wanted *wanted, struct check *check, struct arena *arena)
{
    check->table_count = wanted->table_count;
    check->tables = arena_array(arena, wanted->table_count, sizeof *check->tables);
    for (size_t i = 0; i < wanted->table_count; i++) {
        const struct wanted_table *table = &wanted->tables[i];
        bool usual = strcmp(table->schema, wanted->schema) == 0;

        check->tables[i] = (struct table_state){
            .name = usual ? table->name : arena_printf(arena, "%s.%s", table->schema, table->name),
            .schema = usual ? 0 : strlen(table->schema),
        };
    }
}

const char *wanted_history_schema(const struct wanted *wanted)
{
    return wanted->history_schema ? wanted->history_schema : wanted->schema;
}

bool wanted_is_nothing(const struct wanted *wanted)
{
    return !wanted->unreadable &&
           wanted->table_count + wanted->type_count + wanted->extensions.count + wanted->assert_count == 0;
}

/* ---- as bytes ---- */

static void put_tables(const struct wanted *wanted, struct frame_writer *writer)
{
    frame_u32(writer, (uint32_t)wanted->table_count);
    for (size_t i = 0; i < wanted->table_count; i++) {
        frame_string(writer, wanted->tables[i].schema);
        frame_string(writer, wanted->tables[i].name);
        frame_strings(writer, &wanted->tables[i].columns);
        frame_strings(writer, &wanted->tables[i].indexes);
        frame_strings(writer, &wanted->tables[i].privileges);
    }
}

static void put_migrations(const struct wanted *wanted, struct frame_writer *writer)
{
    frame_u8(writer, (uint8_t)wanted->history);
    frame_string(writer, wanted->history_schema);
    frame_u8(writer, wanted->history_first);
    frame_u8(writer, wanted->unsure);
    frame_string(writer, wanted->history_table);
    frame_u32(writer, (uint32_t)wanted->migration_count);
    for (size_t i = 0; i < wanted->migration_count; i++) {
        frame_string(writer, wanted->migrations[i].name);
        for (size_t k = 0; k < CHECKSUMS; k++) {
            frame_string(writer, wanted->migrations[i].checksums[k]);
        }
    }
}

void wanted_encode(const struct wanted *wanted, struct frame_writer *writer)
{
    frame_string(writer, wanted->schema);
    put_tables(wanted, writer);
    frame_u32(writer, (uint32_t)wanted->type_count);
    for (size_t i = 0; i < wanted->type_count; i++) {
        frame_string(writer, wanted->types[i].schema);
        frame_string(writer, wanted->types[i].name);
        frame_strings(writer, &wanted->types[i].values);
    }
    frame_strings(writer, &wanted->extensions);
    frame_u32(writer, (uint32_t)wanted->assert_count);
    for (size_t i = 0; i < wanted->assert_count; i++) {
        frame_string(writer, wanted->asserts[i].name);
        frame_string(writer, wanted->asserts[i].sql);
    }
    put_migrations(wanted, writer);
    frame_string(writer, wanted->unreadable);
    frame_string(writer, wanted->unreadable_why);
    frame_strings(writer, &wanted->notes);
}

static void get_tables(struct wanted *wanted, struct frame_reader *reader, struct arena *arena)
{
    wanted->table_count = frame_get_count(reader, LEAST_TABLE);
    wanted->tables = arena_array(arena, wanted->table_count, sizeof *wanted->tables);
    for (size_t i = 0; i < wanted->table_count && !reader->broken; i++) {
        wanted->tables[i].schema = frame_get_name(reader, arena);
        wanted->tables[i].name = frame_get_name(reader, arena);
        frame_get_strings(reader, &wanted->tables[i].columns, arena);
        frame_get_strings(reader, &wanted->tables[i].indexes, arena);
        frame_get_strings(reader, &wanted->tables[i].privileges, arena);
    }
}

static void get_types_and_asserts(struct wanted *wanted, struct frame_reader *reader, struct arena *arena)
{
    wanted->type_count = frame_get_count(reader, LEAST_TYPE);
    wanted->types = arena_array(arena, wanted->type_count, sizeof *wanted->types);
    for (size_t i = 0; i < wanted->type_count && !reader->broken; i++) {
        wanted->types[i].schema = frame_get_name(reader, arena);
        wanted->types[i].name = frame_get_name(reader, arena);
        frame_get_strings(reader, &wanted->types[i].values, arena);
    }
    frame_get_strings(reader, &wanted->extensions, arena);
    wanted->assert_count = frame_get_count(reader, LEAST_PAIR);
    wanted->asserts = arena_array(arena, wanted->assert_count, sizeof *wanted->asserts);
    for (size_t i = 0; i < wanted->assert_count && !reader->broken; i++) {
        wanted->asserts[i].name = frame_get_name(reader, arena);
        wanted->asserts[i].sql = frame_get_name(reader, arena);
    }
}

static void get_migrations(struct wanted *wanted, struct frame_reader *reader, struct arena *arena)
{
    uint8_t history = frame_get_u8(reader);

    if (history >= HISTORIES) {
        reader->broken = true;
        return;
    }
    wanted->history = (enum history)history;
    wanted->history_schema = frame_get_string(reader, arena);
    wanted->history_first = frame_get_flag(reader);
    wanted->unsure = frame_get_flag(reader);
    wanted->history_table = frame_get_string(reader, arena);
    reader->broken = reader->broken || (wanted->history != HISTORY_NONE && wanted->history_table == NULL);
    wanted->migration_count = frame_get_count(reader, LEAST_MIGRATION);
    wanted->migrations = arena_array(arena, wanted->migration_count, sizeof *wanted->migrations);
    for (size_t i = 0; i < wanted->migration_count && !reader->broken; i++) {
        wanted->migrations[i].name = frame_get_name(reader, arena);
        for (size_t k = 0; k < CHECKSUMS; k++) {
            wanted->migrations[i].checksums[k] = frame_get_string(reader, arena);
        }
    }
}

bool wanted_decode(struct wanted *wanted, struct frame_reader *reader, struct arena *arena)
{
    *wanted = (struct wanted){ .schema = frame_get_name(reader, arena) };
    get_tables(wanted, reader, arena);
    get_types_and_asserts(wanted, reader, arena);
    get_migrations(wanted, reader, arena);
    wanted->unreadable = frame_get_string(reader, arena);
    wanted->unreadable_why = frame_get_string(reader, arena);
    frame_get_strings(reader, &wanted->notes, arena);
    return frame_done(reader);
}
