/* Any bytes as a schema.prisma and as a prisma.config.ts: what is derived has names that PostgreSQL takes, and a
 * refusal names a place in the file. */
#include "config/prisma_config.h"
#include "project/prisma_schema.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void claim_name(const char *name)
{
    claim(name && *name && strlen(name) <= 63);
}

static void claim_tables(const struct prisma_schema *schema)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        claim_name(schema->tables[i].schema);
        claim_name(schema->tables[i].name);
        for (size_t k = 0; k < schema->tables[i].columns.count; k++) {
            claim_name(schema->tables[i].columns.items[k]);
        }
    }
    for (size_t i = 0; i < schema->enum_count; i++) {
        claim_name(schema->enums[i].schema);
        claim_name(schema->enums[i].name);
    }
    claim(schema->notes.count <= 20);
}

static void claim_place(const struct error *error)
{
    unsigned line = 0;
    unsigned column = 0;

    claim(sscanf(error->message, "x.prisma:%u:%u: ", &line, &column) == 2 && line > 0 && column > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *text = malloc(size + 1);
    struct prisma_schema schema;
    struct prisma_paths paths;
    struct error error;

    claim(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (prisma_schema_parse(&schema, "x.prisma", text, size, "public", arena, &error)) {
        claim_tables(&schema);
    } else {
        claim_place(&error);
    }
    prisma_config_parse(&paths, "prisma.config.ts", text, ".", arena);
    free(text);
    arena_free(arena);
    return 0;
}
