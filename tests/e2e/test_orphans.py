"""Double forks end as our children in every phase: none stays a zombie, none is taken for a step or the application."""
import signal
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


# As PID 1 sees it where orphans come faster than it reaps them: there is always another one.
FLOOD = """\
#include <dlfcn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    pid_t (*real)(pid_t, int *, int, struct rusage *) = (pid_t (*)(pid_t, int *, int, struct rusage *))dlsym(RTLD_NEXT, "wait4");
    static pid_t orphan;
    if (getpid() != 1 || pid != -1 || access("flood", F_OK) != 0) {
        return real(pid, status, options, usage);
    }
    *status = 0;
    memset(usage, 0, sizeof *usage);
    return 1000000 + ++orphan % 1000000;
}
"""


@pytest.mark.preload
def test_orphans_without_end_keep_no_signal_back(pgentry, database, project, endpoint, tmp_path):
    """PID 1 looks at what else is there: who asks is answered, and a TERM is passed on."""
    (tmp_path / "flood.c").write_text(FLOOD)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", tmp_path / "flood.so", tmp_path / "flood.c", "-ldl"],
                   check=True)
    database.as_app("CREATE TABLE users (id int)")
    folder = project({"pgentry.yaml": "verify: {tables: [users]}\n",
                      "app.sh": "#!/bin/sh\ntrap 'touch told; exit 3' TERM\necho app-is-up\nwhile :; do sleep 0.1; done\n"})
    flooded = pgentry.start("run", "--", "./app.sh", url=database.url, pid_1=True,
                            env={**endpoint.env, "LD_PRELOAD": tmp_path / "flood.so"})
    flooded.wait_for("app-is-up")
    (folder / "flood").touch()
    flooded.signal(signal.SIGCHLD)
    assert endpoint.up().get("/health/live").status == 200
    flooded.terminate()
    wait_until((folder / "told").exists, what="the application's TERM")
    (folder / "flood").unlink()
    assert flooded.wait().exit == 3


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
