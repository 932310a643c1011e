"""`pgentry config --schema`, as an editor uses it: a validator accepts what pgentry accepts, and underlines what it refuses."""
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PRESETS = sorted((ROOT / "config/presets").glob("*.yaml"))
FILES = [ROOT / "config/pgentry.yaml", *sorted((ROOT / "docker").rglob("pgentry.yaml"))]
GUIDES = [ROOT / "README.md", ROOT / "docker/migrating.md", ROOT / "docker/kubernetes.md"]

# what a person may write, one thing each
FINE = [
    "{}", "wait: {timeout: 0, max_delay: 250ms}", "wait: {timeout: '${WAIT:-5s}'}", "verify: {tables: '${TABLES}'}",
    "verify: {tables: [users, {name: avatars, schema: auth, columns: [id], privileges: [select, DELETE]}]}",
    "migrate: {steps: [{run: prisma migrate deploy}, {sql: a.sql}, {sql: [a.sql, b.sql], env: {A: 1, B: null}}]}",
    "app: {kill_group: true, stop_signal: 15, ok_exit: [143]}", "health: {listen: []}", "wait: {multiplier: 1.5}",
    "migrate: {lock: 0}", "app: {kill_group: '1'}", "app: {ok_exit: ['143', 0, '${NONE:-1}']}", "on_failure: hold", "wait:", "verify: {asserts: [{name: a, sql: select true}]}", "migrate: {preset: '${PRESET}'}",
]
WRONG = [
    "verfy: {tables: [users]}", "wait: {timeot: 5s}", "migrate: {history: prisma}", "wait: {timeout: 60}",
    "wait: {timeout: 5 minutes}", "wait: {timeout: [5s]}", "wait: {multiplier: fast}", "wait: {multiplier: 0}",
    "wait: {target: primary}", "migrate: {lock: maybe}", "migrate: {preset: prism}", "migrate: {when: sometimes}",
    "migrate: {steps: [{run: b, atempts: 2}]}", "migrate: {steps: [{run: b, attempts: 0}]}", "migrate: {steps: [b]}",
    "migrate: {steps: [{run: []}]}", "verify: {tables: users}", "verify: {tables: [{columns: [a]}]}",
    "verify: {tables: [{name: a, privileges: [reed]}]}", "verify: {asserts: [{name: a}]}", "app: {ok_exit: [256]}",
    "health: {failures: 0}", "app: {ok_exit: [many]}", "app: {ok_exit: ['256']}", "migrate: {steps: [{run: x, env: {A=B: x}}]}",
    "on_failure: stay", "app: {mode: 1}", "log: text", "[a, b]",
]


@pytest.fixture
def validate(pgentry):
    """Raises on a document that the schema refuses."""
    schema = json.loads(pgentry("config", "--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_own_files_are_valid(validate, path):
    """The reference, the demo's and the story's."""
    validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid(validate, path):
    """But for their key migrate.history, which is not for users."""
    preset = yaml.safe_load(path.read_text()) or {}
    preset.get("migrate", {}).pop("history", None)
    validate(preset)


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_the_guides_configurations_are_valid(validate, path):
    """Every block of YAML that is no manifest of something else."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.M | re.S)
    assert blocks
    for block in blocks:
        validate(yaml.safe_load(block))


@pytest.mark.parametrize("files", [{}, {"prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n'}], ids=str)
def test_what_init_writes_is_valid(validate, pgentry, project, files):
    """In an empty folder and in a Prisma project."""
    project(files)
    done = pgentry("init", "--stdout")
    assert done.exit == 0, done
    validate(yaml.safe_load(done.stdout) or {})


@pytest.mark.parametrize("text", FINE)
def test_what_pgentry_reads_is_valid(validate, pgentry, database, project, text):
    """One thing each that a person may write."""
    validate(yaml.safe_load(text))
    project({"pgentry.yaml": text + "\n", "a.sql": "", "b.sql": ""})
    done = pgentry("config", url=database.url, env={"TABLES": "a,b", "PRESET": "none"})
    assert done.exit == 0, done


@pytest.mark.parametrize("text", WRONG)
def test_what_pgentry_refuses_is_invalid(validate, pgentry, database, project, text):
    """Unknown keys, wrong types, wrong words, numbers out of range: an editor underlines them."""
    with pytest.raises(jsonschema.ValidationError):
        validate(yaml.safe_load(text))
    project({"pgentry.yaml": text + "\n"})
    assert pgentry("config", url=database.url).exit == 78
