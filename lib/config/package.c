#include "config/package.h"
#include "config/content.h"

#include <jansson.h>

/* npm puts a mark in the place of bytes that are no UTF-8, and passes over a byte order mark: a script that it runs is
 * found. NULL if the file cannot be read. */
static json_t *load(const char *path, struct arena *arena)
{
    size_t length;
    char *text = content_read(path, CONTENT_SMALL, &length, arena);
    json_t *package = text == NULL ? NULL : json_loadb(text, length, 0, NULL);

    if (text == NULL || package) {
        return package;
    }
    for (size_t i = 0; i < length; i++) {
        text[i] = text[i] & 0x80 ? ' ' : text[i];
    }
    return json_loadb(text, length, 0, NULL);
}

const char *package_string(const char *path, const char *section, const char *key, struct arena *arena)
{
    json_t *package = load(path, arena);
    const json_t *object = section == NULL ? package : json_object_get(package, section);
    const char *value = json_string_value(json_object_get(object, key));
    const char *copy = value == NULL ? NULL : arena_strdup(arena, value);

    json_decref(package);
    return copy;
}

bool package_depends_on(const char *path, const char *name, struct arena *arena)
{
    static const char *const sections[] = { "dependencies", "devDependencies", "optionalDependencies" };
    json_t *package = load(path, arena);
    bool found = false;

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        found = found || json_object_get(json_object_get(package, sections[i]), name);
    }
    json_decref(package);
    return found;
}

const struct variable *package_strings(const char *path, const char *section, size_t *count, struct arena *arena)
{
    json_t *package = load(path, arena), *object = json_object_get(package, section), *value;
    struct variable *strings = arena_array(arena, json_object_size(object), sizeof *strings);
    const char *key;

    *count = 0;
    json_object_foreach(object, key, value)
    {
        if (json_is_string(value)) {
            strings[(*count)++] =
                (struct variable){ arena_strdup(arena, key), arena_strdup(arena, json_string_value(value)) };
        }
    }
    json_decref(package);
    return strings;
}
