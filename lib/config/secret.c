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

/* user:password@. A password that is not encoded may hold @ : / ? #, so that more than one @ may be its end: the n-th
 * of them up to `reach`. False if there are not so many. */
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

/* What ends a password, and what ends it or is a part of it. */
struct ends {
    const char *sure, *doubtful;
};

/* Whether ; is followed by nothing or by a setting: NAME=value;NAME=value. */
static bool semicolon_divides(const char *semicolon)
{
    size_t name = strspn(semicolon + 1, WORD_NAME);

    return semicolon[1] == '\0' || strchr(BLANKS, semicolon[1]) || (name && semicolon[1 + name] == '=');
}

/* How long a text is up to its end: a sure one, or the doubtful one behind `inside` others. What a backslash stands
 * before ends nothing (libpq manual, "Keyword/Value Connection Strings"). */
static size_t span_up_to(const char *text, const struct ends *ends, unsigned inside)
{
    size_t length = 0;

    while (text[length] && !strchr(ends->sure, text[length])) {
        bool doubtful =
            strchr(ends->doubtful, text[length]) && (text[length] != ';' || semicolon_divides(text + length));

        if (doubtful && inside-- == 0) {
            break;
        }
        length += text[length] == '\\' && text[length + 1] ? 2 : 1;
    }
    return length;
}

/* A password behind the = of its name: the longest and the shortest text that it may be. */
struct parameter {
    struct span widest, narrowest;
};

static struct parameter parameter_up_to(const char *value, const struct ends *ends, unsigned inside)
{
    return (struct parameter){ { value, span_up_to(value, ends, inside) }, { value, span_up_to(value, ends, 0) } };
}

/* The parameter `known` stands at `name`, its value behind the = at `equals`. */
static struct parameter parameter_at(const char *from, const char *name, const char *known, const char *equals,
                                     unsigned inside)
{
    static const struct ends of_query = { "&\r\n", ";" BLANKS }, of_shell = { "&;" BLANKS, "" },
                             of_keywords = { BLANKS, ";" };
    const char *value = equals + 1 + strspn(equals + 1, BLANKS);

    if (name > from && strchr("?&", name[-1])) {
        return parameter_up_to(value, &of_query, inside);
    }
    if (*value == '\'' || *value == '"') {
        const char quote[] = { *value, '\0' };
        struct parameter quoted = parameter_up_to(value + 1, &(struct ends){ quote, "" }, 0);

        if (quoted.widest.start[quoted.widest.length]) {
            return quoted;
        }
    }
    return parameter_up_to(value, strcmp(known, PASSWORD_VARIABLE) == 0 ? &of_shell : &of_keywords, inside);
}

/* PGPASSWORD=$NAME: what the shell puts in its place is not known here, and the name is no secret. */
static bool is_expanded(const char *name, const char *value)
{
    return strcmp(name, PASSWORD_VARIABLE) == 0 &&
           (*value == '$' || (value[0] == '"' && value[1] == '$' && strchr(value + 1, '"')));
}

/* The next password=… of a query or a keyword string, or PGPASSWORD=… of a shell, from `from` on. */
static bool next_parameter(const char *from, unsigned inside, struct parameter *parameter)
{
    static const char *const names[] = { "password", "sslpassword", "pass", "api_key", PASSWORD_VARIABLE };

    for (const char *c = from; (c = strchr(c, '=')) != NULL; c++) {
        const char *name = c;

        while (name > from && strchr(BLANKS, name[-1])) {
            name--;
        }

        const char *end = name;

        while (name > from && end - name <= NAME_MOST && !strchr("?& ;\t\n'\"", name[-1])) {
            name--;
        }
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if ((size_t)(end - name) == strlen(names[i]) && strncasecmp(name, names[i], strlen(names[i])) == 0 &&
                !is_expanded(names[i], c + 1)) {
                *parameter = parameter_at(from, name, names[i], c, inside);
                return true;
            }
        }
    }
    return false;
}

static const char *end_of(struct span span)
{
    return span.start + span.length;
}

static void register_span(struct span span, struct arena *arena)
{
    if (span.length) {
        mask_add(arena_strndup(arena, span.start, span.length));
    }
}

/* Also up to the first quote that may be the end of a shell's word. */
static void register_word(struct span span, struct arena *arena)
{
    register_span(span, arena);
    for (const char *c = span.start; c < end_of(span); c++) {
        if (strchr("'\"", *c) && (c + 1 == end_of(span) || strchr(BLANKS, c[1]))) {
            register_span((struct span){ span.start, (size_t)(c - span.start) }, arena);
            break;
        }
    }
}

void secret_of_url(const char *url)
{
    struct arena *arena;
    struct parameter parameter;
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
    for (const char *from = url; next_parameter(from, INSIDE, &parameter); from = end_of(parameter.narrowest)) {
        register_word(parameter.widest, arena);
        register_word(parameter.narrowest, arena);
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
    static const struct ends colon = { ":", "" };
    char *field = line, *out;

    for (int i = 0; i < 4; i++) {
        field += span_up_to(field, &colon, 0);
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

void secret_of_passfile(const char *path)
{
    struct arena *arena = arena_new();
    size_t length;
    char *text = content_read(path, CONTENT_SMALL, &length, arena);

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

static void secret_of_usual_passfile(void)
{
    const char *home = getenv("HOME"), *path = getenv("PGPASSFILE");
    struct arena *arena = arena_new();

    secret_of_passfile(path && *path ? path : arena_printf(arena, "%s/.pgpass", home ? home : ""));
    arena_free(arena);
}

void secret_of_environment(void)
{
    secret_of_usual_passfile();
    for (char **variable = environ; variable && *variable; variable++) {
        secret_of_variable(*variable);
    }
}

/* The widest that may be the password of the next URL, from `from` on: its first @ ends it, or the last of those before
 * a query's first parameter, ?NAME=. */
static bool next_userinfo(const char *from, const char *reach, struct span *span)
{
    if (!userinfo_span(from, reach, 0, span)) {
        return false;
    }

    bool query = false;

    for (const char *c = end_of(*span); c < reach && !(query && *c == '='); c++) {
        if (*c == '@') {
            span->length = (size_t)(c - span->start);
        }
        query = *c == '?' || (query && *c != '@');
    }
    return true;
}

/* Stars for the span; what overlaps what was hidden before it is hidden with that. */
static void hide(struct text *shown, const char **from, struct span span)
{
    if (span.start >= *from) {
        text_bytes(shown, *from, (size_t)(span.start - *from));
        text_string(shown, STARS);
    }
    *from = end_of(span) > *from ? end_of(span) : *from;
}

const char *secret_hide(const char *url, struct arena *arena)
{
    size_t length = strlen(url), size = 2 * length + 1; /* stars take no more than pass= */
    struct text shown = text_over(arena_alloc(arena, size), size);
    const char *from = url, *reach = url + length;
    struct span span;
    struct parameter parameter;
    bool userinfo = next_userinfo(url, reach, &span), named = next_parameter(url, EVERY, &parameter);

    while (userinfo || named) {
        if (userinfo && (!named || span.start < parameter.widest.start)) {
            hide(&shown, &from, span);
            userinfo = next_userinfo(end_of(span), reach, &span);
        } else {
            hide(&shown, &from, parameter.widest);
            named = next_parameter(end_of(parameter.widest), EVERY, &parameter);
        }
    }
    text_string(&shown, from);
    return shown.data;
}
