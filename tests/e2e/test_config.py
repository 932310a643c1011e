"""Configuration and command line: contract sections 1 and 2. Wrong input is one clear message, 78 or 64, nothing touched."""
import json
import re

import pytest
from supervisor import wait_until

TABLES = "verify: {tables: [users]}\n"
STEP = "migrate: {steps: [{name: x, run: 'touch touched'}]}\n"

# text of pgentry.yaml, what the message must hold
WRONG = [
    ("verfy: {tables: [users]}\n", ["pgentry.yaml:1:1", "verfy", "verify"]),
    ("verify:\n  tabels: [users]\n", ["pgentry.yaml:2:3", "tabels", "tables"]),
    ("wait: {timeout: 60}\n", ["pgentry.yaml:1:17", "60", "60s"]),
    ("wait: {timeout: 5 minutes}\n", ["pgentry.yaml:1:17"]),
    ("wait: {timeout: -5s}\n", ["pgentry.yaml:1:17"]),
    ("wait: {timeout: 99999999h}\n", ["pgentry.yaml:1:17"]),
    ("wait: {multiplier: fast}\n", ["pgentry.yaml:1:20", "fast"]),
    ("wait: {target: primary}\n", ["pgentry.yaml:1:16", "primary", "read-write"]),
    ("migrate: {lock: maybe}\n", ["pgentry.yaml:1:17", "maybe"]),
    ("migrate: {preset: prism}\n", ["pgentry.yaml:1:19", "prism", "prisma"]),
    ("migrate: {when: sometimes}\n", ["pgentry.yaml:1:17", "sometimes"]),
    ("migrate: {steps: [{name: a}]}\n", ["pgentry.yaml:1:", "run"]),
    ("migrate: {steps: [{name: a, run: [b], sql: [c]}]}\n", ["pgentry.yaml:1:", "sql"]),
    ("migrate: {steps: [{name: a, run: []}]}\n", ["pgentry.yaml:1:", "run"]),
    ("migrate: {steps: [{name: a, run: b, attempts: 0}]}\n", ["pgentry.yaml:1:", "attempts"]),
    ("migrate: {steps: [{name: a, run: b, atempts: 2}]}\n", ["pgentry.yaml:1:37", "atempts", "attempts"]),
    ("verify: {tables: users}\n", ["pgentry.yaml:1:18"]),
    ("verify: {tables: [{columns: [a]}]}\n", ["pgentry.yaml:1:", "name"]),
    ("verify: {tables: [{name: a, privileges: [reed]}]}\n", ["pgentry.yaml:1:42", "reed"]),
    ("verify:\n  tables: [a]\n  tables: [b]\n", ["pgentry.yaml:3:3", "tables"]),
    ("app: {stop_signal: TREM}\n", ["pgentry.yaml:1:20", "TREM", "TERM"]),
    ("app: {ok_exit: [256]}\n", ["pgentry.yaml:1:17", "256"]),
    ("health: {listen: [nonsense]}\n", ["pgentry.yaml:1:19", "nonsense"]),
    ("health: {listen: ['127.0.0.1:99999']}\n", ["pgentry.yaml:1:19", "99999"]),
    ("health: {listen: ['*:19183']}\n", ["pgentry.yaml:1:19", "*:19183"]),
    ("health: {listen: ['999.1.1.1:80']}\n", ["pgentry.yaml:1:19", "999.1.1.1:80"]),
    ("database: {url: '${NOT_SET_AT_ALL}'}\n", ["pgentry.yaml:1:17", "NOT_SET_AT_ALL"]),
    ("database: {url: '${NOT_SET:?give me a database}'}\n", ["pgentry.yaml:1:17", "give me a database"]),
    ("database: {url: '${UNCLOSED'}\n", ["pgentry.yaml:1:17"]),
    ("verify: {tables: [users}\n", ["pgentry.yaml:1:"]),
    ("\tverify: 1\n", ["pgentry.yaml:1:"]),
    ("- a\n- b\n", ["pgentry.yaml:1:1"]),
    ("just words\n", ["pgentry.yaml:1:1"]),
    ("a: &a [x, x]\nb: [*a, *a]\n", ["pgentry.yaml:"]),
    ("wait: {timeout: 1s}\n---\nwait: {timeout: 2s}\n", ["pgentry.yaml:"]),
    ("verify: {tables: [\"a\\0b\"]}\n", ["pgentry.yaml:1:"]),
    ("[" * 2000 + "]" * 2000 + "\n", ["pgentry.yaml:"]),
    ("verify: {asserts: [{name: a}]}\n", ["pgentry.yaml:1:", "sql"]),
]

DESTRUCTIVE = [
    "[prisma, db, push, --accept-data-loss]", "[npx, prisma, db, push, --force-reset]", "[prisma, migrate, reset]",
    "npx prisma migrate reset --force", "npx prisma db push --accept-data-loss", "[rails, 'db:drop']",
    "[dbmate, drop]", "[python3, manage.py, flush]", "[rails, 'db:reset']", "[alembic, downgrade, base]",
]


@pytest.mark.parametrize("text, words", WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_a_wrong_configuration_is_78_with_file_line_and_column(pgentry, database, project, text, words):
    """Before anything is touched: no connection, no step, no application."""
    project({"pgentry.yaml": text})
    for command in (("config",), ("run", "--", "touch", "touched")):
        done = pgentry(*command, url=database.url, env={"PGENTRY_LOG_FORMAT": None})
        assert done.exit == 78, done
        for word in words:
            assert word in done.stderr, done
    assert not (project.folder / "touched").exists()


@pytest.mark.parametrize("files, words", [("[sql]", "name the files, in the order in which they are to run: sql/1.sql"),
                                          ("['sql/*.sql']", "no pattern is filled in")])
def test_a_folder_or_a_pattern_as_sql_is_78(pgentry, database, project, files, words):
    """It was found out only when the step ran, after what came before it had changed the database."""
    project({"pgentry.yaml": f"migrate:\n  steps:\n    - sql: {files}\n", "sql/1.sql": "CREATE TABLE a (id int)"})
    for command in (("config",), ("run", "--", "true")):
        done = pgentry(*command, url=database.url, env={"PGENTRY_LOG_FORMAT": None})
        assert done.exit == 78 and words in done.stderr and "pgentry.yaml:3:" in done.stderr, done


def test_all_errors_come_in_one_go(pgentry, database, project):
    """Three mistakes, three lines."""
    project({"pgentry.yaml": "wait: {timeout: soon}\nmigrate:\n  lokc: true\nverify: {interval: often}\n"})
    done = pgentry("config", url=database.url)
    assert done.exit == 78, done
    for place in ("pgentry.yaml:1:17", "pgentry.yaml:3:3", "pgentry.yaml:4:20"):
        assert place in done.stderr, done


WRONG_TWICE = "wait: {timeout: soon}\nmigrate:\n  lokc: true\n"


@pytest.mark.parametrize("command", [["run", "--", "true"], ["sync"], ["wait"], ["verify"]])
@pytest.mark.parametrize("how", ["option", "variable", "file", "setting"])
def test_errors_are_lines_of_a_json_log_where_one_is_wanted(pgentry, database, project, command, how):
    """One object an error, with the words that stand there as text otherwise."""
    project({"pgentry.yaml": WRONG_TWICE + ("log: {format: json}\n" if how == "file" else "")})
    text = pgentry(*command, url=database.url, env={"PGENTRY_LOG_FORMAT": "text"})
    options = {"option": ["--log-format", "json"], "setting": ["--set", "log.format=json"]}.get(how, [])
    done = pgentry(*options, *command, url=database.url, env={"PGENTRY_LOG_FORMAT": "json" if how == "variable" else None})
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.exit == text.exit == 78, done
    assert [event["msg"] for event in events] == text.stderr.splitlines() and len(events) == 2
    assert {(event["level"], event["event"]) for event in events} == {("error", "configuration")}
    assert all(line.startswith("pgentry.yaml:") for line in text.stderr.splitlines()), text


def test_a_file_that_cannot_be_read_is_told_in_the_format_of_the_variable(pgentry, database, project):
    """No YAML at all."""
    project({"pgentry.yaml": "verify: ["})
    done = pgentry("run", "--", "true", url=database.url)
    assert done.exit == 78 and json.loads(done.stderr)["msg"].startswith("pgentry.yaml:"), done


@pytest.mark.parametrize("url, key", [
    ("prisma://accelerate.prisma-data.net/?api_key=x", "set database.direct_url"),
    ("postgres://u:p@ss@h:notaport/d", "database.url")])
def test_a_wrong_url_is_told_with_all_other_errors_and_where_it_stands(pgentry, project, url, key):
    """In the environment or in the file; beside an unknown key and a step that nobody can guard."""
    rest = "verfy: {}\nmigrate: {steps: [{run: 'cd a && prisma db push'}, {run: [x], atempts: 2}]}\n"
    project({"pgentry.yaml": rest})
    done = pgentry("config", url=url)
    assert done.exit == 78 and key in done.stderr, done
    for place in ("pgentry.yaml:1:1: ", "pgentry.yaml:2:19: ", "pgentry.yaml:2:63: ", "DATABASE_URL: "):
        assert sum(line.startswith(place) for line in done.stderr.splitlines()) == 1, (place, done)
    project({"pgentry.yaml": rest + f"database:\n  url: {url}\n"})
    done = pgentry("config")
    assert done.exit == 78 and len(done.stderr.splitlines()) == 4, done
    assert any(line.startswith("pgentry.yaml:4:8: ") and key in line for line in done.stderr.splitlines()), done


@pytest.mark.parametrize("command", [["config"], ["run", "--", "touch", "touched"]])
def test_an_app_user_that_nobody_is_is_told_with_all_other_errors_and_where_it_stands(pgentry, database, project, command):
    """`pgentry config` in the image finds it before a boot does."""
    folder = project({"pgentry.yaml": "app:\n  user: no-such-user\nwait: {timeout: 60}\n"})
    done = pgentry(*command, url=database.url, env={"PGENTRY_LOG_FORMAT": None})
    assert done.exit == 78 and len(done.stderr.splitlines()) == 2, done
    assert 'pgentry.yaml:2:9: app.user: no user "no-such-user": add it to /etc/passwd' in done.stderr, done
    assert "pgentry.yaml:3:17: wait.timeout" in done.stderr, done
    assert not (folder / "touched").exists()


@pytest.mark.parametrize("run", DESTRUCTIVE)
def test_a_destructive_step_is_refused_unless_it_says_so(pgentry, database, project, run):
    """allow_data_loss: true is needed for what destroys data; refused when the configuration is read."""
    project({"pgentry.yaml": f"migrate:\n  steps:\n    - name: dangerous\n      run: {run}\n"})
    done = pgentry("config", url=database.url)
    assert done.exit == 78, done
    assert "allow_data_loss" in done.stderr and "pgentry.yaml:" in done.stderr, done
    project({"pgentry.yaml": f"migrate:\n  steps:\n    - name: dangerous\n      run: {run}\n      allow_data_loss: true\n"})
    assert pgentry("config", url=database.url).exit == 0


def test_an_empty_file_is_fine(pgentry, database, project):
    """Nothing in it: all defaults."""
    for text in ("", "\n# only a comment\n", "---\n"):
        project({"pgentry.yaml": text})
        done = pgentry("config", url=database.url)
        assert done.exit == 0, done


def test_bytes_that_are_not_utf8_are_78(pgentry, database, project):
    """A file in Latin-1."""
    folder = project({})
    (folder / "pgentry.yaml").write_bytes(b"verify: {tables: [\xe4]}\n")
    assert pgentry("config", url=database.url).exit == 78


@pytest.mark.parametrize("args", [("-c", "no-such.yaml"), ("-c", ".")])
def test_a_configuration_file_that_cannot_be_read_is_78(pgentry, database, args):
    """Named with -c and missing, or a folder."""
    done = pgentry(*args, "config", url=database.url)
    assert done.exit == 78, done
    assert args[1] in done.stderr


def test_a_configuration_file_that_leads_nowhere_is_78(pgentry, database, project):
    """A mount that was lost is not a container without a file."""
    project({}).joinpath("pgentry.yaml").symlink_to("..data/pgentry.yaml")
    done = pgentry("config", url=database.url)
    assert done.exit == 78 and "pgentry.yaml: cannot be read: No such file" in done.stderr, done


def test_a_bomb_of_aliases_is_refused_quickly(pgentry, database, project):
    """The billion laughs."""
    project({"pgentry.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))})
    done = pgentry("config", url=database.url)
    assert done.exit == 78, done
    assert done.seconds < 3


def test_the_file_is_found_in_the_documented_order(pgentry, database, project):
    """-c, then $PGENTRY_CONFIG, then ./pgentry.yaml."""
    project({"pgentry.yaml": "wait: {timeout: 11s}\n", "env.yaml": "wait: {timeout: 12s}\n",
             "option.yaml": "wait: {timeout: 13s}\n"})
    assert "11s" in pgentry("config", url=database.url).stdout
    assert "12s" in pgentry("config", url=database.url, env={"PGENTRY_CONFIG": "env.yaml"}).stdout
    assert "13s" in pgentry("-c", "option.yaml", "config", url=database.url, env={"PGENTRY_CONFIG": "env.yaml"}).stdout
    assert "13s" in pgentry("config", "--config", "option.yaml", url=database.url).stdout


def test_precedence(pgentry, database, project):
    """--set beats the environment, that beats the file, that beats the default."""
    env = {"PGENTRY_WAIT_TIMEOUT": "22s"}
    def timeout(*more, env=None):
        done = pgentry("config", *more, url=database.url, env=env)
        assert done.exit == 0, done
        return re.search(r"^\s+timeout: (\S+)", done.stdout, re.M).group(1)
    project({})
    assert timeout() in ("60s", "1m")
    project({"pgentry.yaml": "wait: {timeout: 11s}\n"})
    assert timeout() == "11s"
    assert timeout(env=env) == "22s"
    assert timeout("--set", "wait.timeout=33s", env=env) == "33s"
    assert timeout("--set", "wait.timeout=33s", "--set", "wait.timeout=44s", env=env) == "44s"


def test_config_tells_where_each_value_came_from(pgentry, database, project):
    """File with line, environment variable, --set, default."""
    project({"pgentry.yaml": "wait:\n  max_delay: 3s\n"})
    done = pgentry("config", "--set", "wait.initial_delay=70ms", url=database.url, env={"PGENTRY_WAIT_TIMEOUT": "22s"})
    lines = {line.split(":")[0].strip(): line for line in done.stdout.splitlines()}
    assert "pgentry.yaml:2" in lines["max_delay"], done
    assert "--set" in lines["initial_delay"], done
    assert "PGENTRY_WAIT_TIMEOUT" in done.stdout, done
    assert lines["url"].endswith(" # DATABASE_URL"), done


def test_config_prints_no_secret(pgentry, database, project):
    """Passwords of all URLs and the token are masked."""
    project({"pgentry.yaml": "health: {token: 't0ps3cret'}\n"})
    done = pgentry("config", url=database.url, env={"DIRECT_URL": database.url_with(password="an0ther#")})
    assert done.exit == 0, done
    for secret in (database.password, database.url, "an0ther", "t0ps3cret"):
        assert secret not in done.text
    assert database.name in done.stdout, "the rest of the URL is shown"


def test_what_config_prints_is_a_configuration(pgentry, database, project):
    """Printed, read again, printed again: the same."""
    folder = project({"pgentry.yaml": TABLES + "wait: {timeout: 90s}\n" + STEP})
    first = pgentry("config", url=database.url)
    assert first.exit == 0, first
    (folder / "again.yaml").write_text(first.stdout.replace("****", "masked"))
    again = pgentry("-c", "again.yaml", "config", url=database.url)
    assert again.exit == 0, again

    def keys(text):
        return [line.split("#")[0].rstrip() for line in text.splitlines() if "url" not in line and line.strip()[:1] != "#"]
    assert keys(again.stdout) == keys(first.stdout)


def test_the_json_schema_is_json_and_knows_the_keys(pgentry):
    """pgentry config --schema needs no database."""
    done = pgentry("config", "--schema")
    assert done.exit == 0, done
    schema = json.loads(done.stdout)
    assert set(schema["properties"]) >= {"database", "wait", "migrate", "verify", "app", "health", "on_failure", "log",
                                         "report_file"}


@pytest.mark.parametrize("name, value, expected", [
    ("PGENTRY_VERIFY_TABLES", "users,avatars", ["users", "avatars"]), ("PGENTRY_WAIT_MAX_DELAY", "2500ms", ["2500ms", "2.5s"]),
    ("PGENTRY_MIGRATE_WHEN", "always", ["always"]), ("PGENTRY_APP_KILL_GROUP", "true", ["true"]),
    ("PGENTRY_REPORT_FILE", "/tmp/r.json", ["/tmp/r.json"]), ("PGENTRY_ON_FAILURE", "hold", ["hold"])])
def test_every_key_has_an_environment_variable(pgentry, database, name, value, expected):
    """PGENTRY_ and the path in capitals."""
    done = pgentry("config", url=database.url, env={name: value})
    assert done.exit == 0, done
    assert any(word in done.stdout for word in expected), done
    assert name in done.stdout, "where it came from"


def test_a_wrong_environment_variable_is_78_and_named(pgentry, database):
    """There is no line and column; the variable's name stands instead."""
    done = pgentry("config", url=database.url, env={"PGENTRY_WAIT_TIMEOUT": "soon"})
    assert done.exit == 78, done
    assert "PGENTRY_WAIT_TIMEOUT" in done.stderr


def test_an_unknown_pgentry_variable_is_a_warning(pgentry, database):
    """Kubernetes makes PGENTRY_SERVICE_HOST for a Service called pgentry."""
    done = pgentry("wait", url=database.url, env={"PGENTRY_SERVICE_HOST": "10.0.0.1", "PGENTRY_PORT_9180_TCP": "tcp://x"})
    assert done.exit == 0, done
    assert any(event["level"] == "warn" and "PGENTRY_SERVICE_HOST" in event["msg"] for event in done.events), done


@pytest.mark.parametrize("change, words", [
    (lambda url: url + "\r\n", "blanks or a line end around its URL"),
    (lambda url: url.replace("@", "${DB_SUFFIX}@"), "that nothing has filled in"),
    (lambda url: url + "?application_name=$(POD)", "that nothing has filled in"),
])
def test_a_url_that_the_application_will_take_otherwise_is_a_warning(pgentry, database, change, words):
    """The environment is handed on unchanged, and an env file of docker run or a Secret made with echo is as it was written."""
    done = pgentry("config", url=change(database.url))
    assert done.exit == 0 and "warning: DATABASE_URL" in done.stderr and words in done.stderr, done
    assert "warning" not in pgentry("config", url=database.url).stderr


@pytest.mark.parametrize("command", [("config",), ("apply", "empty.sql"), ("init", "--stdout")])
def test_commands_without_a_log_tell_warnings_too(pgentry, database, project, command):
    """On standard error, not in what is printed; --log-level error is quiet."""
    project({"empty.sql": "SELECT 1;\n"})
    plain = pgentry(*command, url=database.url)
    done = pgentry(*command, url=database.url, env={"PGENTRY_SERVICE_HOST": "10.0.0.1"})
    assert done.exit == plain.exit == 0, done
    assert plain.stderr == "" and "PGENTRY_SERVICE_HOST" not in done.stdout, done
    assert re.fullmatch(r"pgentry: warning: .* PGENTRY_SERVICE_HOST .*\n", done.stderr), done
    masked = pgentry(*command, url="postgres://u:configuration@127.0.0.1:1/d", env={"PGENTRY_SERVICE_HOST": "10.0.0.1"})
    assert "PGENTRY_SERVICE_HOST is no key of the configuration" in masked.stderr, masked
    quiet = pgentry("--log-level", "error", *command, url=database.url, env={"PGENTRY_SERVICE_HOST": "10.0.0.1"})
    assert quiet.exit == 0 and quiet.stderr == "", quiet


@pytest.mark.parametrize("command", ["config", "wait"])
def test_dropped_parameters_of_the_url_are_told_once(pgentry, database, command):
    """By whoever reads the configuration."""
    done = pgentry(command, url=database.url_with() + "?pool_timeout=3&connection_limit=5")
    assert done.exit == 0, done
    assert done.text.count("does not know are dropped: pool_timeout, connection_limit") == 1, done


@pytest.mark.parametrize("url, env", [
    ("host=127.0.0.1 port=abc", {}), ("host=127.0.0.1 port=99999", {}), (None, {"PGPORT": "abc"}),
    ("postgresql://127.0.0.1/d?target_session_attrs=bogus", {}), ("postgresql://127.0.0.1/d?keepalives=x", {})])
def test_a_value_that_no_waiting_mends_is_78_at_once(pgentry, url, env):
    """libpq would tell it of each attempt."""
    done = pgentry("wait", url=url, env={**env, "PGENTRY_WAIT_TIMEOUT": "20s", "PGENTRY_LOG_FORMAT": None})
    assert done.exit == 78 and done.seconds < 10, done
    assert len(done.stderr.splitlines()) == 1, done


@pytest.mark.parametrize("env", [{"PGPORT": "abc"}, {"PGSERVICE": "none"}, {"PGHOST": "db", "PGSSLMODE": "bogus"}])
def test_what_is_wrong_in_libpq_s_variables_is_told_of_them(pgentry, env):
    """Nobody set database.url, and no default of ours is at fault."""
    done = pgentry("config", env=env)
    assert done.exit == 78 and done.stderr.startswith("PG* variables: "), done


def test_all_wrong_urls_are_told_in_one_go(pgentry):
    """Each where it was read."""
    done = pgentry("config", url="postgres://h:x/d", env={"DIRECT_URL": "postgres://u:a#b@h/d"})
    assert done.exit == 78, done
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["DATABASE_URL", "DIRECT_URL"], done


@pytest.mark.parametrize("text, expected", [
    ("'${A}-${B:-none}'", "a value-none"), ("'$$A costs $$5'", "$A costs $5"), ("'${C|url}'", "p%40ss%2Fword"),
    ("'${A:?must be set}'", "a value"), ("'${EMPTY:-filled}'", "filled")])
def test_interpolation(pgentry, database, project, text, expected):
    """${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME|url}, $$."""
    project({"pgentry.yaml": f"report_file: {text}\n"})
    done = pgentry("config", url=database.url, env={"A": "a value", "C": "p@ss/word", "EMPTY": ""})
    assert done.exit == 0, done
    assert expected in done.stdout, done


def test_a_shell_s_variables_are_left_to_the_shell(pgentry, database, project):
    """run, before, after and asserts are not filled in."""
    folder = project({"pgentry.yaml": TABLES + """\
migrate:
  steps:
    - {name: shell, run: 'echo "${HERE:-unset} $$" > said.txt; exit 1', attempts: 1}
    - {name: sql, sql: [users.sql]}
  before:
    - {run: 'echo "$A" > before.txt', env: {A: "${NOPE}"}}
""", "users.sql": "CREATE TABLE users (id int)"})
    assert pgentry("run", "--", "true", url=database.url).exit == 0
    word, pid = (folder / "said.txt").read_text().split()
    assert word == "unset" and pid.isdigit()
    assert (folder / "before.txt").read_text() == "${NOPE}\n"


def test_a_password_put_into_a_url(pgentry, database, project):
    """postgresql://${USER}:${PASSWORD|url}@…, from variables and from a NAME_FILE."""
    folder = project({"pgentry.yaml": "database:\n  url: postgresql://${DB_USER}:${DB_PASSWORD|url}@127.0.0.1:${DB_PORT}/${DB_NAME}\n",
                      "password": database.password + "\n"})
    env = {"DB_USER": database.user, "DB_PORT": database.cluster.port, "DB_NAME": database.name}
    assert pgentry("wait", env={**env, "DB_PASSWORD": database.password}).exit == 0
    assert pgentry("wait", env={**env, "DB_PASSWORD_FILE": folder / "password"}).exit == 0


@pytest.mark.parametrize("setting, word", [
    ("wait.timeot=5s", "wait.timeout"), ("wait.timeout=soon", "wait.timeout"),
    ("a\nb=1", "a\\x0Ab: unknown key"),
    ("nonsense=1", "nonsense"), ("verify.tables=[a", "verify.tables"), ("verify.tables=[", "verify.tables")])
def test_a_wrong_set_is_refused(pgentry, database, setting, word):
    """--set is checked as the file is."""
    done = pgentry("config", "--set", setting, url=database.url)
    assert done.exit == 78, done
    assert word in done.stderr, done


@pytest.mark.parametrize("args, word", [
    (("rnu",), "run"), (("node", "server.js"), "pgentry -- APP"), (("verfiy",), "verify"), (("run", "--confg", "x", "--", "true"), "--config"), (("run",), "run"),
    (("wait", "--sett", "a=b"), "--set"), (("verify", "--jsno"), "--json"), (("wait", "unexpected"), "unexpected"),
    (("config", "-c"), "-c"), (("config", "-c=pgentry.yaml"), "-c FILE"), (("-cpgentry.yaml", "config"), "-c FILE"),
    (("run", "--"), "run"), (("--versoin",), "--version"), (("--verson",), "--version"),
    (("wait", "a\nb"), "a\\x0Ab"), (("--log-level", "a\nb", "wait"), "a\\x0Ab"), (("a\nb",), "a\\x0Ab"),
    (("config", "--set", "wait.timeout"), "KEY=VALUE"), (("config", "--set", "a\nb"), "KEY=VALUE, not 'a\\x0Ab'"),
    (("health", "--wait", "a\nb"), "a\\x0Ab"), (("run", "--confg=x", "--", "true"), "did you mean '--config'")])
def test_wrong_usage_is_64_with_one_line(pgentry, database, args, word):
    """A one-line error on standard error with the nearest valid word; nothing on standard output."""
    done = pgentry(*args, url=database.url, env={"PGENTRY_LOG_FORMAT": None})
    assert done.exit == 64, done
    assert word in done.stderr, done
    assert done.stdout == "", done
    assert len(done.stderr.strip().splitlines()) == 1, done


@pytest.mark.parametrize("args", [
    ("wait", "{}"), ("wait", "--url={}"), ("{}",), ("--log-level", "{}", "wait"), ("config", "--set", "{}"),
    ("config", "--set", "{}?sslmode=require"), ("config", "--set", "nonsense={}"), ("wait", "--password=s3cr=et")])
def test_a_password_at_the_wrong_place_is_not_repeated(pgentry, database, args):
    """A URL without its key, as an operand or as the value of an option."""
    done = pgentry(*(arg.format("postgresql://u:s3cr=et@h/db") for arg in args), url=database.url,
                   env={"PGENTRY_LOG_FORMAT": None})
    assert done.exit in (64, 78), done
    assert len(done.stderr.splitlines()) == 1 and "s3cr" not in done.stderr and "et@" not in done.stderr, done


def test_no_argument_at_all_is_64(pgentry):
    """And tells where help is."""
    done = pgentry()
    assert done.exit == 64, done
    assert "pgentry help" in done.stderr, done


@pytest.mark.parametrize("option, value", [("--log-level", "loud"), ("--log-format", "xml"), ("--config", "")])
def test_a_wrong_value_of_an_option_is_told(pgentry, database, option, value):
    """With the words that are valid."""
    done = pgentry(option, value, "wait", url=database.url)
    assert done.exit in (64, 78), done
    assert option in done.stderr and value in done.stderr and len(done.stderr.splitlines()) == 1, done


@pytest.mark.parametrize("args", [
    ("version",), ("--version",), ("-V",), ("--log-level", "debug", "--version"), ("run", "--version"), ("run", "-V", "--", "true"),
    ("verify", "--json", "--version")])
def test_version(pgentry, args):
    """One line on standard output, without a database, wherever among the options it is asked for."""
    done = pgentry(*args)
    assert done.exit == 0, done
    assert re.fullmatch(r"pgentry \d+\.\d+\.\d+.*\n", done.stdout), done


@pytest.mark.parametrize("args", [("help",), ("--help",), *(("help", command) for command in (
    "run", "wait", "sync", "verify", "apply", "config"))])
def test_help(pgentry, args):
    """On standard output, exit 0, without a database."""
    done = pgentry(*args)
    assert done.exit == 0, done
    assert "pgentry" in done.stdout and done.stderr == "", done


@pytest.mark.parametrize("args", [("help",), ("--help",), ("-h",), ("--log-level", "debug", "--help")])
def test_help_lists_the_commands(pgentry, args):
    """Also behind other options."""
    done = pgentry(*args)
    assert done.exit == 0 and "\ncommands:\n" in done.stdout and "  diagnose " in done.stdout, done


@pytest.mark.parametrize("command", [[], ["run"], ["config"]])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_word_is_never_advised_in_its_own_place(pgentry, command, option):
    """What takes no value is said to take none."""
    done = pgentry(*command, option + "=x")
    assert done.exit == 64 and done.stderr.startswith(f"pgentry: option {option} takes no value"), done


def test_help_of_an_unknown_command_is_64(pgentry):
    """With the nearest one."""
    done = pgentry("help", "rnu")
    assert done.exit == 64, done
    assert "run" in done.stderr


def test_a_wrong_option_value_touches_nothing(pgentry, database, project):
    """--set of a wrong type: no connection is made."""
    project({})
    pgentry("run", "--set", "wait.timeout=soon", "--", "touch", "touched", url=database.url)
    assert not (project.folder / "touched").exists()


def test_a_secret_given_as_an_argument_is_not_left_in_ps(pgentry):
    """--set with a URL or the token: in our own process and in those that we fork; the rest stays readable."""
    url = "postgresql://app:s3cret-4711@127.0.0.1:1/shop"
    waiting = pgentry.start("wait", "--set", f"database.url={url}", "--set=health.token=t0ken-4711", "--set", "wait.timeout=0")
    waiting.wait_for_phase("waiting")
    [child, *_] = wait_until(waiting.children, what="the database process")
    for pid in (waiting.process.pid, child):
        with open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
            words = file.read()
        assert "4711" not in words and "shop" not in words
        assert "database.url=***" in words and "wait.timeout=0" in words


@pytest.mark.parametrize("output", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", [["config"], ["version"], ["help"], ["wait", "--help"]])
def test_a_report_that_cannot_be_written_is_74_and_says_so(pgentry, command, output):
    """A full disk behind standard output, or nothing at all."""
    done = pgentry(*command, url="postgresql://a:b@127.0.0.1:1/c", under=["sh", "-c", f'exec "$0" "$@" {output}'])
    assert done.exit == 74 and "standard output" in done.stderr, done


@pytest.mark.parametrize("command", [["config"], ["run", "--", "true"]])
def test_what_a_file_held_is_not_shown_in_an_error(pgentry, database, project, command):
    """A name at the wrong place, and one that is there twice."""
    folder = project({"pgentry.yaml": 'app: {user: "${AU}"}\nverify: {tables: ["${AU}", "${AU}"]}\n', "user": "held-4711\n"})
    done = pgentry(*command, url=database.url, env={"AU_FILE": folder / "user"})
    assert done.exit == 78 and done.text.count("***") == 2 and "held-4711" not in done.text, done


def test_what_a_file_held_is_not_shown_in_a_url_either(pgentry, project):
    """A user's name and more from mounted secrets; of a whole URL from one the password alone is hidden."""
    folder = project({"pgentry.yaml": 'database: {url: "postgresql://${DB_USER}:${PW|url}@h/x?application_name=${APP}"}\n',
                      "user": "app-user-4711\n", "app": "name-4711\n", "url": "postgresql://app:s3cret-4711@h/x\n"})
    done = pgentry("config", env={"DB_USER_FILE": folder / "user", "APP_FILE": folder / "app", "PW": "x-4711"})
    assert done.exit == 0 and 'url: "postgresql://***:***@h/x?application_name=***"' in done.stdout, done
    (folder / "pgentry.yaml").unlink()
    done = pgentry("config", env={"DATABASE_URL_FILE": folder / "url"})
    assert done.exit == 0 and 'url: "postgresql://app:***@h/x"' in done.stdout, done
