"""Uninitialised memory, which the sanitizers do not see, and memory that nobody holds any more: in no process of a whole boot."""
import pytest
from postgres import free_port

pytestmark = pytest.mark.preload
CONFIG = """\
wait: {{timeout: 90s, connect_timeout: 60s}}
verify: {{tables: [users]}}
migrate:
  steps:
    - {{name: wrong, run: [./wrong.sh], attempts: 1}}
    - {{name: sql, sql: [users.sql]}}
health: {{listen: ["127.0.0.1:{port}"]}}
"""


def test_a_boot_under_valgrind(pgentry, database, project):
    """PID 1, database process, http process, SQL step: none reads what nobody wrote or loses what it took."""
    folder = project({
        "pgentry.yaml": CONFIG.format(port=free_port()),
        "wrong.sh": f"#!/bin/sh\n{pgentry.binary} health\necho P3005\nexit 1\n",
        "users.sql": "CREATE TABLE users (id int)",
        "app.sh": f"#!/bin/sh\n{pgentry.binary} health\nexit 7\n"})
    done = pgentry("run", "--", "./app.sh", url=database.url,
                   under=("valgrind", "-q", "--vgdb=no", "--leak-check=full", "--show-leak-kinds=definite",
                          "--errors-for-leak-kinds=definite", "--error-exitcode=99", f"--log-file={folder}/valgrind.%p"), patience=180)
    reports = list(folder.glob("valgrind.*"))
    assert len(reports) >= 4, reports
    assert "".join(report.read_text() for report in reports) == "", done
    assert done.exit == 7, done
