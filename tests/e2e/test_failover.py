"""Several servers behind one URL or name, some of them dead or standbys: contract sections 2 (wait) and 3."""
import contextlib
import socket

import pytest
from postgres import Standby, free_port
from supervisor import PATIENCE, wait_until
from test_ladder import APP, CREATE, PSQL, ladder, note, order

FILES = {"pgentry.yaml": ladder("- {name: raw, sql: [users.sql], attempts: 1}", migrate="when: unverified"), "users.sql": CREATE}
NOT_READY = "PostgreSQL is not ready"  # said when an attempt fails: without it the first one came through


@pytest.fixture
def pair(spare):
    """pair.primary, pair.standby and a database of theirs."""
    spare.start()

    class Pair:
        primary = spare
        database = spare.database()
        standby = Standby(spare)

        def url(self, *clusters, query=""):
            return self.database.url_with(host=",".join(f"127.0.0.1:{cluster.port}" for cluster in clusters), query=query)

    Pair.standby.start()
    yield Pair()
    Pair.standby.remove()


@contextlib.contextmanager
def vanishing(host, port):
    """An address where packets vanish: its queue of connections is full, so the kernel drops what comes."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield


@contextlib.contextmanager
def silent(host, port):
    """An address that takes connections and says nothing."""
    with socket.create_server((host, port), backlog=64):
        yield


def named(pgentry, project, lines):
    """A command that runs pgentry where these lines are /etc/hosts."""
    hosts = project.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(line + "\n" for line in lines), encoding="ascii")
    return ["unshare", "--mount", "sh", "-c", f"mount --bind '{hosts}' /etc/hosts && exec \"$@\"", "sh"]


def created(pair):
    """Whether the table is on what was the standby."""
    with pair.standby.connect(pair.database.name) as direct:
        return direct.execute("SELECT to_regclass('users') IS NOT NULL").fetchone() == (True,)


@pytest.mark.parametrize("dead", [None, vanishing, silent])
def test_a_dead_first_host_is_not_waited_for(pgentry, database, project, dead):
    """It refuses, its packets vanish, or it takes connections and says nothing: the second one is used, and soon."""
    project(FILES)
    port = free_port()
    with dead("127.0.0.1", port) if dead else contextlib.nullcontext():
        done = pgentry(*APP, url=database.url_with(host=f"127.0.0.1:{port},127.0.0.1:{database.cluster.port}"))
    assert done.exit == 0, done
    assert not done.said(NOT_READY), done


@pytest.mark.parametrize("dead", [None, vanishing, silent])
def test_a_name_with_a_dead_and_a_live_address(pgentry, database, project, dead):
    """As a headless Service or a failing cluster's DNS gives them; the same with the dead one first and last."""
    project({"pgentry.yaml": "migrate: {preset: none}\n"})
    port = database.cluster.port
    for lines in (["127.0.0.2 db", "127.0.0.1 db"], ["127.0.0.1 db", "127.0.0.2 db"]):
        with dead("127.0.0.2", port) if dead else contextlib.nullcontext():
            done = pgentry(*APP, url=database.url_with(host=f"db:{port}"), under=named(pgentry, project, lines))
        assert done.exit == 0, done
        assert not done.said(NOT_READY), done


def test_an_ipv6_address_that_nobody_listens_on_is_passed_over(pgentry, database, project):
    """localhost and most names of a cluster with both families: ::1 first, and the server on IPv4 only."""
    project({"pgentry.yaml": "migrate: {preset: none}\n"})
    port = database.cluster.port
    done = pgentry(*APP, url=database.url_with(host=f"db:{port}"), under=named(pgentry, project, ["::1 db", "127.0.0.1 db"]))
    assert done.exit == 0, done
    assert not done.said(NOT_READY), done


def test_a_hot_standby_first_is_passed_over_for_the_primary(pgentry, pair, project):
    """read-write is what migrations need: lock, step and verification are the primary's."""
    project(FILES)
    done = pgentry(*APP, url=pair.url(pair.standby, pair.primary))
    assert done.exit == 0, done
    assert pair.database.tables() == ["users"]


def test_a_worker_that_only_reads_starts_on_a_standby(pgentry, pair, project):
    """target: any and no steps: verified on the standby. Without it, the standby is waited for to become a primary: 69."""
    pair.database.as_app(CREATE)
    wait_until(pair.standby.caught_up, what="the standby has it all")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {preset: none}\n"})
    url = pair.url(pair.standby)
    done = pgentry(*APP, url=url, env={"PGENTRY_WAIT_TARGET": "any"})
    assert done.exit == 0, done
    done = pgentry(*APP, url=url, env={"PGENTRY_WAIT_TIMEOUT": "1s"})
    assert done.exit == 69, done
    assert done.stdout == "" and done.said("session is read-only (connect to the primary, or set wait.target: any)"), done


def test_steps_on_a_standby_say_25006_and_what_to_do(pgentry, pair, project):
    """target: any with steps is a mistake: it is told as such, and nothing starts."""
    project(FILES)
    done = pgentry(*APP, url=pair.url(pair.standby), env={"PGENTRY_WAIT_TARGET": "any"})
    assert done.exit == 70, done
    assert done.stdout == ""
    assert done.said("25006") and done.said("connect to the primary"), done


def test_a_standby_that_is_promoted_in_mid_boot_is_migrated(pgentry, pair, project):
    """The primary is gone: the standby is waited for; once it is promoted the boot goes on there."""
    project(FILES)
    wait_until(pair.standby.caught_up, what="the standby has it all")
    pair.primary.stop("immediate")
    boot = pgentry.start(*APP, url=pair.url(pair.primary, pair.standby))
    boot.wait_for("session is read-only")
    assert boot.stdout == ""
    pair.standby.promote()
    done = boot.wait()
    assert done.exit == 0, done
    assert created(pair)


def test_a_failover_in_mid_step_ends_on_the_new_primary(pgentry, pair, project):
    """The primary dies under the step and with it the lock: the step is tried again where the standby was promoted."""
    folder = project({"pgentry.yaml": ladder("- {name: create, run: [./create.sh], attempts: 20, delay: 100ms}"), "create.sh": f"""\
        #!/bin/sh
        {note('x')}
        touch running
        while [ ! -e go ]; do sleep 0.05; done
        exec {PSQL} -c '{CREATE}'
        """})
    wait_until(pair.standby.caught_up, what="the standby has it all")
    # libpq's psql has to find the primary, too
    boot = pgentry.start(*APP, url=pair.url(pair.primary, pair.standby, query="?target_session_attrs=read-write"))
    wait_until((folder / "running").exists, what="the step")
    pair.primary.stop("immediate")
    boot.wait_for("lock-lost")
    (folder / "go").touch()
    wait_until(lambda: len(order(folder)) > 1 or "not-ready" in boot.stderr, what="the step's failure")
    pair.standby.promote()
    done = boot.wait(2 * PATIENCE)
    assert done.exit == 0, done
    assert created(pair)
    assert len(order(folder)) > 1


def test_a_database_that_turns_read_only_is_waited_for(pgentry, late, project):
    """default_transaction_read_only, as a managed database has it when its disk is full or in maintenance."""
    project(FILES)
    late.cluster.start()
    late.sql(f"ALTER DATABASE {late.name} SET default_transaction_read_only = on")
    boot = pgentry.start(*APP, url=late.url)
    boot.wait_for("read-only")
    with late.direct() as direct:
        direct.execute("SET transaction_read_only = off")
        direct.execute("SET default_transaction_read_only = off")
        direct.execute(f"ALTER DATABASE {late.name} RESET default_transaction_read_only")
    done = boot.wait()
    assert done.exit == 0, done


def test_the_lock_outlives_an_idle_session_timeout(pgentry, database, project):
    """The role's sessions are ended after 500 ms without a statement; its step takes 2 s."""
    database.sql(f'ALTER ROLE "{database.user}" SET idle_session_timeout = 500')
    held = "SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND granted"
    project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 1}"),
             "slow.sh": f'#!/bin/sh\nsleep 2\n{PSQL} -c "CREATE TABLE users AS {held}"\n'})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert database.sql("SELECT held FROM users") == [(1,)]
    assert "lost" not in done.stderr, done
