"""The page of the endpoint as a person sees it: in Chromium, without scripts, in every phase (contract section 5)."""
import os
import signal

import pytest
from browser import DESK, PHONE, Browser
from endpoint import Endpoint
from supervisor import wait_until

LADDER = """\
verify: {tables: [users, {name: avatar_projects, columns: [id, name]}], interval: 200ms}
migrate:
  preset: none
  when: unverified
  steps:
    - {name: deploy, run: "echo 'Error: P3009'; exit 1", attempts: 2, delay: 10ms, permanent_errors: []}
    - {name: raw SQL, sql: [fallback.sql]}
"""
TABLES = "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int, name text);"
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></pre>&amp;"
# Of every text on the page against what is behind it; WCAG 2.1 section 1.4.3 wants 4.5.
CONTRAST = """(() => {
  const light = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = one => { for (; one; one = one.parentElement) { const colour = getComputedStyle(one).backgroundColor;
      if (!/rgba\\(0, 0, 0, 0\\)/.test(colour)) return colour; } };
  return Array.from(document.querySelectorAll('body *'))
    .filter(one => Array.from(one.childNodes).some(node => node.nodeType === 3 && node.data.trim()))
    .filter(one => !one.closest('svg'))
    .map(one => { const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.tagName + ' ' + one.innerText.slice(0, 40)]; })
    .sort((x, y) => x[0] - y[0]); })()"""


@pytest.fixture(scope="session")
def _browser():
    window = Browser()
    yield window
    window.close()


@pytest.fixture
def browser(_browser):
    _browser.look(DESK)
    _browser.console()
    return _browser


@pytest.fixture
def start(pgentry, endpoint):
    """Starts a supervisor on which the page is looked at."""
    def begin(url, **env):
        supervisor = pgentry.start("run", "--", "sleep", "600", url=url, env={**endpoint.env, **env})
        endpoint.up()
        return supervisor
    return begin


@pytest.fixture
def see(browser, endpoint):
    """Opens the page and waits until it shows the phase."""
    def look(phase, status=None):
        def shows():
            browser.open(f"http://{endpoint.address}/")
            return (browser.text("#phase").lower() == phase and status in (None, browser.text("#status"))) or None
        wait_until(shows, what=f"the page in phase {phase}")
        assert browser.console() == [], "nothing was refused, nothing failed to load"
        return browser
    return look


def drawn(browser):
    """The phases on the timeline, left to right, and each one's width in pixels."""
    return browser.run("Array.from(document.querySelectorAll('svg rect'), one => "
                       "[one.getAttribute('class').slice(2), one.getBoundingClientRect().width])")


def test_while_waiting(start, see, project):
    """The server's answer, what to do, and nothing that nobody knows yet."""
    project({"pgentry.yaml": LADDER, "fallback.sql": TABLES})
    start("postgresql://shop:s3cret@127.0.0.1:1/shop")
    page = see("waiting")
    wait_until(lambda: "refused" in (see("waiting").text("#error") or ""), what="the error on the page")
    assert "is the server running" in page.text("#next")
    assert page.text("#tables").endswith("Not looked at yet.")
    assert [name for name, _ in drawn(page)] == ["waiting"]
    assert page.texts(".steps li b") == ["deploy", "raw SQL"]
    assert page.texts(".steps li .plain") == ["not run", "not run"]
    assert "s3cret" not in page.run("document.documentElement.outerHTML")


def test_while_a_step_runs_and_another_replica_waits(pgentry, start, see, browser, database, project, endpoint):
    """The running step with its last lines open; the other one says that it waits for the lock."""
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{name: gated, attempts: 1, run: "
                                      "\"echo applying; read line <gate; exit $line\"}]}\n"})
    os.mkfifo(folder / "gate")
    start(database.url)
    endpoint.until(lambda report: report["steps"][0]["lastLines"])
    page = see("migrating")
    assert "do not stop the container" in page.text("#next")
    assert page.text(".steps .busy") == "running" and "1 attempt" in page.text(".steps li")
    assert page.text(".steps pre") == "applying", "open while it runs"
    assert page.text("#tables th") == "users" and "missing" in page.text("#tables td.bad")
    assert [name for name, _ in drawn(page)][-1] == "migrating"
    other = Endpoint()
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=other.env)
    other.up().in_phase("locking")
    wait_until(lambda: browser.open(f"http://{other.address}/").text("#phase").lower() == "locking")
    assert "other replica" in browser.text("#next")


def test_while_checking_and_verifying(start, see, database, project, endpoint):
    """A look that lasts, before and after the step. PID 1 is stopped in it, so that it lasts until the page was read."""
    database.as_app("CREATE TABLE gate (open bool)")
    folder = project({"pgentry.yaml": "verify: {tables: [gate], asserts: [{name: open, sql: SELECT open FROM gate}]}\n"
                                      "migrate: {steps: [{name: gated, attempts: 1, run: 'read line <gate'}]}\n"})
    os.mkfifo(folder / "gate")
    with database.direct() as other:
        with other.transaction():
            other.execute("LOCK TABLE gate")
            supervisor = start(database.url)
            endpoint.in_phase("checking")
            supervisor.signal(signal.SIGSTOP)
            page = see("checking")
            assert page.text("#tables").endswith("Not looked at yet.") and page.texts(".steps li .plain") == ["not run"]
        supervisor.signal(signal.SIGCONT)
        endpoint.in_phase("migrating")
        with other.transaction():
            other.execute("LOCK TABLE gate")
            (folder / "gate").write_text("go\n")
            endpoint.in_phase("verifying")
            supervisor.signal(signal.SIGSTOP)
            page = see("verifying")
            assert "succeeded" in page.text(".steps li") and page.text(".steps .busy") is None
            assert [name for name, _ in drawn(page)][-1] == "verifying"


def test_while_another_container_is_to_bring_the_schema_up(start, see, database, project):
    """It may take as long as verify.timeout, and not a moment."""
    project({"pgentry.yaml": "verify: {tables: [users], timeout: 10m}\nmigrate: {preset: none}\n"})
    start(database.url)
    page = see("checking")
    wait_until(lambda: see("checking").texts("#tables .bad"), what="what the first look found")
    assert "Another container is waited for" in page.text("#is")
    assert "verify.timeout" in page.text("#next") and "a moment" not in page.text("#next")


def test_while_running_on_a_schema_that_a_later_step_brought_up(start, see, database, project):
    """Healthy, and yet it says which step failed on the way, with attempts and last lines."""
    project({"pgentry.yaml": LADDER, "fallback.sql": TABLES})
    start(database.url)
    page = see("running")
    assert page.text("#status") == "healthy" and page.run("document.body.className") == "fine"
    assert "deploy failed on the way" in page.text("#detour")
    assert page.texts(".healthy li") == ["users", "avatar_projects"] and page.text("#tables table") is None
    first, second = page.texts(".steps li")
    assert "failed" in first and "2 attempts" in first and "exit status 1" in first and "Error: P3009" in first
    assert "succeeded" in second and "1 attempt" in second
    assert page.run("document.querySelectorAll('.steps details')[1].open") is False
    phases = [name for name, _ in drawn(page)]
    assert phases[0] == "waiting" and phases[-1] == "starting" and "migrating" in phases and "running" not in phases
    assert all(width >= 2 for _, width in drawn(page)), "what took no time is seen all the same"
    assert [line.split()[0] for line in page.texts(".spells li")] == [*phases, "running"]


def test_degraded_disconnected_and_mended(start, see, late, project):
    """A column goes, then the table, then the server: what is wrong stands beside the table, with the way to mend it."""
    late.cluster.start()
    late.as_app(TABLES)
    project({"pgentry.yaml": LADDER, "fallback.sql": TABLES})
    start(late.url, PGENTRY_HEALTH_FAILURES="1", PGENTRY_WAIT_CONNECT_TIMEOUT="1s")
    page = see("running", "healthy")
    assert "all is well" in page.text("#next")
    late.sql("ALTER TABLE avatar_projects DROP COLUMN name")
    page = see("running", "degraded")
    assert page.run("document.body.className") == "warn" and "gone" in page.text("#is")
    [row] = page.texts("#tables tr")
    assert "avatar_projects" in row and "incomplete" in row and "avatar_projects.name does not exist" in row
    assert "pgentry sync --force" in page.text("#tables .fix")
    assert page.texts(".healthy li") == ["users"]
    late.sql("DROP TABLE avatar_projects")
    wait_until(lambda: "missing" in see("running", "degraded").text("#tables tr"))
    late.cluster.stop("immediate")
    page = see("running", "unhealthy")
    assert page.run("document.body.className") == "wrong" and "not reachable" in page.text("#is")
    assert page.text("#database").startswith("not connected") and page.text("#error")
    late.cluster.start()
    late.as_app("CREATE TABLE avatar_projects (id int, name text)")
    assert "all is well" in see("running", "healthy").text("#next")


def test_while_running_where_nothing_is_known_to_be_verified(start, see, database):
    """Not called well: an empty database would look the same."""
    start(database.url)
    page = see("running", "healthy")
    assert "no table was verified" in page.text("#is") and "verify.tables" in page.texts("#next code")


def test_while_held_after_failed_steps(start, see, database, project):
    """The reason, each step's last lines with file, line and column, and what starts the application."""
    project({"pgentry.yaml": LADDER, "fallback.sql": "CREATE TABLE avatar_projects (id int;\n"})
    start(database.url, PGENTRY_ON_FAILURE="hold")
    page = see("held")
    assert page.run("document.body.className") == "wrong"
    assert page.text("#reason") == "every migration step failed"
    assert "nothing is pending" in page.text("#next") and "kill -HUP 1" in page.texts("#next code")
    assert "fallback.sql:1:37: ERROR 42601" in page.texts(".steps pre")[1]
    assert [name for name, _ in drawn(page)][-2:] == ["migrating", "verifying"]  # what they left was looked at


def test_while_held_on_a_schema_that_is_not_healthy(start, see, database, project):
    """Without steps: the way out is the schema alone."""
    project({"pgentry.yaml": "verify: {tables: [users, plans], interval: 200ms}\n"})
    start(database.url, PGENTRY_ON_FAILURE="hold")
    page = see("held", "unhealthy")
    assert "not healthy" in page.text("#reason") and "pgentry sync" in page.texts("#next code")
    assert page.texts("#tables th") == ["users", "plans"] and len(page.texts("#tables .fix")) == 2
    assert page.text("#steps").endswith("None configured.")


def test_an_index_or_a_right_that_is_missing_stands_at_its_table(start, see, database, project):
    """Though neither bears the table's name."""
    database.as_app("CREATE TABLE users (id int); CREATE TABLE plans (id int)")
    database.sql(f"CREATE SCHEMA vault; CREATE TABLE vault.keys (id int); GRANT SELECT ON vault.keys TO {database.user}")
    project({"pgentry.yaml": "verify: {tables: [{name: users, indexes: [by_name]}, plans, "
                             "{name: vault.keys, privileges: [select]}], interval: 200ms}\n"})
    start(database.url, PGENTRY_ON_FAILURE="hold")
    page = see("held")
    rows = dict(zip(page.texts("#tables th"), page.texts("#tables td ul")))
    assert "index public.by_name does not exist" in rows["users"], rows
    assert "no right to usage on schema vault" in rows["vault.keys"], rows
    assert page.texts(".besides") == []


def test_while_stopping(start, see, pgentry, endpoint, database, project):
    """The application takes its time."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\n", "app.sh":
                      "#!/bin/sh\ntrap 'echo asked' TERM\necho the app is there\nuntil [ -e end ]; do sleep 0.1; done\n"})
    supervisor = pgentry.start("run", "--", "./app.sh", url=database.url, env=endpoint.env)
    supervisor.wait_for("the app is there")
    supervisor.terminate()
    endpoint.up()
    page = see("stopping")
    assert "being stopped" in page.text("#is") and page.text("#status") == "healthy"
    (folder / "end").touch()
    supervisor.wait()


def test_it_refreshes_itself_while_booting(start, see, browser, late, project):
    """Opened once, with scripts off; it ends up showing the application that runs."""
    project({"pgentry.yaml": LADDER, "fallback.sql": TABLES})
    start(late.url)
    see("waiting")
    late.cluster.start()
    wait_until(lambda: (browser.text("#phase") or "").lower() == "running", what="the page by itself")


def test_the_migration_state(start, see, database, project):
    """Local, applied, pending with their names; recorded ones that are gone locally."""
    folder = project({"pgentry.yaml": """\
        verify: {tables: [users]}
        migrate: {preset: dbmate, steps: [{name: dbmate, run: [dbmate, up], attempts: 1}]}
        """, "node_modules/.bin/dbmate": "#!/bin/sh\nread line <gate\n",
             "db/migrations/20240101000000_users.sql": "-- migrate:up\n",
             "db/migrations/20240102000000_plans.sql": "-- migrate:up\n"})
    (folder / "node_modules/.bin/dbmate").chmod(0o755)
    os.mkfifo(folder / "gate")
    database.as_app("CREATE TABLE users (id int); CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                    " INSERT INTO schema_migrations VALUES ('20240101000000'), ('20230101000000')")
    start(database.url)
    page = see("migrating")
    shown = dict(entry.split("\n", 1) for entry in page.texts("#migrations dl div"))
    assert shown["local"] == "2" and shown["failed"] == "0"
    assert shown["pending"].startswith("1") and "20240102000000" in shown["pending"]
    assert shown["recorded, but gone locally"].startswith("1") and "20230101000000" in shown["recorded, but gone locally"]


def test_nothing_that_a_step_or_a_name_holds_becomes_markup(start, see, browser, database, project):
    """Scripts are on for this one, and the output is there to be read as it was printed."""
    name = "<b>bold</b> & \"quoted\""
    project({"pgentry.yaml": f"""\
        verify: {{tables: ['{name}'], interval: 0}}
        migrate: {{steps: [{{name: '<i>it</i>', run: 'cat hostile.txt; exit 1', attempts: 1}}]}}
        """, "hostile.txt": HOSTILE + "\n"})
    start(database.url, PGENTRY_ON_FAILURE="hold")
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
    try:
        page = see("held")
        assert page.run("document.title") == "held: pgentry"
    finally:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    assert page.text(".steps pre") == HOSTILE
    assert page.text("#tables th") == name and page.text(".steps li b") == "<i>it</i>"
    assert page.run("document.querySelectorAll('script, img, iframe, object, main i:not([class]), th b').length") == 0


def test_it_is_one_document(start, see, browser, database, project, endpoint):
    """No script, no other resource, no address of another host; a policy that would refuse them."""
    database.as_app(TABLES)
    project({"pgentry.yaml": LADDER, "fallback.sql": TABLES})
    start(database.url)
    page = see("running")
    assert page.run("document.scripts.length") == 0
    assert page.run("performance.getEntriesByType('resource').map(one => one.name).filter(one => !one.startsWith('data:'))") == []
    links = page.run("Array.from(document.querySelectorAll('a'), one => one.href)")
    assert links and all(link.startswith(f"http://{endpoint.address}/") for link in links)
    policy = endpoint.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert page.run("getComputedStyle(document.querySelector('header')).borderRadius") != "0px", "its own style is let in"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESK, (320, 640)])
def test_it_is_readable_on_any_screen(start, see, browser, database, project, size, dark):
    """No sideways scrolling, whatever is long; enough contrast, light and dark, for each text."""
    long = "x" * 60
    project({"pgentry.yaml": f"""\
        verify: {{tables: [users, {long}, {{name: plans, columns: [{long}]}}], interval: 0}}
        migrate: {{preset: none, before: [{{name: generate, run: "true"}}],
                  steps: [{{name: '{long * 3}', run: "cat wide.txt; exit 1", attempts: 1}}]}}
        """, "wide.txt": "y" * 700 + "\n" + "some words " * 60 + "\n"})
    database.as_app("CREATE TABLE users (id int); CREATE TABLE plans (id int)")
    start(database.url, PGENTRY_ON_FAILURE="hold")
    browser.look(size, dark)
    page = see("held", "degraded")
    assert page.run("[document.documentElement.scrollWidth, innerWidth]") == [size[0], size[0]]
    outside = page.run("Array.from(document.querySelectorAll('body *')).filter(one => !one.closest('svg') && "
                       "one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))")
    assert outside == []
    background = page.run("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(16, 20, 24)" if dark else "rgb(255, 255, 255)")
    contrast = page.run(CONTRAST)
    assert len(contrast) > 15 and contrast[0][0] >= 4.5, contrast[:5]
