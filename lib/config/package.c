#include "config/package.h"
#include "config/config.h"
#include "config/content.h"

#include <jansson.h>
#include <string.h>

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

struct strings package_dependencies(const char *path, struct arena *arena)
{
    static const char *const sections[] = { "dependencies", "devDependencies", "optionalDependencies" };
    json_t *package = load(path, arena), *version;
    struct strings names = { 0 };
    const char *name;

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        json_object_foreach(json_object_get(package, sections[i]), name, version)
        {
            strings_add(arena, &names, name);
        }
    }
    json_decref(package);
    return names;
}

const struct variable *package_scripts(const char *path, size_t *count, struct arena *arena)
{
    json_t *package = load(path, arena), *scripts = json_object_get(package, "scripts"), *value;
    struct variable *strings = arena_array(arena, json_object_size(scripts), sizeof *strings);
    const char *name;

    *count = 0;
    json_object_foreach(scripts, name, value)
    {
        if (json_is_string(value)) {
            strings[(*count)++] = (struct variable){ .name = arena_strdup(arena, name),
                                                     .value = arena_strdup(arena, json_string_value(value)) };
        }
    }
    json_decref(package);
    return strings;
}

struct package {
    const char *file;
    const struct variable *scripts;
    size_t count;
    const struct package *next;
};

struct packages {
    struct arena *arena;
    const struct package *first;
};

struct packages *packages_new(struct arena *arena)
{
    struct packages *packages = arena_alloc(arena, sizeof *packages);

    *packages = (struct packages){ .arena = arena };
    return packages;
}

static const struct package *package_of(struct packages *packages, const char *file)
{
    const struct package *known = packages->first;

    while (known && strcmp(known->file, file) != 0) {
        known = known->next;
    }
    if (!known) {
        struct package *package = arena_alloc(packages->arena, sizeof *package);

        *package = (struct package){ .file = file, .next = packages->first };
        package->scripts = package_scripts(file, &package->count, packages->arena);
        packages->first = known = package;
    }
    return known;
}

const char *packages_script(struct packages *packages, const char *file, const char *name)
{
    const struct package *package = package_of(packages, file);

    for (size_t i = 0; i < package->count; i++) {
        if (strcmp(package->scripts[i].name, name) == 0) {
            return package->scripts[i].value;
        }
    }
    return NULL;
}
