#include "project/local.h"

#include "config/content.h"

#include <string.h>

/* node-pg-migrate: every file but hidden ones, not in subfolders; recorded without its last extension. One that it
 * could not load makes it fail. */
static void add_node_pg_migrate(struct local *local, const char *folder, const struct entry *entry)
{
    static const char *const extensions[] = { ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".sql" };
    const char *extension = strrchr(entry->name, '.');

    if (!local_is_plain(local, folder, entry)) {
        return;
    }
    if (extension != NULL && STRINGS_AMONG(extension, extensions)) {
        local_add(local, arena_strndup(local->arena, entry->name, (size_t)(extension - entry->name)),
                  content_path(local->arena, folder, entry->name));
    } else {
        local_doubt(local, arena_printf(local->arena, "%s/%s is no migration that node-pg-migrate could load", folder,
                                        entry->name));
    }
}

void local_collect_node_pg_migrate(struct local *local)
{
    struct arena *arena = local->arena;
    const struct tool_command *command = local->command;
    const char *cwd = tool_command_cwd(command);
    const char *path = content_path(arena, cwd, command->folders.count > 0 ? command->folders.items[0] : "migrations");
    struct folder folder;

    if (content_find_up(cwd, "node_modules/config/package.json", arena) != NULL ||
        content_find_up(cwd, "node_modules/.pnpm/node_modules/config/package.json", arena) != NULL) {
        local_doubt(local, "the npm package config may name other folders");
    }
    local->wanted->history_schema = command->schema != NULL ? command->schema : "public";
    if (command->table != NULL) {
        local->wanted->history_table = command->table;
    }
    if (!local_list(local, &folder, path)) {
        return;
    }
    for (size_t i = 0; i < folder.count && local->doubt == NULL; i++) {
        if (folder.entries[i].kind != ENTRY_FOLDER && folder.entries[i].name[0] != '.') {
            add_node_pg_migrate(local, path, &folder.entries[i]);
        }
    }
}
