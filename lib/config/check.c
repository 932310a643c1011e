#include "config/check.h"

#include <string.h>

#define LEAST_TABLE 10   /* name, length of its schema, two flags */
#define LEAST_PROBLEM 13 /* code, two strings, its table */

bool check_behind(const struct check *check)
{
    const struct migrations_state *migrations = &check->migrations;
    bool pushed = migrations->applied == 0 && migrations->failed == 0 && check->table_count > 0;

    return migrations->applied < migrations->local && !pushed;
}

static void put_list(struct frame_writer *writer, const struct migration_list *list)
{
    frame_u32(writer, list->count);
    frame_strings(writer, &list->names);
}

static void put_migrations(struct frame_writer *writer, const struct migrations_state *migrations)
{
    frame_u8(writer, migrations->known);
    frame_u8(writer, migrations->proven);
    frame_u32(writer, migrations->local);
    frame_u32(writer, migrations->applied);
    frame_u32(writer, migrations->failed);
    put_list(writer, &migrations->pending);
    put_list(writer, &migrations->edited);
    put_list(writer, &migrations->gone);
    frame_string(writer, migrations->failed_name);
    frame_string(writer, migrations->failed_log);
}

void check_encode(const struct check *check, struct frame_writer *writer)
{
    frame_u32(writer, (uint32_t)check->table_count);
    for (size_t i = 0; i < check->table_count; i++) {
        frame_string(writer, check->tables[i].name);
        frame_u32(writer, (uint32_t)check->tables[i].schema);
        frame_u8(writer, check->tables[i].exists);
        frame_u8(writer, check->tables[i].healthy);
    }
    frame_u32(writer, (uint32_t)check->problem_count);
    for (size_t i = 0; i < check->problem_count; i++) {
        frame_u8(writer, (uint8_t)check->problems[i].code);
        frame_string(writer, check->problems[i].object);
        frame_string(writer, check->problems[i].detail);
        frame_u32(writer, check->problems[i].table);
    }
    frame_u8(writer, check->healthy);
    frame_u8(writer, check->hand_listed);
    put_migrations(writer, &check->migrations);
    frame_string(writer, check->server_version);
}

/* The schema ends at a dot inside the name. */
static bool fits(const struct table_state *table)
{
    size_t schema = table->schema;

    return schema == 0 || (schema < strlen(table->name) && table->name[schema] == '.');
}

static void get_tables(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->table_count = frame_get_count(reader, LEAST_TABLE);
    check->tables = arena_array(arena, check->table_count, sizeof *check->tables);
    for (size_t i = 0; i < check->table_count && !reader->broken; i++) {
        struct table_state *table = &check->tables[i];

        table->name = frame_get_name(reader, arena);
        table->schema = frame_get_u32(reader);
        table->exists = frame_get_flag(reader);
        table->healthy = frame_get_flag(reader);
        reader->broken |= !fits(table);
    }
}

static void get_problems(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->problem_count = frame_get_count(reader, LEAST_PROBLEM);
    check->problems = arena_array(arena, check->problem_count, sizeof *check->problems);
    for (size_t i = 0; i < check->problem_count && !reader->broken; i++) {
        uint8_t code = frame_get_u8(reader);

        if (code >= PROBLEM_CODES) {
            reader->broken = true;
            return;
        }
        check->problems[i].code = (enum problem_code)code;
        check->problems[i].object = frame_get_name(reader, arena);
        check->problems[i].detail = frame_get_string(reader, arena);
        check->problems[i].table = frame_get_u32(reader);
        reader->broken |= check->problems[i].table > check->table_count;
    }
}

static void get_list(struct frame_reader *reader, struct migration_list *list, struct arena *arena)
{
    list->count = frame_get_u32(reader);
    frame_get_strings(reader, &list->names, arena);
    reader->broken |= list->names.count > CHECK_NAMES;
}

static void get_migrations(struct frame_reader *reader, struct migrations_state *migrations, struct arena *arena)
{
    migrations->known = frame_get_flag(reader);
    migrations->proven = frame_get_flag(reader);
    migrations->local = frame_get_u32(reader);
    migrations->applied = frame_get_u32(reader);
    migrations->failed = frame_get_u32(reader);
    get_list(reader, &migrations->pending, arena);
    get_list(reader, &migrations->edited, arena);
    get_list(reader, &migrations->gone, arena);
    migrations->failed_name = frame_get_string(reader, arena);
    migrations->failed_log = frame_get_string(reader, arena);
}

void check_decode(struct check *check, struct frame_reader *reader, struct arena *arena)
{
    get_tables(reader, check, arena);
    get_problems(reader, check, arena);
    check->healthy = frame_get_flag(reader);
    check->hand_listed = frame_get_flag(reader);
    get_migrations(reader, &check->migrations, arena);
    check->server_version = frame_get_string(reader, arena);
}
