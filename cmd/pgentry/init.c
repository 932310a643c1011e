/* init: looks at the project in the working directory and writes a commented pgentry.yaml that says what was found. */
#include "init.h"
#include "base/text.h"
#include "command.h"
#include "config/preset.h"
#include "config/word.h"
#include "project/nearby.h"
#include "project/prisma_schema.h"
#include "project/project.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INIT_FILE "pgentry.yaml"
#define NAMED_TABLES 8

/* Where nothing is recognised in our folder. */
struct project_seen {
    struct nearby_list list;
    const struct nearby *chosen; /* one of them, or NULL */
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- what is written ---- */

/* Foreign text must not leave the comment's line. */
static void put_visible(FILE *out, const char *words)
{
    char buffer[512];
    struct text text = text_over(buffer, sizeof buffer);
    text_visible(&text, words, strlen(words));
    fputs(buffer, out);
}

static void put_words(FILE *out, const struct strings *words)
{
    for (size_t i = 0; i < words->count; i++) {
        fputs(i ? ", " : "", out);
        put_visible(out, words->items[i]);
    }
}

static void put_list(FILE *out, const struct strings *words, struct arena *arena)
{
    for (size_t i = 0; i < words->count; i++) {
        fprintf(out, "%s%s", i ? ", " : "[", config_scalar(words->items[i], true, arena));
    }
    fputs("]\n", out);
}

/* ---- the variables that lead to the database ---- */

static bool is_variable(const char *name)
{
    return name && *name && name[strspn(name, WORD_NAME)] == '\0';
}

/* Those that Prisma reads, where it says which. */
static void put_database(FILE *out, const struct config *config)
{
    struct prisma_project project;
    struct prisma_schema schema = { 0 };
    struct error error;
    bool found = project_find_schema(&project, config, config->arena) &&
                 prisma_schema_read(&schema, project.schema, config->verify.schema, config->arena, &error);
    const char *url = found && is_variable(schema.app_variable) ? schema.app_variable : "DATABASE_URL";
    bool direct = found && is_variable(schema.url_variable) && !is(schema.url_variable, url);
    fprintf(out,
            "database:\n"
            "  url: ${%s}              # or %s_FILE, a mounted secret\n"
            "  # url: postgresql://app:${DB_PASSWORD|url}@${DB_HOST:-db}/app\n"
            "  %sdirect_url: ${%s:-}     # past a pooler: migrations and the lock need a session of their own\n\n",
            url, url, direct ? "" : "# ", direct ? schema.url_variable : "DIRECT_URL");
}

/* A step as YAML, in full. */
static void put_step(FILE *out, const struct step *step, struct arena *arena)
{
    fprintf(out, "    - name: %s\n      run: ", config_scalar(step->name, false, arena));
    put_list(out, &step->argv, arena);
    if (!is(step->cwd, ".")) {
        fprintf(out, "      cwd: %s\n", config_scalar(step->cwd, false, arena));
    }
    if (step->attempts) {
        fprintf(out, "      attempts: %u\n", step->attempts);
    }
    if (step->permanent_errors.count) {
        fputs("      permanent_errors: ", out);
        put_list(out, &step->permanent_errors, arena);
    }
}

static void put_seen(FILE *out, const struct project_seen *seen, struct arena *arena)
{
    for (size_t i = 0; i < seen->list.count; i++) {
        if (&seen->list.items[i] != seen->chosen) {
            fputs("  # Seen as well: ", out);
            put_visible(out, nearby_sentence(&seen->list.items[i], arena));
            fputc('\n', out);
        }
    }
}

static void put_history(FILE *out, const struct config *config)
{
    fputs(
        config->migrate.history == HISTORY_NONE
            ? "  # Its history cannot be read from outside, so its steps run at every boot: they must be idempotent.\n"
            : "  # Nothing runs if its history proves that no migration is pending and the schema verifies.\n",
        out);
}

/* A Prisma project without migrations: `migrate deploy` counts as done when it has nothing to deploy. */
static bool is_pushed(const struct init_project *project)
{
    return project->wanted->history == HISTORY_PRISMA && project->wanted->migration_count == 0;
}

static void put_steps(FILE *out, const struct init_project *project)
{
    const struct config *config = project->config;
    fputs("  steps:\n", out);
    for (size_t i = 0; i < config->migrate.steps.count; i++) {
        if (!is_pushed(project) || config->migrate.steps.items[i].role == STEP_DB_PUSH) {
            put_step(out, &config->migrate.steps.items[i], config->arena);
        }
    }
}

/* What lies elsewhere than a preset looks: its steps have to be written out. */
static void put_chosen(FILE *out, const struct init_project *project, const struct nearby *chosen)
{
    const struct config *config = project->config;
    fputs("          # ", out);
    put_visible(out, nearby_sentence(chosen, config->arena));
    fputc('\n', out);
    put_history(out, config);
    put_steps(out, project);
    fputs("  #   - name: raw SQL        # the end of the ladder\n  #     sql: [fallback.sql]\n", out);
}

static void put_push(FILE *out, const struct init_project *project)
{
    fputs("          # recognised in this folder, without migrations: what schema.prisma says is pushed at\n"
          "  # every boot, unless that would drop something. Once there are migrations, take the steps out:\n"
          "  # the preset's own begin with prisma migrate deploy.\n",
          out);
    put_steps(out, project);
}

static void put_preset(FILE *out, const struct init_project *project, const struct project_seen *seen)
{
    const struct config *config = project->config;
    const struct steps *steps = &config->migrate.steps;
    fprintf(out, "migrate:\n  preset: %s", config->migrate.preset);
    if (seen->chosen) {
        put_chosen(out, project, seen->chosen);
        put_seen(out, seen, config->arena);
        return;
    }
    if (is(config->migrate.preset, "none")) {
        fputs("          # no migration tool was recognised in this folder\n", out);
        put_seen(out, seen, config->arena);
        fputs("  # Tried in order until one succeeds and the schema verifies:\n"
              "  # steps:\n"
              "  #   - name: raw SQL\n"
              "  #     sql: [schema.sql]     # over libpq, one transaction a file, at every boot: IF NOT EXISTS\n",
              out);
        return;
    }
    if (is_pushed(project)) {
        put_push(out, project);
        return;
    }
    fputs("          # recognised in this folder; it runs:\n", out);
    for (size_t i = 0; i < steps->count; i++) {
        fputs("  #   ", out);
        put_visible(out, steps->items[i].name);
        fputs(": ", out);
        put_words(out, &steps->items[i].argv);
        fputc('\n', out);
    }
    put_history(out, config);
    fputs("  # To end the ladder with plain SQL, list the steps yourself instead of the preset's:\n"
          "  # steps:\n",
          out);
    for (size_t i = 0; i < steps->count; i++) {
        fputs("  #   - name: ", out);
        put_visible(out, steps->items[i].name);
        fputs("\n  #     run: [", out);
        put_words(out, &steps->items[i].argv);
        fputs("]\n", out);
    }
    fputs("  #   - name: raw SQL\n  #     sql: [fallback.sql]\n", out);
}

/* A schema.prisma that Prisma would not find from here. */
static void put_schema(FILE *out, const struct config *config)
{
    struct prisma_project project, by_itself;

    if (project_find_schema(&project, config, config->arena) &&
        !(prisma_project_find(&by_itself, ".", NULL, config->arena) && is(project.schema, by_itself.schema))) {
        fprintf(out, "  prisma_schema: %s\n", config_scalar(project.schema, false, config->arena));
    }
}

static void put_derived(FILE *out, const struct wanted *wanted)
{
    fprintf(out, "  # Derived from schema.prisma and verified without being listed: %zu table%s and %zu enum%s\n  # (",
            wanted->table_count, wanted->table_count == 1 ? "" : "s", wanted->type_count,
            wanted->type_count == 1 ? "" : "s");
    for (size_t i = 0; i < wanted->table_count && i < NAMED_TABLES; i++) {
        fputs(i ? ", " : "", out);
        put_visible(out, wanted->tables[i].name);
    }
    fprintf(out, "%s). Add what schema.prisma does not know:\n", wanted->table_count > NAMED_TABLES ? " …" : "");
}

/* A dot in a name would part it from its schema, and quotes stand around the whole: the long form then. */
static void put_table(FILE *out, const struct table *table, const struct config *config)
{
    bool dotted = strchr(table->name, '.') || (table->schema && strchr(table->schema, '.'));
    const char *schema = table->schema || !dotted ? table->schema : config->verify.schema;
    const char *name = config_scalar(table->name, false, config->arena);
    const char *place = schema ? config_scalar(schema, false, config->arena) : "";
    if (dotted || *place == '"' || (schema && *name == '"')) {
        fprintf(out, "    - {schema: %s, name: %s}\n", place, name);
    } else {
        fprintf(out, "    - %s%s%s\n", place, schema ? "." : "", name);
    }
}

static void put_no_tables(FILE *out)
{
    fputs("  tables: []\n  # tables:\n  #   - users\n", out);
}

static void put_tables(FILE *out, const struct init_project *project)
{
    struct init_tables tables;
    init_find_tables(&tables, project);
    if (tables.found.count) {
        fputs("  # Read from ", out);
        put_visible(out, tables.source);
        fputs(". Look through them: the application never starts while one of them is missing.\n  tables:\n", out);
    } else if (project->config->migrate.steps.count) {
        fputs("  # Which tables the migrations create cannot be read here. Once they ran, this lists them:\n"
              "  #   SELECT tablename FROM pg_tables WHERE schemaname = '",
              out);
        put_visible(out, project->config->verify.schema);
        fputs("' ORDER BY 1;\n  # List those that the application cannot live without: it never starts while one is "
              "missing.\n",
              out);
        put_no_tables(out);
    } else {
        fputs(
            "  # The tables the application cannot live without. The application never starts while one is missing.\n",
            out);
        put_no_tables(out);
    }
    for (size_t i = 0; i < tables.found.count; i++) {
        put_table(out, &tables.found.items[i], project->config);
    }
}

static void put_verify(FILE *out, const struct init_project *project)
{
    const struct wanted *wanted = project->wanted;
    fputs("\nverify:\n", out);
    put_schema(out, project->config);
    if (wanted->unreadable) {
        fputs("  # ", out);
        put_visible(out, wanted->unreadable);
        fputs(" cannot be read (", out);
        put_visible(out, wanted->unreadable_why ? wanted->unreadable_why : "");
        fputs("), so list the tables here:\n", out);
    }
    if (wanted->table_count) {
        put_derived(out, wanted);
        put_no_tables(out);
    } else {
        put_tables(out, project);
    }
    fputs("  #   - name: orders\n"
          "  #     columns: [id, total]\n"
          "  #     indexes: [orders_user_idx]\n"
          "  #     privileges: [select, insert, update, delete]\n",
          out);
}

static char *compose(const struct init_project *project, const struct project_seen *seen, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out) {
        return NULL;
    }
    fputs("# yaml-language-server: $schema=./pgentry.schema.json\n"
          "# Written by `pgentry init`. What is left out has its default: `pgentry help config` explains every key,\n"
          "# `pgentry config` shows what is in force, `pgentry config --schema >pgentry.schema.json` helps the "
          "editor.\n\n",
          out);
    put_database(out, project->config);
    put_preset(out, project, seen);
    put_verify(out, project);
    fputs("\n# on_failure: hold                   # stay up and answer 503 instead of a crash loop\n", out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- where it is written ---- */

static int complain(const char *file, int status)
{
    int why = errno;
    fprintf(stderr, "pgentry: %s: %s%s\n", word_shown(file), strerror(why),
            why == EEXIST ? "; --force overwrites it, --stdout prints instead" : "");
    return status;
}

static int write_file(const char *file, const char *text, size_t length, bool force)
{
    /* O_NONBLOCK: a FIFO that nobody reads is refused, not waited for. */
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (force ? O_TRUNC : O_EXCL), 0644);
    if (fd < 0) {
        return complain(file, STATUS_CANNOT_CREATE);
    }
    FILE *out = fdopen(fd, "w");
    bool written = out && fwrite(text, 1, length, out) == length;
    if ((out ? fclose(out) : close(fd)) != 0 || !written) {
        int status = complain(file, STATUS_IO);
        if (!force) {
            unlink(file); /* half of one would be in the way of the next */
        }
        return status;
    }
    bool found = is(file, INIT_FILE);
    const char *shown = word_shown(file);
    printf("%s written: look through it, then try `pgentry config%s%s`\n", shown, found ? "" : " -c ",
           found ? "" : shown);
    return STATUS_OK;
}

/* The configuration with the steps of what was chosen. NULL: what is wrong was told. */
static struct config *look_nearby(const struct command_line *line, struct config *config, struct project_seen *seen)
{
    struct command_line there = *line;

    nearby_find(&seen->list, config->arena);
    seen->chosen = nearby_choose(&seen->list);
    if (!seen->chosen) {
        return config;
    }
    if (seen->chosen->preset) {
        there.folder = seen->chosen->folder;
        return command_config(&there, false);
    }
    struct step *step = arena_alloc(config->arena, sizeof *step);
    *step = seen->chosen->step;
    config->migrate.steps = (struct steps){ step, 1 };
    config->migrate.history = seen->chosen->migrator->history;
    config->migrate.preset = preset_with(config->migrate.history);
    return config;
}

int command_init(const struct command_line *line)
{
    struct command_line without_file = *line;
    without_file.no_file = true; /* the one that is overwritten may be broken */
    struct config *config = command_config_told(&without_file, false);
    struct project_seen seen = { 0 };
    const char *file = line->config_file ? line->config_file : INIT_FILE;
    struct wanted wanted = { 0 };
    size_t length;
    if (config && config->migrate.unrecognised) {
        config = look_nearby(&without_file, config, &seen);
    }
    if (!config) {
        return STATUS_CONFIG;
    }
    project_wanted(&wanted, config, config->arena);
    const struct init_project project = { config, &wanted, seen.chosen ? seen.chosen->folder : "." };
    char *text = compose(&project, &seen, &length);
    if (!text) {
        errno = ENOMEM;
        return complain(file, STATUS_RESOURCE);
    }
    int status = STATUS_OK;
    if (line->given & OPTION_STDOUT) {
        fwrite(text, 1, length, stdout);
    } else {
        status = write_file(file, text, length, line->given & OPTION_FORCE);
    }
    free(text);
    return status;
}
