"""Once the application ran for a while, PID 1 has left libuv's event loop: poll(2) is all that it sleeps in."""
import os
import resource
import signal

import pytest
from endpoint import http_process
from supervisor import wait_until


@pytest.fixture
def rested(pgentry, database, project, endpoint):
    """Looks at its table ten times a second."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users], interval: 100ms}\n",
             "app.sh": "#!/bin/sh\necho $$ > app.pid\ntrap '(sleep 0 &)' USR1\nwhile :; do sleep 0.05; done\n"}
            ).joinpath("app.sh").chmod(0o755)
    supervisor = pgentry.start("run", "--", "./app.sh", url=database.url, env=endpoint.env)
    supervisor.rest()
    return supervisor


def test_signals_log_and_endpoint_are_all_that_is_held(rested):
    """Between two looks; not one of libuv's descriptors."""
    wait_until(lambda: rested.descriptors() == ["pipe", "signalfd", "socket"])


def test_everything_is_answered_as_before(rested, database, endpoint):
    """Who asks, a look, the http process's death, an orphan, a signal, TERM."""
    assert endpoint.get("/health/live").status == 200
    database.as_app("DROP TABLE users")
    endpoint.until(lambda document: document["status"] == "unhealthy", "/health/database")
    os.kill(http_process(rested), signal.SIGKILL)
    rested.wait_for("http-died")
    endpoint.up()
    rested.signal(signal.SIGUSR1)
    wait_until(lambda: "pgentry_orphans_reaped_total 0\n" not in endpoint.get("/metrics").body, what="an orphan is reaped")
    rested.terminate()
    assert rested.wait().exit == 143


def test_the_application_s_own_end_is_the_end(rested, project):
    """Its status is ours."""
    os.kill(int((project.folder / "app.pid").read_text()), signal.SIGKILL)
    assert rested.wait().exit == 137


def test_a_limit_of_descriptors_that_comes_later_takes_nothing_away(rested, endpoint):
    """prlimit(1) from outside: poll(2) is refused too."""
    assert endpoint.get("/health/live").status == 200
    resource.prlimit(rested.pid, resource.RLIMIT_NOFILE, (0, 0))
    assert [endpoint.get("/health/live").status for _ in range(3)] == [200] * 3  # the first ends the poll that was begun
    rested.terminate()
    assert rested.wait().exit == 143
