#include "config/reading.h"

#include "config/content.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE_PREFIX "PGENTRY_"
#define VARIABLE_CONFIG "PGENTRY_CONFIG"
#define MOUNTED "_FILE"

static bool usable(const struct key *key, enum rank rank)
{
    return key && (!key->preset_only || rank == RANK_PRESET);
}

void collect_map(struct reading *reading, const struct node *map, const char *prefix)
{
    for (const struct node *child = map->first; child; child = child->next) {
        const char *path = arena_printf(reading->arena, "%s%s", prefix, child->key);
        const struct key *key = key_find(&config_keys, path);
        bool dotted = strchr(child->key, '.') != NULL;

        if (usable(key, child->source->rank) && !dotted) {
            reading->loaded->values[key_index(key)][child->source->rank] = child;
        } else if (usable(key, child->source->rank)) {
            (void)complain_key(reading, child, "unknown key %s: write its parts as maps, as in wait: {timeout: 60s}",
                               path);
        } else if (!key && !dotted && key_section(&config_keys, path)) {
            if (child->kind == NODE_MAP) {
                collect_map(reading, child, arena_printf(reading->arena, "%s.", path));
            } else if (!node_null(child)) {
                (void)complain(reading, child, "%s must be a map of keys, not %s", path, node_kind_name(child));
            }
        } else {
            (void)complain_key(reading, child, "unknown key %s: %s", path,
                               key_advice(&config_keys, path, reading->arena));
        }
    }
}

/* Relative to the working directory; in its own words in messages. */
static const char *find_file(const struct config_request *request)
{
    static const char *const places[] = { "pgentry.yaml", "/etc/pgentry.yaml" };
    const char *named = request->file ? request->file : variable_set(VARIABLE_CONFIG);

    if (named && *named) {
        return named;
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct stat entry;

        /* One that is there but cannot be read, or leads nowhere, is an error, not a reason to pass it over. */
        if (lstat(places[i], &entry) == 0 || errno != ENOENT) {
            return places[i];
        }
    }
    return NULL;
}

static bool collect_file(struct reading *reading, const char *path)
{
    const struct source *source = source_new(RANK_FILE, path, reading->arena);
    const struct node *whole = node_new(source, "", reading->arena);
    size_t length;
    char *bytes = content_read(path, CONTENT_SMALL, &length, reading->arena);

    if (!bytes) {
        return complain(reading, whole, "%s", content_problem(path, CONTENT_SMALL, reading->arena));
    }

    const struct node *root = document_parse(source, bytes, length, reading->errors, reading->arena);

    if (root && root->kind != NODE_MAP) {
        return complain(reading, root, "the configuration must be a map of keys, not %s", node_kind_name(root));
    }
    if (root) {
        collect_map(reading, root, "");
    }
    return root;
}

/* A value from outside a file. */
static void collect_value(struct reading *reading, const struct key *key, const struct source *source, const char *text)
{
    const struct node *node = node_new(source, text, reading->arena);

    if (!text_utf8_valid(text, strlen(text))) {
        (void)complain(reading, node, "%s is not UTF-8", key->path);
    } else if ((node = value_node(reading, key, source, text)) != NULL) {
        reading->loaded->values[key_index(key)][source->rank] = node;
    }
}

static void warn_unknown(struct reading *reading, const char *name)
{
    const char *names[1 + CONFIG_KEYS_MAX] = { VARIABLE_CONFIG };
    char buffer[KEY_VARIABLE_TEXT];
    size_t count = 1;

    for (size_t i = 0; i < config_keys.count; i++) {
        if (!config_keys.rows[i].preset_only) {
            names[count++] = arena_strdup(reading->arena, key_variable(&config_keys.rows[i], buffer));
        }
    }
    strings_add(reading->arena, &reading->config->warnings,
                arena_printf(reading->arena, "the environment variable %s is no key of the configuration%s", name,
                             key_meant(strings_nearest(name, names, count), reading->arena)));
}

/* The key that NAME_FILE stands for, if it does and NAME is not set. */
static const struct key *key_of_mounted(struct reading *reading, const char *name, const char **unset)
{
    size_t length = strlen(name), end = sizeof MOUNTED - 1;

    if (length <= end || strcmp(name + length - end, MOUNTED) != 0) {
        return NULL;
    }
    *unset = arena_strndup(reading->arena, name, length - end);
    return key_of_variable(*unset);
}

/* As if NAME were named in the configuration. */
static void collect_mounted(struct reading *reading, const struct key *key, const struct source *source,
                            const char *name)
{
    const char *text = arena_printf(reading->arena, "${%s}", name);
    bool failed = false;

    if (variable_set(name)) {
        return;
    }
    if (key->literal) { /* there ${NAME} is none */
        text = variable_value(reading, node_new(source, "", reading->arena), name, &failed);
    }
    if (text) {
        collect_value(reading, key, source, text);
    }
}

static void collect_environment(struct reading *reading)
{
    for (char **variable = environ; variable && *variable; variable++) {
        const char *value = strchr(*variable, '='), *unset;

        if (!value || strncmp(*variable, VARIABLE_PREFIX, sizeof VARIABLE_PREFIX - 1) != 0) {
            continue;
        }

        const char *name = arena_strndup(reading->arena, *variable, (size_t)(value - *variable));
        const struct key *found = key_of_variable(name), *mounted;
        const struct source *source = source_new(RANK_ENVIRONMENT, name, reading->arena);

        if (found && value[1]) {
            collect_value(reading, found, source, value + 1);
        } else if (!found && (mounted = key_of_mounted(reading, name, &unset)) != NULL) {
            if (value[1]) {
                collect_mounted(reading, mounted, source, unset);
            }
        } else if (!found && strcmp(name, VARIABLE_CONFIG) != 0) {
            warn_unknown(reading, name);
        }
    }
}

/* What a --set that names no key should have been. */
static const char *setting_advice(struct reading *reading, const char *path)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct key *key = &config_keys.rows[i];
        size_t length = strlen(key->path);

        if (strncmp(path, key->path, length) == 0 && (path[length] == '.' || path[length] == '[')) {
            return arena_printf(reading->arena, "what is inside %s can only be set in the file", key->path);
        }
    }
    if (key_section(&config_keys, path)) {
        const char *below = arena_printf(reading->arena, "%s.", path);

        return arena_printf(reading->arena, "%s is a group of keys; %s", path,
                            key_advice(&config_keys, below, reading->arena));
    }
    return arena_printf(reading->arena, "unknown key %s: %s", path, key_advice(&config_keys, path, reading->arena));
}

static const struct key *key_of_setting(const char *assignment)
{
    return key_find_part(&config_keys, assignment, strcspn(assignment, "="));
}

static void collect_setting(struct reading *reading, const struct setting *setting)
{
    const char *equals = strchr(setting->assignment, '=');
    const struct key *key = key_of_setting(setting->assignment);
    bool set = strcmp(setting->origin, "--set") == 0;
    /* a URL without its key: it may hold a = itself, so that it is hidden before it is cut */
    const char *hidden = secret_hide(setting->assignment, reading->arena);
    const char *shown = arena_strndup(reading->arena, hidden, strcspn(hidden, "="));
    const char *origin = set ? arena_printf(reading->arena, "--set %s", shown) : setting->origin;
    const struct source *source = source_new(RANK_SETTING, origin, reading->arena);
    const struct node *node = node_new(source, "", reading->arena);

    if (!equals) {
        (void)complain(reading, node, "expected KEY=VALUE");
    } else if (!usable(key, RANK_SETTING)) {
        (void)complain(reading, node, "%s", setting_advice(reading, shown));
    } else {
        collect_value(reading, key, source, equals + 1);
    }
}

bool config_setting_is_secret(const char *assignment)
{
    const struct key *key = key_of_setting(assignment);

    return key && key->secret && strchr(assignment, '=');
}

bool collect_sources(struct reading *reading, const struct config_request *request)
{
    const char *file = request->no_file ? NULL : find_file(request);
    bool readable = true;

    reading->config->file = file;
    if (file) {
        readable = collect_file(reading, file);
    }
    collect_environment(reading);
    for (size_t i = 0; i < request->setting_count; i++) {
        collect_setting(reading, &request->settings[i]);
    }
    return readable;
}
