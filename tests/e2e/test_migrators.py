"""The main job with every migration tool that has a preset: the real tool, a project with its first migration (the table
users) and a configuration that names no step. The last word is always the tool's own: what it would apply is applied."""
import migrators
import pytest

APP = ("run", "--", "echo", "it runs")
VERIFY = "verify: {tables: [users]}\n"
WITH_LEDGER = [kind for kind in migrators.ALL if kind.ledger]


def named(kind):
    return kind.name


@pytest.fixture(params=migrators.ALL, ids=named)
def migrator(request, project):
    migrator = request.param(project.folder)
    migrator.write("pgentry.yaml", VERIFY)
    return migrator


@pytest.fixture
def boot(pgentry, database, migrator):
    """One boot with the tool's project."""
    return lambda *args, **env: pgentry(*(args or APP), url=migrator.url(database), env={**migrator.env, **env})


def migrated(done):
    """Whether a step ran."""
    return any(event["phase"] in ("migrating", "locking") for event in done.events)


def test_a_new_database_is_migrated_and_the_next_boot_finds_nothing_to_do(boot, database, migrator):
    """The tool is found by its files. A history that can be read proves the second boot's case; else the step runs again."""
    done = boot()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert "users" in database.tables()
    again = boot()
    assert again.exit == 0 and again.stdout == "it runs\n", again
    assert migrated(again) == (not migrator.ledger), again


def test_what_is_pending_is_applied_also_what_was_rolled_back(boot, database, migrator):
    """One migration more than recorded; then the tool takes it back, and it is pending once more."""
    migrator(migrator.apply, database)
    migrator.add(2, "more")
    done = boot()
    assert done.exit == 0, done
    assert "more" in database.tables()
    if migrator.revert:
        migrator(migrator.revert, database)
        assert "more" not in database.tables()
        assert boot().exit == 0
        assert "more" in database.tables()


def test_a_migration_that_fails_is_70_until_it_is_mended(boot, database, migrator):
    """The tool's status and what it said are told; nothing half done stays, the application does not start."""
    bad = migrator.add_bad(2)
    migrator.write("pgentry.yaml", VERIFY + migrator.steps())
    done = boot()
    assert done.exit == 70 and done.stdout == "", done
    assert done.said("step the tool failed, attempt 1 of 1: exit status ") == 1, done
    assert done.said(migrator.refusal), done
    assert "half" not in database.tables()
    bad.write_text(bad.read_text().replace("ALTER TABLE nowhere ADD COLUMN y int", "SELECT 1"))
    done = boot()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert {"users", "half"} <= set(database.tables())


def test_an_edit_after_it_was_applied_runs_nothing_twice(boot, database, migrator):
    """The tools with a history go by names: an edited file is no new migration for them, nor for us."""
    path = migrator.add(2, "more")
    migrator(migrator.apply, database)
    migrator.edit(path)
    done = boot()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert "edited" not in database.tables()


@pytest.mark.parametrize("migrator, column", [
    (migrators.Dbmate, "version"), (migrators.NodePgMigrate, "name")], ids=lambda given: getattr(given, "name", ""),
    indirect=["migrator"])
def test_a_name_that_the_ledger_pads_is_not_the_name(boot, database, migrator, column):
    """A ledger made by hand with char(n): to the tool its blanks are part of the name, and nothing is applied."""
    migrator(migrator.apply, database)
    assert not migrated(boot())
    database.sql(f"ALTER TABLE {migrator.table} ALTER {column} TYPE char(99)")
    migrator.write("pgentry.yaml", VERIFY + migrator.steps())
    done = boot()
    assert done.exit == 70 and done.stdout == "", done


@pytest.mark.parametrize("migrator", WITH_LEDGER, ids=named, indirect=True)
def test_what_is_recorded_but_gone_locally_keeps_raw_sql_away(boot, database, migrator):
    """An older image on a newer schema starts if its own migrations are recorded, and mends nothing by other means."""
    newer = migrator.add(2, "more")
    migrator(migrator.apply, database)
    migrator.remove(newer)
    done = boot()
    assert done.exit == 0 and not migrated(done), done
    database.sql("DROP TABLE users CASCADE")
    migrator.write("fallback.sql", "CREATE TABLE users (id int)")
    migrator.write("pgentry.yaml", VERIFY + migrator.steps("    - {name: raw SQL, sql: [fallback.sql]}\n"))
    done = boot()
    assert done.exit in (65, 70) and done.stdout == "", done
    assert "raw SQL is skipped" in done.stderr
    assert "users" not in database.tables()


@pytest.mark.parametrize("migrator, refusal", [
    (migrators.Alembic, "Can't locate revision identified by"), (migrators.Knex, "migration directory is corrupt"),
    (migrators.Django, None), (migrators.Drizzle, None)], ids=lambda given: getattr(given, "name", ""), indirect=["migrator"])
def test_without_a_history_it_is_the_tool_that_says_what_is_gone(boot, database, migrator, refusal):
    """An older image on a newer schema: its step runs, and Alembic and Knex refuse to; Django and Drizzle do not mind."""
    newer = migrator.add(2, "more")
    migrator(migrator.apply, database)
    migrator.remove(newer)
    migrator.write("pgentry.yaml", VERIFY + migrator.steps())
    done = boot()
    assert done.exit == (70 if refusal else 0) and done.stdout == ("" if refusal else "it runs\n"), done
    assert refusal is None or done.said(refusal) and done.said("NEWER: the database records a migration that this image"), done
    migrator.write("pgentry.yaml", VERIFY + "migrate: {steps: []}\n")
    assert boot().stdout == "it runs\n", "what the message advises"


@pytest.mark.parametrize("migrator", [migrators.Dbmate], ids=named, indirect=True)
def test_a_step_that_hangs_after_its_work_was_done_counts_as_done(boot, migrator):
    """Rule 3: timed out, but the migrations are recorded and the schema verifies: a warning, and the application starts."""
    migrator.write("pgentry.yaml", VERIFY + "migrate:\n  preset: dbmate\n  steps:\n    - name: dbmate up\n"
                   "      run: node_modules/.bin/dbmate --no-dump-schema up && sleep 1000\n      timeout: 4s\n")
    done = boot()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert any(event["level"] == "warn" and "dbmate up" in event["msg"] for event in done.events), done


@pytest.mark.parametrize("migrator", [migrators.Dbmate], ids=named, indirect=True)
def test_a_tool_that_insists_on_tls_where_the_server_has_none_is_told_how_to_do_without(boot, migrator):
    """dbmate's driver does unless the URL says otherwise; that a second attempt does not mend."""
    migrator.query = ""
    done = boot()
    assert done.exit == 70 and done.said("attempt 1 of 3") and not done.said("attempt 2 of 3"), done
    assert done.said("NOTLS") and done.said("?sslmode=disable"), done
    migrator.query = "?sslmode=disable"
    assert boot().stdout == "it runs\n", "what the message advises"


@pytest.mark.parametrize("migrator", [migrators.Dbmate], ids=named, indirect=True)
def test_dbmate_dumps_no_schema_into_the_image(boot, migrator):
    """The root may be read-only, and pg_dump missing."""
    assert boot().exit == 0
    assert not (migrator.folder / "db/schema.sql").exists()


def test_init_writes_a_file_that_boots_the_project(pgentry, boot, database, migrator):
    """What is written names the tool, is accepted without a warning, and brings the schema up."""
    (migrator.folder / "pgentry.yaml").unlink()
    assert pgentry("init").exit == 0
    assert f"preset: {migrator.name} " in (migrator.folder / "pgentry.yaml").read_text()
    checked = pgentry("config", url=migrator.url(database), env=migrator.env)
    assert checked.exit == 0 and checked.stderr == "", checked
    done = boot()
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert "users" in database.tables()
