"""Double forks end as our children in every phase: none stays a zombie, none is taken for a step or the application."""
import subprocess

import pytest
from postgres import free_port
from supervisor import wait_until

# Ends once none of the orphans it left is our zombie.
ORPHANS = """\
    #!/bin/sh
    for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'exit 9' &) ; done
    tries=0
    while ps -eo stat=,ppid= | grep -q "^Z.* $PPID\\$"; do
        tries=$((tries + 1)); [ $tries -lt 100 ] || exit 99
        sleep 0.05
    done
    exit 5
    """
CONFIG = """\
verify: {tables: [users]}
migrate:
  steps:
    - {name: leaves orphans, run: [./orphans.sh], attempts: 1}
    - {name: sql, sql: [users.sql]}
"""


@pytest.mark.parametrize("pid_1", [False, True])
def test_those_of_a_step_and_of_the_application_are_reaped_and_change_no_status(pgentry, database, project, pid_1):
    project({"pgentry.yaml": CONFIG, "orphans.sh": ORPHANS, "users.sql": "CREATE TABLE users (id int)"})
    done = pgentry("run", "--", "./orphans.sh", url=database.url, pid_1=pid_1)
    assert done.exit == 5, done
    [failed] = [event["msg"] for event in done.events if "leaves orphans failed" in event["msg"]]
    assert "exit status 5" in failed, done


@pytest.mark.parametrize("pid_1", [False, True])
def test_a_crowd_of_orphans_keeps_no_signal_and_no_status_back(pgentry, database, project, pid_1):
    """While one follows another at once, their ends are gathered: TERM and what the application answers are told all the same."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n",
             "crowd.sh": "#!/bin/sh\ntrap 'exit 3' TERM\ni=0\n"
                         "while :; do (: &); i=$((i + 1)); [ $i -ne 50 ] || echo here they come; done\n"})
    crowd = pgentry.start("run", "--", "./crowd.sh", url=database.url, pid_1=pid_1)
    crowd.wait_for("here they come")
    crowd.terminate()
    assert crowd.wait().exit == 3


def test_more_orphans_than_can_be_reaped_keep_no_signal_back(pgentry, database, project, endpoint):
    """Of one processor PID 1 gets the smallest share: it never comes to the last one, and looks at what else is there all the same."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}\n",
             "flood.sh": "#!/bin/sh\nrenice -n 0 -p $$ >&2\n"
                         "for i in 1 2 3 4 5 6 7 8; do while :; do (: &); done & done\n"
                         "trap 'exit 3' TERM\nsleep 3\necho here they come\nwhile :; do sleep 0.1; done\n"})
    flood = pgentry.start("run", "--", "./flood.sh", url=database.url, env=endpoint.env, pid_1=True,
                          under=("taskset", "-c", "0", "nice", "-n", "12"))
    flood.wait_for("here they come")
    assert endpoint.get("/health/live").status == 200
    flood.terminate()
    assert flood.wait().exit == 3


def test_that_of_an_exec_in_the_container_is_reaped_while_waiting(pgentry):
    """What `docker exec` leaves behind comes to PID 1; PostgreSQL is not there yet."""
    waiting = pgentry.start("run", "--", "true", url=f"postgresql://app@127.0.0.1:{free_port()}/shop", pid_1=True)
    waiting.wait_for("not ready")
    ours = set(waiting.children())
    with subprocess.Popen(["nsenter", "-t", str(waiting.pid), "-p", "sh", "-c", "exec 3<&0; (read line <&3; exit 9) &"],
                          stdin=subprocess.PIPE):
        [orphan] = wait_until(lambda: set(waiting.children()) - ours)
    # the end of its input was the end of `with`
    wait_until(lambda: orphan not in waiting.children(), what="the zombie's end")
    waiting.terminate()
    assert waiting.wait().exit == 143
