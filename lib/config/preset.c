#include "config/preset.h"

#include "config/content.h"
#include "config/package.h"

#include <dirent.h>
#include <string.h>

#define SQL_FILES_MAX 32 /* of db/migrations that are looked into */

/* Whether a file's content holds a word. */
static bool file_holds(const char *path, const char *word, struct arena *arena)
{
    size_t length;
    const char *content = content_read(path, CONTENT_SMALL, &length, arena);

    return content && strstr(content, word);
}

static bool any_file(const char *const *paths)
{
    while (*paths && !content_is_file(*paths)) {
        paths++;
    }
    return *paths;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);

    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static bool is_django(struct arena *arena)
{
    return file_holds("manage.py", "django", arena);
}

static bool is_alembic(struct arena *arena)
{
    (void)arena;
    return content_is_file("alembic.ini");
}

static bool is_rails(struct arena *arena)
{
    (void)arena;
    return content_is_file("bin/rails") && content_is_file("config/application.rb");
}

static bool is_dbmate(struct arena *arena)
{
    DIR *folder = opendir("db/migrations");
    bool found = false;
    unsigned looked = 0;

    for (struct dirent *entry; folder && !found && looked < SQL_FILES_MAX && (entry = readdir(folder)) != NULL;) {
        if (ends_with(entry->d_name, ".sql")) {
            looked++;
            found = file_holds(arena_printf(arena, "db/migrations/%s", entry->d_name), "-- migrate:up", arena);
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    return found;
}

static bool is_node_pg_migrate(struct arena *arena)
{
    return content_is_folder("migrations") && package_depends_on("package.json", "node-pg-migrate", arena);
}

static bool is_knex(struct arena *arena)
{
    (void)arena;
    return any_file((const char *const[]){ "knexfile.js", "knexfile.cjs", "knexfile.mjs", "knexfile.ts", NULL });
}

static bool is_drizzle(struct arena *arena)
{
    (void)arena;
    return any_file((const char *const[]){ "drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs",
                                           "drizzle.config.cjs", "drizzle.config.json", NULL });
}

/* In this order: a Prisma project may hold a migrations folder of anything, a knexfile stands in for little else. */
static const struct detector {
    const char *name;
    bool (*is)(struct arena *arena);
} detectors[] = {
    { "django", is_django },
    { "alembic", is_alembic },
    { "rails", is_rails },
    { "dbmate", is_dbmate },
    { "node-pg-migrate", is_node_pg_migrate },
    { "knex", is_knex },
    { "drizzle", is_drizzle },
};

/* verify.prisma_schema is seen from our folder; a step in another one has its own look-up. */
static bool find_project(struct reading *reading, const char *folder, struct prisma_project *project)
{
    const char *schema = reading->config->verify.prisma_schema;
    bool path = schema && *schema && strcmp(schema, "off") != 0; /* not verified, and still Prisma's */

    return prisma_project_find(project, folder, path && strcmp(folder, ".") == 0 ? schema : "auto", reading->arena);
}

bool preset_prisma(struct reading *reading, const char *folder, struct prisma_project *project)
{
    if (strcmp(folder, ".") != 0) {
        return find_project(reading, folder, project);
    }
    if (reading->looked == PROJECT_UNKNOWN) {
        reading->looked = find_project(reading, folder, &reading->project) ? PROJECT_FOUND : PROJECT_NONE;
    }
    *project = reading->project;
    return reading->looked == PROJECT_FOUND;
}

const char *preset_detect(struct reading *reading)
{
    struct prisma_project project;

    if (preset_prisma(reading, ".", &project)) {
        return "prisma";
    }
    for (size_t i = 0; i < sizeof detectors / sizeof detectors[0]; i++) {
        if (detectors[i].is(reading->arena)) {
            return detectors[i].name;
        }
    }
    return "none";
}

const struct node *preset_document(struct reading *reading, const char *name)
{
    for (size_t i = 0; i < preset_count; i++) {
        if (strcmp(preset_texts[i].name, name) == 0) {
            struct source *source = arena_alloc(reading->arena, sizeof *source);

            *source = (struct source){ RANK_PRESET, arena_printf(reading->arena, "preset %s", name) };
            return document_parse(source, (const char *)preset_texts[i].bytes, preset_texts[i].length, reading->errors,
                                  reading->arena);
        }
    }
    return NULL;
}
