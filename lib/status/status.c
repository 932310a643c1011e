#include "status/status.h"

#include "config/wanted.h"

#include <string.h>

duration status_step_took(const struct status_step *step)
{
    return step->took + (step->since ? clock_now() - step->since : 0);
}

static void add_steps(struct status *status, const struct steps *steps, const char *list)
{
    for (size_t i = 0; i < steps->count; i++) {
        struct status_step *step = &status->steps[status->step_count++];
        step->list = list;
        step->name = steps->items[i].name;
    }
}

/* What the project's own files add is read in the database process. */
static const struct check *expected(const struct config *config, struct arena *arena)
{
    struct check *tables = arena_alloc(arena, sizeof *tables);
    struct wanted wanted;

    *tables = (struct check){ .healthy = false };
    wanted_from_config(&wanted, config, arena);
    wanted_tables(&wanted, tables, arena);
    return tables;
}

void status_init_refused(struct status *status)
{
    memset(status, 0, sizeof *status);
    status->version = PGENTRY_VERSION;
    status->began_us = clock_now_us();
    timestamp_now(status->began);
    status->exit_status = -1;
}

void status_init(struct status *status, const struct config *config, struct arena *arena)
{
    size_t steps = config->migrate.before.count + config->migrate.steps.count + config->migrate.after.count;
    status_init_refused(status);
    status->schema = config->verify.schema;
    status->preset = config->migrate.preset;
    status->awaits = config->verify.timeout && config->migrate.steps.count == 0;
    status->steps = arena_array(arena, steps, sizeof *status->steps);
    add_steps(status, &config->migrate.before, STATUS_LIST_BEFORE);
    add_steps(status, &config->migrate.steps, STATUS_LIST_STEPS);
    add_steps(status, &config->migrate.after, STATUS_LIST_AFTER);
    status->expected = expected(config, arena);
}

static void drop_spell(struct status *status, size_t at)
{
    struct status_spell *spells = status->spells;

    spells[at - 1].end_us = spells[at].end_us;
    memmove(&spells[at], &spells[at + 1], (--status->spell_count - at) * sizeof *spells);
}

/* Room for one more. What is then beside its like becomes one with it. */
static void drop_shortest_spell(struct status *status)
{
    const struct status_spell *spells = status->spells;
    size_t least = 1;

    for (size_t i = 2; i < status->spell_count; i++) {
        if (spells[i].end_us - spells[i].begin_us < spells[least].end_us - spells[least].begin_us) {
            least = i;
        }
    }
    drop_spell(status, least);
    if (least < status->spell_count && spells[least].phase == spells[least - 1].phase) {
        drop_spell(status, least);
    }
}

void status_phase(struct status *status, enum phase phase)
{
    int64_t now = clock_now_us() - status->began_us;
    if (status->spell_count && status->phase == phase) {
        return;
    }
    status->phase = phase;
    if (phase == PHASE_STARTING) { /* what failed on the way to a good boot is told by its steps */
        status->reason[0] = '\0';
    }
    if (status->spell_count) {
        status->spells[status->spell_count - 1].end_us = now;
    }
    if (status->spell_count == STATUS_SPELLS) {
        drop_shortest_spell(status);
        if (status->spells[status->spell_count - 1].phase == phase) { /* what ended just now was the shortest */
            status->spells[status->spell_count - 1].end_us = -1;
            return;
        }
    }
    status->spells[status->spell_count++] = (struct status_spell){ .phase = phase, .begin_us = now, .end_us = -1 };
}

size_t status_healthy_tables(const struct check *check)
{
    size_t count = 0;
    for (size_t i = 0; i < check->table_count; i++) {
        count += check->tables[i].healthy;
    }
    return count;
}

size_t status_missing_tables(const struct check *check)
{
    size_t count = 0;
    for (size_t i = 0; i < check->table_count; i++) {
        count += !check->tables[i].exists;
    }
    return count;
}

const char *status_word_of(const struct check *check)
{
    if (check->healthy) {
        return "healthy";
    }
    return check->table_count && status_missing_tables(check) == check->table_count ? "unhealthy" : "degraded";
}

const char *status_word(const struct status *status)
{
    return status->connected && status->check ? status_word_of(status->check) : "unhealthy";
}
