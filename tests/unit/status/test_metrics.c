#include "status/documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct table_state tables[] = { { "a\"b\\c\nd", 0, true, false }, { "auth.users", 4, true, true } };
static struct check check = { .tables = tables, .table_count = 2 };
static struct status_step steps[] = {
    { .list = "before", .name = "generate", .result = STEP_OK, .attempts = 1, .took = 1250 },
    { .list = "steps", .name = "migrate deploy", .result = STEP_TIMED_OUT, .attempts = 3, .took = 60000 },
};
static const struct status status = {
    .version = "1.2.3",
    .phase = PHASE_STOPPING,
    .spells = { { PHASE_WAITING, 0, 1500 }, { PHASE_MIGRATING, 1500, 2001500 }, { PHASE_WAITING, 2001500, 3001500 } },
    .spell_count = 3,
    .schema = "app",
    .connected = true,
    .check = &check,
    .steps = steps,
    .step_count = 2,
    .ready = true,
    .counters = { 7, 2, 3, 4, 5 },
    .waited = 1001,
    .lock_waited = 20,
    .looked_us = 35000,
};

/* Without the comments, of which each metric has two before its first sample. */
static const char *samples(const struct status *of)
{
    static char lines[8192];
    char *text = document_render(DOCUMENT_METRICS, of), *rest = text, *line;
    char name[64] = "";

    assert_non_null(text);
    lines[0] = '\0';
    while ((line = strsep(&rest, "\n")) && *line) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 7, " "), line + 7);
            line = strsep(&rest, "\n");
            assert_true(strncmp(line, "# TYPE ", 7) == 0 && strncmp(line + 7, name, strlen(name)) == 0);
        } else {
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            strcat(strcat(lines, line), "\n");
        }
    }
    free(text);
    return lines;
}

static void every_number_stands_under_the_name_that_dashboards_know(void **state)
{
    (void)state;
    assert_string_equal(samples(&status),
                        "pgentry_build_info{version=\"1.2.3\"} 1\n"
                        "pgentry_phase{phase=\"waiting\"} 0\n"
                        "pgentry_phase{phase=\"checking\"} 0\n"
                        "pgentry_phase{phase=\"locking\"} 0\n"
                        "pgentry_phase{phase=\"migrating\"} 0\n"
                        "pgentry_phase{phase=\"verifying\"} 0\n"
                        "pgentry_phase{phase=\"starting\"} 0\n"
                        "pgentry_phase{phase=\"running\"} 0\n"
                        "pgentry_phase{phase=\"stopping\"} 1\n"
                        "pgentry_phase{phase=\"held\"} 0\n"
                        "pgentry_phase{phase=\"failed\"} 0\n"
                        "pgentry_boot_seconds{phase=\"waiting\"} 1.001500\n"
                        "pgentry_boot_seconds{phase=\"checking\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"locking\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"migrating\"} 2.000000\n"
                        "pgentry_boot_seconds{phase=\"verifying\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"starting\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"running\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"stopping\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"held\"} 0.000000\n"
                        "pgentry_boot_seconds{phase=\"failed\"} 0.000000\n"
                        "pgentry_ready 1\n"
                        "pgentry_database_connected 1\n"
                        "pgentry_schema_healthy 0\n"
                        "pgentry_table_up{schema=\"app\",table=\"a\\\"b\\\\c\\nd\"} 0\n"
                        "pgentry_table_up{schema=\"auth\",table=\"users\"} 1\n"
                        "pgentry_step_attempts{list=\"before\",step=\"generate\"} 1\n"
                        "pgentry_step_attempts{list=\"steps\",step=\"migrate deploy\"} 3\n"
                        "pgentry_step_result{list=\"before\",step=\"generate\",result=\"succeeded\"} 1\n"
                        "pgentry_step_result{list=\"steps\",step=\"migrate deploy\",result=\"timed out\"} 1\n"
                        "pgentry_step_seconds{list=\"before\",step=\"generate\"} 1.250\n"
                        "pgentry_step_seconds{list=\"steps\",step=\"migrate deploy\"} 60.000\n"
                        "pgentry_wait_seconds 1.001\n"
                        "pgentry_lock_wait_seconds 0.020\n"
                        "pgentry_schema_check_duration_seconds_sum 0.035000\n"
                        "pgentry_schema_check_duration_seconds_count 7\n"
                        "pgentry_schema_checks_total 7\n"
                        "pgentry_schema_checks_failed_total 2\n"
                        "pgentry_orphans_reaped_total 3\n"
                        "pgentry_helper_restarts_total 4\n"
                        "pgentry_log_lines_dropped_total 5\n");
}

static void before_the_first_look_no_table_is_told_of(void **state)
{
    struct status early = status;

    (void)state;
    early.check = NULL;
    early.expected = &check;
    assert_null(strstr(samples(&early), "pgentry_table_up{"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_stands_under_the_name_that_dashboards_know),
        cmocka_unit_test(before_the_first_look_no_table_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
