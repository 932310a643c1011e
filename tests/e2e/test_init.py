"""pgentry init: looks at the project and writes a commented pgentry.yaml."""
import json
import os
from pathlib import Path

import pytest
import yaml
from migrators import Dbmate, Drizzle, NodePgMigrate

SCHEMA = """\
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
model User {
  id   Int    @id
  name String
  @@map("users")
}
enum Role {
  ADMIN
}
"""


def test_init_writes_a_file_that_the_configuration_accepts(pgentry, project):
    """In an empty folder too: what is written loads without an error or a warning."""
    folder = project({})
    done = pgentry("init")
    assert done.exit == 0, done
    written = (folder / "pgentry.yaml").read_text()
    assert "preset: none" in written
    checked = pgentry("config", url="postgresql://app@db/app")
    assert checked.exit == 0 and checked.stderr == "", checked


def test_a_name_from_the_project_does_not_leave_its_comment(pgentry, project):
    """A table's name with line ends in it becomes no YAML."""
    project({"prisma/schema.prisma": SCHEMA.replace('"users"', '"a\\nmigrate:\\n  when: always"')})
    assert pgentry("init").exit == 0
    checked = pgentry("config", url="postgresql://app@db/app")
    assert checked.exit == 0 and checked.stderr == "", checked


def test_init_names_what_prisma_derives(pgentry, project):
    """A Prisma project: the preset, its steps, and the tables that need not be listed."""
    folder = project({"prisma/schema.prisma": SCHEMA, "prisma/migrations/1_init/migration.sql": "SELECT 1"})
    done = pgentry("init", "--stdout")
    assert done.exit == 0, done
    assert "preset: prisma" in done.stdout and yaml.safe_load(done.stdout)["migrate"].keys() == {"preset"}
    assert "prisma, migrate, deploy" in done.stdout
    assert "1 table and 1 enum" in done.stdout and "users" in done.stdout
    assert not (folder / "pgentry.yaml").exists()


def test_init_pushes_a_prisma_project_without_migrations(pgentry, project):
    """`migrate deploy` would have nothing to deploy, count as done, and no change of a type or a default would ever come."""
    project({"prisma/schema.prisma": SCHEMA})
    done = pgentry("init", "--stdout")
    assert done.exit == 0, done
    assert yaml.safe_load(done.stdout)["migrate"] == {"preset": "prisma", "steps": [
        {"name": "db push", "run": ["prisma", "db", "push", "--skip-generate"], "attempts": 2}]}


@pytest.mark.parametrize("url, direct, expected", [
    ("", "", ("${DATABASE_URL} ", "# direct_url: ${DIRECT_URL:-}")),
    ("POSTGRES_PRISMA_URL", "", ("${POSTGRES_PRISMA_URL} ", "# direct_url: ${DIRECT_URL:-}")),
    ("POSTGRES_PRISMA_URL", "POSTGRES_URL_NON_POOLING",
     ("${POSTGRES_PRISMA_URL} ", "\n  direct_url: ${POSTGRES_URL_NON_POOLING:-}")),
    ("A}\\n  x: {B", "", ("${DATABASE_URL} ", "# direct_url: ${DIRECT_URL:-}")),
])
def test_init_writes_the_variables_that_schema_prisma_reads(pgentry, project, url, direct, expected):
    """Its url, and its directUrl past a pooler. What is no variable's name is not written."""
    schema = SCHEMA.replace('"DATABASE_URL"', f'"{url}"') if url else SCHEMA
    schema = schema.replace("}\nmodel", f'  directUrl = env("{direct}")\n}}\nmodel') if direct else schema
    project({"prisma/schema.prisma": schema})
    done = pgentry("init")
    assert done.exit == 0, done
    written = (project.folder / "pgentry.yaml").read_text()
    assert f"  url: {expected[0]}" in written and expected[1] in written, written
    env = {url or "DATABASE_URL": "postgresql://app@db/app", "DATABASE_URL": "postgresql://app@db/app"}
    checked = pgentry("config", env=env)
    assert checked.exit == 0 and checked.stderr == "", checked


@pytest.mark.parametrize("file, preset", [("manage.py", "django"), ("alembic.ini", "alembic"), ("knexfile.js", "knex")])
def test_init_recognises_the_tool(pgentry, project, file, preset):
    """By the files that the tool itself looks for."""
    project({file: "# of django"})
    done = pgentry("init", "--stdout")
    assert done.exit == 0 and f"preset: {preset}" in done.stdout, done
    assert "idempotent" in done.stdout


def test_init_finds_the_tool_of_a_package_and_writes_its_steps(pgentry, project):
    """In a monorepo: with cwd, and for Prisma with the path of its schema."""
    folder = project({"package.json": '{"workspaces": ["packages/*"]}', "packages/db/prisma/schema.prisma": SCHEMA,
                      "packages/db/prisma/migrations/1_init/migration.sql": "SELECT 1"})
    done = pgentry("init")
    assert done.exit == 0, done
    written = (folder / "pgentry.yaml").read_text()
    assert "preset: prisma " in written and "prisma_schema: packages/db/prisma/schema.prisma\n" in written
    assert written.count("\n      cwd: packages/db\n") == 2 and "1 table and 1 enum" in written
    checked = pgentry("config", url="postgresql://app@db/app")
    assert checked.exit == 0 and checked.stderr == "", checked
    assert checked.stdout.count("cwd: packages/db\n") == 2


def test_init_names_several_tools_and_chooses_none(pgentry, project):
    """Which of them is meant, a person says. A name stays in its comment."""
    project({"api/alembic.ini": "", "web/a\nmigrate: x/knexfile.js": "", "package.json": '{"dependencies": {"typeorm": "1"}}'})
    done = pgentry("init")
    assert done.exit == 0, done
    written = (project.folder / "pgentry.yaml").read_text()
    assert "preset: none" in written
    for sentence in ("package.json depends on typeorm", "api has a project of alembic", "has a project of knex"):
        assert sentence in written
    checked = pgentry("config", url="postgresql://app@db/app")
    assert checked.exit == 0 and checked.stderr == "", checked


def test_a_script_that_init_found_migrates(pgentry, database, project):
    """package.json runs node-pg-migrate with options of its own: the step is the script, and its history is read."""
    tool = NodePgMigrate(project.folder)
    (tool.folder / "migrations").rename(tool.folder / "sql")
    package = json.loads((tool.folder / "package.json").read_text())
    package["scripts"] = {"start": "node .", "db:migrate": "node-pg-migrate -m sql -t schema_history"}
    tool.write("package.json", json.dumps(package))
    assert pgentry("init").exit == 0
    done = pgentry("run", "--", "true", url=database.url, env=tool.env)
    assert done.exit == 0, done
    assert database.tables() == ["schema_history", "users"]
    again = pgentry("run", "--", "true", url=database.url, env=tool.env)
    assert again.exit == 0 and not any(event["phase"] == "migrating" for event in again.events), again


def test_what_init_found_in_a_package_migrates_with_the_tool_of_the_root(pgentry, database, project):
    """A workspace: the package has the migrations, the root's node_modules the tool."""
    tool = Dbmate(project.folder / "packages/db")
    (tool.folder / "node_modules").rename(project.folder / "node_modules")
    assert pgentry("init").exit == 0
    done = pgentry("run", "--", "echo", "it runs", url=tool.url(database), env=tool.env)
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert database.tables() == ["avatar_projects", "schema_migrations", "users"]
    again = pgentry("run", "--", "true", url=tool.url(database), env=tool.env)
    assert again.exit == 0 and not any(event["phase"] == "migrating" for event in again.events), again


def test_a_boot_that_recognises_nothing_names_what_is_nearby(pgentry, database, project):
    """It starts as before, and runs nothing that it did not run before."""
    tool = Dbmate(project.folder / "packages/db")
    project({"package.json": '{"dependencies": {"knex": "3"}}'})
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env=tool.env)
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert database.tables() == []
    warnings = [event["msg"] for event in done.events if event["level"] == "warn"]
    assert any("package.json depends on knex, packages/db has a project of dbmate: write migrate.steps" in warning
               for warning in warnings), done


DUMP = """\
\\restrict x
CREATE TABLE public.schema_migrations (version character varying(255) NOT NULL);
CREATE TABLE public.users (id integer, note text DEFAULT 'CREATE TABLE no (a int);');
CREATE TABLE auth."Keys" (id integer);
CREATE TABLE public."a.b" (id integer);
"""
UP_AND_DOWN = {
    "db/migrations/1_a.sql": "-- migrate:up\nCREATE TABLE users ();\nCREATE TABLE old ();\n-- migrate:down\nDROP TABLE users;\n",
    "db/migrations/2_b.sql": "-- migrate:up\nDROP TABLE old;\nALTER TABLE users RENAME TO people;\n-- migrate:down\n"
                             "CREATE TABLE old ();\n"}
NODE = '{"dependencies": {"node-pg-migrate": "8"}}'


@pytest.mark.parametrize("files, source, tables", [
    ({"bin/rails": "", "config/application.rb": "", "db/schema.rb":
      'create_table "users", force: :cascade do |t|\nend\n# create_table "no"\n  create_table "auth.keys" do |t|\n'},
     "db/schema.rb", ["users", "auth.keys"]),
    ({"bin/rails": "", "config/application.rb": "", "db/structure.sql": DUMP}, "db/structure.sql",
     ["users", "auth.Keys", {"schema": "public", "name": "a.b"}]),
    ({**UP_AND_DOWN, "db/schema.sql": DUMP.replace("users", "customers")}, "db/schema.sql",
     ["customers", "auth.Keys", {"schema": "public", "name": "a.b"}]),
    (UP_AND_DOWN, "the SQL files in db/migrations", ["people"]),
    ({"package.json": NODE, "migrations/1_a.sql": "-- Up Migration\nCREATE TABLE users ();\n-- Down Migration\nDROP TABLE users;"},
     "the SQL files in migrations.", ["users"]),
    ({"package.json": NODE, "migrations/1_a.sql": "CREATE TABLE users ();", "migrations/2_b.js": "pgm.createTable('x')"},
     "the SQL files in migrations, not from the others there.", ["users"]),
    ({"web/drizzle.config.ts": "", "web/drizzle/0000_a.sql":
      'CREATE TABLE "users" ("id" int);\n--> statement-breakpoint\nCREATE TABLE "auth"."on" ("id" int);'},
     "the SQL files in web/drizzle", ["users", {"schema": "auth", "name": "on"}]),
])
def test_init_lists_the_tables_that_the_project_creates(pgentry, project, files, source, tables):
    """From a dump of the schema, else from the SQL migrations: what is left of them, without the tool's own ledger."""
    project(files)
    assert pgentry("init").exit == 0
    written = (project.folder / "pgentry.yaml").read_text()
    assert f"# Read from {source}" in written, written
    assert yaml.safe_load(written)["verify"]["tables"] == tables
    checked = pgentry("config", url="postgresql://app@db/app")
    assert checked.exit == 0 and checked.stderr == "", checked
    assert ("name: a.b\n" in checked.stdout) == ("a.b" in written), checked


def test_init_lists_the_tables_of_sql_steps(pgentry, project):
    """Of steps that are given in the environment."""
    project({"schema.sql": "CREATE TABLE users ();"})
    done = pgentry("init", "--stdout", env={"PGENTRY_MIGRATE_STEPS": "[{sql: [schema.sql]}]"})
    assert done.exit == 0 and "    - users\n" in done.stdout, done


@pytest.mark.parametrize("files", [{}, {"prisma/schema.prisma": SCHEMA}, {"manage.py": "# of django"}],
                         ids=["empty", "prisma", "django"])
def test_the_tables_that_init_gives_as_an_example_count_once_they_are_no_comment(pgentry, project, files):
    """In the place of the empty list, with the "# " before them taken away."""
    folder = project(files)
    written = pgentry("init", "--stdout").stdout
    _, example = written.split("  tables: []\n")
    lines = [line.replace("# ", "", 1) for line in example.splitlines() if line.startswith("  # ")]
    (folder / "pgentry.yaml").write_text(written.replace("  tables: []\n" + example, "\n".join(lines)))
    done = pgentry("config", url="postgresql://app@db/app")
    assert done.exit == 0, done
    assert [table["name"] for table in yaml.safe_load(done.stdout)["verify"]["tables"]] == ["users", "orders"]


@pytest.mark.parametrize("file", ["manage.py", "alembic.ini", "knexfile.js"])
def test_init_says_how_to_list_tables_that_it_cannot_read(pgentry, project, file):
    """Migrations that are programs: the query that lists what they created."""
    project({file: "# of django"})
    done = pgentry("init", "--stdout")
    assert done.exit == 0 and "tables: []" in done.stdout, done
    assert "SELECT tablename FROM pg_tables WHERE schemaname = 'public'" in done.stdout


@pytest.mark.parametrize("tool", [Dbmate, Drizzle, NodePgMigrate], ids=lambda tool: tool.name)
def test_what_init_lists_is_verified_by_a_boot(pgentry, database, project, tool):
    """The real tool creates the tables that were read from its migrations: with one of them gone, nothing starts."""
    migrator = tool(project.folder)
    assert pgentry("init").exit == 0
    url = migrator.url(database)
    done = pgentry("run", "--", "echo", "it runs", url=url, env=migrator.env)
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert "All critical tables exist!" in [event["msg"] for event in done.events], done
    database.sql("DROP TABLE users CASCADE")
    assert pgentry("run", "--", "echo", "it runs", url=url, env=migrator.env).exit in (65, 70)


def test_init_refuses_to_overwrite_without_force(pgentry, project):
    """73, and the file stays; --force replaces even a broken one."""
    folder = project({"pgentry.yaml": "nonsense: ["})
    done = pgentry("init")
    assert done.exit == 73, done
    assert "--force" in done.stderr
    assert (folder / "pgentry.yaml").read_text() == "nonsense: ["
    assert pgentry("init", "--force").exit == 0
    assert "preset:" in (folder / "pgentry.yaml").read_text()


@pytest.mark.parametrize("args", [("-c", "other.yaml", "init"), ("init", "--config=other.yaml")])
def test_init_writes_the_file_that_is_named(pgentry, project, args):
    """-c: that one is refused or overwritten with --force, and no pgentry.yaml comes into being."""
    folder = project({"other.yaml": "mine: 1\n"})
    refused = pgentry(*args)
    assert refused.exit == 73 and "other.yaml" in refused.stderr and (folder / "other.yaml").read_text() == "mine: 1\n", refused
    done = pgentry(*args, "--force")
    assert done.exit == 0 and "`pgentry config -c other.yaml`" in done.stdout, done
    assert "migrate:" in (folder / "other.yaml").read_text() and not (folder / "pgentry.yaml").exists()


def test_init_that_cannot_write_says_so(pgentry, project):
    """A folder without room or right: 73 or 74, never 0."""
    folder = project({})
    Path(folder, "pgentry.yaml").symlink_to("/nowhere/pgentry.yaml")
    assert pgentry("init", "--force").exit == 73
    Path(folder, "pgentry.yaml").unlink()
    Path(folder, "pgentry.yaml").symlink_to("/dev/full")
    assert pgentry("init", "--force").exit == 74
    Path(folder, "pgentry.yaml").unlink()
    os.mkfifo(folder / "pgentry.yaml")
    assert pgentry("init", "--force").exit == 73
    Path(folder, "pgentry.yaml").unlink()
    done = pgentry("init", under=["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=100"])
    assert done.exit == 74 and not (folder / "pgentry.yaml").exists(), done
