/* The log's sentences: those of the machine's table, with their {placeholders} filled in. What is filled in is also a
 * field of the JSON event. */
#include "base/signal_name.h"
#include "base/text.h"
#include "runtime/supervisor.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 8
#define SENTENCE 8192

typedef void placeholder(struct text *text, const struct supervisor *s, const struct boot_effect *effect);

static const struct step *step_of(const struct supervisor *s, const struct boot_effect *effect)
{
    return effect->index < s->plan.step_count[effect->list] ? s->steps[effect->list][effect->index] : NULL;
}

static void human(struct text *text, duration value)
{
    char buffer[DURATION_TEXT];
    text_string(text, duration_human(value, buffer));
}

/* Most look at one of the two only. */
#define PLACEHOLDER(name)                                                                         \
    static void put_##name(struct text *text, __attribute__((unused)) const struct supervisor *s, \
                           __attribute__((unused)) const struct boot_effect *effect)
#define PLACEHOLDER_TEXT(name)          \
    PLACEHOLDER(name)                   \
    {                                   \
        text_string(text, s->say.name); \
    }
#define PLACEHOLDER_DURATION(name, value) \
    PLACEHOLDER(name)                     \
    {                                     \
        human(text, value);               \
    }

PLACEHOLDER_TEXT(host)
PLACEHOLDER_TEXT(server)
PLACEHOLDER_TEXT(holder)
PLACEHOLDER_TEXT(sessions)
PLACEHOLDER_TEXT(outcome)
PLACEHOLDER_TEXT(permanent)
PLACEHOLDER_TEXT(drops)
PLACEHOLDER_TEXT(app)
PLACEHOLDER_TEXT(took)
PLACEHOLDER_DURATION(waited, boot_waited(&s->boot))
PLACEHOLDER_DURATION(lock_waited, boot_lock_waited(&s->boot))
PLACEHOLDER_DURATION(delay, s->boot.delay)
PLACEHOLDER_DURATION(timeout, s->plan.wait_timeout)
PLACEHOLDER_DURATION(lock_timeout, s->plan.lock_timeout)
PLACEHOLDER_DURATION(stop_timeout, s->plan.stop_timeout)

PLACEHOLDER(error)
{
    text_string(text, s->say.error[0] ? s->say.error : "it has not answered yet");
    if (s->say.hint[0]) {
        text_printf(text, " (%s)", s->say.hint);
    }
}

/* What the last error is about. */
PLACEHOLDER(awaited)
{
    text_string(text, s->say.also ? "what wait.also names" : "PostgreSQL");
}

PLACEHOLDER(step)
{
    const struct step *step = step_of(s, effect);
    text_string(text, step ? step->name : "?");
}

PLACEHOLDER(step_timeout)
{
    const struct step *step = step_of(s, effect);
    human(text, step ? step->timeout : 0);
}

PLACEHOLDER(attempt)
{
    text_printf(text, "%u", effect->attempt);
}

PLACEHOLDER(attempts)
{
    const struct step *step = step_of(s, effect);
    text_printf(text, "%u", step ? step->attempts : 0);
}

PLACEHOLDER(signal)
{
    text_string(text, signal_name(s->say.signal));
}

PLACEHOLDER(sent)
{
    text_string(text, signal_name(boot_signal_for_app(&s->plan, s->say.signal)));
}

PLACEHOLDER(status)
{
    text_printf(text, "%d", s->boot.status);
}

/* Of a person who named a step. */
static const char *unforced(const struct supervisor *s)
{
    return s->request->only || s->request->from ? ", and --force was not given" : "";
}

static void put_pending(struct text *text, const struct supervisor *s)
{
    const struct migrations_state *migrations = &s->status.check->migrations;
    if (migrations->proven) {
        text_printf(text, "nothing is pending (%u migration%s applied) and the schema is healthy%s", migrations->local,
                    migrations->local == 1 ? "" : "s", unforced(s));
    } else if (migrations->failed) {
        text_printf(text, "%u migration%s failed earlier", migrations->failed, migrations->failed == 1 ? "" : "s");
    } else if (migrations->pending.count) {
        text_printf(text, "%u migration%s pending", migrations->pending.count,
                    migrations->pending.count == 1 ? " is" : "s are");
    } else {
        text_string(text, "the history does not prove that nothing is pending");
    }
}

/* Why something must run, or nothing. */
PLACEHOLDER(why)
{
    if (s->plan.step_count[LIST_STEPS] == 0) {
        text_string(text, "no step is configured");
    } else if (s->plan.force) {
        text_string(text, "forced");
    } else if (s->plan.when == BOOT_ALWAYS) {
        text_string(text, "migrate.when is always");
    } else if (!s->status.check->healthy) {
        text_string(text, "the schema is not healthy");
    } else if (s->plan.when == BOOT_UNVERIFIED) {
        text_printf(text, "the schema is healthy%s", unforced(s));
    } else if (!s->plan.history) {
        text_string(text, "no history tells whether a migration is pending");
    } else {
        put_pending(text, s);
    }
}

static const struct {
    const char *name;
    placeholder *put;
    bool number; /* in JSON */
} placeholders[] = {
    { "app", put_app, false },
    { "attempt", put_attempt, true },
    { "attempts", put_attempts, true },
    { "awaited", put_awaited, false },
    { "delay", put_delay, false },
    { "drops", put_drops, false },
    { "error", put_error, false },
    { "holder", put_holder, false },
    { "host", put_host, false },
    { "lock_timeout", put_lock_timeout, false },
    { "lock_waited", put_lock_waited, false },
    { "outcome", put_outcome, false },
    { "permanent", put_permanent, false },
    { "sent", put_sent, false },
    { "server", put_server, false },
    { "sessions", put_sessions, false },
    { "signal", put_signal, false },
    { "status", put_status, true },
    { "step", put_step, false },
    { "step_timeout", put_step_timeout, false },
    { "stop_timeout", put_stop_timeout, false },
    { "timeout", put_timeout, false },
    { "took", put_took, false },
    { "waited", put_waited, false },
    { "why", put_why, false },
};

/* Where `{name}` at `at` leads in the table of placeholders, or -1. */
static int find(const char *at, size_t length)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        if (strncmp(placeholders[i].name, at, length) == 0 && placeholders[i].name[length] == '\0') {
            return (int)i;
        }
    }
    return -1;
}

bool narrate_fills(const char *name, size_t length)
{
    return find(name, length) >= 0;
}

/* A template with its placeholders filled in. Each is also one of the fields, whose strings stand in `value`. */
static void fill_in(struct text *text, const char *template, const struct supervisor *s,
                    const struct boot_effect *effect, struct text *value, struct log_field fields[FIELDS + 1])
{
    size_t count = 0;
    for (const char *at = template; *at;) {
        size_t length = strcspn(at, *at == '{' ? "}" : "{");
        int which = *at == '{' ? find(at + 1, length - 1) : -1;
        if (which < 0) {
            text_bytes(text, at, length);
            at += length;
            continue;
        }
        size_t begin = value->length;
        placeholders[which].put(value, s, effect);
        text_bytes(text, value->data + begin, value->length - begin);
        if (count < FIELDS) {
            bool number = placeholders[which].number;
            fields[count++] = (struct log_field){ .name = placeholders[which].name,
                                                  .string = number ? NULL : value->data + begin,
                                                  .number = number ? strtoll(value->data + begin, NULL, 10) : 0 };
        }
        text_char(value, '\0');
        at += length + 1;
    }
}

void narrate_line(enum log_level level, const char *step, const char *line)
{
    const struct log_field fields[] = { { .name = "step", .string = step }, { .name = "line", .string = line }, { 0 } };
    log_event(level, "output", fields, "%s | %s", step, line);
}

/* Of a step that did not do its work the last lines are in the log whatever its level. */
static void narrate_last(const struct status_step *step)
{
    char last[STATUS_LAST], *rest = NULL;
    bool good = step->result == STEP_OK || step->result == STEP_LATE || step->result == STEP_NOT_RUN;
    if (good || log_enabled(LOG_INFO)) {
        return;
    }
    memcpy(last, step->last, sizeof last);
    for (const char *line = strtok_r(last, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        narrate_line(LOG_ERROR, step->name, line);
    }
}

/* What has become of the step, and why. */
static void note_result(struct supervisor *s, const struct boot_effect *effect)
{
    static char values[SENTENCE]; /* see log_event() */
    struct log_field fields[FIELDS + 1] = { 0 };
    struct status_step *step = child_status(s, effect);
    struct text outcome = text_over(step->outcome, sizeof step->outcome);
    struct text value = text_over(values, sizeof values);

    step->result = effect->row->result;
    fill_in(&outcome, effect->row->because, s, effect, &value, fields);
    narrate_last(step);
}

void narrate(struct supervisor *s, const struct boot_effect *effect)
{
    static char sentence[SENTENCE], values[SENTENCE]; /* see log_event() */
    struct text text = text_over(sentence, sizeof sentence), value = text_over(values, sizeof values);
    struct log_field fields[FIELDS + 1] = { 0 };

    fill_in(&text, effect->row->sentence, s, effect, &value, fields);
    log_phase(phase_word(effect->phase));
    if (effect->row->because) {
        note_result(s, effect);
    }
    if (effect->row->level == LOG_ERROR && strcmp(effect->row->word, "held") != 0) { /* that is told by the phase */
        TEXT_COPY(s->status.reason, sentence);
    }
    log_event(effect->row->level, effect->row->word, fields, "%s", sentence);
}
