"""Whole boots of an empty schema, each judged by what must hold whatever happens to it."""
import os

import psycopg
from postgres import free_port
from supervisor import wait_until

APP_STATUS = 7
DOCUMENTED = {APP_STATUS, 65, 69, 70, 71, 73, 74, 75, 77, 78, 126, 127}
ENDS_WITHIN = 40  # seconds; the deadlines below add up to half of it
# For a boot that must be a good one, however busy the machine: the deadlines below are as short as a fault needs.
PATIENT = {"PGENTRY_WAIT_TIMEOUT": "20s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "10s"}
CONFIG = """\
wait: {{timeout: 2s, connect_timeout: 1s, permanent_grace: 300ms}}
verify: {{schema: {schema}, tables: [users]}}
migrate:
  lock_timeout: 2s
  steps:
    - {{name: wrong, run: [./wrong.sh], attempts: 1, timeout: 3s}}
    - {{name: sql, sql: [users.sql], timeout: 3s}}
health: {{listen: ["127.0.0.1:{port}"]}}
report_file: report.json
"""


def left_behind(session):
    """Processes of the session that pgentry led."""
    left = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                left.append((entry.name, fields[0]))
    return left


class Boots:
    def __init__(self, pgentry, project, database):
        self.pgentry, self.project, self.database = pgentry, project, database
        self.count = 0
        self.direct = None

    def users_there(self):
        """Over a connection that is kept: a new one costs the server more than the question."""
        def ask():
            self.direct = self.direct or self.database.direct()
            return self.direct.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{self.schema}.users"]).fetchone() == (True,)

        try:
            return ask()
        except psycopg.OperationalError:  # it ended with its server
            self.direct = None
            return ask()

    def prepare(self):
        """A schema that is not there yet."""
        self.count += 1
        self.schema = f"boot_{self.count}"
        self.folder = self.project({
            "pgentry.yaml": CONFIG.format(schema=self.schema, port=free_port()),
            # the http process is there from this step on
            "wrong.sh": f"#!/bin/sh\n{self.pgentry.binary} health >/dev/null\necho P3005\nexit 1\n",
            "users.sql": f"CREATE SCHEMA IF NOT EXISTS {self.schema}; CREATE TABLE IF NOT EXISTS {self.schema}.users (id int)",
            "app.sh": f"#!/bin/sh\ntouch started\n{self.pgentry.binary} health >health\nexit {APP_STATUS}\n"})

    def boot(self, what="", allowed=frozenset(DOCUMENTED), meanwhile=None, **env):
        """Ended in time, with an allowed status, without a process or a word too many, and the application only where its
        table is. meanwhile: called with the boot while it runs."""
        started = self.folder / "started"
        started.unlink(missing_ok=True)
        boot = self.pgentry.start("run", "--", "./app.sh", url=self.database.url, start_new_session=True,
                                  env={"PGENTRY_HEALTH_LISTEN": None, **env})
        self.pgentry.running = [boot]
        if meanwhile:
            meanwhile(boot)
        done = boot.wait(ENDS_WITHIN)
        what = f"{what}: {done}"
        assert done.exit in allowed, what
        assert started.exists() or done.exit != APP_STATUS, what
        assert not started.exists() or self.users_there(), what
        assert self.database.password not in done.text, what
        wait_until(lambda: not left_behind(boot.process.pid), patience=ENDS_WITHIN, what=f"no process is left after {what}")
        return done
