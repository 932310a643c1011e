"""docker/compose.yaml as it is shipped, brought up by docker-compose over podman's API."""
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest
from worlds import HERE, ROOT  # noqa: F401 (makes tests/e2e importable)
from postgres import free_port

PROJECT = "pgentry-demo"


class Stack:
    """docker-compose, with the API of the session's podman behind it."""

    def __init__(self, podman, socket):
        self.service = subprocess.Popen(podman.argv("system", "service", "--time", "0", f"unix://{socket}"),
                                        env=podman.environment, stderr=subprocess.DEVNULL)
        self.ports = {"APP_PORT": str(free_port()), "HEALTH_PORT": str(free_port())}
        self.environment = {**podman.environment, "DOCKER_HOST": f"unix://{socket}", **self.ports}
        wait_until(socket.exists, 15)

    def __call__(self, *arguments, check=True):
        return subprocess.run(["docker-compose", "--project-name", PROJECT, "--file", ROOT / "docker/compose.yaml",
                               *arguments], env=self.environment, cwd=ROOT, check=check, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def answers(self):
        """The application's first page, or nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['APP_PORT']}/", timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def ready(self):
        try:
            address = f"http://127.0.0.1:{self.ports['HEALTH_PORT']}/health/ready"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def is_up(self):
        wait_until(lambda: "The application runs" in self.answers() and self.ready(), 40, lambda: self("logs").stdout)

    def close(self):
        self("down", "--volumes", "--timeout", "2", check=False)
        self.service.terminate()
        self.service.wait()


def wait_until(condition, patience, explain=lambda: ""):
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, explain()
        pause.wait(0.1)


@pytest.fixture
def stack(podman, pgentry_image, postgres_image, tmp_path):
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    podman.build("docker.io/library/pgentry-demo", ROOT / "docker/demo")
    stack = Stack(podman, tmp_path / "podman.sock")
    yield stack
    stack.close()


def test_the_stack_comes_up_restarts_and_stops_at_once(stack):
    stack("up", "--detach", "--no-build")
    stack.is_up()
    assert stack("exec", "-T", "app", "pgentry", "health").returncode == 0
    stack("restart", "--timeout", "20")
    stack.is_up()
    began = time.monotonic()
    stack("stop", "--timeout", "20", "app")
    assert time.monotonic() - began < 5
    states = stack("ps").stdout
    assert re.search(r"app.*Exit (0|143)", states), states


def test_the_stack_comes_up_when_the_database_comes_last(stack):
    stack("up", "--detach", "--no-build", "--no-deps", "app")
    wait_until(lambda: "waiting" in stack("logs", "app").stdout, 20)
    assert not stack.ready()
    stack("up", "--detach", "--no-build", "db")
    stack.is_up()


def test_the_application_outlives_a_restart_of_the_database(stack):
    stack("up", "--detach", "--no-build")
    stack.is_up()
    stack("restart", "--timeout", "20", "db")
    stack.is_up()
    assert "Exit" not in stack("ps", "app").stdout
