#include "project/prisma_schema.h"
#include "project/prisma_syntax.h"

#include "base/text.h"
#include "config/content.h"
#include "config/prisma.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One side of a relation whose both sides may be lists: the models in their order, and the relation's name. */
struct side {
    const struct syntax_block *first, *second;
    const char *name;
};

struct derivation {
    struct prisma_schema *result;
    struct syntax *syntax;
    const struct syntax_block **blocks; /* all, in the order of their names */
    struct side *sides;
    size_t side_count;
    const char *schema;
    struct arena *arena;
};

static const char *cut(const char *name, struct arena *arena)
{
    size_t length = strlen(name);

    if (length <= WANTED_NAME_MAX) {
        return name;
    }
    return arena_strndup(arena, name, text_utf8_border(name, WANTED_NAME_MAX));
}

static int by_block_name(const void *left, const void *right)
{
    const struct syntax_block *a = *(const struct syntax_block *const *)left;
    const struct syntax_block *b = *(const struct syntax_block *const *)right;

    return strcmp(a->name, b->name);
}

static int by_side(const void *left, const void *right)
{
    const struct side *a = left, *b = right;
    int order = strcmp(a->first->name, b->first->name);

    if (order == 0) {
        order = strcmp(a->second->name, b->second->name);
    }
    return order != 0 ? order : strcmp(a->name, b->name);
}

static const struct syntax_block *find_block(const struct derivation *derivation, const char *name)
{
    const struct syntax_block wanted = { .name = name }, *key = &wanted;
    const struct syntax_block **found =
        bsearch(&key, derivation->blocks, derivation->syntax->block_count, sizeof *found, by_block_name);

    return found == NULL ? NULL : *found;
}

static bool is_scalar(const char *type)
{
    static const char *const scalars[] = { "String",  "Boolean",  "Int",  "BigInt", "Float",
                                           "Decimal", "DateTime", "Json", "Bytes" };

    return STRINGS_AMONG(type, scalars);
}

/* All blocks by name, to look up types in any file; no two may have the same. */
static bool index_blocks(struct derivation *derivation, struct error *error)
{
    size_t count = derivation->syntax->block_count;

    derivation->blocks = arena_array(derivation->arena, count, sizeof *derivation->blocks);
    for (size_t i = 0; i < count; i++) {
        derivation->blocks[i] = &derivation->syntax->blocks[i];
    }
    qsort(derivation->blocks, count, sizeof *derivation->blocks, by_block_name);
    for (size_t i = 1; i < count; i++) {
        const struct syntax_block *a = derivation->blocks[i - 1], *b = derivation->blocks[i];

        if (strcmp(a->name, b->name) == 0) {
            return error_set(error, STATUS_SCHEMA, "%s: %s is there twice, also at %s",
                             scan_place(b->source, b->place, derivation->arena), b->name,
                             scan_place(a->source, a->place, derivation->arena));
        }
    }
    return true;
}

/* A list of a model: perhaps one half of an implicit many-to-many relation. */
static void add_side(struct derivation *derivation, const struct syntax_block *block, const struct syntax_field *field,
                     const struct syntax_block *other)
{
    bool swap = strcmp(other->name, block->name) < 0;
    struct side side = { .first = swap ? other : block, .second = swap ? block : other, .name = field->relation };

    if (side.name == NULL) {
        side.name = arena_printf(derivation->arena, "%sTo%s", side.first->name, side.second->name);
    }
    derivation->sides[derivation->side_count++] = side;
}

/* Whether the field is a column of its model's table. */
static bool is_column(struct derivation *derivation, const struct syntax_block *block, const struct syntax_field *field)
{
    if (field->type == NULL || is_scalar(field->type)) {
        return true;
    }

    const struct syntax_block *type = find_block(derivation, field->type);

    if (type == NULL) {
        syntax_note(derivation->syntax, block->source, field->place,
                    arena_printf(derivation->arena, "type %s is not known, column %s of %s is not verified",
                                 field->type, field->map != NULL ? field->map : field->name, block->name),
                    derivation->arena);
        return false;
    }
    if (type->kind == SYNTAX_MODEL && field->list) {
        add_side(derivation, block, field, type);
    }
    return type->kind == SYNTAX_ENUM;
}

static struct wanted_table *add_table(struct derivation *derivation, const char *schema, const char *name)
{
    struct wanted_table *table = &derivation->result->tables[derivation->result->table_count++];

    table->schema = cut(schema != NULL ? schema : derivation->schema, derivation->arena);
    table->name = cut(name, derivation->arena);
    return table;
}

static void add_model(struct derivation *derivation, const struct syntax_block *block)
{
    struct arena *arena = derivation->arena;
    struct wanted_table *table = add_table(derivation, block->schema, block->map != NULL ? block->map : block->name);

    for (size_t i = 0; i < block->field_count; i++) {
        const struct syntax_field *field = &block->fields[i];

        if (is_column(derivation, block, field)) {
            strings_add(arena, &table->columns, cut(field->map != NULL ? field->map : field->name, arena));
        }
    }
}

static void add_enum(struct derivation *derivation, const struct syntax_block *block)
{
    struct wanted_type *type = &derivation->result->enums[derivation->result->enum_count++];

    type->schema = cut(block->schema != NULL ? block->schema : derivation->schema, derivation->arena);
    type->name = cut(block->map != NULL ? block->map : block->name, derivation->arena);
    for (size_t i = 0; i < block->field_count; i++) {
        const struct syntax_field *value = &block->fields[i];

        strings_add(derivation->arena, &type->values, value->map != NULL ? value->map : value->name);
    }
}

/* Two lists of the same relation: its table. One list alone is the many-side of a relation with columns of its own. */
static void add_relations(struct derivation *derivation)
{
    qsort(derivation->sides, derivation->side_count, sizeof *derivation->sides, by_side);
    for (size_t i = 1; i < derivation->side_count; i++) {
        const struct side *side = &derivation->sides[i];

        if (by_side(side - 1, side) != 0) {
            continue;
        }

        struct wanted_table *table =
            add_table(derivation, side->first->schema, arena_printf(derivation->arena, "_%s", side->name));

        strings_add(derivation->arena, &table->columns, "A");
        strings_add(derivation->arena, &table->columns, "B");
        i++;
    }
}

static bool derive(struct prisma_schema *result, struct syntax *syntax, const char *schema, struct arena *arena,
                   struct error *error)
{
    struct derivation derivation = { .result = result, .syntax = syntax, .schema = schema, .arena = arena };
    const struct syntax_url *direct = &syntax->datasource.direct_url;
    const struct syntax_url *url =
        direct->variable != NULL || direct->literal != NULL ? direct : &syntax->datasource.url;
    size_t fields = 0;

    if (!index_blocks(&derivation, error)) {
        return false;
    }
    for (size_t i = 0; i < syntax->block_count; i++) {
        fields += syntax->blocks[i].field_count;
    }
    derivation.sides = arena_array(arena, fields, sizeof *derivation.sides);
    /* Every relation takes two fields. */
    result->tables = arena_array(arena, syntax->block_count + fields / 2, sizeof *result->tables);
    result->enums = arena_array(arena, syntax->block_count, sizeof *result->enums);
    for (size_t i = 0; i < syntax->block_count; i++) {
        const struct syntax_block *block = &syntax->blocks[i];

        if (block->kind == SYNTAX_MODEL) {
            add_model(&derivation, block);
        } else if (block->kind == SYNTAX_ENUM) {
            add_enum(&derivation, block);
        }
    }
    add_relations(&derivation);
    result->provider = syntax->datasource.provider;
    result->client_provider = syntax->client.provider;
    result->client_output = syntax->client.output;
    result->client_file = syntax->client.source ? syntax->client.source->file : NULL;
    result->app_variable = syntax->datasource.url.variable;
    result->url_variable = url->variable;
    result->url_literal = url->literal;
    result->blocks = syntax->blocks;
    result->block_count = syntax->block_count;
    result->notes = syntax->notes;
    return true;
}

static bool parse_file(struct syntax *syntax, const char *path, struct arena *arena, struct error *error)
{
    size_t length;
    const char *text = content_read(path, CONTENT_SCHEMA, &length, arena);

    if (text == NULL) {
        return error_set(error, STATUS_SCHEMA, "%s: %s", path, strerror(errno));
    }

    struct scan scan = scan_over(path, text, length, arena, error);

    return syntax_parse(syntax, &scan);
}

bool prisma_schema_read(struct prisma_schema *result, const char *path, const char *schema, struct arena *arena,
                        struct error *error)
{
    struct strings files = { 0 };
    struct syntax syntax = { 0 };

    *result = (struct prisma_schema){ 0 };
    if (!prisma_schema_files(path, &files, arena)) {
        return error_set(error, STATUS_SCHEMA, "%s: %s", path, strerror(errno));
    }
    if (files.count == 0) {
        return error_set(error, STATUS_SCHEMA, "%s: there is no .prisma file in it", path);
    }
    for (size_t i = 0; i < files.count; i++) {
        if (!parse_file(&syntax, files.items[i], arena, error)) {
            return false;
        }
    }
    return derive(result, &syntax, schema, arena, error);
}

bool prisma_schema_parse(struct prisma_schema *result, const char *file, const char *text, size_t length,
                         const char *schema, struct arena *arena, struct error *error)
{
    struct syntax syntax = { 0 };
    struct scan scan = scan_over(file, text, length, arena, error);

    *result = (struct prisma_schema){ 0 };
    return syntax_parse(&syntax, &scan) && derive(result, &syntax, schema, arena, error);
}

bool prisma_schema_is_postgres(const struct prisma_schema *schema)
{
    return schema->provider == NULL || strcmp(schema->provider, "postgresql") == 0 ||
           strcmp(schema->provider, "postgres") == 0;
}
