"""Verification: every kind of thing that can be asked for, and the document about it (contract sections 2, 5 and 6)."""
import json

import psycopg
import pytest
from diagnosis import Report
from postgres import free_port

SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, email text);
CREATE TABLE avatar_projects (id serial PRIMARY KEY, "userId" int, name text);
CREATE INDEX "avatar_projects_userId_idx" ON avatar_projects ("userId");
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
"""
LONG_FORM = """\
verify:
  tables:
    - users
    - name: avatar_projects
      columns: [id, userId, name]
      indexes: [avatar_projects_userId_idx]
      privileges: [select, insert, update, delete]
"""


def verify(pgentry, url, *more, env=None):
    """Exit status and the document."""
    done = pgentry("verify", "--json", *more, url=url, env=env)
    return done.exit, json.loads(done.stdout)


def problems(document):
    return {(problem["code"], problem["object"]) for problem in document["problems"]}


@pytest.fixture
def shop(database):
    database.as_app(SHOP)
    return database


def test_a_healthy_schema_is_0(pgentry, shop, project):
    """Everything asked for is there."""
    project({"pgentry.yaml": LONG_FORM})
    status, document = verify(pgentry, shop.url)
    assert status == 0
    assert document["status"] == "healthy"
    assert document["database"] == {"connected": True, "tables": {"users": True, "avatar_projects": True},
                                    "missingTables": [], "totalTables": 2, "healthyTables": 2}
    assert document["problems"] == []


def test_the_document_of_a_missing_table(pgentry, shop, project):
    """Field for field what contract section 5 shows."""
    shop.sql("DROP TABLE avatar_projects")
    project({"pgentry.yaml": LONG_FORM})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert list(document)[:2] == ["status", "phase"]
    assert document["status"] == "degraded" and document["phase"] == "checking"
    assert document["database"] == {"connected": True, "tables": {"users": True, "avatar_projects": False},
                                    "missingTables": ["avatar_projects"], "totalTables": 2, "healthyTables": 1}
    assert problems(document) == {("missing-table", "public.avatar_projects")}
    assert all(problem["fix"] for problem in document["problems"])
    for name in ("checkedAt", "timestamp"):
        assert document[name].endswith("Z") and len(document[name]) == len("2025-10-12T10:29:58.120Z")


def test_no_critical_table_at_all_is_unhealthy(pgentry, database, project):
    """`unhealthy`: connected, but none of them exists."""
    project({"pgentry.yaml": LONG_FORM})
    status, document = verify(pgentry, database.url)
    assert status == 65
    assert document["status"] == "unhealthy"
    assert document["database"]["connected"] is True
    assert document["database"]["missingTables"] == ["users", "avatar_projects"]


def test_verify_changes_nothing_and_does_not_wait(pgentry, project):
    """One look: nothing listens, so 69 at once, and a document that says so."""
    project({"pgentry.yaml": LONG_FORM})
    done = pgentry("verify", "--json", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert done.exit == 69, done
    assert done.seconds < 5
    document = json.loads(done.stdout)
    assert document["status"] == "unhealthy" and document["database"]["connected"] is False


def test_what_was_never_looked_at_is_wanted_and_not_missing(pgentry, project):
    """Totals of what is configured and of what schema.prisma adds; no table is called missing that nobody looked for."""
    project({"pgentry.yaml": "verify: {tables: [users, other.users]}\n",
             "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
                                     "model Avatar {\n  id Int @id\n}\n"})
    status, document = verify(pgentry, f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert status == 69 and document["status"] == "unhealthy" and document["checkedAt"] is None
    assert document["phase"] == "waiting"
    assert document["database"] == {"connected": False, "missingTables": [], "totalTables": 3, "healthyTables": 0,
                                    "tables": {"users": False, "other.users": False, "Avatar": False}}
    assert problems(document) == {("not-connected", "database")}


def test_the_report_for_people_names_what_is_missing(pgentry, shop, project):
    """Without --json: a table report on standard output."""
    shop.sql("DROP TABLE avatar_projects")
    project({"pgentry.yaml": LONG_FORM})
    done = pgentry("verify", url=shop.url)
    assert done.exit == 65, done
    assert "avatar_projects" in done.stdout and "users" in done.stdout


@pytest.mark.parametrize("change, code, object_name", [
    ('ALTER TABLE avatar_projects DROP COLUMN name', "missing-column", "public.avatar_projects.name"),
    ('ALTER TABLE avatar_projects RENAME "userId" TO userid', "missing-column", "public.avatar_projects.userId"),
    ('DROP INDEX "avatar_projects_userId_idx"', "missing-index", "public.avatar_projects_userId_idx"),
    ('REVOKE DELETE ON avatar_projects FROM {user}', "missing-privilege", "public.avatar_projects"),
    ('ALTER TABLE avatar_projects RENAME TO "Avatar_Projects"', "missing-table", "public.avatar_projects"),
    ('CREATE SCHEMA other; ALTER TABLE avatar_projects SET SCHEMA other', "missing-table", "public.avatar_projects"),
])
def test_what_is_missing_is_named(pgentry, shop, project, change, code, object_name):
    """Column, index, privilege, table; names are compared exactly."""
    shop.sql(change.format(user=shop.user))
    project({"pgentry.yaml": LONG_FORM})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert (code, object_name) in problems(document)
    assert document["status"] == "degraded"
    assert document["database"]["healthyTables"] == 1


def test_an_index_that_was_not_built_to_the_end_is_invalid(pgentry, shop, project):
    """A failed CREATE UNIQUE INDEX CONCURRENTLY leaves an index that IF NOT EXISTS accepts; verification does not."""
    shop.sql('DROP INDEX "avatar_projects_userId_idx"; INSERT INTO avatar_projects ("userId") VALUES (1), (1)')
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.as_app('CREATE UNIQUE INDEX CONCURRENTLY "avatar_projects_userId_idx" ON avatar_projects ("userId")')
    project({"pgentry.yaml": LONG_FORM})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert ("invalid-index", "public.avatar_projects_userId_idx") in problems(document)
    [fix] = [problem["fix"] for problem in document["problems"]]
    assert "REINDEX" in fix


def test_an_index_of_another_table_does_not_count(pgentry, shop, project):
    """The index has to be on that table."""
    shop.sql('DROP INDEX "avatar_projects_userId_idx"; CREATE INDEX "avatar_projects_userId_idx" ON users (email)')
    project({"pgentry.yaml": LONG_FORM})
    assert verify(pgentry, shop.url)[0] == 65


def test_a_column_that_was_dropped_does_not_count(pgentry, shop, project):
    """A dropped column stays in the catalog under another name; system columns are none of ours."""
    project({"pgentry.yaml": "verify: {tables: [{name: users, columns: [ctid]}]}"})
    assert verify(pgentry, shop.url)[0] == 65


@pytest.mark.parametrize("make", [
    "CREATE VIEW things AS SELECT 1 AS id",
    "CREATE MATERIALIZED VIEW things AS SELECT 1 AS id",
    "CREATE TABLE things (id int) PARTITION BY RANGE (id)",
    "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;"
    " CREATE FOREIGN TABLE things (id int) SERVER far",
])
def test_every_kind_of_relation_that_can_be_read_counts(pgentry, database, project, make):
    """View, materialized view, partitioned table, foreign table."""
    database.sql(make)
    project({"pgentry.yaml": "verify: {tables: [{name: things, columns: [id]}]}"})
    status, document = verify(pgentry, database.url)
    assert status == 0, document


@pytest.mark.parametrize("make", ["CREATE SEQUENCE things", "CREATE TYPE things AS (id int)",
                                  "CREATE TABLE t (id int); CREATE INDEX things ON t (id)"])
def test_other_relations_do_not_count_as_tables(pgentry, database, project, make):
    """A sequence, a composite type, an index of that name is no table."""
    database.sql(make)
    project({"pgentry.yaml": "verify: {tables: [things]}"})
    status, document = verify(pgentry, database.url)
    assert status == 65, document
    assert problems(document) == {("missing-table", "public.things")}


def test_an_index_of_a_partitioned_table_counts(pgentry, database, project):
    """Partitioned indexes are a relation kind of their own."""
    database.as_app("CREATE TABLE things (id int) PARTITION BY RANGE (id); CREATE INDEX things_idx ON things (id)")
    project({"pgentry.yaml": "verify: {tables: [{name: things, indexes: [things_idx]}]}"})
    assert verify(pgentry, database.url)[0] == 0


def test_tables_of_other_schemas_are_named_with_their_schema(pgentry, shop, project):
    """schema.table in the configuration and in the document."""
    shop.as_app("CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int)")
    project({"pgentry.yaml": "verify: {tables: [users, billing.invoices, billing.missing]}"})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert document["database"]["tables"] == {"users": True, "billing.invoices": True, "billing.missing": False}
    assert document["database"]["missingTables"] == ["billing.missing"]
    assert problems(document) == {("missing-table", "billing.missing")}


def test_verify_schema_is_the_url_s_schema_by_default(pgentry, database, project):
    """?schema= of the URL, else verify.schema, else public."""
    database.as_app("CREATE SCHEMA shop; CREATE TABLE shop.users (id int)")
    project({"pgentry.yaml": "verify: {tables: [users]}"})
    assert verify(pgentry, database.url)[0] == 65
    assert verify(pgentry, database.url_with(query="?schema=shop"))[0] == 0
    assert verify(pgentry, database.url, "--set", "verify.schema=shop")[0] == 0
    assert verify(pgentry, database.url_with(query="?schema=shop"), "--set", "verify.schema=public")[0] == 65


def test_the_search_path_plays_no_part(pgentry, shop, project):
    """A table of the same name elsewhere on the search path is not taken for it."""
    shop.sql(f"CREATE SCHEMA other; ALTER TABLE users SET SCHEMA other; ALTER ROLE {shop.user} SET search_path = other")
    project({"pgentry.yaml": "verify: {tables: [users]}"})
    assert verify(pgentry, shop.url)[0] == 65


def test_extensions(pgentry, database, project):
    """verify.extensions."""
    project({"pgentry.yaml": "verify: {extensions: [plpgsql, pg_trgm]}"})
    status, document = verify(pgentry, database.url)
    assert status == 65
    assert problems(document) == {("missing-extension", "pg_trgm")}
    database.sql("CREATE EXTENSION pg_trgm")
    assert verify(pgentry, database.url)[0] == 0


@pytest.mark.parametrize("sql, healthy", [
    ("SELECT count(*) = 0 FROM users", True), ("SELECT true", True), ("SELECT 1 = 2", False), ("SELECT NULL::bool", False),
    ("SELECT 1", False), ("SELECT true WHERE false", False), ("SELECT * FROM nowhere", False), ("SELCT", False),
    ("DELETE FROM users RETURNING true", False), ("SELECT 1/0 = 1", False), ("SELECT true; DELETE FROM users", False),
    ("/* ; */ SELECT true; -- it holds", True), ("SELECT true -- it holds", True), ("COMMIT", False),
    ("SELECT set_config('transaction_read_only', 'off', true) = 'off'", False), ("SELECT true) AS a; DELETE FROM users; --", False),
])
def test_asserts_are_read_only_queries_whose_first_value_is_true(pgentry, shop, project, sql, healthy):
    """Whatever the query does, nothing changes, and only true counts."""
    project({"pgentry.yaml": f"verify: {{tables: [users], asserts: [{{name: it holds, sql: {json.dumps(sql)}}}]}}"})
    status, document = verify(pgentry, shop.url)
    assert status == (0 if healthy else 65), document
    if not healthy:
        assert ("assert-failed", "it holds") in problems(document)
        assert document["database"]["tables"] == {"users": True}


def test_an_assert_that_fails_hides_no_other(pgentry, shop, project):
    """Each is judged by itself."""
    project({"pgentry.yaml": """\
        verify:
          tables: [users]
          asserts:
            - {name: broken, sql: SELECT 1/0 = 1}
            - {name: fine, sql: SELECT true}
            - {name: wrong, sql: SELECT false}
        """})
    _, document = verify(pgentry, shop.url)
    assert problems(document) == {("assert-failed", "broken"), ("assert-failed", "wrong")}


def test_a_slow_assert_does_not_hold_however_little_time_there_is(pgentry, shop, project):
    """It is named, and the database is not told as unreachable."""
    project({"pgentry.yaml": "verify: {tables: [users], asserts: [{name: slow, sql: SELECT pg_sleep(60) IS NOT NULL}]}\n"})
    status, document = verify(pgentry, shop.url, "--set", "wait.timeout=4s", "--set", "wait.connect_timeout=4s")
    assert status == 65 and problems(document) == {("assert-failed", "slow")}
    assert "statement timeout" in document["problems"][0]["message"]


def test_an_assert_behind_a_lock_says_so(pgentry, shop, project):
    """A migration of its table is no fault of the data."""
    project({"pgentry.yaml": "verify: {tables: [users], asserts: [{name: some, sql: SELECT count(*) >= 0 FROM users}]}\n"})
    with shop.direct() as migration, migration.transaction():
        migration.execute("LOCK TABLE users")
        status, document = verify(pgentry, shop.url)
    assert status == 65 and problems(document) == {("assert-failed", "some")}
    assert "another session holds a lock" in document["problems"][0]["message"]


def test_many_slow_asserts_are_named_and_the_database_is_not_called_unreachable(pgentry, shop, project):
    asserts = ", ".join(f"{{name: slow {n}, sql: SELECT pg_sleep(60) IS NOT NULL}}" for n in range(3))
    project({"pgentry.yaml": f"verify: {{tables: [users], asserts: [{asserts}]}}\nwait: {{timeout: 5s}}\n"})
    done = pgentry("verify", "--json", url=shop.url)
    assert done.exit == 65, done
    document = json.loads(done.stdout)
    assert document["status"] == "degraded" and document["database"]["connected"]
    assert [problem["object"] for problem in document["problems"]] == ["slow 0", "slow 1", "slow 2"]
    assert all("slow, or one before it" in problem["message"] for problem in document["problems"])


def test_an_asserts_value_is_cut_between_two_characters(pgentry, shop, project):
    """Half a character is no JSON: the whole message would be lost."""
    project({"pgentry.yaml": "verify: {asserts: [{name: words, sql: \"SELECT 'x' || repeat('ä', 40)\"}]}\n"})
    [problem] = verify(pgentry, shop.url)[1]["problems"]
    assert problem["message"] == 'assertion "words" does not hold: its first value is x' + "ä" * 29 + ", not true"


@pytest.mark.parametrize("name", ['weird "table"; DROP TABLE users; --', "ünïcödé", "Order Items", "x" * 63, "$1", "%s"])
def test_names_are_parameters_never_sql(pgentry, shop, project, name):
    """Any name that PostgreSQL allows can be asked for, and none does harm."""
    project({"pgentry.yaml": json.dumps({"verify": {"tables": [{"name": name}, "users"]}})})
    status, document = verify(pgentry, shop.url)
    assert status == 65 and document["database"]["tables"][name] is False
    shop.as_app(psycopg.sql.SQL("CREATE TABLE {} (id int)").format(psycopg.sql.Identifier(name)))
    assert verify(pgentry, shop.url)[0] == 0


def test_a_name_that_postgresql_would_cut_is_78(pgentry, shop, project):
    """Over 63 bytes."""
    project({"pgentry.yaml": f"verify: {{tables: [{'x' * 64}]}}"})
    done = pgentry("verify", url=shop.url)
    assert done.exit == 78, done


def test_a_table_that_cannot_be_read_by_us_still_exists(pgentry, shop, project):
    """Existence is the catalog's word; the right to read is asked for by privileges."""
    shop.sql("CREATE TABLE private (id int)")
    project({"pgentry.yaml": "verify: {tables: [private, {name: users}]}"})
    assert verify(pgentry, shop.url)[0] == 0
    project({"pgentry.yaml": "verify: {tables: [{name: private, privileges: [select]}]}"})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert problems(document) == {("missing-privilege", "public.private")}


def test_privileges_in_a_schema_without_usage(pgentry, shop, project):
    """The right on the table is of no use without the one on its schema."""
    shop.sql(f"CREATE SCHEMA vault; CREATE TABLE vault.gold (id int); GRANT SELECT ON vault.gold TO {shop.user}")
    project({"pgentry.yaml": "verify: {tables: [{name: vault.gold, privileges: [select]}]}"})
    status, document = verify(pgentry, shop.url)
    assert status == 65 and problems(document) == {("missing-privilege", "schema vault")}


def test_all_rights_that_lack_are_told_at_once(pgentry, shop, project):
    """The one on the schema, once, and those on the table: nobody mends twice."""
    shop.sql(f"CREATE SCHEMA vault; CREATE TABLE vault.gold (id int); GRANT SELECT ON vault.gold TO {shop.user}")
    project({"pgentry.yaml": "verify: {tables: [{name: vault.gold, privileges: [select, insert, update]}]}"})
    status, document = verify(pgentry, shop.url)
    assert status == 65
    assert [(problem["object"], problem["fix"].split()[1]) for problem in document["problems"]] == [
        ("schema vault", "usage"), ("vault.gold", "insert"), ("vault.gold", "update")]


def test_nothing_to_verify_is_healthy_with_a_problem(pgentry, database):
    """A boot then proves the connection only, and says so."""
    status, document = verify(pgentry, database.url)
    assert status == 0
    assert document["status"] == "healthy"
    assert [problem["code"] for problem in document["problems"]] == ["nothing-to-verify"]
    done = pgentry("run", "--", "echo", "it runs", url=database.url)
    assert done.exit == 0 and done.stdout == "it runs\n", done
    assert any(event["level"] == "warn" for event in done.events), done


def test_every_model_of_schema_prisma_is_asked_for(pgentry, database, project):
    """prisma_schema: auto: tables, columns, enums and many-to-many tables; @map and @@map; not views."""
    project({"prisma/schema.prisma": """\
        datasource db {
          provider = "postgresql"
          url      = env("DATABASE_URL")
        }
        enum Role { // roles
          USER
          ADMIN
          @@map("role")
        }
        model User {
          id    Int    @id
          email String @map("e_mail")
          role  Role
          posts Post[]
          @@map("users")
        }
        model Post {
          id      Int  @id
          authors User[]
        }
        view Stats {
          id Int @unique
        }
        """})
    _, document = verify(pgentry, database.url)
    assert set(document["database"]["tables"]) == {"users", "Post", "_PostToUser"}
    database.as_app("""CREATE TYPE role AS ENUM ('USER', 'ADMIN'); CREATE TABLE users (id int, e_mail text, role role);
                       CREATE TABLE "Post" (id int); CREATE TABLE "_PostToUser" ("A" int, "B" int)""")
    status, document = verify(pgentry, database.url)
    assert status == 0, document
    database.as_app("ALTER TABLE users DROP COLUMN e_mail; ALTER TABLE users DROP COLUMN role; DROP TYPE role")
    _, document = verify(pgentry, database.url)
    assert {code for code, _ in problems(document)} == {"missing-column", "missing-enum"}


def test_an_enum_without_a_value_that_schema_prisma_has_is_65(pgentry, database, project):
    """The application would be refused that value; more values than it knows are no harm."""
    project({"prisma/schema.prisma": """
        enum Role {
          USER
          ADMIN @map("the admin")
        }
        model User {
          id   Int  @id
          role Role
        }
        """})
    database.as_app("""CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'GUEST'); CREATE TABLE "User" (id int, role "Role")""")
    status, document = verify(pgentry, database.url)
    assert status == 65 and problems(document) == {("missing-enum-value", "public.Role.the admin")}, document
    database.as_app("""ALTER TYPE "Role" ADD VALUE 'the admin'""")
    assert verify(pgentry, database.url)[0] == 0


def test_a_schema_prisma_that_cannot_be_read_is_65(pgentry, database, project):
    """Unreadable and no table listed by hand: never a healthy schema, never the application."""
    project({"prisma/schema.prisma": "model User {\n  id Int @id\n"})
    done = pgentry("verify", url=database.url)
    assert done.exit == 65, done
    done = pgentry("run", "--set", "migrate.preset=none", "--", "echo", "it runs", url=database.url)
    assert done.exit == 65 and "it runs" not in done.stdout, done


def test_a_thousand_tables_verify_in_one_look(pgentry, database, project):
    """Many tables cost one round trip, not one each."""
    names = [f"t{i}" for i in range(1000)]
    database.as_app(";".join(f"CREATE TABLE {name} (id int)" for name in names[:-1]))
    project({"pgentry.yaml": json.dumps({"verify": {"tables": names}})})
    done = pgentry("verify", "--json", url=database.url)
    assert done.exit == 65
    document = json.loads(done.stdout)
    assert document["database"]["missingTables"] == ["t999"]
    assert document["database"]["healthyTables"] == 999
    assert done.seconds < 5


def test_verify_timeout_waits_for_another_container_s_schema(pgentry, database, project):
    """No steps here, verify.timeout: the schema comes a second later, and then the application starts."""
    project({"pgentry.yaml": "verify: {tables: [users], timeout: 15s}\nmigrate: {preset: none}\n"})
    boot = pgentry.start("run", "--", "echo", "it runs", url=database.url)
    boot.wait_for("users")
    database.as_app("CREATE TABLE users (id int)")
    done = boot.wait()
    assert done.exit == 0, done
    assert done.stdout == "it runs\n"


def test_verify_timeout_ends_in_65(pgentry, database, project):
    """The schema never comes: 65 when the time is over."""
    project({"pgentry.yaml": "verify: {tables: [users], timeout: 1s}\nmigrate: {preset: none}\n"})
    done = pgentry("run", "--", "echo", "it runs", url=database.url)
    assert done.exit == 65, done
    assert done.seconds > 0.9


@pytest.fixture
def behind(database, project):
    """A dbmate project without steps here, whose table is there, and whose second migration another container owes."""
    migration = "-- migrate:up\nSELECT 1;\n"
    project({"db/migrations/1_init.sql": migration, "db/migrations/2_fill.sql": migration})
    database.as_app("CREATE TABLE users (id int); CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY); "
                    "INSERT INTO schema_migrations VALUES ('1')")
    return {"PGENTRY_MIGRATE_STEPS": "[]", "PGENTRY_VERIFY_TABLES": "users", "PGENTRY_LOG_FORMAT": "json"}


def test_verify_timeout_waits_for_what_another_container_has_yet_to_apply(pgentry, database, behind):
    """The table is there, the second migration is not recorded: the application would start on half of it."""
    boot = pgentry.start("run", "--", "echo", "it runs", url=database.url, env={**behind, "PGENTRY_VERIFY_TIMEOUT": "15s"})
    boot.wait_for("awaiting-schema")
    database.as_app("INSERT INTO schema_migrations VALUES ('2')")
    done = boot.wait()
    assert (done.exit, done.stdout) == (0, "it runs\n"), done


@pytest.mark.parametrize("ledger", ["DELETE FROM schema_migrations", "DROP TABLE schema_migrations"])
def test_where_nothing_is_recorded_yet_and_no_table_is_verified_it_waits_too(pgentry, database, behind, ledger):
    """The first deployment."""
    database.as_app(ledger)
    env = {**behind, "PGENTRY_VERIFY_TIMEOUT": "1s", "PGENTRY_VERIFY_TABLES": ""}
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env=env)
    assert (done.exit, done.stdout) == (65, ""), done


def test_a_schema_that_was_pushed_is_not_waited_for(pgentry, database, behind):
    """The table is there, and no ledger that would tell of it."""
    database.as_app("DROP TABLE schema_migrations")
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env={**behind, "PGENTRY_VERIFY_TIMEOUT": "15s"})
    assert (done.exit, done.stdout) == (0, "it runs\n"), done


def test_what_nobody_applies_within_verify_timeout_is_65_though_the_tables_are_there(pgentry, database, behind):
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env={**behind, "PGENTRY_VERIFY_TIMEOUT": "1s"})
    assert (done.exit, done.stdout) == (65, ""), done
    assert "migrations are pending, no step runs here" in done.stderr


def test_who_waits_for_nobody_starts_on_a_schema_that_verifies(pgentry, database, behind):
    done = pgentry("run", "--", "echo", "it runs", url=database.url, env=behind)
    assert (done.exit, done.stdout) == (0, "it runs\n"), done


def test_a_name_does_nothing_to_the_terminal(pgentry, database, project):
    project({"pgentry.yaml": 'verify: {tables: ["users\\x1b[2J\\x07"]}\n'})
    done = pgentry("verify", url=database.url)
    assert done.exit == 65, done
    assert "Missing tables: users" in done.stdout and not {"\x1b", "\x07"} & set(done.text), done


def encoded(database, encoding):
    """The URL of another database on the same server, with that encoding."""
    name = f"{database.name}_{encoding.lower()}"
    with database.cluster.connect() as direct:
        direct.execute(f"CREATE DATABASE {name} OWNER {database.user} TEMPLATE template0 ENCODING '{encoding}'"
                       " LC_COLLATE 'C' LC_CTYPE 'C'")
    return database.url_with(name=name)


@pytest.fixture
def latin(database):
    """The URL of a database whose encoding knows the letters of western Europe."""
    url = encoded(database, "LATIN1")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('CREATE TABLE users (id int, "größe" int); CREATE INDEX "nach_größe" ON users ("größe");'
                           " CREATE TABLE orders (id int)")
    return url


def test_a_name_that_the_server_s_encoding_cannot_spell_is_of_nothing_there(pgentry, latin, project):
    """It is missing, like any other; what the encoding can spell is found by its name."""
    project({"pgentry.yaml": """\
        migrate: {preset: none}
        verify:
          tables:
            - 表
            - {name: users, columns: [id, 名, größe, höhe], indexes: [nach_größe, 索引], privileges: [select]}
            - orders
            - 模式.orders
          extensions: [plpgsql, 拡張]
        """, "schema.prisma": 'enum State {\n  A\n  @@map("状態")\n}\nmodel orders {\n  id Int @id\n}\n'})
    status, document = verify(pgentry, latin)
    assert status == 65
    assert document["database"]["tables"] == {"表": False, "users": True, "orders": True, "模式.orders": False}
    assert problems(document) == {
        ("missing-table", "public.表"), ("missing-table", "模式.orders"), ("missing-column", "public.users.名"),
        ("missing-column", "public.users.höhe"), ("missing-index", "public.索引"), ("missing-enum", "public.状態"),
        ("missing-extension", "拡張")}
    assert pgentry("sync", url=latin).exit == 65
    report = Report(pgentry("diagnose", "--json", url=latin))
    assert report.exit == 65
    assert report.codes() == {code for code, _ in problems(document)}


def test_a_schema_that_the_server_s_encoding_cannot_spell_has_neither_tables_nor_a_history(pgentry, latin, project):
    """Assertions are asked all the same, and nothing of the schema is another tool's."""
    project({"pgentry.yaml": """\
        migrate: {preset: dbmate}
        verify: {schema: 模式, tables: [users], asserts: [{name: here, sql: SELECT 1 = 1}, {name: not, sql: "SELECT '表' = 'x'"}]}
        """, "db/migrations/001_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n"})
    done = pgentry("verify", "--json", url=latin)
    assert done.exit == 65, done
    assert problems(json.loads(done.stdout)) == {("missing-table", "模式.users"), ("assert-failed", "not")}
    assert "is not this migration tool's table" not in done.stderr, done


def test_a_history_with_a_row_that_cannot_be_converted_proves_nothing(pgentry, database, project):
    """It is not taken for one that is not there: what is recorded in it would be pending again."""
    project({"pgentry.yaml": "migrate: {preset: dbmate}\nverify: {tables: []}\n",
             "db/migrations/001_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n"})
    url = encoded(database, "WIN1252")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
                           " INSERT INTO schema_migrations VALUES ('001'), ('000' || chr(129))")
    done = pgentry("verify", "--json", url=url)
    assert "is not this migration tool's table" in done.stderr, done
