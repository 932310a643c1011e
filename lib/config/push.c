#include "config/push.h"

#include "config/command.h"
#include "config/prisma.h"
#include "config/simple.h"
#include "config/word.h"

#include <string.h>

#define SCHEMA_DEFAULT "prisma/schema.prisma"

/* Its value behind the tool, or NULL if it is not there; of several Prisma takes the last. */
static const char *option(const struct strings *command, size_t tool, const char *name)
{
    const char *value = NULL;

    for (size_t i = command->count; i-- > tool + 1 && !value;) {
        value = words_option(command, i, name);
    }
    return value;
}

static void add_all(struct strings *argv, struct arena *arena, const char *const *words)
{
    for (; *words; words++) {
        strings_add(arena, argv, *words);
    }
}

/* What starts prisma: npx, pnpm exec, dotenv -e … --, variables before them; without the shell's own words. */
static void add_launcher(struct strings *argv, const struct strings *command, size_t tool, struct arena *arena)
{
    bool leading = true;

    for (size_t i = 0; i <= tool; i++) {
        bool variable = leading && i < tool && word_is_assignment(command->items[i]);

        if (leading && word_is_prefix(command->items[i])) {
            continue;
        }
        if (variable && argv->count == 0) {
            strings_add(arena, argv, "env");
        }
        leading = leading && variable;
        strings_add(arena, argv, command->items[i]);
    }
}

/* The project's paths are seen from our folder, the guard runs in the step's. */
static const char *schema_of(const struct prisma_project *project, const char *cwd)
{
    const char *schema = project->schema ? project->schema : project->missing;
    size_t folder = strlen(cwd);

    if (!schema) {
        return SCHEMA_DEFAULT;
    }
    return strncmp(schema, cwd, folder) == 0 && schema[folder] == '/' ? schema + folder + 1 : schema;
}

/* Why it is another schema or another database than the push would take, for all that can be told. */
static const char *uncertain(const struct prisma_project *project, struct arena *arena)
{
    if (project->schema_doubtful) {
        return arena_printf(arena,
                            "while %s names its schema by an expression: name it with --schema, or for the preset's "
                            "own steps with verify.prisma_schema",
                            project->config_file);
    }
    if (project->major < 7 && project->url_doubtful) {
        return arena_printf(arena,
                            "while %s may lead to another database than the schema: let the url of both be env of "
                            "the same variable, without a directUrl",
                            project->config_file);
    }
    return NULL;
}

/* What is set without export reaches a command only if it was exported before, as variables of these names mostly are.
 */
static bool leads_to_database(const char *assignment)
{
    static const char *const names[] = { "URL", "DATABASE", "PRISMA", "PG" };
    size_t length = strcspn(assignment, "=");
    bool leads = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *found = strstr(assignment, names[i]);

        leads = leads || (found && found < assignment + length);
    }
    return leads;
}

static const char redefined[] = "beside an alias or a function: give it a step of its own";

/* What the shell does before the push, and the diff without a shell does not. */
static const char *done_before(const struct strings *command)
{
    static const char variables[] = "after an export: name the variables with env instead";
    enum change change = words_change(command);

    if (change == CHANGES_FOLDER) {
        return "after a cd: name the folder with cwd instead";
    }
    if (change == CHANGES_COMMANDS) {
        return redefined;
    }
    if (change == CHANGES_ANYTHING) {
        return variables;
    }
    if (change == CHANGES_NOTHING && words_name(command) < command->count) { /* it runs a program, and sets nothing */
        return NULL;
    }
    for (size_t i = 0; i < command->count; i++) {
        if (leads_to_database(command->items[i])) {
            return variables;
        }
    }
    return NULL;
}

/* What starts it in another folder, where other files tell what is pushed. */
static bool is_elsewhere(const struct strings *command, size_t tool)
{
    bool launcher = false;

    for (size_t i = 0; i < tool; i++) {
        const char *place = launcher ? words_place(command, i) : NULL;

        if (place && strcmp(place, ".") != 0) {
            return true;
        }
        launcher = launcher || word_starts_elsewhere(command->items[i]);
    }
    return false;
}

/* Behind it Prisma takes no word for an option. */
static bool ends_options(const struct strings *command, size_t tool)
{
    bool pushed = false, ended = false;

    for (size_t i = tool + 1; i < command->count; i++) {
        ended = ended || (pushed && strcmp(command->items[i], "--") == 0);
        pushed = pushed || strcmp(command->items[i], "push") == 0;
    }
    return ended;
}

/* What makes the push another than the one that would be looked at. */
static const char *too_clever(const struct simples *commands, size_t push, size_t tool)
{
    const struct strings *pushing = &commands->items[push].words;
    size_t other;

    for (size_t i = 0; i < pushing->count; i++) {
        if (strpbrk(pushing->items[i], "$`")) {
            return WORD_EXPANDED;
        }
    }
    for (size_t i = 0; i < commands->count; i++) {
        const char *before = simple_precedes(commands, i, push) ? done_before(&commands->items[i].words) : NULL;

        if (before) {
            return before;
        }
        if (i > push && command_is_push(&commands->items[i].words, &other)) {
            return "beside another: give each a step of its own";
        }
    }
    if (commands->items[push].text && words_define(commands->items[push].text)) {
        return redefined;
    }
    if (words_are_fed(pushing, tool)) {
        return "behind xargs: write its words out";
    }
    if (is_elsewhere(pushing, tool)) {
        return WORD_ELSEWHERE;
    }
    if (ends_options(pushing, tool)) {
        return "with -- behind it: leave that out";
    }
    return option(pushing, tool, "--url") ? "with --url: name its URL with env DATABASE_URL instead"
                                          : commands->items[push].apart;
}

const char *push_guard(struct step *step, struct arena *arena)
{
    const struct simples *commands = simple_commands(step, arena);
    size_t at = 0, tool = 0;

    while (at < commands->count && !command_is_push(&commands->items[at].words, &tool)) {
        at++;
    }

    const char *why = too_clever(commands, at, tool);

    if (why) {
        return why;
    }

    const struct strings *command = &commands->items[at].words;
    const char *named = option(command, tool, "--schema"), *config = option(command, tool, "--config");
    struct prisma_project project;

    (void)prisma_project_find_with(&project, step->cwd, named, config, arena);
    why = uncertain(&project, arena);
    if (why) {
        return why;
    }

    const char *schema = named ? named : schema_of(&project, step->cwd);
    const char *const before_7[] = { "--from-schema-datasource", schema, "--to-schema-datamodel", schema, NULL };
    const char *const since_7[] = { "--from-config-datasource", "--to-schema", schema, NULL };

    add_launcher(&step->guard, command, tool, arena);
    add_all(&step->guard, arena, (const char *const[]){ "migrate", "diff", NULL });
    add_all(&step->guard, arena, project.major >= 7 ? since_7 : before_7);
    add_all(&step->guard, arena, (const char *const[]){ "--script", config ? "--config" : NULL, config, NULL });
    return NULL;
}
