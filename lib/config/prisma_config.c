#include "config/prisma_config.h"
#include "config/content.h"
#include "config/script.h"

#include <stddef.h>
#include <string.h>

static bool ends_value(const struct token *token)
{
    return is_one_mark(token, ",}");
}

/* Where a path begins: the folders of the config file and of the process. */
struct places {
    const char *config;
    const char *process;
};

static size_t match_start(const struct token *token, const struct places *places, const char **start)
{
    static const struct {
        const char *tokens[6];
        bool process; /* its folder, not the config file's */
    } forms[] = {
        { { "__dirname" }, false },
        { { "import", ".", "meta", ".", "dirname" }, false },
        { { "process", ".", "cwd", "(", ")" }, true },
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t length = match_tokens(token, forms[i].tokens);

        if (length > 0) {
            *start = forms[i].process ? places->process : places->config;
            return length;
        }
    }
    return 0;
}

/* path.join('a', 'b'), join(__dirname, 'a'), path.resolve(process.cwd(), 'a'). */
static const char *parse_join(const struct token *token, const struct places *places, struct arena *arena)
{
    if (is_word(token, "path") && is_mark(token + 1, '.')) {
        token += 2;
    }

    bool resolve = is_word(token, "resolve");

    if (!resolve && !is_word(token, "join")) {
        return NULL;
    }
    if (!is_mark(++token, '(')) {
        return NULL;
    }

    const char *result = resolve ? places->process : places->config;

    do {
        size_t length = match_start(++token, places, &result);

        if (length > 0) {
            token += length;
        } else if (token->kind == STRING) {
            result = content_path(arena, result, token->text);
            token++;
        } else {
            return NULL;
        }
    } while (is_mark(token, ','));
    return is_mark(token, ')') && ends_value(token + 1) ? result : NULL;
}

static const char *parse_path(const struct token *token, const struct places *places, struct arena *arena)
{
    if (token->kind == STRING && ends_value(token + 1)) {
        return content_path(arena, places->config, token->text);
    }
    return parse_join(token, places, arena);
}

/* ---- the object ---- */

struct reader {
    struct prisma_paths *paths;
    struct places places;
    struct arena *arena;
};

struct property {
    const char *name; /* NULL: computed, with escapes, a spread, a method */
    const struct token *value;
    const struct token *end; /* the comma or bracket behind it */
};

typedef void take_property(struct reader *reader, const struct property *property);

static void doubt(struct reader *reader, const char *what)
{
    if (reader->paths->doubt == NULL) {
        reader->paths->doubt = what;
    }
}

static void mark(struct reader *reader, unsigned doubtful)
{
    reader->paths->doubtful |= doubtful;
    if (doubtful == PRISMA_URL) {
        doubt(reader, "names its URL by an expression");
    }
}

/* To the comma or bracket that ends a value. */
static const struct token *value_end(const struct token *token)
{
    size_t depth = 0;

    for (; token->kind != END; token++) {
        bool closes = is_one_mark(token, ")]}");

        if (depth == 0 && (closes || is_mark(token, ','))) {
            break;
        }
        depth += is_one_mark(token, "([{");
        depth -= closes;
    }
    return token;
}

/* The property at *at, which moves behind it. False at the end of the object. */
static bool next_property(const struct token **at, struct property *property)
{
    const struct token *token = *at;

    if (token->kind == END || is_one_mark(token, ")]}")) {
        return false;
    }

    bool named = (token->kind == WORD || token->kind == STRING) && (is_mark(token + 1, ':') || ends_value(token + 1));

    property->name = named ? token->text : NULL;
    property->value = named && is_mark(token + 1, ':') ? token + 2 : token + 1;
    property->end = value_end(named ? property->value : token);
    *at = is_mark(property->end, ',') ? property->end + 1 : property->end;
    return true;
}

/* Behind the object that begins at `open`. What is not understood in it may name one of `named`. */
static const struct token *read_object(struct reader *reader, const struct token *open, take_property *take,
                                       unsigned named)
{
    const struct token *at = open + 1;
    struct property property;

    while (is_mark(open, '{') && next_property(&at, &property)) {
        if (property.name == NULL) {
            mark(reader, named);
        } else {
            take(reader, &property);
        }
    }
    if (!is_mark(open, '{') || !is_mark(at, '}')) {
        mark(reader, named);
        return at;
    }
    return at + 1;
}

static void take_path(struct reader *reader, const char **path, const struct property *property, unsigned named)
{
    const char *value = parse_path(property->value, &reader->places, reader->arena);

    if (*path != NULL || value == NULL) {
        mark(reader, named);
    } else {
        *path = value;
    }
}

/* env('A'), process.env.A, process.env['A']: how many tokens, and the name. */
static size_t match_variable(const struct token *token, const char **name)
{
    static const struct {
        const char *tokens[5];
        enum kind name;
        char closing; /* the mark behind the name; '\0': none */
    } forms[] = {
        { { "env", "(" }, STRING, ')' },
        { { "process", ".", "env", "[" }, STRING, ']' },
        { { "process", ".", "env", "." }, WORD, '\0' },
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t length = match_tokens(token, forms[i].tokens);
        bool closed = forms[i].closing != '\0';

        if (length > 0 && token[length].kind == forms[i].name &&
            (!closed || is_mark(token + length + 1, forms[i].closing))) {
            *name = token[length].text;
            return length + 1 + closed;
        }
    }
    return 0;
}

/* Variables, alternatives by ?? or ||, of which the last may be a literal. */
static bool parse_url(struct strings *names, const struct property *property, struct arena *arena)
{
    const struct token *token = property->value;

    for (;;) {
        const char *name;
        size_t length = match_variable(token, &name);

        if (length > 0) {
            strings_add(arena, names, name);
            token += length;
            token += is_mark(token, '!');
            token += is_word(token, "as") && is_word(token + 1, "string") ? 2 : 0;
        } else {
            return names->count > 0 && token->kind == STRING && token + 1 == property->end;
        }
        if (token == property->end) {
            return true;
        }
        if (!is_one_mark(token, "?|") || !is_mark(token + 1, token->mark)) {
            return false;
        }
        token += 2;
    }
}

static void take_datasource(struct reader *reader, const struct property *property)
{
    struct strings *names = &reader->paths->url_variables;

    if (strcmp(property->name, "directUrl") == 0 ||
        (strcmp(property->name, "url") == 0 && (names->count > 0 || !parse_url(names, property, reader->arena)))) {
        mark(reader, PRISMA_URL);
    }
}

static void take_migrations(struct reader *reader, const struct property *property)
{
    if (strcmp(property->name, "path") == 0) {
        take_path(reader, &reader->paths->migrations, property, PRISMA_MIGRATIONS);
    }
}

static void take_object(struct reader *reader, const struct property *property, take_property *take, unsigned named)
{
    if (read_object(reader, property->value, take, named) != property->end) {
        mark(reader, named);
    }
}

static void take_root(struct reader *reader, const struct property *property)
{
    if (strcmp(property->name, "schema") == 0) {
        take_path(reader, &reader->paths->schema, property, PRISMA_SCHEMA);
    } else if (strcmp(property->name, "adapter") == 0) {
        doubt(reader, "connects by an adapter of its own");
    } else if (strcmp(property->name, "migrations") == 0) {
        take_object(reader, property, take_migrations, PRISMA_MIGRATIONS);
    } else if (strcmp(property->name, "datasource") == 0) {
        take_object(reader, property, take_datasource, PRISMA_URL);
    }
}

/* ---- the program around it ---- */

/* Modules that change neither the configuration nor what is set in the environment already. */
static bool is_harmless(const char *module)
{
    static const char *const modules[] = {
        "prisma",        "prisma/config", "@prisma/config", "dotenv",    "dotenv/config",
        "dotenv-expand", "@next/env",     "path",           "node:path", "url",
        "node:url",      "process",       "node:process",   "fs",        "node:fs"
    };

    return STRINGS_AMONG(module, modules);
}

/* import … 'module', const … = require('module'). NULL if it is something else. */
static const struct token *skip_import(struct reader *reader, const struct token *token)
{
    static const char *const require[] = { "=", "require", "(", NULL };
    bool import = is_word(token, "import");

    if (!import && !is_word(token, "const")) {
        return NULL;
    }
    for (token++; token->kind == WORD || is_one_mark(token, "{},*:"); token++) {
    }
    if (!import) {
        size_t length = match_tokens(token, require);

        if (length == 0 || !is_mark(token + length + 1, ')')) {
            return NULL;
        }
        token += length;
    }
    if (token->kind != STRING) {
        return NULL;
    }
    if (!is_harmless(token->text)) {
        doubt(reader, arena_printf(reader->arena, "imports %s", token->text));
    }
    return token + (import ? 1 : 2);
}

/* dotenv.config({ path: '…' }): a call that leaves what is set alone. NULL if it is something else. */
static const struct token *skip_call(const struct token *token)
{
    static const char *const setting[] = { "env", "override", "assign", "function" };

    if (token->kind != WORD) {
        return NULL;
    }
    for (token++; is_mark(token, '.') && token[1].kind == WORD; token += 2) {
    }
    if (!is_mark(token, '(')) {
        return NULL;
    }

    const struct token *end = value_end(token + 1);

    for (; token < end; token++) {
        if (token->kind == WORD && STRINGS_AMONG(token->text, setting)) {
            return NULL;
        }
    }
    return is_mark(end, ')') ? end + 1 : NULL;
}

/* To what is exported. NULL if something before it is not understood. */
static const struct token *find_export(struct reader *reader, const struct token *token)
{
    static const char *const forms[][5] = { { "export", "default", NULL }, { "module", ".", "exports", "=", NULL } };

    while (token != NULL && token->kind != END) {
        size_t length = match_tokens(token, forms[0]);

        length = length > 0 ? length : match_tokens(token, forms[1]);
        if (length > 0) {
            return token + length;
        }

        const struct token *next = skip_import(reader, token);

        next = next != NULL ? next : skip_call(token);
        next = next != NULL ? next : token->kind == STRING ? token + 1 : NULL; /* 'use strict' */
        token = next != NULL && is_mark(next, ';') ? next + 1 : next;
    }
    return NULL;
}

/* defineConfig({ … }) or { … }, with a type behind it, and nothing more. */
static bool read_export(struct reader *reader, const struct token *token)
{
    bool call = is_word(token, "defineConfig") && is_mark(token + 1, '(');

    token += call ? 2 : 0;
    if (!is_mark(token, '{')) {
        return false;
    }
    token = read_object(reader, token, take_root, PRISMA_ALL);
    token += call && is_mark(token, ',');
    if (call && !is_mark(token++, ')')) {
        return false;
    }
    if (is_word(token, "satisfies") || is_word(token, "as")) {
        while (token->kind == WORD || is_one_mark(token, "<>[].")) {
            token++;
        }
    }
    token += is_mark(token, ';');
    return token->kind == END;
}

void prisma_config_parse(struct prisma_paths *paths, const char *file, const char *text, const char *folder,
                         struct arena *arena)
{
    bool broken;
    const struct token *tokens = script_tokens(text, &broken, arena);
    struct reader reader = { paths, { .config = content_folder(arena, file), .process = folder }, arena };

    *paths = (struct prisma_paths){ 0 };

    const struct token *exported = find_export(&reader, tokens);

    if (exported == NULL || !read_export(&reader, exported) || broken) {
        mark(&reader, PRISMA_ALL);
    }
}
