#include "config/package.h"
#include "config/content.h"

#include <jansson.h>

#define PACKAGE_MAX ((size_t)1 << 20) /* bytes */

const char *package_string(const char *path, const char *section, const char *key, struct arena *arena)
{
    size_t length;
    const char *text = content_read(path, PACKAGE_MAX, &length, arena);
    json_t *package = text == NULL ? NULL : json_loadb(text, length, 0, NULL);
    const json_t *object = section == NULL ? package : json_object_get(package, section);
    const char *value = json_string_value(json_object_get(object, key));
    const char *copy = value == NULL ? NULL : arena_strdup(arena, value);

    json_decref(package);
    return copy;
}
