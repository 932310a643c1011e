"""Fixtures: podman, the images, PostgreSQL in a container, and the place where pgentry is PID 1.

PGENTRY_TEST_WORLD=namespace runs what can be run without containers, as happens by itself where podman may not run.
"""
import os
import secrets
import subprocess
import threading
import time
from urllib.parse import quote

import pytest
from podman import Podman, Unavailable
from worlds import HERE, ROOT, Containers, Namespaces, build_application

PASSWORD = "p:ss/w@rd"
CONFIGURATION = """\
migrate:
  steps:
    - name: schema
      sql: [schema.sql]
verify:
  tables: [users]
"""


@pytest.fixture(scope="session")
def podman_or_reason():
    if os.environ.get("PGENTRY_TEST_WORLD") == "namespace":
        yield "PGENTRY_TEST_WORLD=namespace"
        return
    try:
        podman = Podman()
    except Unavailable as reason:
        yield f"no containers here: {reason}"
        return
    try:
        yield podman
    finally:
        podman.close()


@pytest.fixture(scope="session")
def podman(podman_or_reason):
    if isinstance(podman_or_reason, str):
        pytest.skip(podman_or_reason)
    return podman_or_reason


@pytest.fixture(scope="session")
def pgentry_image(podman):
    """What a user builds: docker/Dockerfile, with nothing changed."""
    podman.build("pgentry", ROOT, "--file", ROOT / "docker/Dockerfile")
    return "localhost/pgentry"


@pytest.fixture(scope="session")
def postgres_image(podman):
    podman.build("docker.io/library/postgres:15", HERE / "postgres")
    return "docker.io/library/postgres:15"


@pytest.fixture(scope="session")
def image(podman, pgentry_image, tmp_path_factory):
    """An application's image: FROM scratch, pgentry, one static file."""
    folder = tmp_path_factory.mktemp("image")
    build_application(folder)
    (folder / "schema.sql").write_text("CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, name text);\n",
                                       encoding="ascii")
    (folder / "pgentry.yaml").write_text(CONFIGURATION, encoding="ascii")
    (folder / "Dockerfile").write_text(f"""\
FROM scratch
COPY --from={pgentry_image} /pgentry /usr/local/bin/
COPY app /app
COPY schema.sql pgentry.yaml /srv/
WORKDIR /srv
HEALTHCHECK --interval=1s --timeout=5s CMD ["pgentry", "health"]
ENTRYPOINT ["pgentry", "run", "--"]
""", encoding="ascii")
    podman.build("localhost/application", folder, "--format", "docker")
    return "localhost/application"


@pytest.fixture(scope="session")
def network(podman):
    """The options of a container that sees the others by name."""
    return podman.network("pgentry")


class Server:
    """PostgreSQL in a container, found by its name on the network."""

    def __init__(self, podman, image, network, name):
        self.podman = podman
        self.image = image
        self.network = network
        self.name = name

    def start(self):
        self.podman("run", "--detach", "--name", self.name, *self.network, "--env", f"POSTGRES_PASSWORD={PASSWORD}",
                    self.image, "postgres", "-c", "fsync=off")
        return self

    def wait(self):
        """Until it takes queries over TCP; the first start listens only when the cluster is made."""
        deadline = time.monotonic() + 30
        pause = threading.Event()
        while self.exec("pg_isready", "--quiet", "--host", "127.0.0.1").returncode != 0:
            assert time.monotonic() < deadline, self.podman("logs", self.name).stderr
            pause.wait(0.1)
        return self

    def exec(self, *command, user="postgres"):
        return self.podman("exec", "--user", user, self.name, *command, check=False)

    def sql(self, text, database="postgres"):
        done = self.exec("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def database(self):
        """The URL of a fresh database; its name is the path."""
        name = "shop_" + secrets.token_hex(4)
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database):
        return f"postgresql://postgres:{quote(PASSWORD, safe='')}@{self.name}:5432/{database}"

    def remove(self):
        self.podman("rm", "--force", "--volumes", "--time", "0", self.name, check=False)


@pytest.fixture(scope="session")
def server(podman, postgres_image, network):
    server = Server(podman, postgres_image, network, "db")
    try:
        yield server.start().wait()
    finally:
        server.remove()


@pytest.fixture
def late(podman, postgres_image, network):
    """A server that is not there before the test starts it."""
    server = Server(podman, postgres_image, network, "late")
    yield server
    server.remove()


class Certificates:
    """A test CA, and what it signed for the host name `db`."""

    def __init__(self, folder):
        self.folder = folder
        self.authority("ca")
        self.authority("other")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key",
                     "-out", "server.csr", "-subj", "/CN=db")
        (folder / "names").write_text("subjectAltName=DNS:db\n", encoding="ascii")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "2", "-extfile", "names", "-out", "server.crt")

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", f"{name}.key", "-out",
                     f"{name}.crt", "-subj", f"/CN={name}")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def mount(self, name, target):
        return f"--volume={self.folder / name}:{target}:ro"


@pytest.fixture(scope="session")
def tls(server, tmp_path_factory):
    """Turns TLS on in the session's server; connections without it stay possible."""
    certificates = Certificates(tmp_path_factory.mktemp("tls"))
    data = "/var/lib/postgresql/data"
    for name in ("server.crt", "server.key"):
        server.podman("cp", certificates.folder / name, f"{server.name}:{data}/{name}")
        assert server.exec("chown", "postgres:postgres", f"{data}/{name}", user="root").returncode == 0
        assert server.exec("chmod", "600", f"{data}/{name}", user="root").returncode == 0
    server.sql("ALTER SYSTEM SET ssl = on")
    server.sql("SELECT pg_reload_conf()")
    return certificates


@pytest.fixture
def containers(podman, image, server, network):
    """Starts the application's image, each test with a database of its own."""
    world = Containers(podman, image, network, server.database())
    yield world
    world.close()


@pytest.fixture(scope="session")
def _namespaces(tmp_path_factory):
    reason = Namespaces.reason_not_to()
    if reason:
        pytest.skip(f"no PID namespaces here: {reason}")
    world = Namespaces(tmp_path_factory.mktemp("namespace"))
    yield world
    world.close()


@pytest.fixture
def world(request, podman_or_reason):
    """Containers, or PID namespaces where podman may not run."""
    return request.getfixturevalue("_namespaces" if isinstance(podman_or_reason, str) else "containers")


def pytest_terminal_summary(terminalreporter):
    skipped = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if len(report.longrepr) == 3}
    for reason in sorted(skipped):
        terminalreporter.write_line(f"skipped: {reason}")
