/* Commands for a person: a statement as psql runs it from a shell. Never with a password. Pure. */
#ifndef DATABASE_PSQL_H
#define DATABASE_PSQL_H

#include "database/destination.h"

/* Where psql shall connect. */
struct psql {
    const char *host, *port;     /* NULL: psql's defaults */
    const char *database, *user; /* the same */
    const char *sslmode, *sslrootcert;
    const char *channel_binding, *options; /* only set where the very attempt is to be made again */
};

/* From a destination: its first host, and what the URL says. */
void psql_of(struct psql *psql, const struct destination *destination);

/* "psql 'host=db port=5432 dbname=shop user=app' -c '…'"; `user` and `database` instead of the place's own, or NULL. */
const char *psql_command(const struct psql *psql, const char *user, const char *database, const char *sql,
                         struct arena *arena);

/* A name as SQL takes it always (manual, "Identifiers and Key Words"), and a string. */
const char *sql_name(const char *name, struct arena *arena);
const char *sql_role(const char *user, struct arena *arena); /* NULL: CURRENT_USER */
const char *sql_string(const char *text, struct arena *arena);

#endif
