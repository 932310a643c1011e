"""The main job with the real dbmate, whose history lies in schema_migrations."""
import pytest

APP = ("run", "--", "echo", "it runs")
VERIFY = "verify: {tables: [users, avatar_projects]}\n"


@pytest.fixture
def url(database):
    """dbmate's driver insists on TLS unless told otherwise."""
    return database.url_with(query="?sslmode=disable")


def migration(folder, name, sql):
    (folder / "db/migrations" / f"{name}.sql").write_text(f"-- migrate:up\n{sql}\n\n-- migrate:down\n")


def test_an_empty_database_is_migrated(pgentry, database, dbmate, url):
    """The preset is found by the folder db/migrations; no configuration of steps is needed."""
    (dbmate / "pgentry.yaml").write_text(VERIFY)
    done = pgentry(*APP, url=url)
    assert done.exit == 0, done
    assert database.tables() == ["avatar_projects", "schema_migrations", "users"]
    assert not (dbmate / "db/schema.sql").exists(), "nothing is dumped into the image"


def test_an_up_to_date_database_runs_no_step(pgentry, dbmate, url):
    """The history proves it."""
    (dbmate / "pgentry.yaml").write_text(VERIFY)
    assert pgentry(*APP, url=url).exit == 0
    done = pgentry(*APP, url=url)
    assert done.exit == 0, done
    assert not any(event["phase"] in ("migrating", "locking") for event in done.events), done


def test_a_pending_migration_is_applied(pgentry, database, dbmate, url):
    """One file more than the history."""
    (dbmate / "pgentry.yaml").write_text(VERIFY)
    assert pgentry(*APP, url=url).exit == 0
    migration(dbmate, "20250202000000_more", "CREATE TABLE more (id int);")
    assert pgentry(*APP, url=url).exit == 0
    assert "more" in database.tables()


def test_a_failing_migration_is_70_and_leaves_nothing(pgentry, database, dbmate, url):
    """dbmate's status 2 and its message are told; the earlier migration stays, the application never starts."""
    (dbmate / "pgentry.yaml").write_text(VERIFY + "migrate: {steps: [{name: dbmate up,"
                                         " run: [dbmate, --no-dump-schema, up], attempts: 1}]}\n")
    migration(dbmate, "20250202000000_bad", "CREATE TABLE more (id int);\nALTER TABLE nowhere ADD COLUMN y int;")
    done = pgentry(*APP, url=url)
    assert done.exit == 70, done
    assert "nowhere" in done.stderr and "it runs" not in done.stdout
    assert "more" not in database.tables() and "users" in database.tables()


def test_a_step_that_hangs_after_its_work_was_done_counts_as_done(pgentry, database, dbmate, url):
    """Rule 3: timed out, but the migrations are recorded and the schema verifies: a warning, and the application starts."""
    (dbmate / "pgentry.yaml").write_text(VERIFY + "migrate:\n  preset: dbmate\n  steps:\n    - name: dbmate up\n"
                                         "      run: node_modules/.bin/dbmate --no-dump-schema up && sleep 1000\n      timeout: 4s\n")
    done = pgentry(*APP, url=url)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert any(event["level"] == "warn" and "dbmate up" in event["msg"] for event in done.events), done


def test_migrations_that_are_gone_locally_keep_raw_sql_away(pgentry, database, dbmate, url):
    """An older image on a newer schema: only the history's own tool runs."""
    (dbmate / "pgentry.yaml").write_text(VERIFY)
    assert pgentry(*APP, url=url).exit == 0
    database.as_app("INSERT INTO schema_migrations VALUES ('20990101000000'); DROP TABLE avatar_projects")
    (dbmate / "fallback.sql").write_text("CREATE TABLE avatar_projects (id int)")
    (dbmate / "pgentry.yaml").write_text(VERIFY + "migrate:\n  preset: dbmate\n  steps:\n"
                                         "    - {name: dbmate up, run: [dbmate, --no-dump-schema, up]}\n"
                                         "    - {name: raw SQL, sql: [fallback.sql]}\n")
    done = pgentry(*APP, url=url)
    assert done.exit == 65, done
    assert "avatar_projects" not in database.tables()
