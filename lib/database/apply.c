#include "database/apply.h"

#include "base/signal_name.h"
#include "base/text.h"
#include "config/url.h"
#include "database/apply_report.h"
#include "database/apply_session.h"
#include "database/connection.h"
#include "database/lock.h"
#include "database/sql_file.h"
#include "database/sql_lexer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_TIMEOUT ((duration)10 * 1000) /* contract section 1, apply */

/* Statements go to the server in as few queries as possible, which it splits itself. It holds the parse trees of a
 * whole query in memory, many times the text: a large file goes in pieces. */
#define QUERY_MAX ((size_t)4 << 20)

struct apply {
    const struct apply_options *options;
    struct apply_session session;
    struct sql_file *files;
    size_t count;
    size_t current;
    const char *schema;      /* of the URL, before the role's search_path; NULL: none */
    const char *search_path; /* of the URL, instead of it; NULL: none */
};

/* A part of the file that is sent as one query. */
struct part {
    size_t start;
    size_t end;
    bool concurrently;
};

enum stage { STAGE_BEGIN, STAGE_STATEMENTS, STAGE_COMMIT };

/* What has been done of a file. */
struct progress {
    enum stage stage;
    struct part part; /* the last that was sent */
    size_t statements;
    size_t rows;
    struct apply_result result; /* of the query at which it ended */
    PGresult *invalid_before;   /* the invalid indexes before that query, where it may leave one */
};

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* Where the files are read. */

static bool load_files(struct apply *apply)
{
    size_t room = SQL_FILES_MAX;
    bool good = true;

    for (size_t i = 0; i < apply->count; i++) {
        struct error error;

        if (sql_file_load(&apply->files[i], apply->options->files->items[i], room, &error)) {
            room -= apply->files[i].length;
            continue;
        }
        good = false;
        report(stderr, "%s", error.message);
        if (error.hint[0]) {
            report(stderr, "  hint: %s", error.hint);
        }
    }
    if (!good) {
        report(stderr, "nothing was sent to the database");
    }
    return good;
}

/* CREATE, DROP and REINDEX INDEX CONCURRENTLY leave an invalid index behind when they fail (manual, CREATE INDEX). */

static PGresult *ask(struct apply *apply, const char *sql, const char *parameter)
{
    struct apply_result result;
    PGresult *rows = session_fetch(&apply->session, sql, parameter, &result);

    PQclear(result.error);
    return rows;
}

static PGresult *invalid_indexes_before(struct apply *apply)
{
    return ask(apply,
               "SELECT coalesce(pg_catalog.array_agg(indexrelid), '{}')::text FROM pg_catalog.pg_index"
               " WHERE NOT indisvalid",
               NULL);
}

static void report_invalid_indexes(struct apply *apply, const struct progress *progress)
{
    PGresult *left;

    if (apply->session.caught || session_lost(&apply->session)) {
        report(stderr, "  hint: it may have left an invalid index: pgentry diagnose tells which");
        return;
    }

    left = ask(apply,
               "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i"
               " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
               " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
               " WHERE NOT i.indisvalid AND NOT i.indexrelid = ANY ($1::oid[]) ORDER BY 1 LIMIT 20",
               PQgetvalue(progress->invalid_before, 0, 0));

    for (int i = 0; left && i < PQntuples(left); i++) {
        report_foreign(stderr, "  invalid index left behind: DROP INDEX CONCURRENTLY ", PQgetvalue(left, i, 0));
    }
    PQclear(left);
}

/* What is said when a file did not end well. */

/* Which statement of the part comes after the first `done`: the server gives each a result. */
static size_t statement_start(const struct sql_file *file, const struct part *part, size_t done)
{
    struct sql_lexer lexer = { .text = file->text, .length = part->end, .position = part->start };
    struct sql_statement statement = { .start = part->start };

    for (size_t i = 0; i <= done && sql_next(&lexer, &statement) == SQL_STATEMENT; i++) {
    }
    return statement.start;
}

/* The error's own position counts characters of the query, in SQL_ASCII databases bytes. Many errors have none. */
static size_t error_offset(const struct apply *apply, const struct sql_file *file, const struct progress *progress)
{
    const struct part *part = &progress->part;
    const char *position = PQresultErrorField(progress->result.error, PG_DIAG_STATEMENT_POSITION);
    const char *encoding = PQparameterStatus(apply->session.connection, "server_encoding");
    size_t number = position ? strtoul(position, NULL, 10) : 0;
    size_t length = part->end - part->start;

    if (progress->stage == STAGE_COMMIT) {
        return part->end > 0 ? part->end - 1 : 0;
    }
    if (progress->stage == STAGE_BEGIN) {
        return 0;
    }
    if (number == 0) {
        return statement_start(file, part, progress->result.statements);
    }
    if (encoding && strcmp(encoding, "SQL_ASCII") == 0) {
        return part->start + (number - 1 < length ? number - 1 : length);
    }
    return part->start + sql_character_offset(file->text + part->start, length, number);
}

static bool is_answered(const struct apply *apply, const struct progress *progress)
{
    return progress->result.error && !session_lost(&apply->session);
}

static void report_cause(struct apply *apply, const struct sql_file *file, const struct progress *progress)
{
    size_t offset = error_offset(apply, file, progress);
    struct text_place place = text_place_of(file->text, offset);
    const PGresult *error = progress->result.error;
    const char *sqlstate = error ? PQresultErrorField(error, PG_DIAG_SQLSTATE) : NULL;

    if (apply->session.caught) {
        report(stderr, "%s:%zu:%zu: stopped by SIG%s", file->name, place.line, place.column,
               signal_name(apply->session.caught));
    } else if (error && sqlstate) {
        report_error(file->name, place, error,
                     report_hint(sqlstate, !apply->options->no_transaction, file->text + offset));
    } else {
        (void)fprintf(stderr, "%s:%zu:%zu: ", file->name, place.line, place.column);
        report_foreign(stderr, "connection lost: ", PQerrorMessage(apply->session.connection));
    }
    if (progress->stage == STAGE_COMMIT && !apply->session.caught) {
        report(stderr, "  at COMMIT, where deferred constraints are checked");
    }
    if (progress->invalid_before) {
        report_invalid_indexes(apply, progress);
    }
}

/* What of this file is in the database now. */
static void report_remains(const struct apply *apply, const struct sql_file *file, const struct progress *progress)
{
    bool answered = is_answered(apply, progress);
    bool sent = answered || progress->result.statements > 0 || session_lost(&apply->session);

    if (!apply->options->no_transaction) {
        if (progress->stage == STAGE_COMMIT && sent && !answered) {
            report(stderr, "%s: whether it was committed is unknown: the connection ended during COMMIT", file->name);
        } else {
            report(stderr, "%s: rolled back, nothing of it stays", file->name);
        }
        return;
    }
    report(stderr, "%s: %zu statement%s before this one stay%s", file->name, progress->statements,
           plural(progress->statements), progress->statements == 1 ? "s" : "");
    if (sent && !answered && progress->stage == STAGE_STATEMENTS) {
        report(stderr, "%s: whether this one was carried out is unknown", file->name);
    }
}

static void report_other_files(const struct apply *apply)
{
    size_t after = apply->count - apply->current - 1;

    if (apply->current > 0) {
        report(stderr, "%zu file%s before it stay%s applied", apply->current, plural(apply->current),
               apply->current == 1 ? "s" : "");
    }
    if (after > 0) {
        report(stderr, "%zu file%s after it did not run", after, plural(after));
    }
}

static int report_failure(struct apply *apply, const struct sql_file *file, const struct progress *progress)
{
    report_cause(apply, file, progress);
    report_remains(apply, file, progress);
    report_other_files(apply);
    if (apply->session.caught) {
        return STATUS_SIGNAL + apply->session.caught;
    }
    return session_lost(&apply->session) ? STATUS_UNREACHABLE : STATUS_FAILED;
}

/* How a file is run. */

/* The next statement, or as many as one query may hold. False at the file's end. */
static bool next_part(struct sql_lexer *lexer, bool single, struct part *part)
{
    struct sql_statement statement;
    bool any = false;

    while ((!any || (!single && part->end - part->start < QUERY_MAX)) && sql_next(lexer, &statement) == SQL_STATEMENT) {
        if (!any) {
            *part = (struct part){ .start = statement.start, .concurrently = statement.concurrently };
        }
        part->end = statement.end;
        any = true;
    }
    return any;
}

static bool send_part(struct apply *apply, struct sql_file *file, struct progress *progress)
{
    const struct part *part = &progress->part;
    char behind = file->text[part->end];
    bool done;

    file->text[part->end] = '\0';
    done = session_query(&apply->session, file->text + part->start, &progress->result);
    file->text[part->end] = behind;
    return done;
}

static bool run_part(struct apply *apply, struct sql_file *file, struct progress *progress)
{
    PQclear(progress->invalid_before);
    progress->invalid_before = NULL;
    if (apply->options->no_transaction && progress->part.concurrently) {
        progress->invalid_before = invalid_indexes_before(apply);
    }
    if (!send_part(apply, file, progress)) {
        return false;
    }
    progress->statements += progress->result.statements;
    progress->rows += progress->result.rows;
    return true;
}

/* What follows was split and counted by these settings; a file may change them only when nothing follows. */
static bool settings_hold(const struct apply *apply, const struct sql_file *file, const struct part *part)
{
    static const char *const settings[][2] = { { "standard_conforming_strings", "on" }, { "client_encoding", "UTF8" } };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const char *value = PQparameterStatus(apply->session.connection, settings[i][0]);

        if (value && strcmp(value, settings[i][1]) != 0) {
            struct text_place place = text_place_of(file->text, part->start);

            report(stderr, "%s:%zu:%zu: %s was changed before this statement", file->name, place.line, place.column,
                   settings[i][0]);
            report(stderr, "  hint: take that out: files are read with %s = %s", settings[i][0], settings[i][1]);
            return false;
        }
    }
    return true;
}

static bool run_statements(struct apply *apply, struct sql_file *file, struct progress *progress, int *status)
{
    struct sql_lexer lexer = { .text = file->text, .length = file->length };
    struct part part;

    progress->stage = STAGE_STATEMENTS;
    while (next_part(&lexer, apply->options->no_transaction, &part)) {
        progress->part = part;
        progress->result = (struct apply_result){ 0 };
        if (!settings_hold(apply, file, &part)) {
            report_remains(apply, file, progress);
            report_other_files(apply);
            *status = STATUS_FAILED;
            return false;
        }
        if (!run_part(apply, file, progress)) {
            *status = report_failure(apply, file, progress);
            return false;
        }
    }
    return true;
}

/* Names without a schema mean that of the URL, as they do to the framework that it was written for: a whole path in
 * JDBC's currentSchema; before the role's own, where extensions are, Prisma's schema. */
static bool enter_schema(struct apply *apply, struct progress *progress)
{
    const char *named = apply->schema ? apply->schema : apply->search_path;
    const char *path = apply->schema ? QUERY_SCHEMA_FIRST : "$1";
    char sql[256];
    PGresult *entered;

    if (!named) {
        return true;
    }
    (void)snprintf(sql, sizeof sql, "SELECT pg_catalog.set_config('search_path', %s, %s)", path,
                   apply->options->no_transaction ? "false" : "true");
    entered = session_fetch(&apply->session, sql, named, &progress->result);
    PQclear(entered);
    return entered;
}

/* A fresh session state, the limits, and in a transaction its beginning. */
static bool begin(struct apply *apply, struct progress *progress)
{
    bool transaction = !apply->options->no_transaction;
    const char *local = transaction ? "LOCAL " : "";
    duration timeout = apply->options->statement_timeout < INT_MAX ? apply->options->statement_timeout : INT_MAX;
    char sql[256];

    (void)snprintf(sql, sizeof sql,
                   "%sSET %slock_timeout = %d; SET %sstatement_timeout = %d; SET %sstandard_conforming_strings = on",
                   transaction ? "BEGIN; " : "", local, (int)LOCK_TIMEOUT, local, (int)timeout, local);
    progress->stage = STAGE_BEGIN;
    if (apply->current > 0 && !session_query(&apply->session, "DISCARD ALL", &progress->result)) {
        return false;
    }
    return session_query(&apply->session, sql, &progress->result) && enter_schema(apply, progress);
}

static bool commit(struct apply *apply, struct progress *progress)
{
    progress->stage = STAGE_COMMIT;
    return apply->options->no_transaction || session_query(&apply->session, "COMMIT", &progress->result);
}

static void report_success(const struct sql_file *file, const struct progress *progress, int64_t microseconds)
{
    char time[DURATION_TEXT];
    char rows[64] = "";

    if (progress->rows > 0) {
        (void)snprintf(rows, sizeof rows, ", %zu row%s not shown", progress->rows, plural(progress->rows));
    }
    report(stdout, "%s: %zu statement%s%s, %s", file->name, progress->statements, plural(progress->statements), rows,
           duration_human(microseconds / 1000, time));
}

static int run_file(struct apply *apply, struct sql_file *file)
{
    struct progress progress = { 0 };
    int64_t began = clock_now_us();
    int status = STATUS_OK;

    if (!begin(apply, &progress)) {
        status = report_failure(apply, file, &progress);
    } else if (run_statements(apply, file, &progress, &status)) {
        if (commit(apply, &progress)) {
            report_success(file, &progress, clock_now_us() - began);
        } else {
            status = report_failure(apply, file, &progress);
        }
    }
    PQclear(progress.invalid_before);
    PQclear(progress.result.error);
    return status;
}

static void notice(void *context, const PGresult *result)
{
    const struct apply *apply = context;

    report_notice(apply->files[apply->current].name, result);
}

static int run_files(struct apply *apply)
{
    int status = STATUS_OK;

    PQsetNoticeReceiver(apply->session.connection, notice, apply);
    for (; status == STATUS_OK && apply->current < apply->count; apply->current++) {
        status = run_file(apply, &apply->files[apply->current]);
    }
    if (status == STATUS_OK && apply->session.caught) { /* it came while the last COMMIT was under way */
        report(stderr, "stopped by SIG%s", signal_name(apply->session.caught));
        status = STATUS_SIGNAL + apply->session.caught;
    }
    return status;
}

/* Only what is shown to lead elsewhere is refused: SQL may be what mends a url that leads nowhere. */
static bool leads_elsewhere(PGconn *direct, const struct config *config, struct arena *arena,
                            struct database_error *why)
{
    struct deadline deadline = deadline_in(config_attempt(config), -1);
    PGconn *url =
        destination_is_shared(config) ? NULL : connection_open(config, false, config_attempt(config), arena, why);
    bool elsewhere = url && lock_same_database(url, direct, &deadline, arena, why) == SAME_NO;

    PQfinish(url);
    return elsewhere;
}

static int connect_and_run(struct apply *apply, const struct config *config)
{
    struct arena *arena = arena_new();
    struct database_error why = { 0 };
    PGconn *connection = connection_open(config, true, config_attempt(config), arena, &why);
    int status;

    if (connection && leads_elsewhere(connection, config, arena, &why)) {
        PQfinish(connection);
        connection = NULL;
    }
    if (!connection) {
        report(stderr, "cannot connect: %s", why.message);
        if (why.hint) {
            report(stderr, "  hint: %s", why.hint);
        }
        status = why.failure == FAILURE_CONFIG ? STATUS_CONFIG : STATUS_UNREACHABLE;
    } else if (!session_begin(&apply->session, connection)) {
        report(stderr, "cannot watch for signals: %s", strerror(errno));
        PQfinish(connection);
        status = STATUS_RESOURCE;
    } else {
        status = run_files(apply);
        session_end(&apply->session);
    }
    arena_free(arena);
    return status;
}

int apply_files(const struct config *config, const struct apply_options *options)
{
    struct apply apply = { .options = options, .count = options->files->count };
    struct arena *arena = arena_new();
    int status = STATUS_FAILED;

    session_signals_exit();
    apply.files = arena_array(arena, apply.count, sizeof *apply.files);
    apply.schema = url_parameter(config_step_url(config), "schema", arena);
    apply.search_path = url_parameter(config_step_url(config), "currentSchema", arena);
    if (load_files(&apply)) {
        status = connect_and_run(&apply, config);
    }
    for (size_t i = 0; i < apply.count; i++) {
        sql_file_free(&apply.files[i]);
    }
    arena_free(arena);
    return status;
}
