"""pgentry apply: the raw SQL step's child process (contract section 1)."""
import os
import signal
import socket
import stat
import subprocess

import pytest
from island import Island
from postgres import BIN, MAJOR, free_port
from supervisor import wait_until

BODIES = pytest.mark.skipif(MAJOR < 14, reason="BEGIN ATOMIC came with 14")


def test_a_file_of_several_statements_is_one_transaction(pgentry, database, project):
    """All of it, or nothing of it."""
    project({"good.sql": "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (id int);\n",
             "bad.sql": "CREATE TABLE c (id int);\nINSERT INTO a VALUES (2);\nINSERT INTO nowhere VALUES (1);\n"})
    assert pgentry("apply", "good.sql", url=database.url).exit == 0
    done = pgentry("apply", "bad.sql", url=database.url)
    assert done.exit == 1, done
    assert database.tables() == ["a", "b"]
    assert database.sql("SELECT id FROM a") == [(1,)]


def test_an_error_names_file_line_column_and_sqlstate(pgentry, database, project):
    """Counted in characters of the file, behind comments, umlauts and dollar quotes too."""
    project({"bad.sql": "-- größer\nDO $$ BEGIN PERFORM 1; END $$;\n/* ü */ SELECT * FROM nowhere;\n"})
    done = pgentry("apply", "bad.sql", url=database.url)
    assert done.exit == 1, done
    assert "bad.sql:3:23" in done.stderr and "42P01" in done.stderr, done


def test_an_error_without_a_position_names_the_file(pgentry, database, project):
    """A runtime error has no position: the file and the SQLSTATE are told all the same."""
    project({"bad.sql": "SELECT 1/0;\n"})
    done = pgentry("apply", "bad.sql", url=database.url)
    assert done.exit == 1, done
    assert "bad.sql" in done.stderr and "22012" in done.stderr, done


@pytest.mark.parametrize("query", ["schema=Shop%20two", 'currentSchema=%22Shop%20two%22,public'])
@pytest.mark.parametrize("options", [[], ["--no-transaction"]])
def test_names_without_a_schema_mean_that_of_the_url(pgentry, database, project, query, options):
    database.as_app('CREATE SCHEMA "Shop two"')
    project({"one.sql": "CREATE TABLE one (id int);", "two.sql": "CREATE TABLE two (id int);"})
    done = pgentry("apply", *options, "one.sql", "two.sql", url=f"{database.url}?{query}")
    assert done.exit == 0, done
    tables = database.as_app("SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename IN ('one', 'two') ORDER BY 1")
    assert tables == [("Shop two.one",), ("Shop two.two",)]


def test_what_an_extension_made_in_public_is_found_behind_the_url_s_schema(pgentry, database, project):
    database.as_app("CREATE SCHEMA shop; CREATE DOMAIN public.email AS text")
    project({"one.sql": "CREATE TABLE one (address email);"})
    done = pgentry("apply", "one.sql", url=f"{database.url}?schema=shop")
    assert done.exit == 0 and database.as_app("SELECT to_regclass('shop.one') IS NOT NULL") == [(True,)], done


def test_a_search_path_that_is_none_is_told(pgentry, database, project):
    project({"one.sql": "CREATE TABLE one (id int);"})
    done = pgentry("apply", "one.sql", url=f"{database.url}?currentSchema=a%20b")
    assert done.exit == 1 and "22023" in done.stderr, done


def test_a_search_path_without_a_schema_that_exists_is_named_where_nothing_can_be_created(pgentry, database, project):
    """The server calls it "no schema has been selected to create in": that verify.schema is wrong is not all it may be."""
    project({"one.sql": "CREATE TABLE one (id int)", "pgentry.yaml": "verify: {tables: [one]}\nmigrate: {steps: [{name: raw, sql: [one.sql]}]}\n"})
    database.sql(f"ALTER ROLE {database.user} SET search_path = gone")
    done = pgentry("sync", url=database.url)
    assert done.exit == 70, done
    assert any("3F000" in message and "search_path" in message for message in done.messages()), done


def test_a_limit_of_the_role_s_connections_is_named_where_the_step_finds_none_left(pgentry, database, project):
    """The lock's session is the one that it may have: raising max_connections would not help."""
    project({"one.sql": "CREATE TABLE one (id int)", "pgentry.yaml": "verify: {tables: [one]}\nmigrate: {steps: [{name: raw, sql: [one.sql]}]}\n"})
    database.sql(f"ALTER ROLE {database.user} CONNECTION LIMIT 1")
    done = pgentry("sync", url=database.url)
    assert done.exit == 70, done
    assert any("53300" in message and "CONNECTION LIMIT" in message for message in done.messages()), done


def test_files_are_run_in_their_order_and_the_first_error_ends_it(pgentry, database, project):
    """One transaction a file: those before the broken one stay, those behind it never run."""
    project({"1.sql": "CREATE TABLE a (id int)", "2.sql": "CREATE TABEL b (id int)", "3.sql": "CREATE TABLE c (id int)"})
    done = pgentry("apply", "1.sql", "2.sql", "3.sql", url=database.url)
    assert done.exit == 1, done
    assert "2.sql:1:8" in done.stderr and "42601" in done.stderr, done
    assert database.tables() == ["a"]


@pytest.mark.parametrize("text", ["BEGIN; CREATE TABLE a (id int); COMMIT;", "CREATE TABLE a (id int); COMMIT;",
                                  "/* x */ START TRANSACTION; SELECT 1", "ROLLBACK", "SAVEPOINT x",
                                  "CREATE TABLE a (id int); COPY a FROM STDIN;\n1\n\\.\n"])
def test_transaction_control_and_copy_from_stdin_are_refused(pgentry, database, project, text):
    """Refused with file and line before anything of the file runs."""
    project({"own.sql": text})
    done = pgentry("apply", "own.sql", url=database.url)
    assert done.exit == 1, done
    assert "own.sql:1" in done.stderr, done
    assert database.tables() == []


@BODIES
def test_words_inside_functions_and_strings_are_no_transaction_control(pgentry, database, project):
    """BEGIN of PL/pgSQL, COMMIT in a string, a comment or an identifier."""
    project({"fine.sql": """\
        CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END; $body$;
        -- COMMIT;
        CREATE TABLE a ("commit" text DEFAULT 'x; COMMIT; ROLLBACK');
        /* BEGIN; /* nested */ COMMIT; */
        CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
        """})
    done = pgentry("apply", "fine.sql", url=database.url)
    assert done.exit == 0, done
    assert database.tables() == ["a"]


def test_no_transaction_runs_what_refuses_one(pgentry, database, project):
    """CREATE INDEX CONCURRENTLY needs --no-transaction."""
    database.as_app("CREATE TABLE a (id int, body text)")
    project({"index.sql": """\
        CREATE INDEX CONCURRENTLY a_id ON a (id);
        CREATE INDEX CONCURRENTLY a_body ON a (body);  -- a ; in a comment
        INSERT INTO a VALUES (1, E'it\\'s; $$ fine'), (2, $tag$a;b$tag$);
        """})
    done = pgentry("apply", "index.sql", url=database.url)
    assert done.exit == 1 and "25001" in done.stderr, done
    done = pgentry("apply", "--no-transaction", "index.sql", url=database.url)
    assert done.exit == 0, done
    assert database.sql("SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass AND indisvalid") == [(2,)]
    assert database.sql("SELECT count(*) FROM a") == [(2,)]


def test_an_error_without_a_transaction_names_the_line(pgentry, database, project):
    """Statement by statement: earlier ones stay, the error is found in the file."""
    project({"two.sql": "CREATE TABLE a (id int);\n\nINSERT INTO b VALUES (1);\nCREATE TABLE c (id int);\n"})
    done = pgentry("apply", "--no-transaction", "two.sql", url=database.url)
    assert done.exit == 1, done
    assert "two.sql:3:13" in done.stderr, done
    assert database.tables() == ["a"]


def test_a_file_that_cannot_be_read_is_an_error(pgentry, database, project):
    """No such file, a folder: exit 1, named."""
    (project.folder / "folder.sql").mkdir()
    for name in ("missing.sql", "folder.sql"):
        done = pgentry("apply", name, url=database.url)
        assert done.exit == 1, done
        assert name in done.stderr, done


def test_an_empty_file_and_a_byte_order_mark_are_fine(pgentry, database, project):
    """Nothing to run is no error; editors on Windows write a BOM and CRLF."""
    project({"empty.sql": "", "comment.sql": "-- nothing\n", "bom.sql": "\ufeffCREATE TABLE a (id int);\r\n"})
    done = pgentry("apply", "empty.sql", "comment.sql", "bom.sql", url=database.url)
    assert done.exit == 0, done
    assert database.tables() == ["a"]


def test_a_file_with_nul_bytes_is_refused(pgentry, database, project):
    """A NUL would cut the file short silently."""
    folder = project({})
    (folder / "nul.sql").write_bytes(b"CREATE TABLE a (id int);\0DROP TABLE b;")
    done = pgentry("apply", "nul.sql", url=database.url)
    assert done.exit == 1, done
    assert database.tables() == []


def test_a_lock_held_elsewhere_gives_up_after_10_seconds(pgentry, database, project):
    """lock_timeout 10s: 55P03, exit 1, instead of queueing everybody behind us."""
    database.as_app("CREATE TABLE a (id int)")
    project({"alter.sql": "ALTER TABLE a ADD COLUMN b int"})
    with database.direct() as other, other.transaction():
        other.execute("LOCK TABLE a")
        done = pgentry("apply", "alter.sql", url=database.url)
    assert done.exit == 1, done
    assert "55P03" in done.stderr, done
    assert 9 < done.seconds < 15, done


def test_nobody_there_is_69(pgentry, project):
    """Unreachable, with what a person can look at."""
    project({"a.sql": "SELECT 1"})
    done = pgentry("apply", "a.sql", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert done.exit == 69 and "  hint: in a container localhost is the container itself" in done.stderr, done


def test_a_name_server_that_swallows_packets_takes_no_longer_than_an_attempt(pgentry, project):
    """wait.connect_timeout, name look-up included; the resolver's own patience is ten seconds and more."""
    project({"a.sql": "SELECT 1"})
    with Island() as island, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((island.outside, 53))
        with island.name_server(island.outside):
            done = pgentry("apply", "a.sql", url="postgresql://app:secret@db.test/shop", under=island.under,
                           env={"PGENTRY_WAIT_CONNECT_TIMEOUT": "1s"})
    assert done.exit == 69, done
    assert "db.test" in done.stderr
    assert done.seconds < 5, done


def test_no_file_is_a_usage_error(pgentry, database):
    """apply without a file: 64."""
    assert pgentry("apply", url=database.url).exit == 64


def test_apply_goes_past_the_pooler(pgentry, database, project):
    """direct_url is what apply connects to."""
    project({"a.sql": "CREATE TABLE a AS SELECT current_setting('work_mem') AS setting"})
    direct = database.url_with(query="?options=-c%20work_mem%3D4242")
    done = pgentry("apply", "a.sql", url=database.url, env={"DIRECT_URL": direct})
    assert done.exit == 0, done
    assert database.sql("SELECT setting FROM a") == [("4242kB",)]


def test_apply_refuses_a_direct_url_to_another_database(pgentry, database, cluster, project):
    """78, and nothing is sent to it; one whose url leads nowhere cannot be compared, and may be what mends it."""
    project({"a.sql": "CREATE TABLE a (id int)"})
    other = cluster.database()
    done = pgentry("apply", "a.sql", url=database.url, env={"DIRECT_URL": other.url})
    assert done.exit == 78, done
    assert "database.direct_url does not lead to the same database as database.url" in done.stderr
    assert other.tables() == []
    done = pgentry("apply", "a.sql", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c", env={"DIRECT_URL": other.url})
    assert done.exit == 0, done
    assert other.tables() == ["a"]


def test_a_pipe_works_as_a_file(pgentry, database, project):
    """A here-document through a named pipe."""
    folder = project({})
    os.mkfifo(folder / "pipe.sql")
    assert stat.S_ISFIFO(os.stat(folder / "pipe.sql").st_mode)
    running = pgentry.start("apply", "pipe.sql", url=database.url)
    (folder / "pipe.sql").write_text("CREATE TABLE a (id int)")
    assert running.wait().exit == 0
    assert database.tables() == ["a"]


def sessions(database):
    """What our process has open in the server, by pid."""
    return dict(database.sql("SELECT pid, state FROM pg_stat_activity WHERE usename = %s", database.user))


def test_a_success_tells_statements_rows_and_notices(pgentry, database, project):
    """One line a file; rows are counted, not printed; what the server says is shown."""
    project({"a.sql": "CREATE TABLE a (id int);;\nSELECT generate_series(1, 3);\nDROP TABLE IF EXISTS b;\n"})
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 0 and done.stderr == "", done
    lines = done.stdout.splitlines()
    assert lines[0] == 'a.sql: NOTICE: table "b" does not exist, skipping', done
    assert lines[1].startswith("a.sql: 3 statements, 3 rows not shown, "), done


@BODIES
def test_both_modes_count_the_same_statements(pgentry, database, project):
    """In a transaction the server splits, without one we do."""
    project({"a.sql": """\
        SET search_path = public; ;
        CREATE TABLE IF NOT EXISTS a (id int); /* ; */ CREATE OR REPLACE RULE r AS ON DELETE TO a DO (SELECT 1; SELECT 2);
        CREATE OR REPLACE FUNCTION f(i int) RETURNS int BEGIN ATOMIC
            SELECT CASE WHEN i > 1 THEN 1 ELSE 2 END; SELECT 3 end; SELECT 4 AS end; END;
        SELECT E'\\';', U&'\\0041;', $a$;$$;$a$, 1--;
        , "c;", E'x' -- ;'
            'y\\';', E'x'
            'y\\';' FROM f(1) AS t("c;");
        DELETE FROM a
        """})
    for mode in ([], ["--no-transaction"]):
        done = pgentry("apply", *mode, "a.sql", url=database.url)
        assert done.exit == 0 and "a.sql: 7 statements" in done.stdout, done


@pytest.mark.parametrize("text, place", [
    ("SELECT 'é€😀', nowhere;", "1:15"),
    ("\ufeffSELECT nowhere;", "1:8"),
    ("SELECT 1;\r\nSELECT 2,\r\n\tnowhere;", "3:2"),
    ("SELECT 1;\n" * 1000 + "SELECT 1 FRO x y;", "1001:14"),
], ids=["multi-byte", "byte-order-mark", "crlf", "late"])
def test_a_position_is_counted_in_characters_and_lines(pgentry, database, project, text, place):
    """Whatever bytes a character has and however a line ends."""
    (project.folder / "a.sql").write_bytes(text.encode())
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 1 and done.stderr.startswith(f"a.sql:{place}: ERROR "), done


def test_a_position_is_right_in_a_database_that_counts_bytes(pgentry, cluster, database, project):
    """An SQL_ASCII database knows no characters."""
    with cluster.connect() as direct:
        direct.execute(f"CREATE DATABASE {database.name}_ascii OWNER {database.user} TEMPLATE template0 ENCODING 'SQL_ASCII'"
                       " LC_COLLATE 'C' LC_CTYPE 'C'")
    project({"a.sql": "SELECT 'é€😀', nowhere;"})
    done = pgentry("apply", "a.sql", url=database.url_with(name=database.name + "_ascii"))
    assert done.exit == 1 and done.stderr.startswith("a.sql:1:15: ERROR 42703: "), done


def test_an_error_without_a_position_names_its_statements_line(pgentry, database, project):
    """The results that came before it tell which statement it was."""
    project({"a.sql": "CREATE TABLE a (id int PRIMARY KEY);\n;\n/* ; */ INSERT INTO a\nVALUES (1);\n\n"
                      "  INSERT INTO a VALUES (1);\nSELECT 1;\n"})
    for mode in ([], ["--no-transaction"]):
        done = pgentry("apply", *mode, "a.sql", url=database.url)
        assert done.exit == 1 and done.stderr.startswith("a.sql:6:3: ERROR 23505: duplicate key"), done
        assert "  detail: Key (id)=(1) already exists.\n" in done.stderr, done
    assert database.sql("SELECT count(*) FROM a") == [(1,)]


def test_a_deferred_constraint_fails_at_commit_and_nothing_stays(pgentry, database, project):
    """The error comes with COMMIT, and is told as that."""
    project({"a.sql": "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
                      "INSERT INTO a VALUES (1, 2);\n"})
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 1 and "ERROR 23503" in done.stderr and "at COMMIT" in done.stderr, done
    assert "nothing of it stays" in done.stderr, done
    assert database.tables() == []


def test_what_stays_and_what_did_not_run_is_told(pgentry, database, project):
    """After an error nobody has to guess what is in the database."""
    project({"1.sql": "CREATE TABLE a (id int)", "2.sql": "SELECT 1/0", "3.sql": "SELECT 1", "4.sql": "SELECT 1",
             "5.sql": "SELECT 1;SELECT 2;SELECT 1/0"})
    done = pgentry("apply", "1.sql", "2.sql", "3.sql", "4.sql", url=database.url)
    assert done.stderr.splitlines()[1:] == ["2.sql: rolled back, nothing of it stays", "1 file before it stays applied",
                                            "2 files after it did not run"], done
    done = pgentry("apply", "--no-transaction", "5.sql", url=database.url)
    assert "5.sql: 2 statements before this one stay\n" in done.stderr, done


@pytest.mark.parametrize("text, place, words", [
    ("CREATE TABLE a (id int);\n  commit;", "2:3", "transaction control"),
    ("SELECT 1;\n\\i other.sql\n", "2:1", "psql"),
    ("SELECT 1 \\gexec", "1:10", "psql"),
    ("\\restrict a\nSELECT 1;\n\\! id\n\\unrestrict a\n", "3:1", "psql"),
    ("COPY a TO STDOUT", "1:1", "COPY"),
    ("SELECT 1;\nSELECT 'abc", "2:8", "string that does not end"),
    ("DO $a$ BEGIN END $$;", "1:4", "dollar-quoted string that does not end"),
    ("SELECT 1; /* /* */", "1:11", "comment that does not end"),
    ('SELECT "a', "1:8", "name that does not end"),
    ("SELECT 'caf\udce9'", "1:12", "not UTF-8"),
    ("SELECT 1;\n\0", "2:1", "NUL byte"),
])
@pytest.mark.parametrize("mode", [[], ["--no-transaction"]])
def test_what_cannot_be_run_is_refused_before_anything_is_sent(pgentry, database, project, text, place, words, mode):
    """With the place and what to change; not even the file before it runs."""
    project({"first.sql": "CREATE TABLE first (id int)"})
    (project.folder / "a.sql").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = pgentry("apply", *mode, "first.sql", "a.sql", url=database.url)
    assert done.exit == 1 and done.stderr.startswith(f"a.sql:{place}: "), done
    assert words in done.stderr and "  hint: " in done.stderr, done
    assert database.tables() == []


def test_every_file_that_cannot_be_run_is_told(pgentry, project):
    """Not one a call; and no server is needed for it."""
    project({"1.sql": "COMMIT", "2.sql": "SELECT 1", "3.sql": "SELECT '"})
    done = pgentry("apply", "1.sql", "2.sql", "3.sql", "4.sql", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert done.exit == 1, done
    assert "1.sql:1:1: " in done.stderr and "3.sql:1:8: " in done.stderr and "4.sql: cannot be read" in done.stderr, done


@pytest.mark.parametrize("mode", [[], ["--no-transaction"]])
def test_what_pg_dump_writes_is_taken(pgentry, database, cluster, project, mode):
    """A plain dump of the schema, or of rows as INSERTs; two of them in one file, too."""
    database.as_app("""\
        CREATE TABLE a (id serial PRIMARY KEY, name text DEFAULT E'\\\\restrict x\\n\\\\restrict y');
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.name := '
\\restrict z
';          RETURN NEW; END; $$;
        CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();
        CREATE VIEW v AS SELECT id FROM a WHERE name <> 'x;y';
        INSERT INTO a (name) VALUES ('p');
        """)

    def dump(*args, of):
        return subprocess.run([BIN + "/pg_dump", "-O", *args, of.url], check=True, text=True, stdout=subprocess.PIPE).stdout

    schema = dump("-s", of=database)
    assert schema.count("\n\\restrict ") == 3 and schema.count("\n\\unrestrict ") == 1  # two are in strings
    copy = cluster.database()
    project({"both.sql": schema + dump("-a", "--inserts", of=database)})
    done = pgentry("apply", *mode, "both.sql", url=copy.url)
    assert done.exit == 0, done
    assert copy.sql("TABLE a") == database.sql("TABLE a")

    def statements(text):
        return [line for line in text.splitlines() if not line.startswith(("\\restrict ", "\\unrestrict "))]

    assert statements(dump("-s", of=copy)) == statements(schema)


def test_a_file_does_not_inherit_what_an_earlier_one_set(pgentry, database, project):
    """search_path, role, temporary tables: as with a session of its own."""
    project({"1.sql": "CREATE SCHEMA s; SET search_path = s; CREATE TEMP TABLE t (id int)",
             "2.sql": "CREATE TABLE a (id int); CREATE TABLE t (id int)"})
    done = pgentry("apply", "1.sql", "2.sql", url=database.url)
    assert done.exit == 0, done
    assert database.tables() == ["a", "t"]


def test_strings_are_read_by_the_standard_whatever_the_role_says(pgentry, database, project):
    """A role with standard_conforming_strings off: a backslash would escape the quote."""
    database.sql(f"ALTER ROLE {database.user} SET standard_conforming_strings = off")
    project({"a.sql": "CREATE TABLE a AS SELECT 'x\\' AS text;\nSELECT ';';"})
    for mode in ([], ["--no-transaction"]):
        done = pgentry("apply", *mode, "a.sql", url=database.url)
        assert done.exit == 0 and "2 statements" in done.stdout, done
        assert database.sql("TABLE a") == [("x\\",)]
        database.sql("DROP TABLE a")


@pytest.mark.parametrize("setting", ["standard_conforming_strings = off", "client_encoding = 'LATIN1'"])
def test_a_file_may_not_change_how_it_is_read(pgentry, database, project, setting):
    """Statements behind such a SET would be read otherwise than they were split."""
    project({"a.sql": f"SELECT 1;\nSET {setting};\nCREATE TABLE a (id int);\n"})
    done = pgentry("apply", "--no-transaction", "a.sql", url=database.url)
    assert done.exit == 1 and "a.sql:3:1: " in done.stderr and setting.split()[0] in done.stderr, done
    assert "2 statements before this one stay" in done.stderr, done
    assert database.tables() == []


def test_the_limits_are_set_inside_the_transaction(pgentry, database, project):
    """lock_timeout 10s, in both modes."""
    project({"a.sql": "CREATE TABLE a AS SELECT current_setting('lock_timeout') AS lock"})
    for mode in ([], ["--no-transaction"]):
        assert pgentry("apply", *mode, "a.sql", url=database.url).exit == 0
        assert database.sql("TABLE a") == [("10s",)]
        database.sql("DROP TABLE a")


def test_a_failed_concurrent_index_is_named_with_the_way_to_remove_it(pgentry, database, project):
    """It stays, invalid; and only the one of this call is named."""
    database.as_app("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)")
    project({"a.sql": 'SELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY "a i" ON a (id);\n',
             "b.sql": "CREATE UNIQUE INDEX CONCURRENTLY second ON a (id);\n"})
    done = pgentry("apply", "--no-transaction", "a.sql", url=database.url)
    assert done.exit == 1 and done.stderr.startswith("a.sql:2:1: ERROR 23505"), done
    assert 'DROP INDEX CONCURRENTLY public."a i"\n' in done.stderr, done
    done = pgentry("apply", "--no-transaction", "b.sql", url=database.url)
    assert "DROP INDEX CONCURRENTLY public.second\n" in done.stderr and "a i" not in done.stderr, done


def test_a_signal_while_an_index_is_built_tells_what_may_be_left(pgentry, database, project):
    """CREATE INDEX CONCURRENTLY waits for a transaction; TERM."""
    database.as_app("CREATE TABLE a (id int)")
    project({"a.sql": "CREATE INDEX CONCURRENTLY i ON a (id)"})
    with database.direct() as other, other.transaction():
        other.execute("INSERT INTO a VALUES (1)")
        running = pgentry.start("apply", "--no-transaction", "a.sql", url=database.url)
        wait_until(lambda: database.sql("SELECT 1 FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'",
                                        database.user), what="the build waits")
        running.terminate()
        done = running.wait(5)
    assert done.exit == 143 and "may have left an invalid index" in done.stderr, done


@pytest.mark.parametrize("text, words", [
    ("VACUUM", "--no-transaction"),
    ("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'; CALL p()", "--no-transaction"),
    ("CREATE TYPE e AS ENUM ('a'); CREATE TABLE a (e e);", None),
    ("SELECT :name", "variables of psql"),
])
def test_a_hint_tells_what_to_change(pgentry, database, project, text, words):
    """Where apply knows better than the server."""
    project({"a.sql": text})
    done = pgentry("apply", "a.sql", url=database.url)
    if words is None:
        assert done.exit == 0, done
    else:
        assert done.exit == 1 and "  hint: " in done.stderr and words in done.stderr, done


def test_passwords_are_masked_in_what_the_server_says(pgentry, database, project):
    """In notices, messages, details and contexts, and no control character reaches the terminal."""
    text = database.password.replace("'", "''")
    project({"a.sql": f"DO $a$ BEGIN RAISE NOTICE 'one %', '{text}' USING DETAIL = 'zero'; RAISE EXCEPTION 'two %', '{text}' || chr(27) || '[31m'"
                      f" USING DETAIL = 'three\n{text}', HINT = 'four {text}'; END $a$"})
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 1 and "P0001: two ***" in done.stderr and "NOTICE: one ***" in done.stdout, done
    assert "  detail: three ***" in done.stderr and "  hint: four ***" in done.stderr, done
    assert "  detail: zero\n" in done.stdout and "  context: PL/pgSQL function" in done.stderr, done
    assert database.password not in done.text and "\x1b" not in done.text, done
    project({"a.sql": f"DO $a$ BEGIN RAISE EXCEPTION 'five %', overlay('{text}' placing chr(27) || '[m' from 7 for 0); END $a$"})
    assert "P0001: five ***" in pgentry("apply", "a.sql", url=database.url).stderr, "divided by an escape sequence"


@pytest.mark.parametrize("number, mode", [(signal.SIGTERM, []), (signal.SIGINT, []), (signal.SIGHUP, []),
                                          (signal.SIGTERM, ["--no-transaction"])])
def test_a_signal_ends_the_statement_in_the_server(pgentry, database, project, number, mode):
    """128+N at once, no session is left, nothing of the file stays."""
    project({"a.sql": "CREATE TABLE a (id int);\nSELECT pg_sleep(600);\nCREATE TABLE b (id int);\n"})
    running = pgentry.start("apply", *mode, "a.sql", url=database.url)
    wait_until(lambda: "active" in sessions(database).values(), what="the statement runs")
    wait_until(lambda: database.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = %s",
                                    database.user), what="the server sleeps")
    running.signal(number)
    done = running.wait(5)
    assert done.exit == 128 + number and done.stderr.startswith("a.sql:2:1: stopped by SIG"), done
    wait_until(lambda: not sessions(database), 5, "the session ends")
    assert database.tables() == (["a"] if mode else [])


def test_a_signal_is_obeyed_as_pid_1_and_while_connecting(pgentry, project):
    """A server that accepts and says nothing; PID 1 is spared by signals it has no handler for."""
    project({"a.sql": "SELECT 1"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        running = pgentry.start("apply", "a.sql", url=f"postgresql://a:b@127.0.0.1:{silent.getsockname()[1]}/c", pid_1=True,
                                env={"PGENTRY_WAIT_CONNECT_TIMEOUT": "60s"})
        connection, _ = silent.accept()
        with connection:
            running.terminate()
            assert running.wait(5).exit == 143


def test_a_signal_that_was_ignored_stays_so(pgentry, database, project):
    """Under nohup the end of the session that started it is no reason to end: TERM still is."""
    project({"a.sql": "SELECT pg_advisory_lock(1); CREATE TABLE a (id int); SELECT pg_advisory_lock(2);"})
    with database.direct() as first, database.direct() as second:
        first.execute("SELECT pg_advisory_lock(1)")
        second.execute("SELECT pg_advisory_lock(2)")
        running = pgentry.start("apply", "--no-transaction", "a.sql", url=database.url, under=["env", "--ignore-signal=HUP"])
        wait_until(lambda: "active" in sessions(database).values(), what="it waits")
        running.signal(signal.SIGHUP)
        first.close()
        wait_until(lambda: database.tables() == ["a"], what="it goes on")
        running.terminate()
        assert running.wait(5).exit == 143


def test_a_reader_that_went_away_ends_nothing(pgentry, database, project):
    """`pgentry apply a.sql b.sql | head -1`: all is done, and that nobody could be told of it is the status."""
    project({"a.sql": "CREATE TABLE a (id int)", "b.sql": "CREATE TABLE b (id int)"})
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([pgentry.binary, "apply", "a.sql", "b.sql"], env=pgentry.environment(database.url, None),
                          cwd=project.folder, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 74 and database.tables() == ["a", "b"], done


def test_a_step_may_take_longer_than_the_server_can_count(pgentry, database, project):
    """statement_timeout ends at 24 days."""
    project({"a.sql": "CREATE TABLE a AS SELECT current_setting('statement_timeout') AS most",
             "pgentry.yaml": "verify: {tables: [a]}\nmigrate: {steps: [{name: raw, sql: [a.sql], timeout: 1000h}]}\n"})
    done = pgentry("sync", url=database.url)
    assert done.exit == 0 and database.sql("TABLE a") == [("2147483647ms",)], done


def test_a_signal_ends_us_even_if_the_server_does_not_answer(pgentry, spare, project):
    """The network swallows packets, the cancel request too: two seconds, no more, whatever is made of SIGALRM."""
    spare.start()
    database = spare.database()
    project({"a.sql": "SELECT pg_sleep(600)"})
    running = pgentry.start("apply", "a.sql", url=database.url,
                            under=["env", "--ignore-signal=ALRM", "--block-signal=ALRM"])
    wait_until(lambda: "active" in sessions(database).values(), what="the statement runs")
    spare.pause()
    try:
        running.terminate()
        assert running.wait(5).exit == 143
    finally:
        spare.resume()


def test_a_connection_lost_in_mid_file_is_told(pgentry, database, project):
    """69, and nothing of the file stays."""
    project({"a.sql": "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());\nSELECT 1;\n"})
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 69 and done.stderr.startswith("a.sql:2:1: FATAL 57P01"), done
    assert "nothing of it stays" in done.stderr, done
    assert database.tables() == []


def test_a_server_that_crashes_in_mid_statement_is_told(pgentry, spare, project):
    """No word from the server: the connection is just gone."""
    spare.start()
    database = spare.database()
    project({"a.sql": "CREATE TABLE a (id int); SELECT pg_sleep(600)"})
    running = pgentry.start("apply", "a.sql", url=database.url)
    wait_until(lambda: "active" in sessions(database).values(), what="the statement runs")
    spare.stop("immediate")
    done = running.wait()
    assert done.exit == 69 and "a.sql:1:" in done.stderr and "nothing of it stays" in done.stderr, done


def test_a_commit_without_an_answer_is_told_as_unknown(pgentry, database, project):
    """A deferred trigger ends the session at COMMIT: nobody can know."""
    project({"a.sql": """\
        CREATE TABLE a (id int);
        CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON a INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leave();
        INSERT INTO a VALUES (1);
        """})
    done = pgentry("apply", "a.sql", url=database.url)
    assert done.exit == 69 and "whether it was committed is unknown" in done.stderr, done


def test_a_large_file_goes_in_pieces_and_is_still_one_transaction(pgentry, database, project):
    """200,000 statements, then a syntax error in the last line."""
    lines = ["CREATE TABLE a (id int, body text);", *(f"INSERT INTO a VALUES ({i}, 'größer {i}');" for i in range(200_000))]
    (project.folder / "good.sql").write_text("\n".join(lines), encoding="utf-8")
    (project.folder / "bad.sql").write_text("\n".join(lines).replace("TABLE a", "TABLE b") + "\nSELECT 'ü' FRO x y;\n",
                                            encoding="utf-8")
    done = pgentry("apply", "good.sql", url=database.url)
    assert done.exit == 0 and "200001 statements" in done.stdout, done
    done = pgentry("apply", "bad.sql", url=database.url)
    assert done.exit == 1 and done.stderr.startswith("bad.sql:200002:16: ERROR 42601"), done
    assert database.tables() == ["a"]
    assert database.sql("SELECT count(*) FROM a") == [(200_000,)]


def test_a_role_that_is_refused_is_69_with_the_reason(pgentry, database, project):
    """The contract knows 0, 1 and 69 for apply."""
    project({"a.sql": "SELECT 1"})
    done = pgentry("apply", "a.sql", url=database.url_with(password="wrong"))
    assert done.exit == 69 and "password authentication failed" in done.stderr, done
