#include "config/url.h"

#include "base/percent.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static char *decoded(const char *text, size_t length, struct arena *arena)
{
    char *result = arena_alloc(arena, length + 1);

    percent_decode(text, length, result);
    return result;
}

const char *url_parameter(const char *url, const char *name, struct arena *arena)
{
    bool is_url = url != NULL && (strstr(url, "://") != NULL || strncasecmp(url, "jdbc:", strlen("jdbc:")) == 0);
    const char *at = is_url ? strchr(url, '?') : NULL;
    size_t length = strlen(name);

    for (; at != NULL; at = strchr(at, '&')) {
        at++;
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            const char *value = decoded(at + length + 1, strcspn(at + length + 1, "&#"), arena);

            return *value == '\0' ? NULL : value;
        }
    }
    return NULL;
}

/* The first of a search_path, as the server reads it: folded unless it is quoted. NULL for the role's own. */
static const char *first_of_path(const char *path, struct arena *arena)
{
    bool quoted = *path == '"';
    char *first = arena_strndup(arena, path + quoted, strcspn(path + quoted, quoted ? "\"" : ", "));

    for (char *c = first; !quoted && *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return *first == '\0' || strcmp(first, "$user") == 0 ? NULL : first;
}

const char *url_schema(const char *url, struct arena *arena)
{
    const char *schema = url_parameter(url, "schema", arena);
    const char *path = schema == NULL ? url_parameter(url, "currentSchema", arena) : NULL;

    return path == NULL ? schema : first_of_path(path, arena);
}
