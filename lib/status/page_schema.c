/* The page's sections about the schema: tables, steps, migrations. */
#include "base/text.h"
#include "status/page.h"

#include <string.h>

/* ---- tables ---- */

/* The name is the object's, or what the object's begins with. An index has a name of its own, and a right on the schema
 * may be what lacks. */
static bool concerns(const struct problem *problem, const struct status *status, const struct table_state *table)
{
    char name[256];
    struct text text = text_over(name, sizeof name);
    size_t schema = table->schema ? table->schema : strlen(status->schema);
    const char *object = problem->object;
    if (!table->schema) {
        text_printf(&text, "%s.", status->schema);
    }
    text_string(&text, table->name);
    if (problem->code == PROBLEM_MISSING_INDEX || problem->code == PROBLEM_INVALID_INDEX) {
        object = problem->detail;
    } else if (table->exists && problem->code == PROBLEM_MISSING_PRIVILEGE && strncmp(object, "schema ", 7) == 0 &&
               strlen(object + 7) == schema && strncmp(object + 7, name, schema) == 0) {
        return true;
    }
    return object && strncmp(object, name, text.length) == 0 &&
           (object[text.length] == '\0' || object[text.length] == '.');
}

static void put_problem(FILE *out, const struct problem *problem)
{
    char text[1024];
    page_element(out, "<li>", problem_sentence(problem->code, problem->object, problem->detail, text, sizeof text), "");
    page_element(out, "<p class=fix><span>To mend it</span> <code>",
                 problem_fix(problem->code, problem->object, problem->detail, text, sizeof text), "</code></p></li>");
}

static void put_broken(FILE *out, const struct status *status, const struct table_state *table)
{
    const struct check *check = status->check;
    page_element(out, "<tr><th scope=row>", table->name, "</th>");
    fprintf(out, "<td class=bad>%s</td><td><ul>", table->exists ? "incomplete" : "missing");
    for (size_t i = 0; i < check->problem_count; i++) {
        if (concerns(&check->problems[i], status, table)) {
            put_problem(out, &check->problems[i]);
        }
    }
    fputs("</ul></td></tr>", out);
}

static bool told(const struct status *status, const struct problem *problem)
{
    const struct check *check = status->check;
    for (size_t i = 0; i < check->table_count; i++) {
        if (!check->tables[i].healthy && concerns(problem, status, &check->tables[i])) {
            return true;
        }
    }
    return false;
}

/* Extensions, enums, assertions, and what is worth a warning. */
static void put_besides(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    bool open = false;
    for (size_t i = 0; i < check->problem_count; i++) {
        if (!told(status, &check->problems[i])) {
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
    size_t healthy = status_healthy_tables(check);
    fprintf(out, "<p class=plain>%zu of %zu healthy, looked at ", healthy, check->table_count);
    page_time(out, status->checked_at);
    fputs("</p>", out);
    if (healthy < check->table_count) {
        fputs("<table>", out);
        for (size_t i = 0; i < check->table_count; i++) {
            if (!check->tables[i].healthy) {
                put_broken(out, status, &check->tables[i]);
            }
        }
        fputs("</table>", out);
    }
    put_besides(out, status);
    put_healthy(out, check);
    fputs("</section>", out);
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
