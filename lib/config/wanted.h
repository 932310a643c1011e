/* What has to be in the database for the schema to count as healthy, and which migrations exist locally: the question
 * that the database process answers. Built from verify.* and from the project's own files; lives in an arena. */
#ifndef CONFIG_WANTED_H
#define CONFIG_WANTED_H

#include "base/frame.h"
#include "config/check.h"
#include "config/config.h"

#define WANTED_NAME_MAX 63 /* bytes, NAMEDATALEN - 1: PostgreSQL cuts longer names (manual, section 4.1.1) */

struct wanted_table {
    const char *schema; /* never NULL */
    const char *name;
    struct strings columns;
    struct strings indexes;
    struct strings privileges;
};

struct wanted_type { /* an enum */
    const char *schema;
    const char *name;
    struct strings values;
};

/* Up to three checksums count as unedited: the file as it is, with LF and with CRLF line ends. NULL: it is
 * no other than the first; the first: the tool keeps none. */
#define CHECKSUMS 3

struct wanted_migration {
    const char *name;                 /* as the tool records it */
    const char *checksums[CHECKSUMS]; /* SHA-256, lower-case hex */
    const char *file;                 /* where it lies: of no use to who checks, and not encoded */
};

struct wanted {
    const char *schema;          /* verify.schema */
    struct wanted_table *tables; /* no two with the same schema and name */
    size_t table_count;
    struct wanted_type *types;
    size_t type_count;
    struct strings extensions;
    struct assertion *asserts;
    size_t assert_count;

    enum history history;
    const char *history_schema; /* where the ledger lies; NULL: verify.schema */
    bool history_first;         /* there only if that is the first schema of the session's search_path */
    const char *history_table;  /* its name, e.g. _prisma_migrations */
    struct wanted_migration *migrations;
    size_t migration_count;
    bool unsure; /* not all of the tool's command was understood: nothing is proven by the history */

    /* A schema.prisma that is there but cannot be read: what and why; NULL if all is well. Unhealthy only if no table
     * is listed by hand. */
    const char *unreadable;
    const char *unreadable_why;
    struct strings notes; /* warnings to log once */
};

/* Where the ledger lies. */
const char *wanted_history_schema(const struct wanted *wanted);

/* Whether nothing is asked of the schema: what cannot be read is something. */
bool wanted_is_nothing(const struct wanted *wanted);

/* The tables of a look that was not taken yet: none is known to be there. */
void wanted_tables(const struct wanted *wanted, struct check *check, struct arena *arena);

/* From verify.* alone; names over 63 bytes and tables listed twice were refused when the configuration was read. */
void wanted_from_config(struct wanted *wanted, const struct config *config, struct arena *arena);

/* As bytes, so that PID 1 can keep it without understanding it, and hand it to a later check. */
void wanted_encode(const struct wanted *wanted, struct frame_writer *writer);
bool wanted_decode(struct wanted *wanted, struct frame_reader *reader, struct arena *arena);

#endif
