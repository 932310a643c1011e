/* The status of this boot: what the endpoint, the report and the summary tell. PID 1 writes it down as things happen;
 * fixed size, no allocation. Texts are masked before they come in. */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "base/arena.h"
#include "base/duration.h"
#include "base/phase.h"
#include "base/step_result.h"
#include "config/check.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATUS_SPELLS 64 /* of the timeline; where there are more, the shortest is counted to the one before it */
#define STATUS_LAST 2048 /* bytes of a step's last lines */
#define STATUS_TEXT 512
#define STATUS_REASON 2048 /* several errors of the configuration */

struct status_spell {
    enum phase phase;
    int64_t begin_us; /* since the boot began */
    int64_t end_us;   /* -1: it lasts */
};

/* In microseconds; `now` since the boot began as well. */
static inline int64_t status_spell_took(const struct status_spell *spell, int64_t now)
{
    return (spell->end_us < 0 ? now : spell->end_us) - spell->begin_us;
}

/* The lists of steps, as the report names them. */
#define STATUS_LIST_BEFORE "before"
#define STATUS_LIST_STEPS "steps"
#define STATUS_LIST_AFTER "after"

struct status_step {
    const char *list; /* STATUS_LIST_BEFORE, STATUS_LIST_STEPS or STATUS_LIST_AFTER */
    const char *name;
    enum step_result result;
    unsigned attempts;
    duration took;             /* of all attempts that ended */
    instant since;             /* one runs since then; 0: none */
    char outcome[STATUS_TEXT]; /* why: "exit status 1; P3009: …" */
    char codes[128];           /* known error codes seen, blank-separated */
    char last[STATUS_LAST];    /* its last lines, newline-separated */
};

/* How long its attempts took, the one that runs included. */
duration status_step_took(const struct status_step *step);

/* Counted over this boot, for /metrics: name, help. */
#define STATUS_COUNTER_TABLE(X)                                                                                       \
    X(COUNTER_LOOKS, "pgentry_schema_checks_total", "Looks at the schema.")                                           \
    X(COUNTER_LOOKS_FAILED, "pgentry_schema_checks_failed_total", "Looks that failed or found the schema unhealthy.") \
    X(COUNTER_ORPHANS, "pgentry_orphans_reaped_total", "Orphaned processes reaped for the container.")                \
    X(COUNTER_RESTARTS, "pgentry_helper_restarts_total", "Deaths of the http process.")                               \
    X(COUNTER_DROPPED, "pgentry_log_lines_dropped_total", "Log lines that a slow or dead reader did not take.")

enum status_counter {
#define X(name, metric, help) name,
    STATUS_COUNTER_TABLE(X)
#undef X
        STATUS_COUNTERS
};

struct status {
    const char *version;
    enum phase phase;
    int64_t began_us;
    char began[TIMESTAMP_TEXT];
    struct status_spell spells[STATUS_SPELLS];
    size_t spell_count;

    bool connected;
    const struct check *check;    /* the last look, or NULL before the first; owned by the caller */
    const struct check *expected; /* before the first: the tables that it will be about, as far as they are known */
    char checked_at[TIMESTAMP_TEXT];
    char host[STATUS_TEXT];
    char error[STATUS_TEXT]; /* the last failure to connect or to look; empty if all is well */
    const char *schema;      /* verify.schema */

    struct status_step *steps; /* those that are configured */
    size_t step_count;

    const char *preset;
    bool awaits; /* no step runs here, and verify.timeout gives another container time to bring the schema up */
    bool ready;  /* phase running and healthy, health.failures considered */
    int64_t counters[STATUS_COUNTERS];
    duration waited, lock_waited; /* in this boot: for PostgreSQL, for the migration lock */
    int64_t looked_us;            /* all looks at the schema took so long */
    int exit_status;              /* of pgentry; -1: it goes on */
    int failed_with;              /* while held: the status that it would have ended with; else 0 */
    char reason[STATUS_REASON];   /* why it failed, or empty */
};

/* The steps live in the arena. */
void status_init(struct status *status, const struct config *config, struct arena *arena);
/* Of a boot that is refused before anything is known of it. */
void status_init_refused(struct status *status);
/* Takes down that the phase is `phase` from now on. */
void status_phase(struct status *status, enum phase phase);

/* "healthy", "degraded" or "unhealthy" (contract section 5). */
const char *status_word(const struct status *status);
/* The same of a look, whatever became of the connection since. */
const char *status_word_of(const struct check *check);

/* The last look; before the first what it will be about: tables of which none is known to be there. */
static inline const struct check *status_tables(const struct status *status)
{
    return status->check ? status->check : status->expected;
}

/* Tables that are there with all that is asked of them. */
size_t status_healthy_tables(const struct check *check);
size_t status_missing_tables(const struct check *check);

/* The health document and the boot report as JSON text, from malloc; NULL if memory runs out. */
char *status_health_json(const struct status *status);
char *status_report_json(const struct status *status);

/* Writes the report to `path`: a file is replaced by what is written (created 0644), a link followed if it is ours or
 * root's (else ELOOP). Bounded by `most` bytes (0: no bound; some thousands at least): valid JSON all the same, which
 * counts in "leftOut" what it goes without. False with errno. */
bool status_write_report(const struct status *status, const char *path, size_t most);

#endif
