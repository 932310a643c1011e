"""The ladder of steps: contract section 2 (migrate) and rules 2 to 5, 7 and 8 of section 3."""
import json
import os
import re
import signal
import socket
import time
from urllib.parse import quote

import pytest
from postgres import free_port
from proxy import Proxy
from supervisor import wait_until

PSQL = 'psql -qXtA -v ON_ERROR_STOP=1 "$DATABASE_URL"'
CREATE = "CREATE TABLE users (id int)"
APP = ("run", "--", "echo", "it runs")


def ladder(steps, more="", migrate=""):
    """A configuration with one critical table and these steps (YAML of the list)."""
    indented = "\n".join("    " + line for line in steps.strip().splitlines())
    extra = "\n".join("  " + line for line in migrate.strip().splitlines())
    return f"verify: {{tables: [users]}}\nmigrate:\n{extra}\n  steps:\n{indented}\n{more}\n"


def note(word):
    return f"echo {word} >> order.txt"


def order(folder):
    path = folder / "order.txt"
    return path.read_text(encoding="ascii").split() if path.exists() else []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_in(path):
    return int(wait_until(lambda: path.exists() and path.read_text(encoding="ascii").strip(), what=str(path)))


def test_steps_are_tried_in_order_until_one_succeeds_and_the_schema_verifies(pgentry, database, project):
    """A failed step, then one that succeeds without bringing the table, then one that brings it: the fourth never runs."""
    folder = project({"pgentry.yaml": ladder(f"""
- {{name: fails, run: "{note('first')}; exit 3", attempts: 1}}
- {{name: does nothing, run: "{note('second')}"}}
- {{name: creates, run: "{note('third')}; {PSQL.replace('"', chr(92) + '"')} -c '{CREATE}'"}}
- {{name: never, run: "{note('fourth')}"}}
""")})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert order(folder) == ["first", "second", "third"]


def test_a_string_runs_under_a_shell_and_a_list_without_one(pgentry, database, project):
    """A list is argv as it stands; a string goes to /bin/sh -c."""
    folder = project({"pgentry.yaml": ladder("""
- {name: list, run: [./show.sh, "$HOME", "a b", "*"], attempts: 1}
- {name: sql, sql: [users.sql]}
"""), "show.sh": '#!/bin/sh\nprintf "%s\\n" "$@" > shown\nexit 1\n', "users.sql": CREATE})
    assert pgentry(*APP, url=database.url).exit == 0
    assert (folder / "shown").read_text() == "$HOME\na b\n*\n"


def test_a_program_is_looked_up_in_node_modules_first(pgentry, database, project):
    """node_modules/.bin comes before PATH."""
    project({"pgentry.yaml": ladder("- {name: creates, run: [ls]}"),
             "node_modules/.bin/ls.sh": f"#!/bin/sh\n{PSQL} -c '{CREATE}'\n"})
    folder = project.folder / "node_modules/.bin"
    (folder / "ls.sh").rename(folder / "ls")
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done


def test_a_program_is_looked_up_in_node_modules_of_every_folder_above(pgentry, database, project):
    """npm's workspaces hoist: the tool lies at the root, the step's folder is below, and so may be the one we start in."""
    project({"packages/db/pgentry.yaml": ladder("- {name: creates, run: [creates], cwd: migrations}"),
             "packages/db/migrations/package.json": "{}",
             "node_modules/.bin/creates": f"#!/bin/sh\n{PSQL} -c '{CREATE}'\n"})
    (project.folder / "node_modules/.bin/creates").chmod(0o755)
    done = pgentry(*APP, url=database.url, cwd=project.folder / "packages/db")
    assert done.exit == 0, done


def test_a_step_is_tried_as_often_as_attempts_say(pgentry, database, project):
    """attempts: 3: it fails twice and then brings the table."""
    folder = project({"pgentry.yaml": ladder("- {name: flaky, run: [./flaky.sh], attempts: 3, delay: 50ms}"),
                      "flaky.sh": f"#!/bin/sh\n{note('x')}\n[ $(wc -l < order.txt) -ge 3 ] && {PSQL} -c '{CREATE}'\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert order(folder) == ["x", "x", "x"]


def test_attempts_that_all_fail_lead_to_the_next_step_and_no_further(pgentry, database, project):
    """attempts: 2 means two."""
    folder = project({"pgentry.yaml": ladder(f"""
- {{name: fails, run: "{note('a')}; false", attempts: 2, delay: 10ms}}
- {{name: also fails, run: "{note('b')}; false", attempts: 1}}
""")})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert order(folder) == ["a", "a", "b"]
    assert "it runs" not in done.stdout


def test_the_delay_lies_between_attempts_and_grows(pgentry, database, project):
    """delay is the first pause, the next is about twice as long; none follows the last attempt."""
    folder = project({"pgentry.yaml": ladder("- {name: fails, run: [./fails.sh], attempts: 3, delay: 400ms}"),
                      "fails.sh": "#!/bin/sh\ndate +%s.%N >> times.txt\nexit 1\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    first, second, third = map(float, (folder / "times.txt").read_text().split())
    assert 0.15 < second - first < 1.2
    assert 0.3 < third - second < 2.0
    assert done.seconds < 4.5


def test_a_permanent_error_in_the_output_ends_the_step_at_once(pgentry, database, project):
    """permanent_errors: no further attempt, on to the next step; also if the word comes in two writes."""
    folder = project({"pgentry.yaml": ladder("""
- {name: deploy, run: [./deploy.sh], attempts: 5, delay: 10s, permanent_errors: [P3009]}
- {name: sql, sql: [users.sql]}
"""), "deploy.sh": f"#!/bin/sh\n{note('x')}\nprintf 'Error: P3'\nprintf '009\\nfailed migrations\\n' >&2\nexit 1\n",
                      "users.sql": CREATE})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert order(folder) == ["x"]
    assert "P3009" in done.stderr
    assert done.seconds < 8


def test_a_longer_word_is_not_a_permanent_error(pgentry, database, project):
    """P30091 is not P3009."""
    folder = project({"pgentry.yaml": ladder("- {name: deploy, run: [./deploy.sh], attempts: 2, delay: 10ms,"
                                             " permanent_errors: [P3009]}"),
                      "deploy.sh": f"#!/bin/sh\n{note('x')}\necho P30091 XP3009\nexit 1\n"})
    assert pgentry(*APP, url=database.url).exit == 70
    assert order(folder) == ["x", "x"]


def test_a_step_that_takes_too_long_is_terminated_with_its_group(pgentry, database, project):
    """timeout: TERM to the process group; the step's own children get it too."""
    folder = project({"pgentry.yaml": ladder("- {name: hangs, run: [./hangs.sh], attempts: 1, timeout: 1s}"),
                      "hangs.sh": """\
        #!/bin/sh
        trap 'echo terminated >> order.txt; exit 1' TERM
        sleep 1000 &
        echo $! > child.pid
        wait
        """})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert order(folder) == ["terminated"]
    assert not alive(pid_in(folder / "child.pid"))
    assert 0.9 < done.seconds < 5


def test_a_step_that_ignores_term_is_killed_after_5_seconds(pgentry, database, project):
    """KILL follows TERM after 5 s."""
    folder = project({"pgentry.yaml": ladder("- {name: stubborn, run: [./stubborn.sh], attempts: 1, timeout: 500ms}"),
                      "stubborn.sh": "#!/bin/sh\ntrap '' TERM\necho $$ > step.pid\nwhile :; do sleep 1000; done\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert not alive(pid_in(folder / "step.pid"))
    assert 5.3 < done.seconds < 9


@pytest.mark.parametrize("pid_1", [False, True])
def test_what_left_the_group_by_setsid_is_ended_too(pgentry, database, project, pid_1):
    """A child in a session of its own would keep the tool's lock: it is found and ended, as PID 1 and as subreaper."""
    folder = project({"pgentry.yaml": ladder("- {name: hangs, run: [./hangs.sh], attempts: 1, timeout: 1s}"),
                      "hangs.sh": "#!/bin/sh\nsetsid sh -c 'exec sleep 4242.42'\n"})
    done = pgentry(*APP, url=database.url, pid_1=pid_1)
    assert done.exit == 70, done
    left = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if alive(pid)
            and b"4242.42" in open(f"/proc/{pid}/cmdline", "rb").read()]
    assert left == []
    assert folder.exists()


def test_no_secret_passes_through_a_step_s_output(pgentry, database, project):
    """Raw and percent-encoded, whole, in JSON and in two writes: masked in the log and in the report."""
    folder = project({"pgentry.yaml": ladder("- {name: chatty, run: [./chatty.sh], attempts: 1}"),
                      "chatty.sh": """\
        #!/bin/sh
        echo "url=$DATABASE_URL"
        printf 'raw=%s\\n' "$RAW"
        printf '%s' "$RAW" | head -c 7; printf '%s\\n' "$RAW" | tail -c +8
        printf 'json=%s\\n' "$JSON" >&2
        exit 1
        """})
    report = folder / "report.json"
    done = pgentry(*APP, url=database.url,
                   env={"RAW": database.password, "JSON": json.dumps(database.password), "PGENTRY_REPORT_FILE": report})
    assert done.exit == 70, done
    written = done.text + report.read_text()
    assert "raw=" in written
    mark = database.password[-8:]
    assert mark not in written, "the last characters of the password are there"
    for secret in (database.password, quote(database.password, safe=""), json.dumps(database.password)[1:-1]):
        assert secret not in written


@pytest.mark.parametrize("step", [
    "run: [./chatty.sh], env: {PGPASSWORD: hunter2secret}",
    "run: [./chatty.sh], env: {PGPASSWORD: '${DB_PASSWORD}'}",
    "run: 'PGPASSWORD=hunter2secret ./chatty.sh'",
    "run: [env, PGPASSWORD=hunter2secret, ./chatty.sh]"])
def test_a_step_s_own_password_is_masked(pgentry, database, project, step):
    """PGPASSWORD in a step's env or command: not in its name, its output, the report or what `pgentry config` prints."""
    folder = project({"pgentry.yaml": ladder(f"- {{{step}, attempts: 1}}"),
                      "chatty.sh": "#!/bin/sh\necho \"with $PGPASSWORD\"\nexit 1\n"})
    env = {"DB_PASSWORD": "hunter2secret", "PGENTRY_REPORT_FILE": folder / "report.json"}
    done = pgentry(*APP, url=database.url, env=env)
    assert done.exit == 70 and "with ***" in done.stderr, done
    shown = pgentry("config", url=database.url, env=env)
    assert shown.exit == 0, shown
    assert "hunter2secret" not in done.text + (folder / "report.json").read_text() + shown.text


def test_a_step_whose_name_holds_a_password_by_chance_is_found_by_it(pgentry, database, project):
    """`app` is a password in some URL: the step `./app.sh app` keeps its name; its output is masked."""
    project({"pgentry.yaml": ladder("- {run: [./app.sh, app]}"), "app.sh": "#!/bin/sh\necho \"this is $1\"\n"})
    env = {"CACHE_URL": "redis://:app@cache"}
    done = pgentry("sync", "--only", "./app.sh app", url=database.url, env=env)
    assert done.exit != 64 and done.said("./app.sh app | this is ***") == 1, done


def test_a_long_line_is_capped_and_counted(pgentry, database, project):
    """A line of a megabyte neither fills the log nor is it swallowed silently."""
    project({"pgentry.yaml": ladder("- {name: long, run: [./long.sh], attempts: 1}"),
             "long.sh": "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\necho\necho after\nexit 1\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70
    lines = [line for line in done.stderr.splitlines() if "xxxx" in line]
    assert lines and all(len(line) <= 20000 for line in lines), [len(line) for line in lines]
    assert re.search(r"\d+ more bytes", done.stderr)
    assert "after" in done.stderr


def test_nul_bytes_and_broken_utf8_are_made_visible(pgentry, database, project):
    """The log stays text (and JSON stays JSON) whatever a step prints."""
    project({"pgentry.yaml": ladder("- {name: binary, run: [./binary.sh], attempts: 1}"),
             "binary.sh": "#!/bin/sh\nprintf 'before\\0after \\377\\376 \\033[31mred\\033[0m\\n'\nexit 1\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70
    assert "\0" not in done.stderr and "\x1b" not in done.stderr
    lines = [event for event in done.events if "before" in event["msg"]]
    assert lines and "after" in lines[0]["msg"] and "red" in lines[0]["msg"], done
    assert len(done.events) == len(done.stderr.splitlines()), "a line is no JSON"


def test_much_output_neither_blocks_nor_is_kept(pgentry, database, project):
    """100,000 lines pass through; the report keeps the last ones."""
    folder = project({"pgentry.yaml": ladder("- {name: much, run: [./much.sh], attempts: 1}"),
                      "much.sh": "#!/bin/sh\nseq -f 'line %.0f' 1 100000\nexit 1\n"})
    report = folder / "report.json"
    done = pgentry(*APP, url=database.url, env={"PGENTRY_REPORT_FILE": report})
    assert done.exit == 70
    text = report.read_text()
    assert "line 100000" in text and "line 1000\"" not in text


def test_steps_that_all_failed_while_the_tables_exist_are_a_failure(pgentry, database, project):
    """Rule 3: 70, although the table happens to be there."""
    database.as_app(CREATE)
    project({"pgentry.yaml": ladder("- {name: fails, run: 'false', attempts: 1}")})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert "it runs" not in done.stdout


def test_steps_that_succeed_without_the_table_are_65(pgentry, database, project):
    """The ladder's end without a healthy schema, although a step succeeded: 65, no application."""
    project({"pgentry.yaml": ladder("- {name: idle, run: 'true'}\n- {name: idle too, run: 'true'}")})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 65, done
    assert "it runs" not in done.stdout


def test_a_success_and_then_a_failure_without_the_table_is_65_or_70_and_never_the_application(pgentry, database, project):
    """However the last step ends: no healthy schema, no application."""
    project({"pgentry.yaml": ladder("- {name: idle, run: 'true'}\n- {name: fails, run: 'false', attempts: 1}")})
    done = pgentry(*APP, url=database.url)
    assert done.exit in (65, 70), done
    assert "it runs" not in done.stdout


def test_a_step_that_cannot_be_found_fails_and_the_next_is_tried(pgentry, database, project):
    """A missing program is that step's failure (127 in the log), not the boot's."""
    project({"pgentry.yaml": ladder("- {name: missing, run: [no-such-program], attempts: 1}\n- {name: sql, sql: [users.sql]}"),
             "users.sql": CREATE})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert "no-such-program" in done.stderr


def crowded(folder, names, kind="run: ls"):
    """A step with 9 MB of variables, which is more than any program's environment can be, from files of these names."""
    (folder / "big").write_text("x" * 65000, encoding="ascii")
    variables = ", ".join(f"V{i}: '${{{names[i % len(names)]}}}'" for i in range(140))
    return f"- {{name: crowded, {kind}, env: {{{variables}}}}}", {f"{name}_FILE": folder / "big" for name in names}


@pytest.mark.parametrize("kind", ["run: ls", "run: [ls]", "sql: users.sql"])
def test_a_step_with_more_environment_than_can_be_is_told_and_the_boot_held(pgentry, database, project, tmp_path, kind):
    """As one that the system refuses to execute for that reason."""
    step, env = crowded(tmp_path, ["BIG"], kind)
    project({"users.sql": CREATE, "pgentry.yaml": ladder(step, "on_failure: hold")})
    running = pgentry.start(*APP, url=database.url, env=env)
    running.wait_for("the boot failed with status 70")
    assert "step crowded failed, attempt 1 of" in running.stderr and "Argument list too long" in running.stderr
    assert "step crowded is not tried again: it cannot be started" in running.stderr
    running.terminate()
    assert running.wait().exit == 143


def test_an_application_with_more_environment_than_can_be_is_126(pgentry, database, project, tmp_path):
    """app.file_env, and what was read from 140 files for a step."""
    step, env = crowded(tmp_path, [f"BIG{i}" for i in range(140)])
    database.as_app(CREATE)
    project({"pgentry.yaml": ladder(step, "app: {file_env: true}", "when: unverified")})
    done = pgentry(*APP, url=database.url, env=env)
    assert done.exit == 126 and done.said("echo: cannot be executed: Argument list too long"), done


def test_a_failed_step_is_told_with_status_and_last_lines(pgentry, database, project):
    """Rule 2: exit status, known error codes and last lines are in the log and in the report."""
    folder = project({"pgentry.yaml": ladder("- {name: migrate deploy, run: [./deploy.sh], attempts: 1}"),
                      "deploy.sh": "#!/bin/sh\necho 'Error: P3018'\necho 'relation \"x\" does not exist' >&2\nexit 41\n"})
    report = folder / "report.json"
    done = pgentry(*APP, url=database.url, env={"PGENTRY_REPORT_FILE": report})
    assert done.exit == 70
    for text in (done.stderr, report.read_text()):
        assert "41" in text and "P3018" in text and "does not exist" in text and "migrate deploy" in text, text


def test_a_step_ended_by_a_signal_is_told_as_that(pgentry, database, project):
    """A step that a signal ended is not an exit status."""
    project({"pgentry.yaml": ladder("- {name: suicidal, run: 'kill -SEGV $$', attempts: 1}")})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70
    assert "SEGV" in done.stderr or "signal 11" in done.stderr, done


def test_a_full_heap_of_node_is_explained(pgentry, database, project):
    """V8 prints a message and a long trace, and aborts."""
    project({"pgentry.yaml": ladder("- {name: hungry, run: [node, hungry.js], env: {NODE_OPTIONS: --max-old-space-size=12},"
                                    " attempts: 1}"),
             "hungry.js": "const all = []; for (;;) all.push(new Array(1000).fill({}))\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert done.said("HEAP: node's heap is full (set NODE_OPTIONS=--max-old-space-size=MB") > 0, done


def test_before_runs_first_and_after_last(pgentry, database, project):
    """before, steps, after, application; all under one lock."""
    folder = project({"pgentry.yaml": ladder("- {name: step, run: [./create.sh]}", migrate=f"""
before: [{{name: generate, run: "{note('before')}"}}]
after: [{{name: seed, run: "{note('after')}; {PSQL.replace('"', chr(92) + '"')} -c 'INSERT INTO users VALUES (1)'"}}]
"""), "create.sh": f"#!/bin/sh\n{note('step')}\n{PSQL} -c '{CREATE}'\n"})
    done = pgentry("run", "--", "sh", "-c", note("app"), url=database.url)
    assert done.exit == 0, done
    assert order(folder) == ["before", "step", "after", "app"]
    assert database.sql("SELECT count(*) FROM users") == [(1,)]


def test_after_runs_at_every_boot_and_before_only_when_steps_run(pgentry, database, project):
    """when: unverified with a healthy schema: no before, no step, but after."""
    database.as_app(CREATE)
    folder = project({"pgentry.yaml": ladder(f"- {{name: step, run: \"{note('step')}\"}}", migrate=f"""
when: unverified
before: [{{name: generate, run: "{note('before')}"}}]
after: [{{name: seed, run: "{note('after')}"}}]
""")})
    assert pgentry(*APP, url=database.url).exit == 0
    assert order(folder) == ["after"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_failing_before_or_after_is_70(pgentry, database, project, place):
    """One attempt, then 70 and no application."""
    folder = project({"pgentry.yaml": ladder("- {name: sql, sql: [users.sql]}", migrate=f"""
{place}: [{{name: broken, run: "{note('x')}; exit 9"}}]
"""), "users.sql": CREATE})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert order(folder) == ["x"]
    assert "it runs" not in done.stdout


@pytest.mark.parametrize("when, table, runs", [
    ("pending", True, True), ("pending", False, True),  # without a history steps run
    ("unverified", True, False), ("unverified", False, True),
    ("always", True, True)])
def test_when_decides_whether_steps_run(pgentry, database, project, when, table, runs):
    """migrate.when with a tool that keeps no history."""
    if table:
        database.as_app(CREATE)
    folder = project({"pgentry.yaml": ladder("- {name: create, run: [./create.sh]}", migrate=f"when: {when}"),
                      "create.sh": f"#!/bin/sh\n{note('x')}\n{PSQL} -c 'CREATE TABLE IF NOT EXISTS users (id int)'\n"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert order(folder) == (["x"] if runs else [])


def test_a_step_gets_the_direct_url_and_no_downloads_and_no_input(pgentry, database, project):
    """DATABASE_URL is direct_url, npm_config_yes=false, stdin is /dev/null, its own env and cwd count."""
    folder = project({"pgentry.yaml": ladder("""
- {name: looks, run: [../looks.sh], cwd: sub, attempts: 1, env: {MARK: from the step, EMPTY: ""}}
- {name: sql, sql: [users.sql]}
"""), "users.sql": CREATE, "sub/x": "",
                      "looks.sh": "#!/bin/sh\nenv -0 > env.bin\npwd > cwd.txt\nreadlink /proc/self/fd/0 > stdin.txt\nexit 1\n"})
    direct = database.url_with(query="?application_name=direct")
    done = pgentry(*APP, url=database.url, env={"DIRECT_URL": direct, "KEPT": "yes"})
    assert done.exit == 0, done
    env = dict(entry.split("=", 1) for entry in (folder / "sub/env.bin").read_text().split("\0") if entry)
    assert env["DATABASE_URL"] == direct
    assert env["npm_config_yes"] == "false"
    assert env["MARK"] == "from the step" and env["EMPTY"] == "" and env["KEPT"] == "yes"
    assert (folder / "sub/cwd.txt").read_text().strip() == str(folder / "sub")
    assert (folder / "sub/stdin.txt").read_text().strip() == "/dev/null"


def test_a_step_s_own_database_url_wins(pgentry, database, project):
    """Steps get direct_url as DATABASE_URL unless their env says otherwise."""
    folder = project({"pgentry.yaml": ladder("""
- {name: looks, run: 'echo "$DATABASE_URL" > url.txt', attempts: 1, env: {DATABASE_URL: "postgresql://elsewhere/x"}}
- {name: sql, sql: [users.sql]}
"""), "users.sql": CREATE})
    assert pgentry(*APP, url=database.url).exit == 0
    assert (folder / "url.txt").read_text() == "postgresql://elsewhere/x\n"


def test_a_sql_step_s_env_leads_it_elsewhere(pgentry, cluster, database, project):
    """Like any other step's, the PG* variables as well: what it does is not done to the application's database."""
    other = cluster.database()
    database.as_app("CREATE TABLE users (id int)")
    project({"pgentry.yaml": ladder(f"""
- name: sql
  sql: [elsewhere.sql]
  env: {{DATABASE_URL: "{other.url.replace("$", "$$")}", PGOPTIONS: "-c work_mem=7MB"}}
"""), "elsewhere.sql": "CREATE TABLE elsewhere AS SELECT current_setting('work_mem') AS memory;"})
    done = pgentry("sync", url=database.url, env={"PGENTRY_MIGRATE_WHEN": "always"})
    assert done.exit == 0, done
    assert other.sql("SELECT memory FROM elsewhere") == [("7MB",)]
    assert database.sql("SELECT to_regclass('elsewhere')") == [(None,)]


def test_what_failed_steps_left_is_in_summary_and_report(pgentry, database, project):
    """A failure (70) although the table is there, and the report does not call it missing: nobody mends what is not broken."""
    folder = project({"pgentry.yaml": ladder(f"- {{name: half, run: '{pgentry.binary} apply users.sql; exit 3', attempts: 1}}"),
                      "users.sql": CREATE})
    done = pgentry("run", "--", "true", url=database.url, env={"PGENTRY_REPORT_FILE": folder / "report.json"})
    assert done.exit == 70 and done.said("every migration step failed"), done
    assert done.said("summary: 1 of 1 tables healthy, schema healthy")
    report = json.loads((folder / "report.json").read_text())
    assert report["database"]["tables"] == {"users": True}
    assert "missing-table" not in [problem["code"] for problem in report["problems"]]


@pytest.mark.parametrize("name, status", [("TERM", 143), ("INT", 130)])
def test_a_signal_in_mid_step_is_passed_on(pgentry, database, project, name, status):
    """stop: abort: the step gets the signal, the lock goes, exit 128+signal, no application."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh]}\n- {name: next, run: 'touch next.txt'}"),
                      "slow.sh": """\
        #!/bin/sh
        trap 'echo got-TERM >> order.txt; exit 1' TERM
        trap 'echo got-INT >> order.txt; exit 1' INT
        echo $$ > step.pid
        while :; do sleep 0.05; done
        """})
    boot = pgentry.start(*APP, url=database.url)
    step = pid_in(folder / "step.pid")
    assert database.advisory_locks()
    boot.signal(getattr(signal, "SIG" + name))
    done = boot.wait()
    assert done.exit == status, done
    assert "it runs" not in done.stdout
    assert order(folder) == ["got-" + name]
    assert not alive(step)
    assert not (folder / "next.txt").exists()
    wait_until(lambda: not database.advisory_locks(), 5, "the lock's release")


def test_a_stubborn_step_does_not_hold_the_stop_up_for_ever(pgentry, database, project):
    """TERM to a boot whose step ignores it: KILL after 5 s, exit 143."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh]}"),
                      "slow.sh": "#!/bin/sh\ntrap '' TERM\necho $$ > step.pid\nwhile :; do sleep 1000; done\n"})
    boot = pgentry.start(*APP, url=database.url)
    step = pid_in(folder / "step.pid")
    boot.terminate()
    done = boot.wait(10)
    assert done.exit == 143, done
    assert not alive(step)


def test_stop_finish_lets_the_step_end_and_starts_no_other(pgentry, database, project):
    """stop: finish: the step does not see the signal, nothing follows it, exit 143."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 3}\n- {name: next, run: 'touch next.txt'}",
                                             migrate="stop: finish"),
                      "slow.sh": """\
        #!/bin/sh
        trap 'echo got-TERM >> order.txt' TERM
        echo $$ > step.pid
        while [ ! -e go ]; do sleep 0.05; done
        echo ended >> order.txt
        exit 1
        """})
    boot = pgentry.start(*APP, url=database.url)
    step = pid_in(folder / "step.pid")
    boot.terminate()
    boot.wait_for("stopping")
    assert alive(step)
    (folder / "go").touch()
    done = boot.wait()
    assert done.exit == 143, done
    assert order(folder) == ["ended"]
    assert not (folder / "next.txt").exists()


def test_postgresql_restarted_in_mid_step_ends_in_success(pgentry, late, project):
    """The server crashes while a step runs and comes back: the step's failure is retried, the boot succeeds."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 5, delay: 100ms}"),
                      "slow.sh": f"""\
        #!/bin/sh
        echo $$ > step.pid
        while [ ! -e go ]; do sleep 0.05; done
        {PSQL} -c 'CREATE TABLE IF NOT EXISTS users (id int)'
        """})
    late.cluster.start()
    boot = pgentry.start(*APP, url=late.url)
    pid_in(folder / "step.pid")
    late.cluster.stop("immediate")
    (folder / "go").touch()
    boot.wait_for("step-failed")
    late.cluster.start()
    done = boot.wait()
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert late.tables() == ["users"]


def test_a_lock_lost_in_mid_step_lets_that_step_end_and_is_taken_anew(pgentry, late, project):
    """Rule 5: the backend that held the lock is gone; the step ends, no other starts before the lock is there again."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 3, delay: 50ms}"),
                      "slow.sh": f"""\
        #!/bin/sh
        {note('x')}
        echo $$ > step.pid
        while [ ! -e go ]; do sleep 0.05; done
        {PSQL} -c 'CREATE TABLE IF NOT EXISTS users (id int)'
        """})
    late.cluster.start()
    boot = pgentry.start(*APP, url=late.url)
    step = pid_in(folder / "step.pid")
    [(_, _, holder)] = late.advisory_locks()
    late.sql("SELECT pg_terminate_backend(%s)", holder)
    boot.wait_for("lock")
    assert alive(step), "the step may end"
    (folder / "go").touch()
    done = boot.wait()
    assert done.exit == 0, done


def test_two_replicas_run_the_steps_once(pgentry, database, project):
    """One migrates, the other waits for the lock, looks again and finds nothing to do."""
    folder = project({"pgentry.yaml": ladder("- {name: create, run: [./create.sh]}", migrate="when: unverified"),
                      "create.sh": f"#!/bin/sh\n{note('x')}\nwhile [ ! -e go ]; do sleep 0.05; done\n{PSQL} -c '{CREATE}'\n"})
    first = pgentry.start(*APP, url=database.url)
    wait_until(lambda: order(folder) == ["x"], what="the first replica's step")
    second = pgentry.start(*APP, url=database.url)
    second.wait_for_phase("locking")
    (folder / "go").touch()
    assert first.wait().exit == 0
    done = second.wait()
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert order(folder) == ["x"]


def test_waiting_for_the_lock_names_the_holder_and_ends_in_75(pgentry, database, project):
    """lock_timeout: exit 75; the log tells the holder's pid and application."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh]}"),
                      "slow.sh": "#!/bin/sh\necho $$ > step.pid\nsleep 1000\n"})
    first = pgentry.start(*APP, url=database.url)
    pid_in(folder / "step.pid")
    [(_, _, holder)] = database.advisory_locks()
    second = pgentry.start(*APP, url=database.url, env={"PGENTRY_MIGRATE_LOCK_TIMEOUT": "2s"})
    second.wait_for(str(holder))
    done = second.wait()
    assert done.exit == 75, done
    assert "it runs" not in done.stdout
    first.terminate()
    assert first.wait().exit == 143


def test_without_lock_none_is_taken(pgentry, database, project):
    """migrate.lock: false."""
    folder = project({"pgentry.yaml": ladder("- {name: create, run: [./create.sh]}", migrate="lock: false"),
                      "create.sh": f"#!/bin/sh\ntouch here\nwhile [ ! -e go ]; do sleep 0.05; done\n{PSQL} -c '{CREATE}'\n"})
    boot = pgentry.start(*APP, url=database.url)
    wait_until((folder / "here").exists)
    assert database.advisory_locks() == []
    (folder / "go").touch()
    assert boot.wait().exit == 0


def test_an_up_to_date_replica_starts_while_another_migrates(pgentry, database, project):
    """The lock is taken only if something must run."""
    database.as_app(CREATE)
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh]}"),
                      "up-to-date.yaml": ladder("- {name: never, run: 'false'}", migrate="when: unverified"),
                      "slow.sh": "#!/bin/sh\necho $$ > step.pid\nsleep 1000\n"})
    first = pgentry.start(*APP, url=database.url)
    pid_in(folder / "step.pid")
    done = pgentry("-c", "up-to-date.yaml", *APP, url=database.url)
    assert done.exit == 0, done
    first.terminate()
    first.wait()


def test_what_a_step_makes_of_schema_prisma_is_what_is_verified(pgentry, database, project):
    """A step that generates it (before: zenstack, a script that joins parts): the model it adds is looked for as well."""
    whole = 'datasource db {\n  provider = "postgresql"\n}\nmodel users {\n  id Int @id\n}\n'
    project({"pgentry.yaml": """\
migrate:
  preset: none
  before: [{name: generate, run: cat more.prisma >> schema.prisma}]
  steps: [{name: nothing, run: "true"}]
""", "schema.prisma": whole, "more.prisma": "model invoices {\n  id Int @id\n}\n"})
    database.as_app("CREATE TABLE users (id int)")
    done = pgentry(*APP, url=database.url)
    assert done.exit == 65 and done.stdout == "", done
    assert done.said("Missing tables: invoices") == 1, done


@pytest.fixture(params=["as we do", "as another role", "by the server's socket"])
def step_url(request, database):
    """Where a step connects to."""
    if request.param == "as we do":
        return database.url
    if request.param == "as another role":
        role = "migrator_" + database.name
        database.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'other'; GRANT ALL ON SCHEMA public TO {role}")
        return f"postgresql://{role}:other@127.0.0.1:{database.cluster.port}/{database.name}"
    return database.url_with(host="", query=f"?host={database.cluster.folder}&port={database.cluster.port}")


def test_sessions_of_a_killed_step_are_waited_for(pgentry, database, project, step_url):
    """Rule 4: a killed psql's statement goes on in the server; the retry begins after it ended, and it is named."""
    folder = project({"pgentry.yaml": ladder("""
- {name: slow, run: [./slow.sh], attempts: 2, delay: 1ms, timeout: 3s, env: {DATABASE_URL: "${STEP_URL}"}}
"""),
                      "slow.sh": f"""\
        #!/bin/sh
        if [ -e second ]; then
            {PSQL} -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6)%' AND pid <> pg_backend_pid()" > left
            exec {PSQL} -c '{CREATE}'
        fi
        touch second
        exec {PSQL} -c 'SELECT pg_sleep(6)'
        """})
    done = pgentry(*APP, url=database.url, env={"STEP_URL": step_url})
    assert done.exit == 0, done
    assert (folder / "left").read_text().strip() == "0"
    assert done.seconds > 5.5, done
    assert done.said("application psql") > 0, done


def test_a_session_that_is_waited_for_is_named_with_its_command_whatever_a_backslash_means_there(pgentry, database, project):
    """standard_conforming_strings may be off in an old application's database."""
    database.sql(f'ALTER DATABASE "{database.name}" SET standard_conforming_strings = off')
    project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 1, timeout: 1s}"),
             "slow.sh": f"#!/bin/sh\nexec {PSQL} -c ' select pg_sleep(3)'\n"})
    done = pgentry(*APP, url=database.url)
    assert done.said(", select since ") > 0, done


@pytest.mark.parametrize("limit", ["0", "5s"])
def test_a_step_s_url_that_says_nothing_costs_no_lock(pgentry, database, project, limit):
    """What it left running is then looked for where the lock is, in time: the database is not called unready."""
    project({"pgentry.yaml": ladder("""
- {name: slow, run: sleep 60, attempts: 1, timeout: 200ms, env: {DATABASE_URL: "${STEP_URL}"}}
""", f"wait: {{connect_timeout: {limit}}}")})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = pgentry(*APP, url=database.url,
                       env={"STEP_URL": f"postgres://u@127.0.0.1:{silent.getsockname()[1]}/d"})
    assert done.exit == 70, done
    assert "lock was lost" not in done.stderr and "not ready" not in done.stderr, done


def test_sessions_of_a_killed_step_are_found_over_a_new_connection_too(pgentry, database, project):
    """The step ended ours, and a new one takes longer than the step took to open its own."""
    folder = project({"pgentry.yaml": ladder("""
- {name: slow, run: [./slow.sh], attempts: 2, delay: 1ms, timeout: 3s, env: {DATABASE_URL: "${PAST}"}}
""", "wait: {timeout: 2m, connect_timeout: 30s}"),
                      "slow.sh": f"""\
        #!/bin/sh
        if [ -e second ]; then
            {PSQL} -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(15)%' AND pid <> pg_backend_pid()" > left
            exec {PSQL} -c '{CREATE}'
        fi
        touch second
        exec {PSQL} -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgentry'" \\
            -c 'SELECT pg_sleep(15)'
        """})
    with Proxy(database.cluster.port, delay=0.4) as proxy:
        done = pgentry(*APP, url=database.url_with(host=f"127.0.0.1:{proxy.port}"), env={"PAST": database.url})
    assert done.exit == 0, done
    assert (folder / "left").read_text().strip() == "0"


@pytest.mark.parametrize("command", [("run", "--", "echo", "it runs"), ("sync", "--force")])
def test_no_step_runs_for_a_schema_prisma_that_cannot_be_read(pgentry, database, project, command):
    """No step could bring up what nobody can verify: 65 at once, unless a table is listed by hand."""
    folder = project({"pgentry.yaml": "migrate: {steps: [{name: one, run: [touch, ran]}]}\n",
                      "schema.prisma": 'datasource db { provider = "postgresql" }\nmodel users { id Int @id\n'})
    done = pgentry(*command, url=database.url)
    assert done.exit == 65 and done.stdout == "", done
    assert done.said("schema.prisma:1:15: this block is not closed") > 0, done
    assert not (folder / "ran").exists()
    database.as_app("CREATE TABLE users (id int)")
    done = pgentry(*command, url=database.url, env={"PGENTRY_VERIFY_TABLES": "[users]"})
    assert done.exit == 0 and (folder / "ran").exists(), done


def test_sync_runs_steps_by_hand(pgentry, database, project):
    """sync does the main job without an application; --force runs steps although nothing is to do, which who names one is told."""
    database.as_app(CREATE)
    folder = project({"pgentry.yaml": ladder(f"- {{name: step, run: \"{note('x')}\"}}", migrate="when: unverified")})
    assert not pgentry("sync", url=database.url).said("--force")
    done = pgentry("sync", "--only", "step", url=database.url)
    assert done.exit == 0 and done.said("and --force was not given"), done
    assert order(folder) == []
    done = pgentry("sync", "--force", url=database.url)
    assert done.exit == 0, done
    assert order(folder) == ["x"]


@pytest.mark.parametrize("option, expected", [(("--only", "two"), ["two"]), (("--from", "two"), ["two", "three"])])
def test_sync_runs_a_part_of_the_ladder(pgentry, database, project, option, expected):
    """--only STEP and --from STEP."""
    folder = project({"pgentry.yaml": ladder("\n".join(
        f"- {{name: {name}, run: \"{note(name)}; false\", attempts: 1}}" for name in ("one", "two", "three")))})
    done = pgentry("sync", *option, url=database.url)
    assert done.exit == 70, done
    assert order(folder) == expected


def test_sync_of_a_step_that_does_not_exist_is_a_usage_error(pgentry, database, project):
    """64, with the nearest step's name, or with all of them."""
    project({"pgentry.yaml": ladder("- {name: migrate deploy, run: 'true'}\n- {name: raw SQL, run: 'true'}")})
    done = pgentry("sync", "--only", "migrate deplyo", url=database.url)
    assert done.exit == 64, done
    assert done.said("is named 'migrate deplyo', did you mean 'migrate deploy'?"), done
    assert pgentry("sync", "--only", "deploy", url=database.url).said("'deploy'; there are: migrate deploy, raw SQL")


def test_a_failing_sql_file_leaves_nothing_and_is_named(pgentry, database, project):
    """The raw SQL step: file, line, SQLSTATE; nothing of that file stays; the next step is tried."""
    project({"pgentry.yaml": ladder("- {name: broken, sql: [one.sql, two.sql]}\n- {name: sql, sql: [users.sql]}"),
             "one.sql": "CREATE TABLE one (id int);\n",
             "two.sql": "CREATE TABLE two (id int);\n\nSELECT * FROM nowhere;\n", "users.sql": CREATE})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 0, done
    assert "two.sql:3:15" in done.stderr and "42P01" in done.stderr, done
    assert database.tables() == ["one", "users"]


def test_time_a_boot_with_nothing_to_do_is_short(pgentry, database, project):
    """No step, one table: well under a second even under sanitizers."""
    database.as_app(CREATE)
    project({"pgentry.yaml": "verify: {tables: [users]}\n"})
    began = time.monotonic()
    assert pgentry(*APP, url=database.url).exit == 0
    assert time.monotonic() - began < 3


@pytest.fixture
def elsewhere(cluster):
    """A database on the same server that direct_url leads to by mistake."""
    return cluster.database()


def refused(done):
    assert done.exit == 78, done
    assert done.said("database.direct_url does not lead to the same database as database.url")
    assert done.stdout == ""


@pytest.mark.parametrize("lock", ["true", "false"])
@pytest.mark.parametrize("kind", ["before", "steps", "after"])
def test_a_direct_url_to_another_database_runs_no_step(pgentry, database, elsewhere, project, lock, kind):
    """78, also without the lock: it would migrate the wrong database."""
    step = f"{kind}: [{{name: mark, run: [touch, ran]}}]"
    needed = "steps: [{name: create, run: [touch, ran]}]" if kind == "before" else ""
    folder = project({"pgentry.yaml": f"verify: {{tables: [users]}}\nmigrate:\n  {step}\n  {needed}\n"})
    if kind == "after":
        database.as_app(CREATE)
    refused(pgentry(*APP, url=database.url, env={"DIRECT_URL": elsewhere.url, "PGENTRY_MIGRATE_LOCK": lock}))
    assert not (folder / "ran").exists()


def test_a_direct_url_to_another_database_is_told_although_no_step_runs(pgentry, database, elsewhere):
    """78 at a boot that would not use it: the next migration must not find it out."""
    database.as_app(CREATE)
    env = {"DIRECT_URL": elsewhere.url, "PGENTRY_VERIFY_TABLES": "users", "PGENTRY_MIGRATE_PRESET": "none"}
    for command in (APP, ("sync",), ("verify",)):
        done = pgentry(*command, url=database.url, env=env)
        assert done.exit == 78, done
        assert "database.direct_url does not lead to the same database as database.url" in done.stderr, done


def test_a_direct_url_that_is_not_reachable_is_no_trouble_while_no_step_runs(pgentry, database):
    """The application starts."""
    database.as_app(CREATE)
    env = {"DIRECT_URL": f"postgres://app@127.0.0.1:{free_port()}/app", "PGENTRY_VERIFY_TABLES": "users",
           "PGENTRY_MIGRATE_PRESET": "none"}
    done = pgentry(*APP, url=database.url, env=env)
    assert done.exit == 0 and done.stdout == "it runs\n", done


def test_while_a_direct_url_is_not_reachable_the_schema_is_looked_at_now_and_then(pgentry, database):
    """A whole look stands before each attempt at the lock: it is no bare probe, and backs off."""
    done = pgentry("sync", url=database.url, env={
        "DIRECT_URL": database.url.replace(f":{database.cluster.port}/", f":{free_port()}/"), "PGENTRY_WAIT_TIMEOUT": "3s",
        "PGENTRY_MIGRATE_STEPS": '[{run: "true"}]'})
    assert done.exit == 69, done
    phases = done.events[[event["event"] for event in done.events].index("summary")]["phases"]
    assert phases.count("locking") < 30, phases


def test_a_sql_step_in_a_folder_that_is_missing_says_so(pgentry, database, project):
    """As any other step."""
    project({"one.sql": "SELECT 1"})
    done = pgentry("sync", url=database.url, env={
        "PGENTRY_MIGRATE_STEPS": "[{name: q, sql: one.sql, cwd: /nowhere}]", "PGENTRY_MIGRATE_PRESET": "none"})
    assert done.exit == 70, done
    assert done.said("pgentry: cannot enter its directory /nowhere: No such file or directory"), done


@pytest.mark.parametrize("limits", [
    {"PGENTRY_WAIT_TIMEOUT": "5s"}, {"PGENTRY_WAIT_TIMEOUT": "2s", "PGENTRY_WAIT_CONNECT_TIMEOUT": "2s"},
    {"PGENTRY_WAIT_CONNECT_TIMEOUT": "15s"}, {"PGENTRY_WAIT_CONNECT_TIMEOUT": "0"}],
    ids=["a short wait", "a short attempt", "a long attempt", "no limit"])
def test_a_direct_url_that_says_nothing_is_no_trouble_while_no_step_runs(pgentry, database, limits):
    """It takes connections and is silent, as behind a firewall: told once, and the database is not called unready."""
    database.as_app(CREATE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = {"DIRECT_URL": f"postgres://app@127.0.0.1:{silent.getsockname()[1]}/app", "PGENTRY_VERIFY_TABLES": "users",
               "PGENTRY_MIGRATE_PRESET": "none", **limits}
        done = pgentry(*APP, url=database.url, env=env)
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert "not ready" not in done.stderr, done
    assert done.said("database.direct_url cannot be asked") == 1, done


def test_the_history_of_another_database_proves_nothing(pgentry, database, elsewhere, project):
    """The role of url may not read the ledger; that of direct_url reads one elsewhere, where all is applied."""
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {preset: dbmate}\n",
             "db/migrations/1_users.sql": f"-- migrate:up\n{CREATE};\n"})
    ledger = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"
    database.as_app(CREATE)
    database.sql(ledger)
    elsewhere.sql(f"{ledger}; INSERT INTO schema_migrations VALUES ('1'); GRANT SELECT ON schema_migrations TO public")
    done = pgentry(*APP, url=database.url, env={"DIRECT_URL": database.url_with(name=elsewhere.name)})
    refused(done)


def test_without_a_lock_steps_run_on_a_direct_url_to_the_same_database(pgentry, database, project):
    """Another way to it."""
    project({"pgentry.yaml": ladder(f"- {{name: create, run: \"{PSQL.replace(chr(34), chr(92) + chr(34))} -c '{CREATE}'\"}}", migrate="lock: false")})
    done = pgentry(*APP, url=database.url, env={"DIRECT_URL": database.url_with(query="?application_name=direct")})
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
