/* The page for people: one self-contained HTML document, no script, no outside resource. */
#include "status/documents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status/page_style.h" /* PAGE_STYLE and PAGE_STYLE_HASH, made from page.css when building */

#define TIMELINE_WIDTH 1000 /* units of the drawing */
#define REFRESH_BOOTING 2   /* seconds */
#define REFRESH_RUNNING 15

const char *page_policy(void)
{
    return "default-src 'none'; style-src 'sha256-" PAGE_STYLE_HASH "'; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'";
}

static void escape(FILE *out, const char *text)
{
    static const struct {
        char byte;
        const char *entity;
    } entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
            entity = entities[i].byte == *text ? entities[i].entity : entity;
        }
        if (entity) {
            fputs(entity, out);
        } else {
            fputc(*text, out);
        }
    }
}

static void element(FILE *out, const char *open, const char *text, const char *close)
{
    fputs(open, out);
    escape(out, text);
    fputs(close, out);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- what to do next ---- */

static void put_advice(FILE *out, const struct status *status)
{
    static const struct {
        const char *phase, *advice;
    } advice[] = {
        { "waiting", "PostgreSQL does not take queries yet. If this lasts: is the server running, and is database.url "
                     "right? pgentry diagnose tells more." },
        { "checking", "The schema is being looked at." },
        { "locking", "Another replica holds the migration lock; this one goes on once that one is done." },
        { "migrating", "Migration steps are running. Nothing to do; do not kill the container." },
        { "verifying", "The schema is being verified." },
        { "starting", "The schema was verified; the application is being started." },
        { "running", "The application runs." },
        { "stopping", "The application is being stopped." },
        { "held", "The boot failed and the application was not started. Mend what is listed below, by hand or with "
                  "pgentry sync in this container; pgentry then goes on by itself, or at once with kill -HUP 1." },
        { "failed", "The boot failed." },
    };
    fputs("<section><h2>What to do next</h2>", out);
    for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
        if (is(status->phase, advice[i].phase)) {
            element(out, "<p>", advice[i].advice, "</p>");
        }
    }
    if (*status->reason && !status->ready) {
        element(out, "<p class=bad id=reason>", status->reason, "</p>");
    }
    if (*status->error) {
        element(out, "<p class=bad id=error>", status->error, "</p>");
    }
    fputs("</section>", out);
}

/* ---- timeline ---- */

static void put_timeline(FILE *out, const struct status *status)
{
    int64_t now = clock_now_us() - status->began_us;
    size_t last = status->spell_count;
    bool settled = is(status->phase, "running") || is(status->phase, "held");
    /* once the application runs, the boot is what is drawn, not the hours since */
    int64_t total = settled && last ? status->spells[last - 1].begin_us : now;
    total = total > 0 ? total : 1;

    fputs("<section><h2>Boot</h2>", out);
    fprintf(out, "<svg viewBox='0 0 %d 40' role=img aria-label='Timeline of the boot' preserveAspectRatio=none>",
            TIMELINE_WIDTH);
    for (size_t i = 0; i < status->spell_count; i++) {
        const struct status_spell *spell = &status->spells[i];
        int64_t end = spell->end_us < 0 ? total : spell->end_us;
        int64_t x = spell->begin_us * TIMELINE_WIDTH / total, width = (end - spell->begin_us) * TIMELINE_WIDTH / total;
        if (spell->begin_us >= total) {
            continue;
        }
        fprintf(out, "<rect class='p-%s' x=%" PRId64 " y=0 width=%" PRId64 " height=40><title>", spell->phase, x,
                width > 1 ? width : 2);
        escape(out, spell->phase);
        fputs("</title></rect>", out);
    }
    fputs("</svg><ol class=spells>", out);
    for (size_t i = 0; i < status->spell_count; i++) {
        const struct status_spell *spell = &status->spells[i];
        char took[DURATION_TEXT];
        int64_t end = spell->end_us < 0 ? now : spell->end_us;
        fprintf(out, "<li><i class='k-%s'></i>", spell->phase);
        element(out, "", spell->phase, " ");
        element(out, "<small>", duration_human((end - spell->begin_us) / 1000, took), "</small></li>");
    }
    fputs("</ol></section>", out);
}

/* ---- tables ---- */

static bool concerns(const char *object, const struct status *status, const char *table)
{
    char name[256];
    int length = strchr(table, '.') ? snprintf(name, sizeof name, "%s", table)
                                    : snprintf(name, sizeof name, "%s.%s", status->schema, table);
    return object && strncmp(object, name, (size_t)length) == 0 && (object[length] == '\0' || object[length] == '.');
}

static void put_problem(FILE *out, const struct problem *problem)
{
    char text[1024];
    element(out, "<li>", problem_sentence(problem->code, problem->object, problem->detail, text, sizeof text), "");
    element(out, "<br><small>To mend it: <code>",
            problem_fix(problem->code, problem->object, problem->detail, text, sizeof text), "</code></small></li>");
}

static void put_table(FILE *out, const struct status *status, const struct table_state *table)
{
    const struct check *check = status->check;
    const char *word = table->healthy ? "healthy" : table->exists ? "incomplete" : "missing";
    element(out, "<tr><th scope=row>", table->name, "</th>");
    fprintf(out, "<td class='%s'>%s</td><td>", table->healthy ? "good" : "bad", word);
    bool open = false;
    for (size_t i = 0; !table->healthy && i < check->problem_count; i++) {
        if (concerns(check->problems[i].object, status, table->name)) {
            fputs(open ? "" : "<ul>", out);
            open = true;
            put_problem(out, &check->problems[i]);
        }
    }
    fputs(open ? "</ul></td></tr>" : "</td></tr>", out);
}

/* Those that are not healthy come first: on a phone nobody scrolls through two hundred good ones. */
static void put_tables(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    fputs("<section><h2>Critical tables</h2>", out);
    if (!check) {
        fputs("<p>Not looked at yet.</p></section>", out);
        return;
    }
    fprintf(out, "<p>%zu of %zu healthy, looked at ", status_healthy_tables(check), check->table_count);
    element(out, "<time>", status->checked_at, "</time></p><table>");
    for (int healthy = 0; healthy < 2; healthy++) {
        for (size_t i = 0; i < check->table_count; i++) {
            if (check->tables[i].healthy == (healthy != 0)) {
                put_table(out, status, &check->tables[i]);
            }
        }
    }
    fputs("</table>", out);
    bool open = false;
    for (size_t i = 0; i < check->problem_count; i++) {
        bool told = false;
        for (size_t t = 0; t < check->table_count && !told; t++) {
            told = !check->tables[t].healthy && concerns(check->problems[i].object, status, check->tables[t].name);
        }
        if (!told) {
            fputs(open ? "" : "<h3>Besides</h3><ul>", out);
            open = true;
            put_problem(out, &check->problems[i]);
        }
    }
    fputs(open ? "</ul></section>" : "</section>", out);
}

/* ---- steps and migrations ---- */

static void put_step(FILE *out, const struct status_step *step)
{
    char took[DURATION_TEXT];
    bool bad = step->result == STEP_FAILED || step->result == STEP_TIMED_OUT || step->result == STEP_REFUSED;
    element(out, "<li><b>", step->name, "</b> ");
    fprintf(out, "<span class='%s'>", bad ? "bad" : step->result == STEP_OK ? "good" : "plain");
    element(out, "", step_result_word(step->result), "</span>");
    if (step->attempts) {
        fprintf(out, " <small>%u attempt%s, %s</small>", step->attempts, step->attempts == 1 ? "" : "s",
                duration_human(step->took, took));
    }
    if (bad && *step->outcome) {
        element(out, "<p>", step->outcome, "</p>");
    }
    if (*step->last) {
        element(out,
                bad ? "<details open><summary>last lines</summary><pre>"
                    : "<details><summary>last lines</summary><pre>",
                step->last, "</pre></details>");
    }
    fputs("</li>", out);
}

static void put_steps(FILE *out, const struct status *status)
{
    fputs("<section><h2>Steps</h2>", out);
    if (status->step_count == 0) {
        fputs("<p>None configured.</p></section>", out);
        return;
    }
    fputs("<ul class=steps>", out);
    for (size_t i = 0; i < status->step_count; i++) {
        put_step(out, &status->steps[i]);
    }
    fputs("</ul></section>", out);
}

static void put_migrations(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    if (!check || !check->history) {
        return;
    }
    fprintf(out,
            "<section><h2>Migrations</h2><p>%u local, %u applied, <span class='%s'>%u pending</span>, <span "
            "class='%s'>%u failed</span>, %u edited after being applied, %u recorded but gone locally.</p>",
            check->local, check->applied, check->pending ? "bad" : "plain", check->pending,
            check->failed ? "bad" : "plain", check->failed, check->edited, check->gone);
    if (check->failed_name) {
        element(out, "<p class=bad>Failed: <code>", check->failed_name, "</code></p>");
    }
    if (check->failed_log) {
        element(out, "<pre>", check->failed_log, "</pre>");
    }
    fputs("</section>", out);
}

static void put_head(FILE *out, const struct status *status)
{
    bool booting = !is(status->phase, "running");
    fprintf(out,
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
            "content='width=device-width,initial-scale=1'><meta name=color-scheme content='light dark'><meta "
            "http-equiv=refresh content=%d><title>pgentry: ",
            booting ? REFRESH_BOOTING : REFRESH_RUNNING);
    escape(out, status->phase);
    fputs("</title><style>" PAGE_STYLE "</style></head><body>", out);
    fprintf(out, "<header class='%s'><h1>", status_word(status));
    element(out, "<span id=phase>", status->phase, "</span></h1>");
    element(out, "<p>schema <b id=status>", status_word(status), "</b>");
    if (*status->host) {
        element(out, ", database at <b>", status->host, "</b>");
    }
    element(out, ", boot began <time>", status->began, "</time></p></header><main>");
}

char *page_render(const struct status *status, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out) {
        return NULL;
    }
    put_head(out, status);
    put_advice(out, status);
    put_timeline(out, status);
    put_tables(out, status);
    put_steps(out, status);
    put_migrations(out, status);
    element(out, "</main><footer>pgentry ", status->version,
            " · <a href=/status.json>status.json</a> · <a href=/metrics>metrics</a></footer></body></html>\n");
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
