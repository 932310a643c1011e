"""Many replicas at once: contract section 3, rule 5."""
import json
import os
import re
import signal
from pathlib import Path

import psycopg
import pytest
from island import Island
from postgres import SUPERUSER_PASSWORD
from supervisor import children_of, wait_until
from test_ladder import APP, CREATE, PSQL, alive, ladder, note, order, pid_in

pytestmark = pytest.mark.crowd
REPLICAS = 50
WAITERS = 5
ONCE = "when: unverified"
GATE = "while [ ! -e go ]; do sleep 0.05; done"


def step(*lines):
    """A shell script that says its pid, waits for the file `go` and does the rest."""
    return "\n".join(["#!/bin/sh", "set -e", note("x"), "echo $$ > step.pid", GATE, *lines, ""])


@pytest.fixture
def crowd(pgentry, project):
    """crowd(database, config, files): a first replica in its step, which waits for `go`; crowd.join(n): n that wait for it."""

    class Crowd:
        def __call__(self, database, config, script, **env):
            self.database, self.env = database, env
            self.folder = project({"pgentry.yaml": config, "step.sh": script})
            self.first = self.start()
            self.step = pid_in(self.folder / "step.pid")
            return self

        def start(self, **more):
            return pgentry.start(*APP, url=self.database.url, env=self.env, **more)

        def join(self, count):
            others = [self.start() for _ in range(count)]
            for other in others:
                other.wait_for("lock-busy", patience=60)
            return others

        def go(self):
            (self.folder / "go").touch()

        def holder(self):
            [(_, _, pid)] = self.database.advisory_locks()
            return pid

    return Crowd()


@pytest.fixture
def hundred(spare):
    """A database on a server with PostgreSQL's default of 100 connections."""
    return spare.start(max_connections=100).database()


def all_start(replicas, patience=60):
    for replica in replicas:
        done = replica.wait(patience)
        assert done.exit == 0, done
        assert done.stdout == "it runs\n", done


def gives_up(replica, holder):
    """75, and the last words name the holder: pid, application, client, age."""
    done = replica.wait()
    assert done.exit == 75, done
    assert done.stdout == ""
    [event] = [event for event in done.events if event.get("event") == "lock-timeout"]
    assert re.search(rf"held by pid {holder}, application pgentry, client 127\.0\.0\.1, connected for \d", event["msg"]), done


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def is_over(pid):
    try:
        return state_of(pid) == "Z"
    except OSError:
        return True


def freeze(pid):
    """Stops the process and all below it, parents first so that no child is made or reaped meanwhile; their pids."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state_of(pid) in "TZ", what=f"{pid} stopped")
    return [pid, *(one for child in children_of(pid) for one in freeze(child))]


def transactions(database):
    """Of the replicas just now: (pid, since when)."""
    return set(database.sql("SELECT pid, coalesce(xact_start, backend_start) FROM pg_stat_activity WHERE usename = %s"
                            " AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL)", database.user))


def test_fifty_replicas_run_a_step_once_and_all_start(crowd, hundred):
    """It is not idempotent. 49 wait with one session each, whose looks end: none keeps a transaction or a snapshot. Nobody is
    refused a connection, no lock stays."""
    crowd(hundred, ladder("- {name: once, run: [./step.sh]}", migrate=ONCE), step(f"{PSQL} -c '{CREATE}'"))
    others = crowd.join(REPLICAS - 1)
    assert len(hundred.application_sessions()) == REPLICAS
    seen = transactions(hundred)
    wait_until(lambda: not seen & transactions(hundred), what="the end of each look")
    crowd.go()
    all_start([crowd.first, *others])
    assert order(crowd.folder) == ["x"]
    assert hundred.advisory_locks() == []
    assert not any("too many" in replica.stderr for replica in [crowd.first, *others])


def test_raw_sql_runs_once(pgentry, database, project):
    """SQL that fails when it is run twice."""
    project({"pgentry.yaml": ladder("- {name: raw, sql: [users.sql]}", migrate=ONCE),
             "users.sql": "CREATE TABLE users (id int); CREATE TABLE runs (id int); INSERT INTO runs VALUES (1)"})
    all_start([pgentry.start(*APP, url=database.url) for _ in range(WAITERS)])
    assert database.sql("SELECT count(*) FROM runs") == [(1,)]


def test_a_replica_that_waits_has_one_connection_also_with_direct_url(crowd, database):
    """Another role's, past the pooler: it is opened to try, not to wait. The holder is told all the same, though the
    application's role may not see whose session that is."""
    past = f"postgresql://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{database.cluster.port}/{database.name}"
    crowd(database, ladder("- {name: once, run: [./step.sh]}", migrate=ONCE), step(f"{PSQL} -c '{CREATE}'"),
          DIRECT_URL=past)
    others = crowd.join(WAITERS)

    def sessions():
        return database.sql("SELECT usename, count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
                            " GROUP BY 1 ORDER BY 1", database.name)
    wait_until(lambda: sessions() == [(database.user, 1 + WAITERS), ("postgres", 1)], what="one session each")
    crowd.env["PGENTRY_MIGRATE_LOCK_TIMEOUT"] = "1s"
    gives_up(crowd.start(), crowd.holder())
    crowd.go()
    all_start([crowd.first, *others])
    assert order(crowd.folder) == ["x"]


def test_steps_without_a_history_run_one_after_the_other(pgentry, hundred, project):
    """Each replica runs them, as in any entrypoint, and never two at once: the step fails if it meets another."""
    folder = project({"pgentry.yaml": ladder("- {name: alone, run: [./step.sh], attempts: 1}"),
                      "step.sh": f"#!/bin/sh\nset -e\nmkdir running\n{note('x')}\n"
                                 f"{PSQL} -c 'CREATE TABLE IF NOT EXISTS users (id int)'\nrmdir running\n"})
    all_start([pgentry.start(*APP, url=hundred.url) for _ in range(WAITERS)])
    assert order(folder) == ["x"] * WAITERS


def test_a_step_that_waits_for_a_lock_is_told_with_who_is_in_its_way(pgentry, database, project):
    """A forgotten transaction, and a migration behind it: the log says so while it waits, once, and the lock is kept."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [{name: users, columns: [email]}]}\nmigrate: {steps: [{name: raw, sql: [email.sql]}]}\n",
             "email.sql": "ALTER TABLE users ADD email text"})
    with psycopg.connect(database.url, application_name="forgetful") as forgotten:
        forgotten.execute("SELECT FROM users")
        replica = pgentry.start(*APP, url=database.url)
        told = json.loads(replica.wait_for("the step waits in the server"))
        assert re.search(r"application pgentry apply, for AccessExclusiveLock on public\.users; in its way is pid "
                         rf"{forgotten.info.backend_pid}, application forgetful, idle in transaction since \d\d:", told["msg"]), told
        assert (told["level"], told["phase"]) == ("warn", "migrating")
    all_start([replica])
    assert replica.stderr.count("the step waits in the server") == 1
    assert "lock was lost" not in replica.stderr


PLANTED = """\
CREATE FUNCTION planted({left}, {right}) RETURNS {result} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted'; END $$;
CREATE OPERATOR {name} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = planted)"""


@pytest.mark.parametrize("search_path", ['"$user", public', "public, pg_catalog"])
def test_operators_that_others_planted_are_not_run_over_the_lock_s_connection(crowd, database, search_path):
    """The application's role may create in a schema that the superuser of direct_url has in its search_path: what fits our
    questions better than PostgreSQL's own operators, or comes before them, would run as superuser."""
    for name, left, right, result in [("=", "oid", "integer", "boolean"), ("=", "text", "text", "boolean"),
                                      ("=", "name", "name", "boolean"), ("*", "integer", "numeric", "numeric"),
                                      ("*", "bigint", "interval", "interval")]:
        database.as_app(PLANTED.format(name=name, left=left, right=right, result=result))
    database.sql(f"ALTER DATABASE {database.name} SET search_path = {search_path}")
    past = f"postgresql://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{database.cluster.port}/{database.name}"
    crowd(database, ladder("- {name: once, run: [./step.sh], attempts: 2, delay: 1ms}", migrate=ONCE),
          step("mkdir first && exit 1", f"{PSQL} -c '{CREATE}'").replace("set -e\n", ""), DIRECT_URL=past)
    others = crowd.join(1)
    crowd.go()
    all_start([crowd.first, *others])
    assert not any("planted" in replica.stderr for replica in [crowd.first, *others])


def test_the_lock_of_a_killed_holder_is_taken_by_one_who_waits(pgentry, database, project):
    """kill -9 of the whole container in mid-step: one of the others migrates, all the others start."""
    folder = project({"pgentry.yaml": ladder("- {name: once, run: [./step.sh]}", migrate=ONCE),
                      "step.sh": step(f"{PSQL} -c '{CREATE}'")})
    first = pgentry.start(*APP, url=database.url, pid_1=True)
    pid_in(folder / "step.pid")
    others = [pgentry.start(*APP, url=database.url) for _ in range(WAITERS)]
    for other in others:
        other.wait_for("lock-busy")
    first.signal(signal.SIGKILL)
    wait_until(lambda: order(folder) == ["x", "x"], what="another one's step")
    (folder / "go").touch()
    all_start(others)
    assert order(folder) == ["x", "x"]


def test_the_step_of_a_killed_sync_does_not_go_on_beside_the_next(pgentry, database, project):
    """kill -9 of `pgentry sync` alone: its lock is free at once, so its step is told to end."""
    folder = project({"pgentry.yaml": ladder("- {name: once, run: [./step.sh]}", migrate=ONCE),
                      "step.sh": f"#!/bin/sh\necho $$ > step.pid.new; mv step.pid.new step.pid\n{note('x')}\nexec sleep 600\n"})
    first = pgentry.start("sync", url=database.url)
    running = pid_in(folder / "step.pid")
    first.signal(signal.SIGKILL)
    wait_until(lambda: is_over(running), 5, what="the step's end")


def test_the_lock_of_a_holder_that_is_cut_off_is_free_in_under_a_minute(pgentry, spare, project):
    """Packets vanish, nobody is told: the server's keepalives end the session, another replica migrates. The holder's step may
    end; it starts no other and no application, and says why."""
    with Island() as island:
        with open(spare.data + "/pg_hba.conf", "a", encoding="ascii") as file:
            file.write(f"host all all {island.inside}/32 scram-sha-256\n")
        database = spare.start(listen_addresses="*").database()
        folder = project({"pgentry.yaml": ladder("- {name: once, run: [./step.sh], attempts: 3}", migrate=ONCE),
                          "step.sh": f"#!/bin/sh\n{note('x')}\necho $$ > step.pid\n"
                                     f"if mkdir first; then {GATE}; exit 0; fi\nexec {PSQL} -c '{CREATE}'\n"})
        first = pgentry.start(*APP, url=database.url_with(host=f"{island.outside}:{spare.port}"), under=island.under,
                              env={"PGENTRY_WAIT_TIMEOUT": "2s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "1s"})
        step_pid = pid_in(folder / "step.pid")
        others = [pgentry.start(*APP, url=database.url) for _ in range(WAITERS)]
        for other in others:
            other.wait_for("lock-busy")
        island.cut()
        all_start(others, patience=60)
        assert alive(step_pid), "the step may end"
        first.wait_for("lock-lost", patience=60)
        (folder / "go").touch()
        done = first.wait()
    assert done.exit == 69, done
    assert done.stdout == ""
    assert order(folder) == ["x", "x"]


def test_a_frozen_holder_is_named_by_those_who_time_out_and_goes_on_when_thawed(crowd, database):
    """SIGSTOP as `docker pause` does it: 75, with pid, application, client and since when."""
    crowd(database, ladder("- {name: once, run: [./step.sh]}", migrate=ONCE), step(f"{PSQL} -c '{CREATE}'"),
          PGENTRY_MIGRATE_LOCK_TIMEOUT="2s")
    holder = crowd.holder()
    frozen = freeze(crowd.first.pid)
    try:
        for other in [crowd.start() for _ in range(WAITERS)]:
            gives_up(other, holder)
    finally:
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)
    crowd.go()
    all_start([crowd.first])
    assert order(crowd.folder) == ["x"]


def test_term_while_waiting_for_the_lock_is_obeyed_at_once(crowd, database):
    """143; the holder's step and lock are left alone."""
    crowd(database, ladder("- {name: once, run: [./step.sh]}", migrate=ONCE), step(f"{PSQL} -c '{CREATE}'"))
    holder = crowd.holder()
    for other in crowd.join(2):
        other.terminate()
        done = other.wait(5)
        assert done.exit == 143, done
        assert done.stdout == ""
    assert alive(crowd.step) and crowd.holder() == holder
    crowd.go()
    all_start([crowd.first])


def test_an_index_is_built_concurrently_while_others_wait(crowd, database):
    """CREATE INDEX CONCURRENTLY waits for every older snapshot: those who wait hold none, so it ends."""
    database.as_app("CREATE TABLE items (id int); INSERT INTO items SELECT generate_series(1, 1000)")
    crowd(database, ladder("- {name: index, run: [./step.sh], timeout: 15s, attempts: 1}", migrate=ONCE),
          step(f"{PSQL} -c 'CREATE INDEX CONCURRENTLY items_id ON items (id)'", f"{PSQL} -c '{CREATE}'"))
    others = crowd.join(WAITERS)
    crowd.go()
    all_start([crowd.first, *others])
    assert database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id'::regclass") == [(True,)]
    assert order(crowd.folder) == ["x"]


def test_a_lock_lost_in_mid_step_goes_to_another_and_the_loser_starts_no_further_step(crowd, database):
    """The loser's step may end; it takes the lock anew, looks again and finds the other's work."""
    crowd(database, ladder("- {name: once, run: [./step.sh], attempts: 3, delay: 50ms}", migrate=ONCE),
          f"#!/bin/sh\n{note('x')}\necho $$ > step.pid\n"
          f"if mkdir first; then {GATE}; exit 1; fi\n"
          f"touch second; while [ ! -e go-second ]; do sleep 0.05; done\nexec {PSQL} -c '{CREATE}'\n")
    [other] = crowd.join(1)
    database.sql("SELECT pg_terminate_backend(%s)", crowd.holder())
    crowd.first.wait_for("lock-lost")
    wait_until((crowd.folder / "second").exists, what="the other one's step")
    assert alive(crowd.step), "the step may end"
    crowd.go()
    crowd.first.wait_for("lock-busy")
    (crowd.folder / "go-second").touch()
    all_start([crowd.first, other])
    assert order(crowd.folder) == ["x", "x"]


def test_workers_without_steps_wait_for_the_job_that_migrates(pgentry, database, project):
    """pgentry sync as a Job, workers with PGENTRY_MIGRATE_PRESET=none and verify.timeout beside it: they take no lock."""
    folder = project({"job.yaml": ladder("- {name: once, run: [./step.sh]}"), "step.sh": step(f"{PSQL} -c '{CREATE}'")})
    env = {"PGENTRY_MIGRATE_PRESET": "none", "PGENTRY_VERIFY_TABLES": "users", "PGENTRY_VERIFY_TIMEOUT": "30s"}
    workers = [pgentry.start(*APP, url=database.url, env=env) for _ in range(WAITERS)]
    for worker in workers:
        worker.wait_for("awaiting-schema")
    job = pgentry.start("sync", "-c", "job.yaml", url=database.url)
    pid_in(folder / "step.pid")
    (folder / "go").touch()
    assert job.wait().exit == 0
    all_start(workers)
    assert not any("lock" in event["event"] for worker in workers for event in worker.events)
    assert order(folder) == ["x"]


def test_an_older_replica_starts_on_a_newer_schema(pgentry, database, project):
    """Rolling deploy: a migration that is recorded but gone locally is warned of; nothing runs."""
    database.as_app("CREATE TABLE users (id int); CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
                    " INSERT INTO schema_migrations VALUES ('20250101000000'), ('20250202000000')")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {preset: dbmate}\n",
             "db/migrations/20250101000000_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n\n-- migrate:down\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    [warning] = [event for event in done.events if event["event"] == "migrations-gone"]
    assert warning["level"] == "warn" and "20250202000000" in warning["msg"]
    assert not any(event["phase"] in ("locking", "migrating") for event in done.events), done
