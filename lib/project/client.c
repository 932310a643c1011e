#include "project/client.h"
#include "project/prisma_schema.h"
#include "project/prisma_syntax.h"
#include "project/project.h"
#include "project/tool_command.h"

#include "base/shell.h"
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
    const struct strings packages = path ? package_dependencies(path, arena) : (struct strings){ 0 };

    return strings_contain(&packages, PACKAGE) && !content_find_up(cwd, ".pnp.cjs", arena);
}

/* ---- comparing ---- */

static bool same_field(const struct syntax_field *left, const struct syntax_field *right)
{
    return strings_same(left->type, right->type) && left->list == right->list && left->optional == right->optional &&
           strings_same(left->map, right->map);
}

/* Blocks or fields in the order of their names. */
struct named {
    const char *name;
    const void *what;
};

struct index {
    struct named *items;
    size_t count;
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct named *)left)->name, ((const struct named *)right)->name);
}

static const void *find(const struct index *index, const char *name)
{
    const struct named key = { .name = name };
    const struct named *found = bsearch(&key, index->items, index->count, sizeof key, by_name);

    return found ? found->what : NULL;
}

static struct index blocks_of(const struct prisma_schema *schema, struct arena *arena)
{
    struct index index = { arena_array(arena, schema->block_count, sizeof *index.items), schema->block_count };

    for (size_t i = 0; i < index.count; i++) {
        index.items[i] = (struct named){ schema->blocks[i].name, &schema->blocks[i] };
    }
    qsort(index.items, index.count, sizeof *index.items, by_name);
    return index;
}

static struct index fields_of(const struct syntax_block *block, struct arena *arena)
{
    struct index index = { arena_array(arena, block->field_count, sizeof *index.items), block->field_count };

    for (size_t i = 0; i < index.count; i++) {
        index.items[i] = (struct named){ block->fields[i].name, &block->fields[i] };
    }
    qsort(index.items, index.count, sizeof *index.items, by_name);
    return index;
}

/* The first field, or value of an enum, that is not known, or known as another. */
static const char *unknown_field(const struct syntax_block *known, const struct syntax_block *block,
                                 struct arena *arena)
{
    const char *name = block->map ? block->map : block->name;
    const struct index fields = fields_of(known, arena);

    for (size_t i = 0; i < block->field_count; i++) {
        const struct syntax_field *field = &block->fields[i], *same = find(&fields, field->name);

        if (!same || !same_field(same, field)) {
            return arena_printf(arena, "%s.%s%s", name, field->map ? field->map : field->name,
                                same ? " as it is now" : "");
        }
    }
    return NULL;
}

/* The first thing of the schema that the client does not know; NULL: it knows all. */
static const char *unknown_to(const struct prisma_schema *client, const struct prisma_schema *schema,
                              struct arena *arena)
{
    const struct index blocks = blocks_of(client, arena);
    const char *unknown = NULL;

    for (size_t i = 0; i < schema->block_count && !unknown; i++) {
        const struct syntax_block *block = &schema->blocks[i], *known = find(&blocks, block->name);

        if (!known || known->kind != block->kind) {
            unknown = arena_printf(arena, "%s %s", syntax_words[block->kind], block->name);
        } else if (!strings_same(known->map, block->map) || !strings_same(known->schema, block->schema)) {
            unknown = arena_printf(arena, "%s %s as it is now", syntax_words[block->kind], block->name);
        } else {
            unknown = unknown_field(known, block, arena);
        }
    }
    return unknown;
}

/* ---- telling ---- */

struct client {
    const char *path;     /* of its schema */
    const char *generate; /* the command that makes it */
    const struct prisma_schema *schema;
    struct findings *findings;
};

static const char *generate_command(const struct client *client)
{
    return arena_printf(client->findings->arena,
                        "# best at the image's build, after the dependencies are installed:\n%s", client->generate);
}

static void compare(const struct client *client, const struct prisma_schema *then)
{
    struct arena *arena = client->findings->arena;
    const char *missing = unknown_to(then, client->schema, arena);
    const char *surplus = missing ? NULL : unknown_to(client->schema, then, arena);

    if (missing || surplus) {
        finding_add(client->findings, FINDING_CLIENT_OLDER, client->path,
                    missing ? arena_printf(arena, "it does not know %s", missing)
                            : arena_printf(arena, "it knows %s, which is not in it any more", surplus),
                    generate_command(client));
    }
}

static void tell_not_installed(const struct client *client)
{
    finding_add(
        client->findings, FINDING_CLIENT_MISSING, client->path, "node_modules/" PACKAGE,
        arena_printf(client->findings->arena, "# best at the image's build:\nnpm install\n%s", client->generate));
}

/* `copied`: the generator leaves a copy of the schema. `schema`: where models without @@schema lie. */
static void look_at_folder(const struct client *client, const char *folder, bool copied, const char *schema)
{
    struct arena *arena = client->findings->arena;
    const char *copy = arena_printf(arena, "%s/" GENERATED_FROM, folder);
    struct prisma_schema then;
    struct error error;

    if (access(copied ? copy : folder, F_OK) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            finding_add(client->findings, FINDING_CLIENT_MISSING, client->path, folder, generate_command(client));
        }
    } else if (copied && prisma_schema_read(&then, copy, schema, arena, &error)) {
        compare(client, &then);
    }
}

/* Since 7 the CLI reads the URL neither from schema.prisma nor by itself from the environment: an image that was built
 * without the file can migrate nothing. */
static void look_for_config(const struct prisma_project *project, const struct tool_command *command,
                            struct findings *findings)
{
    const char *path = content_path(findings->arena, tool_command_cwd(command), "prisma.config.ts");

    if (project->major >= 7 && !project->config_file) {
        finding_add(findings, FINDING_PRISMA_CONFIG, arena_printf(findings->arena, "%u", project->major), path,
                    arena_printf(findings->arena,
                                 "# copy yours into the image; the least that will do:\n"
                                 "echo 'export default { datasource: { url: process.env.DATABASE_URL } };' > %s",
                                 shell_quote(path, findings->arena)));
    }
}

void client_diagnose(const struct config *config, const char *schema, struct findings *findings, struct arena *arena)
{
    struct prisma_project project;
    struct prisma_schema now;
    struct tool_command command;
    struct error error;

    if (strcmp(config->verify.prisma_schema, "off") == 0 || !project_find_schema(&project, config, arena) ||
        !prisma_schema_read(&now, project.schema, schema, arena, &error)) {
        return;
    }
    if (tool_command_find_prisma(&command, config, arena)) {
        look_for_config(&project, &command, findings);
    }

    const struct client client = { .path = project.schema,
                                   .generate = prisma_command(&command, "generate", arena),
                                   .schema = &now,
                                   .findings = findings };
    const char *cwd = tool_command_cwd(&command), *folder = client_folder(&now, cwd, arena);
    bool copied = now.client_provider && strcmp(now.client_provider, "prisma-client-js") == 0;

    if (folder) {
        look_at_folder(&client, folder, copied, schema);
    } else if (copied && lists_package(cwd, arena)) {
        tell_not_installed(&client);
    }
}
