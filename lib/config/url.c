#include "config/url.h"

#include "base/percent.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define NAME_MOST 64 /* bytes of a parameter's name, be each letter of it encoded */

static char *decoded(const char *text, size_t length, struct arena *arena)
{
    char *result = arena_alloc(arena, length + 1);

    percent_decode(text, length, result);
    return result;
}

static bool spells(const char *text, size_t length, const char *name)
{
    char plain[NAME_MOST];

    return length <= sizeof plain && percent_decode(text, length, plain) == strlen(name) &&
           memcmp(plain, name, strlen(name)) == 0;
}

/* The text behind the next `name=` of the query, from a ? or & on; NULL: there is none. */
static const char *next_value(const char *at, const char *name)
{
    for (; at != NULL; at = strchr(at, '&')) {
        at++;

        size_t length = strcspn(at, "=&#");

        if (at[length] == '=' && spells(at, length, name)) {
            return at + length + 1;
        }
    }
    return NULL;
}

static const char *first_value(const char *url, const char *name)
{
    bool is_url = url != NULL && (strstr(url, "://") != NULL || strncasecmp(url, "jdbc:", strlen("jdbc:")) == 0);

    return next_value(is_url ? strchr(url, '?') : NULL, name);
}

const char *url_parameter(const char *url, const char *name, struct arena *arena)
{
    const char *last = NULL;

    for (const char *value = first_value(url, name); value != NULL; value = next_value(strchr(value, '&'), name)) {
        last = value;
    }

    const char *value = last != NULL ? decoded(last, strcspn(last, "&#"), arena) : "";

    return *value == '\0' ? NULL : value;
}

bool url_repeats(const char *url, const char *name)
{
    const char *value = first_value(url, name);

    return value != NULL && next_value(strchr(value, '&'), name) != NULL;
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
