#include "database/history.h"

#include "base/mask.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* How each tool keeps its ledger; the columns are name, checksum, finished, rolled back. A cast of the name would take
 * away the blanks of a char(n) that was made by hand: only Rails, for which it is a number, does not see them. */
static const struct {
    const char *columns;
    const char *log; /* of a failed migration; "NULL": it keeps none */
    const char *order;
} ledgers[HISTORIES] = {
    [HISTORY_PRISMA] = { "migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL", "logs",
                         "started_at" },
    [HISTORY_DBMATE] = { "version, NULL, true, false", "NULL", "version" },
    [HISTORY_NODE_PG_MIGRATE] = { "name, NULL, true, false", "NULL", "name" },
    [HISTORY_RAILS] = { "version::text, NULL, true, false", "NULL", "version" },
};

/* A table's name cannot be a parameter, and asking first whether it exists would be a second round trip. So it is put
 * into the statement as libpq quotes identifiers, and "does not exist" is an answer. */
bool history_statement(PGconn *connection, const struct wanted *wanted, struct statement *statement,
                       struct arena *arena)
{
    if (wanted->history == HISTORY_NONE) {
        return false;
    }

    const char *name = wanted->history_table;
    const char *where = wanted_history_schema(wanted);
    char *table = PQescapeIdentifier(connection, name, strlen(name));
    char *schema = PQescapeIdentifier(connection, where, strlen(where));
    bool fine = table && schema;

    if (fine) { /* where the tool goes by search_path, another session than expected proves nothing */
        const char *first = wanted->history_first ? "WHERE pg_catalog.current_schema() = $1 " : "";

        *statement = (struct statement){
            .sql = arena_printf(arena, "SELECT %s, pg_catalog.left(%s, %zu) FROM %s.%s %sORDER BY %s",
                                ledgers[wanted->history].columns, ledgers[wanted->history].log,
                                HISTORY_LOG_MAX + mask_longest(), schema, table, first, ledgers[wanted->history].order),
            .parameter_count = wanted->history_first ? 1 : 0,
            .parameters = { where }
        };
    }
    PQfreemem(table);
    PQfreemem(schema);
    return fine;
}

/* ---- comparing ---- */

bool checksum_matches(const char *recorded, const char *expected)
{
    if (strcmp(recorded, expected) == 0) {
        return true;
    }
    for (; *expected && expected[1]; expected += 2) {
        if (*expected != '0' && *recorded++ != *expected) {
            return false;
        }
        if (*recorded++ != expected[1]) {
            return false;
        }
    }
    return *recorded == '\0' && *expected == '\0';
}

static bool is_edited(const struct wanted_migration *migration, const char *recorded)
{
    bool known = false;

    for (size_t i = 0; recorded && i < CHECKSUMS; i++) {
        if (migration->checksums[i] && checksum_matches(recorded, migration->checksums[i])) {
            return false;
        }
        known |= migration->checksums[i] != NULL;
    }
    return known && recorded;
}

static int compare_rows(const void *left, const void *right)
{
    const struct ledger_row *a = *(const struct ledger_row *const *)left;
    const struct ledger_row *b = *(const struct ledger_row *const *)right;
    int order = strcmp(a->name, b->name);

    return order ? order : a < b ? -1 : a > b; /* as the ledger has them */
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int compare_name_and_row(const void *name, const void *row)
{
    return strcmp(*(const char *const *)name, (*(const struct ledger_row *const *)row)->name);
}

static void list_name(struct migration_list *list, const char *name, struct arena *arena)
{
    if (list->count++ < CHECK_NAMES) {
        strings_add(arena, &list->names, name);
    }
}

/* The rows in the order of their names, so that thousands of migrations are found without comparing each with each. */
struct sorted {
    const struct ledger_row **rows;
    size_t count;
};

static struct sorted sort_rows(const struct ledger_row *rows, size_t count, struct arena *arena)
{
    struct sorted sorted = { arena_array(arena, count, sizeof *sorted.rows), count };

    for (size_t i = 0; i < count; i++) {
        sorted.rows[i] = &rows[i];
    }
    qsort(sorted.rows, count, sizeof *sorted.rows, compare_rows);
    return sorted;
}

/* What the ledger says of one local migration. A rolled back row counts for nothing: its retry is a new row. */
static void compare_local(const struct wanted_migration *migration, const struct sorted *sorted,
                          struct migrations_state *migrations, struct arena *arena)
{
    const struct ledger_row **hit =
        bsearch(&migration->name, sorted->rows, sorted->count, sizeof *hit, compare_name_and_row);
    bool applied = false;
    bool failed = false;
    bool edited = true;

    while (hit && hit > sorted->rows && strcmp(hit[-1]->name, migration->name) == 0) {
        hit--;
    }
    for (; hit && hit < sorted->rows + sorted->count && strcmp((*hit)->name, migration->name) == 0; hit++) {
        if ((*hit)->rolled_back) {
            continue;
        }
        applied |= (*hit)->finished;
        failed |= !(*hit)->finished;
        edited &= (*hit)->finished ? is_edited(migration, (*hit)->checksum) : edited;
    }
    if (applied) {
        migrations->applied++;
        if (edited) {
            list_name(&migrations->edited, migration->name, arena);
        }
    } else if (!failed) {
        list_name(&migrations->pending, migration->name, arena);
    }
}

/* The beginning of a logged error. Where the server cut it may stand half a secret: a secret's length is withheld.
 * Masked text is never longer than what it stands for, hence that many masked bytes are at least as many of the log. */
static const char *beginning(const char *log, struct arena *arena)
{
    size_t secret = mask_longest();
    size_t withheld = strlen(log) >= HISTORY_LOG_MAX + secret ? secret : 0;
    char *shown = mask_copy(arena, log);
    size_t length = strlen(shown);

    length = length > withheld ? length - withheld : 0;
    length = length > HISTORY_LOG_MAX ? HISTORY_LOG_MAX : length;
    shown[text_utf8_border(shown, length)] = '\0';
    return shown;
}

static void note_failed(const struct ledger_row *row, struct migrations_state *migrations, struct arena *arena)
{
    migrations->failed++;
    if (migrations->failed_names.count == CHECK_NAMES || strings_contain(&migrations->failed_names, row->name)) {
        return;
    }

    const char *log = row->log ? beginning(row->log, arena) : NULL;

    if (!migrations->failed_name) {
        migrations->failed_name = arena_strdup(arena, row->name);
        migrations->failed_log = log;
    }
    strings_add(arena, &migrations->failed_names, row->name);
    strings_add(arena, &migrations->failed_logs, log ? log : "");
}

static void find_failed(const struct ledger_row *rows, size_t count, struct migrations_state *migrations,
                        struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].finished && !rows[i].rolled_back) {
            note_failed(&rows[i], migrations, arena);
        }
    }
}

/* Applied or failed there, but not here: an older image on a newer schema. */
static void find_gone(const struct wanted *wanted, const struct sorted *sorted, struct migrations_state *migrations,
                      struct arena *arena)
{
    const char **local = arena_array(arena, wanted->migration_count, sizeof *local);
    const char *last = NULL;

    for (size_t i = 0; i < wanted->migration_count; i++) {
        local[i] = wanted->migrations[i].name;
    }
    qsort(local, wanted->migration_count, sizeof *local, compare_names);
    for (size_t i = 0; i < sorted->count; i++) {
        const struct ledger_row *row = sorted->rows[i];
        bool counted = last && strcmp(last, row->name) == 0;

        if (row->rolled_back || counted) {
            continue;
        }
        last = row->name;
        if (!bsearch(&row->name, local, wanted->migration_count, sizeof *local, compare_names)) {
            list_name(&migrations->gone, row->name, arena);
        }
    }
}

/* Where the tool's command was not understood the local migrations may be others than it takes, and prove nothing. One
 * that is recorded as applied says that the folder is the right one: what is gone from it is gone, and what failed is
 * theirs. */
void history_compare(const struct wanted *wanted, const struct ledger_row *rows, size_t count,
                     struct migrations_state *migrations, struct arena *arena)
{
    struct sorted sorted = sort_rows(rows, count, arena);
    struct migrations_state unsure = { 0 }, *local = wanted->unsure ? &unsure : migrations;

    for (size_t i = 0; i < wanted->migration_count; i++) {
        compare_local(&wanted->migrations[i], &sorted, local, arena);
    }
    if (!wanted->unsure || unsure.applied) {
        find_failed(rows, count, migrations, arena);
        find_gone(wanted, &sorted, migrations, arena);
    }
    if (!wanted->unsure) {
        migrations->known = true;
        migrations->local = (uint32_t)wanted->migration_count;
        migrations->proven =
            migrations->local > 0 && migrations->applied == migrations->local && migrations->failed == 0;
    }
}

/* ---- reading ---- */

static const char *text_or_null(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

/* What an error says of the ledger. */
static enum ledger_answer answer_of(const PGresult *result)
{
    static const struct {
        const char *sqlstate;
        enum ledger_answer answer;
    } answers[] = {
        { "42P01", LEDGER_READ }, { "3F000", LEDGER_READ }, { "42501", LEDGER_DENIED },
        { "55P03", LEDGER_LATE }, { "57014", LEDGER_LATE },
    };
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    for (size_t i = 0; state && i < sizeof answers / sizeof *answers; i++) {
        if (strcmp(state, answers[i].sqlstate) == 0) {
            return answers[i].answer;
        }
    }
    return LEDGER_FOREIGN;
}

static void read_rows(const PGresult *result, const struct wanted *wanted, struct migrations_state *migrations,
                      struct arena *arena)
{
    struct ledger_row *rows = arena_array(arena, (size_t)PQntuples(result), sizeof *rows);
    size_t count = 0;

    for (int row = 0; row < PQntuples(result); row++) {
        if (!PQgetisnull(result, row, 0)) {
            rows[count++] = (struct ledger_row){
                .name = PQgetvalue(result, row, 0),
                .checksum = text_or_null(result, row, 1),
                .finished = result_is_true(result, row, 2),
                .rolled_back = result_is_true(result, row, 3),
                .log = text_or_null(result, row, 4),
            };
        }
    }
    history_compare(wanted, rows, count, migrations, arena);
}

enum ledger_answer history_read(const PGresult *result, const struct wanted *wanted,
                                struct migrations_state *migrations, struct arena *arena)
{
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) == 5) {
        read_rows(result, wanted, migrations, arena);
        return LEDGER_READ;
    }

    enum ledger_answer answer = answer_of(result);

    if (answer == LEDGER_READ) {
        history_compare(wanted, NULL, 0, migrations, arena);
    }
    return answer;
}
