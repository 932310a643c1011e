"""The real migration tools, each with a small project: one class a tool, so that one claim can be tried on all of them."""
import json
import os
import shutil
from pathlib import Path

from supervisor import run
from tools import installed

HERE = Path(__file__).resolve().parent
DEBIAN = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"  # python3, alembic and rails are Debian's packages


class Migrator:
    """A project folder, filled: its first migration creates the table users. `apply`, `revert`: the tool by hand."""

    name = ""            # of the preset and of the folder under projects/
    npm = ""             # what tools.sh calls the folder with its node_modules; "": a Debian package
    ledger = False       # whether pgentry reads its history
    table = ""           # where the tool keeps its history
    apply = revert = ()  # argv
    refusal = 'relation "nowhere" does not exist'  # what the tool says of add_bad()
    query = ""           # of the URL

    def __init__(self, folder):
        self.folder = folder
        self.env = {}
        shutil.copytree(HERE / "projects" / self.name, folder, dirs_exist_ok=True)
        if self.npm:
            (folder / "node_modules").symlink_to(installed(self.npm) / "node_modules")
        else:
            self.env["PATH"] = DEBIAN

    def url(self, database):
        return database.url_with(query=self.query)

    def __call__(self, argv, database):
        """Runs the tool by hand, as a developer would."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DATABASE_URL": self.url(database), **self.env}
        argv = ["node_modules/.bin/" + argv[0], *argv[1:]] if self.npm else argv
        done = run(argv, env, self.folder)
        assert done.exit == 0, done
        return done

    def steps(self, more=""):
        """A configuration in which the tool is the first step, with one attempt."""
        run_list = ", ".join(f'"{word}"' for word in self.apply)
        return f"migrate:\n  preset: {self.name}\n  steps:\n    - {{name: the tool, run: [{run_list}], attempts: 1}}\n{more}"

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def add(self, number, table):
        """A migration that creates `table`, and is the later the higher its number; from 2. Returns its file."""
        return self.migration(number, f"create_{table}", f"CREATE TABLE {table} (id int)", f"DROP TABLE {table}")

    def add_bad(self, number):
        """One whose second statement fails."""
        return self.migration(number, "bad", "CREATE TABLE half (id int); ALTER TABLE nowhere ADD COLUMN y int",
                              "SELECT 1")

    def migration(self, number, name, up, down):
        raise NotImplementedError

    def remove(self, path):
        path.unlink()

    def edit(self, path):
        """Something that would fail, were it run again."""
        path.write_text(path.read_text().replace("CREATE TABLE", "CREATE TABLE edited"))


class Dbmate(Migrator):
    name, npm, ledger, table = "dbmate", "dbmate", True, "schema_migrations"
    apply, revert = ("dbmate", "--no-dump-schema", "migrate"), ("dbmate", "--no-dump-schema", "rollback")
    query = "?sslmode=disable"  # its driver insists on TLS unless told otherwise

    def migration(self, number, name, up, down):
        return self.write(f"db/migrations/2025010{number}000000_{name}.sql",
                          f"-- migrate:up\n{up};\n\n-- migrate:down\n{down};\n")


class NodePgMigrate(Migrator):
    name, npm, ledger, table = "node-pg-migrate", "migrators", True, "pgmigrations"
    apply, revert = ("node-pg-migrate", "up"), ("node-pg-migrate", "down")

    def migration(self, number, name, up, down):
        return self.write(f"migrations/173568960000{number}_{name}.sql",
                          f"-- Up Migration\n{up};\n\n-- Down Migration\n{down};\n")


class Knex(Migrator):
    name, npm, table = "knex", "migrators", "knex_migrations"
    apply, revert = ("knex", "migrate:latest"), ("knex", "migrate:down")

    def migration(self, number, name, up, down):
        return self.write(f"migrations/2025010{number}000000_{name}.js",
                          f"exports.up = (knex) => knex.raw({json.dumps(up)});\n"
                          f"exports.down = (knex) => knex.raw({json.dumps(down)});\n")


class Drizzle(Migrator):
    name, npm, table = "drizzle", "migrators", "drizzle.__drizzle_migrations"
    apply = ("drizzle-kit", "migrate")
    refusal = "applying migrations"  # without a terminal it keeps the reason to itself

    def journal(self, change):
        path = self.folder / "drizzle/meta/_journal.json"
        journal = json.loads(path.read_text())
        change(journal["entries"])
        path.write_text(json.dumps(journal))

    def migration(self, number, name, up, down):
        tag = f"000{number}_{name}"
        self.journal(lambda entries: entries.append({"idx": len(entries), "version": "7", "tag": tag, "breakpoints": True,
                                                     "when": 1735689600000 + number}))
        return self.write(f"drizzle/{tag}.sql", up + ";\n")

    def remove(self, path):
        path.unlink()
        self.journal(lambda entries: entries.pop())


class Django(Migrator):
    name, table = "django", "django_migrations"
    apply, revert = ("python3", "manage.py", "migrate", "--noinput"), ("python3", "manage.py", "migrate", "shop", "0001")
    last = "0001_init"

    def migration(self, number, name, up, down):
        before, self.last = self.last, f"000{number}_{name}"
        return self.write(f"shop/migrations/{self.last}.py", f"""\
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "{before}")]
    operations = [migrations.RunSQL("{up}", "{down}")]
""")


class Alembic(Migrator):
    name, table = "alembic", "alembic_version"
    apply, revert = ("alembic", "upgrade", "head"), ("alembic", "downgrade", "-1")
    last = "0001"

    def migration(self, number, name, up, down):
        before, self.last = self.last, f"000{number}"
        return self.write(f"alembic/versions/{self.last}_{name}.py", f"""\
from alembic import op

revision = "{self.last}"
down_revision = "{before}"


def upgrade():
    op.execute("{up}")


def downgrade():
    op.execute("{down}")
""")


class Rails(Migrator):
    name, ledger, table = "rails", True, "schema_migrations"
    apply, revert = ("bin/rails", "db:migrate"), ("bin/rails", "db:rollback")

    def __init__(self, folder):
        super().__init__(folder)
        self.env["RAILS_ENV"] = "production"

    def migration(self, number, name, up, down):
        camel = "".join(part.capitalize() for part in name.split("_"))
        return self.write(f"db/migrate/2025010{number}000000_{name}.rb", f"""\
class {camel} < ActiveRecord::Migration[6.1]
  def up
    execute "{up}"
  end

  def down
    execute "{down}"
  end
end
""")


def prisma_environment(engine="engine"):
    """What the CLI needs besides the URL: the engine that a package has, and no questions."""
    return {"PRISMA_SCHEMA_ENGINE_BINARY": str(installed(engine) / "schema-engine.mjs"), "CI": "1",
            "PRISMA_HIDE_UPDATE_MESSAGE": "1", "CHECKPOINT_DISABLE": "1"}


class Prisma(Migrator):
    name, npm, ledger, table = "prisma", "prisma", True, "_prisma_migrations"
    apply = ("prisma", "migrate", "deploy")

    def __init__(self, folder):
        super().__init__(folder)
        self.env = prisma_environment()


ALL = [Dbmate, NodePgMigrate, Rails, Django, Alembic, Knex, Drizzle]
