"""`pgentry sync` by hand: a person at a terminal sees what runs and for how long, and nothing else has control characters."""
import os
import pty
import re
import select
import time

import pytest
from supervisor import PATIENCE
from test_ladder import ladder

COLOUR = re.compile(r"\x1b\[\d*m")
SLOW = ladder("- {name: slow, run: [./slow.sh], attempts: 1}\n- {name: sql, sql: [users.sql]}")
FILES = {"pgentry.yaml": SLOW, "users.sql": "CREATE TABLE IF NOT EXISTS users (id int)", "slow.sh": """\
    #!/bin/sh
    echo first line
    echo second line
    while [ ! -e go ]; do sleep 0.05; done
    exit 3
    """}


class Terminal:
    """A pgentry whose only terminal is a pseudo-terminal of 80 columns."""

    def __init__(self, argv, environment, folder):
        self.seen = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(argv[0], argv, environment)

    def read(self, until):
        """What is printed up to the time when until(all of it) is true; None: to the end."""
        patience = time.monotonic() + PATIENCE
        while until is None or not until(self.seen):
            assert select.select([self.master], [], [], max(0, patience - time.monotonic()))[0], self.seen
            try:
                self.seen += os.read(self.master, 4096).decode(errors="replace")
            except OSError:  # EIO: nobody has the terminal any more
                assert until is None, self.seen
                break
        return self.seen

    def lines(self):
        """What stays on the screen: of each line what follows the last return to its beginning."""
        return [re.split(r"\r(?!$)", line)[-1].removeprefix("\x1b[K").rstrip("\r") for line in self.read(None).split("\n")]

    def close(self):
        os.close(self.master)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(pgentry, database, project):
    """terminal(files, *arguments, **environment): starts `pgentry sync`; what is logged is text."""
    begun = []

    def start(files, *arguments, **environment):
        folder = project(files)
        for program in folder.glob("node_modules/.bin/*"):
            program.chmod(0o755)
        env = pgentry.environment(database.url, {"PGENTRY_LOG_FORMAT": "text", **environment})
        begun.append(Terminal([pgentry.binary, "sync", *arguments], env, folder))
        return begun[-1]
    yield start
    for one in begun:
        one.close()


def drawn(text):
    """The transient lines, as they were drawn one over the other."""
    return re.findall(r"\r\x1b\[K([|/\\-] [^\r\n]*)", text)


def test_a_spinner_shows_step_seconds_and_last_line(terminal, project):
    """It turns, and is gone in the end."""
    one = terminal(FILES)
    turning = {f"{turn} slow, 1 s: second line" for turn in "|/-\\"}
    one.read(lambda text: turning <= set(drawn(text)))
    (project.folder / "go").touch()
    assert not any(re.match(r"[|/\\-] ", line) for line in one.lines()), one.seen


def test_what_a_step_left_running_brings_no_spinner_back(terminal, project):
    """It prints after the step's end, while a slow look at the schema is under way."""
    one = terminal({"pgentry.yaml": "verify: {asserts: [{name: slow, sql: SELECT pg_sleep(1) IS NOT NULL}]}\n" +
                    ladder("- {name: first, run: [./first.sh], attempts: 1}").replace("verify: {tables: [users]}\n", ""),
                    "first.sh": "#!/bin/sh\n(while [ -e /proc/$$ ]; do sleep 0.05; done; echo late) &\n"}, NO_COLOR="1")
    assert "first | late" in one.read(None)
    assert not any("late" in line for line in drawn(one.seen))


def test_the_spinner_is_no_wider_than_the_terminal(terminal, project):
    """A longer line would leave a row behind with each turn."""
    one = terminal({**FILES, "slow.sh": FILES["slow.sh"].replace("second line", "ä" * 300)})
    one.read(lambda text: any("ää" in line for line in drawn(text)))
    (project.folder / "go").touch()
    one.read(None)
    assert max(len(line) for line in drawn(one.seen)) == 79


def test_a_step_s_lines_stay_on_the_terminal(terminal, project):
    """`step | line`, once each, also those of a step that goes on to fail; each on a line of its own."""
    one = terminal(FILES, NO_COLOR="1")
    (project.folder / "go").touch()
    kept = [line.partition(" slow | ")[2] for line in one.lines() if " slow | " in line]
    assert kept == ["first line", "second line"], one.seen
    assert any("step slow failed, attempt 1 of 1: exit status 3" in line for line in one.lines())
    assert all(re.match(r"\S+Z (INFO|WARN|ERROR) ", line) for line in one.lines() if line), one.lines()


def test_the_sql_of_a_guard_that_refuses_is_shown(terminal):
    """Rule 4: all of it, though the guard itself ended well."""
    one = terminal({"pgentry.yaml": ladder("- {name: db push, run: [prisma, db, push]}"),
                    "node_modules/.bin/prisma": "#!/bin/sh\nprintf 'DROP TABLE a;\\nCREATE TABLE b ();\\n'\n"}, NO_COLOR="1")
    kept = [line.partition(" db push | ")[2] for line in one.lines() if " db push | " in line]
    assert kept == ["DROP TABLE a;", "CREATE TABLE b ();"], one.seen


def test_colour_is_for_a_terminal_alone(terminal, project, pgentry, database):
    """The level's, and the time dimmed; in a file no control character at all."""
    one = terminal(FILES)
    (project.folder / "go").touch()
    assert "\x1b[31mERROR\x1b[0m" in one.read(None) and COLOUR.search(one.seen)
    with open(project.folder / "log", "wb") as log:
        sync = pgentry.start("sync", "--force", url=database.url, env={"PGENTRY_LOG_FORMAT": "text"},
                             under=("sh", "-c", f'exec "$@" 2>{log.name}', "sh"))
        assert sync.wait().exit == 0
    told = (project.folder / "log").read_text()
    assert " slow | second line\n" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", told), told


def test_no_color_means_none(terminal, project):
    """NO_COLOR: the spinner stays, colours go."""
    one = terminal(FILES, NO_COLOR="1")
    one.read(lambda text: drawn(text))
    (project.folder / "go").touch()
    one.read(None)
    assert " ERROR " in one.seen and not COLOUR.search(one.seen), one.seen


def test_json_on_a_terminal_is_json_alone(terminal, project):
    """Whoever asks for JSON gets one object a line, no spinner and no colour."""
    one = terminal(FILES, PGENTRY_LOG_FORMAT="json")
    (project.folder / "go").touch()
    assert all(line.startswith("{") and line.endswith("}") for line in one.lines() if line), one.seen
    assert "\x1b" not in one.seen
