"""diagnose: what was recorded beside what lies in the project, with the real tools (contract section 7)."""
import os
import shutil
import subprocess

import migrators
import pytest
from conftest import Prisma
from diagnosis import INTRUDER, fixes

INIT = "20250101000000_init"
BAD = "20250202000000_bad"
WITH_LEDGER = [kind for kind in migrators.ALL if kind.ledger and kind is not migrators.Prisma]  # Prisma: all the others here


GENERATOR = 'provider   = "prisma-client-js"'


def with_output(prisma):
    """The client goes into the project's own folder: the installed packages are shared by all tests."""
    schema = prisma.folder / "prisma/schema.prisma"
    schema.write_text(schema.read_text().replace(GENERATOR, GENERATOR + '\n  output = "../generated"'))
    return prisma


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A folder with what `prisma generate` makes, once for all tests."""
    folder = tmp_path_factory.mktemp("client")
    made = with_output(Prisma(folder))("generate", url="postgresql://nobody@127.0.0.1/nothing")
    assert made.returncode == 0, made.stdout
    return folder / "generated"


@pytest.fixture
def prisma(project, client):
    shutil.copytree(client, project.folder / "generated")
    return with_output(Prisma(project.folder))


@pytest.fixture
def paste(prisma, database):
    """paste(fix): runs it in the project's folder, as a person would in the container."""
    def run(fix):
        env = {"PATH": os.environ["PATH"], "HOME": str(prisma.folder), "DATABASE_URL": database.url,
               "PGPASSWORD": database.password, **prisma.env}
        done = subprocess.run(["sh", "-e", "-c", fix], cwd=prisma.folder, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        assert done.returncode == 0, done.stdout
        return done
    return run


def commands(fix, word):
    """The lines of a fix that hold a word, with those that are only proposed."""
    return [line.removeprefix("# ") for line in fix.splitlines() if word in line]


def test_pending_migrations_are_named(diagnose, database, prisma):
    """Everything, before the first boot."""
    report = diagnose(database.url)
    assert report.exit == 65
    finding = report.one("migrations-pending")
    assert INIT in finding["message"] and finding["fix"] == "pgentry sync"


def test_nothing_pending_is_0(diagnose, database, prisma):
    """Applied by the real CLI."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    report = diagnose(database.url)
    assert report.exit == 0, report.findings


def test_p3009_has_its_logged_error_and_both_commands_that_mend_it(diagnose, database, prisma, paste):
    """A migration that failed: resolve it as rolled back, correct it, and it is applied."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma("migrate", "deploy", url=database.url)
    report = diagnose(database.url)
    assert report.exit == 65
    finding = report.one("migration-failed")
    assert finding["object"] == BAD
    assert "No such table: nowhere" in finding["message"]
    rolled_back, applied = commands(finding["fix"], "migrate resolve")
    assert rolled_back == f"npx prisma migrate resolve --rolled-back {BAD}"
    assert applied == f"npx prisma migrate resolve --applied {BAD}"
    paste(rolled_back)
    assert diagnose(database.url).codes() == {"migrations-pending"}
    prisma.migration(BAD, "CREATE TABLE nowhere (y int);")
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    assert diagnose(database.url).exit == 0


def test_each_of_several_failed_migrations_has_its_logged_error_and_its_commands(diagnose, database, prisma, paste):
    """What is not resolved keeps every further one from being applied, so all are told."""
    later = "20250303000000_later"
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma.migration(later, "CREATE TABLE later (id int);")
    prisma("migrate", "deploy", url=database.url)
    database.sql("INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at, applied_steps_count)"
                 " VALUES ('1', 'x', %s, 'broken by hand\n\nDatabase error code: 42P07', now(), 0)", later)
    report = diagnose(database.url)
    failed = {one["object"]: one for one in report.findings if one["code"] == "migration-failed"}
    assert list(failed) == [BAD, later]
    assert "No such table: nowhere" in failed[BAD]["message"] and "broken by hand" in failed[later]["message"]
    assert "42P07" in {one["object"] for one in report.findings if one["code"] == "known-error"}
    for one in failed.values():
        paste(commands(one["fix"], "migrate resolve")[0])
    assert diagnose(database.url).codes() == {"migrations-pending"}


def test_what_the_ledger_says_is_never_a_command_of_the_shell_that_a_fix_is_pasted_into(pgentry, diagnose, database, prisma):
    """Neither a migration's name nor its logged error, whose lines are marked in the report for people."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.sql("INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at, applied_steps_count)"
                 " VALUES ('1', 'x', %s, E'broken\\n      : > pwned', now(), 0)", INTRUDER)
    report = diagnose(database.url)
    assert not report.paste(report.one("migration-failed")["fix"], prisma.folder)
    shown = pgentry("diagnose", url=database.url).stdout
    assert "\n  |       : > pwned\n" in shown
    assert not report.paste(fixes(shown), prisma.folder)


def test_the_codes_in_a_logged_error_are_explained(diagnose, database, prisma):
    """As Prisma's native engine logs them; a password in it is masked."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma("migrate", "deploy", url=database.url)
    database.sql("UPDATE _prisma_migrations SET logs = %s WHERE finished_at IS NULL",
                 f"A migration failed to apply.\n\nDatabase error code: 42703\n\nDatabase error:\nERROR: {database.password}")
    report = diagnose(database.url)
    assert {"P3009", "42703"} <= {one["object"] for one in report.findings if one["code"] == "known-error"}
    assert database.password not in report.one("migration-failed")["message"]


@pytest.mark.parametrize("code", ["42P07", "42701", "42710", "42P06"])
def test_a_failed_migration_whose_work_is_there_already_is_recorded_as_applied(diagnose, database, prisma, paste, code):
    """db push made it meanwhile: rolled back, it would fail the same way for ever."""
    prisma.migration(BAD, "ALTER TABLE users ADD COLUMN nick text;")
    prisma("migrate", "deploy", url=database.url)
    database.sql("UPDATE _prisma_migrations SET finished_at = NULL, logs = %s WHERE migration_name = %s",
                 f"A migration failed to apply.\n\nMigration name: {BAD}\n\nDatabase error code: {code}\n", BAD)
    report = diagnose(database.url)
    finding = report.one("migration-failed")
    assert "is there already" in finding["message"] and "by hand" in finding["message"]
    assert "--rolled-back" not in finding["fix"]
    applied, = (line for line in finding["fix"].splitlines() if "migrate resolve" in line)
    assert applied == f"npx prisma migrate resolve --applied {BAD}"
    explained = {one["object"]: one["fix"] for one in report.findings if one["code"] == "known-error"}
    assert f"--applied {BAD}" in explained["P3009"] and "mark it as applied" in explained[code]
    if code == "42701":
        paste(applied)
        assert "migration-failed" not in diagnose(database.url).codes()


def test_what_explains_p3009_names_the_migration_too(diagnose, database, prisma):
    """And never a placeholder, where the name is known."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma("migrate", "deploy", url=database.url)
    p3009, = (one for one in diagnose(database.url).findings if one["object"] == "P3009")
    assert f"migrate resolve --rolled-back {BAD}" in p3009["fix"] and "NAME" not in p3009["fix"]


def test_a_code_of_prisma_is_told_of_where_prisma_migrates_alone(diagnose, database, prisma):
    """To whoever has another tool it says nothing."""
    wrong = database.url_with(password="wrong")
    assert any(one["object"] == "P1000" for one in diagnose(wrong).findings)
    report = diagnose(wrong, "--set", "migrate.preset=none")
    assert report.one("wrong-password") and not any(one["object"].startswith("P1") for one in report.findings)


def test_p3009_of_work_that_is_done_is_recorded_as_applied(diagnose, database, prisma, paste):
    """The other command, in a project in a folder of its own."""
    (prisma.folder / "pgentry.yaml").write_text(
        "migrate:\n  steps: [{name: deploy, run: [prisma, migrate, deploy, --schema, prisma/schema.prisma], cwd: .}]\n")
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma("migrate", "deploy", url=database.url)
    _, applied = commands(diagnose(database.url).one("migration-failed")["fix"], "migrate resolve")
    assert applied.endswith(" --schema prisma/schema.prisma")
    paste(applied)
    assert diagnose(database.url).exit == 0


def test_p3005_has_the_recipe_of_a_baseline(diagnose, database, prisma, paste):
    """A database that db push made: the printed loop records what is in it, and nothing is pending."""
    assert prisma(*prisma.push, url=database.url).returncode == 0
    report = diagnose(database.url)
    assert report.exit == 65
    finding = report.one("no-baseline")
    assert INIT in finding["fix"]
    assert any(one["object"] == "P3005" for one in report.findings)
    paste(commands(finding["fix"], "migrate resolve")[0])
    assert diagnose(database.url).exit == 0


def test_p3005_without_a_migration_to_record_leads_to_the_steps_of_a_pushed_project(pgentry, diagnose, database, prisma):
    """`migrate deploy` refuses that database although it has nothing to deploy; a baseline of nothing mends nothing."""
    shutil.rmtree(prisma.folder / "prisma/migrations")
    assert prisma(*prisma.push, url=database.url).returncode == 0
    assert "P3005" in prisma("migrate", "deploy", url=database.url).stdout
    report = diagnose(database.url)
    assert "P3005" in report.one("note")["message"]
    command = report.one("no-baseline")["fix"].splitlines()[-1].split()
    assert command[0] == "pgentry" and "resolve" not in report.one("no-baseline")["fix"]
    (prisma.folder / "pgentry.yaml").write_text(pgentry(*command[1:]).stdout)
    assert diagnose(database.url).exit == 0


def test_an_edited_migration(diagnose, database, prisma):
    """A warning that names it."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    path = prisma.folder / "prisma/migrations" / INIT / "migration.sql"
    path.write_text(path.read_text() + "\n-- an afterthought\n")
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.codes() == {"migration-edited"}
    assert report.one("migration-edited")["object"] == INIT


def test_an_older_image_on_a_newer_schema(diagnose, database, prisma):
    """Recorded as applied, and not here."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    prisma.migration("20250303000000_newer", "CREATE TABLE newer (id int);")
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    subprocess.run(["rm", "-r", str(prisma.folder / "prisma/migrations/20250303000000_newer")], check=True)
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.one("migration-gone")["object"] == "20250303000000_newer"


def test_recorded_as_applied_while_its_tables_are_gone(diagnose, database, prisma):
    """Both are told: the table, and that no migration will ever make it again."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.sql('DROP TABLE "_AvatarProjectToTag", avatar_projects')
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.codes() == {"missing-table", "applied-but-gone"}
    finding = report.one("applied-but-gone")
    assert "public.avatar_projects" in finding["message"]


@pytest.mark.parametrize("kind", [*WITH_LEDGER, migrators.Prisma], ids=lambda kind: kind.name)
def test_no_fix_is_a_run_of_the_tool_whose_history_proves_all_applied(diagnose, database, project, kind):
    """A table dropped by hand, and no step but the history's own tool: another run makes nothing."""
    migrator = kind(project.folder)
    (project.folder / "pgentry.yaml").write_text(migrator.steps() + "verify: {tables: [users]}\n")
    migrator(migrator.apply, database)
    database.sql("DROP TABLE users CASCADE")
    report = diagnose(migrator.url(database), env=migrator.env)
    fix = report.one("missing-table" if kind is not migrators.Prisma else "applied-but-gone")["fix"]
    assert all(one["fix"] == fix for one in report.findings if one["code"] in ("missing-table", "applied-but-gone"))
    assert "sync" not in fix and "CREATE TABLE IF NOT EXISTS" in fix and fix.endswith("\npgentry verify")


@pytest.mark.parametrize("kind, command", [(migrators.Django, "python3 manage.py showmigrations"), (migrators.Alembic, "alembic current"),
                                           (migrators.Knex, "npx knex migrate:list"), (migrators.Drizzle, "__drizzle_migrations")],
                         ids=lambda value: getattr(value, "name", ""))
def test_of_a_tool_whose_history_is_not_read_its_own_command_tells(pgentry, diagnose, database, project, kind, command):
    """It keeps one: what it believes applied it never makes again, and sync is for what is pending there."""
    migrator = kind(project.folder)
    (project.folder / "pgentry.yaml").write_text(migrator.steps() + "verify: {tables: [users]}\n")
    migrator(migrator.apply, database)
    shown = pgentry("diagnose", url=migrator.url(database), env=migrator.env).stdout
    assert "keeps none" not in shown and f"does not read the history of {kind.name}" in shown and command in shown
    database.sql("DROP TABLE users CASCADE")
    fix = diagnose(migrator.url(database), env=migrator.env).one("missing-table")["fix"]
    assert command in fix and "--force" not in fix and "new migration" in fix


def test_no_fix_is_one_that_pgentry_refuses_for_migrations_that_are_not_local(diagnose, database, prisma):
    """An older image may run nothing but the history's own tool: what makes a lost table is the image that knows them."""
    newer = "20250303000000_newer"
    prisma.migration(newer, "CREATE TABLE newer (id int);")
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    shutil.rmtree(prisma.folder / "prisma/migrations" / newer)
    database.sql('DROP TABLE "_AvatarProjectToTag", avatar_projects')
    report = diagnose(database.url)
    assert {"missing-table", "applied-but-gone", "migration-gone"} <= report.codes()
    fixes = {one["fix"] for one in report.findings if one["code"] in ("missing-table", "applied-but-gone")}
    assert len(fixes) == 1
    fix = fixes.pop()
    assert "pgentry sync" not in fix and "deploy the image that has them" in fix
    assert newer in report.run(fix, PGPASSWORD=database.password).stdout


def test_tables_are_gone_while_another_migration_is_pending(diagnose, database, prisma):
    """The pending one makes a table of its own: that one will come, the other one will not."""
    schema = prisma.folder / "prisma/schema.prisma"
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.sql('DROP TABLE "_AvatarProjectToTag", avatar_projects')
    prisma.migration("20250303000000_orders", "CREATE TABLE orders (id integer PRIMARY KEY);")
    schema.write_text(schema.read_text() + "\nmodel orders {\n  id Int @id\n}\n")
    report = diagnose(database.url)
    assert report.exit == 65
    assert {"missing-table", "applied-but-gone", "migrations-pending"} <= report.codes()
    finding = report.one("applied-but-gone")
    assert "public.avatar_projects" in finding["message"] and "orders" not in finding["message"]


def test_a_history_that_the_role_may_not_read(diagnose, database, prisma):
    """Or that is something else of that name."""
    database.sql("CREATE TABLE _prisma_migrations (migration_name text, checksum text, finished_at timestamptz,"
                 " rolled_back_at timestamptz, started_at timestamptz, logs text)")
    report = diagnose(database.url)
    finding = report.one("history-denied")
    assert 'GRANT SELECT ON "public"."_prisma_migrations" TO' in finding["fix"]
    assert report.run(finding["fix"], PGPASSWORD="superuser").returncode == 0  # as the owner: the role itself may not
    assert diagnose(database.url).one("migrations-pending")
    database.sql("ALTER TABLE _prisma_migrations DROP COLUMN checksum")
    assert diagnose(database.url).one("history-unreadable")


def test_a_history_that_is_locked_is_not_taken_for_another_table(diagnose, database, prisma):
    """The printed command names who has it."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    with database.direct() as holder, holder.transaction():
        holder.execute("LOCK TABLE _prisma_migrations")
        report = diagnose(database.url)
        finding = report.one("history-late")
        asked = report.run(finding["fix"], PGPASSWORD=database.password)
        assert str(holder.info.backend_pid) in asked.stdout, asked.stderr
    assert report.exit == 65 and "history-unreadable" not in report.codes()
    assert diagnose(database.url).exit == 0


def test_a_generated_client_that_is_older_than_its_schema(diagnose, database, prisma, paste):
    """A column that it does not know; the printed command mends it."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    schema = prisma.folder / "prisma/schema.prisma"
    schema.write_text(schema.read_text().replace("  email    String", "  nick String?\n  email    String"))
    prisma.migration("20250303000000_nick", "ALTER TABLE users ADD COLUMN nick text;")
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.codes() == {"client-older"}
    finding = report.one("client-older")
    assert "users.nick" in finding["message"]
    paste(finding["fix"])
    assert diagnose(database.url).exit == 0


@pytest.mark.parametrize("before, after, what", [
    ("  ADMIN\n", "  ADMIN\n  OWNER\n", "Role.OWNER"), ("  name   String", "  name   String?", "avatar_projects.name as it is now"),
    ("  label    String", "  label    Int", "Tag.label as it is now"), ("  label    String", "", "Tag.label, which is not in it"),
    ('@@map("users")', '@@map("people")', "model User as it is now")],
    ids=["a value of an enum", "a field that may be NULL now", "a field's type", "a field that is gone", "a table's name"])
def test_a_generated_client_is_older_by_whatever_its_queries_depend_on(diagnose, database, prisma, before, after, what):
    """Compared with the copy of the schema that it was generated from."""
    schema = prisma.folder / "prisma/schema.prisma"
    schema.write_text(schema.read_text().replace(before, after))
    assert what in diagnose(database.url).one("client-older")["message"]


def test_a_client_that_was_never_generated(diagnose, database, prisma):
    """At its output, and without one beside the package @prisma/client."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    shutil.rmtree(prisma.folder / "generated")
    report = diagnose(database.url)
    assert report.exit == 65
    assert report.codes() == {"client-missing"}
    schema = prisma.folder / "prisma/schema.prisma"
    schema.write_text(schema.read_text().replace('output = "../generated"', ""))
    report = diagnose(database.url)
    assert "node_modules/.prisma/client" in report.one("client-missing")["message"]


def test_a_client_whose_package_is_listed_and_not_installed_is_missing(diagnose, database, prisma):
    """An image for migrations alone lists none, and lacks nothing."""
    schema, package = prisma.folder / "prisma/schema.prisma", prisma.folder / "package.json"
    schema.write_text(schema.read_text().replace('output = "../generated"', ""))
    (prisma.folder / "node_modules").unlink()

    def missing(content):
        package.write_text(content)
        return [one["message"] for one in diagnose(database.url).findings if one["code"] == "client-missing"]
    for section in ("dependencies", "devDependencies"):
        message, = missing('{"%s": {"@prisma/client": "6.19.3"}}' % section)
        assert "node_modules/@prisma/client" in message
    assert missing('{"dependencies": {"prisma": "6.19.3"}}') == []
    (prisma.folder / ".pnp.cjs").write_text("")
    assert missing('{"dependencies": {"@prisma/client": "6.19.3"}}') == []


@pytest.mark.parametrize("kind", WITH_LEDGER, ids=lambda kind: kind.name)
def test_every_tool_with_a_ledger_is_compared(diagnose, database, project, kind):
    """Pending, applied, and recorded but gone."""
    migrator = kind(project.folder)
    url = migrator.url(database)

    def codes():
        return diagnose(url, env=migrator.env).codes()
    assert codes() == {"migrations-pending"}
    migrator(migrator.apply, database)
    newer = migrator.add(2, "more")
    migrator(migrator.apply, database)
    assert codes() == set()
    migrator.remove(newer)
    assert codes() == {"migration-gone"}
