/* Steps and their guards: spawned, read, reaped. */
#include "base/text.h"
#include "database/apply.h"
#include "database/sqlstate.h"
#include "process/lookup.h"
#include "process/memory.h"
#include "process/noexec.h"
#include "process/spawn.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LAST_READS 64 /* after the step ended, so that a flood of what it left behind has an end */

struct status_step *child_status(const struct supervisor *s, const struct boot_effect *effect)
{
    static const char *const lists[] = {
        [LIST_BEFORE] = STATUS_LIST_BEFORE, [LIST_STEPS] = STATUS_LIST_STEPS, [LIST_AFTER] = STATUS_LIST_AFTER
    };
    const struct step *step = s->steps[effect->list][effect->index];
    struct status_step *known = s->status.steps;
    while (strcmp(known->list, lists[effect->list]) != 0 || strcmp(known->name, step->name) != 0) {
        known++;
    }
    return known;
}

/* ---- what it is started with ---- */

static const char **environment(const struct supervisor *s, const struct step *step, const char *program,
                                struct error *error)
{
    const struct config *config = s->config;
    const char *url = config_step_url(config);
    const struct variable ours[] = { { .name = "npm_config_yes", .value = "false" },
                                     { .name = "DATABASE_URL", .value = url } };
    const struct variables lists[] = { { config->file_variables, config->file_variable_count },
                                       { ours, url ? 2 : 1 },
                                       { step->env, step->env_count } };
    return environment_with(s, lists, sizeof lists / sizeof *lists, program, error);
}

struct apply_entry {
    const struct supervisor *s;
    const struct step *step;
    const char **env;
};

/* As `pgentry apply` with the step's environment. */
static int apply(void *argument)
{
    const struct apply_entry *entry = argument;
    struct config config = *entry->s->config;
    if (!noexec()) {
        return STATUS_RESOURCE;
    }
    const char *url = step_variable(entry->step, "DATABASE_URL");
    environ = (char **)entry->env;
    if (url) {
        config.database.url = config.database.direct_url = url;
    }
    return apply_files(
        &config, &(struct apply_options){ .files = &entry->step->sql, .statement_timeout = entry->step->timeout });
}

/* ---- its output ---- */

static void on_line(void *argument, const char *line)
{
    struct supervisor *s = argument;
    const struct child *child = &s->child;
    if (child->guard) {
        struct drop_scan scan = { 0 };
        if (s->say.drops[0] == '\0' && (drop_scan(&scan, line, strlen(line)) || drop_scan(&scan, "\n", 1))) {
            TEXT_COPY(s->say.drops, line);
        }
    }
    progress_line(s, line);
    narrate_line(LOG_INFO, child->step->name, line);
    s->child.fresh = true;
    http_push_soon(s);
}

static void close_output(struct child *child)
{
    watch_stop(child->watch);
    child->watch = NULL;
    if (child->fd >= 0) {
        close(child->fd);
        child->fd = -1;
    }
}

/* Reads once; false at the end or when nothing is there now. */
static bool read_output(struct child *child)
{
    char bytes[16384];
    ssize_t got = read(child->fd, bytes, sizeof bytes);
    if (got > 0) {
        output_feed(child->output, bytes, (size_t)got);
        child->drops = (child->guard && drop_scan(&child->scan, bytes, (size_t)got)) || child->drops;
        explicit_bzero(bytes, (size_t)got); /* no later fork takes it along */
        return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_output(child);
    }
    return false;
}

static void on_output(struct supervisor *s)
{
    read_output(&s->child);
}

/* ---- its life ---- */

static void refused(struct supervisor *s, const struct error *error)
{
    struct child *child = &s->child;
    close_output(child);
    child->ended = child->pid;
    child->pid = 0;
    child->status->since = 0;
    struct text outcome = text_over(s->say.outcome, sizeof s->say.outcome);
    text_printf(&outcome, *error->hint ? "%s (%s)" : "%s", error->message, error->hint);
    TEXT_COPY(s->say.permanent, "it cannot be started");
    supervisor_post(s,
                    (struct boot_event){ .kind = EVENT_CHILD_ENDED, .status = (int)error->status, .permanent = true });
}

static bool open_output(struct supervisor *s, int *write_end, struct error *error)
{
    int ends[2];
    struct child *child = &s->child;
    if (!child->output) {
        child->output = output_new(on_line, s);
    }
    if (!child->output || pipe2(ends, O_CLOEXEC) < 0) {
        return error_set(error, STATUS_RESOURCE, "no pipe for the output of step %s: %s", child->step->name,
                         strerror(errno));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    child->fd = ends[0];
    child->watch = watch_start(child->fd, POLLIN, on_output);
    *write_end = ends[1];
    output_begin(child->output, child->guard ? NULL : &child->step->permanent_errors);
    return true;
}

/* What is known of a step or guard that is about to run. */
static void begin(struct supervisor *s, const struct boot_effect *effect)
{
    struct child *child = &s->child;
    child->guard = effect->kind == EFFECT_SPAWN_GUARD;
    child->step = s->steps[effect->list][effect->index];
    child->status = child_status(s, effect);
    child->status->result = STEP_RUNNING;
    child->status->attempts = effect->attempt;
    if (effect->attempt == 1 && (child->guard || !s->plan.steps[effect->list][effect->index].guarded)) {
        child->status->took = 0; /* of an earlier boot of ours */
    }
    child->status->since = child->began = clock_now();
    child->oom_kills = memory_oom_kills();
    child->scan = (struct drop_scan){ 0 };
    child->drops = child->fresh = false;
    s->say.drops[0] = s->say.permanent[0] = '\0';
}

void child_spawn(struct supervisor *s, const struct boot_effect *effect)
{
    struct child *child = &s->child;
    struct error error = { 0 };
    int write_end = -1;

    close_output(child); /* what an earlier step left running may still have held it */
    begin(s, effect);
    if (!open_output(s, &write_end, &error)) {
        refused(s, &error);
        return;
    }
    struct arena *arena = s->scratch;
    const struct step *step = child->step;
    arena_reset(arena);
    const char *const shell[] = { "/bin/sh", "-c", step->shell, NULL };
    const char *const *argv = child->guard ? step->guard.items : step->argv.count ? step->argv.items : shell;
    bool sql = !child->guard && step->role == STEP_SQL;
    const char **env = environment(s, step, sql ? "pgentry" : argv[0], &error);
    if (!env) {
        close(write_end);
        refused(s, &error);
        return;
    }
    struct apply_entry entry = { .s = s, .step = step, .env = env };
    struct spawn spawn = { .argv = sql ? NULL : argv,
                           .entry = sql ? apply : NULL,
                           .argument = &entry,
                           .envp = env,
                           .path = lookup_step_path(step->cwd, environment_get(env, "PATH"), arena),
                           .cwd = step->cwd,
                           .credentials = &s->credentials,
                           .null_stdin = true,
                           .not_alone = true, /* the lock ends with us, and another takes it */
                           .output = write_end };
    child->pid = spawn_child(&spawn, &child->report, &error);
    close(write_end);
    if (child->pid < 0) {
        child->pid = 0;
        refused(s, &error);
    } else {
        progress_begin(s);
        child_signal(s, 0); /* so that what leaves its group is known by its age later */
    }
}

void child_signal(struct supervisor *s, int signal)
{
    const pid_t group = s->child.pid > 0 ? s->child.pid : s->child.ended;
    const pid_t helpers[] = { s->database.pid, s->database.old, s->http.pid, log_helper_pid() }; /* 0: none */
    if (group > 0) {
        reaper_kill_tree(group, signal, helpers, sizeof helpers / sizeof *helpers);
    }
}

/* The last lines, newest kept, for the report. */
static void keep_last(struct child *child)
{
    const char *lines[OUTPUT_LAST_LINES];
    size_t count = output_last(child->output, lines);
    size_t first = count, used = 0;
    while (first > 0 && used + strlen(lines[first - 1]) + 1 < STATUS_LAST) {
        used += strlen(lines[--first]) + 1;
    }
    struct text text = text_over(child->status->last, sizeof child->status->last);
    for (size_t i = first; i < count; i++) {
        text_printf(&text, "%s%s", i > first ? "\n" : "", lines[i]);
    }
}

void child_note(struct supervisor *s)
{
    if (s->child.pid > 0 && s->child.fresh) {
        s->child.fresh = false;
        keep_last(&s->child);
    }
}

/* The migration that failed: Prisma prints it with P3018, and the ledger has it of an earlier one. NULL: not known. */
static const char *failed_migration(const struct supervisor *s)
{
    static const char label[] = "Migration name: ";
    const char *lines[OUTPUT_LAST_LINES];
    size_t count = output_last(s->child.output, lines);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(lines[i], label, sizeof label - 1) == 0) {
            return lines[i] + sizeof label - 1;
        }
    }
    return s->status.check ? s->status.check->migrations.failed_name : NULL;
}

/* The codes seen, and what those that are known mean. */
static void keep_codes(struct supervisor *s, struct text *outcome)
{
    const char *codes[OUTPUT_CODES];
    size_t count = output_codes(s->child.output, codes);
    struct text kept = text_over(s->child.status->codes, sizeof s->child.status->codes);
    for (size_t i = 0; i < count; i++) {
        const struct known_error *known = known_error_find(codes[i]);
        text_printf(&kept, "%s%s", i ? " " : "", codes[i]);
        text_printf(outcome, "; %s%s%s", codes[i], known ? ": " : "", known ? known->cause : "");
        if (known) {
            text_string(outcome, " (");
            known_error_fix(known, failed_migration(s), outcome);
            text_char(outcome, ')');
        }
    }
}

static void note_end(struct supervisor *s, const struct reaped *reaped)
{
    struct child *child = &s->child;
    struct text outcome = text_over(s->say.outcome, sizeof s->say.outcome);
    duration took = clock_now() - child->began;

    describe_status(s->say.outcome, sizeof s->say.outcome, reaped, child->oom_kills);
    outcome.length = strlen(s->say.outcome);
    keep_last(child);
    keep_codes(s, &outcome);
    child->status->took += took;
    child->status->since = 0;
    duration_human(took, s->say.took);
}

void child_reaped(struct supervisor *s, const struct reaped *reaped)
{
    struct child *child = &s->child;
    struct error error = { 0 };
    if (spawn_refused(&child->report, &error)) {
        progress_end(s);
        refused(s, &error);
        return;
    }
    for (int reads = 0; child->fd >= 0 && reads < LAST_READS && read_output(child); reads++) {
    }
    output_end(child->output);
    child->drops = (child->guard && drop_scan(&child->scan, "\n", 1)) || child->drops;
    child->ended = child->pid;
    child->pid = 0;
    note_end(s, reaped);
    progress_end(s);

    const char *permanent = child->guard ? NULL : output_permanent(child->output);
    TEXT_COPY(s->say.permanent, permanent);
    supervisor_post(s, (struct boot_event){ .kind = EVENT_CHILD_ENDED,
                                            .status = shell_status(reaped->status),
                                            .permanent = permanent != NULL,
                                            .additive = !child->drops });
}
