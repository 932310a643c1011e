"""The log, the summary and the report: contract section 4 and rules 2 and 11 of section 3."""
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
from urllib.parse import quote

import pytest
from postgres import SUPERUSER_PASSWORD, free_port
from supervisor import PATIENCE, run, wait_until

TEXT = {"PGENTRY_LOG_FORMAT": "text"}
LEVELS = {"debug", "info", "warn", "error"}
PHASES = {"boot", "waiting", "checking", "locking", "migrating", "verifying", "starting", "running", "stopping", "held", "failed"}
REPAIR = """\
verify: {tables: [users, avatar_projects]}
migrate:
  steps:
    - {name: migrate deploy, run: "echo 'Error: P3009'; exit 1", permanent_errors: [P3009]}
    - {name: raw SQL, sql: [fallback.sql]}
"""
BROKEN = """\
verify: {tables: [users, avatars, avatar_projects]}
migrate: {preset: none}
"""


def test_the_texts_that_run_books_search_for(pgentry, database, project):
    """Verifying critical tables, EXISTS, NOT FOUND, CRITICAL, Missing tables."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": BROKEN})
    done = pgentry("run", "--", "true", url=database.url, env=TEXT)
    assert done.exit == 65, done
    for text in ("Verifying critical tables", "users EXISTS", "avatars NOT FOUND", "avatar_projects NOT FOUND",
                 "CRITICAL: 2 tables are missing!", "Missing tables: avatars, avatar_projects"):
        assert text in done.stderr, text
    assert "All critical tables exist!" not in done.stderr


def test_more_missing_tables_than_a_line_takes_are_marked(pgentry, database, project):
    """Whole names, then …; nobody takes the last one for another table."""
    names = [f"a_table_with_a_rather_long_name_{number:08}" for number in range(400)]
    project({"pgentry.yaml": json.dumps({"verify": {"tables": names}, "migrate": {"preset": "none"}})})
    done = pgentry("run", "--", "true", url=database.url)
    assert done.exit == 65
    [line] = [event["msg"] for event in done.events if event["event"] == "missing-tables"]
    *listed, last = line.removeprefix("Missing tables: ").split(", ")
    assert last.endswith(" …"), line
    assert [*listed, last.removesuffix(" …")] == names[:len(listed) + 1]


def test_the_texts_of_a_repair(pgentry, database, project):
    """ATTEMPTING EMERGENCY FIX: <step>, and in the end All critical tables exist!"""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE avatar_projects (id int)"})
    done = pgentry("run", "--", "true", url=database.url, env=TEXT)
    assert done.exit == 0, done
    assert "ATTEMPTING EMERGENCY FIX: raw SQL" in done.stderr
    assert "ATTEMPTING EMERGENCY FIX: migrate deploy" not in done.stderr
    assert done.stderr.index("ATTEMPTING EMERGENCY FIX: raw SQL") < done.stderr.index("All critical tables exist!")
    assert "avatar_projects EXISTS" in done.stderr


def test_text_lines_have_time_level_phase_and_message(pgentry, database, project):
    """TIME LEVEL phase message, no colour when standard error is no terminal."""
    project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"})
    done = pgentry("run", "--", "true", url=database.url, env=TEXT)
    assert done.exit == 0, done
    for line in done.stderr.splitlines():
        match = re.match(r"(\S+Z) (DEBUG|INFO|WARN|ERROR) +([a-z]+) +\S", line, re.I)
        assert match, line
        assert match.group(3) in PHASES, line
    assert "\x1b" not in done.stderr


def test_a_child_s_lines_carry_its_step_s_name(pgentry, database, project):
    """step | line"""
    project({"pgentry.yaml": REPAIR, "fallback.sql": "SELECT 1"})
    done = pgentry("run", "--", "true", url=database.url, env=TEXT)
    assert "migrate deploy | Error: P3009" in done.stderr, done


def test_json_lines_are_objects_with_the_documented_fields(pgentry, database, project):
    """ts, level, phase, event, msg."""
    project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"})
    done = pgentry("run", "--", "true", url=database.url)
    assert done.exit == 0, done
    lines = done.stderr.splitlines()
    assert len(done.events) == len(lines) > 5
    for event in done.events:
        assert {"ts", "level", "phase", "event", "msg"} <= set(event), event
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["ts"])
        assert event["level"] in LEVELS and event["phase"] in PHASES, event
        assert re.fullmatch(r"[a-z0-9-]+", event["event"]), event


def test_the_phases_come_in_their_order(pgentry, database, project):
    """waiting, checking, locking, checking, migrating, verifying, starting, running."""
    project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"})
    done = pgentry("--log-level", "debug", "run", "--", "true", url=database.url)
    seen = [event["phase"] for event in done.events]
    first = {phase: seen.index(phase) for phase in seen}
    order = [phase for phase in ("waiting", "checking", "locking", "migrating", "verifying", "starting", "running") if phase in first]
    assert [first[phase] for phase in order] == sorted(first[phase] for phase in order), seen
    assert "migrating" in first and "verifying" in first


def test_the_same_texts_stand_in_json(pgentry, database, project):
    """Whoever searches the JSON log finds them too."""
    project({"pgentry.yaml": BROKEN})
    done = pgentry("run", "--", "true", url=database.url)
    for text in ("Verifying critical tables", "users NOT FOUND", "CRITICAL: 3 tables are missing!",
                 "Missing tables: users, avatars, avatar_projects"):
        assert text in done.messages() or any(text in message for message in done.messages()), text


def test_log_level_hides_what_is_below(pgentry, database, project):
    """--log-level error: nothing but errors."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    done = pgentry("--log-level", "error", "run", "--", "true", url=database.url)
    assert done.exit == 0 and done.stderr == "", done
    done = pgentry("run", "--log-level", "warn", "--", "true", url=database.url)
    assert all(event["level"] in ("warn", "error") for event in done.events)


@pytest.mark.parametrize("level, told", [("warn", "error"), ("error", "error"), ("info", "info")])
def test_a_failed_step_s_last_lines_are_in_the_log_at_every_level(pgentry, database, project, level, told):
    """Rule 2: once, before the sentence that says that it failed; those of a step that succeeds are info."""
    project({"pgentry.yaml": REPAIR.replace("echo", "echo one; echo"), "fallback.sql": "CREATE TABLE users (id int);"
             " CREATE TABLE avatar_projects (id int); DO $$BEGIN RAISE NOTICE 'fine'; END$$"})
    done = pgentry("--log-level", level, "run", "--", "true", url=database.url)
    assert done.exit == 0, done
    lines = [(event["level"], event["step"], event["line"]) for event in done.events if event["event"] == "output"]
    assert lines[:2] == [(told, "migrate deploy", "one"), (told, "migrate deploy", "Error: P3009")], done
    assert all(step == "raw SQL" and level == "info" for _, step, _ in lines[2:])
    events = [event["event"] for event in done.events]
    assert events.index("step-failed") > events.index("output"), done


def test_a_guard_s_sql_that_drops_is_in_the_log_at_every_level(pgentry, database, project):
    """Rule 4: shown, whatever log.level hides."""
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{name: db push, run: [prisma, db, push]}]}\n",
                      "node_modules/.bin/prisma": "#!/bin/sh\nprintf 'DROP TABLE a;\\nDROP TABLE b;\\n'\n"})
    (folder / "node_modules/.bin/prisma").chmod(0o755)
    done = pgentry("--log-level", "error", "run", "--", "true", url=database.url)
    assert done.exit == 70, done
    assert [event["line"] for event in done.events if event["event"] == "output"] == ["DROP TABLE a;", "DROP TABLE b;"]


def test_a_summary_closes_the_boot(pgentry, database, project):
    """Each phase with its time, each step with attempts and result, tables healthy of total."""
    project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"})
    done = pgentry("run", "--", "true", url=database.url, env=TEXT)
    summary = done.stderr[done.stderr.index("All critical tables exist!"):]
    for word in ("waiting", "migrating", "migrate deploy", "raw SQL", "2 of 2", "ms"):
        assert word in summary, word


def test_the_summary_tells_at_every_level_what_is_to_be_mended(pgentry, database, project):
    """A step that failed although another one made good what it left, and what is missing in the end."""
    folder = project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"})
    done = pgentry("--log-level", "warn", "run", "--", "true", url=database.url)
    assert done.exit == 0, done
    assert [event["step"] for event in done.events if event["event"] == "summary-step"] == ["migrate deploy"], done
    (folder / "fallback.sql").write_text("SELECT 1")
    database.as_app("ALTER TABLE avatar_projects RENAME TO other")
    done = pgentry("--log-level", "error", "run", "--", "true", url=database.url)
    assert done.exit == 65, done
    assert done.said("summary: 1 of 2 tables healthy, schema degraded: public.avatar_projects"), done


def test_the_summary_tells_what_is_wanted_before_anything_was_looked_at(pgentry, project):
    """Nothing listens: none of the configured tables is known to be healthy, and nobody says that they were looked at."""
    project({"pgentry.yaml": "verify: {tables: [users, avatar_projects]}\nwait: {timeout: 200ms}\n"})
    done = pgentry("run", "--", "true", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert done.exit == 69, done
    assert done.said("summary: 0 of 2 tables healthy, schema not looked at"), done


@pytest.mark.parametrize("good", [True, False])
def test_the_report_is_written(pgentry, database, project, good):
    """report_file: the boot report as JSON, after success and after failure."""
    folder = project({"pgentry.yaml": REPAIR, "fallback.sql": "CREATE TABLE users (id int); CREATE TABLE avatar_projects (id int)"
                      if good else "CREATE TABLE users (id int)"})
    report = folder / "report.json"
    done = pgentry("run", "--", "true", url=database.url, env={"PGENTRY_REPORT_FILE": report})
    document = json.loads(report.read_text())
    assert done.exit == (0 if good else 65), done
    text = json.dumps(document)
    assert "migrate deploy" in text and "P3009" in text and "raw SQL" in text
    assert document["database"]["healthyTables"] == (2 if good else 1)
    assert document["exitStatus"] == (None if good else 65), "while the application runs there is none yet"


def test_a_report_that_cannot_be_written_does_not_stop_the_application(pgentry, database, project):
    """Once the boot is good, a full disk is not a reason to stay down; it is logged."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env={"PGENTRY_REPORT_FILE": "/dev/full"})
    assert done.stdout == "it runs\n", done
    assert "/dev/full" in done.stderr


class Stuck:
    """A folder in which every open waits until the end of `with`: fanotify(7), whose questions nobody answers."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.fanotify_init(0x04, 0)  # FAN_CLASS_CONTENT
        if self.fd < 0 or libc.fanotify_mark(self.fd, 1, ctypes.c_uint64(0x10000 | 0x08000000), -100, str(folder).encode()) < 0:
            pytest.skip(f"no fanotify: {os.strerror(ctypes.get_errno())}")  # FAN_OPEN_PERM | FAN_EVENT_ON_CHILD

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


@pytest.mark.parametrize("mode", ["supervise", "exec"])
def test_a_report_on_a_file_system_that_hangs_holds_nothing_up(pgentry, database, project, mode):
    """The application starts, a TERM reaches it, and who leaves is not kept."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\nreport_file: stuck/report.json\n", "stuck/report.json": "",
                      "app.sh": "#!/bin/sh\ntrap 'exit 3' TERM\necho app-is-up\nwhile :; do sleep 0.05; done\n"})
    with Stuck(folder / "stuck"):
        running = pgentry.start("run", "--set", f"app.mode={mode}", "--", "./app.sh", url=database.url, pid_1=True)
        running.wait_for("app-is-up")
        running.terminate()
        assert running.wait().exit == 3


@pytest.fixture
def terminated(pgentry, project):
    """terminated(url, …): a run where /dev/termination-log of Kubernetes exists; its result, whose stdout that file is."""
    if os.geteuid() != 0 or os.path.exists("/dev/termination-log"):
        pytest.skip("needs a /dev of its own")
    script = ("mount -t tmpfs none /mnt && cp -a /dev/null /dev/urandom /mnt/ && touch /mnt/termination-log && "
              "mount --bind /mnt /dev && \"$@\"; status=$?; cat /dev/termination-log; exit $status")

    def run_there(url, *options, app=("true",), env=None):
        return run(["unshare", "--mount", "sh", "-c", script, "sh", pgentry.binary, *options, "run", "--", *app],
                   pgentry.environment(url, env), project.folder)
    yield run_there
    assert not os.path.exists("/dev/termination-log"), "where it does not exist, none is made"


def test_the_termination_log_is_written_when_it_exists(terminated, database, project):
    """/dev/termination-log of Kubernetes."""
    project({"pgentry.yaml": BROKEN})
    done = terminated(database.url)
    assert done.exit == 65, done
    document = json.loads(done.stdout)
    assert document["database"]["healthyTables"] == 0 and document["exitStatus"] == 65


@pytest.mark.parametrize("count", [12, 300])
def test_the_termination_log_tells_how_the_boot_ended_however_many_tables_are_missing(terminated, database, project, count):
    """Whole JSON in the 4096 bytes that the kubelet keeps; what it goes without is counted."""
    tables = ", ".join(f"a_rather_long_name_of_a_table_{i}" for i in range(count))
    project({"pgentry.yaml": f"verify: {{tables: [{tables}]}}\nmigrate:\n  steps:\n"
                             "    - {name: migrate deploy, run: 'seq 1 400; echo P3009; exit 1', permanent_errors: [P3009]}\n"})
    done = terminated(database.url)
    assert done.exit == 70 and len(done.stdout.encode()) <= 4096, done
    document = json.loads(done.stdout)
    assert (document["status"], document["phase"], document["exitStatus"]) == ("unhealthy", "failed", 70)
    assert document["reason"] == "every migration step failed" and document["version"] and document["timeline"]
    [step] = document["steps"]
    assert (step["result"], step["codes"]) == ("failed", "P3009")
    missing = document["database"]["missingTables"]
    assert document["database"]["totalTables"] == count == len(missing) + document["leftOut"].get("missingTables", 0)
    assert len(missing) == count or len(missing) > 20


@pytest.mark.parametrize("app, status, reason", [
    (["sh", "-c", "exit 3"], 3, "application ended: exit status 3"),
    (["sh", "-c", "kill -9 $$"], 137, "application ended: ended by signal KILL"),
    (["./no-such-program"], 127, "no-such-program"),
    (["true"], None, "null"),
])
def test_the_termination_log_tells_how_the_application_ended(terminated, database, project, app, status, reason):
    """A report of the good boot before it would say that all is well."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    done = terminated(database.url, app=app)
    assert done.exit == (status or 0), done
    document = json.loads(done.stdout)
    assert document["exitStatus"] == status and reason in json.dumps(document["reason"])


def test_what_the_application_wrote_into_the_termination_log_stays(terminated, database, project):
    """That file is the application's too."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    done = terminated(database.url, app=["sh", "-c", "printf 'FATAL: mine' >/dev/termination-log; exit 3"])
    assert (done.exit, done.stdout) == (3, "FATAL: mine"), done


def test_the_termination_log_tells_why_a_configuration_is_refused(terminated, database, project):
    """78: all errors; also what is found only when the boot is set up."""
    project({"pgentry.yaml": "wait: {timeout: soon}\nmigrate:\n  lokc: true\n"})
    done = terminated(database.url)
    document = json.loads(done.stdout)
    assert done.exit == document["exitStatus"] == 78 and document["phase"] == "failed", done
    assert "pgentry.yaml:1:17: wait.timeout" in document["reason"] and "pgentry.yaml:3:3: unknown key" in document["reason"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:{}".format(taken.getsockname()[1])
        project({"pgentry.yaml": f"health: {{listen: ['{address}']}}\nverify: {{tables: [users]}}\n"})
        done = terminated(database.url, env={"PGENTRY_HEALTH_LISTEN": None})
    document = json.loads(done.stdout)
    assert done.exit == document["exitStatus"] == 78 and "listened on" in document["reason"], done
    assert document["database"]["tables"] == {"users": False}


@pytest.mark.parametrize("level", ["debug", "info"])
def test_no_secret_anywhere(pgentry, database, project, level):
    """Log, report, standard output: neither the raw nor the encoded password, in success and failure, at any level."""
    folder = project({"pgentry.yaml": REPAIR + "health: {token: t0ken-t0ken}\n", "fallback.sql": "SELECT nonsense"})
    report = folder / "report.json"
    other = "0ther/p@ss"
    done = pgentry("--log-level", level, "run", "--", "true", url=database.url,
                   env={"PGENTRY_REPORT_FILE": report, "PGPASSWORD": "pg-p4ssword",
                        "DIRECT_URL": database.url_with(query="?application_name=x"),
                        "OTHER": database.url_with(password=other)})
    assert done.exit != 0
    written = done.text + report.read_text()
    for secret in (database.password, quote(database.password, safe=""), "t0ken-t0ken", "pg-p4ssword"):
        assert secret not in written, secret


def test_a_secret_that_an_escape_sequence_divides_is_none_of_the_log_s(pgentry, database, project):
    """In a server's error and in a value of the database: terminals would show it whole."""
    divided = "overlay('" + database.password.replace("'", "''") + "' placing chr(27) || '[m' from 7 for 0)"
    project({"pgentry.yaml": json.dumps({"migrate": {"preset": "none"}, "verify": {"asserts": [
        {"name": "error", "sql": f"SELECT ({divided})::int"}, {"name": "value", "sql": f"SELECT {divided}"}]}})})
    done = pgentry("verify", url=database.url)
    assert done.exit == 65 and "integer: \"***\"" in done.stdout and "value is ***," in done.stdout, done
    assert database.password[7:] not in done.text, done


@pytest.mark.parametrize("mode", ["supervise", "exec"])
def test_no_part_of_a_secret_among_the_application_s_words_is_logged(pgentry, database, project, mode):
    """A password over the end of what is shown of a long command, and one in a URL that only the application knows."""
    project({"pgentry.yaml": f"app: {{mode: {mode}}}\n"})
    words = ["true", "postgres://u:0nlyhere@h/d", "jdbc:postgresql://h:1/d?user=u&password=0nly@0nlyhere", "x" * 193, "hunter2secret"]
    done = pgentry("run", "--", *words, url=database.url, env={"PGPASSWORD": "hunter2secret"})
    assert done.exit == 0 and "postgres://u:***@h/d" in done.stderr, done
    assert "x hunter" not in done.stderr and "0nlyhere" not in done.stderr, done


def test_a_closed_standard_error_harms_nothing(pgentry, database, project):
    """The log has nowhere to go: the application runs all the same."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    done = run(["sh", "-c", 'exec "$@" 2>&-', "sh", pgentry.binary, "run", "--", "echo", "it runs"],
                                        pgentry.environment(database.url, None), folder)
    assert done.exit == 0 and done.stdout == "it runs\n", done


def test_a_reader_that_never_reads_stalls_nothing(pgentry, database, project):
    """A full pipe at standard error: lines are dropped, the steps and the application run."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate:\n  steps:\n"
                                      "    - {name: much, run: 'seq 1 200000'}\n"})
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen([pgentry.binary, "run", "--", "touch", "started"], cwd=folder, stderr=writing,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env=pgentry.environment(database.url, None))
        os.close(writing)
        assert process.wait(60) == 0
    finally:
        os.close(reading)
    assert (folder / "started").exists()


@pytest.mark.parametrize("mode", ["supervise", "exec"])
def test_a_socket_that_was_full_is_left_blocking_to_the_application(pgentry, database, project, mode):
    """What the log waits for is shared with the application, which would get EAGAIN (systemd's journal is such a socket)."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate:\n  steps:\n    - {name: much, run: 'seq 1 20000; echo > much'}\n"
                             f"app: {{mode: {mode}}}\n",
             "app.py": "#!/usr/bin/python3\nimport os\nprint([os.get_blocking(fd) for fd in (0, 1, 2)])\n"})
    reader, writer = socket.socketpair()
    with reader, writer:
        running = subprocess.Popen([pgentry.binary, "run", "--", "./app.py"], cwd=pgentry.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=writer, env=pgentry.environment(database.url, None))
        writer.close()
        wait_until(lambda: (pgentry.folder / "much").exists(), what="more than the socket takes")
        while reader.recv(65536):
            pass
        assert running.communicate(timeout=PATIENCE)[0] == b"[True, True, True]\n"
        assert running.returncode == 0


def test_a_log_whose_reader_is_gone_is_no_storm_of_signals(pgentry, database, project):
    """The SIGPIPE of our own writes is not forwarded, or each one would be logged, which makes the next one."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n",
             "app.py": "#!/usr/bin/python3\nimport signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE, signal.SIGUSR1])\n"
                       "print('app-is-up', flush=True)\nsignal.sigwait([signal.SIGUSR1])\n"
                       "print('pending', sorted(signal.sigpending()), flush=True)\n"})
    running = subprocess.Popen([pgentry.binary, "--log-level", "debug", "run", "--", "./app.py"], cwd=pgentry.folder,
                               env=pgentry.environment(database.url, {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout.readline() == b"app-is-up\n"
    running.stderr.close()
    for _ in range(3):
        running.send_signal(signal.SIGWINCH)
    running.send_signal(signal.SIGUSR1)
    assert running.stdout.readline() == b"pending []\n"
    assert running.wait(20) == 0


@pytest.mark.parametrize("named", ["PGPASSFILE", "HOME", "URL"])
def test_a_password_file_that_others_may_read_is_told_of_once_and_in_the_log(pgentry, database, project, named):
    """libpq writes a line of its own for each connection, which no reader of JSON takes; the file is not used, as before."""
    folder = project({".pgpass": f"*:*:*:*:{SUPERUSER_PASSWORD}\n"})
    (folder / ".pgpass").chmod(0o644)
    port = database.cluster.port
    url = f"postgresql://postgres@127.0.0.1:{port}/{database.name}"
    url += f"?passfile={folder}/.pgpass" if named == "URL" else ""
    done = pgentry("wait", url=url, env={"PGPASSFILE": folder / ".pgpass" if named == "PGPASSFILE" else None,
                                         "PGENTRY_WAIT_PERMANENT_GRACE": "1ms", "HOME": folder if named == "HOME" else "/"})
    assert done.exit == 77, done
    assert len(done.events) == len(done.stderr.splitlines()), done
    assert done.said(f"{folder}/.pgpass is not used") == 1, done
    silent = pgentry("wait", url=database.url, env={"HOME": folder})
    assert silent.exit == 0 and "pgpass" not in silent.stderr, silent
