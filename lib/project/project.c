#include "project/project.h"
#include "project/migrations.h"
#include "project/nearby.h"
#include "project/prisma_schema.h"
#include "project/tool_command.h"

#include "config/prisma.h"

#include <stdlib.h>
#include <string.h>

/* Of two with the same name the one that came first is first. */
static int by_table(const void *left, const void *right)
{
    const struct wanted_table *a = *(struct wanted_table *const *)left, *b = *(struct wanted_table *const *)right;
    int order = strcmp(a->schema, b->schema);

    if (order == 0) {
        order = strcmp(a->name, b->name);
    }
    return order != 0 ? order : a < b ? -1 : a > b;
}

static bool same_table(const struct wanted_table *a, const struct wanted_table *b)
{
    return strcmp(a->schema, b->schema) == 0 && strcmp(a->name, b->name) == 0;
}

/* Gives every table that is there twice to the first of its name, and leaves the others out. */
static size_t unite(struct wanted_table *tables, size_t count, struct arena *arena)
{
    struct wanted_table **sorted = arena_array(arena, count, sizeof *sorted), *first = NULL;
    bool *twin = arena_array(arena, count, sizeof *twin);
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        sorted[i] = &tables[i];
    }
    qsort(sorted, count, sizeof *sorted, by_table);
    for (size_t i = 0; i < count; i++) {
        if (first == NULL || !same_table(first, sorted[i])) {
            first = sorted[i];
            continue;
        }
        strings_add_all(arena, &first->columns, &sorted[i]->columns);
        twin[sorted[i] - tables] = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!twin[i]) {
            strings_unique(arena, &tables[i].columns);
            tables[kept++] = tables[i];
        }
    }
    return kept;
}

/* Both arrays, one behind the other. */
static void *joined(const void *one, size_t one_count, const void *other, size_t other_count, size_t size,
                    struct arena *arena)
{
    char *all = arena_array(arena, one_count + other_count, size);

    if (one_count > 0) {
        memcpy(all, one, one_count * size);
    }
    if (other_count > 0) {
        memcpy(all + one_count * size, other, other_count * size);
    }
    return all;
}

/* Tables listed by hand stay first; what schema.prisma says of the same table is added to them. */
static void merge(struct wanted *wanted, const struct prisma_schema *schema, struct arena *arena)
{
    wanted->tables =
        joined(wanted->tables, wanted->table_count, schema->tables, schema->table_count, sizeof *wanted->tables, arena);
    wanted->table_count = unite(wanted->tables, wanted->table_count + schema->table_count, arena);
    wanted->types =
        joined(wanted->types, wanted->type_count, schema->enums, schema->enum_count, sizeof *wanted->types, arena);
    wanted->type_count += schema->enum_count;
}

static void read_schema(struct wanted *wanted, const char *path, struct schema_seen *seen, struct arena *arena)
{
    struct prisma_schema *schema = &seen->schema;
    struct error error;

    if (!prisma_schema_read(schema, path, wanted->schema, arena, &error)) {
        wanted->unreadable = path;
        wanted->unreadable_why = arena_strdup(arena, error.message);
        return;
    }
    if (schema->table_count == 0 && schema->notes.count > 0) { /* "modle users {": a model that was not seen as one */
        wanted->unreadable = path;
        wanted->unreadable_why = arena_printf(arena, "it has no model that is understood: %s", schema->notes.items[0]);
    }
    seen->path = path;
    strings_add_all(arena, &wanted->notes, &schema->notes);
    if (!prisma_schema_is_postgres(schema)) {
        strings_add(arena, &wanted->notes,
                    arena_printf(arena, "%s is for %s, not for postgresql: no table is derived from it", path,
                                 schema->provider));
        return;
    }
    merge(wanted, schema, arena);
}

bool project_find_schema(struct prisma_project *project, const struct config *config, struct arena *arena)
{
    struct tool_command command;

    if (strcmp(config->verify.prisma_schema, "auto") != 0) {
        return prisma_project_find(project, ".", config->verify.prisma_schema, arena);
    }
    if (tool_command_find_prisma(&command, config, arena) &&
        (prisma_project_find_with(project, tool_command_cwd(&command), command.schema_path, command.config_path,
                                  arena) ||
         project->missing != NULL)) {
        return project->schema != NULL;
    }
    return prisma_project_find(project, ".", NULL, arena);
}

static void add_prisma_schema(struct wanted *wanted, const struct config *config, struct schema_seen *seen,
                              struct arena *arena)
{
    struct prisma_project project;

    if (strcmp(config->verify.prisma_schema, "off") == 0) {
        return;
    }
    if (project_find_schema(&project, config, arena)) {
        read_schema(wanted, project.schema, seen, arena);
    } else if (project.missing != NULL) {
        wanted->unreadable = project.missing;
        wanted->unreadable_why =
            project.missing_by == NULL
                ? "no such file or folder"
                : arena_printf(arena, "no such file or folder, and %s names it", project.missing_by);
    }
}

/* Nothing runs and nothing is asked for: perhaps what was meant is not where it was looked for. */
static void note_nearby(struct wanted *wanted, const struct config *config, struct arena *arena)
{
    struct nearby_list list = { 0 };
    struct strings sentences = { 0 };
    bool usable = false;

    if (config->migrate.unrecognised && wanted_is_nothing(wanted)) {
        nearby_find(&list, arena);
    }
    for (size_t i = 0; i < list.count; i++) {
        strings_add(arena, &sentences, nearby_sentence(&list.items[i], arena));
        usable = usable || list.items[i].preset || list.items[i].script;
    }
    if (list.count) {
        strings_add(arena, &wanted->notes,
                    arena_printf(arena,
                                 "no migration tool was recognised in this folder, so nothing migrates, but %s: write "
                                 "migrate.steps%s",
                                 strings_listed(arena, &sentences),
                                 nearby_choose(&list) ? " (pgentry init does)"
                                 : usable             ? " with cwd"
                                                      : ", and bring the tool and its files into the image"));
    }
}

void project_wanted(struct wanted *wanted, const struct config *config, struct arena *arena)
{
    struct schema_seen seen = { 0 };

    wanted_from_config(wanted, config, arena);
    add_prisma_schema(wanted, config, &seen, arena);
    migrations_find(wanted, config, &seen, arena);
    note_nearby(wanted, config, arena);
}
