/* The page for people: one self-contained HTML document, no script, no outside resource. */
#include "status/page.h"

#include "status/documents.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "status/page_style.h" /* PAGE_STYLE and PAGE_STYLE_HASH, made from page.css when building */

#define TIMELINE_WIDTH 1000 /* units of the drawing */
#define SPELL_MIN 4         /* of them: what took no time is seen all the same */
#define REFRESH_BOOTING 2   /* seconds */
#define REFRESH_SETTLED 15  /* who reads or copies is not interrupted all the time */

const char *page_policy(void)
{
    return "default-src 'none'; style-src 'sha256-" PAGE_STYLE_HASH "'; img-src data:; base-uri 'none'; "
           "form-action 'none'; frame-ancestors 'none'";
}

static const char *entity(char byte)
{
    return byte == '&' ? "&amp;" : byte == '<' ? "&lt;" : byte == '>' ? "&gt;" : byte == '"' ? "&quot;" : "&#39;";
}

static void escape(FILE *out, const char *text)
{
    for (size_t plain; *text; text += plain) {
        plain = strcspn(text, "&<>\"'");
        fwrite(text, 1, plain, out);
        if (plain == 0) {
            fputs(entity(*text++), out);
        }
    }
}

void page_element(FILE *out, const char *open, const char *text, const char *close)
{
    fputs(open, out);
    escape(out, text);
    fputs(close, out);
}

void page_time(FILE *out, const char *timestamp)
{
    page_element(out, "<time datetime='", timestamp, "'>");
    fprintf(out, "%.10s %.8s UTC</time>", timestamp, strlen(timestamp) > 19 ? timestamp + 11 : "");
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- what it is, and what to do next ---- */

enum tone { TONE_BUSY, TONE_GOOD, TONE_WARN, TONE_BAD };

/* Words between ` are code. The first row that fits is taken. */
struct sentence {
    enum phase phase;
    enum seen { ANY, AWAITED, UNKNOWN, HEALTHY, CONNECTED } when;
    int failed_with; /* 0: whatever it was */
    enum tone tone;
    const char *is, *next;
};

static const struct sentence sentences[] = {
    { PHASE_WAITING, ANY, 0, TONE_BUSY, "PostgreSQL does not take queries yet.",
      "If this lasts: is the server running, and is `database.url` right? `pgentry diagnose` in this container tells "
      "more." },
    { PHASE_CHECKING, AWAITED, 0, TONE_BUSY, "Another container is waited for: it is to bring the schema up.",
      "Nothing, if one is migrating: it goes on once the schema verifies and no migration is pending. When "
      "`verify.timeout` is over, the boot fails." },
    { PHASE_CHECKING, ANY, 0, TONE_BUSY, "The schema is being looked at.", "Nothing: this takes a moment." },
    { PHASE_LOCKING, ANY, 0, TONE_BUSY, "The migration lock is waited for: one replica at a time migrates.",
      "Nothing: it goes on once the other replica is done. The log names who holds the lock." },
    { PHASE_MIGRATING, ANY, 0, TONE_BUSY, "The migration steps are running.",
      "Wait, and do not stop the container: a long migration is no fault. What the step prints is below; "
      "`pgentry diagnose` in this container names a session that is in its way." },
    { PHASE_VERIFYING, ANY, 0, TONE_BUSY, "The schema is being verified.", "Nothing: this takes a moment." },
    { PHASE_STARTING, ANY, 0, TONE_BUSY, "The schema was verified; the application is being started.", "Nothing." },
    { PHASE_RUNNING, UNKNOWN, 0, TONE_WARN,
      "The application runs; no table was verified, for it is not known which it needs.",
      "List them in `verify.tables`: `pgentry init` writes a file to begin with." },
    { PHASE_RUNNING, HEALTHY, 0, TONE_GOOD, "The application runs on a healthy schema.", "Nothing: all is well." },
    { PHASE_RUNNING, CONNECTED, 0, TONE_WARN, "The application runs, but something that it needs is gone.",
      "Mend what is listed below. It is looked at again every `verify.interval`, and `pgentry verify` looks at once." },
    { PHASE_RUNNING, ANY, 0, TONE_BAD, "The application runs, but its database is not reachable.",
      "Look at the database server. It is tried again every `verify.interval`; `pgentry diagnose` tells more." },
    { PHASE_STOPPING, ANY, 0, TONE_BUSY, "The application is being stopped.", "Nothing: pgentry ends with it." },
    { PHASE_HELD, ANY, STATUS_SCHEMA, TONE_BAD, "The boot failed, and the application was not started.",
      "Mend what is listed below, by hand or with `pgentry sync` in this container. Once the schema verifies, the "
      "application starts by itself; a mended schema.prisma or migration is read after `kill -HUP 1`, a changed "
      "configuration when the container starts again." },
    { PHASE_HELD, ANY, STATUS_STEPS, TONE_BAD, "The boot failed, and the application was not started.",
      "Mend what the steps complain of, then `kill -HUP 1` runs them again. Where pgentry reads the tool's migration "
      "history, the application also starts by itself once the schema verifies and nothing is pending there." },
    { PHASE_HELD, ANY, 0, TONE_BAD, "The boot failed, and the application was not started.",
      "Mend the cause. The boot begins anew by itself once queries work, or at once with `kill -HUP 1`." },
    { PHASE_FAILED, ANY, 0, TONE_BAD, "The boot failed, and the application was not started.",
      "Mend the cause and start the container again." },
};

static bool nothing_is_verified(const struct check *check)
{
    return check && check->problem_count == 1 && check->problems[0].code == PROBLEM_NOTHING_TO_VERIFY;
}

static bool is_awaited(const struct status *status)
{
    const struct check *check = status->check;

    return status->awaits && check && (!check->healthy || check_behind(check));
}

static bool is_so(enum seen when, const struct status *status)
{
    switch (when) {
    case AWAITED:
        return is_awaited(status);
    case UNKNOWN:
        return status->connected && nothing_is_verified(status->check);
    case HEALTHY:
        return is(status_word(status), "healthy");
    case CONNECTED:
        return status->connected;
    case ANY:
        break;
    }
    return true;
}

static const struct sentence *find(const struct status *status)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const struct sentence *s = &sentences[i];
        if (s->phase == status->phase && is_so(s->when, status) &&
            (!s->failed_with || s->failed_with == status->failed_with)) {
            return s;
        }
    }
    return &sentences[0]; /* never: every phase has a row */
}

static void put_prose(FILE *out, const char *text)
{
    bool code = false;
    for (; *text; text++) {
        if (*text == '`') {
            fputs(code ? "</code>" : "<code>", out);
            code = !code;
        } else {
            fputc(*text, out);
        }
    }
}

/* The schema is fine now, yet the first way to it is broken: the next deployment meets it again. False if there is no
 * such step. */
static bool put_detour(FILE *out, const struct status *status)
{
    for (size_t i = 0; i < status->step_count; i++) {
        const struct status_step *step = &status->steps[i];
        if (step_went_wrong(step->result)) {
            page_element(out, "<p id=detour>Step <b>", step->name, "</b> ");
            fprintf(out,
                    "%s on the way: mend it before the next deployment, which would meet it again. "
                    "<a href='#steps'>Its last lines</a></p>",
                    step->result == STEP_REFUSED ? "was refused" : step_result_word(step->result));
            return true;
        }
    }
    return false;
}

static void put_next(FILE *out, const struct status *status, const struct sentence *sentence)
{
    fputs("<section id=next><h2>What to do next</h2>", out);
    if (*status->reason && !status->ready) {
        page_element(out, "<p class=cause id=reason>", status->reason, "</p>");
    }
    if (*status->error) {
        page_element(out, "<p class=cause id=error>", status->error, "</p>");
    }
    if (sentence->tone != TONE_GOOD || !put_detour(out, status)) {
        fputs("<p>", out);
        put_prose(out, sentence->next);
        fputs("</p>", out);
    }
    fputs("</section>", out);
}

/* ---- timeline ---- */

/* The spells that are drawn: those of the newest boot, up to where it came to rest. */
struct boot_drawn {
    size_t first, end; /* as indices */
    int64_t begin_us, end_us;
};

static struct boot_drawn find_drawn(const struct status *status)
{
    size_t count = status->spell_count;
    struct boot_drawn drawn = { .end = count };
    for (size_t i = 0; i + 1 < count; i++) { /* what was held before is no part of it */
        if (status->spells[i].phase == PHASE_HELD) {
            drawn.first = i + 1;
        }
    }
    drawn.begin_us = status->spells[drawn.first].begin_us;
    drawn.end_us = clock_now_us() - status->began_us;
    for (size_t i = drawn.first; i < count; i++) {
        if (status->spells[i].phase == PHASE_RUNNING || status->spells[i].phase == PHASE_HELD) {
            drawn.end = i;
            drawn.end_us = status->spells[i].begin_us;
            break;
        }
    }
    drawn.end_us = drawn.end_us > drawn.begin_us ? drawn.end_us : drawn.begin_us + 1;
    return drawn;
}

static void put_drawing(FILE *out, const struct status *status, const struct boot_drawn *drawn)
{
    int64_t total = drawn->end_us - drawn->begin_us;
    fprintf(out, "<svg viewBox='0 0 %d 40' role=img aria-label='Timeline of the boot' preserveAspectRatio=none>",
            TIMELINE_WIDTH);
    for (size_t i = drawn->first; i < drawn->end; i++) {
        const struct status_spell *spell = &status->spells[i];
        const char *word = phase_word(spell->phase);
        int64_t took = status_spell_took(spell, drawn->end_us);
        int64_t x = (spell->begin_us - drawn->begin_us) * TIMELINE_WIDTH / total;
        int64_t width = took * TIMELINE_WIDTH / total;
        char time[DURATION_TEXT];
        x = x > TIMELINE_WIDTH - SPELL_MIN ? TIMELINE_WIDTH - SPELL_MIN : x;
        fprintf(out, "<rect class='p-%s' x=%" PRId64 " y=0 width=%" PRId64 " height=40><title>%s %s</title></rect>",
                word, x, width > SPELL_MIN ? width : SPELL_MIN, word, duration_human(took / 1000, time));
    }
    fputs("</svg>", out);
}

static void put_timeline(FILE *out, const struct status *status)
{
    int64_t now = clock_now_us() - status->began_us;
    struct boot_drawn drawn = find_drawn(status);
    char took[DURATION_TEXT];

    fputs("<section id=boot><h2>Boot</h2>", out);
    put_drawing(out, status, &drawn);
    fprintf(out, "<p class=axis><span>0</span><span>%s</span></p><ol class=spells>",
            duration_human((drawn.end_us - drawn.begin_us) / 1000, took));
    for (size_t i = 0; i < status->spell_count; i++) {
        const struct status_spell *spell = &status->spells[i];
        const char *word = phase_word(spell->phase);
        fprintf(out, "<li><i class='k-%s'></i>%s <small>%s</small></li>", word, word,
                duration_human(status_spell_took(spell, now) / 1000, took));
    }
    fputs("</ol></section>", out);
}

/* ---- head ---- */

static const char *const tone_words[] = {
    [TONE_BUSY] = "busy", [TONE_GOOD] = "fine", [TONE_WARN] = "warn", [TONE_BAD] = "wrong"
};

static void put_document_head(FILE *out, const struct status *status, const struct sentence *sentence)
{
    static const char *const colours[] = {
        [TONE_BUSY] = "0969da", [TONE_GOOD] = "1a7f37", [TONE_WARN] = "bf8700", [TONE_BAD] = "cf222e"
    };
    bool settled = status->phase == PHASE_RUNNING || status->phase == PHASE_HELD;
    fprintf(out,
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
            "content='width=device-width,initial-scale=1'><meta name=color-scheme content='light dark'><meta "
            "http-equiv=refresh content=%d><title>%s: pgentry</title><link rel=icon "
            "href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%%3E%%3Ccircle "
            "cx='4' cy='4' r='4' fill='%%23%s'/%%3E%%3C/svg%%3E\">",
            settled ? REFRESH_SETTLED : REFRESH_BOOTING, phase_word(status->phase), colours[sentence->tone]);
    fputs("<style>" PAGE_STYLE "</style></head>", out);
}

static void put_facts(FILE *out, const struct status *status)
{
    const struct check *check = status->check;
    char ago[DURATION_TEXT];
    fprintf(out, "<dl><div><dt>Schema</dt><dd id=status>%s</dd></div>",
            check || !status->connected ? status_word(status) : "not looked at yet");
    if (check) {
        fprintf(out, "<div><dt>Tables</dt><dd>%zu of %zu healthy</dd></div>", status_healthy_tables(check),
                check->table_count);
    }
    fprintf(out, "<div><dt>Database</dt><dd id=database>%s", status->connected ? "connected" : "not connected");
    if (*status->host) {
        page_element(out, ", ", status->host, "");
    }
    if (check && check->server_version) {
        page_element(out, ", PostgreSQL ", check->server_version, "");
    }
    fputs("</dd></div><div><dt>Boot began</dt><dd>", out);
    page_time(out, status->began);
    fprintf(out, ", %s ago</dd></div></dl>", duration_human((clock_now_us() - status->began_us) / 1000, ago));
}

char *page_render(const struct status *status)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    const struct sentence *sentence = find(status);
    if (!out) {
        return NULL;
    }
    put_document_head(out, status, sentence);
    fprintf(out, "<body class=%s><header><h1><span id=phase>%s</span></h1><p id=is>%s</p>", tone_words[sentence->tone],
            phase_word(status->phase), sentence->is);
    put_facts(out, status);
    fputs("</header><main>", out);
    put_next(out, status, sentence);
    put_timeline(out, status);
    page_tables(out, status);
    page_steps(out, status);
    page_migrations(out, status);
    page_element(out, "</main><footer>pgentry ", status->version,
                 " · <a href='/status.json'>status.json</a> · <a href='/health/database'>health</a> · "
                 "<a href='/metrics'>metrics</a></footer></body></html>\n");
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
