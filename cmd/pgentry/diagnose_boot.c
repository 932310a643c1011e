/* What this container's supervisor says of its boot, where one runs: held after a failure it has the reason. */
#include "base/phase.h"
#include "base/step_result.h"
#include "diagnosis.h"
#include "status/ask.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE ((duration)2000) /* an address; where nobody listens that is known at once */

/* Ways out of a failed boot by the status that it failed with; the last one fits any. */
static const struct {
    int status;
    const char *fix;
} ways[] = {
    { STATUS_SCHEMA, "# mend the schema: the application starts by itself once it verifies; a changed configuration is "
                     "read when the container starts again, a mended schema.prisma or migration by\nkill -HUP 1" },
    { STATUS_STEPS, "# mend what the step complains of, then let the steps run again (without that the application "
                    "starts once the schema verifies and the history proves nothing pending):\nkill -HUP 1" },
    { 0, "# mend the cause: the boot begins anew by itself once queries work, or at once by\nkill -HUP 1" },
};

static const char *fix_for(int status)
{
    size_t i = 0;

    while (ways[i].status && ways[i].status != status) {
        i++;
    }
    return ways[i].fix;
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

static bool went_wrong(const char *result)
{
    bool wrong = false;

    for (int i = 0; i < STEP_RESULT_COUNT; i++) {
        wrong |= step_went_wrong((enum step_result)i) && strcmp(result, step_result_word((enum step_result)i)) == 0;
    }
    return wrong;
}

/* The last line that speaks of an error, for a backtrace may stand behind it; else the last one. */
static const char *telling_line(const json_t *lines)
{
    const char *last = "", *telling = NULL;
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        const char *text = json_string_value(line);

        last = text && text[strspn(text, " \t")] ? text : last;
        telling = text && strcasestr(text, "error") && *text != ' ' ? text : telling;
    }
    return telling ? telling : last;
}

/* "…\nstep NAME failed: exit status 1; …\nits last line: …" for each that went wrong; *first: the first one's name. */
static const char *tell_steps(const json_t *steps, const char **first, struct arena *arena)
{
    const char *told = "";
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        const char *result = string_of(step, "result"), *name = string_of(step, "name");
        const char *outcome = string_of(step, "outcome"), *line = telling_line(json_object_get(step, "lastLines"));

        if (!went_wrong(result)) {
            continue;
        }
        told = arena_printf(arena, "%s\nstep %s %s%s%s%s%s", told, name, result, *outcome ? ": " : "", outcome,
                            *line ? "\nits last words: " : "", line);
        *first = *first ? *first : arena_strdup(arena, name);
    }
    return told;
}

static void tell_boot(const json_t *report, struct findings *findings)
{
    const char *phase = string_of(report, "phase"), *reason = string_of(report, "reason"), *step = NULL;
    int status = (int)json_integer_value(json_object_get(report, "failedWith"));

    if (strcmp(phase, phase_word(PHASE_HELD)) != 0) {
        return;
    }

    const char *steps = tell_steps(json_object_get(report, "steps"), &step, findings->arena);

    finding_add(findings, FINDING_BOOT_FAILED, step ? step : phase,
                arena_printf(findings->arena, "it would have ended with status %d, and is held: %s%s", status,
                             *reason ? reason : "no reason is known", steps),
                fix_for(status));
}

void diagnose_boot(const struct config *config, struct diagnosis *diagnosis)
{
    struct answer answer;
    struct error error;

    diagnosis->unseen[SECTION_BOOT] = !ask_own(config, "/status.json", PATIENCE, &answer, &error);
    if (diagnosis->unseen[SECTION_BOOT]) {
        return;
    }

    json_t *report = json_loads(answer.body, 0, NULL);

    diagnosis->unseen[SECTION_BOOT] = !report; /* without the token */
    tell_boot(report, diagnosis->findings);
    json_decref(report);
    free(answer.body);
}
