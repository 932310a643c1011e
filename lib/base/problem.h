/* What can be wrong with a schema: one table of codes, each with what is said of it and the way to mend it.
 * %o is the object's name (schema.table, schema.table.column …), %d the detail: the right that lacks, an error. %n is
 * the object's name as SQL takes it. */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#define PROBLEM_BY_SYNC ": pgentry sync --force, if steps are configured here"

#define PROBLEM_TABLE(X)                                                                                            \
    X(PROBLEM_MISSING_TABLE, "missing-table", true, "table %o does not exist",                                      \
      "run the migration that creates it" PROBLEM_BY_SYNC)                                                          \
    X(PROBLEM_MISSING_COLUMN, "missing-column", true, "column %o does not exist",                                   \
      "run the migration that adds it" PROBLEM_BY_SYNC)                                                             \
    X(PROBLEM_MISSING_INDEX, "missing-index", true, "index %o does not exist",                                      \
      "create it: CREATE INDEX CONCURRENTLY, or run its migration" PROBLEM_BY_SYNC)                                 \
    X(PROBLEM_INVALID_INDEX, "invalid-index", true, "index %o is invalid: it was not built to the end",             \
      "rebuild it: REINDEX INDEX CONCURRENTLY, as pgentry diagnose prints it")                                      \
    X(PROBLEM_MISSING_PRIVILEGE, "missing-privilege", true, "no right to %d on %o",                                 \
      "grant %d on %o to the role of database.url, as pgentry diagnose prints it")                                  \
    X(PROBLEM_MISSING_ENUM, "missing-enum", true, "enum type %o does not exist",                                    \
      "run the migration that creates it" PROBLEM_BY_SYNC)                                                          \
    X(PROBLEM_MISSING_VALUE, "missing-enum-value", true, "enum value %o does not exist",                            \
      "run the migration that adds it" PROBLEM_BY_SYNC)                                                             \
    X(PROBLEM_MISSING_EXTENSION, "missing-extension", true, "extension %o is not installed", "CREATE EXTENSION %n") \
    X(PROBLEM_ASSERT, "assert-failed", true, "assertion \"%o\" does not hold: %d",                                  \
      "look at what its query finds, and mend the data or the assertion")                                           \
    X(PROBLEM_SCHEMA_UNREADABLE, "schema-unreadable", true, "%o cannot be read: %d",                                \
      "mend the file, or list the critical tables in verify.tables")                                                \
    X(PROBLEM_MIGRATION_FAILED, "migration-failed", false,                                                          \
      "migration %o is recorded as failed: what it does is not "                                                    \
      "done, but for what a later step made",                                                                       \
      "as pgentry diagnose prints it")                                                                              \
    X(PROBLEM_NOTHING_TO_VERIFY, "nothing-to-verify", false, "no critical table is configured or derived",          \
      "list the tables the application needs in verify.tables")                                                     \
    X(PROBLEM_DISCONNECTED, "not-connected", true, "the database is not reachable: %d",                             \
      "look at the database server and at the URLs that lead to it: pgentry diagnose")

enum problem_code {
#define X(name, word, fatal, sentence, fix) name,
    PROBLEM_TABLE(X)
#undef X
        PROBLEM_CODES
};

const char *problem_word(enum problem_code code);
bool problem_fatal(enum problem_code code); /* false: worth a warning, but healthy */
/* The sentence and the fix with object and detail filled in, cut to size. Return buffer. */
const char *problem_sentence(enum problem_code code, const char *object, const char *detail, char *buffer, size_t size);
const char *problem_fix(enum problem_code code, const char *object, const char *detail, char *buffer, size_t size);

#endif
