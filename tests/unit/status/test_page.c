#include "status/documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page;

/* Every element is closed in the one that it was opened in. */
static void assert_balanced(const char *text)
{
    static const char *const alone[] = { "meta", "link", "br", "!doctype" };
    char open[32][16];
    size_t depth = 0;

    while ((text = strchr(text, '<'))) {
        bool closes = *++text == '/', is_alone = false;
        char name[16];

        text += closes;
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(text, " >"), text);
        for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
            is_alone |= strcmp(name, alone[i]) == 0;
        }
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
        } else if (!is_alone) {
            strcpy(open[depth++], name);
        }
    }
    assert_int_equal(depth, 0);
}

static const char *render(const struct status *status)
{
    free(page);
    page = document_render(DOCUMENT_PAGE, status);
    assert_non_null(page);
    assert_balanced(page);
    return page;
}

/* Between the heading and the end of its section. */
static const char *section(const char *heading)
{
    static char text[4096];
    char words[64];
    const char *begin;

    (void)snprintf(words, sizeof words, "<h2>%s</h2>", heading);
    begin = strstr(page, words);
    assert_non_null(begin);
    begin += strlen(words);
    (void)snprintf(text, sizeof text, "%.*s", (int)(strstr(begin, "</section>") - begin), begin);
    return text;
}

static int forget(void **state)
{
    (void)state;
    free(page);
    page = NULL;
    return 0;
}

/* What it is, in a phase. */
static struct status in_phase(enum phase phase, const struct check *check)
{
    return (struct status){
        .version = "1", .phase = phase, .schema = "app", .preset = "none", .connected = true, .check = check
    };
}

static struct table_state one[] = { { "users", 0, true, true } }, lacking[] = { { "users", 0, true, false } };
static struct problem nothing[] = { { PROBLEM_NOTHING_TO_VERIFY, "schema", NULL, 0 } };
static struct problem column[] = { { PROBLEM_MISSING_COLUMN, "app.users.id", NULL, 1 } };
static const struct check healthy = { .tables = one, .table_count = 1, .healthy = true };
static const struct check broken = { .tables = lacking, .table_count = 1, .problems = column, .problem_count = 1 };
static const struct check behind = { .tables = one,
                                     .table_count = 1,
                                     .healthy = true,
                                     .migrations = {
                                         .known = true, .local = 2, .applied = 1, .pending = { .count = 1 } } };
static const struct check unknown = { .problems = nothing, .problem_count = 1, .healthy = true };

static void it_says_what_is_and_what_to_do_next(void **state)
{
    static const struct {
        enum phase phase;
        const struct check *check;
        bool disconnected, awaits;
        int failed_with;
        const char *tone, *is, *next;
        int refresh;
    } rows[] = {
        { PHASE_WAITING, NULL, true, false, 0, "busy", "does not take queries yet", "is the server running", 2 },
        { PHASE_CHECKING, &broken, false, true, 0, "busy", "Another container is waited for", "verify.timeout", 2 },
        { PHASE_CHECKING, &behind, false, true, 0, "busy", "Another container is waited for", "verify.timeout", 2 },
        { PHASE_CHECKING, &broken, false, false, 0, "busy", "is being looked at", "a moment", 2 },
        { PHASE_CHECKING, &healthy, false, true, 0, "busy", "is being looked at", "a moment", 2 },
        { PHASE_CHECKING, NULL, false, true, 0, "busy", "is being looked at", "a moment", 2 },
        { PHASE_LOCKING, &broken, false, false, 0, "busy", "migration lock is waited for", "who holds the lock", 2 },
        { PHASE_MIGRATING, &broken, false, false, 0, "busy", "steps are running", "do not stop the container", 2 },
        { PHASE_VERIFYING, &broken, false, false, 0, "busy", "is being verified", "a moment", 2 },
        { PHASE_STARTING, &healthy, false, false, 0, "busy", "is being started", "Nothing.", 2 },
        { PHASE_RUNNING, &unknown, false, false, 0, "warn", "no table was verified", "pgentry init", 15 },
        { PHASE_RUNNING, &healthy, false, false, 0, "fine", "on a healthy schema", "all is well", 15 },
        { PHASE_RUNNING, &broken, false, false, 0, "warn", "that it needs is gone", "what is listed below", 15 },
        { PHASE_RUNNING, &healthy, true, false, 0, "wrong", "database is not reachable", "database server", 15 },
        { PHASE_RUNNING, &unknown, true, false, 0, "wrong", "database is not reachable", "database server", 15 },
        { PHASE_STOPPING, &healthy, false, false, 0, "busy", "is being stopped", "ends with it", 2 },
        { PHASE_HELD, &broken, false, false, 65, "wrong", "was not started", "starts by itself; a mended", 15 },
        { PHASE_HELD, &healthy, false, false, 70, "wrong", "was not started", "what the steps complain of", 15 },
        { PHASE_HELD, NULL, true, false, 69, "wrong", "was not started", "once queries work", 15 },
        { PHASE_FAILED, NULL, true, false, 0, "wrong", "was not started", "start the container again", 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct status status = in_phase(rows[i].phase, rows[i].check);
        char words[128];
        const char *next;

        status.connected = !rows[i].disconnected;
        status.awaits = rows[i].awaits;
        status.failed_with = rows[i].failed_with;
        (void)snprintf(words, sizeof words, "<body class=%s><header><h1><span id=phase>%s<", rows[i].tone,
                       phase_word(rows[i].phase));
        if (!strstr(render(&status), words)) {
            fail_msg("row %zu: %s", i, words);
        }
        (void)snprintf(words, sizeof words, "refresh content=%d>", rows[i].refresh);
        assert_non_null(strstr(page, words));
        next = strstr(strstr(page, "<p id=is>"), rows[i].is);
        if (!next || !strstr(strstr(next, "What to do next"), rows[i].next)) {
            fail_msg("row %zu: %s", i, rows[i].next);
        }
    }
}

static void code_is_marked_in_what_to_do_and_texts_of_others_are_none(void **state)
{
    struct status status = in_phase(PHASE_WAITING, NULL);

    (void)state;
    status.connected = false;
    strcpy(status.error, "<b> & 'no' \"answer\"");
    strcpy(status.reason, "why");
    (void)render(&status);
    assert_null(strstr(section("What to do next"), "<p></p>"));
    assert_non_null(strstr(page, "is <code>database.url</code> right? <code>pgentry diagnose</code> in"));
    assert_non_null(strstr(page, "id=error>&lt;b&gt; &amp; &#39;no&#39; &quot;answer&quot;</p>"));
    assert_non_null(strstr(page, "id=reason>why</p>"));
    status.ready = true; /* what was is over */
    assert_null(strstr(render(&status), "id=reason"));
    status = in_phase(PHASE_HELD, NULL);
    (void)render(&status);
    assert_null(strstr(page, "class=cause"));
}

/* Where all is well, the next deployment's trouble is what there is to do. */
static void a_step_that_failed_on_the_way_is_what_to_mend_next(void **state)
{
    struct status_step steps[] = {
        { .list = "steps",
          .name = "deploy",
          .outcome = "exit <1>",
          .result = STEP_FAILED,
          .attempts = 2,
          .took = 1000,
          .last = "no such table" },
        { .list = "steps", .name = "push", .result = STEP_OK, .attempts = 1, .took = 1000, .outcome = "not told" },
        { .list = "after", .name = "seed", .result = STEP_RUNNING, .attempts = 1, .last = "sowing" },
        { .list = "after", .name = "clean", .result = STEP_NOT_RUN },
    };
    struct status status = in_phase(PHASE_RUNNING, &healthy);

    (void)state;
    status.steps = steps;
    status.step_count = 4;
    (void)render(&status);
    assert_non_null(strstr(page, "<p id=detour>Step <b>deploy</b> failed on the way"));
    assert_null(strstr(page, "all is well"));
    assert_non_null(strstr(page, "<b>deploy</b> <span class=bad>failed</span> <small>2 attempts, 1"));
    assert_non_null(strstr(page, "<details open><summary>last lines</summary><pre>no such table</pre>"));
    assert_non_null(strstr(page, "<b>push</b> <span class=good>succeeded</span> <small>1 attempt, 1"));
    assert_null(strstr(page, "not told"));
    assert_non_null(strstr(page, "</small><p>exit &lt;1&gt;</p><details open>"));
    assert_null(strstr(page, "<pre></pre>"));
    assert_null(strstr(page, "0 attempts"));
    assert_non_null(
        strstr(page, "<li><b>clean</b> <small class=list>after</small> <span class=plain>not run</span></li>"));
    assert_non_null(strstr(page, "<b>seed</b> <small class=list>after</small> <span class=busy>"));
    assert_non_null(strstr(page, "<details open><summary>last lines</summary><pre>sowing</pre>"));
    steps[0].result = STEP_REFUSED;
    assert_non_null(strstr(render(&status), "<b>deploy</b> was refused on the way"));
    steps[0].result = STEP_OK;
    (void)render(&status);
    assert_null(strstr(page, "id=detour"));
    assert_non_null(strstr(page, "all is well"));
    assert_non_null(strstr(page, "<details><summary>last lines</summary><pre>no such table</pre>"));
    steps[0].result = STEP_FAILED;
    status.check = &broken;
    (void)render(&status);
    assert_null(strstr(page, "id=detour"));
    assert_non_null(strstr(page, "what is listed below"));
}

static void the_head_tells_the_facts_that_are_known(void **state)
{
    struct check version = healthy;
    struct status status = in_phase(PHASE_CHECKING, NULL);

    (void)state;
    strcpy(status.began, "2025-10-12T10:29:58.120Z");
    status.began_us = clock_now_us() - (int64_t)7230 * 1000000;
    assert_non_null(strstr(render(&status), "<dd id=status>not looked at yet</dd></div><div><dt>Database</dt>"
                                            "<dd id=database>connected</dd>"));
    assert_non_null(
        strstr(page, "<time datetime='2025-10-12T10:29:58.120Z'>2025-10-12 10:29:58 UTC</time>, 2 h 0 min ago"));
    status.connected = false;
    assert_non_null(strstr(render(&status), "<dd id=status>unhealthy</dd></div><div><dt>Database</dt>"
                                            "<dd id=database>not connected</dd>"));
    status = in_phase(PHASE_RUNNING, &version);
    version.server_version = "15.18";
    strcpy(status.host, "db.example:5432");
    assert_non_null(strstr(render(&status),
                           "<dd id=status>healthy</dd></div><div><dt>Tables</dt><dd>1 of 1 healthy</dd>"
                           "</div><div><dt>Database</dt>"
                           "<dd id=database>connected, db.example:5432, PostgreSQL 15.18</dd>"));
}

/* ---- the drawing ---- */

static struct status spent(size_t count, const struct status_spell *spells)
{
    struct status status = in_phase(PHASE_RUNNING, &healthy);

    memcpy(status.spells, spells, count * sizeof *spells);
    status.spell_count = count;
    return status;
}

static void the_boot_is_drawn_up_to_where_it_came_to_rest(void **state)
{
    const struct status_spell spells[] = { { PHASE_WAITING, 0, 250000 },
                                           { PHASE_CHECKING, 250000, 250001 },
                                           { PHASE_MIGRATING, 250001, 1000000 },
                                           { PHASE_STARTING, 1000000, 1000000 },
                                           { PHASE_RUNNING, 1000000, 9000000 } };
    struct status status = spent(5, spells);
    const char *list;

    (void)state;
    list = strstr(render(&status), "</svg>");
    assert_non_null(strstr(page, "<rect class='p-waiting' x=0 y=0 width=250 height=40><title>waiting 250"));
    assert_non_null(strstr(page, "<rect class='p-checking' x=250 y=0 width=4 height=40>")); /* seen all the same */
    assert_non_null(strstr(page, "<rect class='p-migrating' x=250 y=0 width=749 height=40><title>migrating 749"));
    assert_non_null(strstr(page, "<rect class='p-starting' x=996 y=0 width=4 height=40>")); /* inside the drawing */
    assert_null(strstr(page, "<rect class='p-running'"));
    assert_non_null(strstr(list, "<p class=axis><span>0</span><span>1"));
    assert_non_null(strstr(list, "<i class='k-running'></i>running <small>8"));
}

static void of_a_boot_that_began_anew_what_was_held_before_is_not_drawn(void **state)
{
    const struct status_spell spells[] = { { PHASE_WAITING, 0, 1000000 },
                                           { PHASE_HELD, 1000000, 500000000 },
                                           { PHASE_CHECKING, 500000000, 500500000 },
                                           { PHASE_MIGRATING, 500500000, 501000000 },
                                           { PHASE_HELD, 501000000, -1 } };
    struct status status = spent(5, spells);

    (void)state;
    (void)render(&status);
    assert_null(strstr(page, "<rect class='p-waiting'"));
    assert_null(strstr(page, "<rect class='p-held'"));
    assert_non_null(strstr(page, "<rect class='p-checking' x=0 y=0 width=500 height=40>"));
    assert_non_null(strstr(page, "<rect class='p-migrating' x=500 y=0 width=500 height=40>"));
    assert_non_null(strstr(page, "<i class='k-held'></i>held"));
    assert_non_null(strstr(page, "<p class=axis><span>0</span><span>1"));
    status.spell_count = 3;
    status.spells[2].end_us = -1;
    (void)render(&status);
    assert_null(strstr(page, "<rect class='p-waiting'"));
    assert_non_null(strstr(page, "<rect class='p-checking' x=0 y=0 width=1000 height=40>"));
}

static void a_boot_that_goes_on_is_drawn_up_to_now(void **state)
{
    const struct status_spell spells[] = { { PHASE_WAITING, 0, 3600000000 }, { PHASE_MIGRATING, 3600000000, -1 } };
    struct status status = spent(2, spells);

    (void)state;
    status.phase = PHASE_MIGRATING;
    status.began_us = clock_now_us() - 2 * (int64_t)3600000000;
    (void)render(&status);
    assert_non_null(strstr(page, "<rect class='p-migrating' x=499 y=0 width=500 height=40><title>migrating 1 h"));
    assert_non_null(strstr(section("Boot"), "<p class=axis><span>0</span><span>2 h"));
    assert_non_null(strstr(section("Boot"), "<li><i class='k-migrating'></i>migrating <small>1 h"));
}

static void a_boot_that_took_no_time_is_drawn(void **state)
{
    const struct status_spell spells[] = { { PHASE_STARTING, 0, 0 }, { PHASE_RUNNING, 0, 0 } };
    struct status status = spent(2, spells);

    (void)state;
    assert_non_null(strstr(render(&status), "<rect class='p-starting' x=0 y=0 width=4 height=40>"));
    status.spell_count = 0;
    assert_null(strstr(render(&status), "<rect"));
}

/* ---- the schema ---- */

static void what_lacks_stands_at_its_table_and_the_rest_besides(void **state)
{
    struct table_state tables[] = { { "users", 0, true, true },
                                    { "orders", 0, true, false },
                                    { "other.orders", 5, true, false },
                                    { "gone", 0, false, false } };
    struct problem problems[] = { { PROBLEM_MISSING_COLUMN, "app.orders.id", NULL, 2 },
                                  { PROBLEM_MISSING_PRIVILEGE, "app.orders", "select", 2 },
                                  { PROBLEM_MISSING_PRIVILEGE, "schema app", "usage", 0 },
                                  { PROBLEM_MISSING_PRIVILEGE, "schema other", "usage", 0 },
                                  { PROBLEM_MISSING_TABLE, "app.gone", NULL, 4 },
                                  { PROBLEM_MISSING_EXTENSION, "citext", NULL, 0 },
                                  { PROBLEM_MISSING_EXTENSION, "<b>", NULL, 0 } };
    const struct check check = { .tables = tables, .table_count = 4, .problems = problems, .problem_count = 7 };
    struct status status = in_phase(PHASE_RUNNING, &check);
    const char *text;

    (void)state;
    strcpy(status.checked_at, "2025-10-12T10:29:58.120Z");
    (void)render(&status);
    text = section("Critical tables");
    assert_ptr_equal(text,
                     strstr(text, "<p class=plain>1 of 4 healthy, looked at <time datetime='2025-10-12T10:29:58."));
    assert_non_null(strstr(text, "</p><table><tr><th scope=row>orders</th><td class=bad>incomplete</td><td><ul>"
                                 "<li>no right to usage on schema app<p class=fix><span>To mend it</span> <code>"));
    assert_non_null(strstr(text, "</li><li>column app.orders.id does not exist<p"));
    assert_non_null(strstr(text, "</li><li>no right to select on app.orders<p"));
    assert_non_null(strstr(text, "<th scope=row>other.orders</th><td class=bad>incomplete</td><td><ul>"
                                 "<li>no right to usage on schema other<p"));
    assert_null(strstr(strstr(text, "usage on schema other") + 1, "no right to usage"));
    assert_non_null(strstr(text, "<th scope=row>gone</th><td class=bad>missing</td><td><ul>"
                                 "<li>table app.gone does not exist<p"));
    assert_non_null(strstr(text, "</table><ul class=besides><li>extension citext is not installed<p class=fix><span>"
                                 "To mend it</span> <code>CREATE EXTENSION &quot;citext&quot;</code>"));
    assert_non_null(strstr(text, "</p></li><li>extension &lt;b&gt; is not installed<p"));
    assert_non_null(strstr(text, "</ul><ul class=healthy><li class=good>users</li></ul>"));
}

static void where_nothing_lacks_no_table_of_problems_is_shown(void **state)
{
    struct status status = in_phase(PHASE_RUNNING, &healthy);

    (void)state;
    (void)render(&status);
    assert_null(strstr(section("Critical tables"), "<table>"));
    assert_string_equal(section("Steps"), "<p class=plain>None configured.</p>");
    assert_null(strstr(page, "<h2>Migrations</h2>"));
    status.check = NULL;
    (void)render(&status);
    assert_string_equal(section("Critical tables"), "<p class=plain>Not looked at yet.</p>");
}

static void the_state_of_the_migrations_is_told_with_their_names(void **state)
{
    const char *pending[] = { "3_<b>", "4" }, *edited[] = { "1" }, *gone[] = { "0" };
    struct check check = { .migrations = { .known = true,
                                           .local = 4,
                                           .applied = 2,
                                           .failed = 1,
                                           .pending = { 2, { .items = pending, .count = 2 } },
                                           .edited = { 1, { .items = edited, .count = 1 } },
                                           .gone = { 1, { .items = gone, .count = 1 } },
                                           .failed_name = "2&",
                                           .failed_log = "no <way>" } };
    struct status status = in_phase(PHASE_HELD, &check);

    (void)state;
    (void)render(&status);
    assert_string_equal(section("Migrations"),
                        "<dl><div><dt>local</dt><dd class=plain>4</dd></div>"
                        "<div><dt>applied</dt><dd class=plain>2</dd></div>"
                        "<div><dt>pending</dt><dd class=warn>2<br><code>3_&lt;b&gt;</code><br><code>4</code></dd></div>"
                        "<div><dt>failed</dt><dd class=bad>1</dd></div>"
                        "<div><dt>edited after being applied</dt><dd class=warn>1<br><code>1</code></dd></div>"
                        "<div><dt>recorded, but gone locally</dt><dd class=warn>1<br><code>0</code></dd></div></dl>"
                        "<p>Failed: <code>2&amp;</code></p><pre>no &lt;way&gt;</pre>");
    check = (struct check){ .migrations = { .known = true } };
    (void)render(&status);
    assert_non_null(strstr(section("Migrations"), "<dt>failed</dt><dd class=plain>0</dd>"));
    assert_null(strstr(section("Migrations"), "<p"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_says_what_is_and_what_to_do_next, forget),
        cmocka_unit_test_teardown(code_is_marked_in_what_to_do_and_texts_of_others_are_none, forget),
        cmocka_unit_test_teardown(a_step_that_failed_on_the_way_is_what_to_mend_next, forget),
        cmocka_unit_test_teardown(the_head_tells_the_facts_that_are_known, forget),
        cmocka_unit_test_teardown(the_boot_is_drawn_up_to_where_it_came_to_rest, forget),
        cmocka_unit_test_teardown(of_a_boot_that_began_anew_what_was_held_before_is_not_drawn, forget),
        cmocka_unit_test_teardown(a_boot_that_goes_on_is_drawn_up_to_now, forget),
        cmocka_unit_test_teardown(a_boot_that_took_no_time_is_drawn, forget),
        cmocka_unit_test_teardown(what_lacks_stands_at_its_table_and_the_rest_besides, forget),
        cmocka_unit_test_teardown(where_nothing_lacks_no_table_of_problems_is_shown, forget),
        cmocka_unit_test_teardown(the_state_of_the_migrations_is_told_with_their_names, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
