#include "project/checksum.h"
#include "project/local.h"

#include "config/prisma.h"

#include <errno.h>
#include <string.h>

/* Prisma: every folder with a migration.sql, under the folder's name. Hidden ones count; symbolic links to folders do
 * not for Prisma 6, which no other version promises. */
static void add_prisma(struct local *local, const char *folder, const struct entry *entry, struct strings *passed)
{
    struct arena *arena = local->arena;
    const char *path = arena_printf(arena, "%s/%s/migration.sql", folder, entry->name);
    const char *checksums[CHECKSUMS];

    if (checksum_file(path, checksums, arena)) {
        memcpy(local_add(local, entry->name)->checksums, checksums, sizeof checksums);
    } else if (errno == ENOENT) {
        strings_add(arena, passed, entry->name);
    } else {
        local_doubt(local, arena_printf(arena, "%s: %s", path, strerror(errno)));
    }
}

void local_collect_prisma(struct local *local)
{
    struct arena *arena = local->arena;
    const struct command *command = local->command;
    struct prisma_project project;
    struct folder folder;
    struct strings passed = { 0 }; /* folders without a migration.sql */
    const char *schema = local_url_parameter(local_url(local), "schema", arena);

    local->wanted->history_schema = schema != NULL ? schema : "public";
    prisma_project_find_with(&project, command_cwd(command), command->schema_path, command->config_path, arena);
    if (project.doubt != NULL) {
        local_doubt(local, project.doubt);
    }
    if (project.migrations == NULL) {
        return;
    }
    if (!local_list(local, &folder, project.migrations)) {
        return;
    }
    for (size_t i = 0; i < folder.count && local->doubt == NULL; i++) {
        const struct entry *entry = &folder.entries[i];

        if (entry->kind == ENTRY_FOLDER) {
            add_prisma(local, project.migrations, entry, &passed);
        } else if (entry->kind == ENTRY_LINK) {
            local_is_plain(local, project.migrations, entry);
        }
    }
    if (passed.count > 0) {
        local_note(local, arena_printf(arena, "%s: %zu folders without a migration.sql do not count, the first is %s",
                                       project.migrations, passed.count, passed.items[0]));
    }
}
