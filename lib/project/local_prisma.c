#include "project/checksum.h"
#include "project/local.h"
#include "project/prisma_schema.h"

#include "config/content.h"
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

#define CONFIG_FILE_MAX ((size_t)1 << 20) /* bytes */

static bool same(const char *left, const char *right)
{
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

/* A variable that is not set may still come from one of the .env files that the CLI reads. */
static void doubt_env_files(struct local *local, const char *variable, const char *schema)
{
    const char *cwd = command_cwd(local->command);
    const char *const folders[] = { cwd, content_path(local->arena, cwd, "prisma"),
                                    content_folder(local->arena, schema), schema };

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        local_doubt_words(local, content_path(local->arena, folders[i], ".env"), &variable, 1);
    }
}

/* The URL with which the CLI would connect. Where schema.prisma leads it past the configuration, its ledger may be in
 * another database than the one that is looked at. */
static const char *connection_url(struct local *local, const char *path)
{
    const struct config *config = local->config;
    struct prisma_schema schema;
    struct error error;
    const char *url = local_url(local);

    if (path == NULL || !prisma_schema_read(&schema, path, "public", local->arena, &error)) {
        return url;
    }

    const char *variable = schema.url_variable;
    const char *own = schema.url_literal;

    if (variable != NULL && strcmp(variable, "DATABASE_URL") != 0) { /* that one is set for the step */
        own = command_variable(local->command, config, variable);
        if (own == NULL) {
            doubt_env_files(local, variable, path);
        }
    }
    if (own == NULL) {
        return url;
    }
    if (!same(own, config->database.url) && !same(own, config->database.direct_url)) {
        local_doubt(local, arena_printf(local->arena,
                                        "the URL that %s takes from %s is neither database.direct_url nor database.url",
                                        path, variable != NULL ? variable : "itself"));
    }
    return own;
}

/* A variable that prisma.config.* reads, perhaps for the URL. */
static void check_variable(struct local *local, const struct prisma_project *project, const char *name)
{
    const struct config *config = local->config;
    const char *value = command_variable(local->command, config, name);

    if (strcmp(name, "DATABASE_URL") == 0) {
        return;
    }
    if (value == NULL) {
        doubt_env_files(local, name, project->schema);
    } else if (strncmp(value, "postgres", 8) == 0 && !same(value, config->database.url) &&
               !same(value, config->database.direct_url)) {
        local_doubt(local,
                    arena_printf(local->arena, "%s reads %s, which is neither database.direct_url nor database.url",
                                 project->config_file, name));
    }
}

/* Since Prisma 7 the URL stands in prisma.config.*: env('NAME') or process.env.NAME. */
static void check_config_file(struct local *local, const struct prisma_project *project)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length;
    const char *text = content_read(project->config_file, CONFIG_FILE_MAX, &length, local->arena);

    for (const char *at = text == NULL ? NULL : strstr(text, "env"); at != NULL; at = strstr(at, "env")) {
        at += 3;
        if (strchr("(.[", *at) == NULL || *at == '\0') {
            continue;
        }

        const char *name = at + strspn(at, "(.[ '\"`");
        size_t size = strspn(name, letters);

        if (size > 0) {
            check_variable(local, project, arena_strndup(local->arena, name, size));
        }
    }
}

void local_collect_prisma(struct local *local)
{
    struct arena *arena = local->arena;
    const struct command *command = local->command;
    struct prisma_project project;
    struct folder folder;
    struct strings passed = { 0 }; /* folders without a migration.sql */

    prisma_project_find_with(&project, command_cwd(command), command->schema_path, command->config_path, arena);

    const char *schema = local_url_parameter(connection_url(local, project.schema), "schema", arena);

    local->wanted->history_schema = schema != NULL ? schema : "public";
    if (project.config_file != NULL && project.schema != NULL) {
        check_config_file(local, &project);
    }
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
