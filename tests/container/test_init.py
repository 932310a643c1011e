"""PID 1's duties to its application: signals, statuses, orphans, a clean process. Contract section 3, rules 7 to 9."""
import json
import signal

import pytest

READY = "it runs"
# 34 is the first real-time signal of an application built on glibc, and none at all to musl.
FORWARDED = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
             signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGALRM, signal.SIGIO, 34, 50, 64]
NOBODY = "postgresql://postgres@127.0.0.1:1/none"


def test_stop_ends_the_container_at_once_with_the_applications_status(world):
    """An application that does not handle TERM dies of it: 143, though a PID 1 without handler would ignore it."""
    started = world.start(world.application)
    started.wait_for(READY)
    seconds = started.stop()
    assert started.wait().exit == 143
    assert seconds < 1, f"stopping took {seconds:.2f} s"


def test_every_signal_reaches_the_application_each_time_it_comes(world):
    started = world.start(world.application, "signals")
    started.wait_for(READY)
    for number in FORWARDED:
        for count in (1, 2):
            started.signal(number)
            started.wait_for(f"signal {int(number)}", count=count)
    started.signal(signal.SIGTERM)
    assert started.wait().exit == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGTERM, 40])
def test_the_death_by_a_signal_is_told_as_a_shell_tells_it(world, number):
    started = world.start(world.application)
    started.wait_for(READY)
    started.signal(number)
    assert started.wait().exit == 128 + number


@pytest.mark.parametrize("status", [0, 1, 64, 127, 143, 255])
def test_the_applications_status_is_the_containers(world, status):
    assert world.start(world.application, "status", str(status)).wait().exit == status


def test_an_application_that_is_not_there_is_127(world):
    assert world.start("/nowhere/app").wait().exit == 127


def test_a_stop_while_waiting_ends_at_once_and_starts_no_application(world):
    started = world.start(world.application, env={"DATABASE_URL": NOBODY, "PGENTRY_WAIT_TIMEOUT": "5m"})
    started.wait_for("waiting")
    seconds = started.stop()
    done = started.wait()
    assert done.exit == 143
    assert READY not in done.stdout
    assert seconds < 1, f"stopping took {seconds:.2f} s"


def test_orphans_are_reaped(world):
    started = world.start(world.application, "orphans", "300")
    started.wait_for("zombies 0")
    started.stop()
    assert started.wait().exit == 143


def test_the_application_is_a_clean_process(world):
    done = world.start(world.application, "inspect").wait()
    assert done.exit == 0, done
    seen = json.loads(done.stdout)
    assert seen["descriptors"] == [0, 1, 2]
    assert [int(seen[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")] == [0, 0, 0]
    assert seen["nonblocking"] is False
    assert seen["ppid"] == 1


def test_exec_mode_becomes_the_application(world):
    done = world.start(world.application, "inspect", env={"PGENTRY_APP_MODE": "exec"}).wait()
    assert done.exit == 0, done
    assert json.loads(done.stdout)["pid"] == 1


def test_what_is_left_after_stop_timeout_is_killed(world):
    """An application that ignores INT: `app signals` takes it and stays."""
    started = world.start(world.application, "signals",
                          env={"PGENTRY_APP_STOP_SIGNAL": "INT", "PGENTRY_APP_STOP_TIMEOUT": "300ms"})
    started.wait_for(READY)
    seconds = started.stop()
    done = started.wait()
    assert done.exit == 137
    assert f"signal {int(signal.SIGINT)}" in done.stdout
    assert 0.3 <= seconds < 2
