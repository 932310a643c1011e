"""pgentry apply: the raw SQL step's child process (contract section 1)."""
import os
import stat

import pytest
from postgres import free_port


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
    """Unreachable."""
    project({"a.sql": "SELECT 1"})
    done = pgentry("apply", "a.sql", url=f"postgresql://a:b@127.0.0.1:{free_port()}/c")
    assert done.exit == 69, done


def test_no_file_is_a_usage_error(pgentry, database):
    """apply without a file: 64."""
    assert pgentry("apply", url=database.url).exit == 64


def test_apply_goes_past_the_pooler(pgentry, database, project):
    """direct_url is what apply connects to."""
    project({"a.sql": "CREATE TABLE a AS SELECT current_setting('application_name') AS name"})
    done = pgentry("apply", "a.sql", url=database.url, env={"DIRECT_URL": database.url_with(query="?application_name=straight")})
    assert done.exit == 0, done
    assert database.sql("SELECT name FROM a") == [("straight",)]


def test_a_pipe_works_as_a_file(pgentry, database, project):
    """A here-document through a named pipe."""
    folder = project({})
    os.mkfifo(folder / "pipe.sql")
    assert stat.S_ISFIFO(os.stat(folder / "pipe.sql").st_mode)
    running = pgentry.start("apply", "pipe.sql", url=database.url)
    (folder / "pipe.sql").write_text("CREATE TABLE a (id int)")
    assert running.wait().exit == 0
    assert database.tables() == ["a"]
