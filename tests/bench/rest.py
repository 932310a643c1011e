#!/usr/bin/python3
"""Writes docker/rest.ld: which parts of the static program run once the application does, for the linker to lay together.

Found by stepping through its processes (x86-64) while an orphan ends, the endpoint is asked and TERM comes, and by the
linker's map beside the program, which says whose the addresses are."""
import ctypes
import os
import re
import signal
import threading
import time
from bisect import bisect_right
from itertools import groupby
from pathlib import Path

from measure import HERE, STATIC, children, environment
from endpoint import Endpoint
from init import Running
from postgres import Cluster

SCRIPT = HERE.parents[1] / "docker/rest.ld"
TEXT = """/* What of the static program runs as long as the container does, first what PID 1 needs that nobody asks, with the
 * constants of the same files. The kernel maps 64 kB around each page that is touched, and unmaps them again between the
 * application's end and ours: laid together that is one such piece instead of seven. Written by
 * `sh tests/bench/run.sh rest`; a name that is gone matches nothing. */
SECTIONS
{
  .rest :
  {
    /* the boot's table, in a file without code */
    *:transitions.c.o(.rodata .rodata.*)
%s  }
}
INSERT BEFORE .text;
"""
APPLICATION = "(sleep 3 &); exec sleep 1000"
USE = 5  # seconds; after one of them pgentry is at rest
PATHS = ["/health/live", "/health/ready", "/health/database", "/metrics", "/"]

# <sys/ptrace.h>, <sys/reg.h>, <sys/wait.h>
PEEKUSER, SINGLESTEP, SEIZE, INTERRUPT, RIP, WALL = 3, 9, 0x4206, 0x4207, 16 * 8, 0x40000000
ptrace = ctypes.CDLL(None).ptrace
ptrace.restype = ctypes.c_long
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def stepped(pids):
    """The addresses of all instructions of these processes until the last of them has ended."""
    seen, left = set(), {pid for pid in pids if ptrace(SEIZE, pid, None, None) == 0}
    for pid in left:
        ptrace(INTERRUPT, pid, None, None)
    while left:
        pid, status = os.waitpid(-1, WALL)
        if pid in left and os.WIFSTOPPED(status):
            seen.add(ptrace(PEEKUSER, pid, RIP, None))
            told = 0 if status >> 16 or os.WSTOPSIG(status) == signal.SIGTRAP else os.WSTOPSIG(status)
            ptrace(SINGLESTEP, pid, None, told)
        else:
            left.discard(pid)
    return seen


def use(pid, endpoint, paths):
    for path in paths:
        endpoint.get(path)
    time.sleep(USE)
    os.kill(pid, signal.SIGTERM)


def run(database, paths):
    """The addresses that PID 1 runs once its application does; if the endpoint is asked for `paths`, of its process too."""
    endpoint = Endpoint()
    running = Running([STATIC, "run", "--"], environment(database) | endpoint.env, APPLICATION)
    for path in paths[:1]:
        endpoint.get(path)
    ours = [pid for pid in [running.pid, *children(running.pid)] if Path(f"/proc/{pid}/comm").read_text() == "pgentry\n"]
    user = threading.Thread(target=use, args=(running.pid, endpoint, paths))
    user.start()
    seen = stepped(ours)
    user.join()
    return seen


def sections():
    """(address, size, pattern for its name, file) of all code that was laid down, by address."""
    laid = re.findall(r"^ (\.text(?:\.[^.\s]+)?)(\S*)\s+0x(\w+)\s+0x(\w+) .*/(.+?)\)?$", Path(STATIC + ".map").read_text(), re.M)
    return sorted((int(at, 16), int(size, 16), name + "*" * (name != ".text"), file.replace("(", ":"))
                  for name, _, at, size, file in laid if int(at, 16) and int(size, 16))


def main():
    cluster = Cluster()
    cluster.start()
    try:
        database = cluster.database()
        database.as_app("CREATE TABLE users (id int)")
        runs = [run(database, paths) for paths in ([], PATHS)]
    finally:
        cluster.stop("immediate")
    laid = sections()
    lines, listed = [], set()
    for seen in runs:
        found = {(file, name) for address in seen for at, size, name, file in laid[:bisect_right(laid, (address + 1,))][-1:]
                 if address < at + size} - listed
        listed |= found
        for file, names in groupby(sorted(found), lambda section: section[0]):
            lines.append(f"    */{file}({' '.join(name for _, name in names)} .rodata .rodata.*)\n")
    SCRIPT.write_text(TEXT % "".join(lines))


if __name__ == "__main__":
    main()
