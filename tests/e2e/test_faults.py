"""PostgreSQL vanishing at any point ends in success after it returns, or in the documented status within the deadline."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest
from supervisor import NO_DESCRIPTOR, PATIENCE, Supervisor, as_pid_1, children_of, run, wait_until

APP = ("run", "--", "echo", "it runs")
STEP = """\
verify: {tables: [users]}
wait: {timeout: 5s, connect_timeout: 2s, permanent_grace: 300ms}
migrate:
  steps:
    - {name: slow, run: [./slow.sh], attempts: 1, timeout: 20s}
    - {name: sql, sql: [users.sql], timeout: 3s}
"""
FILES = {"pgentry.yaml": STEP, "users.sql": "CREATE TABLE users (id int)",
         "slow.sh": "#!/bin/sh\ntouch here\nwhile [ ! -e go ]; do sleep 0.05; done\nexit 1\n"}


@pytest.mark.parametrize("way", ["stop", "pause"])
def test_a_server_that_vanishes_in_mid_step_and_stays_away(pgentry, late, project, way):
    """Crashed, or swallowing packets: 69 or 70 within the wait budget and the steps' timeouts, never the application."""
    folder = project(FILES)
    late.cluster.start()
    boot = pgentry.start(*APP, url=late.url)
    wait_until((folder / "here").exists)
    (late.cluster.stop if way == "stop" else late.cluster.pause)()
    try:
        (folder / "go").touch()
        done = boot.wait(60)
    finally:
        if way == "pause":
            late.cluster.resume()
    assert done.exit in (69, 70), done
    assert "it runs" not in done.stdout


def test_a_server_that_is_silent_for_a_while_in_mid_step(pgentry, late, project):
    """It is noticed, waited for, and the boot goes on to its good end."""
    folder = project({**FILES, "pgentry.yaml": STEP.replace("timeout: 5s", "timeout: 30s")})
    late.cluster.start()
    boot = pgentry.start(*APP, url=late.url)
    wait_until((folder / "here").exists)
    late.cluster.pause()
    (folder / "go").touch()
    boot.wait_for("not ready", patience=30)
    late.cluster.resume()
    done = boot.wait(60)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"


def test_a_server_that_stops_in_mid_step_is_not_told_as_connected(pgentry, late, project, endpoint):
    """However long the step goes on: unhealthy, with the reason; healthy again once the boot has looked."""
    folder = project({**FILES, "pgentry.yaml": STEP.replace("timeout: 5s", "timeout: 30s"),
                      "users.sql": "CREATE TABLE IF NOT EXISTS users (id int)"})
    late.cluster.start()
    late.as_app("CREATE TABLE users (id int)")
    pgentry.start("run", "--", "sleep", "600", url=late.url, env={**endpoint.env, "PGENTRY_MIGRATE_WHEN": "always"})
    wait_until((folder / "here").exists)
    assert endpoint.up().get("/health/database").status == 200
    late.cluster.stop("fast")
    document = endpoint.until(lambda document: not document["database"]["connected"], "/health/database")
    assert (document["status"], document["phase"]) == ("unhealthy", "migrating")
    assert document["problems"][0]["code"] == "not-connected"
    assert endpoint.get("/health/database").status == 503
    late.cluster.start()
    (folder / "go").touch()
    assert endpoint.in_phase("running")["status"] == "healthy"


def test_a_server_that_crashes_while_we_wait_for_the_lock(pgentry, late, project):
    """Another holds the lock, the server restarts and frees it: the waiting one connects anew and migrates."""
    folder = project(FILES)
    late.cluster.start()
    first = pgentry.start(*APP, url=late.url)
    wait_until((folder / "here").exists)
    second = pgentry.start(*APP, url=late.url, env={"PGENTRY_WAIT_TIMEOUT": "20s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "5s"})
    second.wait_for_phase("locking")
    first.signal(9)
    late.cluster.restart("immediate")
    (folder / "go").touch()
    done = second.wait(45)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"


def test_verify_of_a_silent_server_is_bounded(pgentry, late):
    """One look with one connect_timeout: 69."""
    late.cluster.start()
    late.cluster.pause()
    try:
        done = pgentry("verify", url=late.url, env={"PGENTRY_WAIT_CONNECT_TIMEOUT": "1s"})
    finally:
        late.cluster.resume()
    assert done.exit == 69, done
    assert done.seconds < 5, done


def test_the_application_outlives_the_database(pgentry, late, project):
    """While it runs a vanished database is the application's own affair: it is neither stopped nor restarted."""
    late.cluster.start()
    running = pgentry.start("run", "--set", "verify.interval=200ms", "--", "sh", "-c", "echo app-is-up; exec sleep 1000",
                            url=late.url)
    running.wait_for("app-is-up")
    late.cluster.stop("immediate")
    running.wait_for(lambda line: '"level":"warn"' in line.replace(" ", "") or '"level":"error"' in line.replace(" ", ""))
    assert running.process.poll() is None
    running.terminate()
    assert running.wait().exit == 143


def test_a_crashed_database_process_is_one_failed_attempt(pgentry, late):
    """The process that talks to PostgreSQL is killed while waiting: another one takes its place."""
    waiting = pgentry.start("wait", url=late.url, env={"PGENTRY_WAIT_TIMEOUT": "20s"})
    waiting.wait_for_phase("waiting")
    [child, *_] = wait_until(waiting.children, what="the database process")
    os.kill(child, 11)
    late.cluster.start()
    assert waiting.wait().exit == 0


def is_dead(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


def test_a_database_process_that_dies_behind_its_answer_hangs_nobody(pgentry, database, project):
    """Both are there when PID 1 comes to look: what it orders after the answer is not given to a process that the death
    is then taken for."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users], asserts: [{name: a, sql: SELECT count(*) >= 0 FROM users}]}\n"
                             "wait: {timeout: 0}\n"
                             "migrate: {preset: none, when: always, steps: [{name: s, run: 'true'}]}\n"})
    for _ in range(10):
        with database.direct() as holder:
            holder.execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            boot = pgentry.start("run", "--", "true", url=database.url, pid_1=True)
            wait_until(lambda: database.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                                            " AND wait_event_type = 'Lock'"), what="a look that waits")
            os.kill(boot.pid, signal.SIGSTOP)
            holder.execute("ROLLBACK")
        wait_until(lambda: not database.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                                            " AND application_name = 'pgentry' AND state <> 'idle'"), what="its answer")
        [child] = boot.children()
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: is_dead(child), what="its death")
        os.kill(boot.pid, signal.SIGCONT)
        assert boot.wait().exit == 0


def test_a_look_that_cannot_be_started_is_told(pgentry, database, endpoint):
    """While the application runs a limit of descriptors leaves none for the database process: not connected, and why."""
    database.as_app("CREATE TABLE users (id int)")
    running = pgentry.start("run", "--set", "verify.tables=users", "--set", "verify.interval=200ms", "--", "sleep", "600",
                            url=database.url, env=endpoint.env)
    endpoint.up().in_phase("running")
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (1, 1 << 10))
    lost = endpoint.until(lambda document: not document["database"]["connected"], "/health/database")
    assert NO_DESCRIPTOR.search(lost["problems"][0]["message"])
    running.wait_for(re.compile(f"no socket pair for the database process: ({NO_DESCRIPTOR.pattern})").search)


def test_lines_that_wait_are_written_by_who_takes_a_killed_writer_s_place(pgentry, database, endpoint):
    """At once, with no further line to bring them along: standard error is a full pipe that is read again later."""
    flood = "seq 100000 103600 | sed 's/$/ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/'; exit 3"
    steps = json.dumps([{"name": "flood", "run": flood, "attempts": 1}])
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(pgentry.binary, folder)
        env = pgentry.environment(database.url, {"PGENTRY_MIGRATE_STEPS": steps, "PGENTRY_ON_FAILURE": "hold",
                                                 "PGENTRY_VERIFY_INTERVAL": "1h", **endpoint.env})
        with subprocess.Popen(as_pid_1(["setpriv", "--reuid=65533", "--clear-groups", binary, "run", "--", "true"]), env=env,
                              cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as boot:
            [pid] = wait_until(lambda: children_of(boot.pid), what="PID 1")
            try:
                endpoint.up().in_phase("held")
                wait_until(lambda: len(children_of(pid)) == 2, what="nothing but the log's writer and the http process")
                os.kill(children_of(pid)[0], signal.SIGKILL)
                told = threading.Event()
                threading.Thread(target=lambda: any(b"log-writer-died" in line for line in boot.stderr) and told.set(),
                                 daemon=True).start()
                assert told.wait(PATIENCE)
            finally:
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("listen", [False, True])
def test_with_few_descriptors_a_boot_is_71_or_does_without(pgentry, endpoint, listen):
    """However few there are, also for an address that is configured: the status says that the system refuses them, and
    nothing dies of a signal."""
    env = {**(endpoint.env if listen else {}), "PGENTRY_WAIT_TIMEOUT": "100ms"}
    for most in range(4, 24):
        done = pgentry("run", "--", "true", url="postgresql://u:p@127.0.0.1:1/d", env=env,
                       under=["prlimit", f"--nofile={most}"])
        assert done.exit in (69, 71), (most, done)


def test_where_no_process_may_be_started_the_boot_is_71_at_once(pgentry):
    """A limit of one process for an unprivileged user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(pgentry.binary, folder)
        done = run(["setpriv", "--reuid=65533", "--clear-groups", "prlimit", "--nproc=1", binary, "wait"],
                   pgentry.environment("postgresql://u:p@127.0.0.1:1/d", {}), "/")
    assert done.exit == 71 and "cannot start a process" in done.stderr, done


def test_the_log_goes_on_when_the_process_that_writes_it_is_killed(pgentry, database):
    """An unprivileged user's standard error is root's pipe, which it cannot open anew: a helper writes. After stop_timeout
    that goes with all else, and the end of the application is told all the same."""
    deaf = "trap '' TERM; echo app $((40 + 2)); while :; do sleep 0.05; done"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(pgentry.binary, folder)
        running = Supervisor(["setpriv", "--reuid=65533", "--clear-groups", binary, "run", "--", "sh", "-c", deaf],
                             pgentry.environment(database.url, {"PGENTRY_APP_STOP_TIMEOUT": "300ms"}), "/", pid_1=True)
        running.wait_for("app 42")
        running.terminate()
        assert running.wait().exit == 137
    assert [event["event"] for event in running.events][-2:] == ["stop-timeout", "app-ended"], running.stderr


def test_the_database_process_can_run_no_program(pgentry, late):
    """It speaks with strangers: no_new_privs and a seccomp filter from its first moment on."""
    boot = pgentry.start("wait", url=late.url, env={"PGENTRY_WAIT_TIMEOUT": "20s"})
    boot.wait_for("not ready")
    [database] = boot.children()
    with open(f"/proc/{database}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
