#include "project/tool.h"

#include "config/word.h"

#include <string.h>

static const struct option prisma_options[] = {
    { "schema", MEANS_SCHEMA_PATH },
    { "config", MEANS_CONFIG_PATH },
    { NULL, MEANS_NOTHING },
};

static const struct option push_options[] = {
    { "schema", MEANS_SCHEMA_PATH },       { "config", MEANS_CONFIG_PATH },  { "skip-generate", MEANS_NOTHING },
    { "accept-data-loss", MEANS_NOTHING }, { "force-reset", MEANS_NOTHING }, { NULL, MEANS_NOTHING },
};

/* dbmate 2.36 --help */
static const struct option dbmate_options[] = {
    { "d", MEANS_FOLDERS },
    { "migrations-dir", MEANS_FOLDERS },
    { "migrations-table", MEANS_TABLE },
    { "e", MEANS_URL_VARIABLE },
    { "env", MEANS_URL_VARIABLE },
    { "s", MEANS_NOTHING_VALUE },
    { "schema-file", MEANS_NOTHING_VALUE },
    { "no-dump-schema", MEANS_NOTHING },
    { "strict", MEANS_NOTHING },
    { "v", MEANS_NOTHING },
    { "verbose", MEANS_NOTHING },
    { "wait", MEANS_NOTHING },
    { "wait-interval", MEANS_NOTHING_VALUE },
    { "wait-timeout", MEANS_NOTHING_VALUE },
    { NULL, MEANS_NOTHING },
};

/* node-pg-migrate 8 --help */
static const struct option node_pg_migrate_options[] = {
    { "m", MEANS_FOLDER },
    { "migrations-dir", MEANS_FOLDER },
    { "t", MEANS_TABLE },
    { "migrations-table", MEANS_TABLE },
    { "migrations-schema", MEANS_SCHEMA },
    { "d", MEANS_URL_VARIABLE },
    { "database-url-var", MEANS_URL_VARIABLE },
    { "j", MEANS_NOTHING_VALUE },
    { "migration-file-language", MEANS_NOTHING_VALUE },
    { "migration-filename-format", MEANS_NOTHING_VALUE },
    { "tsconfig", MEANS_NOTHING_VALUE },
    { "ts-node", MEANS_NOTHING },
    { "no-ts-node", MEANS_NOTHING },
    { "tsx", MEANS_NOTHING },
    { "check-order", MEANS_NOTHING },
    { "no-check-order", MEANS_NOTHING },
    { "verbose", MEANS_NOTHING },
    { "no-verbose", MEANS_NOTHING },
    { "single-transaction", MEANS_NOTHING },
    { "no-single-transaction", MEANS_NOTHING },
    { "lock", MEANS_NOTHING },
    { "no-lock", MEANS_NOTHING },
    { "lock-value", MEANS_NOTHING_VALUE },
    { "create-schema", MEANS_NOTHING },
    { "create-migrations-schema", MEANS_NOTHING },
    { "reject-unauthorized", MEANS_NOTHING },
    { "no-reject-unauthorized", MEANS_NOTHING },
    { NULL, MEANS_NOTHING },
};

static const struct option rails_options[] = {
    { "trace", MEANS_NOTHING },
    { "quiet", MEANS_NOTHING },
    { "silent", MEANS_NOTHING },
    { NULL, MEANS_NOTHING },
};

const struct tool tools[HISTORIES] = {
    [HISTORY_PRISMA] = { .programs = { "prisma", "prisma/build/index.js" },
                         .verbs = { { "migrate", "deploy" } },
                         .options = prisma_options },
    [HISTORY_DBMATE] = { .programs = { "dbmate" },
                         .verbs = { { "up" }, { "migrate" } },
                         .options = dbmate_options,
                         .single_dash = true },
    [HISTORY_NODE_PG_MIGRATE] = { .programs = { "node-pg-migrate", "node-pg-migrate.js" },
                                  .verbs = { { "up" } },
                                  .options = node_pg_migrate_options },
    [HISTORY_RAILS] = { .programs = { "rails", "rake" },
                        .verbs = { { "db:migrate" }, { "db:prepare" } },
                        .beside = "db:",
                        .options = rails_options },
};

const struct tool tool_push = { .programs = { "prisma", "prisma/build/index.js" },
                                .verbs = { { "db", "push" } },
                                .options = push_options };

static bool ends_with_path(const char *word, const char *path)
{
    size_t length = strlen(word), tail = strlen(path);

    return length >= tail && strcmp(word + length - tail, path) == 0 &&
           (length == tail || word[length - tail - 1] == '/');
}

bool tool_is_program(const struct tool *tool, const char *word)
{
    for (size_t i = 0; i < PROGRAMS && tool->programs[i] != NULL; i++) {
        if (word_is_called(word, tool->programs[i]) || ends_with_path(word, tool->programs[i])) {
            return true;
        }
    }
    return false;
}

const struct option *tool_option(const struct tool *tool, const char *name, size_t length)
{
    for (const struct option *option = tool->options; option->name != NULL; option++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

bool tool_is_launcher(const char *word)
{
    static const char *const options[] = { "--no-install", "--no", "--yes", "-y", "--silent", "--offline" };
    bool own = strchr(word, '/') != NULL; /* a script of the project's may do anything before */

    return (!own && (word_starts(word) || word_is_package_manager(word))) || STRINGS_AMONG(word, options);
}
