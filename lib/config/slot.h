/* One value on its way from a node to its place. Used inside the config room only. */
#ifndef CONFIG_SLOT_H
#define CONFIG_SLOT_H

#include "config/reading.h"

struct slot {
    struct reading *reading;
    const struct key *key;
    const char *path;
    const struct node *node;
    void *place; /* where the value goes */
};

/* The value as it was written, for messages: what was filled in may be a secret, and so is a URL's password. */
const char *slot_shown(struct reading *reading, const struct key *key, const struct node *node);

/* "PATH must be EXPECTED, not …"; always false. */
bool slot_wrong(struct reading *reading, const struct key *key, const char *path, const struct node *node,
                const char *expected);

/* The text of a scalar, filled in. NULL after an error. *unset: it is empty after having been filled in, which is as if
 * it were not there. */
const char *slot_text(const struct slot *slot, const char *expected, bool *unset);

/* The index of the key's word that it is; -1 after an error that names the nearest, or with *unset. */
int slot_word(const struct slot *slot, bool *unset);

/* Each stores a value of its type; false after an error. */
bool scalar_duration(const struct slot *slot);
bool scalar_bool(const struct slot *slot);
bool scalar_number(const struct slot *slot);
bool scalar_enum(const struct slot *slot);
bool scalar_signal(const struct slot *slot);
bool scalar_string(const struct slot *slot);

#endif
