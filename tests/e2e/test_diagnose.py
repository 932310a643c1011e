"""diagnose: what is wrong, each with the command that mends it (contract section 7)."""
import socket
import subprocess

import pytest
from diagnosis import Report
from postgres import MAJOR, free_port

SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, email text);
CREATE TABLE avatar_projects (id serial PRIMARY KEY, name text);
"""
TABLES = "verify:\n  tables: [users, avatar_projects]\n"


@pytest.fixture
def shop(database, project):
    project({"pgentry.yaml": TABLES})
    database.as_app(SHOP)
    return database


def nothing_of(secret, done):
    assert secret not in done.text


def test_a_password_in_an_assertion_is_not_printed(diagnose, shop, project):
    """Its statement is the fix, but for that."""
    shop.sql(f"ALTER ROLE {shop.user} PASSWORD 'battery7staple'")
    project({"pgentry.yaml": TABLES + "  asserts: [{name: far, sql: \"SELECT 'host=x password=battery7staple' = ''\"}]\n"})
    report = diagnose(shop.url_with(password="battery7staple"))
    assert "password=***" in report.one("assert-failed")["fix"]
    assert "battery7staple" not in str(report.document)


def test_nothing_wrong_is_0(diagnose, shop):
    """Notes for the curious do not count; the connection is described."""
    report = diagnose(shop.url)
    assert report.exit == 0
    assert report.document["status"] == "healthy"
    assert report.codes() == set()
    connection = report.connection
    assert connection["connected"] is True
    assert connection["host"] == f"127.0.0.1:{shop.cluster.port}"
    assert connection["database"] == shop.name and connection["user"] == shop.user
    assert connection["serverVersion"].startswith(f"{MAJOR}.")
    assert connection["tls"] is False and connection["readOnly"] is False and connection["latencyMs"] > 0


def test_the_report_for_people_names_its_sections_and_its_end(pgentry, shop):
    """The same as text: sections, a finding with its command below, and a count."""
    shop.sql("DROP TABLE avatar_projects")
    done = pgentry("diagnose", url=shop.url)
    assert done.exit == 65
    lines = done.stdout.splitlines()
    for title in ("Connection", "Critical tables", "Migration history", "Indexes", "Blocking", "Pooler", "Error codes"):
        assert title in lines
    at = lines.index("  error missing-table: table public.avatar_projects does not exist")
    assert lines[at + 1].startswith("      ")
    assert lines[-1] == "1 finding: 1 error, 0 warnings"
    shop.as_app("CREATE TABLE avatar_projects (id int)")
    done = pgentry("diagnose", url=shop.url)
    assert done.exit == 0
    assert done.stdout.splitlines()[-1] == "nothing is wrong"


def test_a_missing_table_is_65_and_changes_nothing(diagnose, shop):
    """The finding names it, and the database is as it was."""
    shop.sql("DROP TABLE avatar_projects")
    before = shop.tables()
    report = diagnose(shop.url)
    assert report.exit == 65
    assert report.document["status"] == "degraded"
    assert report.one("missing-table")["object"] == "public.avatar_projects"
    assert shop.tables() == before


def test_nothing_listens_is_69_with_a_whole_document(diagnose, shop):
    """Not reachable: the report is there all the same."""
    report = diagnose(f"postgresql://app:secret-word@127.0.0.1:{free_port()}/shop")
    assert report.exit == 69
    assert report.document["status"] == "unhealthy"
    assert report.connection["connected"] is False
    finding = report.one("not-listening")
    assert "Connection refused" in finding["message"] and "pg_isready" in finding["fix"]


def test_a_wrong_password_is_told_without_any_password(pgentry, shop):
    """And mended with a command that asks for one."""
    done = pgentry("diagnose", "--json", url=shop.url_with(password="n0t-the-right/one"))
    report = Report(done)
    assert report.exit == 69
    finding = report.one("wrong-password")
    assert "\\password" in finding["fix"] and shop.user in finding["fix"]
    nothing_of("n0t-the-right/one", done)
    nothing_of("n0t-the-right%2Fone", done)


def test_a_database_that_does_not_exist(diagnose, shop):
    """The command that makes it, with its name quoted for SQL and for the shell."""
    finding = diagnose(shop.url_with(name="no-such'db")).one("no-such-database")
    assert 'CREATE DATABASE "no-such\'\\\'\'db" OWNER' in finding["fix"]


def test_a_host_that_does_not_exist(diagnose, shop):
    """The name, and why."""
    report = diagnose("postgresql://app:x@no-such-host.invalid/shop")
    assert report.exit == 69
    assert report.one("name-not-found")["object"] == "no-such-host.invalid"


@pytest.mark.parametrize("character", list("@:/%#"))
def test_an_unencoded_character_in_the_url(pgentry, shop, character):
    """The password as it is, put into a URL: said to be unencoded where that can be told, and never shown."""
    done = pgentry("diagnose", "--json", url=f"postgresql://app:s3cret{character}w0rd@127.0.0.1:{shop.cluster.port}/shop")
    report = Report(done)
    assert report.exit == 69
    nothing_of("s3cret", done)
    nothing_of("w0rd", done)
    assert report.codes() == {"wrong-password" if character == ":" else "url-unencoded"}


def test_a_letter_of_the_password_is_not_told_by_masking_our_own_sentence(pgentry, shop):
    """The password p@w0rd: what is registered as a secret begins with the p of "password"."""
    done = pgentry("diagnose", "--json", url=f"postgresql://app:p@w0rd@127.0.0.1:{shop.cluster.port}/shop")
    message = Report(done).one("url-unencoded")["message"]
    assert message.endswith("the password holds an unencoded '@': write %40 for it")
    nothing_of("w0rd", done)


@pytest.mark.parametrize("url", ["prisma://accelerate.example/?api_key=abc", "mysql://app@127.0.0.1/shop",
                                 "postgresql://app@127.0.0.1:99999/shop"])
def test_encoding_the_password_is_proposed_only_where_a_character_is_unencoded(diagnose, shop, url):
    """Prisma's P1013 is proposed for the one cause that its fix mends."""
    assert diagnose(url).codes("info", "error") >= {"url-invalid"}
    assert "percent-encode" not in str(diagnose(url).findings)
    unencoded = diagnose(f"postgresql://app:x@y@127.0.0.1:{shop.cluster.port}/shop")
    assert unencoded.one("known-error")["object"] == "P1013"


def test_a_server_that_hangs_does_not_hang_diagnose(diagnose, shop, spare):
    """Bounded in time: the connection's own limit."""
    spare.start()
    database = spare.database()
    spare.pause()
    try:
        report = diagnose(database.url, "--set", "wait.connect_timeout=500ms")
    finally:
        spare.resume()
    assert report.exit == 69
    assert "takes connections" in report.one("server-silent")["message"]


@pytest.mark.parametrize("family, host", [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_where_something_else_listens(diagnose, shop, family, host):
    """It takes connections and says nothing: no firewall is in the way, and IPv6 works."""
    with socket.create_server((host, 0), family=family) as other:
        at = f"[{host}]" if ":" in host else host
        report = diagnose(f"postgresql://app:x@{at}:{other.getsockname()[1]}/shop", "--set", "wait.connect_timeout=500ms")
    assert report.exit == 69
    assert report.one("server-silent")["fix"].endswith("pgentry wait")
    assert not report.codes("error") & {"no-answer", "ipv6-only"}


def test_a_step_s_program_that_is_not_in_the_image(diagnose, shop, project):
    """The tool was a devDependency: neither in node_modules/.bin nor in PATH, npx included."""
    project({"package.json": "{}", "pgentry.yaml": TABLES + """\
migrate:
  preset: none
  steps:
    - {name: deploy, run: [prisma, migrate, deploy]}
    - {name: by npx, run: [npx, prisma, migrate, deploy]}
    - {name: by the shell, run: "npx prisma@6.19.3 migrate deploy"}
    - {name: somewhere else, run: "cd other && npx prisma migrate deploy"}
    - {name: version, run: [npx, tool@1.2.3]}
    - {name: here, run: [./here.sh]}
    - {name: found, run: [tool]}
    - {name: shell, run: "no-such-thing || true"}
""", "here.sh": "#!/bin/sh\n", "node_modules/.bin/tool": "#!/bin/sh\n"})
    (project.folder / "node_modules/.bin/tool").chmod(0o755)
    report = diagnose(shop.url, env={"PATH": "/bin"})
    assert report.exit == 65
    missing = {finding["object"]: finding["fix"] for finding in report.findings if finding["code"] == "program-missing"}
    assert set(missing) == {"deploy", "by npx", "by the shell"}
    assert "npm install --save prisma" in missing["deploy"] and missing["by the shell"].endswith("--save prisma")


def test_a_step_s_program_that_npm_hoisted_is_found(diagnose, shop, project):
    """In the node_modules/.bin of a folder above the step's, as npm and npx find it."""
    project({"pgentry.yaml": TABLES + """\
migrate:
  preset: none
  steps:
    - {name: deploy, run: [dbmate, up], cwd: packages/db}
    - {name: by npx, run: [npx, dbmate, up], cwd: packages/db}
""", "packages/db/package.json": "{}", "node_modules/.bin/dbmate": "#!/bin/sh\n"})
    (project.folder / "node_modules/.bin/dbmate").chmod(0o755)
    assert "program-missing" not in diagnose(shop.url, env={"PATH": "/bin"}).codes()


@pytest.mark.parametrize("step", ["sql: [there.sql, gone.sql], cwd: my sql", "sql: [my sql/there.sql, my sql/gone.sql]",
                                  "sql: [../my sql/there.sql, ../my sql/gone.sql], cwd: my sql"])
def test_a_step_s_sql_file_that_is_not_in_the_image(diagnose, shop, project, step):
    """Seen from the step's folder; what there is in its own is one command away."""
    project({"pgentry.yaml": TABLES + f"""\
migrate:
  steps:
    - {{name: raw SQL, {step}}}
""", "my sql/there.sql": "SELECT 1"})
    report = diagnose(shop.url)
    assert report.exit == 65
    assert report.codes() == {"sql-file-missing"}
    finding = report.one("sql-file-missing")
    assert "gone.sql: No such file" in finding["message"]
    done = subprocess.run(["sh", "-c", finding["fix"]], cwd=project.folder, text=True, stdout=subprocess.PIPE, check=True)
    assert "there.sql" in done.stdout


def test_what_pid_1_is_here_is_a_note_where_it_is_another(diagnose, shop):
    """In a container of our own it would be pgentry; in mode exec it is the application, as it should be."""
    assert diagnose(shop.url).one("not-pid-1")["severity"] == "info"
    assert not any(finding["code"] == "not-pid-1" for finding in diagnose(shop.url, "--set", "app.mode=exec").findings)


def test_a_project_without_steps_is_a_note(diagnose, shop):
    """No migration tool was recognised: what `pgentry init` would write is one command away."""
    report = diagnose(shop.url)
    assert report.exit == 0
    assert report.one("no-steps")["fix"].endswith("pgentry init --stdout")


def test_doubts_about_the_configuration_are_notes(diagnose, shop):
    """What a boot would warn of."""
    report = diagnose(shop.url, env={"PGENTRY_VERIFY_TABELS": "users"})
    assert report.exit == 0
    assert "PGENTRY_VERIFY_TABELS" in report.one("note")["message"]


def test_prismas_proxy_is_refused_with_the_way_out(diagnose, shop):
    """prisma:// speaks no PostgreSQL."""
    report = diagnose("prisma://accelerate.example/?api_key=abc")
    assert report.exit == 69
    assert "set database.direct_url" in report.one("url-invalid")["message"]


def test_wrong_usage_and_configuration_have_their_own_statuses(pgentry, shop, project):
    """64 and 78, as everywhere."""
    assert pgentry("diagnose", "--jsn", url=shop.url).exit == 64
    assert pgentry("diagnose").exit == 78
    project({"pgentry.yaml": "verfy: {}\n"})
    assert pgentry("diagnose", url=shop.url).exit == 78


def test_every_finding_is_told_of_in_the_help(pgentry):
    """With its severity and its sentence."""
    told = pgentry("help", "diagnose").stdout
    for code in ("wrong-password", "migration-failed", "prisma-lock-held", "pooler-in-the-way", "client-older"):
        assert f"\n  {code} " in told
