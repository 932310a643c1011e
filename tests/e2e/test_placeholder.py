"""health.placeholder: the application's own address answers 503 until it starts, and is free when it does (contract
section 2)."""
import os
import signal
import socket

import pytest
from endpoint import Endpoint, http_process
from postgres import free_port
from supervisor import wait_until

HOLD = """\
verify: {tables: [users], interval: 0}
migrate:
  when: unverified
  steps:
    - {name: gated, attempts: 1, run: "echo applying; read line <gate; exec $PGENTRY apply schema.sql"}
"""
# Binds at once, once, and without SO_REUSEADDR unless told otherwise; then says so and ends at TERM.
APPLICATION = """\
#!/usr/bin/python3
import signal, socket, sys
family, host, port, reuse = sys.argv[1:]
server = socket.socket(getattr(socket, family))
if reuse == "reuse":
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((host, int(port)))
server.listen()
print("bound", flush=True)
signal.pause()
"""


@pytest.fixture
def gated(pgentry, database, project):
    """Starts a boot that waits in its step: open(gate) lets it go on, to an application that binds `address`."""
    folder = project({"pgentry.yaml": HOLD, "schema.sql": "CREATE TABLE users (id int);", "app.py": APPLICATION})
    os.mkfifo(folder / "gate")

    def begin(family, host, port, reuse, *options):
        address = f"[{host}]:{port}" if family == "AF_INET6" else f"{host}:{port}"
        running = pgentry.start("run", *options, "--", "./app.py", family, host, str(port), reuse, url=database.url,
                                env={"PGENTRY_HEALTH_PLACEHOLDER": address, "PGENTRY": pgentry.binary})
        running.wait_for("applying")
        return running

    def go_on():
        (folder / "gate").write_text("\n")

    begin.go_on = go_on
    return begin


def connect(family, host, port):
    client = socket.socket(getattr(socket, family))
    client.settimeout(10)
    client.connect((host, port))
    return client


def answer(client, request):
    client.sendall(request)
    text = b""
    while b"\r\n\r\n" not in text or len(text.split(b"\r\n\r\n", 1)[1]) < length_of(text):
        more = client.recv(4096)
        if not more:
            break
        text += more
    return text.decode()


def length_of(text):
    for line in text.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


PLACES = [("AF_INET", "127.0.0.1"), ("AF_INET", "0.0.0.0"), ("AF_INET6", "::1")]


@pytest.mark.parametrize("reuse", ["plain", "reuse"])
@pytest.mark.parametrize(("family", "host"), PLACES, ids=[host for _, host in PLACES])
def test_the_address_answers_503_and_is_free_for_the_applications_first_bind(gated, family, host, reuse):
    """Whatever is open on it then: a connection that was answered, an idle one, a request half sent, one just closed."""
    port = free_port()
    running = gated(family, host, port, reuse)
    here = "127.0.0.1" if host == "0.0.0.0" else host
    answered, idle, half, closed = (connect(family, here, port) for _ in range(4))
    said = answer(answered, b"GET /any/path HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith("HTTP/1.1 503 ") and "\r\nretry-after: " in said.lower(), said
    half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
    assert answer(closed, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith("HTTP/1.1 503 ")
    closed.close()
    gated.go_on()
    running.wait_for("bound")
    for client in (idle, half):
        with pytest.raises(ConnectionResetError):
            while client.recv(4096):
                pass
            raise AssertionError("it was closed, not reset: TIME_WAIT stays")
    running.terminate()
    assert running.wait().exit == 143


def test_mode_exec_frees_the_address_too(gated):
    port = free_port()
    running = gated("AF_INET", "127.0.0.1", port, "plain", "--set", "app.mode=exec")
    client = connect("AF_INET", "127.0.0.1", port)
    assert answer(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith("HTTP/1.1 503 ")
    gated.go_on()
    running.wait_for("bound")


def test_an_http_process_that_dies_or_hangs_does_not_keep_the_address(pgentry, database, project, gated):
    """Killed, it comes back and answers; stopped, it is ended by force after two seconds, and the application binds."""
    port = free_port()
    running = gated("AF_INET", "127.0.0.1", port, "plain")
    first = http_process(running)
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: (pid := http_process(running)) != first and pid)
    client = connect("AF_INET", "127.0.0.1", port)
    assert answer(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith("HTTP/1.1 503 ")
    os.kill(second, signal.SIGSTOP)
    gated.go_on()
    running.wait_for("application started")
    running.terminate()
    running.wait()


def test_the_endpoint_stays_when_the_placeholder_goes(pgentry, database, project):
    """Both in one process: only the application's address is let go."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {preset: none}\n", "app.py": APPLICATION})
    endpoint, port = Endpoint(), free_port()
    running = pgentry.start("run", "--", "./app.py", "AF_INET", "127.0.0.1", str(port), "plain", url=database.url,
                            env={**endpoint.env, "PGENTRY_HEALTH_PLACEHOLDER": f"127.0.0.1:{port}"})
    running.wait_for("bound")
    assert endpoint.get("/health/ready").status == 200
