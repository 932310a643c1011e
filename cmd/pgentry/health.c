/* health: for HEALTHCHECK, so that no curl is in the image. */
#include "command.h"
#include "status/ask.h"
#include "status/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ONE_QUESTION ((duration)3000)
#define ASK_AGAIN ((duration)200)

static int ask_once(const struct command_line *line, const struct config *config, duration timeout, bool last)
{
    struct answer answer;
    struct error error = { 0 };
    if (!ask_own(config, line->given & OPTION_LIVE ? HTTP_LIVE : "/health/ready", timeout, &answer, &error)) {
        if (last) {
            fprintf(
                stderr,
                "pgentry: %s (health needs the -c and --set of run, if that has any; in app.mode exec nobody answers "
                "once the application runs)\n",
                error.message);
        }
        return STATUS_FAILED;
    }
    int status = answer.status == 200 ? STATUS_OK : STATUS_FAILED; /* Docker knows only 0 and 1 */
    if (line->given & OPTION_JSON && (last || status == STATUS_OK)) {
        puts(answer.body);
    } else if (status != STATUS_OK && last) {
        fprintf(stderr, "pgentry: not %s (HTTP status %d)%s\n", line->given & OPTION_LIVE ? "alive" : "ready",
                answer.status, answer.status == 401 ? ": health.token is not that of run" : "");
    }
    free(answer.body);
    return status;
}

int command_health(const struct command_line *line)
{
    duration patience = 0;
    if (line->wait && !duration_parse(line->wait, &patience)) {
        return usage_error("--wait %s is no duration: write 30s or 2m", word_shown(line->wait));
    }
    const struct config *config = command_config_health(line);
    if (!config) {
        return STATUS_FAILED;
    }
    if (config->health.listen.count == 0) {
        fputs("pgentry: health.listen is off: there is nobody to ask\n", stderr);
        return STATUS_FAILED;
    }
    for (instant until = clock_now() + patience;;) {
        duration rest = until - clock_now();
        bool last = rest <= ASK_AGAIN;
        int status = ask_once(line, config, line->wait && rest < ONE_QUESTION && rest > 0 ? rest : ONE_QUESTION, last);
        if (status == STATUS_OK || last) {
            return status;
        }
        nanosleep(&(struct timespec){ .tv_nsec = ASK_AGAIN * 1000000 }, NULL);
    }
}
