/* The lock that lets one replica at a time migrate: a session advisory lock on direct_url.
 *
 * Its key is a bigint: FNV-1a (64 bits) over "pgentry", the database's name and verify.schema, each with its zero byte.
 * So replicas of one application share it and applications in schemas of their own do not. Advisory locks are those of
 * one database (PostgreSQL manual, "Advisory Locks"). In pg_locks: classid is the upper half, objid the lower, objsubid
 * 1. */
#ifndef DATABASE_LOCK_H
#define DATABASE_LOCK_H

#include "database/query.h"

#include <stdint.h>

int64_t lock_key(const char *database, const char *schema);

/* Whether a session of ours keeps its server process: PgBouncer in transaction mode and its like give each transaction
 * another one, so that a session lock is held by nobody in particular. False with *why (FAILURE_CONFIG) then, or if it
 * cannot be found out. `second` opens another connection to the same place: needed only where PQbackendPID shows that a
 * pooler is there at all. */
struct second_connection {
    PGconn *(*open)(void *context, const struct deadline *deadline, struct database_error *why);
    void *context;
};
bool lock_session_is_kept(PGconn *connection, const struct second_connection *second, const struct deadline *deadline,
                          struct arena *arena, struct database_error *why);

/* Whether the connections of url and direct_url lead to the same database of the same cluster, as far as the roles may
 * know. *why unless it is SAME_YES: FAILURE_CONFIG with SAME_NO. */
enum sameness { SAME_UNKNOWN, SAME_YES, SAME_NO };
enum sameness lock_same_database(PGconn *url, PGconn *direct, const struct deadline *deadline, struct arena *arena,
                                 struct database_error *why);

/* Readies the session that is to hold the lock and says its key: a client that vanished is noticed by the server in
 * under a minute, and no timeout of the server ends an idle holder. Settings that the server does not know are passed
 * over. */
bool lock_prepare(PGconn *connection, const char *schema, int64_t *key, const struct deadline *deadline,
                  struct arena *arena, struct database_error *why);

enum lock_result { LOCK_TAKEN, LOCK_BUSY, LOCK_ERROR };

#define LOCK_HOLDER_WHO 160

struct lock_holder {
    uint32_t pid;              /* of its server process; 0: nobody any more */
    char who[LOCK_HOLDER_WHO]; /* application and client */
    int64_t since;             /* when its session began, in ms by the server's clock; 0: unknown */
    const char *text;          /* all of it in one line, masked */
};

/* The condition on pg_catalog.pg_locks l that finds who holds it, for a statement or to be pasted into psql. */
const char *lock_row(int64_t key, struct arena *arena);

/* Who holds the lock. A role that may not see whose session it is learns the pid only: what *holder knew of that pid
 * then stays. */
bool lock_find_holder(PGconn *connection, int64_t key, struct lock_holder *holder, const struct deadline *deadline,
                      struct arena *arena, struct database_error *why);

/* One try, with no transaction or snapshot left open. LOCK_BUSY: *holder says who has it. The connection's end lets go.
 */
enum lock_result lock_try(PGconn *connection, int64_t key, struct lock_holder *holder, const struct deadline *deadline,
                          struct arena *arena, struct database_error *why);

#endif
