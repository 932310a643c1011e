/* What is shared while a configuration is being read. Used inside the config room only. */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "config/config.h"
#include "config/document.h"
#include "config/keys.h"
#include "config/prisma.h"
#include "config/secret.h"

/* The configuration with its provenance: for every key what each source says, the last rank that is not NULL counts. */
struct loaded {
    struct config config; /* first: config_print gets back from it */
    const struct node *values[CONFIG_KEYS_MAX][RANKS];
};

/* Of one key's values: the one that counts. */
enum rank winner_of(const struct node *const values[RANKS]);

struct reading {
    struct loaded *loaded;
    struct config *config; /* &loaded->config */
    struct strings *errors;
    struct arena *arena;
    const char *folder;                                           /* of the preset's project */
    enum { PROJECT_UNKNOWN, PROJECT_NONE, PROJECT_FOUND } looked; /* for the Prisma project there */
    struct prisma_project project;
    bool literal;    /* the value at hand stands below a literal key: nothing is filled in */
    bool overridden; /* the value at hand does not count: a variable that is not set is no error of it */
};

/* Adds an error at the node (or its key); always returns false. */
#define complain(reading, node, ...) node_error((node), false, (reading)->errors, (reading)->arena, __VA_ARGS__)
#define complain_key(reading, node, ...) node_error((node), true, (reading)->errors, (reading)->arena, __VA_ARGS__)

/* ---- collect.c ---- */

/* Notes what file, environment and settings say of each key. False if the file could not be read at all. */
bool collect_sources(struct reading *reading, const struct config_request *request);

/* Every value of a document becomes the value of its key; what has no key is an error. */
void collect_map(struct reading *reading, const struct node *map, const char *prefix);

/* ---- variable.c ---- */

/* The value that the environment has for it; NULL if it is not set, or empty, which is the same. */
const char *variable_set(const char *name);

/* The value of an environment variable that the configuration names: NAME, else the content of the file that NAME_FILE
 * names (a secret from then on, and one of config->file_variables). NULL if neither is set.
 * *failed is set after an error was added. */
const char *variable_value(struct reading *reading, const struct node *node, const char *name, bool *failed);

/* Why variable_value() found none and no error: "NAME is not set", or what is empty. */
const char *variable_lack(struct reading *reading, const char *name);

/* A scalar's text with ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME|url} and $$ filled in, but for one that is
 * taken literally. NULL after an error. */
const char *variable_fill(struct reading *reading, const struct node *node);

/* ---- value.c ---- */

/* Converts a node to the key's type and stores it at base + key->offset. `path` is what messages call it. Nothing is
 * stored for a null. False after errors. */
bool value_store(struct reading *reading, const struct key *key, const char *path, const struct node *node, void *base);

/* Whether there is a value: a null, and what is empty once it is filled in, are as if they were not there. False as
 * well if it cannot be filled in, which was told then, and *failed is set. */
bool value_given(struct reading *reading, const struct key *key, const struct node *node, bool *failed);

/* All fields of a map (a step, a table, an assert), those not named by their defaults. */
bool value_store_map(struct reading *reading, const struct keys *keys, const char *path, const struct node *map,
                     void *base);

/* A value from outside a file: lists are split at commas, or written as YAML in brackets; one with ${NAME} stays a
 * scalar until it is filled in. NULL after errors. */
const struct node *value_node(struct reading *reading, const struct key *key, const struct source *source,
                              const char *text);

/* Whether PostgreSQL takes the name as it is: not empty, at most 63 bytes. */
bool value_check_name(struct reading *reading, const char *path, const struct node *node, const char *name);

/* The path of a list's member: "migrate.steps[2]". */
const char *value_path(const struct reading *reading, const char *path, size_t index);

/* ---- lists.c ---- */

bool lists_steps(struct reading *reading, const struct key *key, const struct node *list, struct steps *steps);
bool lists_tables(struct reading *reading, const struct node *list);
bool lists_asserts(struct reading *reading, const struct node *list);
/* No table twice; once verify.schema is known. `list` is where verify.tables was read from. */
bool lists_check_tables(struct reading *reading, const struct node *list);

/* ---- address.c ---- */

/* Whether it is host:port, [v6]:port, :port or unix:/path; `connect`: host:port, [v6]:port, /path or unix:/path.
 * NULL if so, else what is wrong with it. */
const char *address_problem(const char *address, bool connect);

/* The one of the list that takes the address away from whoever listens on it next, or NULL. */
const char *address_taken(const char *address, const struct strings *by);

#endif
