"""on_failure: hold (contract section 2): stay up with the reason, and go on once somebody has mended it."""
import os
import signal
import socket

import pytest
from endpoint import Endpoint
from postgres import free_port
from supervisor import wait_until

HOLD = {"PGENTRY_ON_FAILURE": "hold", "PGENTRY_VERIFY_INTERVAL": "200ms"}
STEP = """\
verify: {tables: [users]}
migrate:
  preset: none
  steps:
    - {name: broken, run: ./step.sh, attempts: 1}
"""


def start(pgentry, url, endpoint, **env):
    return pgentry.start("run", "--", "sh", "-c", "echo app $((40 + 2)); exec sleep 600", url=url,
                         env={**endpoint.env, **HOLD, **env})


def runs(supervisor):
    supervisor.wait_for("app 42")


def starts(supervisor):
    return supervisor.stdout.count("app 42")


def held(supervisor, endpoint, status):
    supervisor.wait_for(f"the boot failed with status {status}:")
    report = endpoint.up().in_phase("held")
    assert endpoint.get("/health/ready").status == 503
    assert endpoint.get("/health/live").status == 200
    assert report["reason"], report
    return report


def test_exit_stays_the_default(pgentry, database, project):
    """Without on_failure the same failure is 65."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    assert pgentry("run", "--", "true", url=database.url).exit == 65


def test_after_65_the_application_starts_once_the_schema_verifies(pgentry, database, project, endpoint):
    """Mended by hand."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, database.url, endpoint)
    report = held(supervisor, endpoint, 65)
    assert report["problems"][0]["object"] == "public.users"
    assert database.advisory_locks() == [], "held without the lock"
    before = supervisor.stderr
    database.sql("SELECT 1")
    assert starts(supervisor) == 0
    database.as_app("CREATE TABLE users (id int)")
    runs(supervisor)
    assert endpoint.in_phase("running")["status"] == "healthy"
    assert endpoint.get("/health/ready").status == 200
    assert endpoint.json("/status.json")["reason"] is None
    assert "healed" in [event["event"] for event in supervisor.events], before
    supervisor.terminate()
    assert supervisor.wait().exit == 143


def test_a_held_boot_goes_on_only_with_all_that_it_waits_for(pgentry, database, project, endpoint):
    """wait.also stopped meanwhile: the schema is mended, the application waits for the Redis; the database is connected."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    with socket.create_server(("127.0.0.1", 0)) as redis:
        address = redis.getsockname()
        supervisor = start(pgentry, database.url, endpoint, PGENTRY_WAIT_ALSO=f"127.0.0.1:{address[1]}")
        held(supervisor, endpoint, 65)
    database.as_app("CREATE TABLE users (id int)")
    supervisor.wait_for(f"127.0.0.1:{address[1]}")
    assert endpoint.json()["database"]["connected"] is True
    assert starts(supervisor) == 0
    with socket.create_server(address):
        runs(supervisor)


def test_a_step_that_could_not_be_started_took_no_time(pgentry, database, project, endpoint):
    """It ended with its attempt, however long the boot is held after it."""
    project({"pgentry.yaml": STEP.replace("./step.sh", "[no-such-program]")})
    held(start(pgentry, database.url, endpoint), endpoint, 70)
    [step] = endpoint.json("/status.json")["steps"]
    assert step["result"] == "failed" and step["durationMs"] == 0, step


def test_after_65_sync_in_the_same_container_mends_it(pgentry, database, project, endpoint):
    """What `podman exec … pgentry sync` does: it has the steps, and the held supervisor goes on by itself."""
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\n",
                      "steps.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{name: sql, sql: [users.sql]}]}\n",
                      "users.sql": "CREATE TABLE users (id int);"})
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 65)
    done = pgentry("sync", "-c", folder / "steps.yaml", url=database.url)
    assert done.exit == 0, done
    runs(supervisor)


def test_after_70_without_a_history_nothing_proves_it_until_hup(pgentry, database, project, endpoint):
    """Every step failed: the tables alone prove nothing, so looks do not start it; HUP begins the boot anew."""
    folder = project({"pgentry.yaml": STEP, "step.sh": "#!/bin/sh\necho sorry; [ -e mended ] || { sleep 2; false; }\n"})
    supervisor = start(pgentry, database.url, endpoint)
    report = held(supervisor, endpoint, 70)
    assert report["steps"][0]["result"] == "failed" and report["steps"][0]["lastLines"] == ["sorry"]
    assert report["steps"][0]["durationMs"] >= 2000
    database.as_app("CREATE TABLE users (id int)")
    endpoint.until(lambda document: document["status"] == "healthy")
    assert endpoint.in_phase("held") and starts(supervisor) == 0
    assert endpoint.get("/health/ready").status == 503
    assert endpoint.get("/health/database").status == 200
    (folder / "mended").touch()
    supervisor.signal(signal.SIGHUP)
    runs(supervisor)
    assert starts(supervisor) == 1
    [step] = endpoint.json("/status.json")["steps"]
    assert step["attempts"] == 1 and step["durationMs"] < report["steps"][0]["durationMs"], "it is added to the first boot's"


def test_diagnose_tells_why_the_boot_is_held(pgentry, diagnose, database, project, endpoint):
    """The database has no fault, and the application is not up: with the step's own words, and the way out of it."""
    folder = project({"pgentry.yaml": STEP, "step.sh": "#!/bin/sh\n[ -e mended ] ||"
                      " { echo 'pq: relation \"nowhere\" does not exist (42P01)'; echo; exit 3; }\n"})
    database.as_app("CREATE TABLE users (id int)")
    supervisor = start(pgentry, database.url, endpoint)
    assert held(supervisor, endpoint, 70)["failedWith"] == 70
    report = diagnose(database.url, env=endpoint.env)
    assert report.exit == 65 and report.document["status"] == "degraded"
    finding = report.one("boot-failed")
    assert finding["severity"] == "error" and finding["object"] == "broken"
    message = finding["message"].splitlines()
    assert "status 70" in message[0] and "every migration step failed" in message[0], message
    assert "exit status 3" in message[1] and "42P01: a table does not exist" in message[1], message
    assert message[2].endswith('pq: relation "nowhere" does not exist (42P01)'), message
    assert finding["fix"].splitlines()[-1] == "kill -HUP 1"
    assert pgentry("diagnose", url=database.url, env=endpoint.env).stdout.splitlines()[-1] != "nothing is wrong"
    assert diagnose(database.url).exit == 0, "health.listen is off: there is nobody to ask"
    (folder / "mended").touch()
    supervisor.signal(signal.SIGHUP)
    runs(supervisor)
    assert endpoint.json("/status.json")["failedWith"] is None
    assert diagnose(database.url, env=endpoint.env).exit == 0


def test_diagnose_asks_a_held_supervisor_with_the_token(pgentry, diagnose, database, project, endpoint):
    """As health does; without it nothing is told, and after 65 the schema is what is to be mended."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_HEALTH_TOKEN="s3same")
    supervisor.wait_for("the boot failed with status 65:")
    token = {**endpoint.env, "PGENTRY_HEALTH_TOKEN": "s3same"}
    wait_until(lambda: "boot-failed" in diagnose(database.url, env=token).codes(), what="it is held")
    finding = diagnose(database.url, env=token).one("boot-failed")
    assert finding["object"] == "held" and "status 65" in finding["message"] and "once it verifies" in finding["fix"]
    assert "boot-failed" not in diagnose(database.url, env=endpoint.env).codes()


def test_diagnose_of_another_container_s_supervisor_is_silent(pgentry, diagnose, database, project, endpoint):
    """Its address answers, and its boot is not ours; nor does whoever listens and says nothing hold diagnose up."""
    project({"pgentry.yaml": STEP, "step.sh": "#!/bin/sh\nexit 3\n"})
    database.as_app("CREATE TABLE users (id int)")
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 70)
    other = ("unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc")
    assert diagnose(database.url, env=endpoint.env, under=other).exit == 0
    with socket.create_server(("127.0.0.1", 0)) as mute:
        report = diagnose(database.url, env={"PGENTRY_HEALTH_LISTEN": f"127.0.0.1:{mute.getsockname()[1]}"})
    assert report.exit == 0


def test_after_70_with_a_history_it_starts_once_nothing_is_pending(pgentry, database, project, endpoint):
    """A ledger that proves every migration applied, and the tables: repaired by hand."""
    project({"pgentry.yaml": """\
        verify: {tables: [users]}
        migrate: {preset: dbmate, steps: [{name: dbmate, run: [dbmate, up], attempts: 1}]}
        """, "node_modules/.bin/dbmate": "#!/bin/sh\nexit 2\n",
             "db/migrations/20240101000000_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n"})
    (project.folder / "node_modules/.bin/dbmate").chmod(0o755)
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 70)
    database.as_app("CREATE TABLE users (id int)")
    endpoint.until(lambda document: document["status"] == "healthy")
    assert starts(supervisor) == 0
    database.as_app("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                    " INSERT INTO schema_migrations VALUES ('20240101000000')")
    runs(supervisor)


def test_after_69_the_boot_begins_anew_once_queries_work(pgentry, late, project, endpoint):
    """The server comes after wait.timeout."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, late.url, endpoint, PGENTRY_WAIT_TIMEOUT="1s")
    report = held(supervisor, endpoint, 69)
    assert report["database"]["connected"] is False
    late.cluster.start()
    late.as_app("CREATE TABLE users (id int)")
    runs(supervisor)


def test_a_dead_direct_url_is_named_and_the_database_is_not_told_as_lost(pgentry, database, project, endpoint):
    """url works: its tables are seen, and nobody is sent to look there."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": STEP.replace("./step.sh", "'true'") + "  when: always\n"})
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_WAIT_TIMEOUT="2s",
                       DIRECT_URL=f"postgresql://a:b@127.0.0.1:{free_port()}/x")
    held(supervisor, endpoint, 69)
    supervisor.wait_for("PostgreSQL was not ready within 2.0 s: database.direct_url: 127.0.0.1:")
    document = endpoint.json("/health/database")["database"]
    assert document["connected"] is True and document["tables"] == {"users": True}


def test_after_69_a_boot_begun_anew_runs_the_steps(pgentry, late, project, endpoint):
    """Anew means from the start: lock, steps, verification."""
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{name: sql, sql: [users.sql]}]}\n",
             "users.sql": "CREATE TABLE users (id int);"})
    supervisor = start(pgentry, late.url, endpoint, PGENTRY_WAIT_TIMEOUT="1s")
    held(supervisor, endpoint, 69)
    late.cluster.start()
    runs(supervisor)
    report = endpoint.in_phase("running")
    assert [step["result"] for step in report["steps"]] == ["succeeded"]


def test_after_75_the_boot_begins_anew(pgentry, database, project, endpoint):
    """Another replica holds the lock too long; when it is done this one finds nothing to do."""
    folder = project({"pgentry.yaml": """\
        verify: {tables: [users]}
        migrate: {when: unverified, steps: [{name: gated, run: "read line <gate; exit $line", attempts: 1}]}
        """})
    os.mkfifo(folder / "gate")
    first = start(pgentry, database.url, Endpoint())
    first.wait_for("step-started")
    second = start(pgentry, database.url, endpoint, PGENTRY_MIGRATE_LOCK_TIMEOUT="500ms")
    second.wait_for("lock-timeout")
    database.as_app("CREATE TABLE users (id int)")
    runs(second)
    (folder / "gate").write_text("0\n")
    runs(first)


def test_after_77_the_boot_begins_anew_once_the_password_is_right(pgentry, database, project, endpoint):
    """Somebody mends the role."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    database.as_app("CREATE TABLE users (id int)")
    database.sql(f'ALTER ROLE "{database.user}" NOLOGIN')
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_WAIT_PERMANENT_GRACE="100ms")
    held(supervisor, endpoint, 77)
    database.sql(f'ALTER ROLE "{database.user}" LOGIN')
    runs(supervisor)


def test_78_and_usage_are_never_held(pgentry, project, endpoint):
    """A configuration error is nothing that a look can mend."""
    project({"pgentry.yaml": "verify: {tablez: [users]}\n"})
    done = pgentry("run", "--", "true", url="postgresql://a:b@127.0.0.1:1/c", env={**endpoint.env, **HOLD})
    assert done.exit == 78, done


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_a_held_supervisor(pgentry, database, project, endpoint, number):
    """128 + N at once."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_VERIFY_INTERVAL="15s")
    held(supervisor, endpoint, 65)
    supervisor.signal(number)
    done = supervisor.wait(5)
    assert done.exit == 128 + number, done
    assert starts(supervisor) == 0


def test_interval_0_holds_with_a_look_every_15_seconds(pgentry, database, project, endpoint):
    """0 is for the time while the application runs; HUP need not be waited for."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_VERIFY_INTERVAL="0")
    held(supervisor, endpoint, 65)
    database.as_app("CREATE TABLE users (id int)")
    supervisor.signal(signal.SIGHUP)
    runs(supervisor)


def test_held_looks_that_find_nothing_new_log_nothing(pgentry, database, project, endpoint):
    """Hours of it must not fill a disk."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 65)
    supervisor.wait_for("summary-tables")
    before, seen = supervisor.stderr, endpoint.json()["checkedAt"]
    for _ in range(3):
        seen = endpoint.until(lambda document, last=seen: document["checkedAt"] != last)["checkedAt"]
    assert supervisor.stderr == before


def test_a_held_boot_tells_that_the_database_is_back(pgentry, late, project, endpoint):
    """Its schema is what is still missing: the log does not end with the server that was gone for a while."""
    late.cluster.start()
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = start(pgentry, late.url, endpoint)
    held(supervisor, endpoint, 65)
    late.cluster.stop("fast")
    supervisor.wait_for("Connection refused")
    late.cluster.start()
    supervisor.wait_for("the database is reachable again")
    late.as_app("CREATE TABLE users (id int)")
    runs(supervisor)
    assert [event["event"] for event in supervisor.events].count("database-found") == 1, supervisor.stderr


def test_a_held_container_is_repaired_and_then_stopped_properly(pgentry, database, project, endpoint):
    """The application's own end is the container's."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    supervisor = pgentry.start("run", "--", "sh", "-c", "exit 7", url=database.url, env={**endpoint.env, **HOLD})
    held(supervisor, endpoint, 65)
    database.as_app("CREATE TABLE users (id int)")
    assert supervisor.wait().exit == 7


def looks(endpoint):
    """How many were made."""
    [line] = [line for line in endpoint.get("/metrics").body.splitlines() if "check_duration_seconds_count" in line]
    return int(line.split()[-1])


def test_what_is_noted_of_the_project_is_told_once(pgentry, database, project, endpoint):
    """Not again with each look while held, which reads the project anew."""
    project({"pgentry.yaml": """\
verify: {tables: [users]}
migrate:
  preset: dbmate
  steps: [{name: up, run: "exit 1; dbmate up $NOTHING", attempts: 1}]
""", "db/migrations/1_a.sql": "-- migrate:up\n"})
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 70)
    begun = looks(endpoint)
    wait_until(lambda: looks(endpoint) > begun + 3, what="more looks")
    assert supervisor.stderr.count("the local migrations are not known for sure") == 1


BROKEN = 'datasource db { provider = "postgresql" }\nmodel users { id Int @id\n'
WHOLE = 'datasource db {\n  provider = "postgresql"\n}\nmodel users {\n  id Int @id\n}\n'


def test_a_mended_schema_prisma_is_read_anew_after_hup(pgentry, database, project, endpoint):
    """Not before: a look could find the file half written, and start the application on the half that verifies."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"schema.prisma": BROKEN})
    supervisor = start(pgentry, database.url, endpoint, PGENTRY_MIGRATE_PRESET="none")
    held(supervisor, endpoint, 65)
    (folder / "schema.prisma").write_text("")
    begun = looks(endpoint)
    wait_until(lambda: looks(endpoint) > begun + 3, what="more looks")
    assert starts(supervisor) == 0
    (folder / "schema.prisma").write_text(WHOLE)
    supervisor.signal(signal.SIGHUP)
    supervisor.wait_for("users EXISTS")
    runs(supervisor)


def test_a_changed_configuration_waits_for_the_next_start_and_diagnose_and_the_page_say_so(pgentry, diagnose, database,
                                                                                           project, endpoint):
    """What was read at the start is what this boot is about; HUP reads the project's files alone."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [typo]}\n"})
    supervisor = start(pgentry, database.url, endpoint)
    held(supervisor, endpoint, 65)
    for told in (endpoint.get("/").body, diagnose(database.url, env=endpoint.env).one("boot-failed")["fix"]):
        assert "a changed configuration" in told and "when the container starts again" in told
    (folder / "pgentry.yaml").write_text("verify: {tables: [users]}\n")
    supervisor.signal(signal.SIGHUP)
    supervisor.wait_for("the boot begins anew")
    wait_until(lambda: supervisor.stderr.count("the boot failed with status 65:") == 2, what="it is held once more")
    assert endpoint.in_phase("held")["problems"][0]["object"] == "public.typo"
