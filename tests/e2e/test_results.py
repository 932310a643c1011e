"""What the summary and the report say of each step (contract section 3 rules 2 to 4, section 4)."""
import json

import pytest
from test_ladder import APP, CREATE, PSQL, ladder, pid_in

HISTORY = """\
CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20250101000000');
"""


class Told:
    """The steps of a boot that ended, as the report has them and as the summary says them."""

    def __init__(self, done, folder):
        self.steps = {step["name"]: step for step in json.loads((folder / "report.json").read_text())["steps"]}
        self.events = {event["step"]: event for event in done.events if event["event"] == "summary-step"}
        assert {name: step["result"] for name, step in self.steps.items()} == {
            name: event["result"] for name, event in self.events.items()}, "report and summary are of one mind"
        assert {name: step["attempts"] for name, step in self.steps.items()} == {
            name: event["attempts"] for name, event in self.events.items()}

    def result(self, name):
        return self.steps[name]["result"]


@pytest.fixture
def boot(pgentry, database, project):
    """boot(files): runs them to the end; returns how it ended and what is told of its steps."""
    def run_it(files, **more):
        files["pgentry.yaml"] += "\nreport_file: report.json\n"
        folder = project(files)
        for program in folder.glob("node_modules/.bin/*"):
            program.chmod(0o755)
        done = pgentry(*APP, url=database.url, **more)
        return done, Told(done, folder)
    return run_it


def prisma(diff):
    """A stand-in for Prisma's CLI whose `migrate diff` does this."""
    return f'#!/bin/sh\ncase "$*" in *"migrate diff"*) {diff};; esac\n'


def push(boot, diff):
    done, told = boot({"pgentry.yaml": ladder("- {name: db push, run: [prisma, db, push], attempts: 2, delay: 1ms}"),
                       "node_modules/.bin/prisma": prisma(diff)})
    assert done.exit == 70, done
    return done, told


def test_a_guard_that_fails_is_a_step_that_failed(boot):
    """`prisma migrate diff` exits 1 twice: failed, with why, in summary and report; nothing runs any more."""
    done, told = push(boot, "echo no such schema; exit 1")
    step = told.steps["db push"]
    assert step["result"] == "failed" and step["attempts"] == 2
    assert "could not be found out: exit status 1" in step["outcome"]
    assert step["lastLines"] == ["no such schema"]
    assert done.said("summary: step db push: failed, 2 attempts") == 1


def test_a_step_that_would_drop_something_is_told_with_what(boot):
    """refused, and the statement that would drop."""
    _, told = push(boot, "echo 'DROP TABLE x;'")
    assert told.result("db push") == "refused"
    assert told.steps["db push"]["outcome"] == "it would drop something (DROP TABLE x;)"


@pytest.mark.parametrize("where", ["before", "after"])
def test_beside_the_steps_a_refusal_ends_the_boot(boot, where):
    """70, no application: what is listed there must succeed."""
    done, told = boot({"pgentry.yaml": ladder("- {name: sql, sql: [users.sql]}",
                                              migrate=f"{where}: [{{name: push, run: [prisma, db, push]}}]"), "users.sql": CREATE,
                       "node_modules/.bin/prisma": prisma("echo 'DROP TABLE x;'")})
    assert done.exit == 70 and done.stdout == "", done
    assert told.result("push") == "refused"


def test_a_step_that_does_not_end_in_time_is_told_as_timed_out(boot):
    """timed out, and how it was ended."""
    done, told = boot({"pgentry.yaml": ladder('- {name: hangs, run: "exec sleep 1000", attempts: 1, timeout: 300ms}\n'
                                              "- {name: sql, sql: [users.sql]}"), "users.sql": CREATE})
    assert done.exit == 0, done
    assert told.result("hangs") == "timed out" and told.result("sql") == "succeeded"
    assert "did not end within 300 ms: ended by signal TERM (status 143)" in told.steps["hangs"]["outcome"]


def test_a_step_that_timed_out_after_its_work_was_done_is_told_as_done(boot):
    """Rule 3: it counts as done; report, summary and metrics say so, and that it timed out."""
    done, told = boot({"pgentry.yaml": ladder("- {name: migrate, run: [dbmate, up], attempts: 1, timeout: 3s}",
                                              migrate="preset: dbmate"),
                       "db/migrations/20250101000000_users.sql": "-- migrate:up\n" + CREATE + ";\n",
                       "all.sql": HISTORY + CREATE,
                       "node_modules/.bin/dbmate": f"#!/bin/sh\n{PSQL} -f all.sql\nexec sleep 1000\n"})
    assert done.exit == 0, done
    assert told.result("migrate") == "timed out, counts as done"
    outcome = told.steps["migrate"]["outcome"]
    assert "signal TERM" in outcome and "its migrations are recorded and the schema verifies" in outcome
    assert done.said("summary: step migrate: timed out, counts as done, 1 attempt") == 1


def test_what_the_ledger_records_is_not_the_work_of_another_step_that_timed_out(boot, database):
    """The migrations were there before: nothing tells that the other step came to its end, and the next one is tried."""
    database.as_app(HISTORY + CREATE)
    done, told = boot({"pgentry.yaml": ladder("- {name: data, run: [sleep, '1000'], attempts: 1, timeout: 300ms}\n"
                                              "- {name: migrate, run: [dbmate, up], attempts: 1}",
                                              migrate="preset: dbmate\nwhen: always"),
                       "db/migrations/20250101000000_users.sql": "-- migrate:up\n" + CREATE + ";\n",
                       "node_modules/.bin/dbmate": "#!/bin/sh\n"})
    assert done.exit == 0, done
    assert told.result("data") == "timed out" and told.result("migrate") == "succeeded"


def test_any_step_that_timed_out_is_done_if_it_recorded_the_migrations(boot):
    """A script of one's own around the tool: the ledger proved nothing before."""
    done, told = boot({"pgentry.yaml": ladder("- {name: script, run: [./migrate.sh], attempts: 1, timeout: 2s}\n"
                                              "- {name: migrate, run: [dbmate, up]}", migrate="preset: dbmate"),
                       "migrate.sh": f"#!/bin/sh\n{PSQL} -c '{HISTORY + CREATE}'\nsleep 1000\n",
                       "db/migrations/20250101000000_users.sql": "-- migrate:up\n" + CREATE + ";\n"})
    assert done.exit == 0, done
    assert told.result("script") == "timed out, counts as done"


def test_a_step_that_ended_without_the_lock_is_not_told_as_succeeded(pgentry, late, project):
    """Its attempt counts as failed; another replica may have run beside it."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 1}") + "report_file: report.json\n",
                      "slow.sh": "#!/bin/sh\necho $$ > step.pid\nwhile [ ! -e go ]; do sleep 0.05; done\n"})
    late.cluster.start()
    running = pgentry.start(*APP, url=late.url)
    pid_in(folder / "step.pid")
    [(_, _, holder)] = late.advisory_locks()
    late.sql("SELECT pg_terminate_backend(%s)", holder)
    running.wait_for("lock-lost")
    (folder / "go").touch()
    done = running.wait()
    assert done.exit == 70, done
    step = Told(done, folder).steps["slow"]
    assert step["result"] == "failed"
    assert step["outcome"] == "exit status 0, but the migration lock was lost while it ran"


def test_steps_that_did_not_run_are_told_as_well(boot):
    """The one after the step that helped: not run, in one short line."""
    done, told = boot({"pgentry.yaml": ladder("- {name: sql, sql: [users.sql]}\n- {name: spare, run: 'true'}"),
                       "users.sql": CREATE})
    assert done.exit == 0, done
    assert told.result("spare") == "not run" and told.events["spare"]["msg"] == "summary: step spare: not run"


def test_a_step_that_may_not_run_on_a_newer_schema_is_told_as_skipped(boot, database):
    """Rule 4: the history holds a migration that this image does not know."""
    database.as_app(HISTORY)
    done, told = boot({"pgentry.yaml": ladder("- {name: dbmate, run: [dbmate, up], attempts: 1}\n- {name: sql, sql: [users.sql]}",
                                              migrate="preset: dbmate"),
                       "db/migrations/20240101000000_other.sql": "-- migrate:up\nSELECT 1;\n", "users.sql": CREATE,
                       "node_modules/.bin/dbmate": "#!/bin/sh\nexit 1\n"})
    assert done.exit == 70, done
    assert told.result("sql") == "skipped"
    assert told.events["sql"]["msg"] == ("summary: step sql: skipped: the database holds migrations that this image does "
                                         "not know")


def test_a_step_stopped_by_a_signal_did_not_time_out(pgentry, database, project):
    """TERM while it runs: failed."""
    folder = project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh]}") + "report_file: report.json\n",
                      "slow.sh": "#!/bin/sh\necho $$ > step.pid\nexec sleep 1000\n"})
    running = pgentry.start(*APP, url=database.url)
    pid_in(folder / "step.pid")
    running.terminate()
    done = running.wait()
    assert done.exit == 143, done
    assert Told(done, folder).result("slow") == "failed"
