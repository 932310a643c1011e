/* The checksums under which Prisma may have recorded a migration.sql: SHA-256 of the file as it is, with every CRLF as
 * LF and with every LF as CRLF (its own comparison does the same, so that a checkout on Windows is no edit). */
#ifndef PROJECT_CHECKSUM_H
#define PROJECT_CHECKSUM_H

#include "base/arena.h"
#include "config/wanted.h"

#include <stdbool.h>

/* Lower-case hex, in the arena; NULL for other line ends that change nothing. Symbolic links are not followed. False
 * with errno if the file cannot be read. */
bool checksum_file(const char *path, const char *checksums[CHECKSUMS], struct arena *arena);

#endif
