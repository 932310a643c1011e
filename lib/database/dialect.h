/* What a connection string's parameters mean in the dialects of the frameworks. Used by conninfo. */
#ifndef DATABASE_DIALECT_H
#define DATABASE_DIALECT_H

#include "database/conninfo.h"

#include <libpq-fe.h>

/* Everything known while one string is being read. */
struct dialect_reading {
    struct conninfo *info;
    struct arena *arena;
    PQconninfoOption *known; /* what libpq knows: asked, not copied into a table that would grow old */
    const char *hosts;       /* of the parameters: they win over those in front of the path, as in libpq */
    const char *ports;
    const char *sslmode;
    const char *ssl;        /* of the JDBC driver, node-postgres and asyncpg */
    const char *sslfactory; /* the JDBC driver's */
    const char *sslaccept;  /* Prisma's */
    const char *sslcert;
    bool url; /* a URL, not a keyword string */
    bool jdbc;
};

/* One parameter: set, kept for dialect_finish, or noted as dropped. A NULL value: there was none. */
void dialect_parameter(struct dialect_reading *reading, const char *name, const char *value);

/* Adds what only all parameters together say: hosts, TLS. */
void dialect_finish(struct dialect_reading *reading);

#endif
