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

bool word_is_shell(const char *word)
{
    static const char *const names[] = { "sh", "bash", "dash", "ash", "zsh" };

    return STRINGS_AMONG(content_name(word), names);
}

bool word_is_package_manager(const char *word)
{
    static const char *const names[] = { "npm", "yarn", "pnpm", "bun", "deno" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (word_is_called(word, names[i])) {
            return true;
        }
    }
    return false;
}

bool word_changes_user(const char *word)
{
    static const char *const programs[] = { "gosu", "su-exec", "setuidgid", "runuser", "sudo", "su", "doas" };

    return STRINGS_AMONG(content_name(word), programs);
}

bool word_runs_as_it_stands(const char *word)
{
    static const char *const programs[] = {
        "env",  "cross-env", "nice",      "ionice",    "timeout", "command", "corepack",
        "tini", "setsid",    "dumb-init", "catatonit", "stdbuf",  "nohup",
    };
    size_t digits = strspn(word, "0123456789");

    return word_changes_user(word) || word_is_assignment(word) || word_is_prefix(word) || word_is_shell(word) ||
           STRINGS_AMONG(content_name(word), programs) || (digits && strlen(word + digits) <= 1);
}

size_t words_started(const struct strings *words)
{
    static const char *const starters[] = { "npx", "pnpx", "bunx", "dlx", "run", "node", "tsx", "ts-node", "xargs" };
    bool user = false; /* the next word that is no option is one's name */
    size_t at = 0;

    for (; at < words->count; at++) {
        const char *word = words->items[at];
        bool option = *word == '-';

        if (word_is_expanded(word) || !(option || user || word_runs_as_it_stands(word) ||
                                        word_is_package_manager(word) || STRINGS_AMONG(content_name(word), starters))) {
            break;
        }
        user = word_changes_user(word) || (user && option);
    }
    return at;
}
