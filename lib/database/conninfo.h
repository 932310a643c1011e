/* Connection strings as frameworks write them, turned into what libpq takes.
 *
 * Understood: postgres:// and postgresql:// (libpq manual, "Connection URIs") with Prisma's and node-postgres's
 * parameters, postgresql+driver:// (SQLAlchemy), postgis://, pgsql://, psql://, ecto://, jdbc:postgresql://, libpq's
 * keyword strings, and NULL: what libpq itself takes from PG* variables and the service file.
 * Pure: no connection, no file but a look whether a Prisma CA file is there. */
#ifndef DATABASE_CONNINFO_H
#define DATABASE_CONNINFO_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>

struct conninfo {
    /* Both NULL-terminated, as PQconnectStartParams wants them; only keywords that libpq knows. */
    const char **keywords;
    const char **values;
    size_t count;
    size_t capacity;
    struct strings notes; /* names of the parameters that were dropped, each once */
};

/* Fills *info; everything lives in the arena. The passwords found are registered with base/mask. False with *error
 * (STATUS_CONFIG) for what cannot be a PostgreSQL connection; the message names neither key nor password: the caller
 * puts "database.url: " before it. */
bool conninfo_parse(struct conninfo *info, const char *url_or_keywords_or_null, struct arena *arena,
                    struct error *error);

/* The value of a keyword, or NULL. */
const char *conninfo_get(const struct conninfo *info, const char *keyword);
/* Replaces or adds; the value is copied. */
void conninfo_set(struct conninfo *info, const char *keyword, const char *value, struct arena *arena);
/* Adds it only where the keyword is not given yet. */
void conninfo_default(struct conninfo *info, const char *keyword, const char *value, struct arena *arena);

/* The same with lists of its own. */
struct conninfo conninfo_copy(const struct conninfo *info, struct arena *arena);

/* prisma:// and prisma+postgres://: a proxy that speaks no PostgreSQL. */
bool conninfo_is_prisma_proxy(const char *url);

#endif
