#include "config/document.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16     /* the deepest key of ours is at 6 */
#define KEYS_MAX 256     /* in one map; duplicates are looked for by comparing each with each */
#define NODES_MAX 200000 /* 10,000 tables with their columns */
#define ERRORS_MAX 100   /* nobody reads more */
#define ERROR_TEXT 1024

struct loader {
    yaml_parser_t parser;
    const struct source *source;
    struct strings *errors;
    struct arena *arena;
    const char *bytes;
    size_t length;
    size_t nodes;
};

const struct source source_default = { RANK_DEFAULT, "default" };

const struct source *source_new(enum rank rank, const char *name, struct arena *arena)
{
    struct source *source = arena_alloc(arena, sizeof *source);

    *source = (struct source){ rank, name };
    return source;
}

bool node_null(const struct node *node)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };

    return node->kind == NODE_SCALAR && node->plain && STRINGS_AMONG(node->text, words);
}

const char *node_kind_name(const struct node *node)
{
    return node->kind == NODE_LIST ? "a list" : node->kind == NODE_MAP ? "a map" : "a single value";
}

const struct node *node_get(const struct node *map, const char *key)
{
    for (const struct node *child = map->first; child && map->kind == NODE_MAP; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

struct node *node_new(const struct source *source, const char *text, struct arena *arena)
{
    struct node *node = arena_alloc(arena, sizeof *node);

    node->kind = text ? NODE_SCALAR : NODE_LIST;
    node->source = source;
    node->text = text;
    return node;
}

void node_append(struct node *parent, struct node *child)
{
    *(parent->last ? &parent->last->next : &parent->first) = child;
    parent->last = child;
    parent->count++;
}

static void error_at(const struct source *source, unsigned line, unsigned column, struct strings *errors,
                     struct arena *arena, const char *format, va_list arguments) __attribute__((format(printf, 6, 0)));

static void error_at(const struct source *source, unsigned line, unsigned column, struct strings *errors,
                     struct arena *arena, const char *format, va_list arguments)
{
    char buffer[ERROR_TEXT];
    struct text text = text_over(buffer, sizeof buffer);

    text_visible(&text, source->name, strlen(source->name));
    if (line) {
        text_printf(&text, ":%u:%u", line, column);
    }
    text_string(&text, ": ");

    char message[ERROR_TEXT];
    struct text said = text_over(message, sizeof message);

    text_vprintf(&said, format, arguments);
    text_visible(&text, said.data, said.length);
    if (errors->count < ERRORS_MAX && !strings_contain(errors, buffer)) {
        strings_add(arena, errors, buffer);
    }
}

bool node_error(const struct node *node, bool of_key, struct strings *errors, struct arena *arena, const char *format,
                ...)
{
    va_list arguments;

    of_key = of_key && node->key_line;
    va_start(arguments, format);
    error_at(node->source, of_key ? node->key_line : node->line, of_key ? node->key_column : node->column, errors,
             arena, format, arguments);
    va_end(arguments);
    return false;
}

/* Only a file has lines that are worth telling. */
static unsigned place(const struct loader *loader, size_t number)
{
    return loader->source->rank == RANK_FILE || loader->source->rank == RANK_PRESET ? (unsigned)number + 1 : 0;
}

static void *refuse(struct loader *loader, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void *refuse(struct loader *loader, yaml_mark_t mark, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_at(loader->source, place(loader, mark.line), place(loader, mark.column), loader->errors, loader->arena,
             format, arguments);
    va_end(arguments);
    return NULL;
}

static yaml_mark_t mark_at(const struct loader *loader, size_t offset)
{
    const struct text_place place = text_place_of(loader->bytes, offset < loader->length ? offset : loader->length);

    return (yaml_mark_t){ .line = place.line - 1, .column = place.column - 1 };
}

/* Whether the bytes may be given to libyaml: UTF-8 (it would take UTF-16 as well) without NUL. */
static bool check_bytes(struct loader *loader)
{
    size_t length = strnlen(loader->bytes, loader->length), good = text_utf8_prefix(loader->bytes, length);

    if (good < length) {
        return refuse(loader, mark_at(loader, good), "not UTF-8: byte %02X",
                      (unsigned)(unsigned char)loader->bytes[good]);
    }
    return good == loader->length || refuse(loader, mark_at(loader, good), "a NUL byte");
}

static bool next_event(struct loader *loader, yaml_event_t *event)
{
    const yaml_parser_t *parser = &loader->parser;

    if (yaml_parser_parse(&loader->parser, event)) {
        return true;
    }

    if (parser->error == YAML_MEMORY_ERROR) {
        out_of_memory();
    }

    const char *problem = parser->problem ? parser->problem : "it cannot be read";
    const char *hint = strstr(problem, "cannot start any token")
                           ? " (a tab? indent with spaces; quote a text that begins with @, `, % or the like)"
                           : "";

    (void)refuse(
        loader, parser->error == YAML_READER_ERROR ? mark_at(loader, parser->problem_offset) : parser->problem_mark,
        "not valid YAML: %s%s%s%s", problem, hint, parser->context ? ", " : "", parser->context ? parser->context : "");
    return false;
}

static struct node *load_node(struct loader *loader, const yaml_event_t *event, struct node *node, unsigned depth);

/* What configuration files have no use for, and what bombs are made of. */
static struct node *refuse_extras(struct loader *loader, const yaml_event_t *event)
{
    return refuse(loader, event->start_mark, "anchors, aliases and tags are not supported: write the value out");
}

static struct node *load_scalar(struct loader *loader, const yaml_event_t *event, struct node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;

    if (memchr(text, '\0', length)) { /* "\0" in double quotes */
        return refuse(loader, event->start_mark, "a text may not hold a NUL character");
    }
    node->kind = NODE_SCALAR;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_strndup(loader->arena, text, length);
    return node;
}

static bool add_key(struct loader *loader, const struct node *map, struct node *child, const yaml_event_t *event)
{
    const struct node *twin;

    if (event->type != YAML_SCALAR_EVENT || memchr(event->data.scalar.value, '\0', event->data.scalar.length)) {
        return refuse(loader, event->start_mark, "a key must be a word");
    }
    if (map->count == KEYS_MAX) {
        return refuse(loader, event->start_mark, "more than %d keys in one map", KEYS_MAX);
    }
    child->key = arena_strndup(loader->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    child->key_line = place(loader, event->start_mark.line);
    child->key_column = place(loader, event->start_mark.column);
    twin = node_get(map, child->key);
    if (twin) { /* the others are still looked at: all errors in one go */
        (void)refuse(loader, event->start_mark, "duplicate key %s, it is already at line %u", child->key,
                     twin->key_line);
    }
    return true;
}

/* The children of a list or a map up to its end. */
static struct node *load_children(struct loader *loader, struct node *parent, yaml_event_type_t end, unsigned depth)
{
    for (;;) {
        struct node *child = arena_alloc(loader->arena, sizeof *child);
        yaml_event_t event;

        if (!next_event(loader, &event)) {
            return NULL;
        }

        bool ended = event.type == end;
        bool fine = ended || parent->kind == NODE_LIST || add_key(loader, parent, child, &event);

        if (!ended && fine && parent->kind == NODE_MAP) {
            yaml_event_delete(&event);
            fine = next_event(loader, &event);
        }
        fine = fine && (ended || load_node(loader, &event, child, depth + 1));
        yaml_event_delete(&event);
        if (ended || !fine) {
            return ended ? parent : NULL;
        }
        node_append(parent, child);
    }
}

static struct node *load_node(struct loader *loader, const yaml_event_t *event, struct node *node, unsigned depth)
{
    node->source = loader->source;
    node->line = place(loader, event->start_mark.line);
    node->column = place(loader, event->start_mark.column);
    if (depth > DEPTH_MAX) {
        return refuse(loader, event->start_mark, "nested more than %d deep", DEPTH_MAX);
    }
    if (++loader->nodes > NODES_MAX) {
        return refuse(loader, event->start_mark, "more than %d values", NODES_MAX);
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag ? refuse_extras(loader, event)
                                                                   : load_scalar(loader, event, node);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = NODE_LIST;
        return event->data.sequence_start.anchor || event->data.sequence_start.tag
                   ? refuse_extras(loader, event)
                   : load_children(loader, node, YAML_SEQUENCE_END_EVENT, depth);
    case YAML_MAPPING_START_EVENT:
        node->kind = NODE_MAP;
        return event->data.mapping_start.anchor || event->data.mapping_start.tag
                   ? refuse_extras(loader, event)
                   : load_children(loader, node, YAML_MAPPING_END_EVENT, depth);
    default: /* an alias */
        return refuse_extras(loader, event);
    }
}

/* The one document of the stream; *loaded stays NULL if there is none. */
static bool load_stream(struct loader *loader, struct node **loaded)
{
    for (bool more = true; more;) {
        yaml_event_t event;

        if (!next_event(loader, &event)) {
            return false;
        }

        bool structure = event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT ||
                         event.type == YAML_DOCUMENT_END_EVENT || event.type == YAML_STREAM_END_EVENT;
        bool fine = true;

        if (event.type == YAML_DOCUMENT_START_EVENT && *loaded) {
            fine = refuse(loader, event.start_mark, "a second document: only one is read");
        } else if (!structure) {
            *loaded = arena_alloc(loader->arena, sizeof **loaded);
            fine = load_node(loader, &event, *loaded, 1);
        }
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (!fine) {
            return false;
        }
    }
    return true;
}

struct node *document_parse(const struct source *source, const char *bytes, size_t length, struct strings *errors,
                            struct arena *arena)
{
    struct loader loader = { .source = source, .errors = errors, .arena = arena, .bytes = bytes, .length = length };
    struct node *root = NULL;

    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark of some editors */
        loader.bytes = bytes += 3;
        loader.length = length -= 3;
    }
    if (!check_bytes(&loader)) {
        return NULL;
    }
    if (!yaml_parser_initialize(&loader.parser)) {
        out_of_memory();
    }
    yaml_parser_set_encoding(&loader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&loader.parser, (const unsigned char *)bytes, length);

    bool fine = load_stream(&loader, &root);

    yaml_parser_delete(&loader.parser);
    if (fine && (!root || node_null(root))) {
        root = node_new(source, NULL, arena);
        root->kind = NODE_MAP;
    }
    return fine ? root : NULL;
}
