"""A client of the health endpoint that can also misbehave, and a look at the http process behind it."""
import http.client
import json
import os
import socket
import time
from dataclasses import dataclass, field

from postgres import free_port
from supervisor import PATIENCE, wait_until


@dataclass
class Reply:
    status: int
    headers: dict
    body: str
    seconds: float = field(default=0.0)

    @property
    def json(self):
        return json.loads(self.body)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Endpoint:
    """host and port, or the path of a socket. `env` configures pgentry to listen there."""

    def __init__(self, host="127.0.0.1", port=None, path=None):
        self.host = host
        self.port = port or free_port()
        self.path = path

    @property
    def address(self):
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def env(self):
        return {"PGENTRY_HEALTH_LISTEN": self.address}

    def connection(self, timeout=PATIENCE):
        if self.path:
            return _UnixConnection(self.path, timeout)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def knock(self):
        """A connection and nothing else. Whether somebody listens."""
        with socket.socket() as guest:
            return guest.connect_ex((self.host, self.port)) == 0

    def get(self, path, method="GET", timeout=PATIENCE, body=None, **headers):
        connection = self.connection(timeout)
        began = time.monotonic()
        try:
            connection.request(method, path, body=body,
                               headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()},
                         answer.read().decode(), time.monotonic() - began)
        finally:
            connection.close()

    def json(self, path="/health/database"):
        return self.get(path).json

    def socket(self, timeout=PATIENCE):
        if self.path:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(timeout)
            client.connect(self.path)
            return client
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def raw(self, request, timeout=PATIENCE):
        """Sends bytes and returns all that comes until the other end closes; what came before a reset counts."""
        answer = b""
        with self.socket(timeout) as client:
            try:
                client.sendall(request)
                while piece := client.recv(65536):
                    answer += piece
            except ConnectionError:
                pass
        return answer

    def up(self):
        """Waits until it answers."""
        def answers():
            try:
                return self.get("/health/live").status
            except OSError:
                return False
        wait_until(answers, what="the endpoint's first answer")
        return self

    def until(self, condition, path="/status.json", patience=PATIENCE):
        """Waits until the document fulfils the condition, and returns it."""
        def looks():
            document = self.json(path)
            return document if condition(document) else None
        return wait_until(looks, patience=patience, what=f"what {path} was to show")

    def in_phase(self, phase):
        return self.until(lambda document: document["phase"] == phase)


def process_status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def listens(pid):
    """Whether the process holds a TCP socket that listens (proc(5): state 0A of /proc/net/tcp)."""
    with open("/proc/net/tcp", encoding="ascii") as tcp4, open("/proc/net/tcp6", encoding="ascii") as tcp6:
        sockets = {f"socket:[{fields[9]}]" for line in [*tcp4, *tcp6] if (fields := line.split())[3] == "0A"}
    folder = f"/proc/{pid}/fd/"
    return any(os.readlink(folder + fd) in sockets for fd in os.listdir(folder))


def http_process(supervisor):
    """The pid of the child that serves the endpoint: the database process is under a seccomp filter too, and listens nowhere."""
    def find():
        for pid in supervisor.children():
            try:
                if process_status(pid).get("Seccomp") == "2" and listens(pid):
                    return pid
            except (OSError, ValueError):
                pass  # a child that ended just now
        return None
    return wait_until(find, what="the http process")


def memory_holds(pid, *secrets):
    """Which of the byte strings are anywhere in the process's memory."""
    found = set()
    longest = max(map(len, secrets))
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if line.split()[1][0] != "r" or end - begin > 1 << 30 or "[v" in line:
                continue  # address sanitizer's shadow; vdso and vvar
            before = b""
            for at in range(begin, end, 1 << 20):
                try:
                    piece = before + os.pread(memory.fileno(), min(1 << 20, end - at), at)
                except OSError:
                    break
                found |= {secret for secret in secrets if secret in piece}
                before = piece[-longest:]
    return found
