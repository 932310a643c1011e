#include "project/checksum.h"
#include "project/local.h"
#include "project/prisma_schema.h"

#include "config/content.h"
#include "config/prisma.h"

#include <errno.h>
#include <string.h>

/* Prisma: every folder under its name, also one without a migration.sql, which then fails. Hidden ones count; symbolic
 * links to folders do not for Prisma 6, which no other version promises. */
static void add_prisma(struct local *local, const char *folder, const struct entry *entry, struct strings *empty)
{
    struct arena *arena = local->arena;
    const char *path = arena_printf(arena, "%s/%s/migration.sql", folder, entry->name);
    const char *checksums[CHECKSUMS];

    if (checksum_file(path, checksums, arena)) {
        memcpy(local_add(local, entry->name, path)->checksums, checksums, sizeof checksums);
    } else if (errno == ENOENT) {
        local_add(local, entry->name, path);
        strings_add(arena, empty, entry->name);
    } else {
        local_doubt(local, arena_printf(arena, "%s: %s", path, strerror(errno)));
    }
}

/* A variable that is not set may still come from one of the .env files that the CLI reads. */
static void doubt_env_files(struct local *local, const char *variable, const char *schema)
{
    const char *cwd = tool_command_cwd(local->command);
    const char *const folders[] = { cwd, content_path(local->arena, cwd, "prisma"),
                                    content_folder(local->arena, schema), schema };

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        local_doubt_words(local, content_path(local->arena, folders[i], ".env"), &variable, 1);
    }
}

/* What the CLI finds in a variable. Where that leads it past the configuration, its ledger may be in another database
 * than the one that is looked at. */
static const char *url_of(struct local *local, const char *file, const char *variable, const char *value)
{
    const struct config *config = local->config;

    if (value != NULL && !strings_same(value, config->database.url) &&
        !strings_same(value, config->database.direct_url)) {
        local_doubt(local, arena_printf(local->arena,
                                        "the URL that %s takes from %s is neither database.direct_url nor database.url",
                                        file, variable != NULL ? variable : "itself"));
    }
    return value;
}

/* NULL: there is none that could be read. */
static const struct prisma_schema *schema_at(const struct local *local, const char *path)
{
    if (path == NULL) {
        return NULL;
    }
    if (strings_same(path, local->seen->path)) {
        return &local->seen->schema;
    }

    struct prisma_schema *schema = arena_alloc(local->arena, sizeof *schema);
    struct error error;

    return prisma_schema_read(schema, path, "public", local->arena, &error) ? schema : NULL;
}

/* NULL: schema.prisma names no URL, or one that is not known. */
static const char *schema_url(struct local *local, const struct prisma_project *project)
{
    const struct prisma_schema *schema = schema_at(local, project->schema);

    if (schema == NULL) {
        return NULL;
    }

    const char *variable = schema->url_variable;
    const char *value =
        variable == NULL ? schema->url_literal : tool_command_variable(local->command, local->config, variable);

    if (value == NULL && variable != NULL) {
        if (project->config_file != NULL) {
            local_doubt(local, arena_printf(local->arena, "%s may set %s", project->config_file, variable));
        }
        doubt_env_files(local, variable, project->schema);
    }
    return url_of(local, project->schema, variable, value);
}

/* Since Prisma 6.18 the URL may stand in prisma.config.*, and since 7 nowhere else. NULL: it does not. */
static const char *config_url(struct local *local, const struct prisma_project *project)
{
    const struct strings *names = &project->url_variables;

    for (size_t i = 0; i < names->count; i++) {
        const char *value = tool_command_variable(local->command, local->config, names->items[i]);

        if (value != NULL) {
            return url_of(local, project->config_file, names->items[i], value);
        }
    }
    if (names->count > 0) {
        local_doubt(local, arena_printf(local->arena, "%s takes its URL from %s, which is not set",
                                        project->config_file, names->items[0]));
    }
    return NULL;
}

/* The URL with which the CLI would connect. */
static const char *connection_url(struct local *local, const struct prisma_project *project)
{
    const char *by_schema = schema_url(local, project);
    const char *by_config = config_url(local, project);

    if (by_schema != NULL && by_config != NULL && !strings_same(by_schema, by_config)) {
        local_doubt(local,
                    arena_printf(local->arena, "%s and %s take different URLs", project->schema, project->config_file));
    }
    return by_config != NULL   ? by_config
           : by_schema != NULL ? by_schema
                               : tool_command_url(local->command, local->config);
}

/* P3019: the engine goes by the first line that begins with the word, to the letter. It misses no file that is not
 * there. */
static void doubt_provider(struct local *local, const char *migrations)
{
    static const char key[] = "provider", ours[] = "provider = \"postgresql\"";
    const char *path = content_path(local->arena, migrations, "migration_lock.toml");
    size_t length;
    const char *line = content_read(path, CONTENT_SMALL, &length, local->arena);

    if (line == NULL && content_is_missing(path)) {
        return;
    }
    while (line != NULL && *line != '\0' && strncmp(line, key, strlen(key)) != 0) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }

    bool named = line != NULL && strncmp(line, ours, strlen(ours)) == 0;
    const char *rest = named ? line + strlen(ours) : "";

    if (!named || (*rest != '\0' && *rest != '\n' && strncmp(rest, "\r\n", 2) != 0)) {
        local_doubt(local, arena_printf(local->arena, "%s does not name the provider postgresql", path));
    }
}

void local_collect_prisma(struct local *local)
{
    struct arena *arena = local->arena;
    const struct tool_command *command = local->command;
    struct prisma_project project;
    struct folder folder;
    struct strings empty = { 0 }; /* folders without a migration.sql */

    prisma_project_find_with(&project, tool_command_cwd(command), command->schema_path, command->config_path, arena);

    const char *schema = local_url_parameter(local, connection_url(local, &project), "schema");

    local->wanted->history_schema = schema != NULL ? schema : "public";
    if (project.config_file != NULL &&
        tool_command_variable(command, local->config, "DOTENV_CONFIG_OVERRIDE") != NULL) {
        local_doubt(local, "DOTENV_CONFIG_OVERRIDE is set: .env may say otherwise than the environment");
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
    doubt_provider(local, project.migrations);
    for (size_t i = 0; i < folder.count && local->doubt == NULL; i++) {
        const struct entry *entry = &folder.entries[i];

        if (entry->kind == ENTRY_FOLDER) {
            add_prisma(local, project.migrations, entry, &empty);
        } else {
            local_is_plain(local, project.migrations, entry);
        }
    }
    if (empty.count > 0) {
        local_note(local, arena_printf(arena,
                                       "%s: %zu folders have no migration.sql, the first is %s: Prisma takes them for "
                                       "migrations, and fails with P3015",
                                       project.migrations, empty.count, empty.items[0]));
    }
}
