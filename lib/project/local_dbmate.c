#include "project/local.h"

#include "config/content.h"

#include <string.h>

/* dbmate: ^(\d+).*\.sql$, not in subfolders; recorded is what the digits are, with leading zeros. */
static void add_dbmate(struct local *local, const char *folder)
{
    struct folder listed;

    if (!local_list(local, &listed, folder)) {
        return;
    }
    for (size_t i = 0; i < listed.count; i++) {
        const struct entry *entry = &listed.entries[i];
        size_t digits = strspn(entry->name, "0123456789");

        if (digits == 0 || !strings_end_with(entry->name, ".sql") || entry->kind == ENTRY_FOLDER ||
            strchr(entry->name, '\n') != NULL) {
            continue;
        }
        if (!local_is_plain(local, folder, entry)) {
            return;
        }
        local_add(local, arena_strndup(local->arena, entry->name, digits),
                  content_path(local->arena, folder, entry->name));
    }
}

/* "schema.name" says where the ledger is; else it is in the first schema of the URL's search_path, else of the
 * session's.
 */
static void place_dbmate(struct local *local, const char *table)
{
    struct arena *arena = local->arena;
    struct wanted *wanted = local->wanted;
    const char *path = local_url_parameter(local, tool_command_url(local->command, local->config), "search_path");
    const char *dot = table == NULL ? NULL : strchr(table, '.');

    if (table != NULL) {
        wanted->history_table = arena_strdup(arena, dot != NULL ? dot + 1 : table);
    }
    if (table != NULL && (strchr(table, '"') != NULL || (dot != NULL && strchr(dot + 1, '.') != NULL))) {
        local_doubt(local, arena_printf(arena, "the ledger's name %s is not understood", table));
    }
    if (dot != NULL) {
        wanted->history_schema = arena_strndup(arena, table, (size_t)(dot - table));
    } else if (path == NULL) {
        local_goes_by_search_path(local);
    } else if (strpbrk(path, "\"$ ") != NULL) {
        local_doubt(local, "the URL's search_path is not understood");
    } else {
        wanted->history_schema = arena_strndup(arena, path, strcspn(path, ","));
    }
}

void local_collect_dbmate(struct local *local)
{
    static const char *const settings[] = { "DBMATE_" };
    struct arena *arena = local->arena;
    const struct tool_command *command = local->command;
    const char *cwd = tool_command_cwd(command);
    const char *folders = tool_command_variable(command, local->config, "DBMATE_MIGRATIONS_DIR");
    const char *table = tool_command_variable(command, local->config, "DBMATE_MIGRATIONS_TABLE");
    struct strings all = command->folders;

    /* dbmate reads it; what is set already wins, and DATABASE_URL always is. */
    local_doubt_words(local, content_path(arena, cwd, ".env"), settings, 1);
    place_dbmate(local, command->table != NULL ? command->table : table);
    if (all.count == 0) {
        strings_split(arena, &all, folders != NULL ? folders : "db/migrations");
    }
    for (size_t i = 0; i < all.count && local->doubt == NULL; i++) {
        add_dbmate(local, content_path(arena, cwd, all.items[i]));
    }
}
