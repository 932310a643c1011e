/* diagnose: everything that is wrong, each with what mends it. Looks only: changes nothing, runs no step, takes no
 * lock. */
#include "project/diagnose.h"
#include "base/shell.h"
#include "command.h"
#include "config/preset.h"
#include "database/sqlstate.h"
#include "diagnosis.h"
#include "process/codes.h"
#include "project/project.h"

#include <string.h>

static void look_at_wanted(const struct config *config, const struct wanted *wanted, struct findings *findings)
{
    if (wanted->unreadable) {
        struct finding *finding =
            finding_add(findings, FINDING_SCHEMA_UNREADABLE, wanted->unreadable, wanted->unreadable_why, NULL);

        if (config->verify.table_count) { /* those listed by hand are verified all the same */
            finding->severity = SEVERITY_WARNING;
        }
    } else if (wanted_is_nothing(wanted)) {
        finding_add(findings, FINDING_NOTHING_TO_VERIFY, wanted->schema, NULL, NULL);
    }
    for (size_t i = 0; i < config->warnings.count; i++) {
        finding_add(findings, FINDING_NOTE, "the configuration", config->warnings.items[i], NULL);
    }
    for (size_t i = 0; i < wanted->notes.count; i++) {
        finding_add(findings, FINDING_NOTE, "the project", wanted->notes.items[i], NULL);
    }
}

struct logged {
    struct findings *findings;
    const char *where;
    const char *migration;
};

static void explain_one(void *argument, const char code[CODE_TEXT])
{
    const struct logged *logged = argument;

    diagnose_code(logged->findings, code, logged->where, logged->migration);
}

static void find_made(void *argument, const char code[CODE_TEXT])
{
    bool *made = argument;

    *made |= known_error_is_made_already(code);
}

static bool made_already(const char *log)
{
    bool made = false;

    codes_each(log, strlen(log), find_made, &made);
    return made;
}

/* The codes under which the migration tool tells of the same, and those in the errors that it logged. */
static void explain_codes(const struct ledger *ledger, struct findings *findings)
{
    static const struct {
        enum finding_code code;
        const char *prisma;
    } names[] = { { FINDING_FAILED, "P3009" }, { FINDING_BASELINE, "P3005" } };
    size_t count = findings->count;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            if (findings->items[i].code == names[k].code) {
                diagnose_code(findings, names[k].prisma, "what Prisma calls it", findings->items[i].object);
            }
        }
    }
    for (size_t i = 0; ledger->check && i < ledger->check->migrations.failed_logs.count; i++) {
        const char *log = ledger->check->migrations.failed_logs.items[i];
        struct logged logged = { findings, "the logged error", ledger->check->migrations.failed_names.items[i] };

        codes_each(log, strlen(log), explain_one, &logged);
    }
}

/* What has no history that pgentry reads keeps one nevertheless, and tells of it when it is asked. */
static const char *no_history(const struct config *config, const struct ledger *ledger, struct arena *arena)
{
    const char *tells = preset_tells(config->migrate.preset);

    return ledger->name                              ? NULL
           : config->migrate.history != HISTORY_NONE ? "it is not known for sure where it lies"
           : tells ? arena_printf(arena, "pgentry does not read the history of %s, which tells it by\n      %s",
                                  config->migrate.preset, tells)
                   : "no migration tool is known here whose history pgentry reads";
}

int command_diagnose(const struct command_line *line)
{
    const struct config *config = command_config_any_url(line);

    if (!config) {
        return STATUS_CONFIG;
    }

    struct arena *arena = arena_new();
    struct findings findings = { .arena = arena };
    struct diagnosis diagnosis = { .findings = &findings };
    struct wanted wanted;
    const char *program =
        line->config_file ? arena_printf(arena, "pgentry -c %s", shell_quote(line->config_file, arena)) : "pgentry";
    const char *sync = config->migrate.steps.count
                           ? arena_printf(arena, "%s sync", program)
                           : arena_printf(arena,
                                          "# this container runs no migrations: run them where they belong, then look "
                                          "again\n%s verify",
                                          program);
    const struct diagnose_request request = { .config = config, .wanted = &wanted, .sync = sync, .program = program };
    const struct project_request project = { .config = config,
                                             .wanted = &wanted,
                                             .ledger = &diagnosis.ledger,
                                             .sync = sync,
                                             .program = program,
                                             .made_already = made_already };

    project_wanted(&wanted, config, arena);
    diagnose_database(&request, &diagnosis, arena);
    look_at_wanted(config, &wanted, &findings);
    project_diagnose(&project, &findings, arena);
    diagnosis.no_history = no_history(config, &diagnosis.ledger, arena);
    diagnose_image(config, program, &findings);
    diagnose_boot(config, &diagnosis);
    explain_codes(&diagnosis.ledger, &findings);
    (line->given & OPTION_JSON ? diagnosis_print_json : diagnosis_print)(&diagnosis);
    return !diagnosis.connected                          ? STATUS_UNREACHABLE
           : findings_count(&findings, SEVERITY_WARNING) ? STATUS_SCHEMA
                                                         : STATUS_OK;
}
