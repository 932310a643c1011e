#include "project/client.h"
#include "project/prisma_schema.h"
#include "project/project.h"

#include "config/content.h"
#include "config/package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKAGE "@prisma/client"
#define GENERATED_FROM "schema.prisma" /* prisma-client-js leaves a copy of the schema beside what it made */

/* Where the client is generated to; NULL: the project does not use one. Without an output that is beside the package
 * @prisma/client, wherever a package manager has put that. */
static const char *client_folder(const struct prisma_schema *schema, const char *cwd, struct arena *arena)
{
    const char *package, *modules = NULL;
    char *real;

    if (!schema->client_provider) {
        return NULL;
    }
    if (schema->client_output) {
        return content_path(arena, content_folder(arena, schema->client_file), schema->client_output);
    }
    package = content_find_up(cwd, "node_modules/" PACKAGE "/package.json", arena);
    real = package ? realpath(content_folder(arena, package), NULL) : NULL;
    if (real) {
        modules = content_folder(arena, content_folder(arena, real));
    }
    free(real);
    return modules ? arena_printf(arena, "%s/.prisma/client", modules) : NULL;
}

/* The project lists the package: an image for migrations alone does not. Yarn's Plug'n'Play unpacks none. */
static bool lists_package(const char *cwd, struct arena *arena)
{
    const char *path = content_find_up(cwd, "package.json", arena);

    return path && !content_find_up(cwd, ".pnp.cjs", arena) &&
           (package_string(path, "dependencies", PACKAGE, arena) ||
            package_string(path, "devDependencies", PACKAGE, arena));
}

static const struct wanted_table *find_table(const struct prisma_schema *schema, const struct wanted_table *like)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (strcmp(schema->tables[i].schema, like->schema) == 0 && strcmp(schema->tables[i].name, like->name) == 0) {
            return &schema->tables[i];
        }
    }
    return NULL;
}

/* The first table or column of the schema that the client does not know; NULL: it knows all. */
static const char *unknown_to(const struct prisma_schema *client, const struct prisma_schema *schema,
                              struct arena *arena)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct wanted_table *table = &schema->tables[i], *known = find_table(client, table);

        if (!known) {
            return arena_printf(arena, "table %s", table->name);
        }
        for (size_t k = 0; k < table->columns.count; k++) {
            if (!strings_contain(&known->columns, table->columns.items[k])) {
                return arena_printf(arena, "column %s.%s", table->name, table->columns.items[k]);
            }
        }
    }
    return NULL;
}

static void compare(const struct prisma_schema *client, const struct prisma_schema *schema, const char *path,
                    const char *fix, struct findings *findings)
{
    struct arena *arena = findings->arena;
    const char *missing = unknown_to(client, schema, arena), *surplus = unknown_to(schema, client, arena);

    if (missing || surplus) {
        finding_add(findings, FINDING_CLIENT_OLDER, path,
                    missing ? arena_printf(arena, "it does not know %s", missing)
                            : arena_printf(arena, "it knows %s, which is not in it any more", surplus),
                    fix);
    }
}

static void tell_not_installed(const char *path, const char *generate, struct findings *findings)
{
    finding_add(findings, FINDING_CLIENT_MISSING, path, "node_modules/" PACKAGE,
                arena_printf(findings->arena, "# best at the image's build:\nnpm install\n%s", generate));
}

void client_diagnose(const struct config *config, const char *schema, struct findings *findings, struct arena *arena)
{
    struct prisma_project project;
    struct prisma_schema now, then;
    struct command command;
    struct error error;

    if (strcmp(config->verify.prisma_schema, "off") == 0 || !project_find_schema(&project, config, arena) ||
        !prisma_schema_read(&now, project.schema, schema, arena, &error)) {
        return;
    }
    command_find_prisma(&command, config, arena);

    const char *cwd = command_cwd(&command), *folder = client_folder(&now, cwd, arena);
    const char *generate = prisma_command(&command, "generate", arena);
    const char *fix =
        arena_printf(arena, "# best at the image's build, after the dependencies are installed:\n%s", generate);
    const char *copy = folder ? arena_printf(arena, "%s/" GENERATED_FROM, folder) : NULL;
    bool copied = now.client_provider && strcmp(now.client_provider, "prisma-client-js") == 0;

    if (!folder) {
        if (copied && lists_package(cwd, arena)) {
            tell_not_installed(project.schema, generate, findings);
        }
        return;
    }
    if (access(copied ? copy : folder, F_OK) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            finding_add(findings, FINDING_CLIENT_MISSING, project.schema, folder, fix);
        }
    } else if (copied && prisma_schema_read(&then, copy, schema, arena, &error)) {
        compare(&then, &now, project.schema, fix, findings);
    }
}
