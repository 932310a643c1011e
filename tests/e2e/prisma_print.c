/* Prints what pgentry derives from each schema.prisma named (file or folder), one JSON object a line: for the
 * comparison with Prisma's own parser and engine. */
#include "project/prisma_schema.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *list(const struct strings *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(array, json_string(strings->items[i]));
    return array;
}

static json_t *describe(const struct prisma_schema *schema)
{
    json_t *tables = json_array(), *enums = json_array();

    for (size_t i = 0; i < schema->table_count; i++) {
        const struct wanted_table *table = &schema->tables[i];

        json_array_append_new(tables, json_pack("{s:s, s:s, s:o}", "schema", table->schema, "name", table->name,
                                                "columns", list(&table->columns)));
    }
    for (size_t i = 0; i < schema->enum_count; i++)
        json_array_append_new(enums, json_pack("{s:s, s:s, s:o}", "schema", schema->enums[i].schema, "name",
                                               schema->enums[i].name, "values", list(&schema->enums[i].values)));
    return json_pack("{s:s?, s:o, s:o, s:o}", "provider", schema->provider, "tables", tables, "enums", enums, "notes",
                     list(&schema->notes));
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct arena *arena = arena_new();
        struct prisma_schema schema;
        struct error error;
        bool read = prisma_schema_read(&schema, argv[i], "public", arena, &error);
        json_t *json = read ? describe(&schema) : json_pack("{s:s}", "error", error.message);

        json_dumpf(json, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(json);
        arena_free(arena);
    }
    return EXIT_SUCCESS;
}
