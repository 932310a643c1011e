#!/usr/bin/python3
"""The rooms' arrows point one way: cmd -> runtime -> {boot, database, process, status, project} -> config -> base.

Reads every #include of lib/ and cmd/ and names file and line where one points the wrong way. `layering.py --self-test`
proves that it can fail. Exit 0 or 1.
"""
import re
import sys
import tempfile
from pathlib import Path

# A room may include itself, and these. What several rooms need belongs further to the right, not across the landing.
MAY_INCLUDE = {
    "base": set(),
    "config": {"base"},
    "boot": {"base"},
    "database": {"config", "base"},
    "process": {"config", "base"},
    "project": {"config", "base"},
    "status": {"config", "base"},
    "runtime": {"boot", "database", "process", "project", "status", "config", "base"},
    "cmd": {"runtime", "boot", "database", "process", "project", "status", "config", "base"},
}

# Libraries that only one room may know. libpq blocks, so PID 1 never sees it; the event loop belongs to PID 1 alone.
OWNED_BY = {"libpq-fe.h": "database", "libpq/libpq-fs.h": "database", "uv.h": "runtime", "yaml.h": "config"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def room_of(path, root):
    """lib/database/probe.c -> database; cmd/pgentry/run.c -> cmd."""
    parts = path.relative_to(root).parts
    return "cmd" if parts[0] == "cmd" else parts[1]


def complaint(room, bracket, name):
    """What is wrong with this include in this room, or None."""
    if bracket == "<":
        owner = OWNED_BY.get(name)
        return f"<{name}> belongs to {owner} alone" if owner not in (None, room) else None
    target, slash, _ = name.partition("/")
    if not slash:
        return None if room == "cmd" else f'"{name}" does not name its room'
    if target == room or target in MAY_INCLUDE[room]:
        return None
    return f"{room} may not see {target}" if target in MAY_INCLUDE else f'"{name}" is in no known room'


def check(root):
    """All complaints as FILE:LINE: text, and how many includes were read."""
    found, read = [], 0
    for path in sorted([*root.glob("lib/*/**/*.[ch]"), *root.glob("cmd/**/*.[ch]")]):
        room = room_of(path, root)
        if room not in MAY_INCLUDE:
            found.append(f"{path.relative_to(root)}:1: room {room} is not in the table of tests/unit/layering.py")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                read += 1
                text = complaint(room, *match.groups())
                if text:
                    found.append(f"{path.relative_to(root)}:{number}: {text}")
    return found, read


WRONG = {
    "lib/base/error.c": '#include "config/config.h"',
    "lib/boot/machine.c": "\n#include <uv.h>",
    "lib/boot/plan.c": '#include "config/config.h"',
    "lib/config/parse.c": '#include "project/project.h"',
    "lib/database/probe.c": '#include "process/spawn.h"',
    "lib/process/spawn.c": "#include <libpq-fe.h>",
    "lib/runtime/loop.c": "# include  <libpq-fe.h>",
    "lib/status/page.c": '#include "boot/boot.h"',
    "lib/status/http.c": '#include "http.h"',
    "lib/project/prisma.c": '#include "nowhere/prisma.h"',
    "lib/attic/box.c": "",
    "cmd/pgentry/run.c": "#include <yaml.h>",
}
RIGHT = {
    "lib/base/arena.c": '#include "base/arena.h"\n#include <stdio.h>',
    "lib/boot/right.c": '#include "base/arena.h"\n#include "boot/boot.h"',
    "lib/database/right.c": '#include <libpq-fe.h>\n#include "config/wanted.h"\n// #include "process/spawn.h"',
    "lib/runtime/right.c": '#include <uv.h>\n#include "status/page.h"',
    "cmd/pgentry/right.c": '#include "command.h"\n#include "runtime/runtime.h"',
}


def self_test():
    """Every wrong include is found, each in its own file, and no right one."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {**WRONG, **RIGHT}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n", encoding="utf-8")
        found, _ = check(root)
    files = [line.split(":", 1)[0] for line in found]
    wrong = [f"{name}: not noticed" for name in WRONG if name not in files]
    wrong += [f"{line}: noticed without reason" for line in found if line.split(":", 1)[0] in RIGHT]
    if "lib/boot/machine.c:2: <uv.h> belongs to runtime alone" not in found:
        wrong.append("lib/boot/machine.c: line or text is wrong")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        found = self_test()
        print(f"layering self-test: {len(WRONG)} wrong and {len(RIGHT)} right files")
    else:
        found, read = check(Path(__file__).resolve().parents[2])
        print(f"layering: {read} includes")
        if read == 0:
            found.append("no include was read: is this the right folder?")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
