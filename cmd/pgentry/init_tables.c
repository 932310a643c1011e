/* The tables that init lists: read from what the migration tools leave in the project. */
#include "base/strings.h"
#include "config/content.h"
#include "config/folder.h"
#include "init.h"

#include <string.h>
#include <strings.h>

#define WORDS 2

/* The line that is a comment and begins with one of these words, or NULL. */
static const char *find_mark(const char *text, const char *const words[WORDS])
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *comment = line + strspn(line, " \t");
        const char *said = comment + strspn(comment, "- \t");
        for (size_t i = 0; i < WORDS && strncmp(comment, "--", 2) == 0; i++) {
            if (strncasecmp(said, words[i], strlen(words[i])) == 0) {
                return line;
            }
        }
    }
    return NULL;
}

/* Of a migration with a way back the way there alone: dbmate's marks, and node-pg-migrate's. */
static void read_sql(struct sql_tables *tables, const char *text, size_t length)
{
    static const char *const up[WORDS] = { "migrate:up", "up migration" };
    static const char *const down[WORDS] = { "migrate:down", "down migration" };
    const char *start = find_mark(text, up), *end = find_mark(text, down);
    start = start ? start : text;
    sql_tables_read(tables, start, (size_t)((end && end > start ? end : text + length) - start));
}

/* create_table "users", force: :cascade do |t| */
static void read_ruby(struct sql_tables *tables, const char *text, size_t length)
{
    static const char call[] = "create_table \"";
    (void)length;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *name = line + strspn(line, " \t");
        if (strncmp(name, call, strlen(call)) != 0) {
            continue;
        }
        name += strlen(call);
        char *whole = arena_strndup(tables->arena, name, strcspn(name, "\"\n")), *dot = strchr(whole, '.');
        struct table table = { .name = dot ? dot + 1 : whole };
        if (dot) {
            *dot = '\0';
            table.schema = strcmp(whole, tables->schema) == 0 ? NULL : whole;
        }
        sql_tables_add(tables, &table);
    }
}

typedef void reader(struct sql_tables *tables, const char *text, size_t length);

static void read_file(struct sql_tables *tables, reader *read, const char *path)
{
    size_t length;
    const char *text = content_read(path, CONTENT_SCHEMA, &length, tables->arena);
    if (text) {
        read(tables, text, length);
    }
}

/* What the schema was when the tool was last run by a developer, in one file. */
static const char *read_dump(struct sql_tables *tables, const struct init_project *project)
{
    static const struct {
        const char *file;
        reader *read;
    } dumps[] = { { "db/schema.rb", read_ruby }, { "db/structure.sql", read_sql }, { "db/schema.sql", read_sql } };
    const char *path = NULL;
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0] && !tables->count; i++) {
        path = content_path(tables->arena, project->folder, dumps[i].file);
        read_file(tables, dumps[i].read, path);
    }
    return path;
}

/* Of a tool with a history. */
static const char *read_migrations(struct sql_tables *tables, const struct init_project *project)
{
    const struct wanted *wanted = project->wanted;
    const char *folder = "", *others = "";
    for (size_t i = 0; i < wanted->migration_count; i++) {
        const char *file = wanted->migrations[i].file;
        folder = content_folder(tables->arena, file);
        if (strings_end_with(file, ".sql")) {
            read_file(tables, read_sql, file);
        } else {
            others = ", not from the others there";
        }
    }
    return arena_printf(tables->arena, "the SQL files in %s%s", folder, others);
}

static const char *read_drizzle(struct sql_tables *tables, const struct init_project *project)
{
    const char *path = content_path(tables->arena, project->folder, "drizzle");
    struct folder listed;
    bool read = folder_read(&listed, path, FOLDER_ENTRIES_MAX, tables->arena);
    for (size_t i = 0; read && i < listed.count; i++) {
        if (strings_end_with(listed.entries[i].name, ".sql")) {
            read_file(tables, read_sql, content_path(tables->arena, path, listed.entries[i].name));
        }
    }
    return arena_printf(tables->arena, "the SQL files in %s", path);
}

static const char *read_steps(struct sql_tables *tables, const struct init_project *project)
{
    const struct steps *steps = &project->config->migrate.steps;
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->items[i];
        for (size_t k = 0; k < step->sql.count; k++) {
            read_file(tables, read_sql, content_path(tables->arena, step->cwd, step->sql.items[k]));
        }
    }
    return "the files of the SQL steps";
}

static void leave_out_ledgers(struct sql_tables *tables, const char *ledger)
{
    const char *const ledgers[] = {
        "schema_migrations",
        "ar_internal_metadata",
        "pgmigrations",
        "_prisma_migrations",
        "__drizzle_migrations",
        "knex_migrations",
        "knex_migrations_lock",
        "SequelizeMeta",
        "alembic_version",
        "django_migrations",
        ledger,
    };
    size_t kept = 0;
    for (size_t i = 0; i < tables->count; i++) {
        if (!STRINGS_AMONG(tables->items[i].name, ledgers)) {
            tables->items[kept++] = tables->items[i];
        }
    }
    tables->count = kept;
}

void init_find_tables(struct init_tables *tables, const struct init_project *project)
{
    static const char *(*const places[])(
        struct sql_tables *, const struct init_project *) = { read_dump, read_migrations, read_drizzle, read_steps };
    struct sql_tables *found = &tables->found;
    *found = (struct sql_tables){ .arena = project->config->arena, .schema = project->config->verify.schema };
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !found->count; i++) {
        tables->source = places[i](found, project);
        leave_out_ledgers(found, project->wanted->history_table);
    }
}
