#include "config/word.h"

#include "config/content.h"

#include <string.h>

bool word_is_assignment(const char *word)
{
    return strchr(word, '=') != NULL && *word != '-' && *word != '=';
}

bool word_is_expanded(const char *word)
{
    return *word == '$' || *word == '`';
}

bool word_is_prefix(const char *word)
{
    static const char *const words[] = { "exec", "if", "then", "else", "do", "!", "{", "while", "until", "time" };

    return STRINGS_AMONG(word, words);
}

size_t words_name(const struct strings *words)
{
    size_t at = 0;

    while (at < words->count && (word_is_prefix(words->items[at]) || word_is_assignment(words->items[at]))) {
        at++;
    }
    return at;
}

enum change words_change(const struct strings *words)
{
    static const struct {
        const char *word;
        enum change change;
    } builtins[] = {
        { "cd", CHANGES_FOLDER },       { "pushd", CHANGES_FOLDER },      { "popd", CHANGES_FOLDER },
        { "export", CHANGES_ANYTHING }, { "declare", CHANGES_VARIABLES }, { "typeset", CHANGES_VARIABLES },
        { "local", CHANGES_VARIABLES }, { "read", CHANGES_VARIABLES },    { "readonly", CHANGES_VARIABLES },
        { "unset", CHANGES_VARIABLES }, { ".", CHANGES_ANYTHING },        { "source", CHANGES_ANYTHING },
        { "eval", CHANGES_ANYTHING },   { "alias", CHANGES_COMMANDS },    { "function", CHANGES_COMMANDS },
    };
    static const char *const before[] = { "command", "builtin" };
    size_t name = words_name(words);

    while (name < words->count && STRINGS_AMONG(words->items[name], before)) {
        name++;
    }
    for (size_t i = 0; name < words->count && i < sizeof builtins / sizeof builtins[0]; i++) {
        if (strcmp(words->items[name], builtins[i].word) == 0) {
            return builtins[i].change;
        }
    }
    return CHANGES_NOTHING;
}

bool words_define(const char *text)
{
    for (const char *c = text; (c = strchr(c, '(')) != NULL; c++) {
        if (c[1 + strspn(c + 1, " \t\n")] == ')') {
            return true;
        }
    }
    return false;
}

bool word_is_called(const char *word, const char *program)
{
    static const char scheme[] = "npm:";
    const char *name = content_name(word);

    name += strncmp(name, scheme, sizeof scheme - 1) == 0 ? sizeof scheme - 1 : 0;

    size_t length = strcspn(name, "@");

    return length == strlen(program) && strncmp(name, program, length) == 0;
}

const char *words_option(const struct strings *words, size_t at, const char *name)
{
    const char *word = words->items[at];
    size_t length = strlen(name);

    if (strcmp(word, name) == 0) {
        return at + 1 < words->count ? words->items[at + 1] : NULL;
    }
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

const char *words_place(const struct strings *words, size_t at)
{
    static const char *const options[] = {
        "-w", "--workspace", "--filter", "-F", "--prefix", "-C", "--dir", "--cwd", "--chdir",
    };
    static const char *const verbs[] = { "exec", "run", "dlx" };
    bool named = strcmp(words->items[at], "workspace") == 0 && at + 1 < words->count;
    const char *place = named ? words->items[at + 1] : NULL;

    for (size_t i = 0; i < sizeof options / sizeof options[0] && !place; i++) {
        place = words_option(words, at, options[i]);
    }
    return place && STRINGS_AMONG(place, verbs) ? NULL : place; /* pnpm's -w has no value */
}

/* What a program does with the words behind it. */
enum {
    RUNS = 1,      /* unchanged, as a command */
    USER = 2,      /* the same, as the user whose name comes first */
    STARTS = 4,    /* as a program that it looks for in its own places */
    SCRIPTS = 8,   /* among the scripts of package.json first, or what a verb behind it says */
    SHELL = 16,    /* as a command line */
    FEEDS = 32,    /* with more behind them */
    ELSEWHERE = 64 /* in another folder, if an option says so */
};

static const struct {
    const char *name;
    unsigned does;
} programs[] = {
    { "sh", SHELL },
    { "bash", SHELL },
    { "dash", SHELL },
    { "ash", SHELL },
    { "zsh", SHELL },
    { "gosu", USER },
    { "su-exec", USER },
    { "setuidgid", USER },
    { "runuser", USER },
    { "sudo", USER },
    { "su", USER },
    { "doas", USER },
    { "env", RUNS | ELSEWHERE },
    { "cross-env", RUNS },
    { "nice", RUNS },
    { "ionice", RUNS },
    { "timeout", RUNS },
    { "command", RUNS },
    { "corepack", RUNS },
    { "tini", RUNS },
    { "setsid", RUNS },
    { "dumb-init", RUNS },
    { "catatonit", RUNS },
    { "stdbuf", RUNS },
    { "nohup", RUNS },
    { "npx", STARTS | ELSEWHERE },
    { "pnpx", STARTS | ELSEWHERE },
    { "bunx", STARTS | ELSEWHERE },
    { "exec", STARTS },
    { "dlx", STARTS },
    { "x", STARTS },
    { "run", STARTS },
    { "--", STARTS },
    { "node", STARTS },
    { "tsx", STARTS },
    { "ts-node", STARTS },
    { "bundle", STARTS },
    { "ruby", STARTS },
    { "npm", SCRIPTS | ELSEWHERE },
    { "yarn", SCRIPTS | ELSEWHERE },
    { "pnpm", SCRIPTS | ELSEWHERE },
    { "bun", SCRIPTS | ELSEWHERE },
    { "deno", SCRIPTS | ELSEWHERE },
    { "xargs", FEEDS },
};

static bool does(const char *word, unsigned what)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if ((programs[i].does & what) && word_is_called(word, programs[i].name)) {
            return true;
        }
    }
    return false;
}

bool word_is_shell(const char *word)
{
    return does(word, SHELL);
}

bool word_is_package_manager(const char *word)
{
    return does(word, SCRIPTS);
}

bool word_changes_user(const char *word)
{
    return does(word, USER);
}

bool word_starts(const char *word)
{
    return does(word, STARTS);
}

bool word_starts_elsewhere(const char *word)
{
    return does(word, ELSEWHERE);
}

bool word_runs_as_it_stands(const char *word)
{
    size_t digits = strspn(word, "0123456789");

    return does(word, RUNS | USER | SHELL) || word_is_assignment(word) || word_is_prefix(word) ||
           (digits && strlen(word + digits) <= 1);
}

size_t words_started(const struct strings *words)
{
    bool user = false; /* the next word that is no option is one's name */
    size_t at = 0;

    for (; at < words->count; at++) {
        const char *word = words->items[at];
        bool option = *word == '-';

        if (word_is_expanded(word) ||
            !(option || user || word_runs_as_it_stands(word) || does(word, STARTS | SCRIPTS | FEEDS))) {
            break;
        }
        user = word_changes_user(word) || (user && option);
    }
    return at;
}

bool words_are_fed(const struct strings *words, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (does(words->items[i], FEEDS)) {
            return true;
        }
    }
    return false;
}
