/* An SQL file, read whole and looked through before anything of it is sent. */
#ifndef DATABASE_SQL_FILE_H
#define DATABASE_SQL_FILE_H

#include "base/error.h"

#include <stddef.h>

#define SQL_FILES_MAX ((size_t)256 << 20) /* bytes of all files of one call together: they are in memory at once */

struct sql_file {
    const char *name; /* as given */
    char *text;       /* terminated; without a byte order mark, pg_dump's own lines made comments (sql_lexer.h) */
    size_t length;
};

/* Reads at most `limit` bytes. The file must be UTF-8 and hold nothing that cannot be run from a file (sql_lexer.h).
 * False with *error: "FILE:LINE:COLUMN: what is wrong", the hint apart; sql_file_free is then not needed. The name is
 * kept, not copied. */
bool sql_file_load(struct sql_file *file, const char *name, size_t limit, struct error *error);
void sql_file_free(struct sql_file *file);

#endif
