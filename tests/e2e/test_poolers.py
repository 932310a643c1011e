"""PgBouncer in all its modes between pgentry and the database: contract section 3, rule 5."""
import json

import psycopg
import pytest
from endpoint import Endpoint
from pooler import Pooler
from supervisor import wait_until
from test_ladder import APP, CREATE, PSQL, ladder, note, order
from test_monitor import EVERY, after_looks, looks

MODES = ("session", "transaction", "statement")
ONE_STEP = ladder("- {name: create, run: [./create.sh], attempts: 1}", migrate="when: unverified")
CREATE_SH = {"create.sh": f"#!/bin/sh\n{note('x')}\nexec {PSQL} -c '{CREATE}'\n"}


@pytest.fixture
def pooler(database):
    """pooler(mode, …): a running one, ended with the test."""
    running = []

    def start(mode, **settings):
        running.append(Pooler(database, mode, **settings))
        return running[-1].__enter__()
    yield start
    for one in running:
        one.__exit__()


@pytest.fixture
def asked(database):
    """asked(): what the application's role has asked the server, up to now."""
    database.sql(f"ALTER ROLE {database.user} SET log_statement = 'all'")
    begun = len(database.cluster.lines)

    def lines():
        mark = f"SELECT 'mark {len(database.cluster.lines)}'"
        database.as_app(mark)
        wait_until(lambda: any(mark in line for line in database.cluster.lines[begun:]), what="the server's log")
        return "\n".join(database.cluster.lines[begun:])
    return lines


@pytest.mark.parametrize("mode", MODES)
def test_verification_works_through_every_mode(pgentry, database, project, pooler, mode):
    """Tables, columns, indexes, privileges, assertions; nothing of it stays in the pooler's sessions."""
    database.as_app("CREATE SCHEMA shop; CREATE TABLE shop.users (id int, name text); CREATE INDEX by_name ON shop.users (name);"
                    " CREATE TABLE shop.orders (id int)")
    project({"pgentry.yaml": """\
        verify:
          schema: shop
          tables:
            - {name: users, columns: [id, name], indexes: [by_name], privileges: [select, insert]}
            - {name: orders, columns: [id, price]}
          asserts:
            - {name: fine, sql: "SELECT count(*) = 0 FROM users;"}
            - {name: wrong, sql: "DELETE FROM users RETURNING true"}
        """})
    through = pooler(mode, default_pool_size=1)
    done = pgentry("verify", "--json", url=through.url)
    assert done.exit == 65, done
    document = json.loads(done.stdout)
    assert document["database"]["tables"] == {"users": True, "orders": True}
    assert {(problem["code"], problem["object"]) for problem in document["problems"]} == {
        ("missing-column", "shop.orders.price"), ("assert-failed", "wrong")}
    with psycopg.connect(through.url, autocommit=True) as session:
        for setting, value in (("transaction_read_only", "off"), ("statement_timeout", "0"), ("lock_timeout", "0"),
                               ("search_path", '"$user", public')):
            assert session.execute(f"SHOW {setting}").fetchone() == (value,)


def test_a_raw_sql_step_leaves_nothing_in_the_pooler_s_sessions(pgentry, database, project, pooler):
    """Its limits and the URL's schema end with its transaction: the next client of the session has its own."""
    database.as_app("CREATE SCHEMA shop")
    project({"one.sql": "CREATE TABLE one (id int)",
             "pgentry.yaml": "verify: {tables: [one]}\nmigrate: {lock: false, steps: [{name: raw, sql: [one.sql], timeout: 77s}]}\n"})
    through = pooler("transaction", default_pool_size=1)
    done = pgentry("sync", url=f"{through.url}?schema=shop")
    assert done.exit == 0 and database.sql("SELECT to_regclass('shop.one') IS NOT NULL") == [(True,)], done
    with psycopg.connect(through.url, autocommit=True) as session:
        for setting, value in (("statement_timeout", "0"), ("lock_timeout", "0"), ("search_path", '"$user", public')):
            assert session.execute(f"SHOW {setting}").fetchone() == (value,)


def test_a_pooler_whose_server_is_down_is_not_told_as_connected_again_and_again(pgentry, late, project):
    """PgBouncer takes connections and no query; the database counts as connected once it takes one."""
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    endpoint = Endpoint()
    late.cluster.start()
    late.as_app(CREATE)
    with Pooler(late, "transaction") as through:
        with psycopg.connect(through.url) as session:
            session.execute("SELECT 1")
        late.cluster.stop("fast")
        boot = pgentry.start("run", "--", "sleep", "600", url=through.url, env=endpoint.env)
        boot.wait_for("not-ready", count=2)
        assert endpoint.up().json()["database"]["connected"] is False
        late.cluster.start()
        endpoint.in_phase("running")
        assert [event["event"] for event in boot.events].count("connected") <= 2, boot.stderr


@pytest.mark.parametrize("mode", MODES)
def test_a_boot_with_direct_url_past_the_pooler(pgentry, database, project, pooler, mode):
    """The lock and the steps go past it, verification and the looks at the running application through it."""
    folder = project({"pgentry.yaml": ONE_STEP, **CREATE_SH})
    endpoint = Endpoint()
    through = pooler(mode)
    boot = pgentry.start("run", "--", "sleep", "600", url=through.url,
                         env={"DIRECT_URL": database.url, **endpoint.env, **EVERY})
    endpoint.up().in_phase("running")
    failed = looks(endpoint)[1]
    after_looks(endpoint, 2)
    assert endpoint.get("/health/database").status == 200
    assert looks(endpoint)[1] == failed
    boot.terminate()
    assert boot.wait().exit == 143
    assert order(folder) == ["x"]


@pytest.mark.parametrize("mode, settings", [
    ("transaction", {}), ("transaction", {"default_pool_size": 1}), ("transaction", {"default_pool_size": 2}),
    ("transaction", {"server_round_robin": 1}), ("statement", {}), ("statement", {"default_pool_size": 1}),
])
def test_a_pooler_that_changes_sessions_is_found_out_before_any_lock_is_taken(
        pgentry, database, project, pooler, asked, mode, settings):
    """78 with the remedy, at once; no step, no application, no lock that stays behind."""
    folder = project({"pgentry.yaml": ONE_STEP, **CREATE_SH})
    done = pgentry(*APP, url=pooler(mode, **settings).url)
    assert done.exit == 78, done
    assert done.stdout == ""
    assert done.said("pooler") and done.said("set database.direct_url"), done
    assert order(folder) == []
    assert database.advisory_locks() == []
    said = asked()
    assert "pg_backend_pid" in said and "pg_try_advisory_lock" not in said


def test_the_summary_tells_the_last_look_beside_a_connection_that_is_given_up(pgentry, database, project, pooler):
    """No lock can be taken: what had verified just before is not called unhealthy."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{run: 'true'}]}\n"})
    done = pgentry("run", "--", "true", url=pooler("transaction").url)
    assert done.exit == 78, done
    assert done.said("summary: 1 of 1 tables healthy, schema healthy when last looked at, now not connected"), done


@pytest.mark.parametrize("settings", [{}, {"default_pool_size": 1}, {"server_round_robin": 1}])
def test_a_pooler_that_keeps_sessions_may_carry_the_lock(pgentry, database, project, pooler, asked, settings):
    """Session mode, also where our session is all that the pool has: the lock is held while the step runs."""
    folder = project({"pgentry.yaml": ladder("- {name: create, run: [./create.sh], env: {DATABASE_URL: \"${PAST}\"}}"),
                      "create.sh": f"#!/bin/sh\n{note('x')}\nwhile [ ! -e go ]; do sleep 0.05; done\nexec {PSQL} -c '{CREATE}'\n"})
    boot = pgentry.start(*APP, url=pooler("session", **settings).url, env={"PAST": database.url})
    wait_until(lambda: order(folder) == ["x"], what="the step")
    assert len(database.advisory_locks()) == 1
    (folder / "go").touch()
    done = boot.wait()
    assert done.exit == 0, done
    assert database.advisory_locks() == []
    assert "pg_try_advisory_lock" in asked()


def test_no_lock_is_taken_through_a_pooler_that_breaks_the_connection_which_would_tell(
        pgentry, database, project, pooler, asked):
    """Who is sent away after a moment instead of waiting for the only server process proves nothing: it is tried again."""
    folder = project({"pgentry.yaml": ONE_STEP + "wait: {timeout: 3s}\n", **CREATE_SH})
    done = pgentry(*APP, url=pooler("transaction", default_pool_size=1, query_wait_timeout=0.3).url)
    assert done.exit == 69 and done.stdout == "", done
    assert done.said("query_wait_timeout"), done
    assert order(folder) == []
    assert "pg_try_advisory_lock" not in asked()


def test_replicas_behind_a_pooler_run_the_step_once(pgentry, database, project, pooler):
    """url through transaction pooling with few sessions, direct_url past it."""
    folder = project({"pgentry.yaml": ONE_STEP, **CREATE_SH})
    through = pooler("transaction", default_pool_size=2)
    replicas = [pgentry.start(*APP, url=through.url, env={"DIRECT_URL": database.url}) for _ in range(6)]
    for replica in replicas:
        done = replica.wait()
        assert done.exit == 0, done
    assert order(folder) == ["x"]


def test_a_database_that_is_down_behind_a_pooler_is_waited_for(pgentry, late, project):
    """The pooler listens and takes connections: that proves nothing."""
    project({"pgentry.yaml": "migrate: {preset: none}\nwait: {connect_timeout: 500ms}\n"})
    with Pooler(late, "transaction") as through:
        boot = pgentry.start(*APP, url=through.url)
        boot.wait_for("not-ready")
        assert boot.stdout == ""
        late.cluster.start()
        done = boot.wait()
    assert done.exit == 0, done
