"""Where pgentry is PID 1: a container, or, where podman may not run, a PID namespace. Both start it the same way."""
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from postgres import Cluster  # noqa: E402 (the path had to be known first)
from supervisor import Supervisor  # noqa: E402

numbers = itertools.count(1)


def build_application(folder):
    """tests/container/app.c as one static file."""
    path = Path(folder) / "app"
    subprocess.run(["musl-gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Os", "-static", "-s",
                    "-o", path, HERE / "app.c"], check=True)
    return path


class Container:
    """A container that we are attached to: its lines are read as they come (see Supervisor for wait_for and wait)."""

    def __init__(self, podman, image, arguments, options):
        self.podman = podman
        self.name = f"test-{next(numbers)}"
        self.attached = Supervisor(podman.argv("run", "--name", self.name, *options, image, *arguments),
                                   podman.environment, "/")
        self.wait_for = self.attached.wait_for
        self.wait = self.attached.wait

    def signal(self, number):
        self.podman("kill", "--signal", int(number), self.name)

    def stop(self):
        """podman stop; how many seconds it took. Podman itself would only kill after 10 s."""
        began = time.monotonic()
        self.podman("stop", self.name)
        return time.monotonic() - began

    def exec(self, *command):
        """Runs a command inside; its exit status and output."""
        return self.podman("exec", self.name, *command, check=False)

    def logs(self):
        done = self.podman("logs", self.name)
        return done.stdout + done.stderr

    def exit_status(self):
        return int(self.podman("inspect", "--format", "{{.State.ExitCode}}", self.name).stdout)

    def remove(self):
        self.podman("rm", "--force", "--time", "0", self.name, check=False)
        self.attached.stop()


class Containers:
    """Starts pgentry in the image FROM scratch, beside a PostgreSQL in another container."""

    application = "/app"

    def __init__(self, podman, image, network, url):
        self.podman = podman
        self.image = image
        self.network = network
        self.url = url
        self.started = []

    def start(self, *arguments, env=None, options=(), network=None):
        """`pgentry run -- ARGUMENTS` with the database's URL; env={"NAME": None} takes a variable away."""
        variables = {"DATABASE_URL": self.url, **(env or {})}
        settings = [f"--env={name}={value}" for name, value in variables.items() if value is not None]
        container = Container(self.podman, self.image, arguments, [*(network or self.network), *settings, *options])
        self.started.append(container)
        return container

    def close(self):
        for container in self.started:
            container.remove()


class Namespace:
    """One process tree in a PID namespace, with the interface of Container as far as both can do it."""

    def __init__(self, argv, env, folder):
        self.supervisor = Supervisor(argv, env, folder, pid_1=True)
        self.wait_for = self.supervisor.wait_for
        self.wait = self.supervisor.wait
        self.remove = self.supervisor.stop
        self.signal = self.supervisor.signal

    def stop(self):
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self.wait()
        return time.monotonic() - began


class Namespaces:
    """Starts the static binary as PID 1 of a namespace of its own, beside a PostgreSQL on this machine."""

    def __init__(self, folder):
        self.folder = folder
        self.application = str(build_application(folder))
        subprocess.run(["sh", ROOT / "docker/static.sh"], check=True, stdout=subprocess.DEVNULL)
        self.binary = str(ROOT / "build/static/pgentry")
        self.cluster = Cluster().start()
        self.url = self.cluster.database().url
        self.started = []

    @staticmethod
    def reason_not_to():
        """Why there may be none, or ""."""
        if not shutil.which("unshare"):
            return "unshare is not installed"
        done = subprocess.run(["unshare", "--fork", "--pid", "--mount-proc", "true"], stderr=subprocess.PIPE, text=True,
                              check=False)
        return done.stderr.strip()

    def start(self, *arguments, env=None):
        variables = {"PATH": os.environ["PATH"], "DATABASE_URL": self.url, "PGENTRY_HEALTH_LISTEN": "", **(env or {})}
        clean = {name: value for name, value in variables.items() if value is not None}
        started = Namespace([self.binary, "run", "--", *arguments], clean, self.folder)
        self.started.append(started)
        return started

    def close(self):
        for started in self.started:
            started.remove()
        self.cluster.remove()
