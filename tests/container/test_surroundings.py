"""Hostile surroundings: containers that take away what a program is used to having."""
import json
import threading
import time

import pytest

READY = "it runs"


def healthy(container, patience=20):
    """Waits until `pgentry health` inside says so."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while (done := container.exec("pgentry", "health")).returncode != 0:
        assert time.monotonic() < deadline, done.stdout + done.stderr
        pause.wait(0.1)


MEMORY = ["--memory", "64m", "--memory-swap", "64m"]
SURROUNDINGS = {
    "a read-only root": ["--read-only", "--read-only-tmpfs=false"],
    "a user that no passwd file knows": ["--user", "12345"],
    "a user and a group that no file knows": ["--user", "12345:54321"],
    "no capability and no new privileges": ["--cap-drop", "all", "--security-opt", "no-new-privileges"],
    "all of it together": ["--read-only", "--read-only-tmpfs=false", "--user", "12345", "--cap-drop", "all",
                              "--security-opt", "no-new-privileges"],
    "another init around us": ["--init"],
    "a /tmp that executes nothing": ["--tmpfs", "/tmp:noexec"],
    "32 processes": ["--pids-limit", "32"],
    "64 MB of memory": MEMORY,
    "the database's network": ["--network", "container:db"],
}


@pytest.mark.parametrize("options", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_the_whole_boot_works_in(containers, options):
    """Waits, runs an SQL step, verifies, starts the application, is healthy, stops with 143."""
    if "--memory" in options and not limits_memory(containers.podman):
        pytest.skip("memory cannot be limited here")
    network = options if "--network" in options else None
    started = containers.start(containers.application, options=[] if network else options, network=network)
    started.wait_for(READY)
    healthy(started)
    seconds = started.stop()
    assert started.wait().exit == 143
    assert seconds < 1.5, f"stopping took {seconds:.2f} s"


def limits_memory(podman):
    return podman("run", "--rm", "--memory", "64m", "--network", "none", "debian:bookworm-slim", "true",
                  check=False).returncode == 0


def test_the_engines_seccomp_profile_is_in_force_and_inherited(containers):
    done = containers.start(containers.application, "inspect").wait()
    assert json.loads(done.stdout)["Seccomp"] == "2"


def test_standard_streams_may_all_be_closed(containers):
    """What is started with no descriptor at all still gets 0, 1 and 2, and nothing of ours under these numbers."""
    started = containers.start("without-streams", "pgentry", "run", "--", containers.application,
                               options=["--entrypoint", containers.application])
    healthy(started)
    started.stop()
    assert started.exit_status() == 143


def test_16_descriptors_are_enough(containers):
    """The limit is set inside: the container runtime itself needs more."""
    started = containers.start("descriptors", "16", "pgentry", "run", "--", containers.application,
                               options=["--entrypoint", containers.application])
    started.wait_for(READY)
    healthy(started)
    started.stop()
    assert started.wait().exit == 143


def test_an_application_that_took_nearly_all_memory_is_still_stopped(containers):
    """56 of 64 MB are the application's."""
    if not limits_memory(containers.podman):
        pytest.skip("memory cannot be limited here")
    started = containers.start(containers.application, "memory", "56", options=MEMORY)
    started.wait_for(READY)
    healthy(started)
    assert started.stop() < 1.5
    assert started.wait().exit == 143


def test_an_application_killed_for_memory_is_named(containers):
    if not limits_memory(containers.podman):
        pytest.skip("memory cannot be limited here")
    started = containers.start(containers.application, "memory", "200", options=MEMORY)
    done = started.wait()
    assert done.exit == 137
    assert "killed for want of memory" in done.stderr
