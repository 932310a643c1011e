"""In a person's terminal, under a shell with job control, pgentry is suspended and continued with its application."""
import os
import pty
import select
import shlex
import signal
import time

import pytest
from supervisor import PATIENCE

APP = "#!/bin/sh\necho ready; while read line; do echo \"heard $line\"; done\n"


class Shell:
    """An interactive sh on a pseudo-terminal."""

    def __init__(self, folder, environment):
        self.seen = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve("/bin/sh", ["sh", "-i"], {**environment, "PS1": "prompt> ", "ENV": ""})

    def type(self, text):
        os.write(self.master, text.encode())

    def sees(self, text, patience=PATIENCE):
        """Waits for the text in what comes from now on."""
        until = time.monotonic() + patience
        while text not in self.seen:
            assert select.select([self.master], [], [], max(0, until - time.monotonic()))[0], f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.master, 4096).decode(errors="replace")
        self.seen = self.seen.partition(text)[2]

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)  # hangs up: HUP to what runs in the foreground
        os.waitpid(self.pid, 0)


@pytest.fixture
def shell(pgentry, database, project):
    """A shell in which `pgentry run` of an application that echoes lines was typed."""
    project({"pgentry.yaml": "verify: {tables: []}\n", "app.sh": APP})
    one = Shell(project.folder, pgentry.environment(database.url, {}))
    one.run = f"{shlex.quote(pgentry.binary)} run -- ./app.sh"
    one.sees("prompt> ")
    yield one
    one.close()


def test_control_z_gives_the_prompt_back_and_fg_continues(shell):
    """The application alone being stopped would leave the shell waiting for pgentry, for ever."""
    shell.type(f"{shell.run}\n")
    shell.sees("ready\r\n")
    shell.type("\x1a")
    shell.sees("Stopped")
    shell.sees("prompt> ")
    shell.type("fg\n")
    shell.type("again\n")
    shell.sees("heard again")


def test_an_application_in_the_background_that_reads_is_stopped_until_fg(shell):
    """With the terminal still the shell's."""
    shell.type(f"{shell.run} &\n")
    shell.sees("ready\r\n")
    shell.type("echo $((6 * 7))\n")
    shell.sees("42\r\n")
    shell.type("fg\n")
    shell.type("now\n")
    shell.sees("heard now")


def test_an_application_that_cannot_be_started_leaves_the_terminal_to_whoever_started_us(shell):
    """It was its foreground group's before it turned out that there is no such program."""
    run = shell.run.replace("./app.sh", "./no-such-app")
    shell.type(f"sh -c '{run}; read line; echo heard $line'\n")
    shell.sees("not found")
    shell.type("now\n")
    shell.sees("heard now")
