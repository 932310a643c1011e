#include "runtime/supervisor.h"

#include <string.h>

_Static_assert(BOOT_EFFECTS - BOOT_EFFECTS_KEPT > STEPS_MAX, "of each step can be told what became of it in one go");

static bool selected(const struct runtime_request *request, const struct step *step, bool *from_seen)
{
    if (request->only) {
        return strcmp(step->name, request->only) == 0;
    }
    *from_seen = *from_seen || !request->from || strcmp(step->name, request->from) == 0;
    return *from_seen;
}

static void add_list(struct supervisor *s, enum boot_list list, const struct steps *configured, bool select)
{
    struct boot_step *steps = arena_array(s->arena, configured->count, sizeof *steps);
    s->steps[list] = arena_array(s->arena, configured->count, sizeof *s->steps[list]);
    unsigned count = 0;
    bool from_seen = false;

    for (size_t i = 0; i < configured->count; i++) {
        const struct step *step = &configured->items[i];
        if (select && !selected(s->request, step, &from_seen)) {
            continue;
        }
        s->steps[list][count] = step;
        steps[count++] = (struct boot_step){
            .attempts = step->attempts,
            .delay = step->delay,
            .timeout = step->timeout,
            .guarded = step->role == STEP_DB_PUSH && !step->allow_data_loss,
            .own_history = step->role == STEP_HISTORY,
            .alters = step->role == STEP_DB_PUSH || step->role == STEP_SQL,
        };
    }
    s->plan.steps[list] = steps;
    s->plan.step_count[list] = count;
}

static bool known_step(const struct config *config, const char *name, struct arena *arena, struct error *error)
{
    struct strings names = { 0 };
    for (size_t i = 0; i < config->migrate.steps.count; i++) {
        if (strcmp(config->migrate.steps.items[i].name, name) == 0) {
            return true;
        }
        strings_add(arena, &names, config->migrate.steps.items[i].name);
    }
    const char *near = strings_nearest(name, names.items, names.count);
    return near ? error_set(error, STATUS_USAGE, "no step of migrate.steps is named '%s', did you mean '%s'?", name,
                            near)
                : error_set(error, STATUS_USAGE, "no step of migrate.steps is named '%s'%s%s", name,
                            names.count ? "; there are: " : "", strings_listed(arena, &names));
}

bool supervisor_plan(struct supervisor *s, struct error *error)
{
    static const enum boot_when whens[] = {
        [WHEN_PENDING] = BOOT_PENDING, [WHEN_UNVERIFIED] = BOOT_UNVERIFIED, [WHEN_ALWAYS] = BOOT_ALWAYS
    };
    const struct runtime_request *request = s->request;
    const struct config *config = s->config;
    const char *named = request->only ? request->only : request->from;
    bool steps_matter = request->goal == GOAL_RUN || request->goal == GOAL_SYNC;
    static const struct steps none;

    if (named && !known_step(config, named, s->arena, error)) {
        return false;
    }
    s->plan = (struct boot_plan){
        .goal = request->goal,
        .when = whens[config->migrate.when],
        .force = request->force,
        .history = config->migrate.history != HISTORY_NONE,
        .lock = config->migrate.lock,
        .direct = config->database.direct_url != NULL,
        .finish = config->migrate.stop == STOP_FINISH,
        .exec = config->app.mode == APP_EXEC,
        .placeholder = config->health.placeholder.count > 0,
        .hold = config->on_failure == FAILURE_HOLD,
        .wait_timeout = config->wait.timeout,
        .connect_timeout = config->wait.connect_timeout,
        .probe_interval = config->wait.probe_interval,
        .initial_delay = config->wait.initial_delay,
        .max_delay = config->wait.max_delay,
        .permanent_grace = config->wait.permanent_grace,
        .multiplier = config->wait.multiplier,
        .lock_timeout = config->migrate.lock_timeout,
        .verify_timeout = config->verify.timeout,
        .interval = config->verify.interval,
        .stop_timeout = config->app.stop_timeout,
        .stop_signal = config->app.stop_signal,
        .ok_exit = config->app.ok_exit,
    };
    add_list(s, LIST_BEFORE, steps_matter ? &config->migrate.before : &none, false);
    add_list(s, LIST_STEPS, steps_matter ? &config->migrate.steps : &none, true);
    add_list(s, LIST_AFTER, steps_matter ? &config->migrate.after : &none, false);
    return true;
}
