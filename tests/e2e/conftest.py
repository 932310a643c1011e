"""Fixtures: a PostgreSQL of our own, the binary under test, project folders, and the real Prisma CLI."""
import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from diagnosis import Report
from endpoint import Endpoint
from migrators import prisma_environment
from postgres import Cluster, as_postgres
from supervisor import Supervisor, run
from tools import installed

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BINARY = str(Path(os.environ.get("PGENTRY") or ROOT / "build/dev/pgentry").absolute())


def pytest_collection_modifyitems(items):
    """`-m real_tools` and `-m "not real_tools"` tell the slow tests, with the migration tools, from the others."""
    for item in items:
        if {"prisma", "migrator"} & set(item.fixturenames):
            item.add_marker(pytest.mark.real_tools)


def pytest_configure(config):
    config.addinivalue_line("markers", "preload: preloads a library, takes /proc away or limits memory, which a sanitizer does not bear")
    config.addinivalue_line("markers", "crowd: starts many replicas at once, too much for a sanitizer on two cores")
    config.addinivalue_line("markers", "real_tools: uses the Prisma CLI or another migration tool")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the whole of what pgentry printed; an assertion's own message is cut."""
    report = (yield).get_result()
    binary = item.funcargs.get("pgentry") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and binary:
        report.sections += [("pgentry", text) for text in binary.told()]


@pytest.fixture(scope="session")
def cluster():
    """The session's server: runs all the time."""
    server = Cluster()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def _spare():
    server = Cluster()
    yield server
    server.remove()


@pytest.fixture
def spare(_spare):
    """A server to start, stop, restart and pause at will; stopped before and after each test."""
    _spare.stop()
    yield _spare
    _spare.stop()


@pytest.fixture(scope="module")
def secured():
    """Another server, that speaks TLS with a certificate of its own for the name `db`."""
    server = Cluster()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=db", "-addext", "subjectAltName=DNS:db", "-keyout", server.data + "/server.key",
                    "-out", server.data + "/server.crt"], check=True, stderr=subprocess.DEVNULL, **as_postgres())
    os.chmod(server.data + "/server.key", 0o600)
    yield server.start(ssl="on")
    server.remove()


@pytest.fixture
def database(cluster):
    return cluster.database()


@pytest.fixture
def late(spare):
    """A database on a server that does not run yet."""
    spare.start()
    database = spare.database()
    spare.stop("fast")
    return database


@pytest.fixture
def endpoint():
    return Endpoint()


@pytest.fixture
def project(tmp_path):
    """Writes files into a fresh folder and returns it: project({"pgentry.yaml": …, "step.sh": …})."""
    folder = tmp_path / "project"
    folder.mkdir()

    def write(files):
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
            if name.endswith((".sh", ".py")):
                path.chmod(0o755)
        return folder

    write.folder = folder
    return write


class Pgentry:
    """The binary under test. The environment is clean: what a test does not give is not there."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.running = []
        self.results = []

    def environment(self, url, env):
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PGENTRY_HEALTH_LISTEN": "[]",
                 "PGENTRY_LOG_FORMAT": "json", "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0"}
        if url is not None:
            clean["DATABASE_URL"] = url
        clean.update(env or {})
        return {name: str(value) for name, value in clean.items() if value is not None}

    def __call__(self, *args, url=None, env=None, cwd=None, under=(), **more):
        """Runs to the end. env={"NAME": None} takes a variable away; under: a command that runs it."""
        done = run([*under, self.binary, *map(str, args)], self.environment(url, env), cwd or self.folder, **more)
        self.results.append(done)
        return done

    def told(self):
        """What the last runs printed."""
        return [repr(done) for done in self.results[-2:]] + [
            f"{started.argv}\n--- stdout\n{started.stdout}\n--- stderr\n{started.stderr}" for started in self.running]

    def start(self, *args, url=None, env=None, cwd=None, under=(), **more):
        """Starts in the background; ended with the test at the latest."""
        started = Supervisor([*under, self.binary, *map(str, args)], self.environment(url, env), cwd or self.folder, **more)
        self.running.append(started)
        return started


@pytest.fixture
def pgentry(project):
    assert os.access(BINARY, os.X_OK), f"{BINARY} is not there: cmake --preset dev && cmake --build --preset dev"
    binary = Pgentry(BINARY, project.folder)
    yield binary
    for started in binary.running:
        started.stop()


@pytest.fixture
def diagnose(pgentry):
    """diagnose(url, …): what it found."""
    def run_it(url, *more, **how):
        return Report(pgentry("diagnose", "--json", *more, url=url, **how))
    return run_it


PRISMA_7_CONFIG = """\
import { defineConfig, env } from "prisma/config";
export default defineConfig({ datasource: { url: env("DATABASE_URL") } });
"""


class Prisma:
    """A project folder with the real CLI in its node_modules, of the major version 6 or 7."""

    def __init__(self, folder, major=6):
        self.folder, self.major = folder, major
        shutil.copytree(HERE / "projects/prisma", folder, dirs_exist_ok=True)
        suffix = "" if major == 6 else "-7"
        (folder / "node_modules").symlink_to(installed("prisma" + suffix) / "node_modules")
        self.env = prisma_environment("engine" + suffix)
        self.push = ["db", "push", "--skip-generate"] if major == 6 else ["db", "push"]
        if major == 7:  # the URL moved
            schema = folder / "prisma/schema.prisma"
            schema.write_text(re.sub(r"\n *url .*", "", schema.read_text()))
            (folder / "prisma.config.ts").write_text(PRISMA_7_CONFIG)

    def configure(self, text):
        """pgentry.yaml; DB_PUSH in it is the command as this version knows it."""
        (self.folder / "pgentry.yaml").write_text(text.replace("DB_PUSH", ", ".join(["prisma", *self.push])))

    def __call__(self, *args, url):
        """Runs the CLI by hand, as a developer would."""
        return subprocess.run(["node_modules/.bin/prisma", *args], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "DATABASE_URL": url, **self.env},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)

    def migration(self, name, sql):
        folder = self.folder / "prisma/migrations" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "migration.sql").write_text(textwrap.dedent(sql), encoding="utf-8")


@pytest.fixture
def prisma(project, request):
    return Prisma(project.folder, getattr(request, "param", 6))
