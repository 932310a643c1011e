"""Looks at the schema while the application runs (contract sections 2 and 5): verify.interval, health.failures."""
import concurrent.futures
import os
import socket
import subprocess
import time

import pytest
from endpoint import process_status
from supervisor import wait_until

EVERY = {"PGENTRY_VERIFY_INTERVAL": "200ms"}


def running(pgentry, endpoint, database, env):
    """The application runs, a look every 200 ms, three failed ones in a row turn ready."""
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env={**endpoint.env, **EVERY, **env})
    endpoint.up().in_phase("running")
    return supervisor


@pytest.fixture
def shop(pgentry, database, project, endpoint):
    """Two tables."""
    database.as_app("CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)")
    project({"pgentry.yaml": "verify: {tables: [users, avatar_projects]}\n"})

    def start(**env):
        return running(pgentry, endpoint, database, env)
    start.database = database
    return start


@pytest.fixture
def frail(pgentry, late, project, endpoint):
    """One table, on a server that a test may stop: its own."""
    late.cluster.start()
    late.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})

    def start(**env):
        return running(pgentry, endpoint, late, env)
    return start


def looks(endpoint):
    """How many looks there were, and how many of them failed."""
    lines = dict(line.rsplit(" ", 1) for line in endpoint.get("/metrics").body.splitlines() if line[0] != "#")
    return int(lines["pgentry_schema_checks_total"]), int(lines["pgentry_schema_checks_failed_total"])


def after_looks(endpoint, count):
    """Waits until so many more looks are over."""
    begun = looks(endpoint)[0]
    wait_until(lambda: looks(endpoint)[0] >= begun + count, what=f"{count} looks")


def lost(supervisor):
    """Why the database was not reachable, as often as the log says so while the application runs."""
    return [event["error"] for event in supervisor.events if event["event"] == "database-lost"]


def test_a_table_that_goes_missing_is_told_at_once_and_ready_turns_later(shop, endpoint):
    """degraded with the fix at the next look; ready only after health.failures looks; back when the table is."""
    supervisor = shop(PGENTRY_HEALTH_FAILURES="4", PGENTRY_VERIFY_INTERVAL="600ms")
    shop.database.sql("DROP TABLE avatar_projects")
    document = endpoint.until(lambda document: document["status"] == "degraded", "/health/database")
    assert endpoint.get("/health/database").status == 503
    assert endpoint.get("/health/ready").status == 200, "one lost look takes no replica out of service"
    assert document["phase"] == "running"
    assert document["database"] == {"connected": True, "tables": {"users": True, "avatar_projects": False},
                                    "missingTables": ["avatar_projects"], "totalTables": 2, "healthyTables": 1}
    [problem] = document["problems"]
    assert (problem["code"], problem["object"]) == ("missing-table", "public.avatar_projects") and problem["fix"]
    failed = looks(endpoint)[1]
    wait_until(lambda: endpoint.get("/health/ready").status == 503)
    assert looks(endpoint)[1] >= 4 > failed
    assert 'pgentry_table_up{schema="public",table="avatar_projects"} 0\n' in endpoint.get("/metrics").body
    after_looks(endpoint, 3)
    shop.database.as_app("CREATE TABLE avatar_projects (id int)")
    wait_until(lambda: endpoint.get("/health/ready").status == 200)
    assert endpoint.json()["problems"] == []
    supervisor.wait_for(lambda line: "All critical tables exist!" in line and '"running"' in line)
    told = [event["msg"] for event in supervisor.events if event["phase"] == "running"]
    assert told.count("avatar_projects NOT FOUND") == 1, told
    assert told.count("CRITICAL: 1 tables are missing!") == 1
    assert told.count("All critical tables exist!") == 1
    assert supervisor.process.poll() is None


@pytest.mark.preload
def test_a_database_process_that_does_not_end_is_the_only_one(shop, endpoint, tmp_path):
    """Its last PQfinish hangs: the next look's process takes its place, and it is killed."""
    (tmp_path / "hang.c").write_text("""\
#include <unistd.h>
int PQsocket(const void *connection);
void PQfinish(void *connection)
{
    while (connection && PQsocket(connection) >= 0) {
        pause();
    }
}
""")
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", tmp_path / "hang.so", tmp_path / "hang.c"], check=True)
    supervisor = shop(LD_PRELOAD=tmp_path / "hang.so")
    after_looks(endpoint, 5)
    wait_until(lambda: len(supervisor.children()) <= 4, what="the application, http, one process that hangs and one that looks")


def test_what_was_waited_for_besides_may_go(shop, endpoint):
    """wait.also is about waiting only: its Redis stops, and the replica stays in service."""
    with socket.create_server(("127.0.0.1", 0)) as redis:
        shop(PGENTRY_WAIT_ALSO=f"127.0.0.1:{redis.getsockname()[1]}", PGENTRY_HEALTH_FAILURES="1")
    after_looks(endpoint, 2)
    assert endpoint.get("/health/ready").status == 200
    assert endpoint.json()["status"] == "healthy"


def test_no_table_left_is_unhealthy(shop, endpoint):
    """Connected, but none of the critical tables exists."""
    shop()
    shop.database.sql("DROP TABLE users, avatar_projects")
    document = endpoint.until(lambda document: document["status"] != "healthy", "/health/database")
    assert document["status"] == "unhealthy" and document["database"]["connected"] is True


def test_looks_that_find_nothing_new_log_nothing(shop, endpoint):
    """Ten of them."""
    supervisor = shop()
    before = supervisor.stderr
    after_looks(endpoint, 10)
    assert supervisor.stderr == before


def test_after_a_migration_too_nothing_new_logs_nothing(pgentry, database, project, endpoint):
    """A boot in which a step ran, then ten looks."""
    database.as_app("CREATE TABLE avatar_projects (id int)")
    project({"pgentry.yaml": """\
        verify: {tables: [users, avatar_projects]}
        migrate: {steps: [{name: sql, sql: [users.sql]}]}
        """, "users.sql": "CREATE TABLE users (id int);"})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env={**endpoint.env, **EVERY})
    supervisor.wait_for("application started")
    endpoint.up()
    after_looks(endpoint, 1)
    before = supervisor.stderr
    after_looks(endpoint, 10)
    assert supervisor.stderr == before


def test_a_database_that_stops_and_comes_back(frail, late, endpoint):
    """unhealthy with the reason, one line for each reason and one when it comes; the application runs on."""
    supervisor = frail()
    late.cluster.stop("fast")
    document = endpoint.until(lambda document: not document["database"]["connected"], "/health/database")
    assert document["status"] == "unhealthy"
    [problem] = document["problems"]
    assert problem["code"] == "not-connected" and problem["fix"]
    after_looks(endpoint, 5)
    assert endpoint.get("/health/ready").status == 503
    assert endpoint.get("/health/live").status == 200
    late.cluster.start()
    supervisor.wait_for("reachable again")
    wait_until(lambda: endpoint.get("/health/ready").status == 200)
    reasons = lost(supervisor)
    assert reasons and all(one != after for one, after in zip(reasons, reasons[1:])), reasons
    assert [event["event"] for event in supervisor.events].count("database-found") == 1, supervisor.stderr
    assert supervisor.process.poll() is None


def test_another_reason_why_the_database_is_not_reachable_is_told(frail, late, endpoint):
    """It stops, and comes back from a backup with another password: the log's last words are not those of the stop."""
    supervisor = frail()
    late.sql(f"ALTER ROLE {late.user} PASSWORD 'another'")
    supervisor.wait_for("28P01")
    late.cluster.stop("fast")
    supervisor.wait_for("Connection refused")
    late.cluster.start()
    supervisor.wait_for("28P01", count=2)
    after_looks(endpoint, 5)
    reasons = lost(supervisor)
    assert "28P01" in reasons[-1] and "28P01" not in reasons[-2], reasons


def test_a_check_that_hangs_counts_as_failed_at_its_deadline(frail, late, endpoint):
    """The server's processes are stopped: sockets are there, answers are not."""
    supervisor = frail(PGENTRY_WAIT_CONNECT_TIMEOUT="1s", PGENTRY_HEALTH_FAILURES="1")
    late.cluster.pause()
    begun = time.monotonic()
    document = endpoint.until(lambda document: document["status"] == "unhealthy", "/health/database")
    assert time.monotonic() - begun < 5
    assert document["database"]["connected"] is False
    assert endpoint.get("/health/ready").status == 503
    late.cluster.resume()
    wait_until(lambda: endpoint.get("/health/ready").status == 200)
    assert supervisor.process.poll() is None
    reasons = lost(supervisor)
    assert len(set(reasons)) == len(reasons) > 0, reasons


def test_a_look_that_hangs_after_connecting_counts_too(shop, endpoint):
    """An assertion that sleeps: ended by its own deadline, not connected until a whole look succeeds; no flapping log."""
    sql = "SELECT CASE WHEN (SELECT count(*) FROM avatar_projects) > 0 THEN pg_sleep(60) IS NOT NULL ELSE true END"
    supervisor = shop(PGENTRY_VERIFY_ASSERTS=f'[{{name: quick, sql: "{sql}"}}]')
    shop.database.sql("INSERT INTO avatar_projects VALUES (1)")
    begun = time.monotonic()
    endpoint.until(lambda document: document["status"] != "healthy", "/health/database", patience=20)
    assert time.monotonic() - begun < 14
    failed = looks(endpoint)[1]
    wait_until(lambda: looks(endpoint)[1] > failed, patience=20)
    assert len([event for event in supervisor.events if event["event"] == "database-found"]) == 0
    shop.database.sql("DELETE FROM avatar_projects")
    endpoint.until(lambda document: document["status"] == "healthy", "/health/database", patience=20)


def connections(late):
    """How many the application's role has made so far. The log is read up to one of our own, which comes behind them."""
    mark = f"mark-{len(late.cluster.lines)}"
    late.cluster.connect(application_name=mark).close()
    wait_until(lambda: any(mark in line for line in late.cluster.lines), what="the mark in the server's log")
    return sum("connection authorized" in line and late.user in line for line in late.cluster.lines)


def test_interval_0_means_no_connection_at_all(pgentry, late, project, endpoint):
    """As the server's own log tells, however often the endpoint is asked."""
    late.cluster.start(log_connections="on")
    late.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    pgentry.start("run", "--", "sleep", "600", url=late.url, env={**endpoint.env, "PGENTRY_VERIFY_INTERVAL": "0"})
    endpoint.up().in_phase("running")
    wait_until(lambda: late.application_sessions() == [], what="the boot's connection closed")
    before = connections(late)
    for _ in range(200):
        assert endpoint.get("/health/database").status == 200
    time.sleep(1)  # what must not happen has no event
    assert late.application_sessions() == []
    assert connections(late) == before


def test_however_many_ask_there_is_one_check_an_interval(pgentry, late, project, endpoint):
    """1000 requests from 16 clients: as many connections as intervals, and each is closed after its look."""
    late.cluster.start(log_connections="on")
    late.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    pgentry.start("run", "--", "sleep", "600", url=late.url, env={**endpoint.env, "PGENTRY_VERIFY_INTERVAL": "500ms"})
    endpoint.up().in_phase("running")
    before, begun = connections(late), time.monotonic()
    paths = ["/health/database", "/health/ready", "/", "/metrics", "/status.json"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = set(pool.map(lambda number: endpoint.get(paths[number % 5]).status, range(1000)))
    assert codes == {200}
    wait_until(lambda: time.monotonic() - begun > 2)
    intervals = (time.monotonic() - begun) / 0.5
    assert 1 <= connections(late) - before <= intervals + 1


def test_what_is_known_of_the_migrations_stays_known(pgentry, database, project, endpoint):
    """Looks while the application runs do not read the ledger; /status.json and the page still tell what the boot read."""
    database.as_app("CREATE TABLE users (id int); CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                    " INSERT INTO schema_migrations VALUES ('20240101000000'), ('20230101000000')")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"
                             "migrate: {preset: dbmate, steps: [{name: dbmate, run: [dbmate, up]}]}\n",
             "db/migrations/20240101000000_users.sql": "-- migrate:up\nSELECT 1;\n",
             "node_modules/.bin/dbmate": "#!/bin/sh\n"}).joinpath("node_modules/.bin/dbmate").chmod(0o755)
    pgentry.start("run", "--", "sleep", "600", url=database.url, env={**endpoint.env, **EVERY})
    endpoint.up().in_phase("running")
    known = endpoint.json("/status.json")["migrations"]
    assert (known["applied"], known["gone"]) == (1, 1)
    after_looks(endpoint, 3)
    assert endpoint.json("/status.json")["migrations"] == known
    page = endpoint.get("/").body
    assert "recorded, but gone locally" in page and "20230101000000" in page


def test_look_after_look_nothing_grows(shop, endpoint):
    """Neither memory nor descriptors of PID 1, however many looks."""
    freed_is_free = {"ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
    supervisor = shop(PGENTRY_VERIFY_INTERVAL="10ms", **freed_is_free)

    def memory():
        return int(process_status(supervisor.pid)["VmData"].split()[0])

    def descriptors():
        return len(os.listdir(f"/proc/{supervisor.pid}/fd"))
    after_looks(endpoint, 5)
    least = min(memory() for _ in range(50)), min(descriptors() for _ in range(50))
    after_looks(endpoint, 25)
    wait_until(lambda: memory() <= least[0] and descriptors() <= least[1], what="no more than before")


def test_metrics_tell_of_durations_and_orphans(shop, endpoint):
    """Waiting, locking, looks; an orphan that was reaped for the container."""
    shop()
    after_looks(endpoint, 2)
    body = endpoint.get("/metrics").body
    lines = dict(line.rsplit(" ", 1) for line in body.splitlines() if line[0] != "#")
    assert 0 < float(lines["pgentry_wait_seconds"]) < 20
    assert float(lines["pgentry_lock_wait_seconds"]) == 0
    assert float(lines["pgentry_schema_check_duration_seconds_sum"]) > 0
    assert int(lines["pgentry_schema_check_duration_seconds_count"]) >= 3
    assert lines["pgentry_orphans_reaped_total"] == "0"
    assert lines["pgentry_database_connected"] == lines["pgentry_schema_healthy"] == lines["pgentry_ready"] == "1"


def test_an_orphan_is_counted(pgentry, database, project, endpoint):
    """A grandchild whose parent ended is reaped by PID 1."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users], interval: 0}\n"})
    pgentry.start("run", "--", "sh", "-c", "(sleep 0.1 &) ; exec sleep 600", url=database.url, env=endpoint.env)
    endpoint.up()
    wait_until(lambda: "pgentry_orphans_reaped_total 1\n" in endpoint.get("/metrics").body)
