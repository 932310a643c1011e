/* What closes a boot: the summary in the log, and the report. */
#include "base/text.h"
#include "process/spawn.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERMINATION_LOG "/dev/termination-log" /* Kubernetes: terminationMessagePath */
#define TERMINATION_LOG_MAX 4096               /* and its limit */
#define REPORT_PATIENCE 1000                   /* ms for each to be written: it is there before the application is */

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
    log_event(step_went_wrong(step->result) ? LOG_WARN : LOG_INFO, "summary-step", fields, "summary: step %s: %s",
              step->name, told);
}

/* ": public.avatar_projects, public.users.email", as many as fit. */
static void list_faults(const struct check *check, struct text *text)
{
    const char *before = ": ";
    for (size_t i = 0; i < check->problem_count; i++) {
        const struct problem *problem = &check->problems[i];
        if (problem_fatal(problem->code)) {
            text_printf(text, "%s%s", before, problem->object);
            before = ", ";
        }
    }
}

static void summarize_tables(const struct supervisor *s)
{
    const struct check *tables = status_tables(&s->status);
    size_t healthy = status_healthy_tables(tables), total = tables->table_count;
    const char *schema = s->status.check ? status_word_of(s->status.check) : "not looked at";
    char faults[512];
    struct text text = text_over(faults, sizeof faults);
    if (s->status.check && !s->status.check->healthy) {
        list_faults(s->status.check, &text);
    }
    const struct log_field fields[] = { { .name = "healthyTables", .number = (int64_t)healthy },
                                        { .name = "totalTables", .number = (int64_t)total },
                                        { .name = "status", .string = status_word(&s->status) },
                                        { .name = "schema", .string = schema },
                                        { 0 } };
    log_event(*faults ? LOG_ERROR : LOG_INFO, "summary-tables", fields,
              "summary: %zu of %zu tables healthy, schema %s%s%s", healthy, total, schema,
              s->status.check && !s->status.connected ? " when last looked at, now not connected" : "", faults);
}

struct writing {
    const struct status *status;
    const char *path;
    size_t most; /* bytes; 0: any number */
    int told;    /* where the child says how it went */
};

/* Returns errno. */
static int write_here(const struct writing *writing)
{
    return status_write_report(writing->status, writing->path, writing->most) ? 0 : errno;
}

static int write_process(void *argument)
{
    const struct writing *writing = argument;
    int number = write_here(writing);
    return write(writing->told, &number, sizeof number) < 0;
}

/* In a child that is given a moment, for the file system may hang: a network's, a full pod's. */
static int write_in_child(struct writing *writing)
{
    const struct spawn spawn = {
        .entry = write_process, .argument = writing, .output = -1, .keep = &writing->told, .keep_count = 1
    };
    struct error error;
    int ends[2], number = 0;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return write_here(writing);
    }
    writing->told = ends[1];
    pid_t pid = spawn_child(&spawn, NULL, &error);
    close(ends[1]);
    if (pid < 0) {
        number = write_here(writing);
    } else if (poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, REPORT_PATIENCE) <= 0) {
        number = ETIMEDOUT;
        kill(pid, SIGKILL); /* whenever the file system lets it go it is an orphan like any other */
    } else {
        number = read(ends[0], &number, sizeof number) == sizeof number ? number : EIO;
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
    return number;
}

static void write_report(const struct supervisor *s, const char *path, size_t most)
{
    int number = write_in_child(&(struct writing){ .status = &s->status, .path = path, .most = most });
    if (number) {
        log_event(LOG_WARN, "report-failed", NULL, "the boot report could not be written to %s: %s", path,
                  strerror(number));
    }
}

static void write_reports(struct supervisor *s)
{
    if (s->config && *s->config->report_file) {
        write_report(s, s->config->report_file, 0);
    }
    if (access(TERMINATION_LOG, F_OK) == 0) {
        write_report(s, TERMINATION_LOG, TERMINATION_LOG_MAX);
        (void)stat(TERMINATION_LOG, &s->termination_log);
    }
}

/* What the application has written there since then is its own. */
static bool termination_log_is_ours(const struct supervisor *s)
{
    const struct stat *before = &s->termination_log;
    struct stat now;
    return before->st_ino != 0 && stat(TERMINATION_LOG, &now) == 0 && now.st_ino == before->st_ino &&
           now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

void report_end(struct supervisor *s)
{
    bool told = s->plan.goal != GOAL_RUN || s->status.exit_status >= 0;
    if (told || s->exit_status == STATUS_OK || !termination_log_is_ours(s)) {
        return;
    }
    if (s->boot.app_ran) {
        struct text reason = text_over(s->status.reason, sizeof s->status.reason);
        text_printf(&reason, "application ended: %s", s->say.outcome);
    }
    note_status(s);
    write_report(s, TERMINATION_LOG, TERMINATION_LOG_MAX);
}

void report_refusal(struct supervisor *s, int exit_status, const struct strings *reasons)
{
    struct text text = text_over(s->status.reason, sizeof s->status.reason);
    for (size_t i = 0; i < reasons->count; i++) {
        text_printf(&text, "%s%s", i ? "\n" : "", reasons->items[i]);
    }
    status_phase(&s->status, PHASE_FAILED);
    s->status.exit_status = exit_status;
    write_reports(s);
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
        write_reports(s);
    }
}
