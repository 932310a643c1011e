/* Migration tools that a preset would not find: in folders below ours, and in the scripts of package.json. */
#ifndef PROJECT_NEARBY_H
#define PROJECT_NEARBY_H

#include "config/command.h"

/* So many are told of, and so many folders are looked into, one and two levels down; one with more entries is passed
 * over. */
#define NEARBY_MAX 16
#define NEARBY_FOLDERS 128
#define NEARBY_ENTRIES 256

/* What one folder shows; the first of these that there is. */
struct nearby {
    const char *folder;              /* as seen from ours; "." for ours */
    const char *preset;              /* whose project it is by its files; NULL: no preset's */
    const struct migrator *migrator; /* else: of its package.json; NULL with `preset` */
    const char *script;              /* that runs it; NULL: a mere dependency */
    struct step step;                /* that runs the script */
};

struct nearby_list {
    struct nearby items[NEARBY_MAX];
    size_t count;
};

/* In the order of their depth and names; of ours only package.json counts. */
void nearby_find(struct nearby_list *list, struct arena *arena);

/* The one to write down: our own package.json's script, else the only one that is more than a dependency, or NULL. */
const struct nearby *nearby_choose(const struct nearby_list *list);

/* "packages/db has a project of prisma", "package.json depends on knex". */
const char *nearby_sentence(const struct nearby *nearby, struct arena *arena);

#endif
