#include "config/reading.h"

#include "config/command.h"
#include "config/content.h"
#include "config/folder.h"
#include "config/simple.h"

#include "base/mask.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN 60 /* bytes of what a step runs that make its name */
#define FILES_SHOWN 3 /* of a folder that is named where files should be */

/* ---- tables ---- */

/* "auth.users" is table users of schema auth; a name that holds a dot itself needs the long form with its schema. */
static bool split_name(struct reading *reading, const char *path, const struct node *node, struct table *table)
{
    const char *dot = strchr(table->name, '.');

    if (dot && !table->schema) {
        if (dot == table->name || dot[1] == '\0' || strchr(dot + 1, '.')) {
            return complain(reading, node, "%s: \"%s\" is neither table nor schema.table: write {schema: …, name: …}",
                            path, node->text);
        }
        table->schema = arena_strndup(reading->arena, table->name, (size_t)(dot - table->name));
        table->name = dot + 1;
    }

    bool fine = !table->schema || value_check_name(reading, path, node, table->schema);

    return value_check_name(reading, path, node, table->name) && fine;
}

static bool read_table(struct reading *reading, const char *path, const struct node *node, struct table *table)
{
    if (node->kind == NODE_LIST || node_null(node)) {
        return complain(reading, node, "%s must be a table's name or a map with its name, not %s", path,
                        node->kind == NODE_LIST ? "a list" : "nothing");
    }
    if (node->kind == NODE_MAP) {
        bool fine = value_store_map(reading, &table_keys, path, node, table);

        return table->name && split_name(reading, path, node_get(node, "name"), table) && fine;
    }
    table->name = variable_fill(reading, node);
    return table->name && split_name(reading, path, node, table);
}

bool lists_tables(struct reading *reading, const struct node *list)
{
    struct config *config = reading->config;
    size_t index = 0;
    bool fine = true;

    config->verify.tables = arena_array(reading->arena, list->count, sizeof *config->verify.tables);
    config->verify.table_count = list->count;
    for (const struct node *child = list->first; child; child = child->next, index++) {
        fine = read_table(reading, value_path(reading, "verify.tables", index), child, &config->verify.tables[index]) &&
               fine;
    }
    return fine;
}

struct listed {
    const char *schema, *name;
    const struct node *node;
    size_t index;
};

static int compare_listed(const void *left, const void *right)
{
    const struct listed *a = left, *b = right;
    int schemas = strcmp(a->schema, b->schema);
    int names = schemas ? schemas : strcmp(a->name, b->name);

    return names ? names : (a->index > b->index) - (a->index < b->index);
}

bool lists_check_tables(struct reading *reading, const struct node *list)
{
    const struct config *config = reading->config;
    struct listed *listed = arena_array(reading->arena, config->verify.table_count, sizeof *listed);
    const struct node *node = list->first;
    size_t count = 0;
    bool fine = true;

    /* What a scalar was filled with has no nodes of its own any more: its errors are at the scalar. */
    for (size_t i = 0; i < config->verify.table_count; i++, node = node ? node->next : NULL) {
        const struct table *table = &config->verify.tables[i];

        if (table->name) { /* else it is an error already */
            const char *schema = table->schema ? table->schema : config->verify.schema;

            listed[count++] = (struct listed){ schema, table->name, node ? node : list, i };
        }
    }
    qsort(listed, count, sizeof *listed, compare_listed);
    for (size_t i = 1; i < count; i++) {
        const struct listed *first = &listed[i - 1], *second = &listed[i];

        if (strcmp(first->schema, second->schema) == 0 && strcmp(first->name, second->name) == 0) {
            fine = complain(
                reading, second->node, "verify.tables lists %s twice%s", mask_copy(reading->arena, second->name),
                first->node->line ? arena_printf(reading->arena, ", first at line %u", first->node->line) : "");
        }
    }
    return fine;
}

/* ---- asserts ---- */

bool lists_asserts(struct reading *reading, const struct node *list)
{
    struct config *config = reading->config;
    size_t index = 0;
    bool fine = true;

    config->verify.asserts = arena_array(reading->arena, list->count, sizeof *config->verify.asserts);
    config->verify.assert_count = list->count;
    for (const struct node *child = list->first; child; child = child->next, index++) {
        const char *path = value_path(reading, "verify.asserts", index);

        fine = (child->kind == NODE_MAP
                    ? value_store_map(reading, &assert_keys, path, child, &config->verify.asserts[index])
                    : complain(reading, child, "%s must be a map with name and sql, not %s", path,
                               node_kind_name(child))) &&
               fine;
    }
    return fine;
}

/* ---- steps ---- */

/* Passwords are hidden where they stand; a word that happens to be one stays: it is a name. */
static const char *default_name(const struct step *step, struct arena *arena)
{
    const struct strings *words = step->argv.count ? &step->argv : &step->sql;
    const char *name = step->shell ? secret_hide(step->shell + strspn(step->shell, " \t\r\n"), arena) : "";

    for (size_t i = 0; !step->shell && i < words->count && strlen(name) <= NAME_SHOWN; i++) {
        name = arena_printf(arena, "%s%s%s", name, i ? " " : "", secret_hide(words->items[i], arena));
    }

    size_t length = strcspn(name, "\n");

    return length <= NAME_SHOWN ? arena_strndup(arena, name, length)
                                : arena_printf(arena, "%.*s…", (int)text_utf8_border(name, NAME_SHOWN), name);
}

/* Of a step whose fields were all stored: nothing is told anew. */
static bool given(struct reading *reading, const struct node *map, const char *path)
{
    bool failed = false;

    return value_given(reading, key_find(&step_keys, path), node_get(map, path), &failed);
}

/* ": sql/a.sql, sql/b.sql, …", as the step may name them; "" if there are none. */
static const char *some_files(const char *name, const char *folder, struct arena *arena)
{
    struct folder listed;
    bool read = folder_read(&listed, folder, FOLDER_ENTRIES_MAX, arena);
    const char *list = "";
    size_t count = 0;

    for (size_t i = 0; read && i < listed.count && count <= FILES_SHOWN; i++) {
        const char *file = listed.entries[i].name;

        if (strings_end_with(file, ".sql")) {
            file = count < FILES_SHOWN ? content_path(arena, name, file) : "…";
            list = arena_printf(arena, "%s%s%s", list, count++ ? ", " : ": ", file);
        }
    }
    return list;
}

/* Files that are not there yet may come with the image; a folder and a pattern never become files. */
static bool check_files(struct reading *reading, const char *path, const struct node *node, const struct step *step)
{
    static const char in_order[] = "name the files, in the order in which they are to run";
    const struct node *child = node->first;
    bool fine = true;

    for (size_t i = 0; i < step->sql.count; i++, child = child ? child->next : NULL) {
        const char *name = step->sql.items[i], *file = content_path(reading->arena, step->cwd, name);
        const struct node *at = child ? child : node;
        const char *shown = mask_copy(reading->arena, name);

        if (content_is_folder(file)) {
            fine = complain(reading, at, "%s.sql: %s is a folder: %s%s", path, shown, in_order,
                            some_files(shown, file, reading->arena));
        } else if (strpbrk(name, "*?[") && content_is_missing(file)) {
            fine = complain(reading, at, "%s.sql: there is no file %s, and no pattern is filled in: %s", path, shown,
                            in_order);
        }
    }
    return fine;
}

/* What the table of fields cannot say: run or sql, and how often. */
static bool check_step(struct reading *reading, const struct key *key, const char *path, const struct node *map,
                       struct step *step)
{
    bool run = given(reading, map, "run"), sql = given(reading, map, "sql");
    bool once = strcmp(key->path, "migrate.steps") != 0;

    if (run == sql) {
        return complain(reading, map, "%s needs %s", path, run ? "either run or sql, not both" : "run or sql");
    }
    if (run ? step->argv.count == 0 && !(step->shell && step->shell[strspn(step->shell, " \t\r\n")])
            : step->sql.count == 0) {
        return complain(reading, node_get(map, run ? "run" : "sql"), "%s.%s is empty", path, run ? "run" : "sql");
    }
    if (sql && !check_files(reading, path, node_get(map, "sql"), step)) {
        return false;
    }
    if (once && given(reading, map, "attempts") && step->attempts != 1) {
        return complain(reading, node_get(map, "attempts"), "%s.attempts: steps of %s have one attempt", path,
                        key->path);
    }
    if (once || (sql && !given(reading, map, "attempts"))) {
        step->attempts = 1;
    }

    step->commands = simple_commands(step, reading->arena);

    const char *hazard = step->allow_data_loss ? NULL : command_hazard(step, reading->arena);

    return !hazard ||
           complain(reading, node_get(map, "run"),
                    "%s (%s): \"%s\" destroys data: if that is meant, add allow_data_loss: true to this step", path,
                    step->name, hazard);
}

static bool read_step(struct reading *reading, const struct key *key, const char *path, const struct node *map,
                      struct step *step)
{
    if (map->kind != NODE_MAP) {
        return complain(reading, map, "%s must be a map with run or sql, not %s", path, node_kind_name(map));
    }
    bool fine = value_store_map(reading, &step_keys, path, map, step);

    for (size_t i = 0; i < step->argv.count; i++) {
        secret_of_url(step->argv.items[i]);
    }
    if (step->shell) {
        secret_of_url(step->shell);
    }
    if (!step->name || !*step->name) {
        step->name = default_name(step, reading->arena);
    }
    return fine && check_step(reading, key, path, map, step);
}

bool lists_steps(struct reading *reading, const struct key *key, const struct node *list, struct steps *steps)
{
    const struct node *child = list->first;
    bool fine = true;

    steps->items = arena_array(reading->arena, list->count, sizeof *steps->items);
    steps->count = list->count;
    if (steps->count > STEPS_MAX) { /* refused once all lists are counted: nothing else is said of these */
        return true;
    }
    for (size_t i = 0; i < steps->count; i++, child = child->next) {
        const char *path = value_path(reading, key->path, i);
        struct step *step = &steps->items[i];

        if (!read_step(reading, key, path, child, step)) {
            *step = (struct step){ .name = step->name }; /* nothing else is said of it */
            fine = false;
        }
        for (size_t j = 0; step->name && *step->name && j < i; j++) {
            if (steps->items[j].name && strcmp(steps->items[j].name, step->name) == 0) {
                fine = complain(reading, child, "%s: there is already a step called %s", path,
                                mask_copy(reading->arena, step->name));
                break;
            }
        }
    }
    return fine;
}
