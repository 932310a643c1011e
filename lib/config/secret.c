#include "config/secret.h"

#include "base/mask.h"
#include "base/text.h"
#include "config/content.h"
#include "config/word.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define PASSWORD_VARIABLE "PGPASSWORD"
#define BLANKS " \t\r\n\f\v"
#define NAME_MOST 11 /* bytes of a parameter's name that is a password: sslpassword */
#define STARS "***"

/* A password that is not encoded may hold every character: how many of what may be its end are looked at. */
#define CANDIDATES 16 /* @ signs; a URL has one */
#define INSIDE 4      /* further URLs, or further settings */
#define EVERY UINT_MAX

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

/* Where the password of a URL ends at the latest. */
static const char *reach_of(const char *url)
{
    for (unsigned urls = 0; urls < INSIDE + 2; urls++) {
        const char *next = authority_of(url);

        if (!next) {
            return url + strlen(url);
        }
        url = next;
    }
    return url;
}

/* user:password@: @ : / ? # being some of the characters, more than one @ may be its end: the n-th possibility up to
 * `reach`, or none. */
static bool userinfo_span(const char *url, const char *reach, unsigned n, struct span *span)
{
    const char *authority = authority_of(url);
    const char *colon = authority ? memchr(authority, ':', (size_t)(reach - authority)) : NULL;
    const char *at = colon;

    do {
        at = at ? memchr(at + 1, '@', (size_t)(reach - at - 1)) : NULL;
    } while (at && n--);
    if (!at) {
        return false;
    }
    *span = (struct span){ colon + 1, (size_t)(at - colon - 1) };
    return true;
}

/* Whether ; is followed by a setting: NAME=value;NAME=value. */
static bool setting_follows(const char *semicolon)
{
    size_t name = strspn(semicolon + 1, WORD_NAME);

    return name && semicolon[1 + name] == '=';
}

/* How long a text is up to one of the bytes, or to the ; after which one setting more would follow; what a backslash
 * stands before is none of them (libpq manual, "Keyword/Value Connection Strings"). */
static size_t span_up_to(const char *text, const char *ends, unsigned settings)
{
    size_t length = 0;

    while (text[length] && !strchr(ends, text[length])) {
        if (text[length] == ';' && setting_follows(text + length) && settings-- == 0) {
            break;
        }
        length += text[length] == '\\' && text[length + 1] ? 2 : 1;
    }
    return length;
}

/* What an = is followed by, up to one of `ends`. */
static struct span value_span(const char *value, const char *ends, unsigned settings)
{
    value += strspn(value, BLANKS);
    if (*value == '\'' || *value == '"') {
        const char quote[] = { *value, '\0' };
        size_t length = span_up_to(value + 1, quote, EVERY);

        if (value[1 + length]) {
            return (struct span){ value + 1, length };
        }
    }
    return (struct span){ value, span_up_to(value, ends, settings) };
}

/* Where the value of a parameter ends: one that a query has, a shell's variable, one of a keyword string. */
static const char *ends_of(const char *text, const char *name, const char *known)
{
    bool query = name > text && strchr("?&", name[-1]);

    return query ? "&" BLANKS : strcmp(known, PASSWORD_VARIABLE) == 0 ? "&;" BLANKS : BLANKS;
}

/* PGPASSWORD=$NAME: what the shell puts in its place is not known here, and the name is no secret. */
static bool is_expanded(const char *name, const char *value)
{
    value += strspn(value, BLANKS);
    return strcmp(name, PASSWORD_VARIABLE) == 0 &&
           (*value == '$' || (value[0] == '"' && value[1] == '$' && strchr(value + 1, '"')));
}

/* The next password=… of a query or a keyword string, or PGPASSWORD=… of a shell, from *from on, and which settings its
 * value may hold. */
static bool parameter_span(const char **from, unsigned settings, struct span *span)
{
    static const char *const names[] = { "password", "sslpassword", "pass", "api_key", PASSWORD_VARIABLE };

    for (const char *c = *from; (c = strchr(c, '=')) != NULL; c++) {
        const char *name = c;

        while (name > *from && strchr(BLANKS, name[-1])) {
            name--;
        }

        const char *end = name;

        while (name > *from && end - name <= NAME_MOST && !strchr("?& ;\t\n'", name[-1])) {
            name--;
        }
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if ((size_t)(end - name) == strlen(names[i]) && strncasecmp(name, names[i], strlen(names[i])) == 0 &&
                !is_expanded(names[i], c + 1)) {
                *span = value_span(c + 1, ends_of(*from, name, names[i]), settings);
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

/* How long it is up to a ; that ends a shell's command, or one setting of several. */
static size_t up_to_semicolon(struct span span)
{
    const char *end = span.start + span.length;

    for (const char *c = span.start; (c = memchr(c, ';', (size_t)(end - c))) != NULL; c++) {
        if (c + 1 == end || setting_follows(c)) {
            return (size_t)(c - span.start);
        }
    }
    return span.length;
}

/* Also without a quote that may be the end of a shell's word. */
static void register_word(struct span span, struct arena *arena)
{
    register_span(span, arena);
    if (span.length && strchr("'\"", span.start[span.length - 1])) {
        register_span((struct span){ span.start, span.length - 1 }, arena);
    }
}

/* Also without what may be no part of it. Returns where the next parameter may begin. */
static const char *register_parameter(struct span span, struct arena *arena)
{
    const struct span first = { span.start, up_to_semicolon(span) };

    register_word(span, arena);
    if (first.length < span.length) {
        register_word(first, arena);
    }
    return first.start + first.length;
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
        const char *reach = reach_of(one);

        for (unsigned n = 0; n < CANDIDATES && userinfo_span(one, reach, n, &span); n++) {
            register_span(span, arena);
        }
    }
    for (const char *from = url; parameter_span(&from, INSIDE, &span);) {
        from = register_parameter(span, arena);
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

    const char *reach = authority + strcspn(authority, "/?#");
    struct arena *arena = arena_new();

    for (unsigned n = 0; n < CANDIDATES && userinfo_span(url, reach, n, &span); n++) {
        register_span(span, arena);
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

/* The last of the five fields of a line; what a backslash stands before is no colon (libpq manual, "The Password
 * File").
 */
static void secret_of_passfile_line(char *line)
{
    char *field = line, *out;

    for (int i = 0; i < 4; i++) {
        field += span_up_to(field, ":", EVERY);
        if (*field++ != ':') {
            return;
        }
    }
    mask_add(field);
    out = field;
    for (const char *c = field; *c; c++) {
        c += *c == '\\' && c[1];
        *out++ = *c;
    }
    *out = '\0';
    mask_add(field);
}

void secret_of_passfile(void)
{
    struct arena *arena = arena_new();
    const char *home = getenv("HOME"), *path = getenv("PGPASSFILE");
    size_t length;
    char *text;

    path = path && *path ? path : arena_printf(arena, "%s/.pgpass", home ? home : "");
    text = content_read(path, CONTENT_SMALL, &length, arena);
    for (char *end; text && *text; text = end) {
        end = text + strcspn(text, "\r\n");
        if (*end) {
            *end++ = '\0';
        }
        if (*text != '#') {
            secret_of_passfile_line(text);
        }
    }
    arena_free(arena);
}

void secret_of_environment(void)
{
    for (char **variable = environ; variable && *variable; variable++) {
        secret_of_variable(*variable);
    }
}

const char *secret_hide(const char *url, struct arena *arena)
{
    const char *hidden = url, *reach = url + strlen(url), *query = strchr(url, '?');
    struct span span, last = { 0 };

    /* The last @ that may end it: rather too much is hidden than too little. */
    for (unsigned n = 0; n < CANDIDATES && userinfo_span(url, reach, n, &span); n++) {
        if (n == 0 || !query || span.start + span.length < query) {
            last = span;
        }
    }
    if (last.start) {
        hidden = arena_printf(arena, "%.*s" STARS "%s", (int)(last.start - url), url, last.start + last.length);
    }

    size_t size = 2 * strlen(hidden) + 1; /* stars take no more than pass= */
    struct text shown = text_over(arena_alloc(arena, size), size);

    for (const char *from = hidden; parameter_span(&from, EVERY, &span); hidden = from) {
        text_bytes(&shown, hidden, (size_t)(span.start - hidden));
        text_string(&shown, STARS);
    }
    text_string(&shown, hidden);
    return shown.data;
}
