"""diagnose: who blocks whom, who holds the migration locks, which indexes were left half built (contract section 7)."""
import os
import re
import subprocess
import threading

import psycopg
import pytest
from diagnosis import INTRUDER, fixes
from postgres import MAJOR, SUPERUSER_PASSWORD
from supervisor import wait_until
from test_ladder import ladder

PRISMA_LOCK = 72707369


@pytest.fixture
def shop(database, project):
    project({"pgentry.yaml": "verify:\n  tables: [users]\n"})
    database.as_app("CREATE TABLE users (id int PRIMARY KEY, email text)")
    return database


@pytest.fixture
def session(shop):
    """session(name): a connection of the application's role, without autocommit, ended with the test."""
    opened = []

    def connect(name):
        opened.append(psycopg.connect(shop.url, application_name=name))
        return opened[-1]
    yield connect
    for connection in opened:
        connection.close()


def pid_of(connection):
    return connection.info.backend_pid


BEFORE_14 = "SET allow_system_table_mods = on; ALTER TABLE pg_catalog.pg_locks RENAME COLUMN waitstart TO not_yet" if MAJOR >= 14 else ""


@pytest.mark.parametrize("server", ["", BEFORE_14], ids=["15", "older than 14"])
def test_who_blocks_whom(diagnose, shop, session, server):
    """A forgotten transaction in the way of ALTER TABLE: both sessions are named, with the statement that ends one."""
    shop.sql(server)
    blocker, waiter = session("forgotten shell"), session("migration")
    blocker.execute("SELECT * FROM users")
    blocked = threading.Thread(target=waiter.execute, args=("ALTER TABLE users ADD COLUMN name text",))
    blocked.start()
    wait_until(lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", pid_of(waiter)), what="the wait")
    report = diagnose(shop.url)
    blocker.rollback()
    blocked.join()
    assert report.exit == 65
    finding = report.one("blocked")
    assert finding["object"] == "public.users"
    message = finding["message"]
    assert f"pid {pid_of(waiter)}" in message and "migration" in message
    assert re.search(r"waits for AccessExclusiveLock since \d+", message), message
    assert f"pid {pid_of(blocker)}" in message and "forgotten shell" in message and "idle in transaction" in message
    assert f"pg_terminate_backend({pid_of(blocker)})" in finding["fix"]


def test_a_session_of_a_superuser_is_ended_as_that_superuser(diagnose, shop, session):
    """The application's role may not; the command that is shown does it."""
    waiter = session("migration")
    blocker = shop.direct()
    blocker.execute("BEGIN; LOCK TABLE users")
    blocked = threading.Thread(target=waiter.execute, args=("ALTER TABLE users ADD COLUMN name text",))
    blocked.start()
    wait_until(lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", pid_of(waiter)), what="the wait")
    fix = diagnose(shop.url).one("blocked")["fix"]
    [command] = re.findall(r"^# (psql .*pg_terminate_backend.*)$", fix, re.MULTILINE)
    assert f"user={blocker.info.user}'" in command
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False,
                          env={**os.environ, "PGPASSWORD": SUPERUSER_PASSWORD})
    blocked.join()
    assert done.returncode == 0 and " t\n" in done.stdout, done
    assert shop.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid_of(blocker)) == []
    blocker.close()


def test_who_waits_for_a_row(diagnose, shop, session):
    """Two updates of the same row: its table is named."""
    shop.as_app("INSERT INTO users VALUES (1, 'a')")
    first, second = session("first"), session("second")
    first.execute("UPDATE users SET email = 'b'")
    blocked = threading.Thread(target=second.execute, args=("UPDATE users SET email = 'c'",))
    blocked.start()
    wait_until(lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", pid_of(second)), what="the wait")
    report = diagnose(shop.url)
    first.rollback()
    blocked.join()
    finding = report.one("blocked")
    assert finding["object"] == "public.users"
    assert f"pid {pid_of(first)}" in finding["message"]


def test_an_open_transaction_that_holds_a_critical_table(diagnose, shop, session):
    """Nobody waits for it yet: the next migration would."""
    idle = session("forgotten shell")
    idle.execute("SELECT * FROM users")
    report = diagnose(shop.url)
    assert report.exit == 65
    finding = report.one("idle-in-transaction")
    assert finding["object"] == "public.users"
    assert f"pid {pid_of(idle)}" in finding["message"]
    idle.rollback()
    assert diagnose(shop.url).exit == 0


def test_a_prepared_transaction_that_holds_a_critical_table(diagnose, spare, project):
    """All wait for it and no session is in their way: it outlives its own, and a restart of the server."""
    project({"pgentry.yaml": "verify:\n  tables: [users]\n"})
    shop = spare.start(max_prepared_transactions=1).database()
    shop.as_app("CREATE TABLE users (id int)")
    shop.as_app("BEGIN; LOCK TABLE users; PREPARE TRANSACTION 'it''s lost'")
    assert diagnose(shop.url).one("prepared-transaction")
    spare.restart(max_prepared_transactions=1)
    report = diagnose(shop.url)
    finding = report.one("prepared-transaction")
    assert report.exit == 65 and finding["object"] == "public.users"
    assert f"it's lost of role {shop.user}, for " in finding["message"]
    assert report.run(re.sub("^# psql", "psql", finding["fix"], flags=re.M), PGPASSWORD=shop.password).returncode == 0
    assert diagnose(shop.url).exit == 0


def test_who_holds_prismas_lock(diagnose, shop, session):
    """With the query that looks at the holder, which runs as it is."""
    holder = session("stale prisma")
    holder.execute("SELECT pg_advisory_lock(%s)", (PRISMA_LOCK,))
    holder.commit()
    report = diagnose(shop.url)
    assert report.exit == 65
    finding = report.one("prisma-lock-held")
    assert finding["object"] == str(PRISMA_LOCK)
    assert f"pid {pid_of(holder)}" in finding["message"] and "stale prisma" in finding["message"]
    assert f"objid = {PRISMA_LOCK}" in finding["fix"]
    asked = report.run(finding["fix"], PGPASSWORD=shop.password)
    assert asked.returncode == 0 and "stale prisma" in asked.stdout, asked


def test_who_holds_our_lock(pgentry, diagnose, shop, project):
    """A boot that migrates at this moment."""
    project({"pgentry.yaml": ladder("- {name: slow, run: [./slow.sh], attempts: 1}", migrate="when: always"),
             "slow.sh": "#!/bin/sh\necho begun\nsleep 60\n"})
    boot = pgentry.start("run", "--", "true", url=shop.url)
    boot.wait_for("begun")
    report = diagnose(shop.url)
    boot.terminate()
    boot.wait()
    finding = report.one("migration-lock-held")
    assert "application pgentry" in finding["message"]
    assert "pg_locks" in finding["fix"]
    assert diagnose(shop.url).codes("warning") == set()


def test_an_index_that_was_left_half_built(diagnose, shop):
    """REINDEX as its owner, or DROP INDEX CONCURRENTLY; the first runs as it is printed."""
    shop.as_app("INSERT INTO users VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.as_app('CREATE UNIQUE INDEX CONCURRENTLY "users_Email_key" ON users (email)')
    report = diagnose(shop.url)
    assert report.exit == 65
    finding = report.one("invalid-index")
    assert finding["object"] == "public.users_Email_key"
    assert "REINDEX INDEX CONCURRENTLY" in finding["fix"] and "DROP INDEX CONCURRENTLY" in finding["fix"]
    shop.as_app("DELETE FROM users WHERE id = 2")
    mended = report.run(finding["fix"], PGPASSWORD=shop.password)
    assert mended.returncode == 0, mended
    assert diagnose(shop.url).exit == 0


@pytest.mark.parametrize("name", [INTRUDER, "x\x1b]"], ids=["a newline", "what a terminal waits for the end of"])
def test_an_index_s_name_is_never_a_command_of_the_shell_that_a_fix_is_pasted_into(pgentry, diagnose, shop, project, name):
    """It ends no comment and takes no quote away, neither in the document nor in the report for people."""
    shop.as_app("INSERT INTO users VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.as_app(f'CREATE UNIQUE INDEX CONCURRENTLY "{name}" ON users (email)')
    report = diagnose(shop.url)
    assert not report.paste(report.one("invalid-index")["fix"], project.folder)
    assert not report.paste(fixes(pgentry("diagnose", url=shop.url).stdout), project.folder)


def test_a_role_s_name_is_never_a_command_of_the_shell_that_a_fix_is_pasted_into(pgentry, diagnose, shop, project):
    """Whose session is in the way: of a statement, of the next migration, of Prisma's lock."""
    name = f"{shop.user}{INTRUDER}"
    shop.sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'x'; GRANT SELECT ON users TO \"{name}\"; GRANT pg_monitor TO {shop.user}")
    with (psycopg.connect(host="127.0.0.1", port=shop.cluster.port, dbname=shop.name, user=name, password="x") as intruder,
          psycopg.connect(shop.url) as waiter):
        intruder.execute("SELECT count(*), pg_advisory_lock(%s) FROM users", (PRISMA_LOCK,))
        blocked = threading.Thread(target=waiter.execute, args=("ALTER TABLE users ADD COLUMN name text",))
        blocked.start()
        wait_until(lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", pid_of(waiter)), what="the wait")
        report = diagnose(shop.url)
        shown = pgentry("diagnose", url=shop.url).stdout
        intruder.rollback()
        blocked.join()
    for code in ("blocked", "idle-in-transaction", "prisma-lock-held"):
        assert not report.paste(report.one(code)["fix"], project.folder), code
    assert not report.paste(fixes(shown), project.folder)


def test_the_name_of_a_missing_index_is_never_a_command_of_the_shell_that_a_fix_is_pasted_into(diagnose, shop, project):
    """It stands in the comment that says how to make it by hand."""
    project({"pgentry.yaml": 'verify:\n  tables: [{name: users, indexes: ["x\\n: > pwned #"]}]\n'})
    report = diagnose(shop.url)
    assert not report.paste(report.one("missing-index")["fix"], project.folder)


def test_an_index_that_is_being_built_is_a_note(diagnose, shop, session):
    """CREATE INDEX CONCURRENTLY, which waits for an older transaction: not to be dropped."""
    writer, builder = session("old transaction"), session("builder")
    writer.execute("INSERT INTO users VALUES (1, 'a')")
    builder.autocommit = True
    building = threading.Thread(target=builder.execute, args=("CREATE INDEX CONCURRENTLY by_email ON users (email)",))
    building.start()
    wait_until(lambda: shop.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", pid_of(builder)), what="the wait")
    report = diagnose(shop.url)
    writer.rollback()
    building.join()
    assert report.one("index-building")["severity"] == "info"
    assert "invalid-index" not in report.codes() and "blocked" in report.codes()
    assert diagnose(shop.url).exit == 0


def test_a_table_that_the_role_may_not_read_is_a_warning_although_no_privilege_was_listed(pgentry, diagnose, shop):
    """The application's role, and a table that the migrations' role made; a right on one column is a right."""
    shop.sql("ALTER TABLE users OWNER TO postgres; REVOKE ALL ON users FROM PUBLIC")
    report = diagnose(shop.url)
    assert report.exit == 65
    finding = report.one("missing-privilege")
    assert finding["severity"] == "warning" and finding["object"] == "public.users" and "no right to select" in finding["message"]
    assert 'GRANT SELECT ON TABLE "public"."users" TO' in finding["fix"]
    assert report.run(finding["fix"], PGPASSWORD="superuser").returncode == 0
    assert diagnose(shop.url).exit == 0
    assert "privileges" not in pgentry("diagnose", url=shop.url).stdout, "none was asked for"
    shop.sql(f'REVOKE ALL ON users FROM "{shop.user}"; GRANT SELECT (id) ON users TO "{shop.user}"')
    assert diagnose(shop.url).exit == 0


def test_a_schema_that_the_role_may_not_use_is_a_warning_although_no_privilege_was_listed(diagnose, shop, project):
    """Once, however many tables lie in it."""
    project({"pgentry.yaml": "verify: {schema: far, tables: [one, two]}\n"})
    shop.sql(f'CREATE SCHEMA far; CREATE TABLE far.one (); CREATE TABLE far.two ();'
             f' GRANT SELECT ON far.one, far.two TO "{shop.user}"')
    finding = diagnose(shop.url).one("missing-privilege")
    assert finding["severity"] == "warning" and finding["object"] == "schema far"


def test_a_role_that_may_create_nothing_in_the_schema_is_told_with_its_grant(diagnose, shop, project):
    """PostgreSQL 15, and a role that does not own the database: before the steps fail with 42501, and of their own role."""
    shop.sql(f'ALTER DATABASE "{shop.name}" OWNER TO postgres')
    shop.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as 15 begins
    step = "migrate: {steps: [{name: sql, sql: [more.sql]}]}\n"
    project({"pgentry.yaml": "verify: {tables: [users, more]}\n" + step, "more.sql": "CREATE TABLE more (id int);\n"})
    report = diagnose(shop.url)
    assert report.exit == 65
    finding = report.one("no-create-right")
    assert finding["severity"] == "error" and finding["object"] == "public" and shop.user in finding["message"]
    assert f'GRANT CREATE ON SCHEMA "public" TO "{shop.user}"' in finding["fix"]
    owner = f"postgresql://postgres:superuser@127.0.0.1:{shop.cluster.port}/{shop.name}"
    assert "no-create-right" not in diagnose(shop.url, env={"DIRECT_URL": owner}).codes(), "the steps' role may"
    assert report.run(finding["fix"], PGPASSWORD="superuser").returncode == 0
    assert diagnose(shop.url).codes() == {"missing-table"}
    project({"pgentry.yaml": "verify: {tables: [users]}\n" + step})
    shop.sql(f'REVOKE CREATE ON SCHEMA public FROM "{shop.user}"')
    assert diagnose(shop.url).exit == 0, "nothing is to be created"


def test_a_table_that_is_to_be_altered_and_is_another_role_s_is_told(diagnose, pgentry, shop, project):
    """Another role made it, a restored dump for instance: sync alone would fail with 42501 again."""
    project({"pgentry.yaml": "verify: {tables: [{name: users, columns: [age]}]}\nmigrate: {steps: [{name: sql, sql: [age.sql]}]}\n",
             "age.sql": "ALTER TABLE users ADD age int;\n"})
    assert "not-owner" not in diagnose(shop.url).codes()
    shop.sql(f'ALTER TABLE users OWNER TO postgres; GRANT SELECT ON users TO "{shop.user}"')
    report = diagnose(shop.url)
    finding = report.one("not-owner")
    assert finding["object"] == "public.users" and "but postgres" in finding["message"]
    assert pgentry("sync", "--force", url=shop.url).exit == 70
    assert report.run(finding["fix"], PGPASSWORD="superuser").returncode == 0
    assert pgentry("sync", "--force", url=shop.url).exit == 0
    shop.sql("ALTER TABLE users OWNER TO postgres")
    assert "not-owner" not in diagnose(shop.url).codes(), "nothing is to be altered"


def test_privileges_that_the_role_lacks(diagnose, shop, project):
    """GRANT by the owner, and it mends it as it is printed."""
    project({"pgentry.yaml": "verify:\n  tables: [{name: ledger, privileges: [select, insert]}]\n"})
    shop.sql("CREATE TABLE ledger (id int)")
    report = diagnose(shop.url)
    assert report.exit == 65
    missing = [finding for finding in report.findings if finding["code"] == "missing-privilege"]
    assert len(missing) == 2
    for finding in missing:
        assert "user=postgres" in finding["fix"]
        assert report.run(finding["fix"], PGPASSWORD="superuser").returncode == 0
    assert diagnose(shop.url).exit == 0


def test_columns_indexes_extensions_and_assertions_that_are_missing(diagnose, shop, project):
    """Each with its own finding."""
    project({"pgentry.yaml": """\
        verify:
          tables: [{name: users, columns: [id, name], indexes: [users_by_email]}]
          extensions: [pgcrypto, no_such_extension]
          asserts: [{name: somebody, sql: "SELECT count(*) > 0 FROM users"}]
        """})
    report = diagnose(shop.url)
    assert report.codes() == {"missing-column", "missing-index", "missing-extension", "assert-failed"}
    assert report.one("missing-column")["object"] == "public.users.name"
    extensions = {finding["object"]: finding for finding in report.findings if finding["code"] == "missing-extension"}
    assert "CREATE EXTENSION" in extensions["pgcrypto"]["fix"]
    assert "has no files of it" in extensions["no_such_extension"]["message"]
    asked = report.run(report.one("assert-failed")["fix"], PGPASSWORD=shop.password)
    assert asked.returncode == 0 and "f" in asked.stdout


def test_a_missing_index_comes_of_its_statement_once_the_columns_are_named(diagnose, shop, project):
    """A schema may not stand before the name of an index that is made."""
    project({"pgentry.yaml": "verify:\n  tables: [{name: users, indexes: [Users_by_email]}]\n"})
    fix = diagnose(shop.url).one("missing-index")["fix"]
    shop.as_app(fix[fix.index("CREATE INDEX"):].splitlines()[0].replace("the columns", "email"))
    assert diagnose(shop.url).exit == 0


def test_nothing_to_verify_is_a_note(diagnose, database):
    """An empty configuration proves the connection alone."""
    report = diagnose(database.url)
    assert report.exit == 0
    assert report.one("nothing-to-verify")["severity"] == "info"


def test_a_schema_prisma_that_cannot_be_read(diagnose, database, project):
    """An error where nothing else is verified, a warning where tables are listed by hand."""
    project({"prisma/schema.prisma": "model User {\n  id Int @id\n"})
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.one("schema-unreadable")["severity"] == "error"
    assert report.one("schema-unreadable")["fix"].endswith("\nnpx prisma validate --schema prisma/schema.prisma")
    database.as_app("CREATE TABLE users (id int)")
    report = diagnose(database.url, "--set", "verify.tables=[users]")
    assert report.one("schema-unreadable")["severity"] == "warning"
