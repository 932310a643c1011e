"""diagnose: why there is no connection, or none as it should be (contract section 7)."""
import os
import socket
import subprocess

import psycopg
import pytest
from pooler import Pooler
from postgres import MAJOR, SUPERUSER_PASSWORD, free_port
from proxy import Fault, Proxy
from supervisor import wait_until
from test_proxy import through


def let_in(server, lines):
    """Replaces what pg_hba.conf says, and has the server read it."""
    with open(server.data + "/pg_hba.conf", "w", encoding="ascii") as file:
        file.write("host all postgres 127.0.0.1/32 scram-sha-256\n" + lines + "\n")
    with server.connect() as direct:
        direct.execute("SELECT pg_reload_conf()")


def standby(server, line, **settings):
    """Starts the server as a standby, if only of nobody, and waits for a line of its log."""
    with open(server.data + "/standby.signal", "w", encoding="ascii"):
        pass
    server.launch(**settings)
    wait_until(lambda: any(line in said for said in server.lines), what=line)


def test_tls_is_told(diagnose, secured):
    """Which version the connection speaks."""
    report = diagnose(secured.database().url_with(query="?sslmode=require"))
    assert report.exit == 0
    assert report.connection["tls"] is True and report.connection["tlsVersion"].startswith("TLSv1.")


def test_tls_where_the_server_has_none(diagnose, secured):
    """sslmode=require: what switches it on connects without it."""
    url = secured.database().url_with(query="?sslmode=require")
    secured.restart()
    try:
        report = diagnose(url)
        assert report.exit == 69
        subprocess.run(["sh", "-ec", report.one("tls-refused")["fix"]], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PGPASSWORD": SUPERUSER_PASSWORD})
        wait_until(lambda: diagnose(url).exit == 0, what="TLS is on")
    finally:
        secured.restart(ssl="on")


def test_tls_with_a_certificate_of_an_unknown_issuer_or_for_another_name(diagnose, secured):
    """verify-full: what the server shows is looked at with one command."""
    database = secured.database()
    report = diagnose(database.url_with(query="?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"))
    assert "openssl s_client -starttls postgres" in report.one("tls-mismatch")["fix"]
    report = diagnose(database.url_with(query=f"?sslmode=verify-full&sslrootcert={secured.data}/server.crt"))
    assert "does not match host name" in report.one("tls-mismatch")["message"]


def test_the_certificate_at_an_ipv6_address_is_shown(diagnose, secured):
    """Among other colons a port is one only behind brackets."""
    secured.restart(ssl="on", listen_addresses="127.0.0.1,::1")
    try:
        report = diagnose(secured.database().url_with(
            host=f"[::1]:{secured.port}", query=f"?sslmode=verify-full&sslrootcert={secured.data}/server.crt"))
        done = report.run(report.one("tls-mismatch")["fix"])
    finally:
        secured.restart(ssl="on")
    assert done.returncode == 0 and "DNS:db" in done.stdout, done


def test_a_server_that_lets_nobody_in_without_tls(diagnose, secured):
    """sslmode=disable against hostssl lines."""
    database = secured.database()
    let_in(secured, "hostssl all all 127.0.0.1/32 scram-sha-256")
    report = diagnose(database.url_with(query="?sslmode=disable"))
    assert report.exit == 69
    done = report.run(report.one("tls-required")["fix"], PGPASSWORD=database.password)
    assert done.returncode == 0, done.stderr


def test_a_login_that_no_line_of_pg_hba_lets_in(diagnose, secured):
    """The file and its lines are looked at with one command."""
    database = secured.database()
    let_in(secured, "")
    report = diagnose(database.url)
    assert "pg_hba_file_rules" in report.one("login-refused")["fix"]


def test_without_a_limit_of_its_own_an_attempt_lasts_as_long_as_wait_timeout(diagnose, pgentry, project):
    """Before somebody who takes connections and is silent, for `apply` as well."""
    project({"a.sql": "SELECT 1"})
    short = {"PGENTRY_WAIT_TIMEOUT": "500ms", "PGENTRY_WAIT_CONNECT_TIMEOUT": "0"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://a:b@127.0.0.1:{silent.getsockname()[1]}/x"
        assert diagnose(url, env=short).one("server-silent")
        assert pgentry("apply", "a.sql", url=url, env=short).exit == 69


def test_a_role_that_does_not_exist(diagnose, secured):
    """Without a password question, the server says so."""
    let_in(secured, "host all all 127.0.0.1/32 trust")
    report = diagnose(f"postgresql://nobody-here@127.0.0.1:{secured.port}/postgres")
    assert 'CREATE ROLE "nobody-here" LOGIN' in report.one("no-such-role")["fix"]


def test_a_url_without_the_password_that_the_server_wants(diagnose, database):
    """Neither in the URL nor elsewhere."""
    report = diagnose(f"postgresql://{database.user}@127.0.0.1:{database.cluster.port}/{database.name}")
    done = report.run(report.one("no-password")["fix"], PGPASSWORD=database.password)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("query, hint, said", [
    ("channel_binding=require", "# change channel_binding in the URL\n", "channel binding required"),
    ("options=endpoint%3Dep-x", "# correct options in the URL, ", "invalid command-line argument"),
])
def test_an_attempt_that_is_proposed_fails_as_ours_did(diagnose, database, query, hint, said):
    """What is known of it, and a command that asks for the same."""
    report = diagnose(database.url_with(query="?" + query))
    fix = report.one("connection-failed")["fix"]
    assert hint in fix
    done = report.run(fix, PGPASSWORD=database.password)
    assert done.returncode != 0 and said in done.stderr, done


def test_a_role_without_the_right_to_connect(diagnose, database):
    """GRANT CONNECT, with real names."""
    database.sql(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC, {database.user}")
    finding = diagnose(database.url).one("no-connect-right")
    assert f'GRANT CONNECT ON DATABASE "{database.name}" TO "{database.user}"' in finding["fix"]


def test_a_server_that_takes_no_more_connections(diagnose, database):
    """Who has them is asked with one command."""
    database.sql(f"ALTER ROLE {database.user} CONNECTION LIMIT 0")
    report = diagnose(database.url)
    assert report.exit == 69 and report.connection["sqlstate"] == "53300"
    fix = report.one("too-many-connections")["fix"]
    assert "pg_stat_activity" in fix and "# psql" in fix and f'ALTER ROLE "{database.user}" CONNECTION LIMIT -1' in fix
    assert any(finding["object"] == "53300" for finding in report.findings if finding["code"] == "known-error")


def test_few_connections_are_left(diagnose, spare):
    """More than nine of ten that a role without privileges may have are taken."""
    spare.start(max_connections=10, superuser_reserved_connections=3, max_wal_senders=0)
    database = spare.database()
    held = [spare.connect() for _ in range(6)]
    report = diagnose(database.url)
    for connection in held:
        connection.close()
    assert report.exit == 65
    assert "7 of 7 are taken" in report.one("connections-near-limit")["message"]


def test_a_server_that_is_not_ready(diagnose, late):
    """Starting up, in recovery: waiting is what helps."""
    standby(late.cluster, "entering standby mode", hot_standby="off")
    try:
        report = diagnose(late.url)
    finally:
        os.unlink(late.cluster.data + "/standby.signal")
    assert report.exit == 69 and report.connection["sqlstate"] == "57P03"
    assert report.one("server-not-ready")["fix"].endswith("pgentry wait")


def test_a_standby_is_connected_to_and_told(diagnose, late):
    """wait.target: read-write does not take it, but it can say what it is."""
    standby(late.cluster, "ready to accept")
    try:
        report = diagnose(late.url)
        any_target = diagnose(late.url, "--set", "wait.target=any")
    finally:
        os.unlink(late.cluster.data + "/standby.signal")
    assert report.exit == 65
    assert report.connection["standby"] is True and report.connection["readOnly"] is True
    assert "pg_stat_wal_receiver" in report.one("standby")["fix"]
    assert any_target.exit == 0


READ_ONLY = [("ALTER DATABASE {0.name}", "ALTER DATABASE"), ("ALTER ROLE {0.user}", "ALTER ROLE"),
             ("ALTER ROLE {0.user} IN DATABASE {0.name}", "IN DATABASE"), ("ALTER ROLE ALL", "ALTER ROLE ALL")]


@pytest.mark.parametrize("where, said", READ_ONLY)
def test_what_is_set_read_only_is_set_back_where_it_was_set(diagnose, database, where, said):
    """default_transaction_read_only, and the statement that takes it back, in a session that it does not concern."""
    place = where.format(database)
    database.sql(f"{place} SET default_transaction_read_only = on")
    try:
        report = diagnose(database.url)
        assert report.exit == 65
        fix = report.one("read-only")["fix"]
        done = report.run(fix, PGPASSWORD=SUPERUSER_PASSWORD)
        assert said in fix and done.returncode == 0, (fix, done.stderr)
        assert diagnose(database.url).exit == 0
    finally:
        with database.cluster.connect(options="-c default_transaction_read_only=off") as session:
            session.execute(f"{place} RESET default_transaction_read_only")


def test_a_server_that_is_set_read_only_is_set_back(diagnose, spare):
    """In its configuration, or in the URL's own options."""
    spare.start()
    database = spare.database()
    database.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    database.sql("SELECT pg_reload_conf()")
    wait_until(lambda: database.sql("SHOW default_transaction_read_only") == [("on",)])
    report = diagnose(database.url)
    done = report.run(report.one("read-only")["fix"], PGPASSWORD=SUPERUSER_PASSWORD)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: diagnose(database.url).exit == 0)
    own = diagnose(database.url_with(query="?options=-c%20default_transaction_read_only%3Don")).one("read-only")
    assert own["fix"].startswith("# take default_transaction_read_only out of the URL's options")


def test_a_server_that_target_session_attrs_does_not_take(diagnose, database):
    """All else ends with 69 then: the report says why."""
    report = diagnose(database.url_with(query="?target_session_attrs=standby"))
    assert report.exit == 65
    finding = report.one("session-refused")
    assert "standby" in finding["message"] and "pg_is_in_recovery" in finding["fix"]


def test_a_role_that_may_not_log_in(diagnose, database):
    """No line of pg_hba.conf helps there."""
    database.sql(f"ALTER ROLE {database.user} NOLOGIN")
    report = diagnose(database.url)
    done = report.run(report.one("role-without-login")["fix"], PGPASSWORD=SUPERUSER_PASSWORD)
    assert done.returncode == 0 and diagnose(database.url).exit == 0, done.stderr


def test_a_password_that_is_a_word_of_the_refusal_changes_no_finding(diagnose, database):
    """The message is masked, and understood all the same."""
    database.sql(f"ALTER ROLE {database.user} NOLOGIN PASSWORD 'log'")
    finding = diagnose(database.url_with(password="log")).one("role-without-login")
    assert "permitted to *** in" in finding["message"], finding


def test_a_database_that_takes_no_connection(diagnose, database):
    """Waiting does not open it."""
    closed = f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS"
    with database.cluster.connect() as session:
        session.execute(f"{closed} false")
    try:
        report = diagnose(database.url)
        done = report.run(report.one("database-closed")["fix"], PGPASSWORD=SUPERUSER_PASSWORD)
        assert done.returncode == 0 and diagnose(database.url).exit == 0, done.stderr
    finally:
        with database.cluster.connect() as session:
            session.execute(f"{closed} true")


def test_of_several_hosts_the_one_that_refuses_is_named(diagnose, database):
    """The port of a dead one may begin as its own does."""
    port = database.cluster.port
    dead = int(str(port)[:4])
    url = database.url_with(password="wrong", host=f"127.0.0.1:{dead},127.0.0.1:{port}")
    finding = diagnose(url).one("wrong-password")
    assert f"127.0.0.1:{port}: FATAL" in finding["message"] and f"port={port} " in finding["fix"], finding


def test_addresses_of_ipv6_alone_where_there_is_none(diagnose, project):
    """As in a container without IPv6: fd00::/8 from an empty network namespace."""
    report = diagnose("postgresql://app:x@[fd00::1]:5432/shop", under=("unshare", "--net"))
    assert report.exit == 69
    assert report.one("ipv6-only")["object"] == "[fd00::1]:5432"


def test_one_of_several_hosts_is_dead(diagnose, database):
    """The other one serves; a note tells of the first."""
    dead = free_port()
    url = database.url_with(host=f"127.0.0.1:{dead},127.0.0.1:{database.cluster.port}")
    report = diagnose(url)
    assert report.exit == 0
    assert str(dead) in report.one("dead-address")["message"]
    assert [address["answers"] for address in report.connection["addresses"]] == [False, True]


def test_something_else_that_the_application_needs_is_not_there(diagnose, database):
    """wait.also"""
    redis = f"127.0.0.1:{free_port()}"
    report = diagnose(database.url, "--set", f"wait.also=[\"{redis}\"]")
    assert report.exit == 65
    assert report.one("also-not-reachable")["object"] == redis
    assert report.one("also-not-reachable")["fix"].endswith("pgentry wait")


def test_direct_url_leads_elsewhere(diagnose, database, cluster):
    """Another database on the same server."""
    report = diagnose(database.url, env={"DIRECT_URL": cluster.database().url})
    assert report.exit == 65
    assert report.one("not-the-same-database")
    assert report.connection["direct"]["connected"] is True


def test_parameters_that_are_dropped_are_a_note(diagnose, database):
    """Frameworks' own, or a mistyped one."""
    report = diagnose(database.url_with(query="?conection_limit=5"))
    assert report.exit == 0
    assert "conection_limit" in report.one("url-parameter-dropped")["message"]


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_in_the_way_of_session_locks(diagnose, database, project, mode):
    """PgBouncer by the transaction or statement: direct_url past it is what mends that."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {steps: [{name: sql, sql: [more.sql]}]}\n", "more.sql": ""})
    with Pooler(database, mode) as pooler:
        report = diagnose(pooler.url)
        past = diagnose(pooler.url, env={"DIRECT_URL": database.url})
        elsewhere = diagnose(pooler.url, "--set", "migrate.lock=false")
    assert report.exit == 65
    assert report.codes() == {"pooler-in-the-way"}
    assert report.connection["pooler"] is True
    assert "database.direct_url" in report.one("pooler-in-the-way")["fix"]
    assert past.exit == 0
    assert past.one("pooled")
    assert elsewhere.exit == 0, "no lock is wanted"
    assert elsewhere.one("pooler-in-the-way")["severity"] == "info"


def test_a_pooler_that_keeps_sessions_is_fine(diagnose, database):
    """PgBouncer by the session."""
    with Pooler(database, "session") as pooler:
        report = diagnose(pooler.url)
    assert report.exit == 0
    assert report.one("pooled")


@pytest.mark.parametrize("what", ["cut", "silent"])
def test_a_connection_that_is_lost_midway_ends_the_questions_not_the_report(diagnose, database, what):
    """After as many bytes as the server sends in a whole run, halved."""
    with Proxy(database.cluster.port) as proxy:
        assert diagnose(through(database, proxy)).exit == 0
    with Proxy(database.cluster.port, fault=Fault(what, "server", proxy.passed["server"] * 3 // 4, always=True)) as proxy:
        report = diagnose(through(database, proxy))
    assert report.exit == 65
    assert report.one("connection-lost")


def test_a_slow_network_is_a_note(diagnose, database):
    """More than a tenth of a second there and back."""
    with Proxy(database.cluster.port, delay=0.06) as proxy:
        report = diagnose(through(database, proxy))
    assert report.exit == 0
    assert report.one("slow-round-trip") and report.connection["latencyMs"] > 100


NOT_LOOKED_AT = "  not looked at to the end: a question was not answered"


def section(text, title):
    """The lines of the report for people under a title."""
    lines = text.splitlines()
    begin = lines.index(title) + 1
    return lines[begin:lines.index("", begin)]


@pytest.mark.parametrize("change, code, fix", [
    ("REVOKE SELECT ON pg_catalog.pg_locks FROM PUBLIC", "not-asked", "GRANT pg_monitor"),
    pytest.param("SET allow_system_table_mods = on; ALTER TABLE pg_catalog.pg_locks RENAME COLUMN granted TO given", "not-answered",
                 "pgentry diagnose", marks=pytest.mark.skipif(MAJOR < 13, reason="that setting is the server's before 13"))],
                         ids=["want of a right", "another error"])
def test_what_was_not_answered_is_a_finding_and_nothing_is_told_as_fine_of_it(pgentry, diagnose, database, change, code, fix):
    """The other questions go on; what is proposed mends what is wrong."""
    database.sql(change)
    report = diagnose(database.url)
    assert report.exit == 65 and report.document["status"] == "degraded"
    assert report.codes() == {code}
    assert {finding["object"] for finding in report.findings if finding["code"] == code} == {
        "invalid indexes", "who waits for a lock", "open transactions", "prepared transactions", "who holds the migration lock"}
    for finding in report.findings:
        if finding["code"] == code:
            assert finding["severity"] == "warning" and fix in finding["fix"], finding
            assert ("GRANT" in finding["fix"]) == (code == "not-asked"), finding
    done = pgentry("diagnose", url=database.url)
    assert section(done.stdout, "Indexes") == [NOT_LOOKED_AT]
    assert section(done.stdout, "Blocking") == [NOT_LOOKED_AT]
    assert section(done.stdout, "Pooler") == ["  none in the way of session locks"]
    assert "nothing is wrong" not in done.stdout


def test_of_a_direct_url_that_leads_nowhere_nothing_is_told_as_fine(pgentry, database):
    """Neither that no pooler is in its way nor that nobody holds the lock there."""
    done = pgentry("diagnose", url=database.url, env={"DIRECT_URL": database.url_with(password="wrong")})
    assert done.exit == 65
    assert section(done.stdout, "Pooler") == [NOT_LOOKED_AT]
    assert section(done.stdout, "Blocking") == [NOT_LOOKED_AT]
    assert section(done.stdout, "Indexes") == ["  no invalid index"]


def test_a_schema_that_may_not_be_looked_at_ends_no_other_question(pgentry, diagnose, database, project):
    """A right that the catalog's questions lack is told as one, not as a lost connection."""
    project({"pgentry.yaml": "verify: {tables: [users], extensions: [plpgsql]}\n"})
    database.sql("REVOKE SELECT ON pg_catalog.pg_extension FROM PUBLIC")
    report = diagnose(database.url)
    assert report.exit == 65 and report.codes() == {"not-asked"}
    assert report.one("not-asked")["object"] == "the schema"
    done = pgentry("diagnose", url=database.url)
    assert section(done.stdout, "Critical tables") == [NOT_LOOKED_AT]
    assert section(done.stdout, "Indexes") == ["  no invalid index"]


def test_a_pooler_that_ends_the_question_is_not_told_as_one_that_keeps_sessions(pgentry, diagnose, database):
    """Who is sent away instead of waiting for the only server process proves nothing; the other questions go on."""
    with Pooler(database, "transaction", default_pool_size=1, query_wait_timeout=0.3) as pooler:
        report = diagnose(pooler.url)
        shown = pgentry("diagnose", url=pooler.url).stdout
    assert report.exit == 65 and report.codes() == {"not-answered"}
    assert "query_wait_timeout" in report.one("not-answered")["message"]
    assert section(shown, "Pooler") == [NOT_LOOKED_AT]
    assert section(shown, "Indexes") == ["  no invalid index"]


def test_diagnose_only_looks(diagnose, database):
    """Nothing is made, no lock is held, and its sessions are gone at its end."""
    before = database.tables()
    diagnose(database.url)
    assert database.tables() == before and database.advisory_locks() == []
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgentry%%'"
                                  " AND datname = current_database()").fetchone() == (0,)
