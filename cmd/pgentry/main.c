#include "base/arena.h"
#include "base/exit_status.h"
#include "base/mask.h"
#include "base/text.h"
#include "command.h"
#include "config/secret.h"
#include "database/database.h"
#include "process/credentials.h"
#include "process/spawn.h"
#include "runtime/runtime.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
    { "run", "[OPTIONS] [--] APP [ARG…]", "wait, lock, migrate, verify, start APP; `pgentry -- APP` is the same",
      command_run, 0, true, 1, SIZE_MAX },
    { "wait", "", "wait until PostgreSQL takes queries", command_wait, 0, true, 0, 0 },
    { "sync", "[--only STEP] [--from STEP] [--force]", "the main job without an application", command_sync,
      OPTION_ONLY | OPTION_FROM | OPTION_FORCE, true, 0, 0 },
    { "verify", "[--json]", "one look at the schema, no waiting and no change", command_verify, OPTION_JSON, true, 0,
      0 },
    { "diagnose", "[--json]", "say everything that is wrong, each with the command that mends it", command_diagnose,
      OPTION_JSON, false, 0, 0 },
    { "apply", "[--no-transaction] FILE…", "run SQL files, one transaction a file", command_apply,
      OPTION_NO_TRANSACTION, false, 1, SIZE_MAX },
    { "health", "[--live] [--json] [--wait DURATION]", "ask the supervisor of this container whether it is healthy",
      command_health, OPTION_LIVE | OPTION_JSON | OPTION_WAIT, false, 0, 0 },
    { "init", "[--force] [--stdout]", "look at the project here and write a commented pgentry.yaml", command_init,
      OPTION_FORCE | OPTION_STDOUT, false, 0, 0 },
    { "config", "[--schema]", "check the configuration and print the effective one", command_config_print,
      OPTION_SCHEMA, false, 0, 0 },
    { "version", "", "print the version", command_version, 0, false, 0, 0 },
    { "help", "[COMMAND]", "print this, or what a command does", command_help, 0, false, 0, 1 },
};
const size_t command_count = sizeof commands / sizeof commands[0];

/* Every option: which it is, its names, its sentence. */
static const struct option {
    enum option_bit bit;
    const char *name, *brief;
    const char *value; /* what it takes, or NULL */
    const char *sentence;
} options[] = {
    { OPTION_CONFIG, "--config", "-c", "FILE", "the configuration file" },
    { OPTION_LOG_FORMAT, "--log-format", NULL, "auto|text|json", "how the log is written" },
    { OPTION_LOG_LEVEL, "--log-level", NULL, "debug|info|warn|error", "what is logged" },
    { OPTION_SET, "--set", NULL, "KEY=VALUE", "any configuration key by its dotted path" },
    { OPTION_ONLY, "--only", NULL, "STEP", "of migrate.steps run this one alone" },
    { OPTION_FROM, "--from", NULL, "STEP", "run migrate.steps from this one on" },
    { OPTION_FORCE, "--force", NULL, NULL, "sync: run steps although nothing is pending; init: overwrite" },
    { OPTION_STDOUT, "--stdout", NULL, NULL, "print it instead of writing a file" },
    { OPTION_JSON, "--json", NULL, NULL, "print a JSON document" },
    { OPTION_LIVE, "--live", NULL, NULL, "ask only whether the supervisor lives" },
    { OPTION_WAIT, "--wait", NULL, "DURATION", "ask again until it is healthy, this long at most" },
    { OPTION_NO_TRANSACTION, "--no-transaction", NULL, NULL,
      "statement by statement, for those that refuse a transaction" },
    { OPTION_SCHEMA, "--schema", NULL, NULL, "print the JSON Schema of the configuration" },
};
#define OPTION_COUNT (sizeof options / sizeof options[0])
#define OPTIONS_OF_ALL (OPTION_CONFIG | OPTION_LOG_FORMAT | OPTION_LOG_LEVEL | OPTION_SET)

/* What may stand among the options, and asks for something else than the command does. */
static const struct asking {
    const char *name, *brief;
    const char *command; /* in the place of a command it is this one */
} asking[] = {
    { "--help", "-h", "help" },
    { "--version", "-V", "version" },
};
#define ASKING_COUNT (sizeof asking / sizeof asking[0])
#define ASKED (-1) /* no status: one of them stands there */

int usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("pgentry: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; see `pgentry help`\n", stderr);
    va_end(arguments);
    return STATUS_USAGE;
}

const char *word_shown(const char *word)
{
    static char shown[128];
    struct text text = text_over(shown, sizeof shown);
    struct arena *arena = arena_new();
    const char *hidden = secret_hide(word, arena);
    text_visible(&text, hidden, strlen(hidden));
    arena_free(arena);
    return shown;
}

static int unknown(const char *what, const char *word, const char *const *candidates, size_t count)
{
    const char *shown = word_shown(word);
    const char *near = strings_nearest(word, candidates, count);
    return near ? usage_error("unknown %s '%s', did you mean '%s'?", what, shown, near)
                : usage_error("unknown %s '%s'", what, shown);
}

const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int unknown_command(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]];
    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i].name;
    }
    return unknown("command", word, names, command_count);
}

static bool knows(const struct command *command, const struct option *option)
{
    return (command->options | OPTIONS_OF_ALL) & option->bit;
}

static int unknown_option(const struct command *command, const char *word)
{
    const char *names[OPTION_COUNT + ASKING_COUNT];
    char name[32];
    size_t count = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (knows(command, &options[i])) {
            names[count++] = options[i].name;
        }
    }
    for (size_t i = 0; i < ASKING_COUNT; i++) {
        names[count++] = asking[i].name;
    }
    /* what is given to it may be a secret, and says nothing of what was meant */
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    return unknown("option", name, names, count);
}

/* KEY=VALUE, or the whole assignment as `value` where `key` is empty. False: there are too many, or no memory. */
static bool add_setting(struct command_line *line, const char *key, const char *value, const char *origin)
{
    assert(value); /* `options`: these have one */
    if (line->setting_count == SETTINGS_MAX) {
        return false;
    }
    size_t size = strlen(key) + strlen(value) + 2;
    char *assignment = malloc(size);
    if (!assignment) {
        return false;
    }
    snprintf(assignment, size, "%s%s%s", key, *key ? "=" : "", value);
    line->settings[line->setting_count++] = (struct setting){ .assignment = assignment, .origin = origin };
    return true;
}

/* What was copied out of our arguments is not to be read in them by `ps`: they may be written (C11 section 5.1.2.2.1).
 */
static void hide_secret(const char *assignment)
{
    if (config_setting_is_secret(assignment)) {
        char *value = strchr(assignment, '=') + 1;
        memset(value, '*', strlen(value));
    }
}

static bool take_option(struct command_line *line, const struct option *option, const char *value)
{
    bool taken;
    switch (option->bit) {
    case OPTION_CONFIG:
        line->config_file = value;
        return true;
    case OPTION_LOG_FORMAT:
        return add_setting(line, "log.format", value, option->name);
    case OPTION_LOG_LEVEL:
        return add_setting(line, "log.level", value, option->name);
    case OPTION_SET:
        taken = add_setting(line, "", value, option->name);
        hide_secret(value);
        return taken;
    case OPTION_ONLY:
        line->only = value;
        return true;
    case OPTION_FROM:
        line->from = value;
        return true;
    case OPTION_FORCE:
        return line->force = true;
    case OPTION_STDOUT:
        return line->to_stdout = true;
    case OPTION_JSON:
        return line->json = true;
    case OPTION_LIVE:
        return line->live = true;
    case OPTION_WAIT:
        line->wait = value;
        return true;
    case OPTION_NO_TRANSACTION:
        return line->no_transaction = true;
    case OPTION_SCHEMA:
        return line->schema = true;
    }
    return false;
}

/* Of `word` up to "=", which a value may follow. */
static size_t name_length(const char *word, const char **value)
{
    size_t length = strncmp(word, "--", 2) == 0 ? strcspn(word, "=") : strlen(word);
    *value = word[length] ? word + length + 1 : NULL;
    return length;
}

static const struct asking *find_asking(const char *word, const char **value)
{
    size_t length = name_length(word, value);
    for (size_t i = 0; i < ASKING_COUNT; i++) {
        bool named = strlen(asking[i].name) == length && strncmp(asking[i].name, word, length) == 0;
        if (named || strcmp(asking[i].brief, word) == 0) {
            return &asking[i];
        }
    }
    return NULL;
}

static const struct option *find_option(const struct command *command, const char *word, const char **value)
{
    size_t length = name_length(word, value);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        bool named = strlen(option->name) == length && strncmp(option->name, word, length) == 0;
        if (knows(command, option) && (named || (option->brief && strcmp(option->brief, word) == 0))) {
            return option;
        }
    }
    return NULL;
}

/* Whether `word` is one of those that `words` lists with "|" between them. */
static bool is_one_of(const char *word, const char *words)
{
    size_t length = strlen(word);
    for (const char *at = words; length && (at = strstr(at, word)); at++) {
        if ((at == words || at[-1] == '|') && (at[length] == '|' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Nothing at all is what a variable of a script held that was not set. */
static bool takes(const struct option *option, const char *value)
{
    return *value && (!strchr(option->value, '|') || is_one_of(value, option->value)) &&
           (!strchr(option->value, '=') || strchr(value, '='));
}

/* Takes options off the front; stops at the first operand or behind "--", or at what asks. Returns 0, 64 or ASKED. */
static int parse_options(const struct command *command, struct command_line *line, const char *const **at)
{
    for (; **at && ***at == '-' && (**at)[1]; ++*at) {
        const char *word = **at, *value;
        if (strcmp(word, "--") == 0) {
            ++*at;
            return 0;
        }
        const struct asking *asked = find_asking(word, &value);
        if (asked) {
            return value ? usage_error("option %s takes no value", asked->name) : ASKED;
        }
        const struct option *option = find_option(command, word, &value);
        if (!option) {
            return unknown_option(command, word);
        }
        if (!option->value && value) {
            return usage_error("option %s takes no value", option->name);
        }
        if (option->value && !value) {
            if (!(value = (*at)[1])) {
                return usage_error("option %s needs a value: %s", option->name, option->value);
            }
            ++*at;
        }
        if (option->value && !takes(option, value)) {
            return usage_error("option %s takes %s, not '%s'", option->name, option->value, word_shown(value));
        }
        if (!take_option(line, option, value)) {
            return usage_error("too many settings");
        }
    }
    return 0;
}

/* The application's arguments are its own: run stops at the first operand. Other commands take options behind operands
 * as well. */
static int parse(const struct command *command, struct command_line *line, const char *const **at)
{
    size_t most = 0;
    while ((*at)[most]) {
        most++;
    }
    const char **operands = calloc(most + 1, sizeof *operands);
    if (!operands) {
        return STATUS_RESOURCE;
    }
    line->operands = operands;
    bool literal = false;
    while (**at) {
        if (!literal) {
            int status = parse_options(command, line, at);
            if (status) {
                return status;
            }
            literal = command->main == command_run || strcmp((*at)[-1], "--") == 0;
        }
        if (!**at) {
            break;
        }
        operands[line->operand_count++] = *(*at)++;
    }
    return 0;
}

static int check_operands(const struct command *command, const struct command_line *line)
{
    if (line->operand_count < command->operands_least) {
        return usage_error("%s needs %s", command->name,
                           command->main == command_run ? "an application to start" : "a file");
    }
    if (line->operand_count > command->operands_most) {
        return usage_error("%s takes no '%s'", command->name, word_shown(line->operands[command->operands_most]));
    }
    if (line->only && line->from) {
        return usage_error("--only and --from exclude each other");
    }
    return 0;
}

static struct config *load_config(const struct command_line *line, struct config_request request,
                                  struct strings *errors)
{
    request.file = line->config_file;
    request.no_file = line->no_file;
    request.folder = line->folder;
    request.settings = line->settings;
    request.setting_count = line->setting_count;
    return config_load(&request, errors, arena_new()); /* for the life of the process */
}

static struct config *read_config(const struct command_line *line, struct config_request request)
{
    struct strings errors = { 0 };
    struct config *config = load_config(line, request, &errors);

    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.items[i]);
    }
    return config;
}

static struct config_request whole_config(bool database_needed)
{
    return (struct config_request){ .database_needed = database_needed,
                                    .check_urls = database_needed ? database_check_urls : NULL,
                                    .check_user = database_needed ? credentials_check : NULL };
}

struct config *command_config_any_url(const struct command_line *line)
{
    return read_config(line, (struct config_request){ .database_needed = true });
}

struct config *command_config(const struct command_line *line, bool database_needed)
{
    return read_config(line, whole_config(database_needed));
}

struct config *command_config_logged(const struct command_line *line, struct strings *errors, enum log_format *format)
{
    struct config_request request = whole_config(true);

    request.format = format;
    return load_config(line, request, errors);
}

struct config *command_config_health(const struct command_line *line)
{
    return read_config(line, (struct config_request){ .section = "health." });
}

struct config *command_config_told(const struct command_line *line, bool database_needed)
{
    struct config *config = command_config(line, database_needed);

    for (size_t i = 0; config && config->log.level <= LOG_WARN && i < config->warnings.count; i++) {
        fprintf(stderr, "pgentry: warning: %s\n", config->warnings.items[i]);
    }
    return config;
}

static void print_option(const struct option *option)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s%s%s", option->brief ? option->brief : "", option->brief ? ", " : "",
             option->name, option->value ? " " : "", option->value ? option->value : "");
    printf("  %-38s %s\n", name, option->sentence);
}

void print_command(const struct command *command)
{
    printf("usage: pgentry %s%s%s\n\n%s\n\noptions:\n", command->name, *command->synopsis ? " " : "", command->synopsis,
           command->sentence);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (knows(command, &options[i])) {
            print_option(&options[i]);
        }
    }
}

void print_usage(void)
{
    static const struct {
        int number;
        const char *sentence;
    } statuses[] = {
#define X(name, number, sentence) { number, sentence },
        EXIT_STATUS_TABLE(X)
#undef X
    };
    puts("pgentry: the entrypoint of a container whose application needs PostgreSQL\n\nusage: pgentry COMMAND "
         "[OPTIONS]\n       pgentry [OPTIONS] -- APP [ARG…]\n\ncommands:");
    for (size_t i = 0; i < command_count; i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].sentence);
    }
    puts("\noptions of every command:");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (options[i].bit & OPTIONS_OF_ALL) {
            print_option(&options[i]);
        }
    }
    puts("\nexit status: that of the application, 128+N when signal N ended it, else:");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        printf("  %-4d %s\n", statuses[i].number, statuses[i].sentence);
    }
    puts("\n`pgentry help COMMAND` tells of a command, `pgentry help config` of every configuration key.");
}

/* Options of all commands may stand before the command; `pgentry [OPTIONS] -- APP` is run. NULL with *status. */
static const struct command *take_command(struct command_line *line, const char *const **at, int *status)
{
    static const struct command any = { .name = "" };
    const char *const *before = *at;
    const char *value;
    *status = parse_options(&any, line, at);
    if (*status == ASKED) {
        *status = 0;
        return find_command(find_asking(*(*at)++, &value)->command);
    }
    if (*status) {
        return NULL;
    }
    if (*at > before && strcmp((*at)[-1], "--") == 0) {
        --*at;
        return find_command("run");
    }
    const struct command *command = **at ? find_command(**at) : NULL;
    if (!command) {
        *status = **at ? unknown_command(**at) : usage_error("a command is missing");
        return NULL;
    }
    ++*at;
    return command;
}

/* What was asked for among the options of a command. */
static int answer(const struct command *command, const char *word)
{
    const char *value, *asked = find_asking(word, &value)->command;
    if (strcmp(asked, "help") == 0) {
        print_command(command);
        return STATUS_OK;
    }
    return find_command(asked)->main(NULL);
}

int main(int argc, char **argv)
{
    static struct command_line line;
    const char *const *at = (const char *const *)argv + 1;

    inherited_streams_guard();
    if (argc < 2) {
        print_usage();
        return usage_error("a command is missing");
    }
    int status = 0;
    const struct command *command = take_command(&line, &at, &status);
    if (!command) {
        return status;
    }
    if (command->supervises && !runtime_prepare()) {
        fprintf(stderr, "pgentry: the system refuses a descriptor for signals: %s\n", strerror(errno));
        return STATUS_RESOURCE;
    }
    status = parse(command, &line, &at);
    if (status == 0) {
        status = check_operands(command, &line);
    }
    if (status == 0) {
        status = command->main(&line);
    } else if (status == ASKED) {
        status = answer(command, *at);
    }
    /* a full disk or a closed pipe behind standard output must not look like success */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_OK) {
        fprintf(stderr, "pgentry: standard output could not be written to the end\n");
        status = STATUS_IO;
    }
#ifndef PGENTRY_SANITIZE
    _exit(status); /* nothing of ours waits for atexit, and the libraries' farewells cost a tenth of a millisecond */
#endif
    return status;
}
