#include "project/tool_command.h"
#include "project/tool.h"

#include "base/shell.h"
#include "config/command.h"
#include "config/content.h"
#include "config/package.h"
#include "config/simple.h"
#include "config/word.h"

#include <stdlib.h>
#include <string.h>

static void doubt(struct tool_command *command, const char *sentence)
{
    if (command->doubt == NULL) {
        command->doubt = sentence;
    }
}

static void set_once(struct tool_command *command, const char **place, const char *value, struct arena *arena)
{
    if (*place != NULL) {
        doubt(command, "an option is given twice");
    }
    *place = arena_strdup(arena, value);
}

static void apply(struct tool_command *command, enum meaning meaning, const char *value, struct arena *arena)
{
    switch (meaning) {
    case MEANS_NOTHING:
    case MEANS_NOTHING_VALUE:
        break;
    case MEANS_URL_VARIABLE:
        if (strcmp(value, "DATABASE_URL") != 0) {
            doubt(command, arena_printf(arena, "it takes its URL from %s", value));
        }
        break;
    case MEANS_FOLDER:
        if (command->folders.count > 0) {
            doubt(command, "an option is given twice");
        }
        strings_add(arena, &command->folders, value);
        break;
    case MEANS_FOLDERS:
        strings_split(arena, &command->folders, value);
        break;
    case MEANS_TABLE:
        set_once(command, &command->table, value, arena);
        break;
    case MEANS_SCHEMA:
        set_once(command, &command->schema, value, arena);
        break;
    case MEANS_SCHEMA_PATH:
        set_once(command, &command->schema_path, value, arena);
        break;
    case MEANS_CONFIG_PATH:
        set_once(command, &command->config_path, value, arena);
        break;
    }
}

/* One option and its value; `i` moves on if the value is the next word. */
static void parse_option(struct tool_command *command, const struct tool *tool, const struct strings *words, size_t *i,
                         struct arena *arena)
{
    const char *word = words->items[*i];
    size_t dashes = strspn(word, "-");
    const char *name = word + dashes;
    size_t length = strcspn(name, "=");
    const struct option *option = tool_option(tool, name, length);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    bool spelled = dashes == (length == 1 ? 1u : 2u) || (tool->single_dash && dashes <= 2);

    if (option == NULL || !spelled || (option->meaning == MEANS_NOTHING && value != NULL)) {
        doubt(command, arena_printf(arena, "its option %s is not understood", word));
        return;
    }
    if (option->meaning != MEANS_NOTHING && value == NULL) {
        if (*i + 1 == words->count) {
            doubt(command, arena_printf(arena, "its option %s has no value", word));
            return;
        }
        value = words->items[++*i];
    }
    apply(command, option->meaning, value, arena);
}

static bool has_verbs(const struct tool *tool, const struct strings *verbs)
{
    for (size_t form = 0; form < VERBS && tool->verbs[form][0] != NULL; form++) {
        size_t count = 0;

        while (count < VERBS && tool->verbs[form][count] != NULL) {
            count++;
        }
        for (size_t at = 0; at + count <= verbs->count; at++) {
            size_t same = 0;

            while (same < count && strcmp(verbs->items[at + same], tool->verbs[form][same]) == 0) {
                same++;
            }
            if (same == count && (tool->beside != NULL || at == 0)) {
                return true;
            }
        }
    }
    return false;
}

/* Verbs that are neither the tool's own nor allowed beside them: a count, a name, another task. */
static void check_verbs(struct tool_command *command, const struct tool *tool, const struct strings *verbs,
                        struct arena *arena)
{
    size_t own = tool->verbs[0][1] == NULL ? 1 : 2;

    for (size_t i = 0; i < verbs->count; i++) {
        const char *verb = verbs->items[i];
        bool fine = tool->beside == NULL
                        ? i < own
                        : strncmp(verb, tool->beside, strlen(tool->beside)) == 0 && strpbrk(verb, "=[") == NULL;

        if (!fine) {
            doubt(command, arena_printf(arena, "its argument %s is not understood", verb));
        }
    }
}

/* What stands behind the program. False if that is no migration. */
static bool parse_behind(struct tool_command *command, const struct tool *tool, const struct strings *words, size_t i,
                         struct arena *arena)
{
    struct strings verbs = { 0 };

    for (; i < words->count; i++) {
        if (words->items[i][0] == '-') {
            parse_option(command, tool, words, &i, arena);
        } else {
            strings_add(arena, &verbs, words->items[i]);
        }
    }
    if (!has_verbs(tool, &verbs)) {
        return false;
    }
    check_verbs(command, tool, &verbs, arena);
    return true;
}

/* `yarn prisma` may be a script of package.json that is called so, and runs where that lies. */
static void check_script(struct tool_command *command, const char *program, struct arena *arena)
{
    const char *cwd = tool_command_cwd(command);
    const char *path = content_find_up(cwd, "package.json", arena);

    if (path != NULL && !content_is_same(content_folder(arena, path), cwd)) {
        doubt(command, arena_printf(arena, "its package manager may run it in the folder of %s", path));
    }

    if (path != NULL && package_string(path, "scripts", program, arena) != NULL) {
        doubt(command, arena_printf(arena, "%s is a script of %s", program, path));
    }
}

/* One simple command. False if it is not the tool's. */
static bool parse_words(struct tool_command *command, const struct tool *tool, const struct strings *words,
                        struct arena *arena)
{
    struct tool_command tried = { .step = command->step, .doubt = command->doubt };
    size_t program = 0;

    while (program < words->count && !tool_is_program(tool, words->items[program])) {
        program++;
    }
    if (program == words->count || !parse_behind(&tried, tool, words, program + 1, arena)) {
        return false;
    }
    for (size_t i = 0; i < program; i++) {
        if (!tool_is_launcher(words->items[i])) {
            doubt(&tried, arena_printf(arena, "the word %s before it is not understood", words->items[i]));
        }
        if (word_is_package_manager(words->items[i])) {
            check_script(&tried, words->items[program], arena);
        }
    }
    *command = tried;
    return true;
}

/* What the commands behind it may not be as they stand for, or may not follow at all. */
static bool leaves_open(const struct strings *words)
{
    size_t name = words_name(words);

    return words->count &&
           (name == words->count || word_is_prefix(words->items[0]) || words_change(words) != CHANGES_NOTHING);
}

/* Of a shell's grammar quotes, lists, pipelines and redirections are understood, not what is expanded or grouped. */
static bool is_plain(const char *text)
{
    return strpbrk(text, "$`\\(){}[]*?~#!") == NULL && strstr(text, "<<") == NULL;
}

static size_t skip(const struct strings *words, size_t at, const char *const *among, size_t count)
{
    while (at < words->count && strings_among(words->items[at], among, count)) {
        at++;
    }
    return at;
}
#define SKIP(words, at, among) skip(words, at, among, sizeof(among) / sizeof *(among))

/* A command that runs a command line, and changes nothing else: [exec] sh -c TEXT, npm [run] NAME [-- OPTIONS]. */
static bool runs_plainly(const struct strings *words)
{
    static const char *const before[] = { "exec", "nohup", "tini", "dumb-init", "catatonit", "--" };
    static const char *const flags[] = { "-c", "-ec" };
    static const char *const running[] = { "run", "run-script", "--silent", "-s", "--if-present" };
    size_t at = SKIP(words, 0, before);

    if (at + 1 < words->count && strcmp(words->items[at], "timeout") == 0) {
        at += 2;
    }
    if (at + 3 == words->count && word_is_shell(words->items[at])) {
        return STRINGS_AMONG(words->items[at + 1], flags);
    }
    if (at == words->count || !word_is_package_manager(words->items[at])) {
        return false;
    }
    at = SKIP(words, at + 1, running) + 1;
    return at == words->count || (at < words->count && strcmp(words->items[at], "--") == 0);
}

/* What around a simple command makes another one of it. */
static void check_surroundings(struct tool_command *command, const struct simples *commands, size_t at,
                               struct arena *arena)
{
    const struct simple *simple = &commands->items[at];
    bool plain = true;

    for (size_t i = 0; i < commands->count; i++) {
        plain = plain && !(simple_precedes(commands, i, at) && leaves_open(&commands->items[i].words));
    }
    for (size_t i = at; i != SIMPLE_TOP; i = commands->items[i].parent) {
        const struct simple *around = &commands->items[i];

        plain = plain && (around->text == NULL || is_plain(around->text)) && (i == at || runs_plainly(&around->words));
    }
    if (simple->apart) {
        doubt(command, arena_printf(arena, "it runs it %s", simple->apart));
    }
    if (!plain) {
        doubt(command, "its command line says more than is understood");
    }
}

/* Programs that are there to bring files: what lies here is not what the tool will see. */
static void check_files(struct tool_command *command, const struct step *step, const char *runner, struct arena *arena)
{
    static const char *const programs[] = {
        "cp", "mv", "ln", "rsync", "tar", "unzip", "git", "curl", "wget", "aws", "gsutil", "rclone",
    };
    const struct simples *commands = simple_commands(step, arena);

    for (size_t i = 0; i < commands->count; i++) {
        const struct strings *words = &commands->items[i].words;
        size_t started = words_started(words);

        if (started < words->count && STRINGS_AMONG(content_name(words->items[started]), programs)) {
            doubt(command, arena_printf(arena, "%s runs %s, which may bring migrations that are not here yet", runner,
                                        words->items[started]));
        }
    }
}

/* Another tool in the same step would be skipped with it, and this one's ledger tells nothing of what that has pending.
 */
static void check_others(struct tool_command *command, const struct tool *tool, const struct simples *commands,
                         struct arena *arena)
{
    for (size_t i = 0; i < commands->count; i++) {
        const struct migrator *other = command_calls(&commands->items[i].words);

        if (other != NULL && !tool_is_program(tool, other->tool)) {
            doubt(command, arena_printf(arena, "it runs %s %s as well", other->tool, other->words));
        }
    }
}

/* False if the step does not run the tool. */
static bool parse_step(struct tool_command *command, const struct tool *tool, const struct step *step,
                       struct arena *arena)
{
    const struct simples *commands = simple_commands(step, arena);
    bool found = false;

    *command = (struct tool_command){ .step = step };
    for (size_t i = 0; i < commands->count; i++) {
        if (!parse_words(command, tool, &commands->items[i].words, arena)) {
            continue;
        }
        if (found) {
            doubt(command, "it runs it twice");
        }
        check_surroundings(command, commands, i, arena);
        found = true;
    }
    if (found) {
        check_others(command, tool, commands, arena);
        check_files(command, step, "it", arena);
    }
    return found;
}

static bool same_list(const struct strings *left, const struct strings *right)
{
    if (left->count != right->count) {
        return false;
    }
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->items[i], right->items[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_place(const struct tool_command *left, const struct tool_command *right)
{
    return strings_same(tool_command_cwd(left), tool_command_cwd(right)) &&
           same_list(&left->folders, &right->folders) && strings_same(left->table, right->table) &&
           strings_same(left->schema, right->schema) && strings_same(left->schema_path, right->schema_path) &&
           strings_same(left->config_path, right->config_path);
}

/* Variables that lead a tool to another database; ours are the URLs of the configuration. */
static void check_database(struct tool_command *command, const struct config *config, struct arena *arena)
{
    static const char *const variables[] = { "DATABASE_URL", "DIRECT_URL", "PGHOST",    "PGHOSTADDR", "PGPORT",
                                             "PGDATABASE",   "PGUSER",     "PGOPTIONS", "PGSERVICE",  "PGSERVICEFILE" };
    const char *const urls[] = { config->database.url, config->database.direct_url };

    for (size_t i = 0; i < command->step->env_count; i++) {
        const struct variable *variable = &command->step->env[i];

        if (STRINGS_AMONG(variable->name, variables) && !STRINGS_AMONG(variable->value, urls)) {
            doubt(command, arena_printf(arena, "its env sets %s", variable->name));
        }
    }
}

void tool_command_find(struct tool_command *command, const struct config *config, struct arena *arena)
{
    const struct tool *tool = &tools[config->migrate.history];
    bool found = false;

    *command = (struct tool_command){ 0 };
    for (size_t i = 0; i < config->migrate.steps.count; i++) {
        struct tool_command next;

        if (!parse_step(&next, tool, &config->migrate.steps.items[i], arena)) {
            continue;
        }
        check_database(&next, config, arena);
        if (!found) {
            *command = next;
        } else if (next.doubt != NULL || !same_place(command, &next)) {
            doubt(command, "another step runs it in another way");
        }
        found = true;
    }
    if (!found && config->migrate.steps.count > 0) {
        const char *const *verbs = tool->verbs[0];

        doubt(command, arena_printf(arena, "no step is known to run %s %s%s%s", tool->programs[0], verbs[0],
                                    verbs[1] ? " " : "", verbs[1] ? verbs[1] : ""));
    } else if (found && command->doubt != NULL) {
        command->doubt = arena_printf(arena, "step %s: %s", command->step->name, command->doubt);
    }
    for (size_t i = 0; found && i < config->migrate.before.count; i++) {
        check_files(command, &config->migrate.before.items[i], "migrate.before", arena);
    }
}

bool tool_command_find_prisma(struct tool_command *command, const struct config *config, struct arena *arena)
{
    for (size_t i = 0; i < config->migrate.steps.count; i++) {
        const struct step *step = &config->migrate.steps.items[i];

        if (parse_step(command, &tools[HISTORY_PRISMA], step, arena) || parse_step(command, &tool_push, step, arena)) {
            return true;
        }
    }
    *command = (struct tool_command){ 0 };
    return false;
}

const char *tool_command_cwd(const struct tool_command *command)
{
    return command->step != NULL && command->step->cwd != NULL ? command->step->cwd : ".";
}

static const char url_variable[] = "DATABASE_URL";

const char *tool_command_variable(const struct tool_command *command, const struct config *config, const char *name)
{
    const char *own = command->step != NULL ? step_variable(command->step, name) : NULL;

    if (own == NULL && strcmp(name, url_variable) == 0) {
        own = config_step_url(config);
    }
    if (own != NULL) {
        return own;
    }
    const char *read = config_file_variable(config, name);

    return read != NULL ? read : getenv(name);
}

const char *tool_command_url(const struct tool_command *command, const struct config *config)
{
    return tool_command_variable(command, config, url_variable);
}

const char *prisma_command(const struct tool_command *command, const char *words, struct arena *arena)
{
    const char *cwd = tool_command_cwd(command);
    const char *line = arena_printf(arena, "npx prisma %s", words);

    if (command->schema_path) {
        line = arena_printf(arena, "%s --schema %s", line, shell_quote(command->schema_path, arena));
    }
    if (command->config_path) {
        line = arena_printf(arena, "%s --config %s", line, shell_quote(command->config_path, arena));
    }
    return strcmp(cwd, ".") == 0 ? line : arena_printf(arena, "(cd %s && %s)", shell_quote(cwd, arena), line);
}
