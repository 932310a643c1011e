#include "project/local.h"

#include "config/content.h"
#include "config/url.h"

#include <errno.h>
#include <string.h>

/* ^[0-9]+_[_a-z0-9]*\.?[_a-z0-9]*\.rb$ */
static bool is_rails_name(const char *name)
{
    static const char letters[] = "_abcdefghijklmnopqrstuvwxyz0123456789";

    name += strspn(name, "0123456789");
    if (*name++ != '_') {
        return false;
    }
    name += strspn(name, letters);
    if (strcmp(name, ".rb") == 0) {
        return true;
    }
    if (*name++ != '.') {
        return false;
    }
    name += strspn(name, letters);
    return strcmp(name, ".rb") == 0;
}

/* Rails: [0-9]*_*.rb at any depth; recorded is the number. A name that its stricter pattern refuses makes it fail. */
static void add_rails(struct local *local, const char *folder, const char *name)
{
    const char *number = name + strspn(name, "0");
    size_t digits = strspn(number, "0123456789");

    if (*name < '0' || *name > '9' || strchr(name, '_') == NULL || !strings_end_with(name, ".rb")) {
        return;
    }
    if (!is_rails_name(name)) {
        local_doubt(local, arena_printf(local->arena, "%s/%s is a name that Rails refuses", folder, name));
        return;
    }
    local_add(local, digits == 0 ? "0" : arena_strndup(local->arena, number, digits),
              content_path(local->arena, folder, name));
}

/* Anything of Rails' configuration that may move the migrations or the ledger. */
static void doubt_rails_settings(struct local *local, const char *cwd)
{
    static const char *const words[] = { "migrations_path",   "db/migrate",        "schema_search_path", "search_path",
                                         "schema_migrations", "table_name_prefix", "table_name_suffix" };
    static const char *const folders[] = { "config", "config/environments", "config/initializers" };
    struct arena *arena = local->arena;
    size_t count = sizeof words / sizeof *words;

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = content_path(arena, cwd, folders[i]);
        struct folder folder;

        if (!folder_read(&folder, path, FOLDER_ENTRIES_MAX, arena)) {
            if (errno != ENOENT) {
                local_doubt(local, arena_printf(arena, "%s: %s", path, strerror(errno)));
            }
            continue;
        }
        for (size_t k = 0; k < folder.count && local->doubt == NULL; k++) {
            const char *name = folder.entries[k].name;

            if (strings_end_with(name, ".rb") || strings_end_with(name, ".yml")) {
                local_doubt_words(local, content_path(arena, path, name), words, count);
            }
        }
    }
}

/* A mapping in a mapping: production has several databases, each with a ledger of its own. */
static void doubt_databases(struct local *local, const char *cwd)
{
    const char *path = content_path(local->arena, cwd, "config/database.yml");
    size_t length;
    const char *text = content_read(path, CONTENT_SMALL, &length, local->arena);

    for (const char *line = text; line != NULL && *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *key = line + strspn(line, " ");
        const char *value = key + strcspn(key, ":\n");

        if (key == line || *key == '#' || *value != ':') {
            continue;
        }
        value += 1 + strspn(value + 1, " \t\r");
        if (*value == '\0' || strchr("\n#&{", *value) != NULL) {
            local_doubt(local, arena_printf(local->arena, "%s may name several databases", path));
        }
    }
}

/* Engines in the project bring migrations of their own. */
static void doubt_engines(struct local *local, const char *cwd)
{
    static const char *const words[] = { "path:", ":path", "path \"", "path '" };
    static const char *const folders[] = { "engines", "packs", "components" };

    local_doubt_words(local, content_path(local->arena, cwd, "Gemfile"), words, sizeof words / sizeof *words);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = content_path(local->arena, cwd, folders[i]);

        if (content_is_folder(path)) {
            local_doubt(local, arena_printf(local->arena, "%s may bring migrations of its own", path));
        }
    }
}

static void list_rails(struct local *local, const char *path, struct strings *folders)
{
    struct folder folder;

    if (!local_list(local, &folder, path)) {
        return;
    }
    for (size_t i = 0; i < folder.count && local->doubt == NULL; i++) {
        const struct entry *entry = &folder.entries[i];

        if (entry->name[0] == '.') {
            continue;
        }
        if (entry->kind == ENTRY_FOLDER) {
            strings_add(local->arena, folders, content_path(local->arena, path, entry->name));
        } else if (local_is_plain(local, path, entry)) {
            add_rails(local, path, entry->name);
        }
    }
}

void local_collect_rails(struct local *local)
{
    static const char *const variables[] = { "VERSION", "SCOPE", "PRIMARY_DATABASE_URL" };
    const char *cwd = tool_command_cwd(local->command);
    struct strings folders = { 0 };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (tool_command_variable(local->command, local->config, variables[i]) != NULL) {
            local_doubt(local, arena_printf(local->arena, "%s is set in the environment", variables[i]));
        }
    }
    if (url_parameter(config_step_url(local->config), "schema_search_path", local->arena) != NULL) {
        local_doubt(local, "the URL sets schema_search_path");
    }
    doubt_rails_settings(local, cwd);
    doubt_databases(local, cwd);
    doubt_engines(local, cwd);
    local_goes_by_search_path(local);
    strings_add(local->arena, &folders, content_path(local->arena, cwd, "db/migrate"));
    for (size_t i = 0; i < folders.count && local->doubt == NULL; i++) {
        if (i < FOLDER_ENTRIES_MAX) {
            list_rails(local, folders.items[i], &folders);
        } else {
            local_doubt(local, "db/migrate has too many folders");
        }
    }
}
