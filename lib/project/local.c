#include "project/local.h"

#include "config/content.h"
#include "config/url.h"

#include <errno.h>
#include <string.h>

bool local_doubt(struct local *local, const char *sentence)
{
    if (local->doubt == NULL) {
        local->doubt = sentence;
    }
    return false;
}

void local_note(struct local *local, const char *sentence)
{
    strings_add(local->arena, &local->wanted->notes, sentence);
}

struct wanted_migration *local_add(struct local *local, const char *name, const char *file)
{
    struct wanted *wanted = local->wanted;

    wanted->migrations = arena_grow(local->arena, wanted->migrations, wanted->migration_count, &local->capacity,
                                    sizeof *wanted->migrations);

    struct wanted_migration *migration = &wanted->migrations[wanted->migration_count++];

    *migration = (struct wanted_migration){ .name = name, .file = file };
    return migration;
}

bool local_list(struct local *local, struct folder *folder, const char *path)
{
    if (folder_read(folder, path, FOLDER_ENTRIES_MAX, local->arena)) {
        return true;
    }
    return local_doubt(local, arena_printf(local->arena, "%s: %s", path, strerror(errno)));
}

bool local_is_plain(struct local *local, const char *folder, const struct entry *entry)
{
    if (entry->kind == ENTRY_FILE) {
        return true;
    }
    return local_doubt(local, arena_printf(local->arena, "%s/%s is no regular file", folder, entry->name));
}

const char *local_url_parameter(struct local *local, const char *url, const char *name)
{
    if (url_repeats(url, name)) {
        local_doubt(local, arena_printf(local->arena, "the URL sets %s more than once", name));
    }
    return url_parameter(url, name, local->arena);
}

/* The role's name as it stands in a URL, where a parameter outdoes what stands before the host; "": none does. */
static const char *role_of(const char *url, struct arena *arena)
{
    const char *parameter = url_parameter(url, "user", arena);
    const char *scheme = url == NULL ? NULL : strstr(url, "://");
    const char *end = scheme == NULL ? NULL : strrchr(scheme, '@');

    if (parameter != NULL || end == NULL) {
        return parameter != NULL ? parameter : "";
    }
    return arena_strndup(arena, scheme + strlen("://"), strcspn(scheme + strlen("://"), ":@"));
}

void local_goes_by_search_path(struct local *local)
{
    static const char *const settings[] = { "PGOPTIONS" };
    const struct config *config = local->config;
    struct arena *arena = local->arena;
    const char *url = tool_command_url(local->command, config);
    const char *const options[] = { /* the tool's, and of the session that reads the ledger in its stead */
                                    url_parameter(url, "options", arena),
                                    tool_command_variable(local->command, config, "PGOPTIONS"),
                                    url_parameter(config->database.url, "options", arena)
    };

    if (url_parameter(url, "role", arena) != NULL) { /* of Go's driver alone: ours drops it */
        local_doubt(local, "the URL sets a role, which may have another search_path");
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (options[i] != NULL && strstr(options[i], "search_path") != NULL) {
            local_doubt(local, "the connection's options set search_path");
        }
    }
    if (strcmp(role_of(config->database.url, arena), role_of(url, arena)) != 0) {
        local_doubt(local, "the role of database.direct_url may have another search_path than that of database.url");
    }
    local_doubt_words(local, content_path(arena, tool_command_cwd(local->command), ".env"), settings, 1);
    local->wanted->history_schema = "public";
    local->wanted->history_first = true;
}

/* Blanks out the comments that YAML, Ruby, TOML and .env have in common: from a # that begins a word, outside of
 * quotes, to the end of its line. What may be none stays: a doubt too many costs a history, one too few a migration. */
static void blank_comments(char *text, size_t length)
{
    const char *start = text, *end = text + length;
    char quote = '\0';

    for (; text < end; text++) {
        if (*text == '\n') {
            quote = '\0';
        } else if (quote != '\0') {
            quote = *text == quote ? '\0' : quote;
            text += *text == '\\';
        } else if (*text == '"' || *text == '\'') {
            quote = *text;
        } else if (*text == '#' && text[1] != '{' && (text == start || strchr(" \t\r\n", text[-1]) != NULL)) {
            memset(text, ' ', strcspn(text, "\r\n"));
        }
    }
}

void local_doubt_words(struct local *local, const char *path, const char *const *words, size_t count)
{
    size_t length;
    char *text = content_read(path, CONTENT_SMALL, &length, local->arena);

    if (text == NULL && errno != ENOENT && errno != ENOTDIR) {
        local_doubt(local, arena_printf(local->arena, "%s: %s", path, strerror(errno)));
    }
    if (text != NULL) {
        blank_comments(text, length);
    }
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (memmem(text, length, words[i], strlen(words[i])) != NULL) {
            local_doubt(local, arena_printf(local->arena, "%s speaks of %s", path, words[i]));
        }
    }
}
