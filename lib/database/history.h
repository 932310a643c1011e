/* The database side of the migration history: the ledgers of Prisma, dbmate, Rails and node-pg-migrate, compared with
 * the migrations that are there locally. */
#ifndef DATABASE_HISTORY_H
#define DATABASE_HISTORY_H

#include "config/ledger.h"
#include "config/wanted.h"
#include "database/protocol.h"
#include "database/query.h"

#define HISTORY_LOG_MAX 4000 /* bytes of a failed migration's logged error, in the report */

/* One line of a ledger. */
struct ledger_row {
    const char *name;
    const char *checksum; /* or NULL */
    bool finished;
    bool rolled_back;
    const char *log; /* or NULL; from HISTORY_LOG_MAX + mask_longest() bytes on the server may have cut it */
};

/* The statement that reads the ledger, oldest first; false if this kind of history has none. Its table may be missing
 * (42P01): then nothing was applied yet. */
bool history_statement(PGconn *connection, const struct wanted *wanted, struct statement *statement,
                       struct arena *arena);

/* Takes the statement's result: rows, or an error that says that there is no ledger yet. Where the ledger cannot be
 * read, migrations->known stays false. */
enum ledger_answer history_read(const PGresult *result, const struct wanted *wanted,
                                struct migrations_state *migrations, struct arena *arena);

/* The comparison itself: fills *migrations, which is all zero. */
void history_compare(const struct wanted *wanted, const struct ledger_row *rows, size_t count,
                     struct migrations_state *migrations, struct arena *arena);

/* True if the recorded checksum is that of the file: as it is, or as old versions of Prisma wrote it, without the zero
 * in front of bytes below 0x10. */
bool checksum_matches(const char *recorded, const char *expected);

#endif
