#include "config/package.h"
#include "config/content.h"

#include <jansson.h>

/* npm puts a mark in the place of bytes that are no UTF-8, and passes over a byte order mark: a script that it runs is
 * found. */
static json_t *load(char *text, size_t length)
{
    json_t *package = json_loadb(text, length, 0, NULL);

    if (package) {
        return package;
    }
    for (size_t i = 0; i < length; i++) {
        text[i] = text[i] & 0x80 ? ' ' : text[i];
    }
    return json_loadb(text, length, 0, NULL);
}

const char *package_string(const char *path, const char *section, const char *key, struct arena *arena)
{
    size_t length;
    char *text = content_read(path, CONTENT_SMALL, &length, arena);
    json_t *package = text == NULL ? NULL : load(text, length);
    const json_t *object = section == NULL ? package : json_object_get(package, section);
    const char *value = json_string_value(json_object_get(object, key));
    const char *copy = value == NULL ? NULL : arena_strdup(arena, value);

    json_decref(package);
    return copy;
}
