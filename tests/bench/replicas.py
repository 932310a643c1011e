#!/usr/bin/python3
"""Replicas that start at once: one migrates, the others wait. From the end of its step to the starts of the applications, and
how many connections it all takes."""
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measure import BUILD, PGENTRY, table
from postgres import SUPERUSER_PASSWORD, Cluster

STAMP = str(BUILD / "stamp")
RUNS = 5 # of each kind
CONFIG = """\
verify: {tables: [users]}
health: {listen: []}
migrate:
  when: unverified
  steps:
    - {name: create, run: [./create.sh], attempts: 1}
"""
CREATE = """\
#!/bin/sh
set -e
while [ ! -e go ]; do sleep 0.02; done
psql -qX "$DATABASE_URL" -c "CREATE TABLE users (id int)"
date +%s.%N > ended
"""


def sessions(direct, database):
    [count] = direct.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                             [database.name]).fetchone()
    return count


def one_run(cluster, count, past_pooler):
    """Milliseconds from the step's end to each start; most sessions at the start, sessions while all wait."""
    database = cluster.database()
    folder = Path(tempfile.mkdtemp(prefix="pgentry-bench-"))
    (folder / "pgentry.yaml").write_text(CONFIG)
    (folder / "create.sh").write_text(CREATE)
    (folder / "create.sh").chmod(0o755)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATABASE_URL": database.url, "PGENTRY_LOG_FORMAT": "json"}
    if past_pooler:
        env["DIRECT_URL"] = f"postgresql://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{cluster.port}/{database.name}"
    logs = [folder / f"{number}.log" for number in range(count)]
    replicas = [subprocess.Popen([PGENTRY, "run", "--", STAMP], env=env, cwd=folder, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=log.open("wb"), text=True) for log in logs]
    most = 0
    with cluster.connect() as direct:
        while sum(b'"lock-busy"' in log.read_bytes() for log in logs) < count - 1:
            most = max(most, sessions(direct, database))
            time.sleep(0.01)
        time.sleep(2)  # until each has tried again
        waiting = sessions(direct, database)
    (folder / "go").touch()
    starts = [float(replica.communicate(timeout=120)[0]) for replica in replicas]
    ended = float((folder / "ended").read_text())
    shutil.rmtree(folder)
    return [(start - ended) * 1000 for start in starts], max(most, waiting), waiting


def main():
    cluster = Cluster()
    cluster.start(max_connections=200)
    rows = []
    try:
        for name, past_pooler in (("url", False), ("url and direct_url", True)):
            for count in (2, 10, 50):
                runs = [one_run(cluster, count, past_pooler) for _ in range(RUNS)]
                rows.append([f"{count}, {name}",
                             f"{statistics.median(statistics.median(starts) for starts, _, _ in runs):.0f} ms",
                             f"{statistics.median(max(starts) for starts, _, _ in runs):.0f} ms",
                             f"{max(max(starts) for starts, _, _ in runs):.0f} ms",
                             f"{max(waiting for _, _, waiting in runs)}", f"{max(most for _, most, _ in runs)}"])
    finally:
        cluster.remove()
    table(f"Replicas that start at once: from the end of the one's step to the applications' starts ({RUNS} runs of each)",
          ["replicas", "middle start, median", "last start, median", "last start, worst", "connections while they wait",
           "most connections"], rows)


if __name__ == "__main__":
    main()
