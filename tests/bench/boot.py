#!/usr/bin/python3
"""Booting: a server that comes late, nothing to do, many tables, a Prisma project with nothing pending."""
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import BUILD, HERE, PGENTRY, STATIC, quartiles, table
from migrators import Prisma
from postgres import Cluster, free_port

STAMP, BARE = str(BUILD / "stamp"), str(BUILD / "bare")
TABLES = ["users", "avatars", "avatar_projects", "voices", "renders", "plans"]
BOOTS = 15      # of each kind
RUNS = 200      # of each kind
LOOKS = 7
OFF = ["--set", "health.listen=[]"]


def ready_at(cluster):
    """When the server said that it takes queries, by its own clock, in seconds."""
    [line] = [line for line in cluster.lines if "ready to accept connections" in line]
    return float(line.split()[0])


class Bench:
    def __init__(self):
        self.cluster = Cluster()
        self.cluster.start()
        self.database = self.cluster.database()
        self.database.as_app("; ".join(f"CREATE TABLE {name} (id int)" for name in TABLES))
        self.folder = Path(tempfile.mkdtemp(prefix="pgentry-bench-"))
        self.config({"tables": TABLES})
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TABLES": " ".join(TABLES),
                    "DATABASE_URL": self.database.url, **self.database.variables}

    def config(self, verify, name="pgentry.yaml"):
        (self.folder / name).write_text(json.dumps({"verify": verify, "migrate": {"preset": "none"}}))

    def run(self, argv):
        """Wall time in seconds from fork to end."""
        began = time.perf_counter()
        done = subprocess.run(argv, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        took = time.perf_counter() - began
        if done.returncode != 0:
            sys.exit(f"{argv[:4]} ended with {done.returncode}: {done.stderr.decode()}")
        return took

    def one_boot(self, argv):
        """Milliseconds from `takes queries` to `application runs`; the server starts while argv waits."""
        self.cluster.stop("fast")
        process = subprocess.Popen(argv, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        time.sleep(random.uniform(0.5, 2.5))  # at any moment of a poller's pause
        self.cluster.start()
        output, _ = process.communicate(timeout=60)
        return (float(output) - ready_at(self.cluster)) * 1000

    def at_that_moment(self):
        """The same of the bare program, if one knew the moment: what no waiting at all would give."""
        self.cluster.stop("fast")
        self.cluster.start()
        return self.run([BARE, self.database.keywords, TABLES[0], STAMP]) * 1000

    def boot(self):
        kinds = {
            "pgentry": [PGENTRY, "run", *OFF, "--", STAMP],
            "pgentry, static": [STATIC, "run", *OFF, "--", STAMP],
            "pgentry, mode exec": [PGENTRY, "run", *OFF, "--set", "app.mode=exec", "--", STAMP],
            "shell: pg_isready every 2 s, psql per table": ["sh", str(HERE / "seed-entrypoint.sh"), STAMP],
            "shell: pg_isready every 1 s, no table": ["sh", str(HERE / "isready-entrypoint.sh"), STAMP],
            "wait-for-it, no table": ["wait-for-it", "-q", "-t", "60", f"127.0.0.1:{self.cluster.port}", "--", STAMP],
        }
        at_once = "bare libpq program, begun at that very moment"
        times = {kind: [] for kind in (*kinds, at_once)}
        for _ in range(BOOTS):
            for kind, argv in kinds.items():
                times[kind].append(self.one_boot(argv))
            times[at_once].append(self.at_that_moment())
        best = statistics.median(times["pgentry"])
        rows = []
        for kind, values in times.items():
            low, high = quartiles(values)
            middle = statistics.median(values)
            rows.append([kind, f"{middle:.0f} ms", f"{low:.0f} to {high:.0f} ms", f"{max(values):.0f} ms", f"{middle / best:.1f}"])
        table(f"From \"PostgreSQL takes queries\" to \"application runs\" ({BOOTS} boots of each kind)",
              ["entrypoint", "median", "middle half", "worst", "ratio to pgentry"], rows)

    def nothing(self):
        kinds = {
            "bare libpq program": [BARE, self.database.keywords, "users", STAMP],
            "pgentry": [PGENTRY, "run", *OFF, "--", STAMP],
            "pgentry, static": [STATIC, "run", *OFF, "--", STAMP],
            "pgentry, with the health endpoint": [PGENTRY, "run", "--set", f"health.listen=[127.0.0.1:{free_port()}]", "--", STAMP],
            "pgentry, mode exec": [PGENTRY, "run", *OFF, "--set", "app.mode=exec", "--", STAMP],
            "the application alone": [STAMP],
        }
        self.config({"tables": ["users"]})
        times = {kind: [] for kind in kinds}
        for _ in range(RUNS):
            for kind, argv in kinds.items():
                times[kind].append(self.run(argv) * 1000)
        bare = statistics.median(times["bare libpq program"])
        rows = []
        for kind, values in times.items():
            low, high = quartiles(values)
            middle = statistics.median(values)
            rows.append([kind, f"{middle:.2f} ms", f"{low:.2f} to {high:.2f} ms", f"{middle / bare:.2f}"])
        table(f"A boot with nothing to do, from fork to the application's end ({RUNS} runs of each kind)",
              ["what", "median", "middle half", "ratio to bare"], rows)

    def tables(self):
        names = [f"t{number}" for number in range(10000)]
        with self.cluster.connect(self.database.name) as direct:
            for start in range(0, len(names), 1000):
                direct.execute("; ".join(f"CREATE TABLE {name} (id int)" for name in names[start:start + 1000]))
        self.database.sql("VACUUM ANALYZE pg_class")
        rows = []
        for count in (1, 100, 1000, 10000):
            self.config({"tables": names[:count]})
            ours = statistics.median(self.run([PGENTRY, "verify"]) * 1000 for _ in range(LOOKS))
            shell = "not tried"
            if count <= 100:
                self.env["TABLES"] = " ".join(names[:count])
                loop = statistics.median(self.run(["sh", str(HERE / "seed-entrypoint.sh"), "true"]) * 1000 for _ in range(LOOKS))
                shell = f"{loop:.0f} ms ({loop / ours:.1f} times)"
            rows.append([f"{count}", f"{ours:.1f} ms", f"{ours * 1000 / count:.1f} µs", shell])
        table(f"Verifying N critical tables (median of {LOOKS})", ["tables", "pgentry verify", "per table", "psql per table"], rows)

    def prisma_project(self, migrations, models):
        """A Prisma project in which all is applied: its folder and the URL."""
        database = self.cluster.database()
        project = Prisma(Path(tempfile.mkdtemp(prefix="pgentry-bench-")))
        columns = [f"c{number}" for number in range(10)]
        schema = (project.folder / "prisma/schema.prisma").read_text().split("enum")[0]
        fields = "".join(f"  {name} String?\n" for name in columns)
        shutil.rmtree(project.folder / "prisma/migrations")
        (project.folder / "prisma/schema.prisma").write_text(
            schema + "".join(f"model Model{number} {{\n  id Int @id\n{fields}}}\n" for number in range(models)))
        rows = []
        for number in range(migrations):
            folder = project.folder / f"prisma/migrations/{20200101000000 + number}_step"
            folder.mkdir(parents=True)
            text = f"-- AlterTable\nALTER TABLE \"Model0\" ADD COLUMN \"c{number}\" TEXT;\n".encode() * 5
            (folder / "migration.sql").write_bytes(text)
            rows.append((folder.name, hashlib.sha256(text).hexdigest()))
        (project.folder / "prisma/migrations/migration_lock.toml").write_text('provider = "postgresql"\n')
        database.as_app("CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY DEFAULT gen_random_uuid(), checksum"
                        " varchar(64) NOT NULL, finished_at timestamptz DEFAULT now(), migration_name varchar(255) NOT NULL,"
                        " logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),"
                        " applied_steps_count integer NOT NULL DEFAULT 1)")
        with self.cluster.connect(database.name) as direct:
            direct.cursor().executemany("INSERT INTO _prisma_migrations (migration_name, checksum) VALUES (%s, %s)", rows)
        for start in range(0, models, 100):
            database.as_app("; ".join(f'CREATE TABLE "Model{number}" (id int PRIMARY KEY, {", ".join(f"{c} text" for c in columns)})'
                                      for number in range(start, min(models, start + 100))))
        return project, {"PATH": os.environ["PATH"], "HOME": str(project.folder), "DATABASE_URL": database.url, **project.env}

    def pending(self):
        app = ["--", "node", "-e", "0"]
        kinds = {
            "node alone": app[1:],
            "pgentry": [PGENTRY, "run", *OFF, *app],
            "pgentry, static": [STATIC, "run", *OFF, *app],
            "npx prisma migrate deploy &&": ["sh", "-c", "npx prisma migrate deploy && exec node -e 0"],
        }
        rows = []
        for migrations, models in ((500, 200), (5000, 500), (10000, 1000)):
            project, self.env = self.prisma_project(migrations, models)
            folder, self.folder = self.folder, project.folder
            shown = list(kinds.items()) if migrations == 500 else list(kinds.items())[:-1]
            times = [[self.run(argv) * 1000 for _, argv in shown] for _ in range(LOOKS)]
            node, *medians = (statistics.median(column) for column in zip(*times))
            before = {kind: median - node for (kind, _), median in zip(shown[1:], medians)}
            slowest = max(before.values())
            for kind, took in before.items():
                rows.append([f"{migrations} migrations, {models} models", kind, f"{took:.0f} ms",
                             f"{slowest / took:.1f}" if migrations == 500 else ""])
            self.folder = folder
            shutil.rmtree(project.folder)
        table(f"Prisma with nothing pending: what comes before node starts (median of {LOOKS})",
              ["project", "what", "before node", "times faster than npx"], rows)

    def close(self):
        self.cluster.remove()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()


def main():
    bench = Bench()
    try:
        for part in sys.argv[1:]:
            getattr(bench, part)()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
