"""Whatever a network or a server does to a connection is one failed attempt within its deadline, never an unverified start."""
import os
import ssl
from urllib.parse import urlsplit, urlunsplit

import pytest
from proxy import Fault, Proxy

APP = ("run", "--", "echo", "it runs")
CONFIG = """\
wait: {timeout: 20s, connect_timeout: 10s, permanent_grace: 5s}
verify: {tables: [users]}
migrate:
  steps:
    - {name: sql, sql: [users.sql], attempts: 5, delay: 10ms, timeout: 5s}
"""
SHORT = CONFIG.replace("timeout: 20s, connect_timeout: 10s", "timeout: 5s, connect_timeout: 1500ms")
FILES = {"pgentry.yaml": CONFIG, "users.sql": "CREATE TABLE IF NOT EXISTS users (id int)"}


def through(database, proxy, query=""):
    parts = urlsplit(database.url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{database.cluster.port}", f":{proxy.port}"),
                                     query=query))


def boot(pgentry, database, query="", **plan):
    """A whole boot of an empty database through a proxy."""
    database.sql("DROP TABLE IF EXISTS users")
    with Proxy(database.cluster.port, **plan) as proxy:
        done = pgentry(*APP, url=through(database, proxy, query))
    assert ("it runs" in done.stdout) == (done.exit == 0), done
    assert done.exit != 0 or database.tables() == ["users"], done
    assert database.password not in done.text, done
    return done, proxy


EVERY = int(os.environ.get("PGENTRY_EVERY_BYTE", "0"))  # for soak.sh: of handshake and first look no number is left out


def sample(total, dense, sparse):
    """Every number below `dense`, then every one that is `sparse` times as far as the last."""
    dense = max(dense, EVERY)
    n = 0
    while n < total:
        yield n
        n = n + 1 if n < dense else int(n * sparse) + 1


@pytest.mark.parametrize("direction", ["server", "client"])
def test_a_connection_that_is_cut_after_any_number_of_bytes(pgentry, database, project, direction):
    """Handshake, look, lock, step, verification: whatever the byte, the boot goes on over a new connection."""
    project(FILES)
    done, proxy = boot(pgentry, database)
    assert done.exit == 0, done
    for after in sample(proxy.passed[direction], 4, 2):
        done, _ = boot(pgentry, database, fault=Fault("cut", direction, after))
        assert done.exit == 0, (after, done)


@pytest.mark.parametrize("direction", ["server", "client"])
@pytest.mark.parametrize("what", ["garbage", "silent"])
def test_a_connection_that_goes_mad_after_any_number_of_bytes(pgentry, database, project, what, direction):
    """Where an answer must be waited for, that may take all of wait.timeout: good or 69, and in time."""
    project(FILES)
    done, proxy = boot(pgentry, database)
    assert done.exit == 0, done
    project({"pgentry.yaml": SHORT})
    for after in sample(proxy.passed[direction], 3, 2):
        done, _ = boot(pgentry, database, fault=Fault(what, direction, after), seed=after)
        assert done.exit in (0, 69), (after, done)
        assert done.seconds < 20, (after, done)


@pytest.mark.parametrize("what", ["cut", "garbage", "silent"])
def test_a_server_that_never_does_better_is_69_in_time(pgentry, database, project, what):
    """Connections are taken, and then reset, answered with nonsense or not at all."""
    project({**FILES, "pgentry.yaml": SHORT.replace("timeout: 5s", "timeout: 1500ms")})
    done, proxy = boot(pgentry, database, fault=Fault(what, always=True))
    assert done.exit == 69, done
    assert proxy.struck > 0
    assert done.seconds < 10, done


def test_bytes_that_come_one_by_one(pgentry, database, project):
    """Nothing depends on where the network cuts messages."""
    project(FILES)
    done, _ = boot(pgentry, database, bytewise=True)
    assert done.exit == 0, done


def test_a_slow_network(pgentry, database, project):
    """20 ms for every packet either way are no failure."""
    project(FILES)
    done, _ = boot(pgentry, database, delay=0.02)
    assert done.exit == 0, done
    assert done.said("not ready") == 0, done


def test_a_server_that_refuses_tls_where_it_is_required(pgentry, database, project):
    """sslmode=require and a server without TLS: nothing that waiting heals, so 77 after the grace."""
    project({**FILES, "pgentry.yaml": CONFIG.replace("permanent_grace: 5s", "permanent_grace: 200ms")})
    with Proxy(database.cluster.port) as proxy:
        done = pgentry(*APP, url=through(database, proxy, "sslmode=require"))
    assert done.exit == 77, done
    assert done.stdout == "", done


def impostor(secured):
    """A context with the other server's certificate: whoever holds that could speak for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secured.data + "/server.crt", secured.data + "/server.key")
    return context


def test_tls_that_ends_at_a_proxy(pgentry, database, project, secured):
    """sslmode=require trusts anybody, as libpq has it: what speaks PostgreSQL behind a TLS proxy is reached."""
    project(FILES)
    with Proxy(database.cluster.port, tls=impostor(secured)) as proxy:
        done = pgentry(*APP, url=through(database, proxy, "sslmode=require"))
    assert done.exit == 0 and "it runs" in done.stdout, done


@pytest.mark.parametrize("query, asked", [
    ("sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt", False),  # another issuer
    ("sslmode=verify-full&sslrootcert={cert}", False),                              # another name
    ("sslmode=require&channel_binding=require", True)])                             # another server's TLS
def test_somebody_in_the_middle_of_tls_is_77_and_learns_no_password(pgentry, database, project, secured, query, asked):
    """Whom the URL asks to be verified and is not the server gets no word of the log-in; with channel binding the proof,
    which would be worthless there, is not sent."""
    project({**FILES, "pgentry.yaml": CONFIG.replace("permanent_grace: 5s", "permanent_grace: 200ms")})
    with Proxy(database.cluster.port, tls=impostor(secured)) as proxy:
        done = pgentry(*APP, url=through(database, proxy, query.format(cert=secured.data + "/server.crt")))
    assert done.exit == 77 and done.stdout == "", done
    assert proxy.connections > 0 and (proxy.passed["client"] > 0) == asked, done
    assert database.tables() == [] and database.password not in done.text, done


@pytest.mark.parametrize("what", ["cut", "garbage"])
def test_tls_that_breaks_after_any_number_of_bytes(pgentry, secured, project, what):
    """In the handshake or in a record, which no longer decrypts: a new connection, and the boot goes on."""
    database = secured.database()
    project(FILES)
    with Proxy(secured.port) as proxy:
        assert pgentry(*APP, url=through(database, proxy, "sslmode=require")).exit == 0
    project({"pgentry.yaml": CONFIG.replace("connect_timeout: 10s", "connect_timeout: 1s")})  # for a rest that never comes
    for after in sample(proxy.passed["server"], 1, 4):
        done, _ = boot(pgentry, database, query="sslmode=require", fault=Fault(what, "server", after), seed=after)
        assert done.exit == 0, (after, done)
