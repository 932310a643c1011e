#include "config/simple.h"

#include "config/content.h"
#include "config/package.h"
#include "config/word.h"

#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16    /* sh -c "…" inside sh -c "…", scripts that run each other */
#define COMMANDS_MAX 1000 /* of a step: scripts that run each other are many soon */
#define VARIABLE_WORDS 64 /* of a command that a variable begins */

/* ---- the shell's words ---- */

/* A new command's index. */
static size_t begin(struct simples *commands)
{
    commands->items =
        arena_grow(commands->arena, commands->items, commands->count, &commands->capacity, sizeof *commands->items);
    commands->items[commands->count] = (struct simple){ .parent = SIMPLE_TOP, .folder = commands->cwd };
    return commands->count++;
}

/* A parenthesis or a backtick that is not closed yet. */
struct open {
    size_t command; /* that goes on behind the substitution; SIMPLE_TOP: a subshell's, none does */
    char closing;
};

struct scanner {
    struct simples *commands;
    size_t at; /* index of the command that is being collected */
    char *word;
    size_t length;
    bool started;  /* a word: also an empty one in quotes */
    bool redirect; /* the next word is a file, not an argument */
    struct open *open;
    size_t open_count, open_capacity;
};

static void end_word(struct scanner *scanner)
{
    if (scanner->started && !scanner->redirect) {
        scanner->word[scanner->length] = '\0';
        strings_add(scanner->commands->arena, &scanner->commands->items[scanner->at].words, scanner->word);
    }
    scanner->redirect = scanner->redirect && !scanner->started;
    scanner->length = 0;
    scanner->started = false;
}

static void end_command(struct scanner *scanner, bool piped)
{
    struct simple *command = &scanner->commands->items[scanner->at];

    end_word(scanner);
    scanner->redirect = false;
    if (command->words.count || command->substitutions.count) {
        size_t ended = scanner->at;

        scanner->at = begin(scanner->commands);
        scanner->commands->items[ended].into = piped ? scanner->at : 0;
    }
}

static void open_commands(struct scanner *scanner, size_t command, char closing)
{
    scanner->open = arena_grow(scanner->commands->arena, scanner->open, scanner->open_count, &scanner->open_capacity,
                               sizeof *scanner->open);
    scanner->open[scanner->open_count++] = (struct open){ command, closing };
}

/* What a substitution prints stands as "$" in the word around it, whose command goes on behind its end. */
static void scan_parenthesis(struct scanner *scanner, char c)
{
    const struct open *last = scanner->open_count ? &scanner->open[scanner->open_count - 1] : NULL;

    if (last && last->closing == c) {
        end_command(scanner, false);
        scanner->at = last->command == SIMPLE_TOP ? scanner->at : last->command;
        scanner->open_count--;
        return;
    }
    if (c == '`') {
        scanner->started = true;
        scanner->word[scanner->length++] = '$';
    }
    if (c != ')' && scanner->length && scanner->word[scanner->length - 1] == '$') {
        end_word(scanner);
        open_commands(scanner, scanner->at, c == '`' ? c : ')');
        scanner->at = begin(scanner->commands);
        return;
    }
    end_command(scanner, false);
    if (c == '(') {
        open_commands(scanner, SIMPLE_TOP, ')');
    }
}

static const char *scan_quoted(struct scanner *scanner, const char *c)
{
    char quote = *c++;
    const char *substitution = NULL;

    scanner->started = true;
    for (; *c && *c != quote; c++) {
        if (quote == '"' && *c == '\\' && c[1]) {
            c++;
        } else if (quote == '"' && !substitution && (*c == '`' || (*c == '$' && c[1] == '('))) {
            substitution = c;
        }
        scanner->word[scanner->length++] = *c;
    }
    if (substitution) {
        strings_add(scanner->commands->arena, &scanner->commands->items[scanner->at].substitutions,
                    arena_strndup(scanner->commands->arena, substitution, (size_t)(c - substitution)));
    }
    return *c ? c + 1 : c;
}

/* > < >> 2>&1 and the like: what they name is no word of the command. */
static const char *scan_redirection(struct scanner *scanner, const char *c)
{
    scanner->word[scanner->length] = '\0';
    if (strspn(scanner->word, "0123456789") == scanner->length) {
        scanner->length = 0;
        scanner->started = false;
    }
    end_word(scanner);
    scanner->redirect = strncmp(c, "<<<", strlen("<<<")) != 0; /* bash: the text itself, for a shell to run */
    return c + strspn(c, "<>&|");
}

/* POSIX XCU 2.3. */
static void scan_shell(struct simples *commands, const char *text)
{
    size_t begun = begin(commands);
    struct scanner scanner = { .commands = commands,
                               .at = begun,
                               .word = arena_alloc(commands->arena, strlen(text) + 1) };

    for (const char *c = text; *c;) {
        if (*c == '\'' || *c == '"') {
            c = scan_quoted(&scanner, c);
        } else if (*c == '#' && !scanner.started) {
            c += strcspn(c, "\n");
        } else if (*c == '<' || *c == '>') {
            c = scan_redirection(&scanner, c);
        } else if (strchr("()`", *c)) {
            scan_parenthesis(&scanner, *c);
            c++;
        } else if (strchr(";&|\n", *c)) {
            end_command(&scanner, *c == '|' && c[1] != '|');
            c++;
        } else if (strchr(" \t\r", *c)) {
            end_word(&scanner);
            c++;
        } else {
            c += *c == '\\' && c[1] != '\0';
            scanner.started = scanner.started || *c != '\n';
            if (*c != '\n') {
                scanner.word[scanner.length++] = *c;
            }
            c++;
        }
    }
    end_command(&scanner, false);
    for (size_t i = begun; i < commands->count; i++) {
        commands->items[i].text = text;
    }
}

bool simple_precedes(const struct simples *commands, size_t before, size_t at)
{
    for (; at != SIMPLE_TOP; at = commands->items[at].parent) {
        if (before < at && commands->items[before].parent == commands->items[at].parent) {
            return true;
        }
    }
    return false;
}

/* ---- commands inside of commands ---- */

/* Where a command inside another one stands: behind so many words of it. */
struct inside {
    size_t parent, before;
    const char *folder;
    const char *apart;   /* as in struct simple */
    struct strings rest; /* words that follow it there: they are its last command's */
};

static const char *why_apart(const struct simples *commands, const struct inside *inside)
{
    const struct simple *parent = &commands->items[inside->parent];

    if (parent->apart || inside->apart) {
        return parent->apart ? parent->apart : inside->apart;
    }
    bool value = false; /* the word may be that of an option, or a user's name */

    for (size_t i = 0; i < inside->before; i++) {
        const char *word = parent->words.items[i];
        bool option = *word == '-';

        if (strcmp(word, "-C") == 0 || strncmp(word, "--chdir", strlen("--chdir")) == 0) { /* env(1) */
            return WORD_ELSEWHERE;
        }
        if (!option && !value && !word_runs_as_it_stands(word)) {
            return "behind another program: name what that sets with env instead";
        }
        value = option ? strcmp(word, "--") != 0 && strchr(word, '=') == NULL : word_changes_user(word);
    }
    return NULL;
}

static void scan_inside(struct simples *commands, const char *text, const struct inside *inside)
{
    struct arena *arena = commands->arena;
    size_t begun = commands->count, last = begun;

    scan_shell(commands, text);

    const struct strings around = commands->items[inside->parent].words;
    const char *apart = why_apart(commands, inside);

    for (size_t i = begun; i < commands->count; i++) {
        struct simple *command = &commands->items[i];
        struct strings whole = { 0 };

        command->parent = inside->parent;
        command->folder = inside->folder;
        command->apart = apart;
        if (command->words.count == 0) {
            continue;
        }
        last = i;
        for (size_t k = 0; k < inside->before; k++) {
            if (word_is_assignment(around.items[k])) {
                strings_add(arena, &whole, around.items[k]);
            }
        }
        strings_add_all(arena, &whole, &command->words);
        command->words = whole;
    }
    strings_add_all(arena, &commands->items[last].words, &inside->rest);
}

/* The folder a command runs in: its shell's, and where cd went before it. */
static const char *folder_of(const struct simples *commands, size_t at)
{
    const char *folder = commands->items[at].folder;

    for (size_t i = 0; i < at; i++) {
        const struct strings *words = &commands->items[i].words;
        size_t name = words_name(words);

        if (commands->items[i].parent == commands->items[at].parent && name + 1 < words->count &&
            (strcmp(words->items[name], "cd") == 0 || strcmp(words->items[name], "pushd") == 0)) {
            folder = content_path(commands->arena, folder, words->items[name + 1]);
        }
    }
    return folder;
}

/* Whether what the command prints is a shell's script: echo "…" | sudo sh. */
static bool feeds_shell(const struct simples *commands, size_t at)
{
    size_t into = commands->items[at].into;
    const struct strings *next = into ? &commands->items[into].words : NULL;

    for (size_t i = 0; next && i < next->count; i++) {
        if (word_is_shell(next->items[i])) {
            return true;
        }
    }
    return false;
}

/* With the line ends that printf makes of \\n. */
static const char *printed(const char *word, struct arena *arena)
{
    char *lines = arena_strdup(arena, word);

    for (char *c = lines; (c = strstr(c, "\\n")) != NULL;) {
        *c++ = '\n';
        *c++ = ' ';
    }
    return lines;
}

static void scan_line(struct simples *commands, size_t at, size_t before, const char *line)
{
    scan_inside(commands, line, &(struct inside){ .parent = at, .before = before, .folder = folder_of(commands, at) });
}

/* The command line that an option gives: npx --call=…, su --command=…; else the word itself. */
static const char *line_of(const char *word)
{
    static const char *const options[] = { "--call=", "--command=", "--session-command=", "-c" };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strncmp(word, options[i], strlen(options[i])) == 0) {
            return word + strlen(options[i]);
        }
    }
    return word;
}

/* P='…'; $P x: the command that the variable holds, if it is set here, with the words behind it. */
static void scan_variable(struct simples *commands, size_t at)
{
    const struct strings words = commands->items[at].words;
    size_t started = words_started(&words), count = commands->count;
    const char *name = started < words.count && *words.items[started] == '$' ? words.items[started] + 1 : "";
    size_t length = strspn(name += *name == '{', WORD_NAME);
    struct inside inside = {
        .parent = at, .before = started, .folder = folder_of(commands, at), .apart = WORD_EXPANDED
    };

    if (length == 0 || words.count - started > VARIABLE_WORDS) {
        return;
    }
    for (size_t i = started + 1; i < words.count; i++) {
        strings_add(commands->arena, &inside.rest, words.items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct strings set = commands->items[i].words;

        for (size_t k = 0; i != at && k < set.count && commands->count < COMMANDS_MAX; k++) {
            if (strncmp(set.items[k], name, length) == 0 && set.items[k][length] == '=') {
                scan_inside(commands, set.items[k] + length + 1, &inside);
            }
        }
    }
}

/* Words that are command lines: sh -c "…". What is only printed runs nothing but the substitutions in it. */
static void scan_words(struct simples *commands, size_t at)
{
    static const char *const printers[] = { "echo", "printf", ":", "logger" };
    const struct strings words = commands->items[at].words, substitutions = commands->items[at].substitutions;
    size_t name = words_name(&words);
    bool prints = name < words.count && STRINGS_AMONG(words.items[name], printers);

    if (prints && !feeds_shell(commands, at)) {
        for (size_t i = 0; i < substitutions.count; i++) {
            scan_line(commands, at, words.count, substitutions.items[i]);
        }
        return;
    }
    for (size_t i = 0; i < words.count; i++) {
        if (strpbrk(words.items[i], " \t\n;`(")) {
            scan_line(commands, at, i, prints ? printed(words.items[i], commands->arena) : line_of(words.items[i]));
        }
    }
}

/* ---- scripts of package.json ---- */

/* Between a package manager and the name of a script: whole words, since a script may be called run-migrations. */
static bool is_run(const char *word)
{
    static const char *const words[] = {
        "run", "run-script", "rum", "urn", "task", "workspace", "workspaces", "foreach"
    };

    return STRINGS_AMONG(word, words);
}

/* Each once: a workspace lies in node_modules as a symbolic link. */
static void add_package(struct strings *files, const char *path, struct arena *arena)
{
    char *real = path ? realpath(path, NULL) : NULL;

    if (real && !strings_contain(files, real)) {
        strings_add(arena, files, real);
    }
    free(real);
}

/* Every package.json that may be meant: of the folders and workspaces that are named, else the nearest. */
static struct strings packages_for(const struct simples *commands, size_t at, size_t manager, const char *folder)
{
    const struct strings *words = &commands->items[at].words;
    struct arena *arena = commands->arena;
    struct strings files = { 0 };

    for (size_t i = manager + 1; i < words->count && strcmp(words->items[i], "--") != 0; i++) {
        const char *place = words_place(words, i);
        const char *name = place ? arena_strndup(arena, place, strcspn(place, "^")) : "";

        if (strings_end_with(name, "...")) { /* pnpm: and what it depends on */
            name = arena_strndup(arena, name, strlen(name) - strlen("..."));
        }
        if (*name) {
            add_package(&files, content_path(arena, content_path(arena, folder, name), "package.json"), arena);
            add_package(&files,
                        content_find_up(folder, arena_printf(arena, "node_modules/%s/package.json", name), arena),
                        arena);
        }
    }
    if (files.count == 0) {
        add_package(&files, content_find_up(folder, "package.json", arena), arena);
    }
    return files;
}

/* Whether this was looked into already: scripts run each other, and themselves. */
static bool known_before(struct simples *commands, const char *file, const char *name, const struct strings *words)
{
    const char *all = arena_printf(commands->arena, "%s\n%s", file, name);

    for (size_t i = 0; i < words->count; i++) {
        all = arena_printf(commands->arena, "%s\n%s", all, words->items[i]);
    }
    if (strings_contain(&commands->known, all)) {
        return true;
    }
    strings_add(commands->arena, &commands->known, all);
    return false;
}

/* What a file has under that name, and what runs before and after it. The words from `behind` on are the script's. */
static void scan_named(struct simples *commands, const char *file, size_t at, size_t manager, const char *name,
                       size_t behind)
{
    static const char *const around[] = { "", "pre", "post" };
    const struct strings words = commands->items[at].words;
    struct arena *arena = commands->arena;
    struct inside inside = { .parent = at, .before = manager, .folder = content_folder(arena, file) };

    if (!packages_script(commands->packages, file, name) || known_before(commands, file, name, &words)) {
        return;
    }
    inside.apart = content_is_same(inside.folder, commands->cwd) ? NULL : WORD_ELSEWHERE;
    for (size_t i = behind; i < words.count; i++) {
        if (strcmp(words.items[i], "--") != 0) {
            strings_add(arena, &inside.rest, words.items[i]);
        }
    }
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        const char *script = packages_script(commands->packages, file, arena_printf(arena, "%s%s", around[i], name));

        if (script) {
            scan_inside(commands, script, &inside);
        }
        inside.rest = (struct strings){ 0 }; /* not for what runs around it */
    }
}

static void scan_script(struct simples *commands, const struct strings *files, size_t at, size_t manager,
                        const char *name, size_t behind)
{
    for (size_t i = 0; i < files->count; i++) {
        scan_named(commands, files->items[i], at, manager, name, behind);
    }
}

/* npm run NAME, yarn NAME. A word behind an option may be the option's value, or the name. */
static void scan_managed(struct simples *commands, size_t at, size_t manager)
{
    const struct strings words = commands->items[at].words;
    const struct strings files = packages_for(commands, at, manager, folder_of(commands, at));
    bool value = false;

    for (size_t i = manager + 1; i < words.count; i++) {
        const char *word = words.items[i];

        if (*word == '-') {
            value = strchr(word, '=') == NULL;
            continue;
        }
        scan_script(commands, &files, at, manager, word, i + 1); /* "run" may be the name of one, too */
        if (is_run(word)) {
            value = value || strcmp(word, "workspace") == 0;
        } else if (!value) {
            return;
        } else {
            value = false;
        }
    }
}

/* The scripts that a package manager runs, or node --run NAME. */
static void scan_scripts(struct simples *commands, size_t at)
{
    const struct strings words = commands->items[at].words;
    bool node = false;

    for (size_t i = 0; i < words.count; i++) {
        const char *script = node ? words_option(&words, i, "--run") : NULL;

        if (script) {
            const struct strings files = packages_for(commands, at, i - 1, folder_of(commands, at));

            scan_script(commands, &files, at, i - 1, script, i + (strchr(words.items[i], '=') ? 1 : 2));
            return;
        }
        if (word_is_package_manager(words.items[i])) {
            scan_managed(commands, at, i);
            return;
        }
        node = node || word_is_called(words.items[i], "node");
    }
}

const struct simples *simple_commands(const struct step *step, struct arena *arena)
{
    if (step->commands) {
        return step->commands;
    }

    struct simples *commands = arena_alloc(arena, sizeof *commands);
    size_t scanned = 0;

    *commands = (struct simples){ .cwd = step->cwd ? step->cwd : ".", .packages = packages_new(arena), .arena = arena };
    if (step->shell) {
        scan_shell(commands, step->shell);
    } else {
        (void)begin(commands);
        commands->items[0].words = step->argv;
    }
    for (unsigned depth = 0; depth < NESTING_MAX; depth++) {
        size_t end = commands->count;

        for (; scanned < end && commands->count < COMMANDS_MAX; scanned++) {
            scan_words(commands, scanned);
            scan_variable(commands, scanned);
            scan_scripts(commands, scanned);
        }
    }
    return commands;
}
