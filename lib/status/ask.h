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

/* GETs `path` from one of health.listen's addresses (an unspecified one is asked on loopback), within `timeout`.
 * False with *error if nothing answers, or not with HTTP. */
bool ask(const char *address, const char *path, const char *token, duration timeout, struct answer *answer,
         struct error *error);

/* The same of one of health.listen's addresses after the other, each within `timeout`, with health.token, until this
 * container's supervisor answers. */
bool ask_own(const struct config *config, const char *path, duration timeout, struct answer *answer,
             struct error *error);

/* Reads an answer as it came over the wire. `own` is our http_instance. False, without a body, if it is not HTTP. */
bool answer_read(struct answer *answer, const char *text, const char *own);

#endif
