#include "options.h"

#include "base/arena.h"
#include "base/exit_status.h"
#include "base/text.h"
#include "config/secret.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every option: which it is, its names, what it takes and where that goes, its sentence. */
static const struct option {
    enum option_bit bit;
    const char *name, *brief;
    const char *value; /* what it takes, or NULL */
    const char *key;   /* the configuration key that it sets; "" where its value says which */
    size_t field;      /* else the one of struct command_line that keeps the value */
    const char *sentence;
} options[] = {
#define KEPT(field) NULL, offsetof(struct command_line, field)
#define SETS(key) key, 0
#define FLAG NULL, NULL, 0
    { OPTION_CONFIG, "--config", "-c", "FILE", KEPT(config_file), "the configuration file" },
    { OPTION_LOG_FORMAT, "--log-format", NULL, "auto|text|json", SETS("log.format"), "how the log is written" },
    { OPTION_LOG_LEVEL, "--log-level", NULL, "debug|info|warn|error", SETS("log.level"), "what is logged" },
    { OPTION_SET, "--set", NULL, "KEY=VALUE", SETS(""), "any configuration key by its dotted path" },
    { OPTION_ONLY, "--only", NULL, "STEP", KEPT(only), "of migrate.steps run this one alone" },
    { OPTION_FROM, "--from", NULL, "STEP", KEPT(from), "run migrate.steps from this one on" },
    { OPTION_FORCE, "--force", NULL, FLAG, "sync: run steps although nothing is pending; init: overwrite" },
    { OPTION_STDOUT, "--stdout", NULL, FLAG, "print it instead of writing a file" },
    { OPTION_JSON, "--json", NULL, FLAG, "print a JSON document" },
    { OPTION_LIVE, "--live", NULL, FLAG, "ask only whether the supervisor lives" },
    { OPTION_WAIT, "--wait", NULL, "DURATION", KEPT(wait), "ask again until it is healthy, this long at most" },
    { OPTION_NO_TRANSACTION, "--no-transaction", NULL, FLAG,
      "statement by statement, for those that refuse a transaction" },
    { OPTION_SCHEMA, "--schema", NULL, FLAG, "print the JSON Schema of the configuration" },
#undef KEPT
#undef SETS
#undef FLAG
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

/* What may stand among the options, and asks for something else than the command does. */
static const struct asking {
    const char *name, *brief;
    const char *command; /* in the place of a command it is this one */
} asking[] = {
    { "--help", "-h", "help" },
    { "--version", "-V", "version" },
};
#define ASKING_COUNT (sizeof asking / sizeof asking[0])

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

int usage_unknown(const char *what, const char *word, const char *const *candidates, size_t count,
                  const char *otherwise)
{
    const char *shown = word_shown(word);
    const char *near = strings_nearest(word, candidates, count);
    return near ? usage_error("unknown %s '%s', did you mean '%s'?", what, shown, near)
                : usage_error("unknown %s '%s'%s", what, shown, otherwise);
}

static int unknown_option(unsigned known, const char *word)
{
    const char *names[OPTION_COUNT + ASKING_COUNT];
    char name[32];
    size_t count = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *brief = options[i].brief;
        if (brief && strncmp(word, brief, strlen(brief)) == 0) {
            return usage_error("option %s takes its value as the next word: %s %s", brief, brief, options[i].value);
        }
        if (known & options[i].bit) {
            names[count++] = options[i].name;
        }
    }
    for (size_t i = 0; i < ASKING_COUNT; i++) {
        names[count++] = asking[i].name;
    }
    /* what is given to it may be a secret, and says nothing of what was meant */
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    return usage_unknown("option", name, names, count, "");
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

static bool keep(struct command_line *line, const struct option *option, const char *value)
{
    line->given |= option->bit;
    if (option->key) {
        bool added = add_setting(line, option->key, value, option->name);
        if (!*option->key) {
            hide_secret(value);
        }
        return added;
    }
    if (option->value) {
        *(const char **)((char *)line + option->field) = value;
    }
    return true;
}

/* Whether `word`, or what stands in it before a "=" that a value follows, is one of two names. */
static bool is_named(const char *word, const char *name, const char *brief, const char **value)
{
    size_t length = strncmp(word, "--", 2) == 0 ? strcspn(word, "=") : strlen(word);
    *value = word[length] ? word + length + 1 : NULL;
    return (strlen(name) == length && strncmp(name, word, length) == 0) || (brief && strcmp(brief, word) == 0);
}

static const struct asking *find_asking(const char *word, const char **value)
{
    for (size_t i = 0; i < ASKING_COUNT; i++) {
        if (is_named(word, asking[i].name, asking[i].brief, value)) {
            return &asking[i];
        }
    }
    return NULL;
}

static const struct option *find_option(unsigned known, const char *word, const char **value)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (known & options[i].bit && is_named(word, options[i].name, options[i].brief, value)) {
            return &options[i];
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

int options_take(struct command_line *line, unsigned known, const char *const **at)
{
    known |= OPTIONS_OF_ALL;
    for (; **at && ***at == '-' && (**at)[1]; ++*at) {
        const char *word = **at, *value;
        if (strcmp(word, "--") == 0) {
            ++*at;
            return 0;
        }
        const struct asking *asked = find_asking(word, &value);
        if (asked) {
            line->asked = asked->command;
            return value ? usage_error("option %s takes no value", asked->name) : OPTIONS_ASK;
        }
        const struct option *option = find_option(known, word, &value);
        if (!option) {
            return unknown_option(known, word);
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
        if (!keep(line, option, value)) {
            return usage_error("too many settings");
        }
    }
    return 0;
}

int options_parse(struct command_line *line, unsigned known, bool application, const char *const **at)
{
    size_t most = 0;
    while ((*at)[most]) {
        most++;
    }
    const char **operands = arena_array(arena_new(), most + 1, sizeof *operands); /* for the life of the process */
    line->operands = operands;
    bool literal = false;
    while (**at) {
        if (!literal) {
            int status = options_take(line, known, at);
            if (status) {
                return status;
            }
            literal = application || strcmp((*at)[-1], "--") == 0;
        }
        if (!**at) {
            break;
        }
        operands[line->operand_count++] = *(*at)++;
    }
    return 0;
}

void options_print(unsigned set)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        char names[64];
        if (set & option->bit) {
            snprintf(names, sizeof names, "%s%s%s%s%s", option->brief ? option->brief : "", option->brief ? ", " : "",
                     option->name, option->value ? " " : "", option->value ? option->value : "");
            printf("  %-38s %s\n", names, option->sentence);
        }
    }
}
