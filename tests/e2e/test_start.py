"""Starting the application: rules 1, 7 and 9 of contract section 3, and section 6."""
import fcntl
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest
from endpoint import Endpoint
from postgres import free_port
from supervisor import NO_DESCRIPTOR, Supervisor, as_pid_1, children_of, wait_until

USERS = "verify: {tables: [users]}\n"

# What the application finds, as JSON on its standard output.
LOOK = """\
#!/usr/bin/python3
import json, os, signal
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({
    "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)),
    "blocked": int(status["SigBlk"], 16), "ignored": int(status["SigIgn"], 16) & ~0x1001000,
    "environment": dict(os.environ), "cwd": os.getcwd(), "umask": int(status["Umask"], 8), "pid": os.getpid(),
    "parent": os.getppid(), "group": os.getpgid(0),
    "nonblocking": [fd for fd in (0, 1, 2) if not os.get_blocking(fd)]}))
"""


@pytest.fixture
def ready(database, project):
    """A database with the one critical table, and a folder that asks for it."""
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": USERS, "look.py": LOOK})
    return database


@pytest.mark.parametrize("status", [0, 1, 2, 42, 64, 65, 70, 78, 126, 127, 128, 143, 254, 255])
def test_the_application_s_status_passes_through(pgentry, ready, status):
    """Whatever it says, also numbers that pgentry uses itself."""
    assert pgentry("run", "--", "sh", "-c", f"exit {status}", url=ready.url).exit == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV", "USR1", "HUP"])
def test_an_application_ended_by_signal_n_is_128_plus_n(pgentry, ready, name):
    """The status a shell would show, and the log says what happened."""
    done = pgentry("run", "--", "sh", "-c", f"kill -{name} $$", url=ready.url)
    assert done.exit == 128 + getattr(signal, "SIG" + name), done
    assert name in done.stderr, done


def test_an_application_that_is_not_there_is_127(pgentry, ready):
    """Not found: 127, its name, and where it was looked for."""
    done = pgentry("run", "--", "no-such-application", url=ready.url)
    assert done.exit == 127, done
    assert done.said("no-such-application: not found (looked through PATH: ") == 1, done
    done = pgentry("run", "--", "/no/such/application", url=ready.url)
    assert done.exit == 127 and done.said("/no/such/application: not found (there is no such file in this image)") == 1, done


def test_why_an_application_cannot_be_started_is_not_mixed_with_what_ailed_the_database_before(pgentry, ready):
    """The advice on a wrong password, once the password is right, is none on a program that is missing."""
    started = pgentry.start("run", "--", "no-such-application", url=ready.url_with(password="late"))
    advice = json.loads(started.wait_for("28P01"))["msg"].rpartition(" (")[2]
    ready.sql(f"ALTER ROLE {ready.user} PASSWORD 'late'")
    done = started.wait()
    told, = [message for message in done.messages() if message.startswith("no-such-application: not found")]
    assert done.exit == 127 and advice and advice not in told, done


def test_an_application_that_cannot_be_executed_is_126(pgentry, ready, project):
    """A file without the right, a folder."""
    folder = project({"plain.txt": "x"})
    assert pgentry("run", "--", "./plain.txt", url=ready.url).exit == 126
    assert pgentry("run", "--", str(folder), url=ready.url).exit == 126


def test_the_short_form_is_run(pgentry, ready):
    """pgentry -- APP is pgentry run -- APP; options of the application are its own."""
    done = pgentry("--", "echo", "-c", "x", "--set", url=ready.url)
    assert done.exit == 0 and done.stdout == "-c x --set\n", done


def test_run_without_dashes_takes_the_application_too(pgentry, ready):
    """pgentry run APP ARG…: what follows the application's name is not read as our option."""
    done = pgentry("run", "sh", "-c", 'echo "$@"', "sh", "--set", "-c", url=ready.url)
    assert done.exit == 0 and done.stdout == "--set -c\n", done


@pytest.mark.parametrize("mode", ["supervise", "exec"])
@pytest.mark.parametrize("pid_1", [False, True])
def test_the_application_gets_a_clean_process(pgentry, ready, project, mode, pid_1):
    """Descriptors 0 to 2, empty mask, default dispositions, environment and folder untouched, streams left blocking."""
    folder = project.folder
    given = {"KEPT": "as it is", "DATABASE_URL": ready.url, "PGENTRY_APP_MODE": mode, "EMPTY": ""}
    done = pgentry("run", "--", "./look.py", env=given, pid_1=pid_1)
    assert done.exit == 0, done
    seen = json.loads(done.stdout)
    assert seen["descriptors"] == [0, 1, 2]
    assert seen["blocked"] == 0
    # python itself ignores SIGPIPE and SIGXFSZ; LOOK leaves those out
    assert seen["ignored"] == 0
    assert seen["nonblocking"] == []
    assert seen["cwd"] == str(folder)
    assert seen["umask"] == 0o022 or seen["umask"] == os.umask(os.umask(0o022))
    expected = pgentry.environment(None, given)
    environment = {name: value for name, value in seen["environment"].items() if name not in ("LC_CTYPE", "_", "PWD", "SHLVL")}
    assert environment == expected


def test_what_we_inherited_ignored_or_blocked_is_default_for_the_application(pgentry, ready):
    """docker and shells may start us with SIGINT ignored or signals blocked."""
    def before():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2})
    running = pgentry.start("run", "--", "./look.py", url=ready.url, preexec_fn=before)
    done = running.wait()
    assert done.exit == 0, done
    seen = json.loads(done.stdout)
    assert (seen["blocked"], seen["ignored"]) == (0, 0)


def test_descriptors_that_we_inherited_do_not_reach_the_application(pgentry, ready):
    """Only 0, 1 and 2, whatever the caller left open."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        running = pgentry.start("run", "--", "./look.py", url=ready.url, pass_fds=(writing,))
        seen = json.loads(running.wait().stdout)
    finally:
        os.close(reading)
        os.close(writing)
    assert seen["descriptors"] == [0, 1, 2]


# A process's own, which a supervisor could have bent.
CIRCUMSTANCES = "cat /proc/self/limits /proc/self/oom_score_adj; nice; grep -E '^(Umask|[UG]id|Groups|Cap|NoNew|Seccomp|Cpus)' /proc/self/status"
UNUSUAL = ("choom", "-n", "321", "--", "nice", "-n", "3", "taskset", "1", "prlimit", "--core=0:0", "--nofile=333:444",
           "--fsize=1000000:2000000", "--memlock=65536:131072", "--sigpending=100:200", "--stack=4000000:5000000")


@pytest.mark.parametrize("mode", ["supervise", "exec"])
def test_limits_oom_score_and_priority_are_as_found(pgentry, ready, mode):
    """What the application sees is what it sees when it is started without pgentry."""
    bare = subprocess.run([*UNUSUAL, "sh", "-c", CIRCUMSTANCES], stdout=subprocess.PIPE, text=True, check=True)
    done = pgentry("run", "--set", f"app.mode={mode}", "--", "sh", "-c", CIRCUMSTANCES, url=ready.url, under=UNUSUAL)
    assert done.exit == 0 and "321" in done.stdout.split(), done
    assert done.stdout == bare.stdout


@pytest.mark.parametrize("limit", range(4, 13))
def test_too_few_descriptors_are_71_and_say_so(pgentry, database, limit):
    """Also where there is not even one for the log."""
    done = pgentry("run", "--", "true", url=database.url, under=["sh", "-c", f'ulimit -n {limit}; exec "$0" "$@"'])
    assert done.exit == 71 and NO_DESCRIPTOR.search(done.stderr), done


@pytest.mark.parametrize("limit", [0, resource.getrlimit(resource.RLIMIT_CORE)[1]], ids=["none", "most"])
def test_a_core_dump_is_named_exactly_if_there_was_one(pgentry, ready, project, limit):
    """As the same program's wait status says without pgentry."""
    program = ["prlimit", f"--core={limit}:", "sh", "-c", f"cd '{project.folder}'; kill -SEGV $$"]
    _, status = os.waitpid(os.posix_spawnp(program[0], program, os.environ), 0)
    done = pgentry("run", "--", *program, url=ready.url)
    assert done.exit == 139, done
    assert ("core dumped" in done.stderr) == os.WCOREDUMP(status), done


def test_standard_input_reaches_the_application(pgentry, ready, project):
    """Steps read from /dev/null, the application reads what we were given."""
    folder = project({"input": "hello\n"})
    with open(folder / "input", "rb") as given:
        done = pgentry("run", "--", "cat", url=ready.url, stdin=given)
    assert done.stdout == "hello\n", done


def test_mode_exec_becomes_the_application(pgentry, ready):
    """The pid stays the same."""
    running = pgentry.start("run", "--", "./look.py", url=ready.url, env={"PGENTRY_APP_MODE": "exec"})
    done = running.wait()
    assert json.loads(done.stdout)["pid"] == running.process.pid


def test_mode_supervise_stays_the_parent(pgentry, ready):
    """The application is a child of ours."""
    running = pgentry.start("run", "--", "./look.py", url=ready.url)
    done = running.wait()
    assert json.loads(done.stdout)["parent"] == running.process.pid


def test_mode_exec_warns_once_of_keys_that_act_no_more(pgentry, ready):
    """interval, stop_timeout and ok_exit: one warning that names those that were set."""
    done = pgentry("run", "--set", "app.mode=exec", "--set", "app.stop_timeout=5s", "--set", "app.ok_exit=143",
                   "--", "true", url=ready.url)
    assert done.exit == 0, done
    warnings = [event["msg"] for event in done.events if event["level"] == "warn"]
    assert len([text for text in warnings if "stop_timeout" in text and "ok_exit" in text]) == 1, done
    assert any(text.endswith(" app.stop_timeout, app.ok_exit") for text in warnings), done


def test_the_application_is_never_started_on_an_unverified_schema(pgentry, database, project):
    """Rule 1: whatever is set, no table, no application."""
    project({"pgentry.yaml": USERS})
    for more in ([], ["--set", "app.mode=exec"], ["--set", "migrate.when=always"], ["--set", "migrate.lock=false"],
                 ["--set", "verify.interval=0"], ["--set", "health.failures=1"]):
        done = pgentry("run", *more, "--", "echo", "it runs", url=database.url)
        assert done.exit == 65, done
        assert "it runs" not in done.stdout, done


FORWARDED = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD},
                   key=lambda number: (number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM), number))


@pytest.mark.parametrize("kill_group", [False, True])
@pytest.mark.parametrize("pid_1", [False, True])
def test_every_signal_reaches_the_application(pgentry, ready, project, kill_group, pid_1):
    """Forwarded each time it comes, the stopping ones too; to its child as well if app.kill_group says so, else never."""
    project({"hear.py": """\
        #!/usr/bin/python3
        import os, signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        child = os.fork()
        who = "application" if child else "child"
        print(who, "is up", flush=True)
        while True:
            number = int(signal.sigwait(signal.valid_signals() - {signal.SIGCHLD}))
            print(f"{who} hears {number}.", flush=True)
            if child and number == signal.SIGTERM:
                os.kill(child, signal.SIGKILL)
                sys.exit(7)
        """})
    running = pgentry.start("run", "--set", f"app.kill_group={str(kill_group).lower()}", "--", "./hear.py", url=ready.url,
                            pid_1=pid_1)
    listeners = ["application", "child"] if kill_group else ["application"]
    sent = [int(number) for number in FORWARDED if number != signal.SIGTERM for _ in range(2)]
    for who in ("application", "child"):
        running.wait_for(f"{who} is up")
    for at, number in enumerate(sent):
        running.signal(number)
        for who in listeners:
            running.wait_for(f"{who} hears {number}.", count=1 + at % 2)
    running.terminate()
    done = running.wait()
    assert done.exit == 7, done
    heard = [line.rstrip(".").split(" hears ") for line in done.stdout.splitlines() if " hears " in line]
    assert [int(number) for who, number in heard if who == "application"] == [*sent, int(signal.SIGTERM)], done
    assert kill_group or {who for who, _ in heard} == {"application"}, done


def test_stop_signal_translates_term(pgentry, ready, project):
    """app.stop_signal: QUIT (nginx) turns TERM and INT into it."""
    project({"hear.sh": "#!/bin/sh\ntrap 'exit 3' QUIT\ntrap 'exit 4' TERM\necho app-is-up\nwhile :; do sleep 0.05; done\n"})
    running = pgentry.start("run", "--set", "app.stop_signal=QUIT", "--", "./hear.sh", url=ready.url)
    running.wait_for("app-is-up")
    running.terminate()
    assert running.wait().exit == 3


def test_quit_is_passed_on_and_stops_nothing(pgentry, ready, project, endpoint):
    """As one asks a JVM for its threads: the application goes on, ready, and nothing is killed after stop_timeout."""
    project({"jvm.sh": "#!/bin/sh\ntrap 'echo threads' QUIT\necho app $((40 + 2))\nwhile :; do sleep 0.05; done\n"})
    running = pgentry.start("run", "--set", "app.stop_timeout=1ms", "--", "./jvm.sh", url=ready.url, env=endpoint.env)
    running.wait_for("app 42")
    running.signal(signal.SIGQUIT)
    running.wait_for("threads")
    assert endpoint.get("/health/ready").status == 200
    running.signal(signal.SIGUSR1)
    running.wait()
    assert "stop-timeout" not in [event["event"] for event in running.events]


def test_stop_timeout_kills_what_is_left(pgentry, ready, project):
    """TERM is ignored; after stop_timeout KILL: 137."""
    project({"deaf.sh": "#!/bin/sh\ntrap '' TERM\necho app-is-up\nwhile :; do sleep 0.05; done\n"})
    running = pgentry.start("run", "--set", "app.stop_timeout=500ms", "--", "./deaf.sh", url=ready.url)
    running.wait_for("app-is-up")
    running.terminate()
    assert running.wait(5).exit == 137


@pytest.mark.preload
def test_stop_timeout_kills_the_application_where_no_proc_tells_of_it(pgentry, ready, project):
    """Neither PID 1, whose kill reaches everybody, nor a /proc with our descendants: the application we know."""
    project({"deaf.sh": "#!/bin/sh\ntrap '' TERM\necho app-is-up\nsleep 1000\n"})
    running = pgentry.start("run", "--set", "app.stop_timeout=500ms", "--", "./deaf.sh", url=ready.url,
                            under=("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"))
    running.wait_for("app-is-up")
    running.terminate()
    assert running.wait().exit == 137


def test_what_is_killed_with_the_rest_is_no_death_to_tell_of(pgentry, ready, project, endpoint):
    """The http process, which was there before the application, goes with all else; nobody is answered again."""
    project({"deaf.sh": "#!/bin/sh\ntrap '' TERM\necho app-is-up\nwhile :; do sleep 0.05; done\n",
             "slow.sh": "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.05; done\n",
             "pgentry.yaml": "migrate: {preset: none, when: always, steps: [{name: slow, run: [./slow.sh]}]}\n"})
    running = pgentry.start("run", "--set", "app.stop_timeout=500ms", "--", "./deaf.sh", url=ready.url, env=endpoint.env)
    endpoint.up().in_phase("migrating")
    (project.folder / "go").touch()
    running.wait_for("app-is-up")
    running.terminate()
    assert running.wait(5).exit == 137
    assert "http-died" not in [event["event"] for event in running.events], running.stderr


def test_ok_exit_turns_a_status_into_0(pgentry, ready):
    """A JVM stopped by TERM says 143."""
    assert pgentry("run", "--set", "app.ok_exit=[143, 3]", "--", "sh", "-c", "exit 3", url=ready.url).exit == 0
    assert pgentry("run", "--set", "app.ok_exit=[143]", "--", "sh", "-c", "kill -TERM $$", url=ready.url).exit == 0
    assert pgentry("run", "--set", "app.ok_exit=[143]", "--", "sh", "-c", "exit 3", url=ready.url).exit == 3


def test_kill_group_signals_the_application_s_children_too(pgentry, ready, project):
    """app.kill_group: a shell without exec does not pass signals on, the group does."""
    folder = project({"parent.sh": "#!/bin/sh\n./child.sh &\nwait\nwait\n",
                      "child.sh": "#!/bin/sh\ntrap 'echo child > heard; exit 0' TERM\necho app-is-up\nwhile :; do sleep 0.05; done\n"})
    running = pgentry.start("run", "--set", "app.kill_group=true", "--", "./parent.sh", url=ready.url)
    running.wait_for("app-is-up")
    running.terminate()
    running.wait()
    wait_until((folder / "heard").exists, 5)


AS_ANOTHER = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@AS_ANOTHER
def test_app_user_is_dropped_to_for_steps_and_application(pgentry, database, project, tmp_path):
    """app.user: uid, gid, groups; without a way back."""
    for folder in (project.folder, *project.folder.parents):
        if folder != folder.parent and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    project({"pgentry.yaml": USERS + """\
migrate:
  steps:
    - {name: who, run: "id -u >&2; exit 1", attempts: 1}
    - {name: sql, run: "psql -qX \\"$DATABASE_URL\\" -c 'CREATE TABLE users (id int)'"}
app: {user: nobody}
"""})
    done = pgentry("run", "--", "sh", "-c", "id -u; id -g; id -G; grep -E '^(Uid|Gid|CapEff|CapPrm)' /proc/self/status",
                   url=database.url)
    assert done.exit == 0, done
    lines = done.stdout.split("\n")
    assert lines[0] == "65534" and lines[1] == "65534" and lines[2] == "65534"
    assert "Uid:\t65534\t65534\t65534\t65534" in done.stdout
    assert "CapEff:\t0000000000000000" in done.stdout and "CapPrm:\t0000000000000000" in done.stdout
    assert any("65534" in event["msg"] for event in done.events), "the step ran as somebody else"


# A container that drops ALL and adds what app.user needs: its root may not signal another user's processes (kill(2)).
WITHOUT_KILL = ["setpriv", "--inh-caps=-all", "--bounding-set=-all,+setuid,+setgid"]


@AS_ANOTHER
@pytest.mark.parametrize("pid_1", [False, True])
def test_a_step_of_app_user_ends_in_time_without_the_capability_kill(pgentry, ready, project, pid_1):
    """Its timeout is kept, and what left its group ends with it."""
    sleep = f"sleep 600.{os.getpid()}{pid_1:d}"
    project({"pgentry.yaml": USERS + f"""\
migrate:
  when: always
  steps: [{{name: hangs, run: "setsid {sleep} & exec {sleep}", attempts: 1, timeout: 300ms}}]
app: {{user: nobody}}
"""})
    done = pgentry("run", "--", "true", url=ready.url, under=WITHOUT_KILL, pid_1=pid_1, patience=15)
    assert done.exit == 70 and done.said("did not end within 300 ms: ending it") == 1, done
    assert subprocess.run(["pgrep", "-f", sleep], check=False).returncode == 1


@AS_ANOTHER
@pytest.mark.parametrize("pid_1", [False, True])
def test_an_application_of_app_user_is_stopped_without_the_capability_kill(pgentry, ready, pid_1):
    """TERM reaches it, and KILL after stop_timeout."""
    deaf = "trap 'echo told' TERM; echo app $((40 + 2)); while :; do sleep 0.05; done"
    running = pgentry.start("run", "--", "sh", "-c", deaf, url=ready.url, under=WITHOUT_KILL, pid_1=pid_1,
                            env={"PGENTRY_APP_USER": "nobody", "PGENTRY_APP_STOP_TIMEOUT": "1s"})
    running.wait_for("app 42")
    running.terminate()
    running.wait_for("told")
    assert running.wait().exit == 137


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's http process is another user's")
def test_who_becomes_the_application_leaves_it_no_child_without_the_capability_kill(pgentry, ready):
    """The http process, which is nobody's then, goes all the same."""
    done = pgentry("run", "--set", "app.mode=exec", "--set", f"health.placeholder=127.0.0.1:{free_port()}", "--",
                   "cat", "/proc/thread-self/children", url=ready.url, under=WITHOUT_KILL)
    assert done.exit == 0 and done.stdout == "", done


@AS_ANOTHER
def test_a_signal_that_may_not_be_sent_is_told(pgentry, ready):
    """sudo before the application, under a pgentry that is not root: the TERM was said to have been passed on."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        binary, sudo = shutil.copy(pgentry.binary, folder), shutil.copy(shutil.which("setpriv"), folder)
        os.chmod(sudo, 0o4755)
        running = Supervisor(["setpriv", "--reuid=65533", "--clear-groups", binary, "run", "--",
                              sudo, "--reuid=0", "--clear-groups", "sh", "-c", "echo app $((40 + 2)); exec sleep 600"],
                             pgentry.environment(ready.url, {"PGENTRY_VERIFY_TABLES": "users"}), "/", pid_1=True)
        running.wait_for("app 42")
        running.terminate()
        running.wait_for("TERM may not be sent to the application: Operation not permitted")
        running.stop()


@pytest.mark.parametrize("user", ["no-such-user", "4242424"])
def test_an_app_user_that_cannot_be_is_78(pgentry, ready, user):
    """Unknown name; a uid without passwd entry and without gid."""
    done = pgentry("run", "--set", f"app.user={user}", "--", "echo", "it runs", url=ready.url)
    assert done.exit == 78, done
    assert "it runs" not in done.stdout and user in done.stderr


@pytest.mark.parametrize("setting", ["", "app.file_env"])
def test_an_empty_variable_gives_way_to_what_its_file_held(pgentry, ready, project, setting):
    """NAME set but empty beside NAME_FILE: with app.file_env there is one NAME, and it is not empty; else it stays."""
    folder = project({"pgentry.yaml": USERS, "token": "t0ken"})
    env = {"TOKEN": "", "TOKEN_FILE": folder / "token", "PGENTRY_HEALTH_TOKEN": "${TOKEN}"}
    more = ("--set", setting + "=true") if setting else ()
    done = pgentry("run", *more, "--", "env", url=ready.url, env=env)
    assert done.exit == 0, done
    assert [line for line in done.stdout.splitlines() if line.startswith("TOKEN=")] == [
        "TOKEN=t0ken" if setting else "TOKEN="], done


def test_file_env_hands_what_was_read_to_the_application(pgentry, ready, project):
    """DATABASE_URL_FILE: the application sees DATABASE_URL only with app.file_env."""
    folder = project({"secret": ready.url + "\n"})
    for setting, expected in (("false", "none\n"), ("true", ready.url + "\n")):
        done = pgentry("run", "--set", f"app.file_env={setting}", "--", "sh", "-c", 'echo "${DATABASE_URL:-none}"',
                       env={"DATABASE_URL_FILE": folder / "secret"})
        assert done.exit == 0 and done.stdout == expected, done


def test_no_password_is_seen_in_ps_while_it_runs(pgentry, ready):
    """Rule 11: no argument of any of our processes holds a secret."""
    running = pgentry.start("run", "--", "sh", "-c", "echo app-is-up; exec sleep 1000", url=ready.url)
    running.wait_for("app-is-up")
    everything = b""
    for pid in [running.process.pid, *running.children()]:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            everything += file.read()
    assert ready.password.encode() not in everything
    assert ready.url.encode() not in everything
    running.terminate()
    assert running.wait().exit == 143


def test_no_process_of_ours_has_a_second_thread(pgentry, database, project):
    """PID 1, the database process, the http process, a step's `apply`: what one knows, the others are told over a socket."""
    project({"pgentry.yaml": USERS + "migrate: {steps: [{name: sql, sql: [users.sql]}]}\n",
             "users.sql": "CREATE TABLE users (id int); SELECT pg_sleep(1000)"})
    endpoint = Endpoint()
    running = pgentry.start("run", "--", "true", url=database.url, env=endpoint.env)
    wait_until(lambda: any("pg_sleep" in query for _, _, query in database.application_sessions()), what="the step")
    endpoint.up()
    ours = [running.pid, *running.children()]
    assert len(ours) == 4
    assert {pid: len(os.listdir(f"/proc/{pid}/task")) for pid in ours} == {pid: 1 for pid in ours}
    running.terminate()
    assert running.wait().exit == 143


def test_the_database_is_left_alone_while_the_application_runs(pgentry, ready):
    """interval: 0 means no connection at all after the start."""
    running = pgentry.start("run", "--set", "verify.interval=0", "--", "sh", "-c", "echo app-is-up; exec sleep 1000", url=ready.url)
    running.wait_for("app-is-up")
    wait_until(lambda: not ready.application_sessions(), 5, "no session of ours")
    running.terminate()
    running.wait()


def test_a_term_just_before_mode_exec_becomes_the_application_is_obeyed(pgentry, ready):
    """As PID 1 the kernel drops it at the exec. The log's reader is slow, which makes that moment long."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    os.write(writing, bytes(4096))
    ready.cluster.pause()  # until somebody looks, or the boot would be over before
    boot = subprocess.Popen(as_pid_1([pgentry.binary, "run", "--", "sh", "-c", "echo it runs; sleep 600"]),
                            cwd=pgentry.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writing,
                            env=pgentry.environment(ready.url, {"PGENTRY_APP_MODE": "exec"}))
    try:
        [pid] = wait_until(lambda: children_of(boot.pid), what="PID 1")
        wait_until(lambda: children_of(pid), what="the database process")
        ready.cluster.resume()
        wait_until(lambda: not children_of(pid), what="the helpers ended: the log is written out")
        os.kill(pid, signal.SIGTERM)
        assert boot.communicate(timeout=20)[0] == b"" and boot.returncode == 143
    finally:
        ready.cluster.resume()
        boot.kill()
        os.close(reading)
        os.close(writing)


@pytest.mark.preload
def test_a_boot_without_proc_is_like_any_other(pgentry, database, project):
    """Steps, verification, `health`, a stop: as PID 1 where /proc is an empty folder."""
    port = free_port()
    project({"pgentry.yaml": f"""\
verify: {{tables: [users]}}
migrate:
  steps:
    - {{name: fails, run: "exit 3", attempts: 1}}
    - {{name: sql, sql: [users.sql]}}
health: {{listen: ["127.0.0.1:{port}"]}}
""", "users.sql": "CREATE TABLE users (id int)", "app.sh": f"""\
        #!/bin/sh
        trap 'exit 3' TERM
        test ! -e /proc/self || exit 4
        until {pgentry.binary} health; do sleep 0.05; done
        echo app-is-up
        while :; do sleep 0.05; done
        """})
    running = pgentry.start("run", "--", "./app.sh", url=database.url, env={"PGENTRY_HEALTH_LISTEN": None}, pid_1=True,
                            under=("sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"))
    running.wait_for("app-is-up")
    running.terminate()
    assert running.wait().exit == 3
    assert database.tables() == ["users"]


@pytest.mark.parametrize("pid_1", [True, False])
def test_who_is_not_pid_1_says_that_it_is_the_subreaper(pgentry, database, project, pid_1):
    """Once, as information; PID 1 has nothing to say."""
    project({"pgentry.yaml": "verify: {tables: []}\n"})
    done = pgentry("run", "--", "true", url=database.url, pid_1=pid_1)
    assert done.exit == 0, done
    told = [event["level"] for event in done.events if event["event"] == "subreaper"]
    assert told == ([] if pid_1 else ["info"]), done


@pytest.mark.parametrize("parent", ["shell", "shell that execs", "another"])
def test_a_shell_as_pid_1_is_warned_of_because_it_passes_no_signal_on(pgentry, database, project, parent):
    """ENTRYPOINT in shell form: a stop would reach the shell alone. An init passes it on."""
    project({"pgentry.yaml": "verify: {tables: []}\n"})
    under = {"shell": ("sh", "-c", '"$@"; exit $?', "sh"), "shell that execs": ("sh", "-c", 'exec "$@"', "sh"),
             "another": ("/usr/bin/python3", "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))")}[parent]
    done = pgentry("run", "--", "true", url=database.url, pid_1=True, under=under)
    assert done.exit == 0, done
    told = [event["level"] for event in done.events if event["event"] == "shell-is-pid-1"]
    assert told == (["warn"] if parent == "shell" else []), done
