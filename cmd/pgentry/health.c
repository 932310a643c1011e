/* health: for HEALTHCHECK, so that no curl is in the image. */
#include "base/text.h"
#include "command.h"
#include "status/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ONE_QUESTION ((duration)3000)
#define ASK_AGAIN ((duration)200)

#define HEALTHY 0
#define UNHEALTHY 1 /* Docker's HEALTHCHECK knows only 0 and 1 */

static int ask_once(const struct command_line *line, const struct config *config, duration timeout, bool last)
{
    struct answer answer;
    struct error error = { 0 };
    const char *address = config->health.listen.items[0];

    if (!ask(address, line->live ? "/health/live" : "/health/ready", config->health.token, timeout, &answer, &error)) {
        if (last) {
            fprintf(stderr, "pgentry: %s\n", error.message);
        }
        return UNHEALTHY;
    }
    int status = answer.status == 200 && answer.ours ? HEALTHY : UNHEALTHY;
    if (!answer.ours && (last || status == HEALTHY)) {
        fprintf(stderr, "pgentry: what answers on %s is not this container's supervisor\n", address);
    } else if (answer.ours && (last || status == HEALTHY)) {
        if (line->json) {
            puts(answer.body);
        } else if (status != HEALTHY) {
            fprintf(stderr, "pgentry: not %s (HTTP status %d)\n", line->live ? "alive" : "ready", answer.status);
        }
    }
    free(answer.body);
    return status;
}

int command_health(const struct command_line *line)
{
    duration patience = 0;
    if (line->wait && !duration_parse(line->wait, &patience)) {
        return usage_error("--wait %s is no duration: write 30s or 2m", line->wait);
    }
    const struct config *config = command_config(line, false);
    if (!config) {
        return UNHEALTHY;
    }
    if (config->health.listen.count == 0) {
        fputs("pgentry: health.listen is off: there is nobody to ask\n", stderr);
        return UNHEALTHY;
    }
    for (instant until = clock_now() + patience;;) {
        duration rest = until - clock_now();
        bool last = rest <= ASK_AGAIN;
        int status = ask_once(line, config, line->wait && rest < ONE_QUESTION && rest > 0 ? rest : ONE_QUESTION, last);
        if (status == HEALTHY || last) {
            return status;
        }
        nanosleep(&(struct timespec){ .tv_nsec = ASK_AGAIN * 1000000 }, NULL);
    }
}
