"""Real boots in which something is killed at a random moment:  PGENTRY=… python3 tests/e2e/kills.py BOOTS

pgentry itself (KILL, TERM, INT), one of its children, or the server. Each boot is judged like any other, and one that did
not end well is followed by one in peace, which must."""
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from boots import APP_STATUS, DOCUMENTED, PATIENT, Boots
from conftest import BINARY, Pgentry
from postgres import Cluster

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


def strike(chance, cluster, counts):
    """What is done to a boot after a random while."""
    what = chance.choice(["pgentry", "child", "child", "server"] if chance.random() < 0.3 else ["pgentry", "child"])
    number = chance.choice(SIGNALS)
    delay = chance.expovariate(1 / 0.15)

    def meanwhile(boot):
        time.sleep(delay)  # the random moment
        try:
            if os.waitid(os.P_PID, boot.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise ProcessLookupError
            if what == "server":
                cluster.restart()
            elif what == "pgentry":
                boot.signal(number)
            else:
                os.kill(chance.choice(boot.children()), signal.SIGKILL)
        except (OSError, IndexError):
            counts["too late"] = counts.get("too late", 0) + 1

    return f"{what} {number.name if what == 'pgentry' else ''} after {delay:.3f} s", meanwhile


def main(most):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    counts = {}
    allowed = DOCUMENTED | {128 + number for number in SIGNALS}
    cluster = Cluster().start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            def project(files):
                for name, text in files.items():
                    path = Path(folder) / name
                    path.write_text(text, encoding="utf-8")
                    path.chmod(0o755)
                return Path(folder)

            boots = Boots(Pgentry(BINARY, Path(folder)), project, cluster.database())
            while boots.count < most:
                boots.prepare()
                what, meanwhile = strike(chance, cluster, counts)
                done = boots.boot(what, allowed, meanwhile)
                counts[done.exit] = counts.get(done.exit, 0) + 1
                if done.exit != APP_STATUS:
                    boots.boot(f"in peace after {what}", {APP_STATUS}, **PATIENT)
    finally:
        cluster.remove()
    print(f"{boots.count} boots with a kill; how they ended: {counts}")


main(int(sys.argv[1]))
