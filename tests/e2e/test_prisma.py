"""The main job with Prisma's real CLI and engine, 6 and 7, and no configuration file unless a test is about one."""
import json
import os
import shutil
import subprocess
import threading

import pytest
from supervisor import wait_until

pytestmark = pytest.mark.parametrize("prisma", [6, 7], indirect=True)

APP = ("run", "--", "echo", "it runs")
ALL = ["Tag", "_AvatarProjectToTag", "_prisma_migrations", "avatar_projects", "users"]
BAD = "20250202000000_bad"
FALLBACK = """\
CREATE TABLE IF NOT EXISTS avatar_projects (id serial PRIMARY KEY, "userId" int NOT NULL, name text NOT NULL);
CREATE INDEX IF NOT EXISTS "avatar_projects_userId_idx" ON avatar_projects ("userId");
"""
DEPLOY = """\
migrate:
  preset: prisma
  steps: [{name: migrate deploy, run: [prisma, migrate, deploy], permanent_errors: [P3005, P3009, P3018]}]
"""
LADDER = """\
verify: {tables: [users, avatar_projects], prisma_schema: "off"}
migrate:
  preset: prisma
  steps:
    - {name: migrate deploy, run: [prisma, migrate, deploy], permanent_errors: [P3005, P3009, P3018]}
    - {name: db push, run: [DB_PUSH], attempts: 1}
    - {name: raw SQL, sql: [fallback.sql]}
"""


def test_an_empty_database_is_migrated(pgentry, database, prisma):
    """A container with DATABASE_URL and a Prisma project needs no configuration file."""
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert database.tables() == ALL


def test_a_schema_that_only_verify_names_is_migrated_too(pgentry, database, prisma):
    """In a monorepo: the preset's steps name it to Prisma, whose migrations lie beside it."""
    (prisma.folder / "packages/db").mkdir(parents=True)
    (prisma.folder / "prisma").rename(prisma.folder / "packages/db/prisma")
    prisma.configure("verify: {prisma_schema: packages/db/prisma/schema.prisma}\n")
    # Prisma 6 learns from a schema in a default place alone that no query engine is needed: any file passes for one.
    env = {**prisma.env, "PRISMA_QUERY_ENGINE_LIBRARY": prisma.env["PRISMA_SCHEMA_ENGINE_BINARY"]}
    done = pgentry(*APP, url=database.url, env=env)
    assert done.exit == 0, done
    assert database.tables() == ALL
    assert not any("local migrations" in event["msg"] for event in done.events), done
    again = pgentry(*APP, url=database.url, env={**env, "PRISMA_SCHEMA_ENGINE_BINARY": "/nonexistent"})
    assert again.exit == 0 and not any(event["phase"] == "migrating" for event in again.events), again


def test_an_up_to_date_database_runs_no_step(pgentry, database, prisma):
    """The history proves every local migration applied: neither a step nor the lock."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    done = pgentry(*APP, url=database.url, env={**prisma.env, "PRISMA_SCHEMA_ENGINE_BINARY": "/nonexistent"})
    assert done.exit == 0, done
    assert done.seconds < 3, "a step ran"
    assert not any(event["phase"] in ("migrating", "locking") for event in done.events), done


def test_a_new_migration_is_applied_at_the_next_boot(pgentry, database, prisma):
    """Pending: recorded one, local two."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    prisma.migration("20250202000000_more", "CREATE TABLE more (id int);")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert "more" in database.tables()


def test_a_ledger_that_says_applied_with_the_table_gone_does_not_convince(pgentry, database, prisma):
    """History up to date, table dropped by hand: unverified, never the application."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.sql('DROP TABLE "_AvatarProjectToTag", avatar_projects')
    done = pgentry(*APP, url=database.url, env={**prisma.env})
    assert "it runs" not in done.stdout or "avatar_projects" in database.tables(), done
    assert (done.exit == 0) == ("avatar_projects" in database.tables()), done


def test_a_failing_migration_is_p3018_and_p3009_at_the_next_boot(pgentry, database, prisma):
    """Both are permanent: one attempt each, told with the migration's name; the application never starts."""
    prisma.migration(BAD, "CREATE TABLE more (id int);\nALTER TABLE nowhere ADD COLUMN y int;")
    prisma.configure(DEPLOY)
    first = pgentry(*APP, url=database.url, env=prisma.env)
    assert first.exit == 70, first
    assert "P3018" in first.stderr and BAD in first.stderr and "42P01" in first.stderr
    assert f"prisma migrate resolve --rolled-back {BAD};" in first.stderr and "resolve --rolled-back NAME" not in first.stderr
    assert first.said("Error: P3018") == 1, "it was tried again"
    second = pgentry(*APP, url=database.url, env=prisma.env)
    assert second.exit == 70, second
    assert "P3009" in second.stderr and f"prisma migrate resolve --rolled-back {BAD};" in second.stderr
    assert second.said("Error: P3009") == 1, "it was tried again"
    assert "it runs" not in first.stdout + second.stdout


def test_a_migration_resolved_as_rolled_back_is_applied_again(pgentry, database, prisma):
    """What a person does after P3018: mends the file, says `migrate resolve`, boots."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    assert "P3018" in prisma("migrate", "deploy", url=database.url).stdout
    assert prisma("migrate", "resolve", "--rolled-back", BAD, url=database.url).returncode == 0
    prisma.migration(BAD, "CREATE TABLE more (id int);")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert "more" in database.tables()
    assert database.sql("SELECT rolled_back_at IS NOT NULL, finished_at IS NOT NULL FROM _prisma_migrations"
                        " WHERE migration_name = %s ORDER BY started_at", BAD) == [(True, False), (False, True)]


def test_a_logged_error_of_several_lines_is_one_line_of_text(pgentry, database, prisma):
    """The history holds the engine's error with line breaks: one line an event all the same, and that the one that tells."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    assert prisma("migrate", "deploy", url=database.url).returncode == 1
    prisma.configure(DEPLOY)
    done = pgentry(*APP, url=database.url, env={**prisma.env, "PGENTRY_LOG_FORMAT": "text"})
    assert done.exit == 70, done
    told, = (line for line in done.stderr.splitlines() if "is recorded as failed: " in line)
    assert "nowhere" in told and "\\x0A" not in done.stderr, told
    assert all(line[:2] == "20" and line[19] == "." for line in done.stderr.splitlines()), done


def test_p3009_is_repaired_by_raw_sql(pgentry, database, prisma):
    """The story of the avatar_projects table: deploy refuses, db push would drop, raw SQL repairs, all verify."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.as_app('DROP TABLE "_AvatarProjectToTag", avatar_projects; ALTER TABLE users ADD COLUMN legacy text')
    database.as_app("INSERT INTO users (email, legacy) VALUES ('a@b.c', 'keep me')")
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    assert "P3018" in prisma("migrate", "deploy", url=database.url).stdout
    prisma.configure(LADDER)
    (prisma.folder / "fallback.sql").write_text(FALLBACK)
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"
    assert "P3009" in done.stderr
    assert done.said('DROP COLUMN "legacy"'), "what db push would have done is shown"
    assert "ATTEMPTING EMERGENCY FIX: raw SQL" in done.stderr
    assert database.sql("SELECT legacy FROM users") == [("keep me",)]


def test_a_pushed_database_is_p3005(pgentry, database, prisma):
    """Tables without a history: deploy says P3005 once; db push finds nothing to drop and succeeds."""
    assert prisma(*prisma.push, url=database.url).returncode == 0
    prisma.configure(LADDER)
    (prisma.folder / "fallback.sql").write_text("SELECT nonsense")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.said("Error: P3005") == 1, done
    assert done.exit == 0, done
    assert "_prisma_migrations" not in database.tables()


def test_prisma_s_lock_held_elsewhere_is_p1002_and_tried_again(pgentry, database, prisma):
    """Lock 72707369 is held by somebody: the first attempt says P1002 after 10 s, a later one succeeds."""
    with database.direct() as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        boot = pgentry.start(*APP, url=database.url, env={**prisma.env})
        boot.wait_for("P1002", patience=30)
        other.execute("SELECT pg_advisory_unlock(72707369)")
    done = boot.wait(40)
    assert done.exit == 0, done
    assert database.tables() == ALL


def test_db_push_that_would_drop_an_empty_table_is_not_run(pgentry, database, prisma):
    """Without any flag db push drops an empty table of another application: the guard shows the DROP and refuses."""
    database.as_app("CREATE TABLE of_another_application (id int)")
    prisma.configure("""\
migrate:
  preset: prisma
  steps: [{name: db push, run: [DB_PUSH], attempts: 1}]
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 70, done
    assert "of_another_application" in database.tables()
    assert done.said('DROP TABLE "of_another_application"'), done


def test_db_push_by_another_config_file_is_guarded_by_that_one(pgentry, database, prisma):
    """--config names a schema without a table that the default schema has: what would be dropped is what is shown."""
    schema = prisma.folder / "prisma/schema.prisma"
    (prisma.folder / "db").mkdir()
    (prisma.folder / "db/schema.prisma").write_text(schema.read_text())
    schema.write_text(schema.read_text() + "model Empty {\n  id Int @id\n}\n")
    assert prisma(*prisma.push, url=database.url).returncode == 0
    url = "" if prisma.major == 6 else ", datasource: { url: process.env.DATABASE_URL! }"
    (prisma.folder / "alt.config.ts").write_text(f'export default {{ schema: "db/schema.prisma"{url} }}')
    prisma.configure("""\
verify: {tables: [users], prisma_schema: "off"}
migrate:
  preset: none
  when: always
  steps: [{name: db push, run: [DB_PUSH, --config, alt.config.ts], attempts: 1}]
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 70, done
    assert done.said('DROP TABLE "Empty"') and "Empty" in database.tables(), done


@pytest.mark.parametrize("run, status", [
    ("[npm, run, db, PUSH]", 70), ("[npm, --prefix, ., run, push]", 70), ('"A=1 npm run push"', 70),
    ('"npx prisma DB_PUSH $NOTHING"', 78), ('". ./other.env && npm run push"', 78),
])
def test_a_push_behind_a_script_or_the_shell_drops_nothing_either(pgentry, database, prisma, run, status):
    """However it is called: the guard sees the table of another application, or the configuration is refused."""
    database.as_app("CREATE TABLE of_another_application (id int)")
    words = " ".join(prisma.push)
    (prisma.folder / "package.json").write_text(json.dumps({"scripts": {"db": "prisma db", "push": f"prisma {words}"}}))
    (prisma.folder / "other.env").write_text("")
    run = run.replace("DB_PUSH", words).replace("PUSH", ", ".join(prisma.push[1:]))
    (prisma.folder / "pgentry.yaml").write_text(
        f"migrate: {{preset: prisma, steps: [{{name: db push, run: {run}, attempts: 1}}]}}\n")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == status, done
    assert "of_another_application" in database.tables()


def test_dashes_in_a_table_s_name_hide_no_drop(pgentry, database, prisma):
    """ALTER TABLE "my--table" DROP COLUMN "legacy": what follows the dashes is no comment."""
    schema = prisma.folder / "prisma/schema.prisma"
    plain = schema.read_text()
    model = 'model Dashes {\n  id Int @id\n  legacy String?\n  @@map("my--table")\n}\n'
    schema.write_text(plain + model)
    assert prisma(*prisma.push, url=database.url).returncode == 0
    schema.write_text(plain + model.replace("  legacy String?\n", ""))
    prisma.configure("""\
migrate:
  preset: prisma
  when: always
  steps: [{name: db push, run: [DB_PUSH], attempts: 1}]
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 70, done
    assert done.said('ALTER TABLE "my--table" DROP COLUMN "legacy"'), done
    database.sql('SELECT legacy FROM "my--table"')


def test_db_push_on_an_additive_diff_is_run(pgentry, database, prisma):
    """Nothing to drop: it runs and the schema verifies."""
    prisma.configure("""\
migrate:
  preset: prisma
  steps: [{name: db push, run: [DB_PUSH], attempts: 1}]
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert database.tables() == [name for name in ALL if name != "_prisma_migrations"]


def test_db_push_with_allow_data_loss_is_run_as_it_stands(pgentry, database, prisma):
    """allow_data_loss: true is the way to say that it may drop."""
    database.as_app("CREATE TABLE of_another_application (id int)")
    prisma.configure("""\
migrate:
  preset: prisma
  steps:
    - name: db push
      run: [DB_PUSH, --accept-data-loss]
      allow_data_loss: true
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert "of_another_application" not in database.tables()


def test_a_db_push_that_prisma_itself_refuses_leads_to_the_next_step(pgentry, database, prisma):
    """Our guard may let it (allow_data_loss), Prisma wants --accept-data-loss as well: nothing is lost."""
    database.as_app((prisma.folder / "prisma/migrations/20250101000000_init/migration.sql").read_text())
    database.as_app('DROP TABLE "_AvatarProjectToTag", avatar_projects; ALTER TABLE users ADD COLUMN legacy text')
    database.as_app("INSERT INTO users (email, legacy) VALUES ('a@b.c', 'keep me')")
    prisma.configure("""\
verify: {tables: [users, avatar_projects], prisma_schema: "off"}
migrate:
  preset: prisma
  steps:
    - {name: db push, run: [DB_PUSH], attempts: 1, allow_data_loss: true}
    - {name: raw SQL, sql: [fallback.sql]}
""")
    (prisma.folder / "fallback.sql").write_text(FALLBACK)
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert done.said("--accept-data-loss") and "ATTEMPTING EMERGENCY FIX: raw SQL" in done.stderr, done
    assert database.sql("SELECT legacy FROM users") == [("keep me",)]


def test_an_older_image_on_a_newer_schema_runs_only_the_history_s_tool(pgentry, database, prisma):
    """The history records migrations that are gone locally: no db push, no raw SQL."""
    prisma.migration("20250202000000_newer", "CREATE TABLE newer (id int); DROP TABLE \"_AvatarProjectToTag\";")
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    (prisma.folder / "prisma/migrations/20250202000000_newer/migration.sql").unlink()
    (prisma.folder / "prisma/migrations/20250202000000_newer").rmdir()
    prisma.configure(LADDER.replace('prisma_schema: "off"', "prisma_schema: auto"))
    (prisma.folder / "fallback.sql").write_text("CREATE TABLE fallback_ran (id int)")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit in (65, 70), done
    assert "it runs" not in done.stdout
    assert "newer" in database.tables() and "fallback_ran" not in database.tables()


def test_an_older_image_after_a_failed_migration_runs_only_the_history_s_tool(pgentry, database, prisma):
    """The newer image failed half-way and was rolled back: what it left is recorded, and not known here."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    assert prisma("migrate", "deploy", url=database.url).returncode != 0
    shutil.rmtree(prisma.folder / "prisma/migrations" / BAD)
    prisma.configure(LADDER.replace('prisma_schema: "off"', "prisma_schema: auto"))
    (prisma.folder / "fallback.sql").write_text("CREATE TABLE fallback_ran (id int)")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 70 and done.stdout == "", done
    assert done.said("gone locally") == 1 and "fallback_ran" not in database.tables(), done


@pytest.mark.parametrize("run", ['"npx prisma migrate deploy $NOTHING"', '[npm, run, "migrate:deploy"]'],
                         ids=["a doubt", "a script of package.json"])
def test_an_older_image_runs_no_raw_sql_however_its_tool_is_called(pgentry, database, prisma, run):
    """Understood or in doubt: what the history has and the image has not is gone."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    database.as_app('ALTER TABLE "Tag" RENAME TO "Label"')
    database.as_app("INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)"
                    " VALUES ('2', 'x', '20250202000000_newer', now())")
    (prisma.folder / "package.json").write_text('{"scripts": {"migrate:deploy": "prisma migrate deploy"}}')
    (prisma.folder / "fallback.sql").write_text('CREATE TABLE IF NOT EXISTS "Tag" (id int, label text)')
    prisma.configure(f"""\
migrate:
  preset: prisma
  steps:
    - {{name: deploy, run: {run}, attempts: 1}}
    - {{name: raw SQL, sql: [fallback.sql]}}
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 65, done
    assert "Tag" not in database.tables() and done.stdout == ""
    assert done.said("gone locally") and "20250202000000_newer" in done.stderr, done


def test_a_failed_migration_whose_step_says_it_succeeded_is_told(pgentry, database, prisma):
    """`|| true`: the history knows better, and the log says so although the schema verifies."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma.configure("""\
migrate:
  preset: prisma
  steps: [{name: deploy, run: "npx prisma migrate deploy || true", attempts: 1}]
""")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert done.said(f"migration {BAD} is recorded as failed") == 1, done


def test_two_replicas_migrate_once(pgentry, database, prisma):
    """Both start at the same time: one applies, both run."""
    boots = [pgentry.start(*APP, url=database.url, env=prisma.env) for _ in range(2)]
    results = [boot.wait(40) for boot in boots]
    assert [done.exit for done in results] == [0, 0], results
    assert sum(done.said("Applying migration `20250101000000_init`") for done in results) == 1
    assert database.sql("SELECT count(*) FROM _prisma_migrations") == [(1,)]


def test_postgresql_two_seconds_late(pgentry, late, prisma):
    """The server comes up after the container: waited for, migrated, started."""
    thread = late.cluster.start_later(2)
    done = pgentry(*APP, url=late.url, env=prisma.env)
    thread.join()
    assert done.exit == 0, done
    assert late.tables() == ALL


def test_term_during_deploy_leaves_no_engine_behind(pgentry, database, prisma):
    """npx, node and the engine are all ended, and Prisma's lock with them: exit 143."""
    prisma.migration("20250202000000_slow", "SELECT pg_sleep(1000);")
    boot = pgentry.start(*APP, url=database.url, env=prisma.env)
    wait_until(lambda: database.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1000)%' AND state = 'active'"
                                    " AND pid <> pg_backend_pid()"), 60, "the slow migration")
    assert engines(prisma.folder)
    boot.terminate()
    wait_until(lambda: engines(prisma.folder) == [], 15, "the engine's end")
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND query LIKE '%%pg_sleep%%'",
                 database.user)
    done = boot.wait(40)
    assert done.exit == 143, done


def engines(folder):
    """The pids of Prisma's engine that work in this folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"schema-engine.mjs" in file.read() and os.readlink(f"/proc/{pid}/cwd").startswith(str(folder)):
                    found.append(pid)
        except OSError:
            continue
    return found


def test_no_secret_is_in_any_process_s_arguments(pgentry, database, prisma):
    """deploy, the guard's diff and db push: none is given the URL as an argument by us."""
    database.as_app("CREATE TABLE unrelated (id int)")
    prisma.configure(LADDER)
    (prisma.folder / "fallback.sql").write_text(FALLBACK + "CREATE TABLE users (id int);")
    seen, over = set(), threading.Event()

    def watch():
        while not over.wait(0.005):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        seen.add(file.read())
                except OSError:
                    continue
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = pgentry(*APP, url=database.url, env=prisma.env)
    finally:
        over.set()
        watcher.join()
    assert done.exit == 0, done
    mark = database.password[-8:].encode()
    # Prisma's CLI itself hands the URL to its engine (--datasource); what we start must not.
    ours = [line for line in seen if mark in line and b"schema-engine" not in line]
    assert ours == []
    assert any(b"migrate\0diff" in line for line in seen), "the guard ran"


def test_an_edited_migration_is_warned_of_and_counts_as_applied(pgentry, database, prisma):
    """deploy accepts it too."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    path = prisma.folder / "prisma/migrations/20250101000000_init/migration.sql"
    path.write_text(path.read_text() + "-- edited\n")
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert any(event["level"] == "warn" and "20250101000000_init" in event["msg"] for event in done.events), done


def test_line_ends_are_no_edit(pgentry, database, prisma):
    """git's autocrlf changes the checksum, not the migration."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    path = prisma.folder / "prisma/migrations/20250101000000_init/migration.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = pgentry(*APP, url=database.url, env=prisma.env)
    assert done.exit == 0, done
    assert not any(event["level"] == "warn" for event in done.events), done


def test_the_report_tells_a_failed_boot_s_story(pgentry, database, prisma, tmp_path):
    """Steps with their results and codes; missing tables; no secret."""
    prisma.migration(BAD, "ALTER TABLE nowhere ADD COLUMN y int;")
    prisma.configure(DEPLOY)
    report = tmp_path / "report.json"
    done = pgentry(*APP, url=database.url, env={**prisma.env, "PGENTRY_REPORT_FILE": report})
    assert done.exit == 70, done
    text = report.read_text()
    json.loads(text)
    assert "P3018" in text and BAD in text
    assert database.password not in text


def test_the_real_engine_s_tables_are_what_verification_asks_for(pgentry, database, prisma):
    """Our reading of schema.prisma agrees with what Prisma's engine makes of it."""
    assert prisma("migrate", "deploy", url=database.url).returncode == 0
    done = pgentry("verify", "--json", url=database.url)
    assert done.exit == 0, done
    assert set(json.loads(done.stdout)["database"]["tables"]) == set(ALL) - {"_prisma_migrations"}


def test_the_config_file_that_prisma_7_cannot_do_without_is_missed(pgentry, diagnose, database, prisma):
    """An image built without prisma.config.ts: told, and the fix is enough; the CLI 6 needs none."""
    (prisma.folder / "prisma.config.ts").unlink(missing_ok=True)
    report = diagnose(database.url, env=prisma.env)
    assert ("prisma-config-missing" in report.codes()) == (prisma.major == 7), report.findings
    if prisma.major == 7:
        subprocess.run(["sh", "-c", report.one("prisma-config-missing")["fix"]], cwd=prisma.folder, check=True)
    assert pgentry(*APP, url=database.url, env=prisma.env).exit == 0
    assert "prisma-config-missing" not in diagnose(database.url, env=prisma.env).codes()
