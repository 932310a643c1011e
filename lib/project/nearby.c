#include "project/nearby.h"

#include "config/content.h"
#include "config/folder.h"
#include "config/package.h"
#include "config/preset.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The step that runs a script, and gives it the words that it lacks. */
static struct step step_of(const struct nearby *nearby, bool complete, struct arena *arena)
{
    struct step step = { .name = nearby->script, .cwd = nearby->folder };
    const char *const run[] = { "npm", "run", nearby->script, complete ? NULL : "--" };

    for (size_t i = 0; i < sizeof run / sizeof run[0] && run[i]; i++) {
        strings_add(arena, &step.argv, run[i]);
    }
    for (const char *word = nearby->migrator->words; !complete && *word;) {
        size_t length = strcspn(word, " ");

        strings_add(arena, &step.argv, arena_strndup(arena, word, length));
        word += length;
        word += strspn(word, " ");
    }
    step.role = command_role(&step, nearby->migrator->history, arena);
    return step;
}

/* One that migrates as it stands is preferred to one that is to be told so. */
static bool find_script(struct nearby *nearby, const char *package, struct arena *arena)
{
    size_t count;
    const struct variable *scripts = package_scripts(package, &count, arena);
    bool complete = false, finished;

    for (size_t i = 0; i < count && !complete; i++) {
        const struct step script = { .shell = scripts[i].value, .cwd = nearby->folder };
        const struct migrator *migrator = command_migrator(&script, &finished, arena);

        if (migrator && (finished || !nearby->script)) {
            nearby->migrator = migrator;
            nearby->script = scripts[i].name;
            nearby->step = step_of(nearby, finished, arena);
            complete = finished;
        }
    }
    return nearby->script;
}

static bool find_dependency(struct nearby *nearby, const char *package, struct arena *arena)
{
    const struct strings packages = package_dependencies(package, arena);

    for (size_t i = 0; i < migrator_count && !nearby->migrator; i++) {
        if (migrators[i].package && strings_contain(&packages, migrators[i].package)) {
            nearby->migrator = &migrators[i];
        }
    }
    return nearby->migrator;
}

/* True if the folder is a tool's: what lies in it belongs to that, then. */
static bool look_into(struct nearby_list *list, const char *folder, struct arena *arena)
{
    bool below = strcmp(folder, ".") != 0;
    struct nearby nearby = { .folder = folder, .preset = below ? preset_of(folder, arena) : NULL };
    const char *package = content_path(arena, folder, "package.json");
    bool runs = nearby.preset || find_script(&nearby, package, arena);

    if (list->count < NEARBY_MAX && (runs || find_dependency(&nearby, package, arena))) {
        list->items[list->count++] = nearby;
    }
    return runs && below;
}

static void add_folders(struct strings *folders, const char *path, struct arena *arena)
{
    static const char *const passed_over[] = { "node_modules", "vendor", "dist", "build", "target" };
    struct folder folder;

    if (!folder_read(&folder, path, NEARBY_ENTRIES, arena)) {
        return;
    }
    for (size_t i = 0; i < folder.count && folders->count < NEARBY_FOLDERS; i++) {
        const struct entry *entry = &folder.entries[i];
        const char *below = content_path(arena, path, entry->name);

        /* of what lies in a folder that we may not enter everything would count as being there */
        if (entry->kind == ENTRY_FOLDER && *entry->name != '.' && !STRINGS_AMONG(entry->name, passed_over) &&
            faccessat(AT_FDCWD, below, X_OK, AT_EACCESS) == 0) {
            strings_add(arena, folders, below);
        }
    }
}

void nearby_find(struct nearby_list *list, struct arena *arena)
{
    struct strings folders = { 0 };

    *list = (struct nearby_list){ 0 };
    strings_add(arena, &folders, ".");
    for (size_t i = 0; i < folders.count; i++) {
        const char *folder = folders.items[i];

        if (!look_into(list, folder, arena) && !strchr(folder, '/')) {
            add_folders(&folders, folder, arena);
        }
    }
}

const struct nearby *nearby_choose(const struct nearby_list *list)
{
    const struct nearby *chosen = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct nearby *nearby = &list->items[i];

        if (!nearby->preset && !nearby->script) {
            continue;
        }
        if (chosen) {
            return NULL;
        }
        if (strcmp(nearby->folder, ".") == 0) {
            return nearby;
        }
        chosen = nearby;
    }
    return chosen;
}

const char *nearby_sentence(const struct nearby *nearby, struct arena *arena)
{
    const char *package = content_path(arena, nearby->folder, "package.json");

    return nearby->preset ? arena_printf(arena, "%s has a project of %s", nearby->folder, nearby->preset)
           : nearby->script
               ? arena_printf(arena, "script %s of %s runs %s", nearby->script, package, nearby->migrator->tool)
               : arena_printf(arena, "%s depends on %s", package, nearby->migrator->package);
}
