"""Running the pgentry binary: to its end, or in the background with its lines read as they come."""
import json
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

PATIENCE = 20.0  # seconds; a machine under sanitizers is slow, and a test that waits this long has failed
NO_DESCRIPTOR = re.compile("Too many open files|No file descriptors available")  # EMFILE, as glibc and musl say it


@dataclass
class Result:
    """How a run ended. A process ended by signal N has exit 128+N, as a shell says it."""

    exit: int
    stdout: str
    stderr: str
    seconds: float
    argv: list = field(default_factory=list)

    @property
    def events(self):
        return json_lines(self.stderr)

    @property
    def text(self):
        return self.stderr + self.stdout

    def messages(self):
        return [event.get("msg", "") for event in self.events]

    def said(self, text):
        """How many messages hold it."""
        return sum(text in message for message in self.messages())

    def __repr__(self):
        return (f"exit {self.exit} after {self.seconds:.2f} s of {self.argv}\n--- stdout\n{self.stdout}"
                f"\n--- stderr\n{self.stderr}")


def json_lines(text):
    events = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def shell_status(returncode):
    return 128 - returncode if returncode < 0 else returncode


def as_pid_1(argv):
    """The same command as PID 1 of a PID namespace of its own, with a /proc that shows it."""
    return ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", *argv]


def run(argv, env, cwd, patience=60.0, stdin=subprocess.DEVNULL, pid_1=False):
    argv = as_pid_1(argv) if pid_1 else argv
    began = time.monotonic()
    done = subprocess.run(argv, env=env, cwd=cwd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=patience, check=False)
    return Result(shell_status(done.returncode), done.stdout.decode("utf-8", "replace"),
                  done.stderr.decode("utf-8", "replace"), time.monotonic() - began, argv)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def descendants_of(pid):
    try:
        return [found for child in children_of(pid) for found in [child, *descendants_of(child)]]
    except OSError:
        return []  # it ended just now


class Supervisor:
    """A running pgentry. Both streams are read by threads, so it never stalls on us."""

    def __init__(self, argv, env, cwd, pid_1=False, **popen):
        self.argv = as_pid_1(argv) if pid_1 else argv
        self.pid_1 = pid_1
        self.began = time.monotonic()
        self.changed = threading.Condition()
        self.lines = {"stdout": [], "stderr": []}
        popen.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen(self.argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        **popen)
        self.readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self.lines]
        for reader in self.readers:
            reader.start()

    def _read(self, name):
        for line in getattr(self.process, name):
            with self.changed:
                self.lines[name].append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def stdout(self):
        return "".join(line + "\n" for line in self.lines["stdout"])

    @property
    def stderr(self):
        return "".join(line + "\n" for line in self.lines["stderr"])

    @property
    def events(self):
        return json_lines(self.stderr)

    def wait_for(self, what, patience=PATIENCE, count=1):
        """Waits until `count` lines hold `what` (a text, or a function of a line) and returns the last of them."""
        matches = what if callable(what) else lambda line: what in line
        deadline = time.monotonic() + patience
        with self.changed:
            while True:
                found = [line for lines in self.lines.values() for line in lines if matches(line)]
                if len(found) >= count:
                    return found[count - 1]
                ended = not any(reader.is_alive() for reader in self.readers)
                left = deadline - time.monotonic()
                if ended or left <= 0:
                    why = f"ended with {self.process.poll()}" if ended else f"{patience} s went by"
                    raise AssertionError(f"never saw {what!r}: {why}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}")
                self.changed.wait(min(left, 0.5))

    def wait_for_phase(self, phase, patience=PATIENCE):
        def matches(line):
            return any(event.get("phase") == phase for event in json_lines(line))
        return self.wait_for(matches, patience)

    @property
    def pid(self):
        """Of pgentry itself, as we see it."""
        if not self.pid_1:
            return self.process.pid
        return children_of(self.process.pid)[0]

    def children(self):
        return children_of(self.pid)

    def descriptors(self):
        """What they lead to, but for the streams."""
        leads = []
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            if int(entry.name) > 2:
                try:
                    leads.append(os.readlink(entry.path))
                except FileNotFoundError:
                    pass  # closed just now
        return sorted(re.sub(r"^anon_inode:\[|:\[\d+\]$|\]$", "", to) for to in leads)

    def rest(self):
        """Waits until the application ran for a while and what booted it was given back."""
        self.wait_for("application started")
        wait_until(lambda: "eventpoll" not in self.descriptors(), what="libuv's loop is left")

    def signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def wait(self, patience=PATIENCE):
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"did not end within {patience} s\n{self.stderr}") from None
        for reader in self.readers:
            reader.join(5)
        return Result(shell_status(status), self.stdout, self.stderr, time.monotonic() - self.began, self.argv)

    def stop(self):
        """Whatever happened, nothing of it stays."""
        if self.process.poll() is None:
            for pid in [self.process.pid, *descendants_of(self.process.pid)]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            self.process.wait()


def wait_until(condition, patience=PATIENCE, what="the condition"):
    """Polls something that sends no event of its own (a row in the database, a process gone)."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {patience} s"
        pause.wait(0.02)
    return value
