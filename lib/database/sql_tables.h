/* The tables that SQL texts leave behind: created there, and neither dropped nor renamed since. For a person to look
 * through: what DO blocks, functions and search_path make of it is not seen. */
#ifndef DATABASE_SQL_TABLES_H
#define DATABASE_SQL_TABLES_H

#include "config/config.h"

#define SQL_TABLES_MAX 2000 /* a person looks through them; each is compared with each */

struct sql_tables {
    struct arena *arena;
    const char *schema;  /* where those lie that name none */
    struct table *items; /* with name, and schema if that is another */
    size_t count, capacity;
};

/* Reads one more text. Neither temporary tables nor partitions count, which come and go. */
void sql_tables_read(struct sql_tables *tables, const char *text, size_t length);

/* One more, unless it is there already, or there are SQL_TABLES_MAX. */
void sql_tables_add(struct sql_tables *tables, const struct table *table);

#endif
