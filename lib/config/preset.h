/* The presets: YAML files of config/presets, compiled in, and which of them a project wants. */
#ifndef CONFIG_PRESET_H
#define CONFIG_PRESET_H

#include "config/config.h"

struct reading;
struct node;
struct prisma_project;

struct preset_text {
    const char *name;
    const unsigned char *bytes;
    size_t length;
};

/* Made by CMake from the files in config/presets. */
extern const struct preset_text preset_texts[];
extern const size_t preset_count;

/* The Prisma project in the folder that is asked for, verify.prisma_schema considered; false if there is none. Looks
 * only once. */
bool preset_prisma(struct reading *reading, struct prisma_project *project);

/* What a folder looks like: the name of a preset, NULL if like nothing known. */
const char *preset_of(const char *folder, struct arena *arena);
/* The same of the folder that is asked for, verify.prisma_schema considered; "none" if like nothing known. */
const char *preset_detect(struct reading *reading);

/* The preset that has this history. */
const char *preset_with(enum history history);

/* The command by which the preset's tool itself tells what it has applied, where pgentry does not read its history;
 * else NULL. */
const char *preset_tells(const char *preset);

/* The preset's document, or NULL after an error, which is a mistake of ours. */
const struct node *preset_document(struct reading *reading, const char *name);

#endif
