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
        size_t length = strlen(entry->name);

        if (digits == 0 || length < digits + 4 || strcmp(entry->name + length - 4, ".sql") != 0 ||
            entry->kind == ENTRY_FOLDER || strchr(entry->name, '\n') != NULL) {
            continue;
        }
        if (!local_is_plain(local, folder, entry)) {
            return;
        }
        local_add(local, arena_strndup(local->arena, entry->name, digits));
    }
}

/* dbmate writes its ledger to the first schema of search_path; a table "schema.name" says where. */
static void place_dbmate(struct local *local, const char *table)
{
    struct arena *arena = local->arena;
    struct wanted *wanted = local->wanted;
    const char *path = local_url_parameter(local_url(local), "search_path", arena);
    const char *options = local_url_parameter(local_url(local), "options", arena);
    const char *session = command_variable(local->command, local->config, "PGOPTIONS");

    if ((options != NULL && strstr(options, "search_path") != NULL) ||
        (session != NULL && strstr(session, "search_path") != NULL) ||
        (path != NULL && strpbrk(path, "\"$ ") != NULL)) {
        local_doubt(local, "the connection's options set search_path");
    }
    wanted->history_schema = path != NULL ? arena_strndup(arena, path, strcspn(path, ",")) : "public";
    if (table == NULL) {
        return;
    }

    const char *dot = strchr(table, '.');

    if (strchr(table, '"') != NULL || (dot != NULL && strchr(dot + 1, '.') != NULL)) {
        local_doubt(local, arena_printf(arena, "the ledger's name %s is not understood", table));
    }
    if (dot != NULL) {
        wanted->history_schema = arena_strndup(arena, table, (size_t)(dot - table));
    }
    wanted->history_table = arena_strdup(arena, dot != NULL ? dot + 1 : table);
}

void local_collect_dbmate(struct local *local)
{
    static const char *const settings[] = { "DBMATE_" };
    struct arena *arena = local->arena;
    const struct command *command = local->command;
    const char *cwd = command_cwd(command);
    const char *folders = command_variable(command, local->config, "DBMATE_MIGRATIONS_DIR");
    const char *table = command_variable(command, local->config, "DBMATE_MIGRATIONS_TABLE");
    struct strings all = command->folders;

    /* dbmate reads it; what is set already wins, and DATABASE_URL always is. */
    local_doubt_words(local, content_path(arena, cwd, ".env"), settings, 1);
    place_dbmate(local, command->table != NULL ? command->table : table);
    if (all.count == 0) {
        const char *list_of = folders != NULL && *folders != '\0' ? folders : "db/migrations";

        for (const char *at = list_of;; at++) {
            size_t length = strcspn(at, ",");

            strings_add(arena, &all, arena_strndup(arena, at, length));
            at += length;
            if (*at == '\0') {
                break;
            }
        }
    }
    for (size_t i = 0; i < all.count && local->doubt == NULL; i++) {
        add_dbmate(local, content_path(arena, cwd, all.items[i]));
    }
}
