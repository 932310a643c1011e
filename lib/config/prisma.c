#include "config/prisma.h"
#include "config/content.h"
#include "config/folder.h"
#include "config/package.h"
#include "config/prisma_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned installed_major(const char *folder, struct arena *arena)
{
    const char *path = content_find_up(folder, "node_modules/prisma/package.json", arena);
    const char *version = path == NULL ? NULL : package_string(path, NULL, "version", arena);
    unsigned long major = version == NULL ? 0 : strtoul(version, NULL, 10);

    return major > 1000 ? 0 : (unsigned)major;
}

/* What "prisma": {"schema": …} of the nearest package.json names, or NULL. */
static const char *package_schema(const char *folder, struct arena *arena)
{
    const char *path = content_find_up(folder, "package.json", arena);
    const char *schema = path == NULL ? NULL : package_string(path, "prisma", "schema", arena);

    return schema == NULL ? NULL : content_path(arena, content_folder(arena, path), schema);
}

/* In the order of the CLI's loader (c12 in @prisma/config): the place, a file before a folder's index, the extension.
 */
static const char *config_file(const char *folder, unsigned major, struct arena *arena)
{
    static const char *const extensions[] = { "js", "ts", "mjs", "cjs", "mts", "cts" };
    static const struct place {
        const char *stem;
        unsigned since; /* the major version that looks there first */
    } places[] = {
        { "prisma7.config", 7 },        { ".config/prisma7", 7 },
        { "prisma.config", 0 },         { "prisma.config/index", 0 },
        { ".config/prisma", 0 },        { ".config/prisma/index", 0 },
        { ".config/prisma.config", 0 }, { ".config/prisma.config/index", 0 },
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bool known = major == 0 || major >= places[i].since;

        for (size_t j = 0; known && j < sizeof extensions / sizeof *extensions; j++) {
            const char *name = arena_printf(arena, "%s.%s", places[i].stem, extensions[j]);
            const char *path = content_path(arena, folder, name);

            if (content_is_file(path)) {
                return path;
            }
        }
    }
    return NULL;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Adds what lies in one folder: schema files to `files`, folders to `folders`. Symbolic links are followed. */
static bool list_folder(const char *path, struct strings *files, struct strings *folders, struct arena *arena)
{
    struct folder folder;
    bool read = folder_read(&folder, path, FOLDER_ENTRIES_MAX, arena);

    for (size_t i = 0; read && i < folder.count; i++) {
        const char *name = folder.entries[i].name, *below = content_path(arena, path, name);

        if (content_is_folder(below)) {
            strings_add(arena, folders, below);
        } else if (strings_end_with(name, ".prisma")) {
            strings_add(arena, files, below);
        }
    }
    return read;
}

bool prisma_schema_files(const char *path, struct strings *files, struct arena *arena)
{
    struct strings folders = { 0 };

    if (!content_is_folder(path)) {
        strings_add(arena, files, path);
        return true;
    }
    strings_add(arena, &folders, path);
    for (size_t i = 0; i < folders.count; i++) {
        if (i >= PRISMA_FOLDERS_MAX) {
            errno = ELOOP;
            return false;
        }
        if (!list_folder(folders.items[i], files, &folders, arena)) {
            return false;
        }
    }
    if (files->count > 1) {
        qsort(files->items, files->count, sizeof *files->items, by_name);
    }
    return true;
}

/* "datasource NAME {", and no field of that name. */
static bool is_datasource(const char *line)
{
    static const char word[] = "datasource";

    if (strncmp(line, word, strlen(word)) != 0) {
        return false;
    }

    const char *name = line + strlen(word) + strspn(line + strlen(word), " \t");
    const char *behind = name + strcspn(name, " \t\r\n{");

    return name > line + strlen(word) && behind[strspn(behind, " \t")] == '{';
}

/* From the line that begins it, good enough to tell in which file of a folder the datasource stands; NULL: not
 * in this one. */
static const char *find_datasource(const char *path, struct arena *arena)
{
    size_t length;
    const char *text = content_read(path, CONTENT_SCHEMA, &length, arena);

    while (text != NULL && *text != '\0') {
        text += strspn(text, " \t\r\n");
        if (is_datasource(text)) {
            return text;
        }
        text += strcspn(text, "\r\n");
    }
    return NULL;
}

/* The datasource of a schema, and the file that it stands in; NULL: none was found. */
static const char *schema_datasource(const char *schema, const char **file, struct arena *arena)
{
    struct strings files = { 0 };
    const char *datasource = NULL;
    bool read = prisma_schema_files(schema, &files, arena);

    for (size_t i = 0; read && i < files.count && datasource == NULL; i++) {
        *file = files.items[i];
        datasource = find_datasource(*file, arena);
    }
    return datasource;
}

/* Whether its datasource, as one usually writes it, takes the URL from that variable and names no other beside it. */
static bool takes_url_from(const char *schema, const char *variable, struct arena *arena)
{
    const char *value = arena_printf(arena, "env(\"%s\")", variable), *file;
    const char *datasource = schema == NULL ? NULL : schema_datasource(schema, &file, arena);
    bool taken = false;

    while (datasource != NULL && *datasource != '\0' && *datasource != '}') {
        const char *name = datasource;
        size_t length = strcspn(name, " \t\r\n=");
        const char *behind = name + length + strspn(name + length, " \t=");

        if (length == strlen("directUrl") && strncmp(name, "directUrl", length) == 0) {
            return false;
        }
        taken |=
            length == strlen("url") && strncmp(name, "url", length) == 0 && strncmp(behind, value, strlen(value)) == 0;
        datasource += strcspn(datasource, "\n");
        datasource += strspn(datasource, " \t\r\n");
    }
    return taken;
}

/* The folder of the file with the datasource: the CLI looks for migrations beside it. */
static const char *datasource_folder(const char *schema, struct arena *arena)
{
    const char *file = schema;
    bool told = !content_is_folder(schema) || schema_datasource(schema, &file, arena) != NULL;

    return told ? content_folder(arena, file) : schema;
}

static void find_migrations(struct prisma_project *project, const char *folder, struct arena *arena)
{
    const char *beside = content_path(arena, datasource_folder(project->schema, arena), "migrations");
    const char *const candidates[] = {
        beside,
        content_path(arena, content_folder(arena, project->schema), "migrations"), /* of a folder, before Prisma 6.6 */
        content_path(arena, folder, "prisma/migrations"),
    };

    for (size_t i = 0; i < sizeof candidates / sizeof *candidates && project->migrations == NULL; i++) {
        if (!content_is_missing(candidates[i])) {
            project->migrations = candidates[i];
        }
    }
}

/* A folder counts only if there is a schema in it: `prisma/schema` may as well hold something else. In one that cannot
 * be read there may be one. */
static bool has_schema(const char *path, struct arena *arena)
{
    struct strings files = { 0 };

    if (!content_is_folder(path)) {
        return !content_is_missing(path);
    }
    return !prisma_schema_files(path, &files, arena) || files.count > 0;
}

static const char *default_schema(const char *folder, struct arena *arena)
{
    static const char *const places[] = { "schema.prisma", "prisma/schema.prisma", "prisma/schema" };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *path = content_path(arena, folder, places[i]);

        if (has_schema(path, arena)) {
            return path;
        }
    }
    return NULL;
}

/* Takes the first of the places that names a schema; one that names a missing one ends the search, as in the CLI. */
static void find_schema(struct prisma_project *project, const struct prisma_paths *paths, const char *folder,
                        const char *configured, bool named_config, struct arena *arena)
{
    const char *package = package_schema(folder, arena);
    const struct {
        const char *path;
        const char *by;
    } named[] = {
        { configured == NULL ? NULL : content_path(arena, folder, configured), NULL },
        { paths->schema, project->config_file },
        { paths->doubtful & PRISMA_SCHEMA || project->major >= 7 ? NULL : package,
          "package.json" }, /* Prisma 7 reads it no more */
    };

    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i].path == NULL) {
            continue;
        }
        if (content_is_missing(named[i].path)) {
            project->missing = named[i].path;
            project->missing_by = named[i].by;
        } else {
            project->schema = named[i].path;
        }
        return;
    }
    /* Prisma 7 looks around a config file that was named to it. */
    project->schema = default_schema(
        project->major >= 7 && named_config ? content_folder(arena, project->config_file) : folder, arena);
}

static void read_config_file(struct prisma_project *project, struct prisma_paths *paths, const char *folder,
                             struct arena *arena)
{
    size_t length;
    const char *text = content_read(project->config_file, CONTENT_SMALL, &length, arena);

    if (text == NULL) {
        paths->doubtful = PRISMA_ALL;
    } else {
        prisma_config_parse(paths, project->config_file, text, folder, arena);
    }
    if (paths->doubtful & (PRISMA_SCHEMA | PRISMA_MIGRATIONS)) {
        project->doubt = arena_printf(arena, "%s names its paths by expressions", project->config_file);
    } else if (paths->doubt != NULL) {
        project->doubt = arena_printf(arena, "%s %s", project->config_file, paths->doubt);
    }
    project->url_variables = paths->url_variables;
}

bool prisma_project_find_with(struct prisma_project *project, const char *folder, const char *configured,
                              const char *named_config, struct arena *arena)
{
    struct prisma_paths paths = { 0 };

    configured = configured != NULL && strcmp(configured, "auto") == 0 ? NULL : configured;
    *project = (struct prisma_project){ .major = installed_major(folder, arena) };
    project->config_file =
        named_config == NULL ? config_file(folder, project->major, arena) : content_path(arena, folder, named_config);
    if (project->config_file != NULL) {
        read_config_file(project, &paths, folder, arena);
    }
    find_schema(project, &paths, folder, configured, named_config != NULL, arena);
    project->schema_doubtful = configured == NULL && paths.doubtful & PRISMA_SCHEMA;
    project->url_doubtful =
        paths.doubtful & PRISMA_URL ||
        (paths.url_variables.count > 0 && !takes_url_from(project->schema, paths.url_variables.items[0], arena));
    if (paths.migrations != NULL && !(paths.doubtful & PRISMA_MIGRATIONS)) {
        project->migrations = content_is_missing(paths.migrations) ? NULL : paths.migrations;
    } else if (project->schema != NULL && project->doubt == NULL) {
        find_migrations(project, folder, arena);
    }
    return project->schema != NULL;
}

bool prisma_project_find(struct prisma_project *project, const char *folder, const char *configured,
                         struct arena *arena)
{
    return prisma_project_find_with(project, folder, configured, NULL, arena);
}
