"""/metrics as Prometheus' own tool reads it, and the alert rules in docker/monitoring."""
import os
import subprocess
from pathlib import Path

import pytest
from endpoint import Endpoint

RULES = Path(__file__).resolve().parents[2] / "docker/monitoring"
# Names with everything that the format escapes; two steps of one name in different lists.
CONFIG = r"""
verify: {tables: [users, 'we"ird\table', other.users], interval: 0}
migrate:
  when: always
  before: [{name: same, run: "true"}]
  steps:
    - {name: 'back\slash "quoted"', run: "exit 1", attempts: 1}
    - {name: same, run: "read line <gate; exit $line", attempts: 1}
    - {name: last, run: "exit 0", attempts: 1}
"""


def promtool(*arguments, text=None):
    return subprocess.run(["promtool", *arguments], input=text, text=True, stdout=subprocess.PIPE, timeout=60,
                          stderr=subprocess.STDOUT, cwd=RULES, check=False)


def checked(endpoint):
    """The samples, after promtool found nothing to say of them and no two have the same labels."""
    body = endpoint.get("/metrics").body
    done = promtool("check", "metrics", text=body)
    assert (done.returncode, done.stdout) == (0, ""), body
    samples = [line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#")]
    names = [name for name, _ in samples]
    assert len(names) == len(set(names)), body
    return dict(samples)


def test_metrics_pass_promtool_in_every_phase(pgentry, database, project, endpoint):
    """Before the first look, while a step runs, held, running; whatever tables and steps are called."""
    folder = project({"pgentry.yaml": CONFIG})
    os.mkfifo(folder / "gate")
    waiting = Endpoint()
    pgentry.start("run", "--", "true", url="postgresql://a:b@127.0.0.1:1/c", env=waiting.env)
    assert checked(waiting.up())['pgentry_phase{phase="waiting"}'] == "1"

    supervisor = pgentry.start("run", "--", "sleep", "600", url=database.url,
                               env={**endpoint.env, "PGENTRY_ON_FAILURE": "hold", "PGENTRY_VERIFY_INTERVAL": "200ms"})
    endpoint.up().in_phase("migrating")
    endpoint.until(lambda report: report["steps"][2]["result"] == "running")
    samples = checked(endpoint)
    assert samples[r'pgentry_step_result{list="steps",step="back\\slash \"quoted\"",result="failed"}'] == "1"
    assert samples['pgentry_step_result{list="steps",step="same",result="running"}'] == "1"
    assert samples['pgentry_step_result{list="steps",step="last",result="not run"}'] == "1"
    assert samples['pgentry_step_attempts{list="before",step="same"}'] == "1"
    assert samples[r'pgentry_table_up{schema="public",table="we\"ird\\table"}'] == "0"
    assert samples['pgentry_table_up{schema="other",table="users"}'] == "0"

    (folder / "gate").write_text("0\n")
    endpoint.in_phase("held")
    assert checked(endpoint)["pgentry_ready"] == "0"

    database.as_app('CREATE SCHEMA other; CREATE TABLE users (id int); CREATE TABLE other.users (id int);'
                    ' CREATE TABLE "we""ird\\table" (id int)')
    endpoint.in_phase("running")
    samples = checked(endpoint)
    assert samples["pgentry_ready"] == samples['pgentry_table_up{schema="other",table="users"}'] == "1"
    assert supervisor.process.poll() is None


def test_the_alert_rules_are_valid():
    """As promtool reads them."""
    done = promtool("check", "rules", "alerts.yaml")
    assert done.returncode == 0, done.stdout


def test_the_alerts_fire_when_they_should_and_else_not():
    """promtool plays the series of alerts.test.yaml against them."""
    done = promtool("test", "rules", "alerts.test.yaml")
    assert done.returncode == 0, done.stdout


def test_the_alerts_ask_for_metrics_that_exist(pgentry, database, project, endpoint):
    """A misspelt name would keep an alert silent for ever."""
    project({"pgentry.yaml": "verify: {tables: [users], interval: 0}\n"
                             "migrate: {when: unverified, steps: [{name: one, run: 'true'}]}\n"})
    database.as_app("CREATE TABLE users (id int)")
    pgentry.start("run", "--", "sleep", "600", url=database.url, env=endpoint.env)
    endpoint.up().in_phase("running")
    known = {name.split("{")[0] for name in checked(endpoint)}
    rules = (RULES / "alerts.yaml").read_text(encoding="utf-8")
    asked = {word.split("{")[0].split("[")[0].strip("()") for word in rules.replace("(", " ").split()
             if word.startswith("pgentry_")}
    assert asked and asked <= known, asked - known
    readme = (RULES / "README.md").read_text(encoding="utf-8")
    assert not [name for name in known if name.removesuffix("_sum").removesuffix("_count") not in readme]
