/* Names that the server's encoding cannot spell, 表 in LATIN1: nothing there can have one, and a question that holds
 * one is an error (22P05) for all the others in it. */
#ifndef DATABASE_SPELLING_H
#define DATABASE_SPELLING_H

#include "config/wanted.h"
#include "database/query.h"

/* What is wanted as the server can be asked for it: the same, or a copy with "" in place of each such name, which
 * nothing has (manual, "Identifiers and Key Words"). NULL with *why if the connection broke. */
const struct wanted *spelling_of(PGconn *connection, const struct wanted *wanted, const struct deadline *deadline,
                                 struct arena *arena, struct database_error *why);

#endif
