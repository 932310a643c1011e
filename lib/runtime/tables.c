/* The table report of a look. Its texts are searched for by run books (contract section 4) and stay as they are. */
#include "base/hash.h"
#include "base/text.h"
#include "runtime/supervisor.h"

#include <stdio.h>
#include <string.h>

#define VERIFYING "Verifying critical tables"
#define TABLE_EXISTS "%s EXISTS"
#define TABLE_MISSING "%s NOT FOUND"
#define TABLES_MISSING "CRITICAL: %zu tables are missing!"
#define MISSING_TABLES "Missing tables: %s"
#define TABLES_EXIST "All critical tables exist!"
#define LOGGED_LINE 1024 /* bytes of a logged error that are told in a line */

static uint64_t look_fingerprint(const struct check *check)
{
    uint64_t hash = hash_byte(HASH_BEGIN, check->healthy);
    for (size_t i = 0; i < check->table_count; i++) {
        hash = hash_byte(hash, (unsigned char)(check->tables[i].exists * 2 + check->tables[i].healthy));
    }
    for (size_t i = 0; i < check->problem_count; i++) {
        hash = hash_string(hash_byte(hash, (unsigned char)check->problems[i].code), check->problems[i].object);
    }
    return hash;
}

/* Whole names, as many as there is room for, and a mark where there are more. Kept apart from the stack, all pages of
 * which would be touched (-fstack-clash-protection). */
static const char *list_missing(const struct check *check)
{
    static const char more[] = " …";
    static char names[8192];
    struct text text = text_over(names, sizeof names);
    for (size_t i = 0; i < check->table_count; i++) {
        const char *name = check->tables[i].name;
        if (check->tables[i].exists) {
            continue;
        }
        if (text.length + strlen(", ") + strlen(name) + sizeof more > text.size) {
            text_string(&text, more);
            break;
        }
        text_printf(&text, "%s%s", text.length ? ", " : "", name);
    }
    return names;
}

static void log_each(const struct check *check)
{
    for (size_t i = 0; i < check->table_count; i++) {
        const struct table_state *table = &check->tables[i];
        const struct log_field fields[] = { { .name = "table", .string = table->name }, { 0 } };
        if (table->exists) {
            log_event(LOG_INFO, "table-exists", fields, TABLE_EXISTS, table->name);
        } else {
            log_event(LOG_ERROR, "table-missing", fields, TABLE_MISSING, table->name);
        }
    }
}

static void log_problems(const struct check *check)
{
    for (size_t i = 0; i < check->problem_count; i++) {
        const struct problem *p = &check->problems[i];
        char sentence[1024], fix[1024];
        if (p->code == PROBLEM_MISSING_TABLE) {
            continue; /* said already */
        }
        const struct log_field fields[] = { { .name = "code", .string = problem_word(p->code) },
                                            { .name = "object", .string = p->object },
                                            { .name = "fix",
                                              .string = problem_fix(p->code, p->object, p->detail, fix, sizeof fix) },
                                            { 0 } };
        log_event(problem_fatal(p->code) ? LOG_ERROR : LOG_WARN, problem_word(p->code), fields, "%s; to mend it: %s",
                  problem_sentence(p->code, p->object, p->detail, sentence, sizeof sentence), fix);
    }
}

static void log_list(enum log_level level, const char *event, const struct migration_list *list, const char *what)
{
    char names[2048];
    struct text text = text_over(names, sizeof names);
    for (size_t i = 0; i < list->names.count; i++) {
        text_printf(&text, "%s%s", i ? ", " : "", list->names.items[i]);
    }
    if (list->count) {
        const struct log_field fields[] = { { .name = "count", .number = list->count },
                                            { .name = "migrations", .string = names },
                                            { 0 } };
        log_event(level, event, fields, "%u migration%s %s: %s%s", list->count, list->count == 1 ? "" : "s", what,
                  names, list->count > list->names.count ? " …" : "");
    }
}

static void log_migrations(const struct migrations_state *migrations)
{
    log_list(LOG_INFO, "migrations-pending", &migrations->pending, "pending");
    log_list(LOG_WARN, "migrations-edited", &migrations->edited, "edited after being applied (counted as applied)");
    log_list(LOG_WARN, "migrations-gone", &migrations->gone,
             "recorded in the database but gone locally (an older image on a newer schema?)");
}

/* A logged error as the end of one line: without what Prisma says before the error of each of them, and without the
 * engine's backtrace, which is indented. */
static const char *logged_line(const char *log, char *buffer, size_t size)
{
    const char *begin = strstr(log, "Database error code:");
    struct text text = text_over(buffer, size);
    const char *between = ": ";
    for (const char *line = begin ? begin : log; *line && *line != ' ' && *line != '\t'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        if (length > 0) {
            text_string(&text, between);
            text_bytes(&text, line, length);
            between = line[length - 1] == ':' ? " " : "; ";
        }
        line += length;
    }
    return buffer;
}

/* Also after steps: one may have swallowed it. */
static void log_failed(struct supervisor *s, const struct migrations_state *migrations)
{
    const char *name = migrations->failed_name ? migrations->failed_name : "?",
               *log = migrations->failed_log ? migrations->failed_log : "";
    uint32_t told = migrations->failed ? fingerprint(name) ^ migrations->failed : 0;
    if (told && told != s->failed_told) {
        const struct log_field fields[] = { { .name = "migration", .string = name },
                                            { .name = "error", .string = log },
                                            { 0 } };
        char line[LOGGED_LINE];
        log_event(LOG_WARN, "migration-failed", fields, "migration %s is recorded as failed%s", name,
                  logged_line(log, line, sizeof line));
    }
    s->failed_told = told;
}

void log_tables(struct supervisor *s)
{
    const struct check *check = s->status.check;
    uint64_t hash = look_fingerprint(check);
    bool after_step = s->boot.result != RESULT_NONE && !s->boot.app_ran && boot_phase(&s->boot) != PHASE_HELD;
    bool again = s->looked && hash == s->look_fingerprint && !after_step;
    size_t missing = status_missing_tables(check);

    if (again || s->plan.goal == GOAL_LOOK) {
        return;
    }
    if (!s->looked) {
        log_migrations(&check->migrations);
    }
    log_failed(s, &check->migrations);
    s->looked = true;
    s->look_fingerprint = hash;
    if (check->table_count) {
        const struct log_field fields[] = { { .name = "tables", .number = (int64_t)check->table_count }, { 0 } };
        log_event(LOG_INFO, "verifying", fields, VERIFYING);
    }
    log_each(check);
    log_problems(check);
    if (missing) {
        const char *names = list_missing(check);
        const struct log_field fields[] = { { .name = "missing", .number = (int64_t)missing },
                                            { .name = "tables", .string = names },
                                            { 0 } };
        log_event(LOG_ERROR, "tables-missing", fields, TABLES_MISSING, missing);
        log_event(LOG_ERROR, "missing-tables", fields, MISSING_TABLES, names);
    } else if (check->table_count) {
        log_event(LOG_INFO, "tables-exist", NULL, TABLES_EXIST);
    }
}

/* What a name brings along does nothing to the terminal. */
static const char *shown(const struct supervisor *s, const char *foreign)
{
    return text_escaped_copy(s->arena, foreign, strlen(foreign));
}

/* `verify`: the same on standard output. */
void print_tables(const struct supervisor *s)
{
    const struct check *check = s->status.check;
    if (!check) {
        return;
    }
    size_t missing = status_missing_tables(check);
    if (check->table_count) {
        puts(VERIFYING);
    }
    for (size_t i = 0; i < check->table_count; i++) {
        const char *name = shown(s, check->tables[i].name);
        if (check->tables[i].exists) {
            printf("  " TABLE_EXISTS "\n", name);
        } else {
            printf("  " TABLE_MISSING "\n", name);
        }
    }
    for (size_t i = 0; i < check->problem_count; i++) {
        const struct problem *p = &check->problems[i];
        char sentence[1024], fix[1024];
        printf("%s: %s\n    to mend it: %s\n", problem_fatal(p->code) ? "problem" : "warning",
               shown(s, problem_sentence(p->code, p->object, p->detail, sentence, sizeof sentence)),
               shown(s, problem_fix(p->code, p->object, p->detail, fix, sizeof fix)));
    }
    if (missing) {
        printf(TABLES_MISSING "\n" MISSING_TABLES "\n", missing, shown(s, list_missing(check)));
    } else if (check->table_count) {
        puts(TABLES_EXIST);
    }
    printf("%s: %zu of %zu tables healthy\n", status_word(&s->status), status_healthy_tables(check),
           check->table_count);
}
