/* What `pgentry apply` says: results on standard output, errors on standard error, a line each, written at once. Text
 * of the server is masked, made printable and cut; file names are ours and stay as they are. */
#ifndef DATABASE_APPLY_REPORT_H
#define DATABASE_APPLY_REPORT_H

#include "base/text.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

void report(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The hint that apply knows better than the server, or NULL. `at` is the text where the error was found. */
const char *report_hint(const char *sqlstate, bool transaction, const char *at);

/* "FILE:LINE:COLUMN: ERROR 42P01: relation … does not exist" and indented lines for detail, hint and context. */
void report_error(const char *file, struct text_place place, const PGresult *error, const char *hint);

/* "FILE: NOTICE: …" on standard output. */
void report_notice(const char *file, const PGresult *notice);

/* One line of foreign text behind what we say ourselves. */
void report_foreign(FILE *stream, const char *ours, const char *foreign);

#endif
