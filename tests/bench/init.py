#!/usr/bin/python3
"""pgentry as an init, beside tini, dumb-init and catatonit: orphans, TERM, memory. One run, nothing asserted."""
import os
import random
import signal
import statistics
import subprocess
import time

from measure import BUILD, PGENTRY, REST, STATIC, at_rest, children, environment, private_kb, table
from endpoint import Endpoint
from postgres import Cluster

ORPHANS = str(BUILD / "orphans")
COUNT = 5000
ROUNDS = 5
TERMS = 60
CALM = 0.1  # seconds for what the kernel still does for one that is gone, before the next gets its TERM

# Each with its command, and whether the endpoint is asked once, so that there is an http process.
INITS = {name + ", endpoint asked" * asked: ([program, "run", "--"], asked)
         for name, program in (("pgentry", PGENTRY), ("pgentry, static", STATIC)) for asked in (False, True)}
INITS |= {name: ([name, "--"], False) for name in ("tini", "dumb-init", "catatonit")}


def as_pid_1(argv):
    return ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", *argv]


def orphans(argv, env, knock):
    with subprocess.Popen(as_pid_1([*argv, ORPHANS, str(COUNT)]), env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        while knock and not knock() and run.poll() is None:
            time.sleep(0.001)
        return int(run.communicate()[0].split()[-1]) / 1000


class Running:
    """An init, as PID 1, whose application has said that it is up."""

    def __init__(self, argv, env, application="exec sleep 1000"):
        self.process = subprocess.Popen(as_pid_1([*argv, "sh", "-c", f"echo up; {application}"]), env=env,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline() == b"up\n"
        [self.pid] = children(self.process.pid)

    def end(self):
        """Milliseconds from TERM until its PID namespace is gone."""
        began = time.perf_counter()
        os.kill(self.pid, signal.SIGTERM)
        self.process.wait()
        return (time.perf_counter() - began) * 1000


def start(init, env, endpoint):
    argv, asked = INITS[init]
    running = Running(argv, env | endpoint.env)
    if asked:
        endpoint.get("/health/live")
    return running


def private(running):
    """Alone: what two of a kind have in common is private to neither."""
    time.sleep(REST)
    kb = private_kb(at_rest(running.pid))
    running.end()
    return kb


def main():
    cluster = Cluster()
    cluster.start()
    database = cluster.database()
    database.as_app("CREATE TABLE users (id int)")
    endpoints = {init: Endpoint() for init in INITS}
    env = environment(database)
    costs, times, memory = ({init: [] for init in INITS} for _ in range(3))
    try:
        for _ in range(ROUNDS):
            for init, (argv, asked) in INITS.items():
                costs[init].append(orphans(argv, env | endpoints[init].env, asked and endpoints[init].knock))
                memory[init].append(private(start(init, env, endpoints[init])))
        for _ in range(TERMS):
            running = {init: start(init, env, endpoints[init]) for init in INITS}
            time.sleep(REST)
            for init in random.sample(list(INITS), len(INITS)):
                time.sleep(CALM)
                times[init].append(running[init].end())
    finally:
        cluster.stop("immediate")
    rows = [[init, f"{min(costs[init]):.1f}", f"{statistics.median(times[init]):.2f}", f"{min(times[init]):.2f}",
             f"{statistics.median(memory[init]):.0f}"] for init in INITS]
    table(f"as PID 1: {COUNT} orphans, TERM, memory", ["init", "µs of PID 1 for an orphan (best of "
          f"{ROUNDS})", f"ms from TERM to gone (median of {TERMS})", "best", "private kB"], rows)


if __name__ == "__main__":
    main()
