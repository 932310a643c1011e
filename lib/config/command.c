#include "config/command.h"

#include "config/content.h"
#include "config/simple.h"
#include "config/word.h"

#include <string.h>

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
    { "db-migrate", "down" },
    { "db-migrate", "reset" },
    { "db-migrate", "db:drop" },
    { "graphile-migrate", "reset" },
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
    { "liquibase", "rollbackCount" },
    { "liquibase", "rollbackToDate" },
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

const struct migrator migrators[] = {
    { "prisma", "migrate deploy", HISTORY_PRISMA, "prisma" },
    { "dbmate", "up", HISTORY_DBMATE, "dbmate" },
    { "dbmate", "migrate", HISTORY_DBMATE, NULL },
    { "node-pg-migrate", "up", HISTORY_NODE_PG_MIGRATE, "node-pg-migrate" },
    { "rails", "db:migrate", HISTORY_RAILS, NULL },
    { "rails", "db:prepare", HISTORY_RAILS, NULL },
    { "knex", "migrate:latest", HISTORY_NONE, "knex" },
    { "drizzle-kit", "migrate", HISTORY_NONE, "drizzle-kit" },
    { "sequelize", "db:migrate", HISTORY_NONE, "sequelize-cli" },
    { "typeorm", "migration:run", HISTORY_NONE, "typeorm" },
    { "mikro-orm", "migration:up", HISTORY_NONE, "@mikro-orm/cli" },
    { "kysely", "migrate:latest", HISTORY_NONE, "kysely-ctl" },
    { "db-migrate", "up", HISTORY_NONE, "db-migrate" },
    { "graphile-migrate", "migrate", HISTORY_NONE, "graphile-migrate" },
    { "payload", "migrate", HISTORY_NONE, "payload" },
};
const size_t migrator_count = sizeof migrators / sizeof migrators[0];

/* By which names a tool is called, besides its own. */
static const struct alias {
    const char *called;
    const char *tool;
} aliases[] = {
    { "rake", "rails" },
    { "manage.py", "django" },
    { "manage", "django" },
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
    word += strncmp(word, "-m", 2) == 0 ? 2 : 0; /* python -mdjango */

    const char *name = content_name(word);

    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(name, aliases[i].called) == 0 && strcmp(tool, aliases[i].tool) == 0) {
            return true;
        }
    }
    return word_is_called(word, tool) || (strcmp(tool, "prisma") == 0 && strstr(word, "prisma/build"));
}

/* The short options with a value of a tool that reads its options by getopt_long(3): long ones may be cut short there,
 * and a short one stand among others. NULL: it does not. */
static const char *valued_options(const char *tool)
{
    return tool && strcmp(tool, "pg_restore") == 0 ? "dfFhIjLnNpPStTU" : NULL;
}

/* --clea, -Oxc. Two letters of a long option's name are taken for enough of it. */
static bool is_option(const char *word, const char *option, const char *valued)
{
    if (option[1] == '-') {
        return strlen(word) > strlen("--x") && strncmp(word, option, strlen(word)) == 0;
    }

    const char *letter = *word == '-' && word[1] != '-' ? strchr(word + 1, option[1]) : NULL;

    return letter && (size_t)(letter - word) <= strcspn(word + 1, valued);
}

/* The word itself, or with a value or a database behind it: --force-reset=true, db:drop:primary. */
static bool is_word(const char *word, const char *known, size_t length, bool exactly)
{
    return strncmp(word, known, length) == 0 &&
           (word[length] == '\0' || (!exactly && strchr("=:[", word[length]) != NULL));
}

static bool words_follow(const struct strings *command, size_t from, const struct known *known, bool exactly)
{
    const char *valued = valued_options(known->tool);

    for (const char *words = known->words; *words;) {
        size_t length = strcspn(words, " ");

        while (from < command->count && !is_word(command->items[from], words, length, exactly) &&
               !(valued && is_option(command->items[from], words, valued))) {
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

/* *tool: where in the command the tool stands: the last that can be it, since packages and folders have its name. The
 * words are looked for first: they are rare, and told apart by their first letters. */
static bool is_known(const struct strings *command, const struct known *known, bool exactly, size_t *tool)
{
    bool follow = words_follow(command, 0, known, exactly);

    if (!follow || !known->tool) {
        *tool = 0;
        return follow;
    }
    for (*tool = command->count; (*tool)-- > 0;) {
        if (is_tool(command->items[*tool], known->tool) && words_follow(command, *tool + 1, known, exactly)) {
            return true;
        }
    }
    /* Prisma's words are unlike any other's: what the shell puts in front of them is it. */
    *tool = words_started(command);
    return strcmp(known->tool, "prisma") == 0 && *tool < command->count && word_is_expanded(command->items[*tool]) &&
           words_follow(command, *tool + 1, known, exactly);
}

static bool is_filled_in(const char *word)
{
    return word_is_expanded(word) || *word == '{';
}

/* prisma GROUP before what only the shell or xargs(1) fills in (a variable, braces, what another command prints): it
 * may be any command of the group. */
static bool may_be_any(const struct strings *command, const char *group, size_t *tool)
{
    bool found = false;

    for (size_t i = 0; i < command->count; i++) {
        if (is_tool(command->items[i], "prisma")) {
            *tool = i;
            found = true;
        } else if (found && strcmp(command->items[i], group) == 0 &&
                   (i + 1 < command->count ? is_filled_in(command->items[i + 1]) : words_are_fed(command, *tool))) {
            return true;
        }
    }
    return false;
}

bool command_is_push(const struct strings *command, size_t *tool)
{
    return is_known(command, &db_push, true, tool) || may_be_any(command, "db", tool);
}

/* The command with what its environment says behind it: VERSION=0 rails db:migrate. */
static struct strings with_variables(const struct strings *command, const struct step *step, struct arena *arena)
{
    struct strings whole = { 0 };

    strings_add_all(arena, &whole, command);
    for (size_t i = 0; i < command->count; i++) {
        if (word_is_assignment(command->items[i])) {
            strings_add(arena, &whole, command->items[i]);
        }
    }
    for (size_t i = 0; i < step->env_count; i++) {
        strings_add(arena, &whole, arena_printf(arena, "%s=%s", step->env[i].name, step->env[i].value));
    }
    return whole;
}

const char *command_hazard(const struct step *step, struct arena *arena)
{
    const struct simples *commands = simple_commands(step, arena);
    size_t tool;

    for (size_t i = 0; i < commands->count; i++) {
        const struct strings command = with_variables(&commands->items[i].words, step, arena);

        for (size_t j = 0; j < sizeof hazards / sizeof hazards[0]; j++) {
            if (is_known(&command, &hazards[j], false, &tool)) {
                return hazards[j].tool ? arena_printf(arena, "%s%s%s", hazards[j].tool, *hazards[j].words ? " " : "",
                                                      hazards[j].words)
                                       : hazards[j].words;
            }
        }
        if (may_be_any(&commands->items[i].words, "migrate", &tool) &&
            tool == words_started(&commands->items[i].words)) {
            return "prisma migrate reset";
        }
    }
    return NULL;
}

static bool runs(const struct strings *command, const struct migrator *migrator)
{
    size_t tool;

    return is_known(command, &(struct known){ migrator->tool, migrator->words }, true, &tool);
}

/* The tool with options alone, none of which only asks (--help): whoever runs the script adds what is to be done. */
static bool awaits_words(const struct strings *command, const struct migrator *migrator)
{
    static const char *const asking[] = { "-h", "--help", "-v", "-V", "--version" };
    size_t at = words_name(command), count = command->count;

    for (size_t i = at; i < count; i++) {
        at = word_starts(command->items[i]) ? i + 1 : at;
    }
    return at < count && is_tool(command->items[at], migrator->tool) &&
           (at + 1 == count || (*command->items[at + 1] == '-' && !STRINGS_AMONG(command->items[at + 1], asking)));
}

static const struct migrator *find_migrator(const struct strings *command,
                                            bool (*is)(const struct strings *, const struct migrator *))
{
    size_t i = 0;

    while (i < migrator_count && !is(command, &migrators[i])) {
        i++;
    }
    return i < migrator_count ? &migrators[i] : NULL;
}

const struct migrator *command_calls(const struct strings *words)
{
    return find_migrator(words, runs);
}

const struct migrator *command_migrator(const struct step *step, bool *complete, struct arena *arena)
{
    const struct simples *commands = simple_commands(step, arena);
    const struct strings *command = &commands->items[0].words;

    for (size_t i = 1; i < commands->count; i++) {
        if (commands->items[i].words.count) {
            return NULL;
        }
    }

    const struct migrator *migrator = find_migrator(command, runs);

    *complete = migrator != NULL;
    migrator = migrator ? migrator : find_migrator(command, awaits_words);
    return migrator && !command_hazard(step, arena) ? migrator : NULL;
}

enum step_role command_role(const struct step *step, enum history history, struct arena *arena)
{
    enum step_role role = step->sql.count ? STEP_SQL : STEP_ORDINARY;
    const struct simples *commands = simple_commands(step, arena);
    size_t tool;

    for (size_t i = 0; i < commands->count; i++) {
        if (command_is_push(&commands->items[i].words, &tool)) {
            return STEP_DB_PUSH;
        }
        for (size_t j = 0; history != HISTORY_NONE && j < migrator_count; j++) {
            if (migrators[j].history == history && runs(&commands->items[i].words, &migrators[j])) {
                role = STEP_HISTORY;
            }
        }
    }
    return role;
}
