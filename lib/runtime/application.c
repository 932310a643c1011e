/* The application: started once, signalled, its status passed on. */
#include "base/mask.h"
#include "base/pages.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "config/secret.h"
#include "process/memory.h"
#include "process/signals.h"
#include "process/spawn.h"
#include "process/terminal.h"
#include "runtime/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void name_app(struct supervisor *s)
{
    struct text text = text_over(s->say.app, sizeof s->say.app);
    for (const char *const *word = s->request->app; *word && !text.cut; word++) {
        /* foreign text: it may hold anything, and what is cut is not known any more */
        const char *shown = mask_copy(s->scratch, secret_hide(*word, s->scratch));
        text_printf(&text, "%s%s", word == s->request->app ? "" : " ", shown);
    }
}

/* Returns only on failure. */
static void become(struct supervisor *s, const struct spawn *spawn, struct error *error)
{
    log_event(LOG_INFO, "started", NULL, "becoming the application: %s", s->say.app);
    end_helpers(s);
    log_drain(LAST_WORDS);
    int stop = signals_waiting(boot_is_stop);
    if (stop) { /* it came in the meantime, and the exec would lose it */
        error_set(error, (enum exit_status)(STATUS_SIGNAL + stop), "%s received: stopped before the application ran",
                  signal_name(stop));
    } else {
        spawn_become(spawn, error);
    }
    log_open(s->config->log.format, s->config->log.level);
}

static void refuse(struct supervisor *s, const struct error *error)
{
    s->app = 0;
    TEXT_COPY(s->say.error, error->message);
    TEXT_COPY(s->say.hint, error->hint);
    supervisor_post(s, (struct boot_event){ .kind = EVENT_APP_REFUSED, .status = (int)error->status });
}

static void started(struct supervisor *s)
{
    s->rest_at = clock_now() + PAGES_REST_AFTER;
    supervisor_post(s, (struct boot_event){ .kind = EVENT_APP_STARTED });
}

/* Reads how its exec went. True if it was refused, which is told then. */
static bool refused(struct supervisor *s)
{
    struct error error = { 0 };
    pid_t pid = s->app;
    watch_stop(s->app_watch);
    if (!spawn_refused(&s->app_report, &error)) {
        return false;
    }
    terminal_reclaim(pid);
    refuse(s, &error);
    return true;
}

void app_look_started(struct supervisor *s)
{
    struct pollfd report = { .fd = s->app_report, .events = POLLIN };
    pid_t pid = s->app;
    if (s->app_report < 0 || poll(&report, 1, 0) <= 0) {
        return;
    }
    if (refused(s)) {
        reaper_kill(pid, SIGKILL); /* it has nothing more to do, and may have been stopped before its end */
    } else if (spawn_executed(pid)) {
        started(s);
    }
}

void app_start(struct supervisor *s)
{
    const struct config *config = s->config;
    const struct variables files = { config->file_variables, config->file_variable_count };
    const char **env = NULL;
    struct error error = { 0 };
    arena_reset(s->scratch);
    if (config->app.file_env && !(env = environment_with(s, &files, 1, s->request->app[0], &error))) {
        refuse(s, &error);
        return;
    }
    struct spawn spawn = {
        .argv = s->request->app, .envp = env, .credentials = &s->credentials, .foreground = true, .output = -1
    };
    name_app(s);
    if (s->plan.exec) {
        become(s, &spawn, &error);
        refuse(s, &error);
        return;
    }
    s->app_oom_kills = memory_oom_kills();
    s->app = spawn_child(&spawn, &s->app_report, &error);
    if (s->app < 0) {
        refuse(s, &error);
    } else {
        s->app_watch = watch_start(s->app_report, POLLIN, app_look_started);
    }
}

void app_signal(struct supervisor *s, int signal)
{
    if (s->app > 0) {
        s->app_shot = s->app_report >= 0;
        if (signal == SIGCONT) {
            terminal_lend(s->app);
        }
        if (reaper_kill(s->config->app.kill_group ? -s->app : s->app, signal) < 0 && errno == EPERM) {
            log_event(LOG_WARN, "signal-refused", NULL, "%s may not be sent to the application: %s",
                      signal_name(signal), strerror(errno));
        }
    }
}

void app_look_stopped(const struct supervisor *s)
{
    if (s->app > 0 && !s->init && reaper_stopped(s->app) && terminal_should_suspend()) {
        terminal_suspend(s->app);
    }
}

/* Its end may be seen before its report, which then does not tell a program from a process that was killed before. */
void app_reaped(struct supervisor *s, const struct reaped *reaped)
{
    if (s->app_report >= 0) {
        if (refused(s)) {
            return;
        }
        if (!s->app_shot || !WIFSIGNALED(reaped->status)) {
            started(s);
        }
    }
    s->app = 0;
    terminal_reclaim(reaped->pid);
    describe_status(s->say.outcome, sizeof s->say.outcome, reaped, s->app_oom_kills);
    supervisor_post(s, (struct boot_event){ .kind = EVENT_APP_ENDED, .status = shell_status(reaped->status) });
}
