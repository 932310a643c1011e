/* A YAML document as a tree in which every value knows where it was written. Built with libyaml's event parser, so that
 * its depth and size are bounded while it is read; what configuration files have no use for (anchors, aliases, tags,
 * several documents) is refused. Used inside the config room only. */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/arena.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>

/* Where values come from, the weakest first: a later one wins. */
enum rank { RANK_DEFAULT, RANK_PRESET, RANK_FILE, RANK_ENVIRONMENT, RANK_SETTING, RANKS };

struct source {
    enum rank rank;
    const char *name; /* the file, the variable, "--set wait.timeout" */
};

extern const struct source source_default;
const struct source *source_new(enum rank rank, const char *name, struct arena *arena); /* the name is not copied */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    const struct source *source;
    unsigned line, column; /* from 1; 0 where there are no lines */
    const char *text;      /* of a scalar */
    bool plain;            /* a scalar without quotes */

    const char *key; /* under which it stands in a map */
    unsigned key_line, key_column;

    struct node *first, *last; /* children of a list or a map, in their order, */
    struct node *next;         /* linked by this */
    size_t count;
};

/* An empty value, ~ or null: as if the key were not there. */
bool node_null(const struct node *node);

/* "a list", "a map", "a single value": what there is instead of what should be. */
const char *node_kind_name(const struct node *node);

/* The value of a key in a map, or NULL. */
const struct node *node_get(const struct node *map, const char *key);

/* A value that stands in no file: a scalar with a text that is not copied, or an empty list for NULL. */
struct node *node_new(const struct source *source, const char *text, struct arena *arena);

/* Appends a child to a list or map. */
void node_append(struct node *parent, struct node *child);

/* Puts "NAME:LINE:COLUMN: message" (without the numbers where there are no lines) on the list of errors; `of_key`: the
 * place of the key instead of the value's. Always returns false. */
bool node_error(const struct node *node, bool of_key, struct strings *errors, struct arena *arena, const char *format,
                ...) __attribute__((format(printf, 5, 6)));

/* Parses the bytes. NULL after *errors were added; a document without content gives an empty map. */
struct node *document_parse(const struct source *source, const char *bytes, size_t length, struct strings *errors,
                            struct arena *arena);

#endif
