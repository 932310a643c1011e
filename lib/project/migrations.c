#include "project/migrations.h"
#include "project/local.h"

#include "config/content.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct wanted_migration *)left)->name, ((const struct wanted_migration *)right)->name);
}

/* Two under one name: the tool fails, or takes the one for the other. */
static void refuse_twins(struct local *local)
{
    struct wanted *wanted = local->wanted;

    if (wanted->migration_count > 1) {
        qsort(wanted->migrations, wanted->migration_count, sizeof *wanted->migrations, by_name);
    }
    for (size_t i = 1; i < wanted->migration_count; i++) {
        if (by_name(&wanted->migrations[i - 1], &wanted->migrations[i]) == 0) {
            local_doubt(local,
                        arena_printf(local->arena, "two migrations have the name %s", wanted->migrations[i].name));
        }
    }
}

/* As without a history: nothing is proven, and nothing that is recorded counts as gone from here. */
static void forget(struct wanted *wanted)
{
    wanted->history = HISTORY_NONE;
    wanted->history_schema = NULL;
    wanted->history_table = NULL;
    wanted->migrations = NULL;
    wanted->migration_count = 0;
}

static void tell_doubt(struct local *local, const char *doubt)
{
    local_note(local, arena_printf(local->arena,
                                   "the steps run at every boot, because the local migrations are not known for "
                                   "sure: %s",
                                   doubt));
}

void migrations_find(struct wanted *wanted, const struct config *config, const struct schema_seen *seen,
                     struct arena *arena)
{
    static const struct tool_ledger {
        const char *table;
        void (*collect)(struct local *local);
    } ledgers[HISTORIES] = {
        [HISTORY_PRISMA] = { "_prisma_migrations", local_collect_prisma },
        [HISTORY_DBMATE] = { "schema_migrations", local_collect_dbmate },
        [HISTORY_NODE_PG_MIGRATE] = { "pgmigrations", local_collect_node_pg_migrate },
        [HISTORY_RAILS] = { "schema_migrations", local_collect_rails },
    };
    /* The only one that may run where migrations are gone: it has to be known among the others. */
    const bool own_tool_runs = steps_find(&config->migrate.steps, STEP_HISTORY) != NULL;
    const struct tool_ledger *ledger = &ledgers[config->migrate.history];
    struct tool_command command;
    struct local local = { .wanted = wanted, .config = config, .seen = seen, .command = &command, .arena = arena };

    wanted->history = config->migrate.history;
    if (ledger->collect == NULL) { /* HISTORY_NONE */
        return;
    }
    tool_command_find(&command, config, arena);
    if (tool_command_url(&command, config) == NULL) {
        static const char *const url[] = { "DATABASE_URL" };

        local_doubt_words(&local, content_path(arena, tool_command_cwd(&command), ".env"), url, 1);
    }
    wanted->history_table = ledger->table;
    ledger->collect(&local);
    refuse_twins(&local);
    if (local.doubt != NULL) {
        forget(wanted);
        tell_doubt(&local, command.doubt != NULL ? command.doubt : local.doubt);
    } else if (command.doubt != NULL) {
        wanted->unsure = own_tool_runs && wanted->migration_count > 0;
        if (!wanted->unsure) {
            forget(wanted);
        }
        tell_doubt(&local, command.doubt);
    } else if (wanted->migration_count == 0) {
        bool deploys = wanted->history == HISTORY_PRISMA && own_tool_runs;

        local_note(&local, deploys ? "there are no local migrations: prisma migrate deploy has nothing to deploy, and "
                                     "counts as done once the schema verifies, but fails with P3005 in a database that "
                                     "was pushed: for a project that is pushed, pgentry init writes the steps"
                                   : "there are no local migrations, so nothing proves that none is pending: the "
                                     "steps run");
    }
}
