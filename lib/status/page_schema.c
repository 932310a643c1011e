/* The page's sections about the schema: tables, steps, migrations. */
#include "base/arena.h"
#include "status/page.h"

#include <string.h>

/* ---- problems by the tables that they are about ---- */

/* Lists of problems, each in their order; problems and tables count from 1, 0 is none. */
struct lists {
    size_t *first;        /* of each table, and at 0 of those that are about none */
    size_t *next;         /* of each problem */
    size_t schema_rights; /* the first right that lacks on a whole schema */
};

static bool is_schema_right(const struct problem *problem)
{
    return problem->code == PROBLEM_MISSING_PRIVILEGE && problem->table == 0;
}

static struct lists lists_of(const struct check *check, struct arena *arena)
{
    struct lists lists = { arena_array(arena, check->table_count + 1, sizeof *lists.first),
                           arena_array(arena, check->problem_count + 1, sizeof *lists.next), 0 };

    for (size_t i = check->problem_count; i > 0; i--) {
        const struct problem *problem = &check->problems[i - 1];
        size_t *first = is_schema_right(problem) ? &lists.schema_rights : &lists.first[problem->table];

        lists.next[i] = *first;
        *first = i;
    }
    return lists;
}

/* ---- tables ---- */

static void put_problem(FILE *out, const struct problem *problem)
{
    char text[1024];
    page_element(out, "<li>", problem_sentence(problem->code, problem->object, problem->detail, text, sizeof text), "");
    page_element(out, "<p class=fix><span>To mend it</span> <code>",
                 problem_fix(problem->code, problem->object, problem->detail, text, sizeof text), "</code></p></li>");
}

static void put_list(FILE *out, const struct check *check, const struct lists *lists, size_t first)
{
    for (size_t i = first; i > 0; i = lists->next[i]) {
        put_problem(out, &check->problems[i - 1]);
    }
}

/* A right that lacks on a schema is told beside each of its tables. */
static void put_schema_rights(FILE *out, const struct check *check, const struct lists *lists, const char *schema,
                              int length)
{
    char object[256];

    snprintf(object, sizeof object, "schema %.*s", length, schema);
    for (size_t i = lists->schema_rights; i > 0; i = lists->next[i]) {
        if (strcmp(check->problems[i - 1].object, object) == 0) {
            put_problem(out, &check->problems[i - 1]);
        }
    }
}

static void put_broken(FILE *out, const struct status *status, size_t number, const struct lists *lists)
{
    const struct table_state *table = &status->check->tables[number - 1];
    page_element(out, "<tr><th scope=row>", table->name, "</th>");
    fprintf(out, "<td class=bad>%s</td><td><ul>", table->exists ? "incomplete" : "missing");
    if (table->exists) {
        const char *schema = table->schema ? table->name : status->schema;
        put_schema_rights(out, status->check, lists, schema, (int)(table->schema ? table->schema : strlen(schema)));
    }
    put_list(out, status->check, lists, lists->first[number]);
    fputs("</ul></td></tr>", out);
}

/* Extensions, enums, assertions, and what is worth a warning. */
static void put_besides(FILE *out, const struct check *check, const struct lists *lists)
{
    if (lists->first[0]) {
        fputs("<ul class=besides>", out);
        put_list(out, check, lists, lists->first[0]);
        fputs("</ul>", out);
    }
}

static void put_healthy(FILE *out, const struct check *check)
{
    fputs("<ul class=healthy>", out);
    for (size_t i = 0; i < check->table_count; i++) {
        if (check->tables[i].healthy) {
            page_element(out, "<li class=good>", check->tables[i].name, "</li>");
        }
    }
    fputs("</ul>", out);
}

/* Those that are not healthy come first: on a phone nobody scrolls through two hundred good ones. */
void page_tables(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    fputs("<section id=tables><h2>Critical tables</h2>", out);
    if (!check) {
        fputs("<p class=plain>Not looked at yet.</p></section>", out);
        return;
    }
    struct arena *arena = arena_new();
    struct lists lists = lists_of(check, arena);
    size_t healthy = status_healthy_tables(check);
    fprintf(out, "<p class=plain>%zu of %zu healthy, looked at ", healthy, check->table_count);
    page_time(out, status->checked_at);
    fputs("</p>", out);
    if (healthy < check->table_count) {
        fputs("<table>", out);
        for (size_t i = 1; i <= check->table_count; i++) {
            if (!check->tables[i - 1].healthy) {
                put_broken(out, status, i, &lists);
            }
        }
        fputs("</table>", out);
    }
    put_besides(out, check, &lists);
    put_healthy(out, check);
    fputs("</section>", out);
    arena_free(arena);
}

/* ---- steps ---- */

static const char *result_class(const struct status_step *step)
{
    static const char *const classes[] = {
        [STEP_NOT_RUN] = "plain", [STEP_RUNNING] = "busy",  [STEP_OK] = "good",     [STEP_LATE] = "warn",
        [STEP_FAILED] = "bad",    [STEP_TIMED_OUT] = "bad", [STEP_REFUSED] = "bad", [STEP_SKIPPED] = "plain"
    };
    return classes[step->result];
}

static void put_step(FILE *out, const struct status_step *step)
{
    char took[DURATION_TEXT];
    const char *class = result_class(step);
    bool bad = strcmp(class, "bad") == 0;
    page_element(out, "<li><b>", step->name, "</b> ");
    if (strcmp(step->list, STATUS_LIST_STEPS) != 0) {
        fprintf(out, "<small class=list>%s</small> ", step->list);
    }
    fprintf(out, "<span class=%s>%s</span>", class, step_result_word(step->result));
    if (step->attempts) {
        fprintf(out, " <small>%u attempt%s, %s</small>", step->attempts, step->attempts == 1 ? "" : "s",
                duration_human(status_step_took(step), took));
    }
    if (step->result != STEP_OK && *step->outcome) {
        page_element(out, "<p>", step->outcome, "</p>");
    }
    if (*step->last) {
        fprintf(out, "<details%s><summary>last lines</summary><pre>",
                bad || step->result == STEP_RUNNING ? " open" : "");
        page_element(out, "", step->last, "</pre></details>");
    }
    fputs("</li>", out);
}

void page_steps(FILE *out, const struct status *status)
{
    fputs("<section id=steps><h2>Steps</h2>", out);
    if (status->step_count == 0) {
        fputs("<p class=plain>None configured.</p></section>", out);
        return;
    }
    fputs("<ol class=steps>", out);
    for (size_t i = 0; i < status->step_count; i++) {
        put_step(out, &status->steps[i]);
    }
    fputs("</ol></section>", out);
}

/* ---- migrations ---- */

void page_migrations(FILE *out, const struct status *status)
{
    if (!status->check || !status->check->migrations.known) {
        return;
    }
    const struct migrations_state *migrations = &status->check->migrations;
    const struct {
        const char *what, *class;
        uint32_t count;
        const struct strings *names;
    } rows[] = {
        { "local", "plain", migrations->local, NULL },
        { "applied", "plain", migrations->applied, NULL },
        { "pending", "warn", migrations->pending.count, &migrations->pending.names },
        { "failed", "bad", migrations->failed, NULL },
        { "edited after being applied", "warn", migrations->edited.count, &migrations->edited.names },
        { "recorded, but gone locally", "warn", migrations->gone.count, &migrations->gone.names },
    };
    fputs("<section id=migrations><h2>Migrations</h2><dl>", out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fprintf(out, "<div><dt>%s</dt><dd class=%s>%u", rows[i].what, rows[i].count ? rows[i].class : "plain",
                rows[i].count);
        for (size_t n = 0; rows[i].names && n < rows[i].names->count; n++) {
            page_element(out, "<br><code>", rows[i].names->items[n], "</code>");
        }
        fputs("</dd></div>", out);
    }
    fputs("</dl>", out);
    if (migrations->failed_name) {
        page_element(out, "<p>Failed: <code>", migrations->failed_name, "</code></p>");
    }
    if (migrations->failed_log) {
        page_element(out, "<pre>", migrations->failed_log, "</pre>");
    }
    fputs("</section>", out);
}
