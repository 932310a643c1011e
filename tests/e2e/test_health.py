"""The health endpoint in every phase, and under bad input (contract section 5)."""
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from urllib.parse import quote

import pytest
from endpoint import Endpoint, http_process, memory_holds, process_status
from postgres import free_port
from supervisor import wait_until

PATHS = ["/health/database", "/health/ready", "/health/live", "/metrics", "/", "/status.json"]
JSON = "application/json"
TYPES = {"/health/database": JSON, "/health/ready": JSON, "/health/live": "text/plain; charset=utf-8",
         "/metrics": "text/plain; version=0.0.4; charset=utf-8", "/": "text/html; charset=utf-8", "/status.json": JSON}
PIDFD_GETFD = 438  # the same on every machine; os has no function for it
USERS = "verify: {tables: [users], interval: 0}\n"
# A step that waits for somebody to write into a FIFO, and one table.
GATED = """\
verify: {tables: [users], interval: 0}
migrate:
  when: unverified
  steps:
    - {name: gated, run: "echo it waits; read line <gate; exit $line", timeout: 60s, attempts: 1}
"""


@pytest.fixture
def running(pgentry, database, project, endpoint):
    """A supervisor whose application runs on a healthy schema."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up().in_phase("running")
    return supervisor


@pytest.fixture
def gated(pgentry, database, project, endpoint):
    """A supervisor in mid-migration; write an exit status into the FIFO to let it go on."""
    folder = project({"pgentry.yaml": GATED})
    os.mkfifo(folder / "gate")
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up().in_phase("migrating")
    return supervisor


def statuses(endpoint):
    return {path: endpoint.get(path).status for path in PATHS}


def answers(ready, database):
    return {"/health/database": database, "/health/ready": ready, "/health/live": 200, "/metrics": 200, "/": 200,
            "/status.json": 200}


def check_phase(endpoint, phase):
    """Every document names it."""
    assert endpoint.json()["phase"] == phase
    assert endpoint.json("/status.json")["phase"] == phase
    assert f'pgentry_phase{{phase="{phase}"}} 1\n' in endpoint.get("/metrics").body
    assert re.search(rf"id=phase>{phase}<", endpoint.get("/").body)


# ---- phases ----

def test_while_waiting(pgentry, late, project, endpoint):
    """No server: every path answers; unhealthy, not looked at yet."""
    project({"pgentry.yaml": USERS})
    pgentry.start("run", "--", "true", url=late.url, env=endpoint.env)
    endpoint.up()
    assert statuses(endpoint) == answers(503, 503)
    check_phase(endpoint, "waiting")
    document = endpoint.until(lambda document: document["problems"], "/health/database")
    assert document["status"] == "unhealthy"
    assert document["checkedAt"] is None
    assert document["database"] == {"connected": False, "tables": {"users": False}, "missingTables": [], "totalTables": 1,
                                    "healthyTables": 0}
    assert [problem["code"] for problem in document["problems"]] == ["not-connected"]


def test_while_migrating_and_locking(pgentry, gated, database, endpoint):
    """One replica runs a step, another waits for the lock: both answer, both are alive, none is ready."""
    assert statuses(endpoint) == answers(503, 503)
    check_phase(endpoint, "migrating")
    other = Endpoint()
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=other.env)
    other.up().in_phase("locking")
    assert statuses(other) == answers(503, 503)
    check_phase(other, "locking")
    document = endpoint.json()
    assert document["status"] == "unhealthy" and document["database"]["connected"] is True
    assert document["database"]["tables"] == {"users": False}
    [problem] = document["problems"]
    assert (problem["code"], problem["object"]) == ("missing-table", "public.users") and problem["fix"]


def test_a_running_step_s_last_lines_are_shown_while_it_runs(gated, endpoint):
    """In report and page, before it ends."""
    report = endpoint.until(lambda document: document["steps"][0]["lastLines"])
    assert report["steps"][0]["lastLines"] == ["it waits"]
    assert report["steps"][0]["result"] == "running" and report["steps"][0]["attempts"] == 1
    assert "it waits" in endpoint.get("/").body


def test_while_running(running, endpoint):
    """Healthy and ready."""
    assert statuses(endpoint) == answers(200, 200)
    check_phase(endpoint, "running")
    document = endpoint.json()
    assert list(document) == ["status", "phase", "database", "problems", "checkedAt", "timestamp"]
    assert document["status"] == "healthy" and document["problems"] == []
    assert document["database"] == {"connected": True, "tables": {"users": True}, "missingTables": [],
                                    "totalTables": 1, "healthyTables": 1}
    for name in ("checkedAt", "timestamp"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document[name])


def test_while_stopping(pgentry, database, project, endpoint):
    """The application takes its time: not ready, so no new request is routed to it; the schema is as healthy as before."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": USERS,
                      "app.sh": "#!/bin/sh\ntrap 'echo stopping' TERM\necho the app is there\nuntil [ -e end ]; do sleep 0.1; done\n"})
    supervisor = pgentry.start("run", "--", "./app.sh", url=database.url, env=endpoint.env)
    supervisor.wait_for("the app is there")
    endpoint.in_phase("running")
    supervisor.terminate()
    endpoint.in_phase("stopping")
    assert statuses(endpoint) == answers(503, 200)
    check_phase(endpoint, "stopping")
    (folder / "end").touch()
    supervisor.wait()


def test_while_held(pgentry, database, project, endpoint):
    """on_failure: hold: the reason is there, with what to do."""
    project({"pgentry.yaml": USERS})
    supervisor = pgentry.start("run", "--", "true", url=database.url, env={**endpoint.env, "PGENTRY_ON_FAILURE": "hold"})
    endpoint.up().in_phase("held")
    assert statuses(endpoint) == answers(503, 503)
    check_phase(endpoint, "held")
    report = endpoint.json("/status.json")
    assert "not healthy" in report["reason"]
    assert report["problems"][0]["fix"]
    assert report["exitStatus"] is None
    assert report["reason"] in endpoint.get("/").body
    assert supervisor.process.poll() is None


def test_status_json_is_the_boot_report(running, endpoint, pgentry, project, database):
    """The same document as in report_file, but for what time changed."""
    report = endpoint.json("/status.json")
    for name in ("status", "phase", "database", "problems", "version", "startedAt", "exitStatus", "reason", "timeline",
                 "steps", "migrations", "host"):
        assert name in report
    phases = [spell["phase"] for spell in report["timeline"]]
    assert phases[0] == "waiting" and phases[-1] == "running" and "starting" in phases
    folder = project({})
    pgentry("run", "--", "true", url=database.url, env={"PGENTRY_REPORT_FILE": folder / "report.json"})
    written = json.loads((folder / "report.json").read_text())
    assert list(written) == list(report)


# ---- HTTP ----

@pytest.mark.parametrize("path", PATHS)
def test_headers_and_head(running, endpoint, path):
    """Content type, no-store, HEAD without a body but with its length."""
    reply = endpoint.get(path)
    assert reply.status == 200
    assert reply.headers["content-type"] == TYPES[path]
    assert reply.headers["cache-control"] == "no-store"
    assert "retry-after" not in reply.headers
    head = endpoint.get(path, "HEAD")
    assert head.status == 200 and head.body == ""
    assert int(head.headers["content-length"]) > 0
    assert head.headers["content-type"] == TYPES[path]


def test_unavailable_says_when_to_come_again(gated, endpoint):
    """Retry-After on every 503."""
    for path in ("/health/ready", "/health/database"):
        reply = endpoint.get(path)
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) >= 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_405(running, endpoint, method):
    """On every path, with and without a body, with what is allowed."""
    for path in PATHS:
        reply = endpoint.get(path, method, body=b"x" * 1000 if method in ("POST", "PUT") else None)
        assert reply.status == 405
        assert reply.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/ready/", "/../etc/passwd", "/health/../../etc/passwd",
                                  "/%2e%2e/%2e%2e/etc/passwd", "/index.html", "//", "/metrics/x", "/favicon.ico",
                                  "/HEALTH/READY", "/" + "a" * 8000, "/health/live%2500"])
def test_other_paths_are_404(running, endpoint, path):
    """Nothing is looked up in a file system."""
    reply = endpoint.get(path)
    assert reply.status == 404
    assert "root" not in reply.body


def test_a_query_changes_nothing(running, endpoint):
    """As caches and probes add them."""
    assert endpoint.get("/health/ready?verbose=1&x").status == 200


@pytest.mark.parametrize("request_bytes", [
    b"GET /health/live HTTP/1.1\r\nno colon here\r\n\r\n", b"GET /health/live HTTP/1.1\r\n\r\n",
    b"GET /health/live FTP/1.1\r\nHost: x\r\n\r\n", b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n", b"GET /\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n\r\n",
])
def test_malformed_requests_are_refused(running, endpoint, request_bytes):
    """400 (or another 4xx or 505 that says it better); the next request is served."""
    answer = endpoint.raw(request_bytes)
    assert re.match(rb"HTTP/1\.[01] (4\d\d|505) ", answer), answer
    assert endpoint.get("/health/live").status == 200


NO_REQUEST_LINE = [b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b" GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\nGET\n\n",
                   b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"\0\0\0\0 \r\n\r\n",
                   b"GET\r / HTTP/1.1\r\n\r\n", b"\rGET / HTTP/1.1\r\nHost: x\r\n\r\n",
                   b"X" * 1000000, b"\r\n" * 100000, b"GET\r\n" + b"Host: x\r\n" * 100000 + b"\r\n"]


@pytest.mark.parametrize("request_bytes", NO_REQUEST_LINE, ids=[repr(each[:16]) for each in NO_REQUEST_LINE])
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_what_does_not_begin_as_a_request_is_400_too(pgentry, database, project, tmp_path, request_bytes, kind):
    """With an answer that arrives whole, however much was sent, and once: what follows is not read as another request."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    endpoint = Endpoint() if kind == "tcp" else Endpoint(path=str(tmp_path / "health.sock"))
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up()
    answer = endpoint.raw(request_bytes + b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert re.findall(rb"HTTP/1\.[01] (\d+)", answer) == [b"400"], answer
    head, body = answer.split(b"\r\n\r\n", 1)
    assert body == b"malformed request\n" and f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: close" in head and b"\r\nDate: " in head
    assert endpoint.get("/health/live").status == 200
    assert supervisor.process.poll() is None


def test_a_request_that_comes_byte_by_byte_is_one(running, endpoint):
    """Also if an empty line stands before it (RFC 9112 section 2.2)."""
    with endpoint.socket() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"\r\nGET /health/live HTTP/1.0\r\n\r\n":
            client.sendall(bytes([byte]))
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_the_beginning_of_a_request_and_no_more_is_400(running, endpoint):
    """Whoever closes his half waits for an answer; whoever sends nothing, as a probe of the port, gets none."""
    for sent, expected in ((b"GE", b"HTTP/1.1 400 "), (b"", b"")):
        with endpoint.socket() as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(65536)[:13] == expected


@pytest.mark.parametrize("request_bytes", [
    b"GET /health/live HTTP/1.1\r\nX: y\r\n\r\n", b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"GET /health/live HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nB\xffd: y\r\n\r\n", b"GET /health/live HTTP/1.1\r\n Folded: x\r\nHost: x\r\n\r\n",
    b"GET /health/live%00foo HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /status.json%00?x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /health/live\0/more HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /health/live% HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G@T /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"G\1T /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /health/live and more HTTP/1.1\r\nHost: x\r\n\r\n", b"GET  /health/live  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    *(b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n"
      for line in (b": x", b":", b"\0: x", b"A:\0x", b"A: x\0", b"A: \1", b"A: x\x7f", b"A: x\ry")),
])
def test_a_malformed_request_is_answered_once(running, endpoint, request_bytes):
    """400, and the connection ends: what follows on it is not another request."""
    answer = endpoint.raw(request_bytes + b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert re.findall(rb"HTTP/1\.[01] (\d+)", answer) == [b"400"], answer


@pytest.mark.parametrize("target, expected", [
    ("http://x/health/live", 200), ("HTTPS://x:1/health/live?y", 200), ("http://x", 200), ("http://x/nothing", 404),
    ("/health/%6cive", 200), ("/health/live?%", 200)])
def test_a_target_in_absolute_form_or_encoded_is_the_same_path(running, endpoint, target, expected):
    """As a client sends it to what it takes for a proxy (RFC 9112 section 3.2.2)."""
    answer = endpoint.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {expected} ".encode()), answer


def test_connect_and_options_without_a_path_are_405(running, endpoint):
    """Other methods are: their targets are well-formed."""
    for line in (b"CONNECT x:443", b"OPTIONS *"):
        answer = endpoint.raw(line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 405 "), answer


def test_an_old_client_needs_no_host(running, endpoint):
    """HTTP/1.0 knows none."""
    assert endpoint.raw(b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("request_bytes", [
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20000 + b"\r\n\r\n",
    b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /?" + b"a" * 17000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 3500 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1000000 + b"\r\n\r\n",
])
def test_more_than_16_kb_of_headers_is_refused(running, endpoint, request_bytes):
    """413, 414 or 431; the application never notices."""
    answer = endpoint.raw(request_bytes)
    assert re.match(rb"HTTP/1\.[01] (413|414|431) ", answer), answer[:200]
    assert endpoint.get("/health/live").status == 200
    assert running.process.poll() is None


@pytest.mark.parametrize("piece", [b"a", b"%61"])
@pytest.mark.parametrize("begin, end", [
    (b"GET /health/live?", b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    (b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long:    ", b"\r\n\r\n"),
])
def test_16_kb_of_request_line_and_headers_is_served_and_a_byte_more_refused(running, endpoint, begin, end, piece):
    """As they were sent: blanks, line ends and what an encoding takes are part of them."""
    room = 16384 - len(begin + end)
    filling = piece * (room // len(piece)) + b"a" * (room % len(piece))
    assert endpoint.raw(begin + filling + end).startswith(b"HTTP/1.1 200 ")
    assert re.match(rb"HTTP/1\.[01] (413|414|431) ", endpoint.raw(begin + filling + b"a" + end))


@pytest.mark.parametrize("arguments, expected", [(200, b"200"), (400, b"400"), (500, b"400"), (4000, b"400")])
def test_a_query_of_more_arguments_than_are_kept_is_refused_in_words(running, endpoint, arguments, expected):
    """libmicrohttpd has no memory left for an answer then, and would close without one."""
    answer = endpoint.raw(b"GET /health/live?" + b"&" * arguments + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [expected], answer


def test_15_kb_of_headers_is_served(running, endpoint):
    """A proxy's cookies."""
    assert endpoint.get("/health/ready", X_Long="a" * 15000).status == 200


def test_pipelined_requests_are_answered_in_order(running, endpoint):
    """All of them, on one connection."""
    one = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = endpoint.raw(one * 50 + last)
    found = re.findall(rb"HTTP/1\.1 (\d+)", answer)
    assert found == [b"200", b"404"] * 50 + [b"200"]


def test_the_token_opens_all_but_live(pgentry, database, project, endpoint):
    """Bearer token for everything but /health/live; `pgentry health` has it from the configuration."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    env = {**endpoint.env, "PGENTRY_HEALTH_TOKEN": "open-sesame-4711"}
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=env)
    wait_until(lambda: pgentry("health", env=env).exit == 0)
    for path in PATHS:
        public = path == "/health/live"
        assert endpoint.get(path).status == (200 if public else 401)
        for wrong in ("open-sesame-4711", "Bearer open-sesame-471", "Bearer open-sesame-47111", "Bearer ", "Bearer x",
                      "Basic open-sesame-4711", "Bearer Open-sesame-4711", "Bearer open-sesame-4711 x", "Bearer\topen-sesame-4711"):
            assert endpoint.get(path, Authorization=wrong).status == (200 if public else 401)
        assert endpoint.get(path, Authorization="Bearer open-sesame-4711").status == 200
        assert endpoint.get(path, Authorization="bearer open-sesame-4711").status == 200
        assert endpoint.get(path, Authorization="Bearer   open-sesame-4711 \t ").status == 200
    assert endpoint.get("/nothing").status == 401
    refused = endpoint.get("/status.json")
    assert refused.headers["www-authenticate"] == "Bearer" and "sesame" not in refused.body


@pytest.mark.parametrize("token", [None, "another"])
def test_health_tells_a_wrong_token_from_a_boot_that_is_not_ready(pgentry, database, project, endpoint, token):
    """run had it from a --set, which health was not given."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    pgentry.start("run", "--set", "health.token=open-sesame-4711", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up()
    done = pgentry("health", env={**endpoint.env, "PGENTRY_HEALTH_TOKEN": token})
    assert done.exit == 1 and "health.token is not that of run" in done.stderr, done
    assert "open-sesame" not in done.text and "another" not in done.text, done


@pytest.mark.parametrize("length", [3000, 15360])
def test_the_longest_token_is_sent_whole(pgentry, database, project, endpoint, length):
    """By `pgentry health`, and a byte less of it opens nothing."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    token = "t" * length
    env = {**endpoint.env, "PGENTRY_HEALTH_TOKEN": token}
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=env)
    wait_until(lambda: pgentry("health", env=env).exit == 0)
    assert pgentry("health", env={**endpoint.env, "PGENTRY_HEALTH_TOKEN": token[1:]}).exit == 1
    assert endpoint.get("/metrics", Authorization=f"Bearer {token}").status == 200


@pytest.mark.parametrize("token", ["s3cret-of-mine\n", "s3cret-of-mine" * 2000])
def test_a_token_that_no_request_can_carry_is_78(pgentry, project, endpoint, token):
    """Told once, without showing it."""
    project({"pgentry.yaml": USERS})
    done = pgentry("run", "--", "true", url="postgresql://a:b@127.0.0.1:1/c",
                   env={**endpoint.env, "PGENTRY_HEALTH_TOKEN": token})
    assert done.exit == 78, done
    assert done.stderr.count("health.token") == 1 and "s3cret" not in done.stderr


# ---- addresses ----

def test_ipv6_a_unix_socket_and_several_addresses(pgentry, database, project, tmp_path):
    """All at once, all with the same answers."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    endpoints = [Endpoint(), Endpoint("::1"), Endpoint(path=str(tmp_path / "health.sock"))]
    listen = ",".join(endpoint.address for endpoint in endpoints)
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env={"PGENTRY_HEALTH_LISTEN": listen})
    for endpoint in endpoints:
        endpoint.up().in_phase("running")
        assert statuses(endpoint) == answers(200, 200)
    supervisor.terminate()
    supervisor.wait()
    assert not (tmp_path / "health.sock").exists()


def test_every_address_of_both_families_on_one_port(pgentry, database, project):
    """0.0.0.0 and [::] beside each other, in any order; [::] alone serves IPv4 too."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    for pattern in ("0.0.0.0:{0},[::]:{0}", "[::]:{0},0.0.0.0:{0}", "[::]:{0}"):
        endpoint = Endpoint()
        supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url,
                                   env={"PGENTRY_HEALTH_LISTEN": pattern.format(endpoint.port)})
        endpoint.up()
        assert Endpoint("::1", endpoint.port).get("/health/live").status == 200
        supervisor.terminate()
        supervisor.wait()


def test_a_socket_that_was_left_behind_is_taken_over_but_never_a_live_one(pgentry, database, project, tmp_path):
    """A killed container leaves its socket's file; one on which somebody listens is an address that is taken."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    endpoint = Endpoint(path=str(tmp_path / "health.sock"))
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(endpoint.path)
    stale.close()
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up()
    done = pgentry("run", "--", "true", url=database.url, env=endpoint.env)
    assert done.exit == 78, done
    assert endpoint.get("/health/live").status == 200
    (tmp_path / "plain").write_text("kept")
    done = pgentry("run", "--", "true", url=database.url, env={"PGENTRY_HEALTH_LISTEN": f"unix:{tmp_path}/plain"})
    assert done.exit == 78, done
    assert (tmp_path / "plain").read_text() == "kept"


def test_the_default_address_being_taken_is_a_warning(pgentry, database, project):
    """127.0.0.1:9180 by default: the boot goes on without it."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", 9180))
        taken.listen()
    except OSError:
        pass  # another one of these tests holds it
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env={"PGENTRY_HEALTH_LISTEN": None})
    taken.close()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    [warning] = [event for event in done.events if event["event"] == "listen-failed"]
    assert warning["level"] == "warn" and "127.0.0.1:9180" in warning["msg"]


def test_a_configured_address_being_taken_is_78_before_anything_runs(pgentry, database, project, endpoint):
    """Also if it is the same one as by default; no connection is made."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", endpoint.port))
        taken.listen()
        for env in (endpoint.env, {"PGENTRY_HEALTH_LISTEN": f"{Endpoint().address},{endpoint.address}"},
                    {"PGENTRY_HEALTH_PLACEHOLDER": endpoint.address}):
            done = pgentry("run", "--", "echo", "it runs", url=database.url, env=env)
            assert done.exit == 78 and done.stdout == "", done
            assert endpoint.address in done.stderr
            assert not done.said("waiting for PostgreSQL")


def test_a_refused_boot_leaves_no_socket_behind(pgentry, database, project, tmp_path):
    """What could be listened on before another address turned out to be taken goes again."""
    project({"pgentry.yaml": USERS})
    (tmp_path / "taken").write_text("kept")
    done = pgentry("run", "--", "true", url=database.url,
                   env={"PGENTRY_HEALTH_LISTEN": f"unix:{tmp_path}/free.sock,unix:{tmp_path}/taken",
                        "PGENTRY_HEALTH_PLACEHOLDER": f"unix:{tmp_path}/app.sock"})
    assert done.exit == 78 and f"{tmp_path}/taken" in done.stderr, done
    assert not list(tmp_path.glob("*.sock"))


def test_no_endpoint_at_all(pgentry, database, project):
    """listen: []: nobody to ask, and `pgentry health` says so."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS + "health: {listen: []}\n"})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env={"PGENTRY_HEALTH_LISTEN": None})
    supervisor.wait_for("application started")
    wait_until(lambda: len(supervisor.children()) == 1, what="the application alone")
    done = pgentry("health", env={"PGENTRY_HEALTH_LISTEN": None})
    assert done.exit == 1 and "health.listen" in done.stderr


def test_an_endpoint_that_is_not_where_it_is_asked_for_is_found_with_the_options_of_run(pgentry, database, project, endpoint):
    """What run is told by options a HEALTHCHECK must be told, too, and it says so."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    options = ["--set", f"health.listen={endpoint.env['PGENTRY_HEALTH_LISTEN']}"]
    elsewhere = {"PGENTRY_HEALTH_LISTEN": f"127.0.0.1:{free_port()}"}
    supervisor = pgentry.start("run", *options, "--", "sleep", "600", url=database.url, env=elsewhere)
    supervisor.wait_for("application started")
    assert pgentry("health", *options, env=elsewhere).exit == 0
    done = pgentry("health", env=elsewhere)
    assert done.exit == 1 and "the -c and --set of run" in done.stderr and "app.mode exec" in done.stderr, done


def test_an_endpoint_that_nobody_asks_costs_no_process(pgentry, database, project, endpoint):
    """The first connection starts it, be it closed at once; after its death the next one does."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    supervisor.wait_for("application started")
    wait_until(lambda: len(supervisor.children()) == 1, what="the application alone")
    assert endpoint.knock()
    first = http_process(supervisor)
    assert endpoint.get("/health/ready").status == 200
    os.kill(first, signal.SIGKILL)
    supervisor.wait_for("http-died")
    assert len(supervisor.children()) == 1
    assert endpoint.get("/health/ready").status == 200
    assert http_process(supervisor) != first


# ---- faults ----

def fresh(endpoint, bound):
    reply = endpoint.get("/health/ready")
    assert reply.status == 200
    assert reply.seconds < bound, f"{reply.seconds:.3f} s"
    return reply.seconds


@pytest.mark.parametrize("count", [200, 700])
def test_idle_connections_do_not_stand_in_the_way(running, endpoint, count):
    """200 that say nothing, and more than are let in at once: a fresh request is answered."""
    idle = [endpoint.socket() for _ in range(count)]
    for client in idle[::2]:
        client.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    for _ in range(20):
        fresh(endpoint, 1.0)
    for client in idle:
        client.close()
    fresh(endpoint, 1.0)
    assert running.process.poll() is None


def start_waiting(pgentry, project, endpoint, under=(), **env):
    """A supervisor whose database never answers: its endpoint is all there is of it."""
    project({"pgentry.yaml": USERS})
    supervisor = pgentry.start("run", "--", "true", url="postgresql://a:b@127.0.0.1:1/c", under=under,
                               env={**endpoint.env, "PGENTRY_WAIT_TIMEOUT": "0", **env})
    endpoint.up()
    return supervisor


@pytest.mark.parametrize("descriptors", [16, 64])
def test_few_descriptors_are_not_held_by_who_says_nothing(pgentry, endpoint, project, descriptors):
    """150 connections where there are descriptors for some: a fresh request is answered nevertheless."""
    supervisor = start_waiting(pgentry, project, endpoint, under=["prlimit", f"--nofile={descriptors}:{descriptors}"])
    idle = [endpoint.socket() for _ in range(150)]
    for _ in range(5):
        assert endpoint.get("/health/live").status == 200
    for client in idle:
        client.close()
    assert supervisor.process.poll() is None


def test_the_last_descriptor_taken_shows_nobody_out(pgentry, project, endpoint):
    """As many connections as there are descriptors: each is answered, and the placeholder's own give way."""
    placeholder = Endpoint()
    supervisor = start_waiting(pgentry, project, endpoint, under=["prlimit", "--nofile=24:24"],
                               PGENTRY_HEALTH_PLACEHOLDER=placeholder.address)
    folder = f"/proc/{http_process(supervisor)}/fd"
    idle = [endpoint.socket() for _ in range(24 - len(os.listdir(folder)))]
    wait_until(lambda: len(os.listdir(folder)) == 24, what="all descriptors being taken")
    for client in idle:
        client.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.close()
    callers = [placeholder.socket() for _ in range(20)]
    for _ in range(5):
        assert endpoint.get("/health/live").status == 200
    for client in callers:
        client.close()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_an_end_that_comes_with_the_last_bytes_is_noticed_at_once(pgentry, project, tmp_path, kind):
    """Of a whole request and of half a one: `nc -N`, and clients that died, hold nothing until a time-out."""
    endpoint = Endpoint() if kind == "tcp" else Endpoint(path=str(tmp_path / "health.sock"))
    supervisor = start_waiting(pgentry, project, endpoint,
                               PGENTRY_HEALTH_LISTEN=f"{Endpoint().address},{endpoint.address}")
    folder = f"/proc/{http_process(supervisor)}/fd"
    before = len(os.listdir(folder))
    for request, status in ((b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200"),
                            (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 40, b"HTTP/1.1 200"),
                            (b"GET /metrics HTTP/1.1\r\nHost:", b""),
                            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", b"")):
        others = [endpoint.socket() for _ in range(3)]
        for other in others:
            other.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        with endpoint.socket(timeout=5) as client:  # half of what a time-out would take
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        for other in others:
            assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
            other.close()
        assert answer.count(b"HTTP/1.1 ") == (request.count(b"\r\n\r\n") if status else 0)
        assert answer.startswith(status)
        for _ in range(20):
            with endpoint.socket() as client:
                client.sendall(request)
        wait_until(lambda: len(os.listdir(folder)) == before, patience=5, what="all of them being gone")


def test_who_trickles_is_cut_off_after_ten_seconds(running, endpoint):
    """A byte a second, nothing at all, half a request, and an unfinished body: each ends 10 s after it began."""
    begun = time.monotonic()
    clients = {"silent": endpoint.socket(30), "half": endpoint.socket(30), "body": endpoint.socket(30),
               "trickle": endpoint.socket(30)}
    clients["half"].sendall(b"GET /health/ready HTTP/1.1\r\nHost:")
    clients["body"].sendall(b"POST /health/ready HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
    stop = threading.Event()

    def trickle():
        for byte in b"GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 100:
            try:
                clients["trickle"].sendall(bytes([byte]))
            except OSError:
                return
            if stop.wait(0.3):
                return
    thread = threading.Thread(target=trickle)
    thread.start()
    ended = {}
    for name, client in clients.items():
        try:
            while client.recv(4096):
                pass
        except ConnectionError:
            pass
        ended[name] = time.monotonic() - begun
    stop.set()
    thread.join()
    assert all(9.5 < seconds < 12 for seconds in ended.values()), ended
    fresh(endpoint, 1.0)


def test_a_slow_reader_is_cut_off_too(running, endpoint):
    """Requests without end whose answers nobody takes hold no connection for ever."""
    client = endpoint.socket(30)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(0.2)
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < 15:
            try:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
            except TimeoutError:
                pass
    except OSError:
        pass
    assert time.monotonic() - begun < 14
    fresh(endpoint, 1.0)


def test_a_killed_http_process_comes_back(running, endpoint):
    """The application and PID 1 do not notice; the restart is counted."""
    first = http_process(running)
    os.kill(first, signal.SIGKILL)
    running.wait_for("http-died")
    endpoint.up()
    assert http_process(running) != first
    assert endpoint.get("/health/ready").status == 200
    assert "pgentry_helper_restarts_total 1\n" in endpoint.get("/metrics").body
    assert running.process.poll() is None


def test_an_http_process_killed_again_and_again_comes_back_and_leaves_nothing(running, endpoint):
    """Never later than after a second: a probe that comes every few seconds hardly notices. No zombie, no descriptor."""
    running.rest()
    wait_until(lambda: len(running.children()) == 2, what="the database process of the boot gone")
    begun = running.descriptors()
    for death in range(1, 9):
        os.kill(http_process(running), signal.SIGKILL)
        running.wait_for("http-died", count=death)
        endpoint.up()
    assert {event["phase"] for event in running.events if event["event"] == "http-died"} == {"running"}
    assert [event["msg"].split()[-2] for event in running.events if event["event"] == "http-died"] == [
        "100", "200", "400", "800", "1000", "1000", "1000", "1000"]
    assert len(running.children()) == 2
    assert running.descriptors() == begun


def test_at_rest_nothing_wakes_up(running):
    """While the application runs and nobody asks, PID 1 and the http process sleep."""
    def sleeps():
        return [process_status(pid)["voluntary_ctxt_switches"] for pid in (running.pid, http_process(running))]
    wait_until(lambda: len(running.children()) == 2, what="the database process of the boot gone")
    begun = None
    while begun != (begun := sleeps()):
        time.sleep(1.2)  # the endpoint's last client goes, and the answers' second ends
    time.sleep(2)  # what must not happen has no event
    assert sleeps() == begun


def test_an_http_process_killed_in_mid_migration_changes_nothing(gated, endpoint, project, database):
    """The step goes on."""
    os.kill(http_process(gated), signal.SIGKILL)
    endpoint.up().in_phase("migrating")
    database.as_app("CREATE TABLE users (id int)")
    (project.folder / "gate").write_text("0\n")
    endpoint.in_phase("running")


def test_live_tells_of_pid_1_and_not_of_the_http_process(running, endpoint):
    """PID 1 stopped: live is 503 within about a second; ready and database answer all the time."""
    os.kill(running.pid, signal.SIGSTOP)
    try:
        answers_while = []
        thread = threading.Thread(target=lambda: answers_while.append(endpoint.get("/health/live")))
        thread.start()
        assert fresh(endpoint, 0.5) < 0.5
        thread.join()
        [live] = answers_while
        assert live.status == 503 and live.headers["retry-after"]
        assert 0.8 < live.seconds < 2, live.seconds
        for _ in range(3):
            assert endpoint.get("/health/live").status == 503
    finally:
        os.kill(running.pid, signal.SIGCONT)
    wait_until(lambda: endpoint.get("/health/live").status == 200)
    assert endpoint.get("/health/live").seconds < 0.5


def test_live_asked_by_many_at_once(running, endpoint):
    """All get their answer; one question to PID 1 serves them."""
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(endpoint.get("/health/live").status)) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 64


# ---- least privilege, no secret ----

def control_socket(pid):
    """What the http process writes to PID 1 with: its only socket that listens nowhere and has no address."""
    with open("/proc/net/unix", encoding="ascii") as file:
        sockets = {f"socket:[{line.split()[6]}]" for line in file if line[0] != "N"}
    [number] = [int(fd) for fd in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{fd}") in sockets]
    found = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, os.pidfd_open(pid), number, 0)
    assert found >= 0, os.strerror(ctypes.get_errno())
    return socket.socket(fileno=found)


@pytest.mark.parametrize("said", [
    pytest.param(b"\xff" * 65536, id="no frame"),
    pytest.param(b"\x02\0\0\0\x02x", id="a frame with something in it"),
    pytest.param(b"\x01\0\0\0\x7f", id="an unknown word"),
    pytest.param(b"\x01\0\0\0\x05", id="an answer to what nobody asked"),
])
def test_an_http_process_that_says_what_it_must_not_is_ended(running, endpoint, said):
    """Whoever has taken it over moves PID 1 to nothing: neither memory nor an event of the boot."""
    begun = int(process_status(running.pid)["VmRSS"].split()[0])
    control = control_socket(http_process(running))
    with control, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(1000):
            control.sendall(said)
    running.wait_for("http-died")
    endpoint.up()
    assert int(process_status(running.pid)["VmRSS"].split()[0]) < begun + 4096
    assert running.process.poll() is None
    running.terminate()
    assert running.wait(20).exit == 143

def test_the_http_process_is_nobody_and_confined(running):
    """Another uid, no capability, no_new_privs, a seccomp filter."""
    pid = http_process(running)
    status = process_status(pid)
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    if os.geteuid() == 0:
        assert set(status["Uid"].split()) == {"65534"} and set(status["Gid"].split()) == {"65534"}
        assert status["Groups"].strip() == ""
        for name in ("CapInh", "CapPrm", "CapEff"):
            assert int(status[name], 16) == 0


def test_the_http_process_never_touches_what_pid_1_keeps_in_reserve(running):
    """Searching its memory for secrets maps no page that was not there: with 64 MB for a container, that killed it."""
    pid = http_process(running)
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        own = 350_000 if "libasan" in maps.read() else 100_000  # the sanitizer's allocator is searched, too
    assert int(process_status(pid)["VmHWM"].split()[0]) < own


def test_the_http_process_knows_no_secret(running, endpoint, database, pgentry):
    """Not in its environment, not in its arguments, nowhere in its memory; nor in any body."""
    for path in PATHS:
        endpoint.get(path)
    pid = http_process(running)
    secrets = {database.password.encode(), quote(database.password, safe="").encode()}
    assert not memory_holds(pid, *secrets)
    assert memory_holds(running.pid, *secrets), "the search itself finds it where it is"
    with open(f"/proc/{pid}/environ", "rb") as environ, open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        seen = environ.read() + cmdline.read()
    assert not [secret for secret in secrets if secret in seen]


def test_the_http_process_knows_no_end_of_a_secret(pgentry, database, project, endpoint):
    """Of a copy that was freed only the beginning is written over."""
    password = "Correct-Horse-Battery-Staple-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    database.sql(f"ALTER ROLE {database.user} PASSWORD '{password}'")
    project({"pgentry.yaml": ""})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url_with(password), env=endpoint.env)
    endpoint.up()
    assert not memory_holds(http_process(supervisor), password[-8:].encode())


def test_the_http_process_knows_nothing_of_what_a_step_printed(pgentry, database, project, endpoint):
    """It is forked after the steps; what they print is masked in PID 1, and only then there for all to see."""
    broken = "pass\\033[1mword-%d"
    project({"pgentry.yaml": USERS + "migrate: {steps: [{name: create, run: ./step.sh}]}\n",
             "step.sh": f"#!/bin/sh\nprintf '{broken}\\n' 42\npsql -qc 'CREATE TABLE users (id int)' \"$DATABASE_URL\"\n"})
    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    supervisor.wait_for("application started")
    endpoint.up()
    printed = b"pass\x1b[1mword-42"
    assert memory_holds(supervisor.pid, printed), "the search itself finds it where it is"
    assert not memory_holds(http_process(supervisor), printed)


def test_no_body_shows_a_secret(pgentry, database, project, endpoint):
    """A step prints the password raw and encoded, the server's own error holds the URL: masked in every answer."""
    project({"pgentry.yaml": GATED, "step.sh": "#!/bin/sh\nprintf '%s\\n' \"$DATABASE_URL\" \"$SECRET\"; exit 1\n"})
    pgentry.start("run", "--set", "migrate.steps=[{name: leaky, run: ./step.sh, attempts: 1}]", "--", "true", url=database.url,
                  env={**endpoint.env, "PGENTRY_ON_FAILURE": "hold", "PGENTRY_HEALTH_TOKEN": "", "SECRET": database.password})
    endpoint.up().in_phase("held")
    for path in PATHS:
        body = endpoint.get(path).body
        assert database.password not in body and quote(database.password, safe="") not in body
    assert "***" in endpoint.get("/status.json").body


# ---- pgentry health ----

def test_health_asks_ready_and_live(pgentry, gated, endpoint, project, database):
    """1 while migrating, with --live 0; 0 once it runs; --json prints the document."""
    done = pgentry("health", env=endpoint.env)
    assert done.exit == 1 and done.stderr, done
    assert pgentry("health", "--live", env=endpoint.env).exit == 0
    database.as_app("CREATE TABLE users (id int)")
    (project.folder / "gate").write_text("0\n")
    done = pgentry("health", "--wait", "20s", "--json", env=endpoint.env)
    assert done.exit == 0, done
    assert json.loads(done.stdout)["status"] == "healthy"
    assert pgentry("health", env=endpoint.env).exit == 0


def test_health_needs_nothing_but_the_endpoint_s_keys(pgentry, running, endpoint):
    """A secret that may not be read, or is gone since the start, a URL that is none, a step that may not be."""
    env = {**endpoint.env, "DATABASE_URL_FILE": "/nowhere", "PGENTRY_WAIT_TIMEOUT": "${MISSING}",
           "PGENTRY_MIGRATE_STEPS": "[{run: prisma migrate reset}]"}
    wait_until(lambda: pgentry("health", env=env).exit == 0)
    assert pgentry("health", env={**env, "PGENTRY_HEALTH_LISTEN": "nonsense"}).exit == 1


def test_health_without_anybody_there_is_1_and_wait_ends(pgentry, endpoint):
    """Nobody listens: at once without --wait, after it with it; a bad duration is wrong usage."""
    done = pgentry("health", env=endpoint.env)
    assert done.exit == 1 and done.seconds < 3
    done = pgentry("health", "--wait", "1s", env=endpoint.env)
    assert done.exit == 1 and 0.7 < done.seconds < 4
    assert pgentry("health", "--wait", "soon", env=endpoint.env).exit == 64


def test_health_ends_on_a_server_that_says_nothing(pgentry, endpoint):
    """Something else listens and never answers, or talks without end: 1 within a few seconds."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", endpoint.port))
        silent.listen()
        done = pgentry("health", env=endpoint.env)
    assert done.exit == 1 and done.seconds < 6, done


def test_health_tells_a_neighbour_apart(pgentry, running, endpoint):
    """Another container's supervisor behind the same network namespace: not ours, so 1, although it is healthy."""
    assert pgentry("health", env=endpoint.env).exit == 0
    argv = ["unshare", "--fork", "--pid", "--mount-proc", pgentry.binary, "health"]
    done = subprocess.run(argv, env=pgentry.environment(None, endpoint.env), cwd=pgentry.folder, capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "not this container's supervisor" in done.stderr


def test_health_finds_its_own_among_several_addresses(pgentry, running, endpoint):
    """The first address is taken by a neighbour that serves something else: the second one is asked."""
    other = Endpoint()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", other.port))  # nobody listens: refused
        done = pgentry("health", env={"PGENTRY_HEALTH_LISTEN": f"{other.address},{endpoint.address}"})
    assert done.exit == 0, done
