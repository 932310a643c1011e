/* What stands in the files of a schema.prisma, before names mean anything: blocks and their lines. */
#ifndef PROJECT_PRISMA_SYNTAX_H
#define PROJECT_PRISMA_SYNTAX_H

#include "project/scan.h"

#include "base/strings.h"

struct syntax_field {
    const char *name;
    const char *type;     /* NULL: Unsupported("…") */
    const char *map;      /* of @map, or NULL */
    const char *relation; /* the name in @relation, or NULL */
    const char *place;    /* of the type, in the block's source */
    bool list;
    bool optional;
};

enum syntax_kind { SYNTAX_MODEL, SYNTAX_VIEW, SYNTAX_ENUM, SYNTAX_KINDS };
extern const char *const syntax_words[SYNTAX_KINDS]; /* with which a block of that kind begins */

struct syntax_block {
    enum syntax_kind kind;
    const char *name;
    const char *map;    /* of @@map, or NULL */
    const char *schema; /* of @@schema, or NULL */
    const struct scan_source *source;
    const char *place;           /* of the name, in the source */
    struct syntax_field *fields; /* of an enum: its values, without a type */
    size_t field_count;
    size_t field_capacity;
};

/* env("NAME") or a literal; both NULL: not given. */
struct syntax_url {
    const char *variable;
    const char *literal;
};

struct syntax_datasource {
    const char *provider; /* of a list the one that is PostgreSQL; NULL: not given */
    struct syntax_url url;
    struct syntax_url direct_url;
};

/* The generator of the client: prisma-client-js, prisma-client. */
struct syntax_generator {
    const char *provider; /* NULL: there is none */
    const char *output;   /* or NULL; seen from the folder of its file */
    const struct scan_source *source;
};

struct syntax {
    struct syntax_datasource datasource;
    struct syntax_generator client;
    struct syntax_block *blocks;
    size_t block_count;
    size_t block_capacity;
    struct strings notes;
};

/* Adds a note "FILE:LINE:COLUMN: what"; after the first SYNTAX_NOTES_MAX they are dropped. */
#define SYNTAX_NOTES_MAX 20
void syntax_note(struct syntax *syntax, const struct scan_source *source, const char *place, const char *what,
                 struct arena *arena);

/* Adds what one file holds. False with scan->error. */
bool syntax_parse(struct syntax *syntax, struct scan *scan);

#endif
