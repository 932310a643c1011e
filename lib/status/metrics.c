/* /metrics: the Prometheus text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "status/documents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void label(FILE *out, const char *name, const char *value, const char *end)
{
    fprintf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n') {
            fputs("\\n", out);
        } else {
            if (*value == '\\' || *value == '"') {
                fputc('\\', out);
            }
            fputc(*value, out);
        }
    }
    fprintf(out, "\"%s", end);
}

static void put_phases(FILE *out, const struct status *status)
{
    int64_t spent[PHASES] = { 0 };
    int64_t now = clock_now_us() - status->began_us;

    head(out, "pgentry_phase", "gauge", "The phase that the supervisor is in: 1 for the current one.");
    for (size_t i = 0; i < PHASES; i++) {
        fputs("pgentry_phase{", out);
        label(out, "phase", phase_word((enum phase)i), "} ");
        fprintf(out, "%d\n", status->phase == (enum phase)i);
    }
    for (size_t i = 0; i < status->spell_count; i++) {
        const struct status_spell *spell = &status->spells[i];
        spent[spell->phase] += status_spell_took(spell, now);
    }
    head(out, "pgentry_boot_seconds", "gauge", "Time spent in each phase of this boot.");
    for (size_t i = 0; i < PHASES; i++) {
        fputs("pgentry_boot_seconds{", out);
        label(out, "phase", phase_word((enum phase)i), "} ");
        fprintf(out, "%.6f\n", (double)spent[i] / 1e6);
    }
}

static void put_steps(FILE *out, const struct status *status)
{
    head(out, "pgentry_step_attempts", "gauge", "Attempts of each migration step in this boot.");
    for (size_t i = 0; i < status->step_count; i++) {
        fputs("pgentry_step_attempts{", out);
        label(out, "list", status->steps[i].list, ",");
        label(out, "step", status->steps[i].name, "} ");
        fprintf(out, "%u\n", status->steps[i].attempts);
    }
    head(out, "pgentry_step_result", "gauge", "The result of each migration step: 1 for the one it has.");
    for (size_t i = 0; i < status->step_count; i++) {
        fputs("pgentry_step_result{", out);
        label(out, "list", status->steps[i].list, ",");
        label(out, "step", status->steps[i].name, ",");
        label(out, "result", step_result_word(status->steps[i].result), "} 1\n");
    }
    head(out, "pgentry_step_seconds", "gauge", "Time that the attempts of each migration step took.");
    for (size_t i = 0; i < status->step_count; i++) {
        fputs("pgentry_step_seconds{", out);
        label(out, "list", status->steps[i].list, ",");
        label(out, "step", status->steps[i].name, "} ");
        fprintf(out, "%.3f\n", (double)status_step_took(&status->steps[i]) / 1e3);
    }
}

static void put_tables(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    head(out, "pgentry_table_up", "gauge", "Whether a critical table is there with all that is asked of it.");
    for (size_t i = 0; check && i < check->table_count; i++) {
        const struct table_state *table = &check->tables[i];
        char schema[64];
        snprintf(schema, sizeof schema, "%.*s", table->schema ? (int)table->schema : 63,
                 table->schema ? table->name : status->schema);
        fputs("pgentry_table_up{", out);
        label(out, "schema", schema, ",");
        label(out, "table", table->schema ? table->name + table->schema + 1 : table->name, "} ");
        fprintf(out, "%d\n", table->healthy);
    }
}

static void put_gauge(FILE *out, const char *name, const char *help, int64_t value)
{
    head(out, name, "gauge", help);
    fprintf(out, "%s %" PRId64 "\n", name, value);
}

static void put_durations(FILE *out, const struct status *status)
{
    static const char looks[] = "pgentry_schema_check_duration_seconds";
    head(out, "pgentry_wait_seconds", "gauge", "Time that this boot waited for PostgreSQL.");
    fprintf(out, "pgentry_wait_seconds %.3f\n", (double)status->waited / 1e3);
    head(out, "pgentry_lock_wait_seconds", "gauge", "Time that this boot waited for the migration lock.");
    fprintf(out, "pgentry_lock_wait_seconds %.3f\n", (double)status->lock_waited / 1e3);
    head(out, looks, "summary", "How long looks at the schema took.");
    fprintf(out, "%s_sum %.6f\n%s_count %" PRId64 "\n", looks, (double)status->looked_us / 1e6, looks,
            status->counters[COUNTER_LOOKS]);
}

static void put_counters(FILE *out, const struct status *status)
{
    static const struct {
        const char *name, *help;
    } counters[] = {
#define X(name, metric, help) { metric, help },
        STATUS_COUNTER_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < STATUS_COUNTERS; i++) {
        head(out, counters[i].name, "counter", counters[i].help);
        fprintf(out, "%s %" PRId64 "\n", counters[i].name, status->counters[i]);
    }
}

char *metrics_render(const struct status *status)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out) {
        return NULL;
    }
    head(out, "pgentry_build_info", "gauge", "The version of pgentry.");
    fputs("pgentry_build_info{", out);
    label(out, "version", status->version, "} 1\n");
    put_phases(out, status);
    put_gauge(out, "pgentry_ready", "Whether the application runs on a healthy schema.", status->ready);
    put_gauge(out, "pgentry_database_connected", "Whether the last look reached the database.", status->connected);
    put_gauge(out, "pgentry_schema_healthy", "Whether the last look found the schema healthy.",
              strcmp(status_word(status), "healthy") == 0);
    put_tables(out, status);
    put_steps(out, status);
    put_durations(out, status);
    put_counters(out, status);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
