#include "project/prisma_syntax.h"

#include <string.h>

const char *const syntax_words[] = { [SYNTAX_MODEL] = "model", [SYNTAX_VIEW] = "view", [SYNTAX_ENUM] = "enum" };

void syntax_note(struct syntax *syntax, const struct scan_source *source, const char *place, const char *what,
                 struct arena *arena)
{
    if (syntax->notes.count < SYNTAX_NOTES_MAX) {
        strings_add(arena, &syntax->notes, arena_printf(arena, "%s: %s", scan_place(source, place, arena), what));
    }
}

/* One token inside brackets; *named: see parse_arguments(). False on an error; brackets are counted by the caller. */
static bool argument_token(struct scan *scan, bool outermost, const char **label, const char **named)
{
    if (scan_at(scan, '"')) {
        const char *string = scan_string(scan);

        if (string == NULL) {
            return false;
        }
        if (outermost && *named == NULL && (*label == NULL || strcmp(*label, "name") == 0)) {
            *named = string;
        }
        return true;
    }

    const char *word = scan_word(scan);

    if (word == NULL) {
        if (scan_at(scan, ',') && outermost) {
            *label = NULL;
        }
        scan_any(scan);
        return true;
    }
    if (!scan_blank(scan)) {
        return false;
    }
    if (scan_at(scan, ':') && outermost) {
        *label = word;
    }
    return true;
}

/* "( … )", with brackets of all kinds and strings inside. Line ends are let pass, though Prisma 6 to 8 refuse them.
 * *named: the first string without a name, or with the name `name`; it stays NULL if there is none. */
static bool parse_arguments(struct scan *scan, const char **named)
{
    const char *open = scan->at;
    const char *label = NULL;
    size_t depth = 0, braces = 0;

    do {
        if (!scan_blank_lines(scan)) {
            return false;
        }
        if (scan->at == scan->end || (scan_at(scan, '}') && braces == 0)) {
            return scan_fail(scan, open, "this ( is not closed");
        }
        if (strchr("([{", *scan->at) != NULL && *scan->at != '\0') {
            braces += *scan->at == '{';
            depth++;
            scan->at++;
        } else if (strchr(")]}", *scan->at) != NULL && *scan->at != '\0') {
            braces -= *scan->at == '}';
            depth--;
            scan->at++;
        } else if (!argument_token(scan, depth == 1, &label, named)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

/* After the @ or @@: the name, which may have dots, and *named of the arguments if there are any. */
static bool parse_attribute(struct scan *scan, const char **name, const char **named)
{
    *named = NULL;
    if (!scan_blank(scan)) {
        return false;
    }

    const char *start = scan->at;

    while (scan_word(scan) != NULL && scan_take(scan, '.')) {
    }
    if (scan->at == start) {
        return scan_fail(scan, start, "the name of an attribute is missing");
    }
    *name = arena_strndup(scan->arena, start, (size_t)(scan->at - start));
    if (!scan_blank(scan)) {
        return false;
    }
    return !scan_at(scan, '(') || parse_arguments(scan, named);
}

/* An empty name is none. */
static const char *some(const char *name)
{
    return name != NULL && *name != '\0' ? name : NULL;
}

/* What follows a field's type or an enum's value: attributes, then what future versions may add. */
static bool parse_tail(struct scan *scan, struct syntax_field *field)
{
    for (;;) {
        const char *name = "", *named;

        if (!scan_blank(scan)) {
            return false;
        }
        if (scan_at_line_end(scan)) {
            return true;
        }
        if (scan_at(scan, '{') || scan_at(scan, '}')) {
            return scan_fail(scan, scan->at, "a %c belongs on another line", *scan->at);
        }
        if (scan_at(scan, '"')) {
            if (scan_string(scan) == NULL) {
                return false;
            }
        } else if (!scan_take(scan, '@')) {
            scan_any(scan);
        } else if (scan_at(scan, '@')) {
            return scan_fail(scan, scan->at, "an attribute with @@ belongs on a line of its own");
        } else if (!parse_attribute(scan, &name, &named)) {
            return false;
        } else if (strcmp(name, "map") == 0) {
            field->map = some(named);
        } else if (strcmp(name, "relation") == 0) {
            field->relation = some(named);
        }
    }
}

/* "Int", "Unsupported("point")", and after it [] or ?. */
static bool parse_type(struct scan *scan, struct syntax_field *field)
{
    const char *start = scan->at;
    const char *ignored = NULL;

    field->type = scan_word(scan);
    if (field->type == NULL) {
        return scan_fail(scan, start, "the type of field %s is missing", field->name);
    }
    if (!scan_blank(scan)) {
        return false;
    }
    if (strcmp(field->type, "Unsupported") == 0 && scan_at(scan, '(')) {
        field->type = NULL;
        if (!parse_arguments(scan, &ignored) || !scan_blank(scan)) {
            return false;
        }
    }
    while (scan_at(scan, '[') || scan_at(scan, ']') || scan_at(scan, '?')) {
        field->list |= scan_at(scan, '[');
        field->optional |= scan_at(scan, '?');
        scan->at++;
        if (!scan_blank(scan)) {
            return false;
        }
    }
    field->place = start;
    return true;
}

static bool parse_field(struct syntax_block *block, struct scan *scan)
{
    const char *start = scan->at;
    struct syntax_field field = { .name = scan_word(scan) };

    if (field.name == NULL) {
        return scan_fail(scan, start, "neither a field nor an attribute nor a comment");
    }
    if (!scan_blank(scan) || (block->kind != SYNTAX_ENUM && !parse_type(scan, &field)) || !parse_tail(scan, &field)) {
        return false;
    }
    block->fields = arena_grow(scan->arena, block->fields, block->field_count, &block->field_capacity, sizeof field);
    block->fields[block->field_count++] = field;
    return true;
}

static bool parse_block_attribute(struct syntax_block *block, struct scan *scan)
{
    struct syntax_field ignored = { 0 };
    const char *name = "", *named;

    scan->at++;
    if (!scan_take(scan, '@')) {
        return scan_fail(scan, scan->at - 1, "an attribute of a block begins with @@");
    }
    if (!parse_attribute(scan, &name, &named)) {
        return false;
    }
    if (strcmp(name, "map") == 0) {
        block->map = some(named);
    } else if (strcmp(name, "schema") == 0) {
        block->schema = some(named);
    }
    return parse_tail(scan, &ignored);
}

/* The lines of a model, a view or an enum, up to its } */
static bool parse_lines(struct syntax_block *block, struct scan *scan, const char *open)
{
    for (;;) {
        if (!scan_blank_lines(scan)) {
            return false;
        }
        if (scan->at == scan->end) {
            return scan_fail(scan, open, "the block %s is not closed", block->name);
        }
        if (scan_take(scan, '}')) {
            return true;
        }
        if (!(scan_at(scan, '@') ? parse_block_attribute(block, scan) : parse_field(block, scan))) {
            return false;
        }
    }
}

/* What a string on a line of a block gives: `key` is the line's first word, `env` stood before the string. */
typedef void take_setting(void *block, const char *key, bool env, const char *string);

static void take_for_generator(void *block, const char *key, bool env, const char *string)
{
    struct syntax_generator *generator = block;

    if (strcmp(key, "provider") == 0) {
        generator->provider = string;
    } else if (strcmp(key, "output") == 0 && !env) {
        generator->output = string;
    }
}

static void take_for_datasource(void *block, const char *key, bool env, const char *string)
{
    struct syntax_datasource *datasource = block;
    bool direct = strcmp(key, "directUrl") == 0;

    if (strcmp(key, "provider") == 0) {
        if (datasource->provider == NULL || strncmp(string, "postgres", 8) == 0) {
            datasource->provider = string;
        }
    } else if (direct || strcmp(key, "url") == 0) {
        struct syntax_url *url = direct ? &datasource->direct_url : &datasource->url;

        *(env ? &url->variable : &url->literal) = string;
    }
}

/* A datasource, a generator or a block of a kind that is not known: up to the } that belongs to it. */
static bool skip_lines(struct scan *scan, const char *open, take_setting *take, void *block)
{
    size_t depth = 1;
    const char *key = NULL; /* the line's first word */
    bool env = false;

    while (depth > 0) {
        if (!scan_blank(scan)) {
            return false;
        }
        if (scan->at == scan->end) {
            return scan_fail(scan, open, "this block is not closed");
        }
        if (scan_at_line_end(scan)) {
            key = NULL;
            env = false;
            if (!scan_blank_lines(scan)) {
                return false;
            }
            continue;
        }
        if (scan_at(scan, '"')) {
            const char *string = scan_string(scan);

            if (string == NULL) {
                return false;
            }
            if (take != NULL && key != NULL && depth == 1) {
                take(block, key, env, string);
            }
            continue;
        }

        const char *word = scan_word(scan);

        if (word == NULL) {
            depth += scan_at(scan, '{');
            depth -= scan_at(scan, '}');
            scan_any(scan);
        } else {
            env = env || strcmp(word, "env") == 0;
            key = key == NULL ? word : key;
        }
    }
    return true;
}

/* From the name to the block's end. What stands behind the { on its line is ignored, even the beginning of a comment.
 */
static bool parse_block(struct syntax *syntax, struct scan *scan, enum syntax_kind kind)
{
    struct syntax_block block = { .kind = kind, .source = scan->source };

    if (!scan_blank(scan)) {
        return false;
    }
    block.place = scan->at;
    block.name = scan_word(scan);
    if (block.name == NULL) {
        return scan_fail(scan, scan->at, "the name of the %s is missing", syntax_words[kind]);
    }
    if (!scan_blank(scan)) {
        return false;
    }

    const char *open = scan->at;

    if (!scan_take(scan, '{')) {
        return scan_fail(scan, open, "%s %s: a { is expected on this line", syntax_words[kind], block.name);
    }
    scan_rest_of_line(scan);
    if (!parse_lines(&block, scan, open)) {
        return false;
    }
    syntax->blocks =
        arena_grow(scan->arena, syntax->blocks, syntax->block_count, &syntax->block_capacity, sizeof block);
    syntax->blocks[syntax->block_count++] = block;
    return true;
}

/* "datasource db {", "generator client {", "type T {", "whatever is new {". */
static bool skip_block(struct syntax *syntax, struct scan *scan, const char *start, const char *keyword)
{
    bool datasource = strcmp(keyword, "datasource") == 0, generator = strcmp(keyword, "generator") == 0;
    struct syntax_generator client = { .source = scan->source };

    if (!datasource && !generator) {
        syntax_note(syntax, scan->source, start,
                    arena_printf(scan->arena, "a block of kind %s is not understood", keyword), scan->arena);
    }
    while (!scan_at(scan, '{')) {
        if (!scan_blank(scan)) {
            return false;
        }
        if (scan_at_line_end(scan)) {
            return scan_fail(scan, start, "neither a block nor a comment: a { is expected on this line");
        }
        if (scan_at(scan, '"') && scan_string(scan) == NULL) {
            return false;
        }
        if (!scan_at(scan, '{')) {
            scan_any(scan);
        }
    }

    const char *open = scan->at++;

    scan_rest_of_line(scan);
    if (!generator) {
        return skip_lines(scan, open, datasource ? take_for_datasource : NULL, &syntax->datasource);
    }
    if (!skip_lines(scan, open, take_for_generator, &client)) {
        return false;
    }
    if (syntax->client.provider == NULL && client.provider != NULL &&
        strncmp(client.provider, "prisma-client", strlen("prisma-client")) == 0) {
        syntax->client = client;
    }
    return true;
}

bool syntax_parse(struct syntax *syntax, struct scan *scan)
{
    for (;;) {
        if (!scan_blank_lines(scan)) {
            return false;
        }
        if (scan->at == scan->end) {
            return true;
        }

        const char *start = scan->at;
        const char *keyword = scan_word(scan);
        size_t kind = 0;

        if (keyword == NULL) {
            return scan_fail(scan, start, "neither a block nor a comment");
        }
        while (kind < SYNTAX_KINDS && strcmp(keyword, syntax_words[kind]) != 0) {
            kind++;
        }
        if (!(kind < SYNTAX_KINDS ? parse_block(syntax, scan, (enum syntax_kind)kind)
                                  : skip_block(syntax, scan, start, keyword))) {
            return false;
        }
    }
}
