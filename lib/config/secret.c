#include "config/secret.h"

#include "base/mask.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define PASSWORD_VARIABLE "PGPASSWORD"
#define CANDIDATES 16 /* @ signs that are looked at; a URL has one, or a few in an unencoded password */

/* Where a password stands in a text. */
struct span {
    const char *start;
    size_t length;
};

static const char *authority_of(const char *url)
{
    const char *scheme = strstr(url, "://");

    return scheme ? scheme + 3 : NULL;
}

/* user:password@: a password that is not encoded may hold every character, @ : / ? # included, so that more than one @
 * may be its end: the n-th possibility, or none. */
static bool userinfo_span(const char *url, unsigned n, struct span *span)
{
    const char *authority = authority_of(url);
    const char *colon = authority ? strchr(authority, ':') : NULL;
    const char *at = colon;

    do {
        at = at ? strchr(at + 1, '@') : NULL;
    } while (at && n--);
    if (!at) {
        return false;
    }
    *span = (struct span){ colon + 1, (size_t)(at - colon - 1) };
    return true;
}

/* What an = is followed by, up to where a query, a keyword string or a shell's word ends. */
static struct span value_span(const char *value)
{
    value += strspn(value, " ");

    const char *closing = *value == '\'' || *value == '"' ? strchr(value + 1, *value) : NULL;

    return closing ? (struct span){ value + 1, (size_t)(closing - value - 1) }
                   : (struct span){ value, strcspn(value, "& ;\t\n") };
}

/* PGPASSWORD=$NAME: what the shell puts in its place is not known here, and the name is no secret. */
static bool is_expanded(const char *name, struct span value)
{
    return strcmp(name, PASSWORD_VARIABLE) == 0 && *value.start == '$' && value.start[-1] != '\'';
}

/* The next password=… of a query or a keyword string, or PGPASSWORD=… of a shell, from *from on. */
static bool parameter_span(const char **from, struct span *span)
{
    static const char *const names[] = { "password", "sslpassword", "pass", PASSWORD_VARIABLE };

    for (const char *c = *from; (c = strchr(c, '=')) != NULL; c++) {
        const char *name = c;

        while (name > *from && name[-1] == ' ') {
            name--;
        }

        const char *end = name;

        while (name > *from && !strchr("?& ;\t\n'", name[-1])) {
            name--;
        }
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if ((size_t)(end - name) == strlen(names[i]) && strncasecmp(name, names[i], strlen(names[i])) == 0) {
                *span = value_span(c + 1);
                if (is_expanded(names[i], *span)) {
                    break;
                }
                *from = span->start + span->length;
                return true;
            }
        }
    }
    return false;
}

static void register_span(struct span span, struct arena *arena)
{
    if (span.length) {
        mask_add(arena_strndup(arena, span.start, span.length));
    }
}

void secret_of_url(const char *url)
{
    struct arena *arena;
    struct span span;

    if (!strpbrk(url, "@=")) {
        return;
    }
    arena = arena_new();
    for (const char *one = url; one; one = authority_of(one)) { /* a shell's line may hold several */
        for (unsigned n = 0; n < CANDIDATES && userinfo_span(one, n, &span); n++) {
            register_span(span, arena);
        }
    }
    for (const char *from = url; parameter_span(&from, &span);) {
        register_span(span, arena);
    }
    arena_free(arena);
}

/* Of other things' URLs only what is surely a password: http://host:8080/@scope has none. */
static void secret_of_strange_url(const char *url)
{
    const char *authority = authority_of(url);
    struct span span;

    if (!authority) {
        return;
    }

    size_t length = strcspn(authority, "/?#");
    struct arena *arena = arena_new();

    for (unsigned n = 0; n < CANDIDATES && userinfo_span(url, n, &span); n++) {
        if (span.start + span.length < authority + length) {
            register_span(span, arena);
        }
    }
    arena_free(arena);
}

void secret_of_variable(const char *assignment)
{
    static const char password[] = PASSWORD_VARIABLE "=";

    if (strncmp(assignment, password, sizeof password - 1) == 0) {
        mask_add(assignment + sizeof password - 1);
    } else if (!strstr(assignment, "://") || strstr(assignment, "postgres")) {
        secret_of_url(assignment);
    } else {
        secret_of_strange_url(assignment);
    }
}

void secret_of_environment(void)
{
    for (char **variable = environ; variable && *variable; variable++) {
        secret_of_variable(*variable);
    }
}

const char *secret_hide(const char *url, struct arena *arena)
{
    const char *hidden = url;
    struct span span, last = { 0 };

    /* The last @ that may end it: rather too much is hidden than too little. */
    for (unsigned n = 0; n < CANDIDATES && userinfo_span(hidden, n, &span); n++) {
        const char *query = strchr(hidden, '?');

        if (n == 0 || !query || span.start + span.length < query) {
            last = span;
        }
    }
    if (last.start) {
        hidden = arena_printf(arena, "%.*s***%s", (int)(last.start - hidden), hidden, last.start + last.length);
    }
    for (const char *from = hidden; parameter_span(&from, &span);) {
        size_t before = (size_t)(span.start - hidden);

        hidden = arena_printf(arena, "%.*s***%s", (int)before, hidden, span.start + span.length);
        from = hidden + before + 3;
    }
    return hidden;
}
