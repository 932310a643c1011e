/* A configuration with steps made by hand, for the tests of this room. */
#ifndef TESTS_PROJECT_STEPS_H
#define TESTS_PROJECT_STEPS_H

#include "../scratch.h"

#include "config/config.h"

static struct config config;
static struct step steps[4];

/* A configuration as config_load leaves it, without steps. */
static inline void configure(enum history history)
{
    memset(&config, 0, sizeof config);
    memset(steps, 0, sizeof steps);
    config.database.url = "postgresql://app:secret@db/app";
    config.migrate.history = history;
    config.migrate.steps.items = steps;
    config.verify.schema = "public";
    config.verify.prisma_schema = "auto";
}

static inline struct step *add_step(void)
{
    struct step *step = &steps[config.migrate.steps.count++];

    step->name = "the step";
    step->cwd = ".";
    return step;
}

/* run: [WORDS] */
static inline struct step *run_words(const char *words)
{
    struct step *step = add_step();
    char *copy = arena_strdup(scratch.arena, words);

    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        strings_add(scratch.arena, &step->argv, word);
    }
    return step;
}

/* run: LINE */
static inline struct step *run_shell(const char *line)
{
    struct step *step = add_step();

    step->shell = line;
    return step;
}

static inline void set_env(struct step *step, const char *name, const char *value)
{
    step->env = arena_alloc(scratch.arena, sizeof *step->env);
    step->env[0] = (struct variable){ .name = name, .value = value };
    step->env_count = 1;
}

#endif
