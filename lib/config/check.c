#include "config/check.h"

#include <string.h>

#define LEAST_TABLE 10   /* name, length of its schema, two flags */
#define LEAST_PROBLEM 13 /* code, two strings, its table */

bool check_behind(const struct check *check)
{
    bool pushed = check->applied == 0 && check->failed == 0 && check->table_count > 0;

    return check->applied < check->local && !pushed;
}

static void put_ledger(struct frame_writer *writer, const struct check *check)
{
    frame_u8(writer, check->history);
    frame_u8(writer, check->proven);
    frame_u32(writer, check->local);
    frame_u32(writer, check->applied);
    frame_u32(writer, check->pending);
    frame_u32(writer, check->failed);
    frame_u32(writer, check->edited);
    frame_u32(writer, check->gone);
    frame_string(writer, check->failed_name);
    frame_string(writer, check->failed_log);
    frame_strings(writer, &check->pending_names);
    frame_strings(writer, &check->edited_names);
    frame_strings(writer, &check->gone_names);
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
    put_ledger(writer, check);
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

static void get_names(struct frame_reader *reader, struct strings *names, struct arena *arena)
{
    frame_get_strings(reader, names, arena);
    reader->broken |= names->count > CHECK_NAMES;
}

static void get_ledger(struct frame_reader *reader, struct check *check, struct arena *arena)
{
    check->history = frame_get_flag(reader);
    check->proven = frame_get_flag(reader);
    check->local = frame_get_u32(reader);
    check->applied = frame_get_u32(reader);
    check->pending = frame_get_u32(reader);
    check->failed = frame_get_u32(reader);
    check->edited = frame_get_u32(reader);
    check->gone = frame_get_u32(reader);
    check->failed_name = frame_get_string(reader, arena);
    check->failed_log = frame_get_string(reader, arena);
    get_names(reader, &check->pending_names, arena);
    get_names(reader, &check->edited_names, arena);
    get_names(reader, &check->gone_names, arena);
}

void check_decode(struct check *check, struct frame_reader *reader, struct arena *arena)
{
    get_tables(reader, check, arena);
    get_problems(reader, check, arena);
    check->healthy = frame_get_flag(reader);
    check->hand_listed = frame_get_flag(reader);
    get_ledger(reader, check, arena);
    check->server_version = frame_get_string(reader, arena);
}
