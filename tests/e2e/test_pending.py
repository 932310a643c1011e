"""A wrong "nothing pending" would start an application on an old schema. So for each tool whose history is read: the default
place says that all is applied, and the tool as it is set up here looks elsewhere. Then a step must run, whatever the reason."""
import hashlib
import json
from pathlib import Path

import migrators
import pytest
from postgres import SUPERUSER_PASSWORD
from psycopg.sql import SQL, Identifier

APP = ("run", "--", "echo", "it runs")
VERIFY = "verify: {tables: [users]}\n"


def migrated(done):
    """Whether a step ran."""
    return any(event["phase"] in ("migrating", "locking") for event in done.events)


class Place:
    """One set-up: what differs from the default, and the relation that is there once the tool has run in it."""

    def __init__(self, name, there, *, step=None, env=None, query="", files=None, sql=()):
        self.name, self.there, self.step, self.env, self.query = name, there, step, env or {}, query
        self.files, self.sql = files or {}, sql


# past the pooler the URL names no schema; the step goes by that of the application
OWN_URL = """\
database: {{direct_url: "{{url}}"}}
verify: {{schema: public, tables: [users]}}
migrate:
  preset: {}
  steps:
    - {{name: x, run: [{}], env: {{DATABASE_URL: "${{DATABASE_URL}}"}}}}
"""
UP = "-- migrate:up\n{}\n\n-- migrate:down\n"
LATER = "20250109000000_later.sql"
TABLE = UP.format("CREATE TABLE later (id int);")
DBMATE = [
    Place("folder from the environment", "later", env={"DBMATE_MIGRATIONS_DIR": "other"}, files={f"other/{LATER}": TABLE}),
    Place("two folders from the environment", "later", env={"DBMATE_MIGRATIONS_DIR": "./db/migrations,other"},
          files={f"other/{LATER}": TABLE}),
    Place("an empty folder from the environment", "later", env={"DBMATE_MIGRATIONS_DIR": ""}, files={LATER: TABLE}),
    Place("folder from .env", "later", files={f"other/{LATER}": TABLE, ".env": "DBMATE_MIGRATIONS_DIR=other\n"}),
    Place("ledger from the environment", "ledger", env={"DBMATE_MIGRATIONS_TABLE": "ledger"}),
    Place("ledger in another schema", "tenant.ledger", env={"DBMATE_MIGRATIONS_TABLE": "tenant.ledger"}),
    Place("search_path in the URL", "tenant.schema_migrations", query="search_path=tenant"),
    Place("search_path twice in the URL", "tenant.schema_migrations", query="search_path=tenant&search_path=public"),
    Place("search_path in the URL's options", "tenant.schema_migrations", query="options=-csearch_path%3Dtenant"),
    Place("search_path in PGOPTIONS", "tenant.schema_migrations", env={"PGOPTIONS": "-csearch_path=tenant"}),
    Place("search_path of the role", "tenant.schema_migrations", sql=["ALTER ROLE {user} SET search_path = tenant"]),
    Place("search_path of the database", "tenant.schema_migrations", sql=["ALTER DATABASE {name} SET search_path = tenant"]),
    Place("schema of the role's name", "{user}.schema_migrations", sql=["CREATE SCHEMA AUTHORIZATION {user}"]),
    Place("folder as an option", "later", step='{name: x, run: [dbmate, --no-dump-schema, "-d=other", migrate]}',
          files={f"other/{LATER}": TABLE}),
    Place("ledger as an option", "ledger", step="{name: x, run: [dbmate, --no-dump-schema, --migrations-table, ledger, migrate]}"),
    Place("another .env", "later", files={f"other/{LATER}": TABLE, ".other": "DBMATE_MIGRATIONS_DIR=other\n"},
          step="{name: x, run: [dbmate, --env-file, .other, --no-dump-schema, migrate]}"),
    Place("out of order", "later", files={f"db/migrations/0_x.sql": TABLE}),
    Place("another folder in the shell", "later", step="{name: x, run: cd sub && ../node_modules/.bin/dbmate --no-dump-schema migrate}",
          files={f"sub/db/migrations/{LATER}": TABLE}),
    Place("another folder as cwd", "later", step="{name: x, cwd: sub, run: [../node_modules/.bin/dbmate, --no-dump-schema, migrate]}",
          files={f"sub/db/migrations/{LATER}": TABLE}),
    Place("a script of that name", "later", step="{name: x, run: [npm, run, dbmate, migrate]}",
          files={f"other/{LATER}": TABLE, "package.json": '{"scripts": {"dbmate": "dbmate --no-dump-schema -d other"}}'}),
    Place("another folder in a script", "later", step="{name: x, run: [npm, run, up]}",
          files={f"other/{LATER}": TABLE, "package.json": '{"scripts": {"up": "dbmate --no-dump-schema -d \\"other\\" migrate"}}'}),
    Place("a script of another folder", "later", step="{name: x, run: npm --prefix sub run up 2>&1}",
          files={f"sub/db/migrations/{LATER}": TABLE, "sub/package.json":
                 '{"scripts": {"up": "../node_modules/.bin/dbmate --no-dump-schema migrate"}}'}),
    Place("a variable in a script", "later", step="{name: x, run: [npm, run, up]}", files={
        f"other/{LATER}": TABLE, "package.json":
        '{"scripts": {"up": "npm run it", "it": "DBMATE_MIGRATIONS_DIR=other dbmate --no-dump-schema migrate"}}'}),
    Place("a variable before a script", "later", step="{name: x, run: DBMATE_MIGRATIONS_DIR=other npm run up}", files={
        f"other/{LATER}": TABLE, "package.json": '{"scripts": {"up": "dbmate --no-dump-schema migrate"}}'}),
    Place("a variable of the shell", "later", step="{name: x, run: node_modules/.bin/dbmate --no-dump-schema $HOW migrate}",
          env={"HOW": "--migrations-dir=other"}, files={f"other/{LATER}": TABLE}),
    Place("a command of the shell", "later", step="{name: x, run: $HOW; ../node_modules/.bin/dbmate --no-dump-schema migrate}",
          env={"HOW": "cd sub"}, files={f"sub/db/migrations/{LATER}": TABLE}),
    Place("search_path in PGOPTIONS of .env", "tenant.schema_migrations", files={".env": "PGOPTIONS=-csearch_path=tenant\n"}),
    Place("the URL of the step's own env", "tenant.schema_migrations", query="search_path=tenant", files={"pgentry.yaml": OWN_URL.format(
        "dbmate", "dbmate, --no-dump-schema, migrate")}),
    Place("another tool in the step", "later", step="{name: x, run: node_modules/.bin/dbmate --no-dump-schema migrate && sh node-pg-migrate up}",
          files={f"other/{LATER}": TABLE, "node-pg-migrate": # whatever it is: pgentry knows it by its name
                 "node_modules/.bin/dbmate --no-dump-schema -d other --migrations-table ledger migrate\n"}),
    Place("a step that copies migrations", "later", files={f"other/{LATER}": TABLE},
          step=f"{{name: x, run: cp other/{LATER} db/migrations && node_modules/.bin/dbmate --no-dump-schema migrate}}"),
    Place("a script before the script that copies them", "later", step="{name: x, run: [npm, run, up]}", files={
        f"other/{LATER}": TABLE, "package.json": json.dumps({"scripts": {
            "preup": f"cp other/{LATER} db/migrations", "up": "dbmate --no-dump-schema migrate"}})}),
    Place("what runs before copies them", "later", files={f"other/{LATER}": TABLE, "pgentry.yaml":
          f"{VERIFY}migrate: {{preset: dbmate, before: [{{name: x, run: [cp, other/{LATER}, db/migrations]}}]}}\n"}),
    Place("upper case in search_path", '"Tenant".schema_migrations', query="search_path=Tenant",
          sql=['CREATE SCHEMA "Tenant" AUTHORIZATION {user}']),
]


LATER_NODE = "1735689609999_later.sql"
TABLE_NODE = "-- Up Migration\nCREATE TABLE later (id int);\n"
NODE_PG_MIGRATE = [
    Place("folder as an option", "later", step="{name: x, run: [node-pg-migrate, up, -m, other, --no-check-order]}",
          files={f"other/{LATER_NODE}": TABLE_NODE}),
    Place("ledger as an option", "ledger", step="{name: x, run: [node-pg-migrate, up, --migrations-table=ledger]}"),
    Place("schema as an option", "tenant.pgmigrations", step="{name: x, run: [node-pg-migrate, up, -s, tenant]}"),
    Place("ledger's schema as an option", "tenant.pgmigrations",
          step="{name: x, run: [node-pg-migrate, up, --migrations-schema, tenant]}"),
    Place("a glob", "later", step='{name: x, run: [node-pg-migrate, up, --use-glob, -m, "{migrations,other}/*.sql"]}',
          files={f"other/{LATER_NODE}": TABLE_NODE}),
    Place("a script of that name", "later", step="{name: x, run: [npm, run, node-pg-migrate, up]}",
          files={f"other/{LATER_NODE}": TABLE_NODE,
                 "package.json": '{"scripts": {"node-pg-migrate": "node-pg-migrate -m other --no-check-order"}}'}),
    Place("out of order, and not asked for", "later", files={"migrations/1_later.sql": TABLE_NODE},
          step="{name: x, run: [node-pg-migrate, up, --no-check-order]}"),
]
RUBY = "class Later < ActiveRecord::Migration[6.1]\n  def change\n    create_table :later\n  end\nend\n"
LATER_RUBY = "20250109000000_later.rb"
APPLICATION = (Path(migrators.__file__).parent / "projects/rails/config/application.rb").read_text()
OTHER_RUBY = 'Rails.application.config.paths["db/migrate"] << "other"\n'
RAILS = [
    Place("search_path in the URL", "tenant.schema_migrations", query="schema_search_path=tenant"),
    Place("search_path of the role", "tenant.schema_migrations", sql=["ALTER ROLE {user} SET search_path = tenant"]),
    Place("another folder of the configuration", "later",
          files={f"other/{LATER_RUBY}": RUBY,
                 "config/initializers/paths.rb": 'Rails.application.config.paths["db/migrate"] << "other"\n'}),
    Place("an engine's folder", "later",
          files={f"engines/billing/db/migrate/{LATER_RUBY}": RUBY,
                 "engines/billing/lib/billing.rb": """\
class Billing < Rails::Railtie
  initializer(:migrations) { |app| app.config.paths["db/migrate"] << File.expand_path("../db/migrate", __dir__) }
end
""", "config/application.rb": APPLICATION + 'require_relative "../engines/billing/lib/billing"\n'}),
    Place("a folder below", "later", files={f"db/migrate/2026/{LATER_RUBY}": RUBY}),
    Place("a second database", "tenant.schema_migrations", files={"config/database.yml": """\
default: &default
  adapter: postgresql
production:
  primary:
    <<: *default
  second:
    <<: *default
    url: <%= ENV["DATABASE_URL"] + "?" + "schema_" + "search" + "_path=tenant" %>
"""}),
    Place("an initializer in a folder", "later",
          files={f"other/{LATER_RUBY}": RUBY, "config/initializers/database/paths.rb": OTHER_RUBY}),
    Place("what an initializer requires", "later",
          files={f"other/{LATER_RUBY}": RUBY, "lib/shop/paths.rb": OTHER_RUBY,
                 "config/initializers/paths.rb": 'require_relative "../../lib/shop/paths"\n'}),
    Place("a task", "later",
          files={f"other/{LATER_RUBY}": RUBY, "lib/tasks/paths.rake": 'task("db:load_config") {\n'
                 '  ActiveRecord::Migrator.migrations_paths = ActiveRecord::Tasks::DatabaseTasks.migrations_paths << "other"\n}\n'}),
    Place("the Rakefile", "later",
          files={f"other/{LATER_RUBY}": RUBY,
                 "Rakefile": f'require_relative "config/application"\n{OTHER_RUBY}Rails.application.load_tasks\n'}),
    Place("a URL of database.yml", "tenant.schema_migrations", env={"SECOND": "{url}?schema_search_path=tenant"},
          files={"config/database.yml": 'production:\n  adapter: postgresql\n  url: <%= ENV["SECOND"] %>\n'}),
    Place("databases on one line", "tenant.schema_migrations", files={"config/database.yml": "production: {primary: {adapter: postgresql},"
          ' second: {adapter: postgresql, url: <%= ENV["DATABASE_URL"].to_s + "?" + "schema_" + "search" + "_path=tenant" %>}}\n'}),
    Place("an application above", "later", step="{name: x, cwd: sub, run: [rails, db:migrate]}",
          files={f"db/migrate/{LATER_RUBY}": RUBY, "sub/db/migrate/20250101000000_init.rb": RUBY}),
    Place("the primary database's own URL", "tenant.schema_migrations",
          env={"PRIMARY_DATABASE_URL": "{url}?schema_search_path=tenant"}),
]


LATER_PRISMA = "20250909000000_later/migration.sql"
TABLE_PRISMA = "CREATE TABLE later (id int);\n"
CONFIG = 'import { defineConfig, env } from "prisma/config";\n'
SCHEMA = """\
generator client {{
  provider   = "prisma-client-js"
  engineType = "client"
}}
datasource db {{
  provider  = "postgresql"
  {}
}}
model User {{
  id Int @id
  @@map("users")
}}
"""
ELSEWHERE = {f"other/{LATER_PRISMA}": TABLE_PRISMA}
SECOND = {"second/schema.prisma": SCHEMA.format('url = env("DATABASE_URL")'), f"second/migrations/{LATER_PRISMA}": TABLE_PRISMA}
LEDGER = "tenant._prisma_migrations"


def config(text):
    """prisma.config.ts, and migrations elsewhere that it may name."""
    return {"prisma.config.ts": CONFIG + text, **ELSEWHERE}


PRISMA = [
    Place("schema in the URL", LEDGER, query="schema=tenant"),
    Place("migrations of prisma.config.ts", "later", files=config('export default defineConfig({ migrations: { path: "other" } });')),
    Place("a config imported from elsewhere", "later", files={
        **config('import shared from "./shared";\nexport default shared;'),
        "shared.ts": 'export default { migrations: { path: "other" } };'}),
    Place("a key that is computed", "later", files=config('export default defineConfig({ ["migrations"]: { path: "other" } });')),
    Place("two configs", "later", files={**config("export default defineConfig({});"),
                                         "prisma.config.js": 'module.exports = { migrations: { path: "other" } };'}),
    Place("a config below .config", "later", files={".config/prisma.ts": 'export default { migrations: { path: "../other" } };',
                                                    **ELSEWHERE}),
    Place("a URL that prisma.config.ts makes", LEDGER, files=config(
        'export default defineConfig({ engine: "classic", datasource: { url: `${process.env.DATABASE_URL}?schema=tenant` } });')),
    Place("a URL that prisma.config.ts changes", LEDGER, files=config(
        'process.env.DATABASE_URL += "?schema=tenant";\nexport default defineConfig({});')),
    Place("another URL of prisma.config.ts", LEDGER, env={"SECOND": "{url}?schema=tenant"}, files=config(
        'export default defineConfig({ engine: "classic", datasource: { url: env("SECOND") } });')),
    Place("a variable that is looked up", LEDGER, env={"SECOND": "{url}?schema=tenant"}, files=config(
        'const name = "SECOND";\nexport default defineConfig({ engine: "classic", datasource: { url: env(name) } });')),
    Place("another URL of schema.prisma", LEDGER, env={"SECOND": "{url}?schema=tenant"},
          files={"prisma/schema.prisma": SCHEMA.format('url = env("SECOND")')}),
    Place("a direct URL of schema.prisma", LEDGER, env={"SECOND": "{url}?schema=tenant"},
          files={"prisma/schema.prisma": SCHEMA.format('url = env("DATABASE_URL")\n  directUrl = env("SECOND")')}),
    Place("another schema by package.json", "later", files={
        "package.json": '{"prisma": {"schema": "second/schema.prisma"}}', **SECOND}),
    Place("another schema by an option", "later", files=SECOND,
          step="{name: x, run: [prisma, migrate, deploy, --schema=second/schema.prisma]}"),
    Place("another config by an option", "later", files={
        **ELSEWHERE, "second.config.ts": 'export default { migrations: { path: "other" } };'},
        step="{name: x, run: [prisma, migrate, deploy, --config, second.config.ts]}"),
    Place("a script of that name", "later", files={
        **SECOND, "package.json": '{"scripts": {"prisma": "prisma migrate deploy --schema second/schema.prisma && : "}}'},
        step="{name: x, run: [npm, run, prisma, migrate, deploy]}"),
    Place("another schema in a script", "later", files={
        **SECOND, "package.json": '{"scripts": {"deploy": "prisma migrate deploy", "all": "npm run deploy -- --schema second/schema.prisma"}}'},
        step="{name: x, run: [npm, run, all]}"),
    Place("a folder of schemas", "later", files={
        "package.json": '{"prisma": {"schema": "prisma"}}', f"prisma/parts/migrations/{LATER_PRISMA}": TABLE_PRISMA,
        "prisma/schema.prisma": "// in parts\n", "prisma/parts/main.prisma": SCHEMA.format('url = env("DATABASE_URL")')}),
    Place("the URL of the step's own env", LEDGER, query="schema=tenant", files={
        "pgentry.yaml": OWN_URL.format("prisma", "prisma, migrate, deploy")}),
    Place("a .env that goes first", LEDGER, env={"DOTENV_CONFIG_OVERRIDE": "true"}, files={
        **config('import "dotenv/config";\nexport default defineConfig({});'), ".env": 'DATABASE_URL="{url}?schema=tenant"\n'}),
    Place("an older migration", "later", files={f"prisma/migrations/0_{LATER_PRISMA}": TABLE_PRISMA}),
]


PLACES = [(kind, place) for kind, places in ((migrators.Dbmate, DBMATE), (migrators.NodePgMigrate, NODE_PG_MIGRATE),
                                             (migrators.Rails, RAILS), (migrators.Prisma, PRISMA)) for place in places]


@pytest.fixture(scope="module")
def applied(request, cluster, tmp_path_factory):
    """A database in which all of the tool's project is applied."""
    database = cluster.database()
    migrator = request.param(tmp_path_factory.mktemp(request.param.name))
    migrator(migrator.apply, database)
    return migrator, database


@pytest.fixture
def migrator(applied, project):
    """A fresh project for that database, which is put back as it was after the test."""
    kind, database = type(applied[0]), applied[1]
    database.as_app("CREATE SCHEMA tenant")
    table = Identifier(kind.table)
    [(rows,)] = database.sql(SQL("SELECT array_agg(ctid::text) FROM public.{}").format(table))
    yield kind(project.folder)
    database.sql(SQL("DELETE FROM public.{} WHERE ctid::text <> ALL (%s)").format(table), rows)
    database.sql(f'DROP SCHEMA IF EXISTS tenant, "Tenant", {database.user} CASCADE;'
                 f" DROP TABLE IF EXISTS public.later, public.ledger; ALTER ROLE {database.user} RESET ALL; ALTER DATABASE {database.name} RESET ALL")


@pytest.mark.parametrize("applied, place", PLACES, indirect=["applied"], scope="module",
                         ids=[f"{kind.name}-{place.name}" for kind, place in PLACES])
def test_a_tool_that_looks_elsewhere_is_asked(pgentry, applied, migrator, place):
    """Folders, ledgers, search_path, schemas, second databases, scripts and programs, from wherever the tool takes them."""
    database = applied[1]
    url = migrator.url(database)
    steps = f"migrate:\n  preset: {migrator.name}\n  steps:\n    - {place.step}\n" if place.step else ""
    migrator.write("pgentry.yaml", VERIFY + steps)
    for statement in place.sql:
        database.sql(statement.format(user=database.user, name=database.name))
    for name, text in place.files.items():
        (migrator.folder / name).parent.mkdir(parents=True, exist_ok=True)
        migrator.write(name, text.replace("{url}", url))
    there = place.there.format(user=database.user)
    assert database.sql("SELECT to_regclass(%s)::text", there) == [(None,)], "the place tells nothing apart"
    if place.query:
        url += ("&" if "?" in url else "?") + place.query
    env = {name: value.replace("{url}", url) for name, value in place.env.items()}
    done = pgentry(*APP, url=url, env={**migrator.env, **env})
    assert migrated(done), done
    assert database.sql("SELECT to_regclass(%s)::text", there) != [(None,)], done


@pytest.mark.parametrize("applied", [migrators.Dbmate, migrators.NodePgMigrate, migrators.Rails, migrators.Prisma],
                         ids=lambda kind: kind.name, indirect=True)
def test_the_default_place_needs_no_asking(pgentry, applied, migrator):
    """What the test above changes is what makes the difference."""
    migrator.write("pgentry.yaml", VERIFY)
    done = pgentry(*APP, url=migrator.url(applied[1]), env=migrator.env)
    assert done.exit == 0 and not migrated(done), done


UPS = {"dbmate": "dbmate --no-dump-schema migrate", "node-pg-migrate": "node-pg-migrate up", "prisma": "prisma migrate deploy"}


@pytest.mark.parametrize("run", ["[npm, run, up]", "npm run --silent all >log 2>&1", '"sh -c \'{}\' | cat"'],
                         ids=["a script", "scripts", "a shell"])
@pytest.mark.parametrize("applied", [migrators.Dbmate, migrators.NodePgMigrate, migrators.Prisma],
                         ids=lambda kind: kind.name, indirect=True)
def test_nor_does_a_script_that_does_the_same(pgentry, applied, migrator, run):
    """package.json is read, and a shell's line taken apart."""
    up = UPS[migrator.name]
    migrator.write("package.json", json.dumps({"scripts": {"up": up, "all": "npm run up && node --version"}}))
    migrator.write("pgentry.yaml", f"{VERIFY}migrate:\n  preset: {migrator.name}\n  steps:\n    - {{name: x, run: {run.format(up)}}}\n")
    done = pgentry(*APP, url=migrator.url(applied[1]), env=migrator.env)
    assert done.exit == 0 and not migrated(done), done


@pytest.fixture
def sealed(database, project):
    """A healthy Prisma project in which all is applied; the application's role may not read the ledger."""
    migration = "CREATE TABLE users (id int PRIMARY KEY);\n"
    project({"prisma/schema.prisma": SCHEMA.format('url = env("DATABASE_URL")') + "model users {\n  id Int @id\n}\n",
             "prisma/migrations/20250101000000_users/migration.sql": migration,
             "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n', "pgentry.yaml": "migrate: {preset: prisma}\n"})
    database.as_app(migration)
    database.sql("CREATE TABLE _prisma_migrations (migration_name text, checksum text, finished_at timestamptz DEFAULT now(),"
                 " rolled_back_at timestamptz, logs text, started_at timestamptz DEFAULT now(), applied_steps_count int DEFAULT 1)")
    database.sql("INSERT INTO _prisma_migrations (migration_name, checksum) VALUES ('20250101000000_users', %s)",
                 hashlib.sha256(migration.encode()).hexdigest())
    return database


def test_a_ledger_that_may_not_be_read_proves_nothing(pgentry, sealed):
    """So a step runs, and one warning says why, and what would spare it."""
    done = pgentry(*APP, url=sealed.url)
    assert migrated(done), done
    [note] = [event["msg"] for event in done.events if event["event"] == "note"]
    assert "may not be read by this role" in note and "grant SELECT" in note


def test_what_is_gone_is_seen_by_the_role_of_direct_url_behind_a_doubt_too(pgentry, sealed, project):
    """The command is doubtful and the ledger closed to the role of url: no raw SQL on a newer schema all the same."""
    sealed.sql("INSERT INTO _prisma_migrations (migration_name, checksum) VALUES ('20260101000000_newer', 'x')")
    sealed.as_app("ALTER TABLE users RENAME TO people")
    project({"fallback.sql": "CREATE TABLE IF NOT EXISTS users (id int)", "pgentry.yaml": """\
migrate:
  preset: prisma
  steps:
    - {name: deploy, run: "prisma migrate deploy $NOTHING", attempts: 1}
    - {name: raw SQL, sql: [fallback.sql]}
"""})
    direct = f"postgresql://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{sealed.cluster.port}/{sealed.name}"
    done = pgentry(*APP, url=sealed.url, env={"DIRECT_URL": direct})
    assert done.exit in (65, 70) and done.stdout == "", done
    assert done.said("gone locally") == 1 and "users" not in sealed.tables(), done


@pytest.mark.parametrize("run", ["[prisma, migrate, deploy]", '"prisma migrate deploy $NOTHING"'], ids=["sure", "unsure"])
def test_no_step_runs_while_nobody_knows_what_is_gone(pgentry, sealed, project, run):
    """Another session has the ledger locked: that is waited for, and told, before raw SQL may run on a newer schema."""
    sealed.sql(f"GRANT SELECT ON _prisma_migrations TO {sealed.user}")
    sealed.sql("INSERT INTO _prisma_migrations (migration_name, checksum) VALUES ('20260101000000_newer', 'x')")
    sealed.as_app("ALTER TABLE users RENAME TO people")
    project({"fallback.sql": "CREATE TABLE IF NOT EXISTS users (id int)", "pgentry.yaml": f"""\
migrate:
  preset: prisma
  steps:
    - {{name: deploy, run: {run}, attempts: 1}}
    - {{name: raw SQL, sql: [fallback.sql]}}
"""})
    with sealed.direct() as holder:
        holder.execute("BEGIN; LOCK TABLE _prisma_migrations IN ACCESS EXCLUSIVE MODE")
        boot = pgentry.start(*APP, url=sealed.url)
        boot.wait_for("the migration history cannot be read: another session has it locked")
        assert "step-started" not in [event["event"] for event in boot.events]
        holder.execute("ROLLBACK")
    done = boot.wait()
    assert done.exit in (65, 70) and done.stdout == "", done
    assert done.said("raw SQL is skipped") == 1 and "users" not in sealed.tables(), done


def test_a_ledger_that_the_role_of_direct_url_may_read_is_read_there(pgentry, sealed):
    """Nothing pending: no step runs, and nothing is warned of."""
    direct = f"postgresql://postgres:{SUPERUSER_PASSWORD}@127.0.0.1:{sealed.cluster.port}/{sealed.name}"
    done = pgentry(*APP, url=sealed.url, env={"DIRECT_URL": direct})
    named = [event["event"] for event in done.events]
    assert done.exit == 0 and not migrated(done) and "up-to-date" in named and "note" not in named, done
