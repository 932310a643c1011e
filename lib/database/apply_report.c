#include "database/apply_report.h"

#include "base/arena.h"
#include "base/mask.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

#define FOREIGN_MAX 4096 /* bytes of one line of the server's */

enum { TRANSACTION = 1, STATEMENTS = 2 };

static const struct {
    const char *sqlstate;
    unsigned modes;
    const char *hint;
} hints[] = {
    { "25001", TRANSACTION, "run this file with pgentry apply --no-transaction" },
    { "25006", TRANSACTION | STATEMENTS, "a standby, or default_transaction_read_only is on: connect to the primary" },
    { "2D000", TRANSACTION, "run this file with pgentry apply --no-transaction: something in it commits by itself" },
    { "55P04", TRANSACTION, "put ALTER TYPE ... ADD VALUE into a file of its own before this one" },
    { "55P03", TRANSACTION | STATEMENTS, "another session holds the lock: pgentry diagnose tells which" },
    { "57014", TRANSACTION | STATEMENTS, "the statement took longer than its timeout, or somebody cancelled it" },
};

void report(FILE *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stream, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stream);
    (void)fflush(stream);
}

const char *report_hint(const char *sqlstate, bool transaction, const char *at)
{
    if (strcmp(sqlstate, "42601") == 0 && at[0] == ':') {
        return "variables of psql (:name) are not filled in";
    }
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strcmp(hints[i].sqlstate, sqlstate) == 0 && hints[i].modes & (transaction ? TRANSACTION : STATEMENTS)) {
            return hints[i].hint;
        }
    }
    return NULL;
}

/* Masked before it is cut. */
static void make_printable(const char *foreign, char line[FOREIGN_MAX])
{
    struct arena *arena = arena_new();
    char *copy = mask_copy(arena, foreign);
    size_t length = strlen(copy);

    while (length > 0 && copy[length - 1] == '\n') {
        copy[--length] = '\0';
    }
    for (char *c = copy; *c; c++) {
        *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    }
    text_copy(line, FOREIGN_MAX, mask_visible(arena, copy, FOREIGN_MAX));
    arena_free(arena);
}

void report_foreign(FILE *stream, const char *ours, const char *foreign)
{
    char line[FOREIGN_MAX];

    make_printable(foreign, line);
    report(stream, "%s%s", ours, line);
}

static const char *field_of(const PGresult *result, int code)
{
    const char *value = PQresultErrorField(result, code);

    return value ? value : "";
}

static void report_field(FILE *stream, const char *label, const PGresult *result, int code)
{
    const char *value = field_of(result, code);

    if (value[0]) {
        report_foreign(stream, label, value);
    }
}

void report_error(const char *file, struct text_place place, const PGresult *error, const char *hint)
{
    const char *message = field_of(error, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = field_of(error, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = field_of(error, PG_DIAG_SQLSTATE);
    char line[FOREIGN_MAX];

    make_printable(message[0] ? message : PQresultErrorMessage(error), line);
    report(stderr, "%s:%zu:%zu: %s%s%s: %s", file, place.line, place.column, severity[0] ? severity : "ERROR",
           sqlstate[0] ? " " : "", sqlstate, line);
    report_field(stderr, "  detail: ", error, PG_DIAG_MESSAGE_DETAIL);
    report_field(stderr, "  hint: ", error, PG_DIAG_MESSAGE_HINT);
    report_field(stderr, "  context: ", error, PG_DIAG_CONTEXT);
    if (hint) {
        report(stderr, "  hint: %s", hint);
    }
}

void report_notice(const char *file, const PGresult *notice)
{
    char line[FOREIGN_MAX];

    make_printable(field_of(notice, PG_DIAG_MESSAGE_PRIMARY), line);
    report(stdout, "%s: %s: %s", file, field_of(notice, PG_DIAG_SEVERITY_NONLOCALIZED), line);
    report_field(stdout, "  detail: ", notice, PG_DIAG_MESSAGE_DETAIL);
}
