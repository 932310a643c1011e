/* What is noted while the boot goes on and the application runs. */
#include "runtime/supervisor.h"

static bool runs(const struct supervisor *s)
{
    return boot_phase(&s->boot) == PHASE_RUNNING;
}

void note_status(struct supervisor *s)
{
    struct status *status = &s->status;
    status->ready = runs(s) && s->boot.failed_looks < s->config->health.failures;
    status->exit_status = s->boot.state == STATE_ENDED ? s->boot.status : -1;
    status->failed_with = boot_phase(&s->boot) == PHASE_HELD ? s->boot.status : 0;
    status->waited = boot_waited(&s->boot);
    status->lock_waited = boot_lock_waited(&s->boot);
    status->counters[COUNTER_DROPPED] = (int64_t)log_dropped();
    child_note(s);
}

/* Before the application runs every failure has a sentence of the machine's, but that the database is back none. */
void log_connection(struct supervisor *s)
{
    bool watched = runs(s) || boot_phase(&s->boot) == PHASE_HELD;
    uint32_t lost = watched && !s->status.connected ? fingerprint(s->status.error) : 0;

    if (lost == s->lost) {
        return;
    }
    s->lost = lost;
    if (lost && runs(s)) {
        const struct log_field fields[] = { { .name = "error", .string = s->status.error }, { 0 } };
        log_event(LOG_ERROR, "database-lost", fields, "the database is not reachable: %s", s->status.error);
    } else if (!lost && watched) {
        log_event(LOG_INFO, "database-found", NULL, "the database is reachable again");
    }
}
