/* What closes a boot: the summary in the log, and the report. */
#include "base/text.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TERMINATION_LOG "/dev/termination-log" /* Kubernetes: terminationMessagePath */
#define TERMINATION_LOG_MAX 4096               /* and its limit */

static void summarize_phases(const struct supervisor *s)
{
    char buffer[1024];
    struct text text = text_over(buffer, sizeof buffer);
    int64_t now = clock_now_us() - s->status.began_us;
    for (size_t i = 0; i < s->status.spell_count; i++) {
        const struct status_spell *spell = &s->status.spells[i];
        char took[DURATION_TEXT];
        text_printf(&text, "%s%s %s", i ? ", " : "", phase_word(spell->phase),
                    duration_human((status_spell_took(spell, now) + 500) / 1000, took));
    }
    char total[DURATION_TEXT];
    const struct log_field fields[] = { { .name = "durationMs", .number = now / 1000 },
                                        { .name = "phases", .string = buffer },
                                        { 0 } };
    log_event(LOG_INFO, "summary", fields, "summary: boot took %s: %s", duration_human(now / 1000, total), buffer);
}

static void summarize_step(const struct status_step *step)
{
    char told[STATUS_TEXT * 2], took[DURATION_TEXT];
    struct text text = text_over(told, sizeof told);
    text_string(&text, step_result_word(step->result));
    if (step->attempts) {
        text_printf(&text, ", %u attempt%s, %s", step->attempts, step->attempts == 1 ? "" : "s",
                    duration_human(step->took, took));
    }
    if (step->result != STEP_OK && step->outcome[0]) {
        text_printf(&text, ": %s", step->outcome);
    }
    const struct log_field fields[] = { { .name = "step", .string = step->name },
                                        { .name = "attempts", .number = step->attempts },
                                        { .name = "result", .string = step_result_word(step->result) },
                                        { .name = "durationMs", .number = step->took },
                                        { 0 } };
    log_event(LOG_INFO, "summary-step", fields, "summary: step %s: %s", step->name, told);
}

static void summarize_tables(const struct supervisor *s)
{
    const struct check *check = s->status.check;
    size_t healthy = check ? status_healthy_tables(check) : 0, total = check ? check->table_count : 0;
    const struct log_field fields[] = { { .name = "healthyTables", .number = (int64_t)healthy },
                                        { .name = "totalTables", .number = (int64_t)total },
                                        { .name = "status", .string = status_word(&s->status) },
                                        { 0 } };
    log_event(LOG_INFO, "summary-tables", fields, "summary: %zu of %zu tables healthy, schema %s", healthy, total,
              check ? status_word(&s->status) : "not looked at");
}

static void write_report(struct supervisor *s)
{
    const char *path = s->config->report_file;
    if (*path && !status_write_report(&s->status, path, 0)) {
        log_event(LOG_WARN, "report-failed", NULL, "the boot report could not be written to %s: %s", path,
                  strerror(errno));
    }
    if (access(TERMINATION_LOG, F_OK) == 0 && !status_write_report(&s->status, TERMINATION_LOG, TERMINATION_LOG_MAX)) {
        log_event(LOG_WARN, "report-failed", NULL, "the boot report could not be written to %s: %s", TERMINATION_LOG,
                  strerror(errno));
    }
}

void summarize(struct supervisor *s)
{
    if (s->plan.goal != GOAL_RUN && s->plan.goal != GOAL_SYNC) {
        return;
    }
    summarize_phases(s);
    for (size_t i = 0; i < s->status.step_count; i++) {
        summarize_step(&s->status.steps[i]);
    }
    summarize_tables(s);
    if (s->plan.goal == GOAL_RUN) {
        note_status(s);
        write_report(s);
    }
}
