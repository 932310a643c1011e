#include "project/diagnose.h"
#include "project/client.h"
#include "project/tool_command.h"

#include "base/shell.h"
#include "config/content.h"

#include <string.h>

#define MIGRATION_MOST ((size_t)4 << 20) /* bytes of a migration that is read for the names of tables */

struct telling {
    const struct project_request *request;
    const struct ledger *ledger;
    const struct check *check;
    struct findings *findings;
    struct arena *arena;
    struct tool_command command; /* the step that runs the history's tool */
};

static const char *names_of(const struct migration_list *list, struct arena *arena)
{
    const char *names = strings_listed(arena, &list->names);

    return list->count > list->names.count
               ? arena_printf(arena, "%s and %zu more", names, list->count - list->names.count)
               : names;
}

/* ---- commands ---- */

static const char *resolve_command(const struct telling *telling, const char *how, const char *name)
{
    const char *words = arena_printf(telling->arena, "migrate resolve --%s %s", how, shell_quote(name, telling->arena));

    return prisma_command(&telling->command, words, telling->arena);
}

/* ---- what the ledger says ---- */

/* Run again it would fail again, for ever: db push or a person made it meanwhile. */
static void tell_made_already(struct telling *telling, const char *name, const char *log)
{
    struct arena *arena = telling->arena;

    finding_add(telling->findings, FINDING_FAILED, name,
                arena_printf(arena,
                             "; what it makes is there already (by db push?), so it is to be recorded as applied, once "
                             "the rest of what it does (rows that it changes) was run by hand; its logged error:\n%s",
                             log),
                arena_printf(arena,
                             "# run the rest of the migration by hand: pgentry apply FILE runs SQL; then record it as "
                             "applied:\n%s\n# then\n%s",
                             resolve_command(telling, "applied", name), telling->request->sync));
}

static const struct step *push_step(const struct telling *telling)
{
    return steps_find(&telling->request->config->migrate.steps, STEP_DB_PUSH);
}

static void tell_failed(struct telling *telling, const char *name, const char *log)
{
    struct arena *arena = telling->arena;

    if (telling->request->made_already(log)) {
        tell_made_already(telling, name, log);
        return;
    }

    const char *there = telling->check->healthy && push_step(telling)
                            ? "what it makes is in the database by now (db push may have made it) and the rest of it "
                              "was run by hand (pgentry apply FILE runs SQL)"
                            : "all of it is in the database by now";
    const char *fix =
        arena_printf(arena,
                     "# mend the cause; if what it had done is undone (a migration in one transaction is), "
                     "let it run again:\n%s\n# or, if %s:\n%s\n# then\n%s",
                     resolve_command(telling, "rolled-back", name), there,
                     shell_comment(resolve_command(telling, "applied", name), arena), telling->request->sync);

    finding_add(telling->findings, FINDING_FAILED, name,
                *log ? arena_printf(arena, "; its logged error:\n%s", log)
                     : "; no error is logged: it was broken off, or runs at this moment",
                fix);
}

static void tell_pending(struct telling *telling)
{
    const struct migrations_state *migrations = &telling->check->migrations;
    const struct migration_list *pending = &migrations->pending;
    const char *fix = migrations->failed ? arena_printf(telling->arena, "# once the failed migration is resolved:\n%s",
                                                        telling->request->sync)
                                         : telling->request->sync;

    if (pending->names.count) {
        finding_add(telling->findings, FINDING_PENDING, pending->names.items[0], names_of(pending, telling->arena),
                    fix);
    }
}

/* Each of the migrations, with where git tells of its files behind the comment. */
static void tell_each(struct telling *telling, enum finding_code code, const struct strings *names, const char *comment)
{
    struct arena *arena = telling->arena;

    for (size_t i = 0; i < names->count; i++) {
        const char *files = shell_quote(arena_printf(arena, "*%s*", names->items[i]), arena);

        finding_add(telling->findings, code, names->items[i], NULL,
                    arena_printf(arena, "%s\ngit log --all --oneline -- %s", comment, files));
    }
}

/* Records what is in the database already. */
static const char *baseline_command(const struct telling *telling)
{
    const struct wanted *wanted = telling->request->wanted;
    const char *names = "";

    for (size_t i = 0; i < wanted->migration_count; i++) {
        names = arena_printf(telling->arena, "%s %s", names, shell_quote(wanted->migrations[i].name, telling->arena));
    }
    return arena_printf(telling->arena,
                        "# make a baseline: record the migrations whose work is in the database already (take out "
                        "of the list those that are not)\nfor migration in%s; do %s; done\n# then the others run:\n%s",
                        names,
                        prisma_command(&telling->command, "migrate resolve --applied \"$migration\"", telling->arena),
                        telling->request->sync);
}

/* Prisma alone refuses a database that it did not make (P3005), be there something to deploy or not. */
static void tell_baseline(struct telling *telling)
{
    const struct wanted *wanted = telling->request->wanted;

    if (wanted->history == HISTORY_PRISMA && !telling->ledger->exists && telling->ledger->relations > 0) {
        finding_add(telling->findings, FINDING_BASELINE, telling->ledger->name, NULL,
                    wanted->migration_count > 0
                        ? baseline_command(telling)
                        : "# no migration is here to be recorded: bring them into the image; or, if the project is "
                          "pushed, take migrate deploy out of the steps, as in\npgentry init --stdout");
    }
}

/* A substring may be of another word: then the table counts as one that will come. What cannot be read may bring all.
 */
static bool speaks_of(const struct wanted_migration *migration, const char *table, struct arena *arena)
{
    size_t length;
    const char *text = content_read(migration->file, MIGRATION_MOST, &length, arena);

    return !text || memmem(text, length, table, strlen(table));
}

/* Whether a migration that is not applied yet may bring the table, "schema.name". */
static bool may_come(const struct telling *telling, const char *object)
{
    const struct migrations_state *migrations = &telling->check->migrations;
    const struct wanted *wanted = telling->request->wanted;
    const char *dot = strchr(object, '.');
    bool may = migrations->failed || migrations->pending.count > migrations->pending.names.count;

    for (size_t i = 0; i < wanted->migration_count && !may; i++) {
        const struct wanted_migration *migration = &wanted->migrations[i];

        may = strings_contain(&migrations->pending.names, migration->name) &&
              speaks_of(migration, dot ? dot + 1 : object, telling->arena);
    }
    return may;
}

/* What made them is recorded as applied, and tables are missing all the same: no tool will ever make them again. */
static void tell_applied_but_gone(struct telling *telling)
{
    const struct check *check = telling->check;
    struct strings missing = { 0 };
    const struct step *push = push_step(telling);
    const char *command = telling->ledger->ahead;

    for (size_t i = 0; i < check->problem_count; i++) {
        if (check->problems[i].code == PROBLEM_MISSING_TABLE && !may_come(telling, check->problems[i].object)) {
            strings_add(telling->arena, &missing, check->problems[i].object);
        }
    }
    if (check->migrations.applied == 0 || missing.count == 0) {
        return;
    }
    if (!command && push) {
        command = arena_printf(telling->arena,
                               "# a step that makes what the schema lacks, and drops nothing:\n%s sync --only %s",
                               telling->request->program, shell_quote(push->name, telling->arena));
    }
    finding_add(telling->findings, FINDING_APPLIED_BUT_GONE, telling->ledger->name,
                strings_listed(telling->arena, &missing), command ? command : telling->ledger->lost);
}

static void tell_unreadable(struct telling *telling)
{
    const struct ledger *ledger = telling->ledger;
    enum finding_code code = ledger->answer == LEDGER_DENIED ? FINDING_LEDGER_DENIED
                             : ledger->answer == LEDGER_LATE ? FINDING_LEDGER_LATE
                                                             : FINDING_LEDGER_UNREADABLE;

    if (ledger->exists) {
        finding_add(telling->findings, code, ledger->name, NULL, ledger->mend);
    }
}

static void tell_ledger(struct telling *telling)
{
    if (!telling->check || !telling->ledger->name) {
        return;
    }
    const struct migrations_state *migrations = &telling->check->migrations;
    tool_command_find(&telling->command, telling->request->config, telling->arena);
    if (!migrations->known) {
        tell_unreadable(telling);
        return;
    }
    for (size_t i = 0; i < migrations->failed_names.count; i++) {
        tell_failed(telling, migrations->failed_names.items[i], migrations->failed_logs.items[i]);
    }
    tell_baseline(telling);
    tell_pending(telling);
    tell_each(telling, FINDING_EDITED, &migrations->edited.names,
              "# restore it as it was, and put the change into a migration of its own; who changed it:");
    tell_each(telling, FINDING_GONE, &migrations->gone.names,
              "# deploy the newer image, or bring the migration back; where it was, in the project's repository:");
    tell_applied_but_gone(telling);
}

void project_diagnose(const struct project_request *request, struct findings *findings, struct arena *arena)
{
    struct telling telling = { .request = request,
                               .ledger = request->ledger,
                               .check = request->ledger->check,
                               .findings = findings,
                               .arena = arena };

    tell_ledger(&telling);
    client_diagnose(request->config, request->wanted->schema, findings, arena);
}
