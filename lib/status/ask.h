/* The client's side of the endpoint, for `pgentry health` and `pgentry diagnose`. */
#ifndef STATUS_ASK_H
#define STATUS_ASK_H

#include "base/duration.h"
#include "base/error.h"

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX ((size_t)4 << 20)

struct answer {
    int status; /* of HTTP */
    bool ours;  /* it comes from this container's supervisor */
    char *body; /* from malloc, terminated */
};

/* GETs `path` from one of health.listen's addresses after the other (an unspecified one is asked on loopback), each
 * within `timeout`, until this container's supervisor answers; only it gets health.token, and only where the path needs
 * it. False with the last *error, and without a body, if it does not. */
bool ask_own(const struct config *config, const char *path, duration timeout, struct answer *answer,
             struct error *error);

/* Reads an answer as it came over the wire. `own` is our http_instance. False, without a body, if it is not HTTP. */
bool answer_read(struct answer *answer, const char *text, const char *own);

#endif
