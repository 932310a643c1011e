/* The syntax of a database URL after its scheme: [user[:password]@][host[:port],…][/database][?name=value&…]
 * (libpq manual, "Connection URIs"; RFC 3986 for the percent-encoding). Pure. */
#ifndef DATABASE_URL_H
#define DATABASE_URL_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

struct url_parameter {
    const char *name;
    const char *value; /* NULL: no '=' */
};

struct url { /* everything decoded; NULL: not given */
    const char *user;
    const char *password;
    const char *raw_password; /* as it was written */
    const char *hosts;        /* with commas between several, as libpq's keyword host */
    const char *ports;
    const char *database;
    struct url_parameter *parameters;
    size_t parameter_count;
};

/* False with *error (STATUS_CONFIG); the message says which unencoded character is in the way, never the password. */
bool url_parse(struct url *url, const char *text, struct arena *arena, struct error *error);

#endif
