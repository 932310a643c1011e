"""A program whose exec takes its time, as from an image that is fetched lazily or a file server that does not answer: nothing
waits for it but what must (contract section 3, rule 6)."""
import ctypes
import os
import select
import shutil
import signal
import struct
import subprocess

import pytest
from supervisor import PATIENCE, wait_until

# fanotify(7): who opens the file to execute it waits for our word.
CLASS_CONTENT, MARK_ADD, OPEN_EXEC_PERM, ALLOW, AT_FDCWD = 4, 1, 0x40000, 1, -100
EVENT = struct.Struct("=IBBHQii")

STEP = """\
verify: {{tables: [users]}}
migrate:
  preset: none
  when: always
  steps: [{{name: slow, run: [./slow, "0"], attempts: 1, timeout: {timeout}}}]
"""


class SlowExec:
    """The file `slow`, which is executed once it is told to."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.path = folder / "slow"
        shutil.copy(shutil.which("sleep"), self.path)
        self.notices = libc.fanotify_init(CLASS_CONTENT, os.O_RDONLY)
        if self.notices < 0 or libc.fanotify_mark(self.notices, MARK_ADD, ctypes.c_uint64(OPEN_EXEC_PERM), AT_FDCWD,
                                                  bytes(self.path)) < 0:
            self.close()
            pytest.skip(f"fanotify: {os.strerror(ctypes.get_errno())}")

    def begun(self):
        """Waits until somebody executes it. Returns what lets it go on."""
        assert select.select([self.notices], [], [], PATIENCE)[0], "nobody executes it"
        *_, file, _ = EVENT.unpack(os.read(self.notices, 4096)[:EVENT.size])

        def go_on():
            os.write(self.notices, struct.pack("=iI", file, ALLOW))
            os.close(file)
        return go_on

    def close(self):
        if self.notices >= 0:
            os.close(self.notices)  # whoever still waits goes on
            self.notices = -1


@pytest.fixture
def slow(project):
    file = SlowExec(project.folder)
    yield file
    file.close()


@pytest.fixture
def ready(database, project):
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    return database


def test_while_the_application_s_exec_takes_long_it_is_starting_and_everything_answers(pgentry, ready, slow, endpoint):
    """Phase starting, not ready; orphans are reaped; it is started once it is executed."""
    running = pgentry.start("run", "--", "./slow", "1000", url=ready.url, env=endpoint.env, pid_1=True)
    go_on = slow.begun()
    subprocess.run(["nsenter", "-t", str(running.pid), "-p", "sh", "-c", "(sleep 0 &)"], check=True)
    wait_until(lambda: "pgentry_orphans_reaped_total 1\n" in endpoint.get("/metrics").body, what="the orphan is reaped")
    assert endpoint.get("/health/live").status == 200
    assert endpoint.get("/health/ready").status == 503
    assert endpoint.json("/status.json")["phase"] == "starting"
    assert "application started" not in running.stderr
    go_on()
    running.wait_for("application started: ./slow 1000")
    wait_until(lambda: endpoint.get("/health/ready").status == 200, what="ready")
    running.terminate()
    assert running.wait().exit == 143


@pytest.mark.parametrize("name", ["TERM", "USR1"])
@pytest.mark.parametrize("settings", [(), ("app.stop_signal=WINCH", "app.ok_exit=143")])
def test_a_signal_while_the_application_s_exec_takes_long_ends_it(pgentry, ready, slow, name, settings):
    """As it came: nobody has to let the exec go on, no other signal was asked for yet, and no application ran."""
    running = pgentry.start("run", *(f"--set={setting}" for setting in settings), "--", "./slow", "1000", url=ready.url, pid_1=True)
    slow.begun()
    running.signal(getattr(signal, "SIG" + name))
    done = running.wait()
    assert done.exit == 128 + getattr(signal, "SIG" + name), done
    assert "application started" not in done.stderr, done


def test_a_signal_that_is_read_after_the_exec_is_one_for_the_application(pgentry, ready, slow):
    """It runs before we came to see that it does, as on a busy machine: it gets its stop_signal, and was started."""
    running = pgentry.start("run", "--set", "app.stop_signal=INT", "--", "./slow", "1000", url=ready.url)
    go_on = slow.begun()
    app = running.children()[-1]
    running.signal(signal.SIGSTOP)
    running.terminate()
    go_on()
    wait_until(lambda: os.path.samefile(f"/proc/{app}/exe", slow.path), what="it runs")
    running.signal(signal.SIGCONT)
    assert running.wait().exit == 130
    assert "application started" in running.stderr and "not executed yet" not in running.stderr


def test_while_a_step_s_exec_takes_long_everything_answers_and_its_timeout_counts(pgentry, database, project, slow, endpoint):
    """The step's own time limit is the one that counts; it is killed then."""
    project({"pgentry.yaml": STEP.format(timeout="2s")})
    running = pgentry.start("run", "--", "true", url=database.url, env=endpoint.env, pid_1=True)
    slow.begun()
    assert endpoint.get("/health/live").status == 200
    endpoint.in_phase("migrating")
    running.wait_for("step slow did not end within 2.0 s")
    assert running.wait().exit == 70


def test_a_stop_while_a_step_s_exec_takes_long_ends_the_boot(pgentry, database, project, slow):
    """The step gets it, and no application runs."""
    project({"pgentry.yaml": STEP.format(timeout="1m")})
    running = pgentry.start("run", "--", "true", url=database.url, pid_1=True)
    slow.begun()
    running.terminate()
    running.wait_for("TERM received")
    assert running.wait().exit == 143
