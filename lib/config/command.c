#include "config/command.h"

#include "config/content.h"
#include "config/package.h"

#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16    /* sh -c "…" inside sh -c "…", scripts that run each other */
#define COMMANDS_MAX 1000 /* of a step: scripts that run each other are many soon */
#define SCHEMA_DEFAULT "prisma/schema.prisma"

/* ---- simple commands: lists of words ---- */

struct commands {
    struct strings *items;
    size_t count, capacity;
    struct arena *arena;
};

static struct strings *begin(struct commands *commands)
{
    if (commands->count == commands->capacity) {
        size_t capacity = commands->capacity ? 2 * commands->capacity : 4;
        struct strings *items = arena_array(commands->arena, capacity, sizeof *items);

        if (commands->count) {
            memcpy(items, commands->items, commands->count * sizeof *items);
        }
        commands->items = items;
        commands->capacity = capacity;
    }
    return &commands->items[commands->count++];
}

struct scanner {
    struct commands *commands;
    size_t at; /* index of the command that is being collected */
    char *word;
    size_t length;
    bool started;  /* a word: also an empty one in quotes */
    bool redirect; /* the next word is a file, not an argument */
};

static void end_word(struct scanner *scanner)
{
    if (scanner->started && !scanner->redirect) {
        scanner->word[scanner->length] = '\0';
        strings_add(scanner->commands->arena, &scanner->commands->items[scanner->at], scanner->word);
    }
    scanner->redirect = scanner->redirect && !scanner->started;
    scanner->length = 0;
    scanner->started = false;
}

static void end_command(struct scanner *scanner)
{
    end_word(scanner);
    scanner->redirect = false;
    if (scanner->commands->items[scanner->at].count) {
        (void)begin(scanner->commands);
        scanner->at = scanner->commands->count - 1;
    }
}

static const char *scan_quoted(struct scanner *scanner, const char *c)
{
    char quote = *c++;

    scanner->started = true;
    for (; *c && *c != quote; c++) {
        if (quote == '"' && *c == '\\' && c[1]) {
            c++;
        }
        scanner->word[scanner->length++] = *c;
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
    scanner->redirect = true;
    return c + strspn(c, "<>&|");
}

/* Enough of the shell's grammar (POSIX XCU 2.3) to find a command's words; not its expansions. */
static void scan_shell(struct commands *commands, const char *text)
{
    struct scanner scanner = { .commands = commands, .word = arena_alloc(commands->arena, strlen(text) + 1) };

    (void)begin(commands);
    scanner.at = commands->count - 1;
    for (const char *c = text; *c;) {
        if (*c == '\'' || *c == '"') {
            c = scan_quoted(&scanner, c);
        } else if (*c == '#' && !scanner.started) {
            c += strcspn(c, "\n");
        } else if (*c == '<' || *c == '>') {
            c = scan_redirection(&scanner, c);
        } else if (strchr(";&|\n()`", *c)) {
            end_command(&scanner);
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
    end_command(&scanner);
}

/* /app/node_modules/.bin/prisma, prisma@6.19.3 */
static bool is_called(const char *word, const char *tool)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash ? slash + 1 : word;
    size_t length = strcspn(name, "@");

    return length == strlen(tool) && strncmp(name, tool, length) == 0;
}

static bool is_package_manager(const char *word)
{
    static const char *const names[] = { "npm", "yarn", "pnpm", "bun" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_called(word, names[i])) {
            return true;
        }
    }
    return false;
}

/* Between a package manager and the name of a script: whole words, since a script may be called run-migrations. */
static bool is_run(const char *word)
{
    static const char *const words[] = { "run", "run-script", "rum", "urn", "workspace", "workspaces", "foreach" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_assignment(const char *word)
{
    return strchr(word, '=') != NULL && *word != '-' && *word != '=';
}

/* Each once: a workspace lies in node_modules as a symbolic link. */
static void add_package(struct strings *files, const char *path, struct arena *arena)
{
    char *real = path ? realpath(path, NULL) : NULL;

    if (real && !strings_contain(files, real)) {
        strings_add(arena, files, arena_strdup(arena, real));
    }
    free(real);
}

/* Every package.json that may be meant: the nearest, and those of folders and workspaces that a word names. */
static struct strings packages_for(const struct strings *command, size_t manager, const char *cwd, struct arena *arena)
{
    struct strings files = { 0 };

    add_package(&files, content_find_up(cwd, "package.json", arena), arena);
    for (size_t i = manager + 1; i < command->count; i++) {
        const char *value = strchr(command->items[i], '=');
        const char *name = value ? value + 1 : command->items[i];
        const char *installed = arena_printf(arena, "node_modules/%s/package.json", name);

        if (*name) {
            add_package(&files, content_path(arena, content_path(arena, cwd, name), "package.json"), arena);
            add_package(&files, content_find_up(cwd, installed, arena), arena);
        }
    }
    return files;
}

/* A script's commands as they run: with the variables before the package manager, and the last one with the words that
 * follow the script's name. */
static void scan_with(struct commands *commands, const char *script, const struct strings *command, size_t manager,
                      size_t rest)
{
    struct arena *arena = commands->arena;
    size_t begun = commands->count, last = begun;

    scan_shell(commands, script);
    for (size_t i = begun; i < commands->count; i++) {
        struct strings whole = { 0 };

        if (commands->items[i].count == 0) {
            continue;
        }
        last = i;
        for (size_t k = 0; k < manager; k++) {
            if (is_assignment(command->items[k])) {
                strings_add(arena, &whole, command->items[k]);
            }
        }
        for (size_t k = 0; k < commands->items[i].count; k++) {
            strings_add(arena, &whole, commands->items[i].items[k]);
        }
        commands->items[i] = whole;
    }
    for (size_t k = rest; k < command->count; k++) {
        if (strcmp(command->items[k], "--") != 0) {
            strings_add(arena, &commands->items[last], command->items[k]);
        }
    }
}

/* What the files have under that name, and what runs before and after it. */
static void scan_named(struct commands *commands, const struct strings *files, const struct strings *command,
                       size_t manager, size_t name)
{
    static const char *const around[] = { "", "pre", "post" };
    struct arena *arena = commands->arena;

    for (size_t i = 0; i < files->count; i++) {
        bool found = true;

        for (size_t k = 0; k < sizeof around / sizeof around[0] && found; k++) {
            const char *key = arena_printf(arena, "%s%s", around[k], command->items[name]);
            const char *script = package_string(files->items[i], "scripts", key, arena);

            found = script || k > 0;
            if (script) {
                scan_with(commands, script, command, manager, k == 0 ? name + 1 : command->count);
            }
        }
    }
}

/* npm run NAME, yarn NAME. A word behind an option may be the option's value, or the name. */
static void scan_script(struct commands *commands, const struct strings *command, const char *cwd)
{
    size_t manager = 0;
    bool value = false;

    while (manager < command->count && !is_package_manager(command->items[manager])) {
        manager++;
    }
    if (manager == command->count) {
        return;
    }

    struct strings files = packages_for(command, manager, cwd, commands->arena);

    for (size_t i = manager + 1; i < command->count; i++) {
        const char *word = command->items[i];

        if (*word == '-') {
            value = strchr(word, '=') == NULL;
        } else if (is_run(word)) {
            value = value || strcmp(word, "workspace") == 0;
        } else {
            scan_named(commands, &files, command, manager, i);
            if (!value) {
                return;
            }
            value = false;
        }
    }
}

/* The step's commands, and those in words that are themselves command lines: sh -c "…", and in scripts of package.json.
 */
static struct commands commands_of(const struct step *step, struct arena *arena)
{
    struct commands commands = { .arena = arena };
    size_t scanned = 0;

    if (step->shell) {
        scan_shell(&commands, step->shell);
    } else {
        *begin(&commands) = step->argv;
    }
    for (unsigned depth = 0; depth < NESTING_MAX; depth++) {
        size_t end = commands.count;

        for (; scanned < end && commands.count < COMMANDS_MAX; scanned++) {
            struct strings command = commands.items[scanned];

            for (size_t i = 0; i < command.count; i++) {
                if (strpbrk(command.items[i], " \t\n;")) {
                    scan_shell(&commands, command.items[i]);
                }
            }
            scan_script(&commands, &command, step->cwd);
        }
    }
    return commands;
}

/* ---- what is known of them ---- */

struct known {
    const char *tool;  /* NULL: whichever */
    const char *words; /* that follow it in this order, others between */
};

static const struct known hazards[] = {
    { NULL, "--accept-data-loss" },
    { NULL, "--force-reset" },
    { "prisma", "migrate reset" },
    { "dbmate", "drop" },
    { "dbmate", "down" },
    { "dbmate", "rollback" },
    { "rails", "db:drop" },
    { "rails", "db:reset" },
    { "rails", "db:setup" },
    { "rails", "db:purge" },
    { "rails", "db:rollback" },
    { "rails", "db:schema:load" },
    { "rails", "db:structure:load" },
    { "rails", "db:migrate:reset" },
    { "rails", "db:migrate:down" },
    { "rails", "db:migrate:redo" },
    { "rails", "db:migrate VERSION=0" },
    { "rails", "db:truncate_all" },
    { "rails", "db:seed:replant" },
    { "alembic", "downgrade" },
    { "flask", "db downgrade" },
    { "django", "flush" },
    { "django", "reset_db" },
    { "django", "migrate zero" },
    { "knex", "migrate:rollback" },
    { "knex", "migrate:down" },
    { "drizzle-kit", "drop" },
    { "drizzle-kit", "push --force" },
    { "node-pg-migrate", "down" },
    { "node-pg-migrate", "redo" },
    { "kysely", "migrate:rollback" },
    { "kysely", "migrate:down" },
    { "sequelize", "db:drop" },
    { "sequelize", "db:migrate:undo" },
    { "typeorm", "schema:drop" },
    { "typeorm", "schema:sync" },
    { "typeorm", "migration:revert" },
    { "mikro-orm", "schema:drop" },
    { "mikro-orm", "schema:fresh" },
    { "mikro-orm", "migration:fresh" },
    { "mikro-orm", "migration:down" },
    { "payload", "migrate:fresh" },
    { "payload", "migrate:refresh" },
    { "payload", "migrate:reset" },
    { "payload", "migrate:down" },
    { "ace", "migration:fresh" },
    { "ace", "migration:refresh" },
    { "ace", "migration:reset" },
    { "ace", "migration:rollback" },
    { "ace", "db:wipe" },
    { "ace", "db:truncate" },
    { "artisan", "migrate:fresh" },
    { "artisan", "migrate:refresh" },
    { "artisan", "migrate:reset" },
    { "artisan", "migrate:rollback" },
    { "artisan", "db:wipe" },
    { "console", "doctrine:database:drop" },
    { "console", "doctrine:schema:drop" },
    { "console", "doctrine:schema:update --force" },
    { "dotnet", "ef database drop" },
    { "aerich", "downgrade" },
    { "sea-orm-cli", "migrate fresh" },
    { "sea-orm-cli", "migrate refresh" },
    { "sea-orm-cli", "migrate reset" },
    { "sea-orm-cli", "migrate down" },
    { "atlas", "schema clean" },
    { "atlas", "schema apply --auto-approve" },
    { "atlas", "migrate down" },
    { "mix", "ecto.drop" },
    { "mix", "ecto.reset" },
    { "mix", "ecto.rollback" },
    { "flyway", "clean" },
    { "flyway", "undo" },
    { "liquibase", "drop-all" },
    { "liquibase", "dropAll" },
    { "liquibase", "rollback" },
    { "liquibase", "rollback-count" },
    { "liquibase", "rollback-to-date" },
    { "goose", "reset" },
    { "goose", "down" },
    { "goose", "down-to" },
    { "goose", "redo" },
    { "migrate", "drop" },
    { "migrate", "down" },
    { "sqlx", "database drop" },
    { "sqlx", "database reset" },
    { "sqlx", "migrate revert" },
    { "diesel", "database reset" },
    { "diesel", "migration revert" },
    { "diesel", "migration redo" },
    { "supabase", "db reset" },
    { "pg_restore", "--clean" },
    { "pg_restore", "-c" },
    { "dropdb", "" },
};

static const struct known db_push = { "prisma", "db push" };

static const struct known_history {
    struct known known;
    enum history history;
} histories[] = {
    { { "prisma", "migrate deploy" }, HISTORY_PRISMA }, { { "dbmate", "up" }, HISTORY_DBMATE },
    { { "dbmate", "migrate" }, HISTORY_DBMATE },        { { "node-pg-migrate", "up" }, HISTORY_NODE_PG_MIGRATE },
    { { "rails", "db:migrate" }, HISTORY_RAILS },       { { "rails", "db:prepare" }, HISTORY_RAILS },
};

/* By which names a tool is called, besides its own. */
static const struct alias {
    const char *called;
    const char *tool;
} aliases[] = {
    { "rake", "rails" },
    { "manage.py", "django" },
    { "django-admin", "django" },
    { "django-admin.py", "django" },
    { "sequelize-cli", "sequelize" },
    { "typeorm-ts-node-commonjs", "typeorm" },
    { "typeorm-ts-node-esm", "typeorm" },
    { "mikro-orm-esm", "mikro-orm" },
    { "ace.js", "ace" },
};

/* Also by another name, and node_modules/prisma/build/index.js. */
static bool is_tool(const char *word, const char *tool)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash ? slash + 1 : word;

    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(name, aliases[i].called) == 0 && strcmp(tool, aliases[i].tool) == 0) {
            return true;
        }
    }
    /* Prisma's words are unlike any other's: what a variable holds before them is it. */
    return is_called(word, tool) || (strcmp(tool, "prisma") == 0 && (strstr(word, "prisma/build") || *word == '$'));
}

/* The word itself, or with a value or a database behind it: --force-reset=true, db:drop:primary. */
static bool is_word(const char *word, const char *known, size_t length, bool exactly)
{
    return strncmp(word, known, length) == 0 &&
           (word[length] == '\0' || (!exactly && strchr("=:[", word[length]) != NULL));
}

static bool words_follow(const struct strings *command, size_t from, const char *words, bool exactly)
{
    while (*words) {
        size_t length = strcspn(words, " ");

        while (from < command->count && !is_word(command->items[from], words, length, exactly)) {
            from++;
        }
        if (from++ >= command->count) {
            return false;
        }
        words += length;
        words += *words == ' ';
    }
    return true;
}

/* *tool: where in the command the tool stands: the last that can be it, since packages and folders have its name. */
static bool is_known(const struct strings *command, const struct known *known, bool exactly, size_t *tool)
{
    if (!known->tool) {
        *tool = 0;
        return words_follow(command, 0, known->words, exactly);
    }
    for (*tool = command->count; (*tool)-- > 0;) {
        if (is_tool(command->items[*tool], known->tool) && words_follow(command, *tool + 1, known->words, exactly)) {
            return true;
        }
    }
    return false;
}

const char *command_hazard(const struct step *step, struct arena *arena)
{
    struct commands commands = commands_of(step, arena);
    size_t tool;

    for (size_t i = 0; i < commands.count; i++) {
        for (size_t j = 0; j < sizeof hazards / sizeof hazards[0]; j++) {
            if (is_known(&commands.items[i], &hazards[j], false, &tool)) {
                return hazards[j].tool ? arena_printf(arena, "%s%s%s", hazards[j].tool, *hazards[j].words ? " " : "",
                                                      hazards[j].words)
                                       : hazards[j].words;
            }
        }
    }
    return NULL;
}

enum step_role command_role(const struct step *step, enum history history, struct arena *arena)
{
    enum step_role role = step->sql.count ? STEP_SQL : STEP_ORDINARY;
    struct commands commands = commands_of(step, arena);
    size_t tool;

    for (size_t i = 0; i < commands.count; i++) {
        if (is_known(&commands.items[i], &db_push, true, &tool)) {
            return STEP_DB_PUSH;
        }
        for (size_t j = 0; j < sizeof histories / sizeof histories[0]; j++) {
            if (histories[j].history == history && is_known(&commands.items[i], &histories[j].known, true, &tool)) {
                role = STEP_HISTORY;
            }
        }
    }
    return role;
}

/* ---- the guard of db push ---- */

/* The value of an option, written as two words or with =; NULL if it is not there. */
static const char *option(const struct strings *command, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->items[i], name) == 0 && i + 1 < command->count) {
            return command->items[i + 1];
        }
        if (strncmp(command->items[i], name, length) == 0 && command->items[i][length] == '=') {
            return command->items[i] + length + 1;
        }
    }
    return NULL;
}

static void add_all(struct strings *argv, struct arena *arena, const char *const *words)
{
    for (; *words; words++) {
        strings_add(arena, argv, *words);
    }
}

static bool is_shell_word(const char *word)
{
    static const char *const words[] = { "exec", "if", "then", "else", "do", "!", "{", "while", "until", "time" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What starts prisma: npx, pnpm exec, dotenv -e … --, variables before them; without the shell's own words. */
static void add_launcher(struct strings *argv, const struct strings *command, size_t tool, struct arena *arena)
{
    bool leading = true;

    for (size_t i = 0; i <= tool; i++) {
        bool variable = leading && i < tool && is_assignment(command->items[i]);

        if (leading && is_shell_word(command->items[i])) {
            continue;
        }
        if (variable && argv->count == 0) {
            strings_add(arena, argv, "env");
        }
        leading = leading && variable;
        strings_add(arena, argv, command->items[i]);
    }
}

static const char *schema_for(const struct step *step, const struct strings *command,
                              const struct prisma_project *project)
{
    const char *schema = option(command, "--schema");
    size_t folder = strlen(step->cwd);

    if (schema || !project->schema) {
        return schema ? schema : SCHEMA_DEFAULT;
    }
    /* The project's paths are seen from our folder, the guard runs in the step's. */
    if (strncmp(project->schema, step->cwd, folder) == 0 && project->schema[folder] == '/') {
        return project->schema + folder + 1;
    }
    return project->schema;
}

/* What the shell does before the push, and the diff without a shell does not. */
static const char *done_before(const struct strings *command)
{
    static const char folder[] = "after a cd: name the folder with cwd instead";
    static const char variables[] = "after an export: name the variables with env instead";
    static const struct {
        const char *word;
        const char *why;
    } words[] = { { "cd", folder },      { "pushd", folder },     { "export", variables }, { ".", variables },
                  { "eval", variables }, { "source", variables }, { "declare", variables } };
    size_t first = 0, assigned;

    while (first < command->count && is_shell_word(command->items[first])) {
        first++;
    }
    for (size_t i = 0; first < command->count && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(command->items[first], words[i].word) == 0) {
            return words[i].why;
        }
    }
    for (assigned = first; assigned < command->count && is_assignment(command->items[assigned]); assigned++) {
    }
    return assigned > first && assigned == command->count ? variables : NULL;
}

/* What makes the push another than the one that would be looked at. */
static const char *too_clever(const struct commands *commands, size_t push)
{
    const struct strings *pushing = &commands->items[push];
    size_t tool;

    for (size_t i = 0; i < commands->count; i++) {
        const char *before = i < push ? done_before(&commands->items[i]) : NULL;

        if (before) {
            return before;
        }
        if (i > push && is_known(&commands->items[i], &db_push, true, &tool)) {
            return "beside another: give each a step of its own";
        }
    }
    for (size_t i = 0; i < pushing->count; i++) {
        if (strchr(pushing->items[i], '$')) {
            return "with a variable of the shell: write it out, or name it with env";
        }
    }
    return option(pushing, "--url") ? "with --url: name its URL with env DATABASE_URL instead" : NULL;
}

const char *command_guard(struct step *step, const struct prisma_project *project, struct arena *arena)
{
    struct commands commands = commands_of(step, arena);
    size_t at = 0, tool = 0;

    while (at < commands.count && !is_known(&commands.items[at], &db_push, true, &tool)) {
        at++;
    }

    const char *clever = too_clever(&commands, at);

    if (clever) {
        return clever;
    }

    const struct strings *command = &commands.items[at];
    const char *schema = schema_for(step, command, project), *config = option(command, "--config");
    const char *const before_7[] = { "--from-schema-datasource", schema, "--to-schema-datamodel", schema, NULL };
    const char *const since_7[] = { "--from-config-datasource", "--to-schema", schema, NULL };

    add_launcher(&step->guard, command, tool, arena);
    add_all(&step->guard, arena, (const char *const[]){ "migrate", "diff", NULL });
    add_all(&step->guard, arena, project->major >= 7 ? since_7 : before_7);
    add_all(&step->guard, arena, (const char *const[]){ "--script", config ? "--config" : NULL, config, NULL });
    return NULL;
}
