"""Waiting for PostgreSQL: contract sections 2 (wait), 3 and 6."""
import os
import signal
import socket
import struct
import threading
import time
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from island import Island
from pooler import Pooler
from postgres import SUPERUSER_PASSWORD, free_port
from supervisor import descendants_of, wait_until

QUICK = {"PGENTRY_WAIT_TIMEOUT": "15s", "PGENTRY_WAIT_PERMANENT_GRACE": "300ms"}
NOWHERE = "postgresql://app:secret@127.0.0.1:{}/shop"


def test_a_server_that_runs_is_waited_for_no_longer_than_a_connection_takes(pgentry, database):
    """`wait` returns 0 as soon as PostgreSQL takes queries."""
    done = pgentry("wait", url=database.url)
    assert done.exit == 0, done
    assert done.seconds < 5, done


def test_a_server_that_comes_two_seconds_late_is_waited_for(pgentry, late):
    """Nothing listens, then PostgreSQL starts: wait goes on until then, and ends soon after."""
    thread = late.cluster.start_later(2)
    done = pgentry("wait", url=late.url, env=QUICK)
    thread.join()
    assert done.exit == 0, done
    assert 1.5 < done.seconds < 6, done


def test_the_application_starts_after_the_late_server(pgentry, late):
    """`run` waits as `wait` does, and then the application runs."""
    thread = late.cluster.start_later(1)
    done = pgentry("run", "--", "sh", "-c", "echo it runs", url=late.url, env=QUICK)
    thread.join()
    assert done.exit == 0, done
    assert done.stdout == "it runs\n", done


def test_a_server_that_is_starting_up_is_waited_for(pgentry, late):
    """57P03 (the database system is starting up) is retried, however long the grace for permanent errors is."""
    server = late.cluster
    # A standby without its primary and with hot_standby off answers every connection with 57P03 until it is promoted.
    signal_file = os.path.join(server.data, "standby.signal")
    with open(signal_file, "w", encoding="ascii"):
        pass
    server.launch(hot_standby="off")
    try:
        wait_until(lambda: any("standby mode" in line for line in server.lines), what="standby mode")
        waiting = pgentry.start("wait", url=late.url, env={**QUICK, "PGENTRY_WAIT_PERMANENT_GRACE": "1ms"})
        waiting.wait_for("57P03")
        assert waiting.process.poll() is None
    finally:
        server.stop()
        if os.path.exists(signal_file):
            os.remove(signal_file)
    server.start()
    assert waiting.wait().exit == 0


def test_a_refused_password_ends_in_77_after_the_grace(pgentry, database):
    """28P01 seldom heals: retried for permanent_grace, then exit 77 and no application."""
    done = pgentry("run", "--", "echo", "it runs", url=database.url_with(password="wr0ng-secret"),
                   env={**QUICK, "PGENTRY_WAIT_PERMANENT_GRACE": "1s"})
    assert done.exit == 77, done
    assert 0.9 < done.seconds < 8, done
    assert "28P01" in done.stderr, done
    assert "it runs" not in done.stdout
    assert "wr0ng-secret" not in done.text


def test_a_password_that_is_mended_within_the_grace_is_fine(pgentry, database):
    """permanent_grace is for a database whose role is made a moment later."""
    waiting = pgentry.start("wait", url=database.url_with(password="later"),
                            env={**QUICK, "PGENTRY_WAIT_PERMANENT_GRACE": "15s"})
    waiting.wait_for("28P01")
    database.sql(f"ALTER ROLE {database.user} PASSWORD 'later'")
    assert waiting.wait().exit == 0


def test_the_shortest_delays_never_stall_the_loop(pgentry, database):
    """A timer that is due before the loop polls is not slept through: refused over and over, it still ends in time."""
    delays = {"PGENTRY_WAIT_INITIAL_DELAY": "1ms", "PGENTRY_WAIT_MAX_DELAY": "1ms"}
    several = [pgentry.start("wait", url=database.url_with(password="wrong"),
                             env={**QUICK, **delays, "PGENTRY_WAIT_PERMANENT_GRACE": "3s"}) for _ in range(6)]
    assert [waiting.wait().exit for waiting in several] == [77] * 6


def test_no_such_database_ends_in_77(pgentry, database):
    """3D000 is permanent after the grace."""
    done = pgentry("wait", url=database.url_with(name="no_such_shop"), env=QUICK)
    assert done.exit == 77, done
    assert "3D000" in done.stderr and "no_such_shop" in done.stderr, done


def test_what_a_pooler_refuses_for_good_ends_in_77(pgentry, database):
    """PgBouncer has one code, 08P01, for this and for what waiting heals: its words tell."""
    with Pooler(database, "session", server_login_retry=0) as pooler:
        for change, words in (("?options=-c%20jit%3Doff", "ignore_startup_parameters"), ("_none", "add them to the pooler")):
            done = pgentry("wait", url=pooler.url + change, env=QUICK)
            assert done.exit == 77 and "08P01" in done.stderr and words in done.stderr, done


def test_what_may_be_done_about_a_server_that_takes_no_more_is_told(pgentry, database):
    """It is waited for, but seldom heals by itself."""
    database.sql(f"ALTER ROLE {database.user} CONNECTION LIMIT 0")
    done = pgentry("wait", url=database.url, env={"PGENTRY_WAIT_TIMEOUT": "1s"})
    assert done.exit == 69 and "53300" in done.stderr and "the CONNECTION LIMIT named in the message" in done.stderr, done


def test_refused_tls_ends_in_77(pgentry, database):
    """sslmode=require against a server without TLS is permanent after the grace."""
    done = pgentry("wait", url=database.url_with(query="?sslmode=require"), env=QUICK)
    assert done.exit == 77, done


def test_nothing_ever_listens(pgentry):
    """The deadline is kept: exit 69 when wait.timeout is over, not later."""
    done = pgentry("run", "--", "echo", "it runs", url=NOWHERE.format(free_port()),
                   env={"PGENTRY_WAIT_TIMEOUT": "1500ms"})
    assert done.exit == 69, done
    assert 1.4 < done.seconds < 4, done
    assert "it runs" not in done.stdout


def test_a_server_that_swallows_packets_does_not_hold_the_deadline_up(pgentry, late):
    """A listening socket on which nobody answers: connect_timeout an attempt, wait.timeout in all, exit 69."""
    late.cluster.start()
    late.cluster.pause()
    try:
        done = pgentry("wait", url=late.url, env={"PGENTRY_WAIT_TIMEOUT": "2s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "500ms"})
    finally:
        late.cluster.resume()
    assert done.exit == 69, done
    assert 1.9 < done.seconds < 5, done


def test_a_database_process_that_hangs_is_not_told_as_what_wait_also_names(pgentry, database):
    """That was what was waited for before."""
    waiting = pgentry.start("wait", "--set", f"wait.also=127.0.0.1:{free_port()}", url=database.url,
                            env={"PGENTRY_WAIT_CONNECT_TIMEOUT": "500ms"})
    waiting.wait_for("what wait.also names is not ready")
    for child in waiting.children():
        os.kill(child, signal.SIGSTOP)
    assert "PostgreSQL is not ready" in waiting.wait_for("it did not answer in time")


def test_a_direct_url_that_swallows_packets_does_not_hold_the_deadline_up(pgentry, database):
    """Neither the look nor the lock waits for it longer than wait.timeout, which is shorter than connect_timeout here."""
    database.as_app("CREATE TABLE users (id int)")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = pgentry("sync", "--set", "verify.tables=users", "--set", "migrate.steps=[{name: s, run: 'true'}]",
                       url=database.url, env={"DIRECT_URL": NOWHERE.format(silent.getsockname()[1]),
                                              "PGENTRY_WAIT_TIMEOUT": "1s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "30s"})
    assert done.exit == 69, done
    assert done.seconds < 10, done


def test_a_server_that_answers_again_is_noticed(pgentry, late):
    """After silence, an attempt is made again: the pause costs no more than itself and one connect_timeout."""
    late.cluster.start()
    late.cluster.pause()
    waiting = pgentry.start("wait", url=late.url, env={**QUICK, "PGENTRY_WAIT_CONNECT_TIMEOUT": "500ms"})
    try:
        waiting.wait_for_phase("waiting")
    finally:
        late.cluster.resume()
    assert waiting.wait().exit == 0


def test_a_host_name_that_does_not_resolve_is_waited_for(pgentry):
    """A name may appear later (a container that is being started): not permanent, exit 69 at the deadline."""
    done = pgentry("wait", url="postgresql://app:secret@no-such-host.invalid:5432/shop",
                   env={"PGENTRY_WAIT_TIMEOUT": "1s", "PGENTRY_WAIT_PERMANENT_GRACE": "1ms"})
    assert done.exit == 69, done
    assert "no-such-host.invalid" in done.stderr


@pytest.mark.parametrize("address, hint", [
    ("localhost:{}", "in a container localhost is the container itself"),
    ("my_db:5432", "in a container the host is the service's or container's name in a network of both"),
    ("", "a URL without a host leads to one"),
])
def test_the_log_of_what_is_not_there_says_what_to_look_at(pgentry, address, hint):
    """From the first line on: whoever reads it has no `pgentry diagnose` at hand."""
    done = pgentry("wait", url=f"postgresql://app:secret@{address.format(free_port())}/shop", env={"PGENTRY_WAIT_TIMEOUT": "1s"})
    assert done.exit == 69, done
    lines = [message for message in done.messages() if "not ready" in message]
    assert lines and all(hint in line for line in lines), done


class OfAnotherKind(BaseRequestHandler):
    """Answers PostgreSQL's first packet as nginx does."""

    def handle(self):
        self.request.recv(8)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("sslmode", ["prefer", "disable"])
def test_a_server_of_another_kind_is_told_as_no_postgresql(pgentry, sslmode):
    """A port mixed up. It may be PostgreSQL's a moment later, so it is waited for."""
    with ThreadingTCPServer(("127.0.0.1", 0), OfAnotherKind) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.server_address[1]
        done = pgentry("wait", url=NOWHERE.format(port) + "?sslmode=" + sslmode, env={"PGENTRY_WAIT_TIMEOUT": "1s"})
        other.shutdown()
    assert done.exit == 69, done
    assert "what answers there is no PostgreSQL" in done.stderr, done


@pytest.mark.parametrize("name, status", [("TERM", 143), ("INT", 130), ("QUIT", 131)])
def test_a_signal_while_waiting_ends_it(pgentry, name, status):
    """TERM, INT or QUIT before the application runs: exit 128+signal, at once, and no application."""
    waiting = pgentry.start("run", "--", "echo", "it runs", url=NOWHERE.format(free_port()))
    waiting.wait_for_phase("waiting")
    waiting.signal({"TERM": 15, "INT": 2, "QUIT": 3}[name])
    began = time.monotonic()
    done = waiting.wait()
    assert done.exit == status, done
    assert time.monotonic() - began < 2, done
    assert "it runs" not in done.stdout


def test_a_signal_while_a_name_is_looked_up_in_vain_ends_it_at_once(pgentry):
    """The name server swallows every question: there is no connection whose end would be worth a second. Nothing stays, no
    zombie for another init to reap either."""
    with Island() as island, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((island.outside, 53))
        with island.name_server(island.outside):
            waiting = pgentry.start("wait", url="postgresql://app:secret@db.test/shop", under=island.under)
            waiting.wait_for_phase("waiting")
            server.recv(512)
            processes = descendants_of(waiting.pid)
            began = time.monotonic()
            waiting.signal(15)
            done = waiting.wait()
    assert done.exit == 143, done
    assert time.monotonic() - began < 0.5, done
    assert processes and not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]


ANSWERS = {"NXDOMAIN": 3, "SERVFAIL": 2, "NOTIMP": 4, "REFUSED": 5, "nothing": None}


def answer(server, address, of_ipv6):
    while True:
        text, client = server.recvfrom(512)
        if not text:
            return
        end = text.index(b"\0", 12) + 5
        if text[end - 4:end - 2] == b"\0\1":
            record = struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(address)
            server.sendto(text[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + text[12:end] + record, client)
        elif of_ipv6 is not None:
            server.sendto(text[:2] + struct.pack("!HHHHH", 0x8180 | of_ipv6, 1, 0, 0, 0) + text[12:end], client)


@contextmanager
def knows_ipv4(address, of_ipv6):
    """A name server at the address, which is that of every name (RFC 1035); to any other question it says of_ipv6."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        thread = threading.Thread(target=answer, args=(server, address, of_ipv6))
        thread.start()
        try:
            yield
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


@pytest.mark.parametrize("also", [False, True], ids=["the server", "wait.also"])
@pytest.mark.parametrize("of_ipv6", ANSWERS.values(), ids=ANSWERS)
def test_a_name_server_that_fails_at_ipv6_keeps_nobody_from_the_ipv4_address(pgentry, database, of_ipv6, also):
    """As container engines' and companies' name servers do: whatever they say when asked for an AAAA record, within one
    attempt the A record counts. musl gives up the whole name."""
    with Island() as island, knows_ipv4(island.outside, of_ipv6):
        with island.name_server(island.outside):
            local = f"postgresql:///{database.name}?host={database.cluster.folder}&port={database.cluster.port}"
            url = f"{local}&user=postgres&password={SUPERUSER_PASSWORD}" if also else "postgresql://app:secret@db.test:5433/shop"
            done = pgentry("wait", url=url, under=island.under,
                           env={"PGENTRY_WAIT_TIMEOUT": "5s", "PGENTRY_WAIT_ALSO": "db.test:5433" if also else None})
    assert done.exit == 69 and f"db.test:5433 ({island.outside}): Connection refused" in done.stderr, done


def test_a_signal_while_an_attempt_hangs_ends_it(pgentry, late):
    """Nothing blocks PID 1: TERM is obeyed while a connection attempt gets no answer."""
    late.cluster.start()
    late.cluster.pause()
    try:
        waiting = pgentry.start("run", "--", "true", url=late.url)
        wait_until(lambda: waiting.children(), what="an attempt's process")
        waiting.wait_for_phase("waiting")
        waiting.terminate()
        assert waiting.wait(5).exit == 143
    finally:
        late.cluster.resume()


def test_a_standby_is_waited_for_unless_any_server_will_do(pgentry, late, tmp_path):
    """target: read-write does not take a server in recovery; target: any does."""
    late.cluster.start(default_transaction_read_only="on")
    env = {"PGENTRY_WAIT_TIMEOUT": "1s", "PGENTRY_WAIT_PERMANENT_GRACE": "1ms"}
    assert pgentry("wait", url=late.url, env=env).exit == 69
    assert pgentry("wait", url=late.url, env={**env, "PGENTRY_WAIT_TARGET": "any"}).exit == 0


def listen_later(port, seconds):
    """Something else the application needs, e.g. a Redis, that listens after a while."""
    def later():
        time.sleep(seconds)  # the delay is what the test is about, not a wait for something
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(10)
            ended.wait(10)
    ended = threading.Event()
    thread = threading.Thread(target=later)
    thread.start()

    def end():
        ended.set()
        thread.join()
    return end


def test_other_things_are_waited_for_too(pgentry, database):
    """wait.also: host:port that must be connectable by the same deadline."""
    port = free_port()
    end = listen_later(port, 1)
    try:
        done = pgentry("wait", url=database.url, env={**QUICK, "PGENTRY_WAIT_ALSO": f"127.0.0.1:{port}"})
    finally:
        end()
    assert done.exit == 0, done
    assert done.seconds > 0.9, done


def test_another_thing_that_never_listens_is_69_and_named(pgentry, database):
    """wait.also shares the deadline; the log says what was missing."""
    port = free_port()
    done = pgentry("wait", url=database.url,
                   env={"PGENTRY_WAIT_TIMEOUT": "1s", "PGENTRY_WAIT_ALSO": f"127.0.0.1:{port}"})
    assert done.exit == 69, done
    for sentence in (f"what wait.also names is not ready: 127.0.0.1:{port}", "what wait.also names was not ready within 1.0 s: "):
        assert done.said(sentence), done
    assert not done.said("PostgreSQL is not ready"), done


def test_another_thing_may_be_a_socket_path(pgentry, database, tmp_path):
    """wait.also takes paths of unix sockets."""
    path = str(tmp_path / "redis.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        assert pgentry("wait", url=database.url, env={**QUICK, "PGENTRY_WAIT_ALSO": path}).exit == 0


def test_what_is_waited_for_besides_decides_about_no_health(pgentry, database):
    """verify does not wait: a Redis that is not there says nothing of the schema."""
    database.as_app("CREATE TABLE users (id int)")
    done = pgentry("verify", "--set", "verify.tables=[users]", url=database.url,
                   env={"PGENTRY_WAIT_ALSO": f"127.0.0.1:{free_port()}"})
    assert done.exit == 0, done


def test_a_unix_socket_works(pgentry, database):
    """?host=/socket/dir, as frameworks write it."""
    done = pgentry("wait", url=database.url_with(host="", query=f"?host={database.cluster.folder}&port={database.cluster.port}"),
                   env=QUICK)
    assert done.exit == 0, done


def test_a_unix_socket_that_is_not_there_yet_is_waited_for(pgentry, late):
    """No such socket counts as: nothing listens."""
    thread = late.cluster.start_later(1)
    done = pgentry("wait", url=late.url_with(host="", query=f"?host={late.cluster.folder}&port={late.cluster.port}"),
                   env=QUICK)
    thread.join()
    assert done.exit == 0, done


def test_a_keyword_string_works(pgentry, database):
    """database.url may be libpq's keyword string."""
    assert pgentry("wait", url=database.keywords, env=QUICK).exit == 0


def test_pg_variables_work(pgentry, database):
    """Without DATABASE_URL the PG* variables count."""
    assert pgentry("wait", env={**QUICK, **database.variables}).exit == 0


def test_a_service_file_works(pgentry, database, project):
    """PGSERVICE and its file count as PG* variables."""
    folder = project({"pg_service.conf": f"[shop]\nhost=127.0.0.1\nport={database.cluster.port}\n"
                                         f"dbname={database.name}\nuser={database.user}\n"})
    done = pgentry("wait", env={**QUICK, "PGSERVICE": "shop", "PGSERVICEFILE": folder / "pg_service.conf",
                                "PGPASSWORD": database.password})
    assert done.exit == 0, done


def test_no_database_at_all_is_78(pgentry):
    """Neither a URL nor a PG* variable: a configuration error, at once."""
    done = pgentry("wait")
    assert done.exit == 78, done
    assert done.seconds < 2
    assert "DATABASE_URL" in done.stderr, done


def test_a_url_under_another_name_is_told(pgentry, database):
    """As platforms and frameworks call it; it is not taken unasked: an application may have several."""
    done = pgentry("wait", env={"POSTGRES_PRISMA_URL": database.url})
    assert done.exit == 78 and "(POSTGRES_PRISMA_URL holds one: url: ${POSTGRES_PRISMA_URL})" in done.stderr, done
    assert "shop_" not in done.stderr


@pytest.mark.parametrize("key", ["connect_timeout", "initial_delay", "max_delay", "permanent_grace"])
def test_0_is_none(pgentry, late, spare, key):
    """No limit of an attempt's own, no first delay, no longest one: it waits for a late server all the same."""
    waiting = pgentry.start("wait", "--set", f"wait.{key}=0", url=late.url)
    waiting.wait_for("PostgreSQL is not ready")
    spare.start()
    assert waiting.wait().exit == 0


def test_a_mounted_secret_is_read(pgentry, database, project):
    """DATABASE_URL_FILE names a file that holds the URL; its last newline does not count."""
    folder = project({"secret": database.url + "\n"})
    assert pgentry("wait", env={**QUICK, "DATABASE_URL_FILE": folder / "secret"}).exit == 0


def test_a_mounted_secret_that_is_missing_is_78(pgentry):
    """A NAME_FILE that cannot be read is a configuration error that names the file."""
    done = pgentry("wait", env={**QUICK, "DATABASE_URL_FILE": "/no/such/secret"})
    assert done.exit == 78, done
    assert "/no/such/secret" in done.stderr


@pytest.mark.parametrize("query", [
    "?schema=public&connection_limit=5&pool_timeout=10&socket_timeout=5&pgbouncer=true&statement_cache_size=0",
    "?sslaccept=accept_invalid_certs&sslmode=prefer",
    "?something_new=1",
])
def test_what_libpq_does_not_know_in_a_url_is_dropped_with_one_warning(pgentry, database, query):
    """Parameters of frameworks never make a connection fail."""
    done = pgentry("wait", url=database.url_with(query=query), env=QUICK)
    assert done.exit == 0, done


def test_an_unknown_url_parameter_is_warned_of_once(pgentry, database):
    """One warning that names it, and none for Prisma's own."""
    done = pgentry("wait", url=database.url_with(query="?frobnicate=1&schema=public"), env=QUICK)
    assert len([e for e in done.events if e["level"] == "warn" and "frobnicate" in e["msg"]]) == 1, done


@pytest.mark.parametrize("scheme", ["postgresql+psycopg2", "postgresql+asyncpg", "postgres", "jdbc:postgresql"])
def test_urls_as_frameworks_write_them_work(pgentry, database, scheme):
    """SQLAlchemy's driver suffix, Heroku's postgres://, and JDBC's prefix with user and password as parameters."""
    from urllib.parse import quote
    url = scheme + database.url.removeprefix("postgresql")
    if scheme.startswith("jdbc"):
        url = (f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}?user={database.user}"
               f"&password={quote(database.password, safe='')}")
    assert pgentry("wait", url=url, env=QUICK).exit == 0


def test_several_hosts_work(pgentry, database):
    """The first host is dead, the second answers."""
    url = database.url_with(host=f"127.0.0.1:{free_port()},127.0.0.1:{database.cluster.port}")
    assert pgentry("wait", url=url, env=QUICK).exit == 0


@pytest.mark.parametrize("url", ["prisma://accelerate.example/?api_key=k3y", "prisma+postgres://localhost:51213/?api_key=k3y"])
def test_a_prisma_url_is_refused_with_what_to_do(pgentry, url):
    """prisma:// is no PostgreSQL: exit 78 and the words of the contract."""
    done = pgentry("wait", url=url)
    assert done.exit == 78, done
    assert "set database.direct_url" in done.stderr, done
    assert "k3y" not in done.stderr


def test_an_unencoded_password_is_named_as_the_mistake(pgentry, database):
    """A '/' or '#' in a password makes the URL ambiguous: say so, exit 78, and do not print it."""
    done = pgentry("wait", url=f"postgresql://{database.user}:se/cr#et@127.0.0.1:{database.cluster.port}/{database.name}")
    assert done.exit == 78, done
    assert "encode" in done.stderr, done
    assert "se/cr#et" not in done.stderr


def test_a_repeated_wait_error_is_not_repeated_in_the_log(pgentry):
    """The same error at 20 ms probes is one line, not fifty."""
    done = pgentry("wait", url=NOWHERE.format(free_port()), env={"PGENTRY_WAIT_TIMEOUT": "2s"})
    assert done.exit == 69
    refused = [event for event in done.events if event["phase"] == "waiting" and "refused" in event["msg"]]
    assert 1 <= len(refused) <= 3, done


def test_another_database_as_direct_url_is_78(pgentry, database, cluster):
    """direct_url has to be the same database as url."""
    other = cluster.database()
    done = pgentry("run", "--", "true", url=database.url,
                   env={**QUICK, "DIRECT_URL": other.url, "PGENTRY_MIGRATE_WHEN": "always",
                        "PGENTRY_MIGRATE_PRESET": "dbmate"})
    assert done.exit == 78, done
