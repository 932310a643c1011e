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

/* The files of one folder; those below it are added to `folders`. */
static void doubt_settings_in(struct local *local, const char *path, struct strings *folders, const char *const *words,
                              size_t count)
{
    struct folder folder;

    if (folders->count > FOLDER_ENTRIES_MAX) {
        local_doubt(local, arena_printf(local->arena, "%s: there are too many folders", path));
        return;
    }
    if (!local_list(local, &folder, path)) {
        return;
    }
    for (size_t i = 0; i < folder.count && local->doubt == NULL; i++) {
        const char *name = folder.entries[i].name, *below = content_path(local->arena, path, name);

        if (folder.entries[i].kind == ENTRY_FOLDER) {
            strings_add(local->arena, folders, below);
        } else if (strings_end_with(name, ".rb") || strings_end_with(name, ".yml") || strings_end_with(name, ".rake")) {
            local_doubt_words(local, below, words, count);
        }
    }
}

/* Anything of Rails' configuration, or of what it and its tasks load, that may move the migrations or the ledger. */
static void doubt_rails_settings(struct local *local, const char *cwd)
{
    static const char *const words[] = { "migrations_path",   "db/migrate",        "search_path",
                                         "schema_migrations", "table_name_prefix", "table_name_suffix",
                                         "config/database" };
    static const char *const roots[] = { "config", "lib", "rakelib" };
    const size_t count = sizeof words / sizeof *words;
    struct arena *arena = local->arena;
    struct strings folders = { 0 };

    local_doubt_words(local, content_path(arena, cwd, "Rakefile"), words, count);
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        const char *path = content_path(arena, cwd, roots[i]);

        if (!content_is_missing(path)) {
            strings_add(arena, &folders, path);
        }
    }
    for (size_t i = 0; i < folders.count && local->doubt == NULL; i++) {
        doubt_settings_in(local, folders.items[i], &folders, words, count);
    }
}

/* A section with a URL is the one that Rails does not merge DATABASE_URL into. */
static bool is_our_url(const char *value, struct arena *arena)
{
    static const char *const ours[] = { "<%=ENV[DATABASE_URL]%>", "<%=ENV.fetch(DATABASE_URL)%>" };
    char *plain = arena_strndup(arena, value, strcspn(value, "\n")), *end = plain;

    for (const char *c = plain; *c != '\0'; c++) {
        if (strchr(" \t\r\"'", *c) == NULL) {
            *end++ = *c;
        }
    }
    *end = '\0';
    return STRINGS_AMONG(plain, ours);
}

/* A mapping in a mapping: production has several databases, each with a ledger of its own. And whose URL is none of
 * ours has its ledger who knows where. */
static void doubt_databases(struct local *local, const char *cwd)
{
    const char *path = content_path(local->arena, cwd, "config/database.yml");
    size_t length;
    const char *text = content_read(path, CONTENT_SMALL, &length, local->arena);

    for (const char *line = text; line != NULL && *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *key = line + strspn(line, " ");
        const char *value = key + strcspn(key, ":\n");

        if (*key == '#' || *value != ':') {
            continue;
        }
        value += 1 + strspn(value + 1, " \t\r");
        if (strncmp(key, "url:", strlen("url:")) == 0 && !is_our_url(value, local->arena)) {
            local_doubt(local, arena_printf(local->arena, "%s takes its URL from elsewhere than DATABASE_URL", path));
        }
        if (key == line ? value[strcspn(value, "{\n")] == '{' : *value == '\0' || strchr("\n#&{", *value) != NULL) {
            local_doubt(local, arena_printf(local->arena, "%s may name several databases", path));
        }
    }
}

/* Where there is none, rails and rake look for the application in the folders above. */
static void doubt_application(struct local *local, const char *cwd)
{
    static const char file[] = "config/application.rb";
    const char *path = content_find_up(cwd, file, local->arena);

    if (path != NULL && !content_is_same(path, content_path(local->arena, cwd, file))) {
        local_doubt(local, arena_printf(local->arena, "it runs in the folder of the application of %s", path));
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
    if (url_parameter(tool_command_url(local->command, local->config), "schema_search_path", local->arena) != NULL) {
        local_doubt(local, "the URL sets schema_search_path");
    }
    doubt_application(local, cwd);
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
