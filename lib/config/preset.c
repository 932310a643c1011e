#include "config/preset.h"

#include "config/content.h"
#include "config/package.h"
#include "config/reading.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define SQL_FILES_MAX 32 /* of db/migrations that are looked into */

/* Whether a file's content holds a word. What is there and may not be read is taken to: the tool, run, tells why. */
static bool file_holds(const char *path, const char *word, struct arena *arena)
{
    size_t length;
    const char *content = content_read(path, CONTENT_SMALL, &length, arena);

    return content ? strstr(content, word) != NULL : errno == EACCES && content_is_file(path);
}

static bool has_file(const char *folder, const char *name, struct arena *arena)
{
    return content_is_file(content_path(arena, folder, name));
}

static bool has_any(const char *folder, const char *const *names, struct arena *arena)
{
    while (*names && !has_file(folder, *names, arena)) {
        names++;
    }
    return *names;
}

static bool is_django(const char *folder, struct arena *arena)
{
    return file_holds(content_path(arena, folder, "manage.py"), "django", arena);
}

static bool is_alembic(const char *folder, struct arena *arena)
{
    return has_file(folder, "alembic.ini", arena);
}

static bool is_rails(const char *folder, struct arena *arena)
{
    return has_file(folder, "bin/rails", arena) && has_file(folder, "config/application.rb", arena);
}

/* The folder may hold thousands: it is read up to the first that tells, not listed. */
static bool is_dbmate(const char *folder, struct arena *arena)
{
    const char *migrations = content_path(arena, folder, "db/migrations");
    DIR *open = opendir(migrations);
    bool found = !open && content_is_folder(migrations);
    unsigned looked = 0;

    for (struct dirent *entry; open && !found && looked < SQL_FILES_MAX && (entry = readdir(open)) != NULL;) {
        if (strings_end_with(entry->d_name, ".sql")) {
            looked++;
            found = file_holds(content_path(arena, migrations, entry->d_name), "-- migrate:up", arena);
        }
    }
    if (open) {
        (void)closedir(open);
    }
    return found;
}

static bool is_node_pg_migrate(const char *folder, struct arena *arena)
{
    if (!content_is_folder(content_path(arena, folder, "migrations"))) {
        return false;
    }

    const struct strings packages = package_dependencies(content_path(arena, folder, "package.json"), arena);

    return strings_contain(&packages, "node-pg-migrate");
}

static bool is_knex(const char *folder, struct arena *arena)
{
    return has_any(folder, (const char *const[]){ "knexfile.js", "knexfile.cjs", "knexfile.mjs", "knexfile.ts", NULL },
                   arena);
}

static bool is_drizzle(const char *folder, struct arena *arena)
{
    return has_any(folder,
                   (const char *const[]){ "drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs",
                                          "drizzle.config.cjs", "drizzle.config.json", NULL },
                   arena);
}

/* Behind Prisma, and in this order: a migrations folder may be anything's, a knexfile stands in for little else. */
static const struct tool {
    const char *preset;
    bool (*is)(const char *folder, struct arena *arena);
    const char *tells; /* the command that tells what is applied, where pgentry does not read it */
} tools[] = {
    { "django", is_django, "python3 manage.py showmigrations" },
    { "alembic", is_alembic, "alembic current" },
    { "rails", is_rails, NULL },
    { "dbmate", is_dbmate, NULL },
    { "node-pg-migrate", is_node_pg_migrate, NULL },
    { "knex", is_knex, "npx knex migrate:list" },
    { "drizzle", is_drizzle, "psql \"$DATABASE_URL\" -c 'TABLE drizzle.__drizzle_migrations'" }, /* has none */
};
#define TOOL_COUNT (sizeof tools / sizeof tools[0])

/* verify.prisma_schema is seen from our folder. */
static bool find_project(struct reading *reading)
{
    const char *schema = reading->config->verify.prisma_schema;
    bool path = schema && *schema && strcmp(schema, "off") != 0; /* not verified, and still Prisma's */

    return prisma_project_find(&reading->project, reading->folder,
                               path && strcmp(reading->folder, ".") == 0 ? schema : "auto", reading->arena);
}

bool preset_prisma(struct reading *reading, struct prisma_project *project)
{
    if (reading->looked == PROJECT_UNKNOWN) {
        reading->looked = find_project(reading) ? PROJECT_FOUND : PROJECT_NONE;
    }
    *project = reading->project;
    return reading->looked == PROJECT_FOUND;
}

static const char *other_than_prisma(const char *folder, struct arena *arena)
{
    for (size_t i = 0; i < TOOL_COUNT; i++) {
        if (tools[i].is(folder, arena)) {
            return tools[i].preset;
        }
    }
    return NULL;
}

const char *preset_of(const char *folder, struct arena *arena)
{
    struct prisma_project project;

    return prisma_project_find(&project, folder, NULL, arena) ? "prisma" : other_than_prisma(folder, arena);
}

const char *preset_detect(struct reading *reading)
{
    struct prisma_project project;
    bool prisma = preset_prisma(reading, &project);
    const char *name = prisma ? "prisma" : other_than_prisma(reading->folder, reading->arena);

    return name ? name : "none";
}

const char *preset_with(enum history history)
{
    return key_find(&config_keys, "migrate.history")->words[history];
}

const char *preset_tells(const char *preset)
{
    for (size_t i = 0; i < TOOL_COUNT; i++) {
        if (strcmp(tools[i].preset, preset) == 0) {
            return tools[i].tells;
        }
    }
    return NULL;
}

const struct node *preset_document(struct reading *reading, const char *name)
{
    for (size_t i = 0; i < preset_count; i++) {
        if (strcmp(preset_texts[i].name, name) == 0) {
            const struct source *source =
                source_new(RANK_PRESET, arena_printf(reading->arena, "preset %s", name), reading->arena);

            return document_parse(source, (const char *)preset_texts[i].bytes, preset_texts[i].length, reading->errors,
                                  reading->arena);
        }
    }
    return NULL;
}
