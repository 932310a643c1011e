/* The page's sections about the schema: tables, steps, migrations. */
#include "base/arena.h"
#include "base/hash.h"
#include "status/page.h"

#include <string.h>

#define SCHEMAS "schema " /* its name follows, where a right on all of it lacks */

/* ---- problems by the tables that they concern ---- */

struct entry {
    const struct problem *problem;
    const char *name; /* the first `length` bytes are what it is looked for by */
    size_t length;
    struct entry *next; /* in its slot, in the order of the problems */
};

struct index {
    struct entry **slots;
    size_t mask;
    bool *told; /* of each problem: there is no more to say of it */
};

/* A right that lacks on a whole schema. */
static bool is_schemas(const struct problem *problem)
{
    return problem->code == PROBLEM_MISSING_PRIVILEGE && problem->object &&
           strncmp(problem->object, SCHEMAS, sizeof SCHEMAS - 1) == 0;
}

static struct entry **slot_of(const struct index *index, const char *name, size_t length)
{
    return &index->slots[hash_bytes(HASH_BEGIN, name, length) & index->mask];
}

static void file_as(struct index *index, const struct problem *problem, const char *name, size_t length,
                    struct arena *arena)
{
    struct entry **slot = slot_of(index, name, length);
    struct entry *entry = arena_alloc(arena, sizeof *entry);
    *entry = (struct entry){ problem, name, length, *slot };
    *slot = entry;
}

/* The table's name is the object's, or what that begins with up to a dot: any but the first, which ends the schema at
 * the earliest, as names may have dots in them. An index has a name of its own. */
static void file_problem(struct index *index, const struct problem *problem, struct arena *arena)
{
    if (is_schemas(problem)) {
        file_as(index, problem, problem->object, strlen(problem->object), arena);
        return;
    }
    bool of_index = problem->code == PROBLEM_MISSING_INDEX || problem->code == PROBLEM_INVALID_INDEX;
    const char *name = of_index ? problem->detail : problem->object;
    for (const char *end = name ? strchr(name, '.') : NULL; end; end = strchr(end, '.')) {
        end += 1 + strcspn(end + 1, ".");
        file_as(index, problem, name, (size_t)(end - name), arena);
    }
}

static struct index index_of(const struct check *check, struct arena *arena)
{
    size_t size = 16;
    while (size < 2 * check->problem_count) {
        size *= 2;
    }
    struct index index = { arena_array(arena, size, sizeof *index.slots), size - 1,
                           arena_array(arena, check->problem_count, sizeof *index.told) };
    for (size_t i = check->problem_count; i-- > 0;) {
        file_problem(&index, &check->problems[i], arena);
    }
    return index;
}

/* ---- tables ---- */

static void put_problem(FILE *out, const struct problem *problem)
{
    char text[1024];
    page_element(out, "<li>", problem_sentence(problem->code, problem->object, problem->detail, text, sizeof text), "");
    page_element(out, "<p class=fix><span>To mend it</span> <code>",
                 problem_fix(problem->code, problem->object, problem->detail, text, sizeof text), "</code></p></li>");
}

static void put_filed(FILE *out, const struct check *check, struct index *index, const char *name, bool schemas)
{
    size_t length = strlen(name);
    for (const struct entry *entry = *slot_of(index, name, length); entry; entry = entry->next) {
        if (entry->length == length && memcmp(entry->name, name, length) == 0 &&
            is_schemas(entry->problem) == schemas) {
            put_problem(out, entry->problem);
            index->told[entry->problem - check->problems] = true;
        }
    }
}

static void put_broken(FILE *out, const struct status *status, const struct table_state *table, struct index *index)
{
    const char *schema = table->schema ? table->name : status->schema;
    int length = (int)(table->schema ? table->schema : strlen(schema));
    char name[256];
    page_element(out, "<tr><th scope=row>", table->name, "</th>");
    fprintf(out, "<td class=bad>%s</td><td><ul>", table->exists ? "incomplete" : "missing");
    if (table->exists) {
        snprintf(name, sizeof name, SCHEMAS "%.*s", length, schema);
        put_filed(out, status->check, index, name, true);
    }
    snprintf(name, sizeof name, "%.*s.%s", length, schema, table->name + (table->schema ? table->schema + 1 : 0));
    put_filed(out, status->check, index, name, false);
    fputs("</ul></td></tr>", out);
}

/* Extensions, enums, assertions, and what is worth a warning. */
static void put_besides(FILE *out, const struct check *check, const struct index *index)
{
    bool open = false;
    for (size_t i = 0; i < check->problem_count; i++) {
        if (!index->told[i]) {
            fputs(open ? "" : "<ul class=besides>", out);
            open = true;
            put_problem(out, &check->problems[i]);
        }
    }
    fputs(open ? "</ul>" : "", out);
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
    struct index index = index_of(check, arena);
    size_t healthy = status_healthy_tables(check);
    fprintf(out, "<p class=plain>%zu of %zu healthy, looked at ", healthy, check->table_count);
    page_time(out, status->checked_at);
    fputs("</p>", out);
    if (healthy < check->table_count) {
        fputs("<table>", out);
        for (size_t i = 0; i < check->table_count; i++) {
            if (!check->tables[i].healthy) {
                put_broken(out, status, &check->tables[i], &index);
            }
        }
        fputs("</table>", out);
    }
    put_besides(out, check, &index);
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
    const struct check *check = status->check;
    if (!check || !check->history) {
        return;
    }
    const struct {
        const char *what, *class;
        uint32_t count;
        const struct strings *names;
    } rows[] = {
        { "local", "plain", check->local, NULL },
        { "applied", "plain", check->applied, NULL },
        { "pending", "warn", check->pending, &check->pending_names },
        { "failed", "bad", check->failed, NULL },
        { "edited after being applied", "warn", check->edited, &check->edited_names },
        { "recorded, but gone locally", "warn", check->gone, &check->gone_names },
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
    if (check->failed_name) {
        page_element(out, "<p>Failed: <code>", check->failed_name, "</code></p>");
    }
    if (check->failed_log) {
        page_element(out, "<pre>", check->failed_log, "</pre>");
    }
    fputs("</section>", out);
}
