"""Every call that can fail is made to fail: the first, the second, the nth and all of them, over a whole boot.

Whatever fails, the boot ends in time with a documented status, leaves no process, tells no secret, and the application
runs only where its table is there. How often a function is called is counted by the boot itself; the calls that are tried
are all of the first ones and fewer and fewer of the later ones.
"""
import contextlib
import errno
import json
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from boots import APP_STATUS, PATIENT, Boots
from endpoint import Endpoint, process_status
from supervisor import wait_until

pytestmark = pytest.mark.preload

FUNCTIONS = {
    "_Fork": errno.EAGAIN, "pipe2": errno.EMFILE, "socketpair": errno.EMFILE, "socket": errno.EMFILE,
    "connect": errno.ECONNREFUSED, "bind": errno.EADDRINUSE, "listen": errno.EADDRINUSE, "accept4": errno.EMFILE,
    "epoll_create1": errno.EMFILE, "epoll_ctl": errno.ENOMEM, "epoll_wait": errno.EINTR, "poll": errno.ENOMEM,
    "read": errno.EIO, "write": errno.ENOSPC, "send": errno.EPIPE, "recv": errno.ECONNRESET, "dup2": errno.EBUSY,
    "setpgid": errno.EACCES, "chdir": errno.EACCES, "execve": errno.EACCES, "signalfd": errno.EMFILE, "wait4": errno.EINTR,
    "setresuid": errno.EAGAIN, "getaddrinfo": 0, "open": errno.EMFILE, "fcntl": errno.EMFILE, "malloc": errno.ENOMEM,
    "calloc": errno.ENOMEM, "realloc": errno.ENOMEM, "strdup": errno.ENOMEM, "mmap": errno.ENOMEM,
    "fopen": errno.EMFILE, "PQconnectStartParams": errno.ENOMEM, "PQconnectPoll": 0,
    "PQsendQuery": 0, "PQsendQueryParams": 0, "PQgetResult": 0, "PQconsumeInput": 0, "PQflush": 0,
    "PQenterPipelineMode": 0, "PQpipelineSync": 0, "PQexitPipelineMode": 0, "PQsetnonblocking": 0, "PQconninfo": 0,
    "PQconndefaults": 0, "MHD_start_daemon": errno.ENOMEM,
    "MHD_create_response_from_buffer": errno.ENOMEM,
}
COUNTED = {}  # one boot's calls are as good as another's


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    built = tmp_path_factory.mktemp("injection") / "injection.so"
    flags = subprocess.run(["pkg-config", "--cflags", "libpq", "libmicrohttpd"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-nonnull", "-shared",
                    "-fPIC", "-o", built, Path(__file__).with_name("injection.c"), *flags, "-ldl"], check=True)
    return built


class Shared:
    """What injection.c counts: see `struct shared` there."""

    def __init__(self, path):
        self.path = path
        self.reset()

    def reset(self):
        self.path.write_bytes(bytes(8192))

    @property
    def reached(self):
        return struct.unpack_from("I", self.path.read_bytes())[0] != 0

    def calls(self):
        rows = (struct.unpack_from("40sI", self.path.read_bytes(), 8 + 44 * i) for i in range(96))
        return {name.split(b"\0")[0].decode(): calls for name, calls in rows if name[0]}

    def arm(self):
        """The next call fails, once (FUNCTION:0:ERRNO)."""
        with open(self.path, "r+b") as file:
            file.seek(4)
            file.write(struct.pack("I", 1))


class Injected(Boots):
    def __init__(self, pgentry, project, database, library):
        super().__init__(pgentry, project, database)
        self.library = library
        self.shared = Shared(project.folder / "injection")

    def __call__(self, plan=None, app=None, **more):
        """app: the application's script, in place of one that ends at once."""
        self.prepare()
        if app:
            self.project({"app.sh": app})
        self.shared.reset()
        return self.boot(plan, **self.under(plan), **more)

    def under(self, plan):
        return {"LD_PRELOAD": self.library, "INJECTION_FILE": self.shared.path, "INJECTION": plan}


@pytest.fixture
def boots(pgentry, project, database, library):
    return Injected(pgentry, project, database, library)


@pytest.fixture
def calls(boots):
    """How often a boot without a fault calls each function."""
    if not COUNTED:
        boots(**PATIENT)
        COUNTED.update(boots.shared.calls())
    return COUNTED


def sample(calls):
    """Which of that many calls: the first six, and every later one that is twice as far as the last."""
    n = 1
    while n <= calls:
        yield n
        n += 1 if n < 6 else n


def test_without_a_fault_the_boot_is_good(boots):
    """The library changes nothing by itself; what is called of it is what the table fails."""
    assert boots(**PATIENT).exit == APP_STATUS
    assert boots.shared.calls().keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_call_that_fails(boots, calls, function):
    for n in sample(calls[function]):
        boots(f"{function}:{n}:{FUNCTIONS[function]}")


@pytest.mark.parametrize("function", [name for name, number in FUNCTIONS.items() if number != errno.EINTR])
def test_a_function_that_always_fails(boots, function):
    """EINTR for ever is nothing that a kernel says."""
    boots(f"{function}:1+:{FUNCTIONS[function]}")


@pytest.mark.parametrize("function", ["epoll_create1", "epoll_ctl"])
def test_a_boot_that_libuv_gives_up_in_goes_on(boots, function):
    """libuv aborts where the system refuses it anything: poll(2) takes its place, and the boot is as good."""
    env = {**PATIENT, "PGENTRY_HEALTH_LISTEN": "[]"}
    boots(**env)
    told = [boots(f"{function}:{n}:{FUNCTIONS[function]}", allowed={APP_STATUS}, **env).said("poll(2) takes its place")
            for n in range(1, boots.shared.calls()[function] + 1)]
    assert told[0] == 1 and set(told) <= {0, 1}, told


def test_what_the_url_asks_for_is_not_lost_with_libpq_s_memory(boots, database):
    """Nor is want of memory called a wrong configuration: the status is 71, or the attempt is one of several."""
    def wait(plan=None):
        boots.shared.reset()
        return boots.pgentry("wait", url=database.url_with(query="?sslmode=disable&channel_binding=require"),
                             env={**boots.under(plan), "PGENTRY_WAIT_PERMANENT_GRACE": "0"})

    assert wait().exit == 77
    calls = boots.shared.calls()
    for function in ("PQconndefaults", "PQconninfo", "PQconnectStartParams"):
        for n in range(1, calls[function] + 1):
            done = wait(f"{function}:{n}:{errno.ENOMEM}")
            assert done.exit in {71, 77}, (function, n, done)


def without_times(report):
    document = json.loads(report)
    for times in (document, document.get("connection", {})):
        for name in ("checkedAt", "timestamp", "latencyMs", "connectMs"):
            times.pop(name, None)
    return document


@pytest.mark.parametrize("command", ["verify", "diagnose"])
def test_a_report_that_has_no_memory_is_no_success(boots, database, project, command):
    """All of it is there, or the status and a word say that something is wrong."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})

    def report(plan=None):
        boots.shared.reset()
        return boots.pgentry(command, "--json", url=database.url, env=boots.under(plan))

    whole, calls = report(), boots.shared.calls()["malloc"]
    assert whole.exit == 0, whole
    ended = set()
    for n in range(calls - 100, calls, 3):
        done = report(f"malloc:{n}:{errno.ENOMEM}")
        assert done.exit or without_times(done.stdout) == without_times(whole.stdout), (n, done)
        assert done.exit != 71 or done.stderr.endswith("pgentry: out of memory\n"), (n, done)
        ended.add(done.exit)
    assert 71 in ended


@contextlib.contextmanager
def at_once(supervisor):
    """What happens meanwhile comes to it in one turn of its loop."""
    supervisor.signal(signal.SIGSTOP)
    wait_until(lambda: process_status(supervisor.pid)["State"][0] == "T")
    yield
    supervisor.signal(signal.SIGCONT)


def ask(endpoint):
    """Somebody who waits for an answer."""
    client = endpoint.socket()
    client.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
    return client


TWO_STEPS = """verify: {tables: [users]}
migrate:
  when: always
  before: [{name: gated, run: [./gated.sh]}, {name: chatty, run: "seq 30000", timeout: 15s}]
  steps: [{name: nothing, run: "true"}]
"""


def test_who_asks_as_a_step_ends_and_libuv_gives_up_takes_no_output_away(boots, project, database, endpoint):
    """The place of a watch that libuv has still to close is not another one's."""
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": TWO_STEPS, "gated.sh": "#!/bin/sh\necho $$ >begun\nwhile [ ! -e go ]; do sleep 0.01; done\n"})
    boot = boots.pgentry.start("run", "--", "echo", "it runs", url=database.url,
                               env={**endpoint.env, **boots.under(f"epoll_ctl:0:{errno.ENOMEM}")})
    wait_until(lambda: (folder / "begun").exists() and (folder / "begun").read_text())
    with at_once(boot):
        with ask(endpoint):
            boots.shared.arm()
            (folder / "go").touch()
            wait_until(lambda: process_status(int((folder / "begun").read_text()))["State"][0] == "Z")
    done = boot.wait()
    assert done.exit == 0 and done.said("poll(2) takes its place") == 1, done
    dropped = sum(event.get("dropped", 0) for event in done.events)  # where we read more slowly than it was written
    assert done.said("chatty | ") + dropped >= 30000, done


def test_who_asks_twice_as_libuv_gives_up_starts_one_http_process(boots, project, database):
    """What libuv still tells in that turn is told to nobody."""
    project({"pgentry.yaml": "verify: {tables: [users], interval: 1h}\non_failure: hold\n"})
    first, second = Endpoint(), Endpoint()
    boot = boots.pgentry.start("run", "--", "sleep", "600", url=database.url, env={
        "PGENTRY_HEALTH_LISTEN": f"[{first.address}, {second.address}]", **boots.under(f"epoll_ctl:0:{errno.ENOMEM}")})
    boot.wait_for("staying up")
    wait_until(lambda: not boot.children(), what="the database process of the boot gone")
    database.as_app("CREATE TABLE users (id int)")
    with at_once(boot):
        boots.shared.arm()
        boot.signal(signal.SIGHUP)
        with ask(first) as one, ask(second) as other:
            boot.signal(signal.SIGCONT)
            assert {client.recv(12) for client in (one, other)} == {b"HTTP/1.1 200"}
    boot.wait_for("application started")
    wait_until(lambda: len(boot.children()) == 2, what="the application and one http process")
    boot.terminate()
    assert boot.wait().exit == 143


@pytest.mark.parametrize("status", [APP_STATUS, 128 + signal.SIGTERM])
def test_when_libuv_gives_up_the_application_runs_on(boots, status):
    """A TERM and the application's own end count as before."""
    env = {**PATIENT, "PGENTRY_HEALTH_LISTEN": "[]", "PGENTRY_VERIFY_INTERVAL": "50ms"}
    waits = f"#!/bin/sh\ntouch started\nwhile [ ! -e enough ]; do sleep 0.05; done\nexit {APP_STATUS}\n"

    def end(boot):
        wait_until(lambda: (boots.folder / "started").exists(), what="the application runs")
        boot.wait_for("poll(2) takes its place")
        if status == APP_STATUS:
            (boots.folder / "enough").touch()
        else:
            boot.terminate()

    boots(**env)
    later = boots.shared.calls()["epoll_ctl"] + 2
    boots(f"epoll_ctl:{later}:{errno.ENOMEM}", allowed={status}, meanwhile=end, app=waits, **env)
