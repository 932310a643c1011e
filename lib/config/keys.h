/* The one table of configuration keys: parser, checks, defaults, environment names, --set, help, `pgentry config` and
 * the JSON Schema are made from it. A new key is one row there and one member in struct config. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/config.h"

#include <stddef.h>

enum key_type {
    KEY_STRING,    /* const char * */
    KEY_NAME,      /* const char *: a name in the database, 1 to 63 bytes */
    KEY_DURATION,  /* duration */
    KEY_BOOL,      /* bool */
    KEY_COUNT,     /* unsigned, from `least` to `most` */
    KEY_NUMBER,    /* double, from `least` to `most` */
    KEY_ENUM,      /* an enum of int size: the index of the word in `words` */
    KEY_SIGNAL,    /* int: "same" or a signal */
    KEY_STRINGS,   /* struct strings */
    KEY_NAMES,     /* struct strings of names in the database */
    KEY_STATUSES,  /* struct strings of numbers from 0 to 255 */
    KEY_COMMAND,   /* run: a list is struct step's argv, a string its shell */
    KEY_FILES,     /* sql: struct strings; one string is a list of one */
    KEY_VARIABLES, /* env: a map of names and values */
    KEY_STEPS,     /* struct steps */
    KEY_TABLES,    /* verify.tables */
    KEY_ASSERTS    /* verify.asserts */
};

/* What a string or the members of a list must look like. */
enum key_form {
    FORM_ANY,
    FORM_LISTEN,    /* host:port, [v6]:port, :port, unix:/path */
    FORM_CONNECT,   /* host:port, [v6]:port, a socket's path */
    FORM_PRIVILEGE, /* a word of SQL's GRANT */
    FORM_PRESET     /* the word of a preset, or auto */
};

struct key {
    const char *path; /* dotted */
    enum key_type type;
    size_t offset;        /* in struct config, step, table or assertion */
    const char *fallback; /* the default as text; lists by comma; NULL: none */
    const char *sentence; /* what it is, for the reference */
    const char *const *words;
    double least, most;
    enum key_form form;
    bool secret;      /* never shown */
    bool literal;     /* ${NAME} in it and below it is left alone: a shell or the database reads it */
    bool preset_only; /* for our presets, not for users */
    bool required;    /* in a step, table or assertion */
};

struct keys {
    const char *name; /* what they describe: "a step" */
    const struct key *rows;
    size_t count;
};

extern const struct keys config_keys, step_keys, table_keys, assert_keys;

#define CONFIG_KEYS_MAX 64 /* more than there are rows */

/* Of a row of config_keys. */
size_t key_index(const struct key *key);

/* The row of a path, or NULL. */
const struct key *key_find(const struct keys *keys, const char *path);
/* The same by the first `length` bytes of a text. */
const struct key *key_find_part(const struct keys *keys, const char *path, size_t length);

/* Whether `path` is the beginning of dotted keys ("wait"). */
bool key_section(const struct keys *keys, const char *path);

/* "did you mean wait.timeout?", or the list of what is valid beside it, so that there is always an answer. */
const char *key_advice(const struct keys *keys, const char *path, struct arena *arena);

/* ": did you mean X?", the end of a sentence; "" for NULL. */
const char *key_meant(const char *nearest, struct arena *arena);

#define KEY_VARIABLE_TEXT 64
/* The environment variable of a key: PGENTRY_WAIT_TIMEOUT. Returns buffer. */
const char *key_variable(const struct key *key, char buffer[KEY_VARIABLE_TEXT]);

/* The key that an environment variable sets, or NULL. */
const struct key *key_of_variable(const char *name);

/* How many words an enum has, and how they are listed in messages: "read-write or any". */
size_t key_word_count(const char *const *words);
const char *key_words(const char *const *words, struct arena *arena);

#endif
