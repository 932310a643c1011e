"""Where statements end: `pgentry apply --no-transaction` against the real psql, over a server that only listens.

Each statement's text holds marks (m17); both programs must put the same marks into the same queries. psql drops line
comments and keeps block comments before a statement, we do the opposite: comments hold no marks. Where psql itself is
wrong, the server decides (test_apply.py): psql reads line by line, so an E'' string that goes on behind a newline loses its
escapes, and it takes every BEGIN of a CREATE FUNCTION for a body."""
import random
import re
import socket
import struct
import subprocess
import threading

import pytest
from postgres import BIN

PARAMETERS = {"server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8", "in_hot_standby": "off",
              "default_transaction_read_only": "off", "standard_conforming_strings": "on", "is_superuser": "off",
              "session_authorization": "app", "DateStyle": "ISO, MDY", "TimeZone": "UTC", "integer_datetimes": "on"}
READY = b"Z" + struct.pack("!i", 5) + b"I"


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


class Listener:
    """Speaks enough of PostgreSQL's protocol to take every simple query as a success, and keeps its text."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.queries = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                try:
                    self._talk(stream)
                except (OSError, struct.error):
                    pass  # a probe that says nothing, or a client that just goes

    def _talk(self, stream):
        while True:
            length, code = struct.unpack("!ii", stream.read(8))
            stream.read(length - 8)
            if code == 3 << 16:
                break
            stream.write(b"N")  # no TLS, no GSSAPI
            stream.flush()
        stream.write(message(b"R", struct.pack("!i", 0)))
        for name, value in PARAMETERS.items():
            stream.write(message(b"S", f"{name}\0{value}\0".encode()))
        stream.write(message(b"K", struct.pack("!ii", 1, 1)) + READY)
        stream.flush()
        while (kind := stream.read(1)) == b"Q":
            (length,) = struct.unpack("!i", stream.read(4))
            self.queries.append(stream.read(length - 4)[:-1].decode())
            stream.write(message(b"C", b"OK\0") + READY)
            stream.flush()

    def take(self):
        taken, self.queries = self.queries, []
        return taken


@pytest.fixture
def listener():
    one = Listener()
    yield one
    one.server.shutdown(socket.SHUT_RDWR)
    one.thread.join()
    one.server.close()


def marks(queries):
    found = [re.findall(r"m[0-9]+", query) for query in queries]
    return [each for each in found if each]


def by_psql(listener, file):
    subprocess.run([BIN + "/psql", "-X", "-q", "-f", str(file)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                   env={"PGHOST": "127.0.0.1", "PGPORT": str(listener.port), "PGUSER": "app", "PGDATABASE": "shop",
                        "PGCLIENTENCODING": "UTF8"})
    return marks(listener.take())


def by_pgentry(listener, pgentry, file):
    """The marks, or None if the file is refused."""
    done = pgentry("apply", "--no-transaction", str(file), url=f"postgresql://app@127.0.0.1:{listener.port}/shop")
    taken = marks(listener.take())
    assert done.exit in (0, 1), done
    assert (done.exit == 0) or (not taken and "nothing was sent" in done.stderr), done
    return taken if done.exit == 0 else None


# % is a fresh mark. One row is one statement, or a part of one, wherever it ends.
FRAGMENTS = [
    "%", "% ", " %", "\n%", "SELECT", " AS % ", ",", "*", "+", "- ", "/ ", "<", "%->", "%->>", "=-%", "@-%", "|/%", "::%", "[%]",
    "$1 ", "$1;", "1.5e3 ", "0x1F ", ".5 ", "%$", "%$$ ", "%$a$", "é%ü", "_%",
    "'%;'", "'%''%;'", "'%\n;'", ",'%\\'", "E'%\\';%'", "e'%\\\\'", "E'%''\\';'",
    "E'%' '%\\'", "E'%'/*\n*/'%\\'", "N'%;'", "b'01'", "x'1F;'", "U&'%\\0041;\\'", 'U&"%;\\0041"', "type'%\\'",
    '"%;"', '"%"";"', "$$%;$$", "$a$%; $$ $b$;$a$", "$é$;%$é$", "$$$$", "$a$ $a $a$",
    "(%; %)", "((%;);%)", "()", "/* ; ' \" $$ ( */", "/* /* ; */ ' */", "/**;**/", "/*/ ; */", "-- ; ' \" $$ ( /*\n", "--;\n", "--\r",
    " begin", " end", " case", " atomic", "; %", ";;%", ";\n%",
]
FUNCTION = ("CREATE OR REPLACE FUNCTION %(a int DEFAULT (%)) RETURNS int LANGUAGE sql\nBEGIN ATOMIC\n SELECT %, 'x;' --;\n;"
            " SELECT CASE a WHEN 1 THEN (CASE WHEN % THEN 1 END) ELSE % END; /* end; */ DELETE FROM %; END")
STATEMENTS = [
    "CREATE RULE % AS ON INSERT TO % DO ALSO (DELETE FROM %; SELECT %)",
    FUNCTION, FUNCTION.replace("FUNCTION", "PROCEDURE"), FUNCTION.replace(" OR REPLACE", ""), FUNCTION.lower(),
    "CREATE FUNCTION %() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN %; END; $f$",
    "DO $$ BEGIN IF % THEN COMMIT; END IF; END $$",
    "CREATE TABLE % (% int DEFAULT 1, \"%;\" text DEFAULT 'a;''b')",
]


def generate(seed):
    chance = random.Random(seed)
    counter = iter(range(1_000_000))
    text = []
    for _ in range(8):
        if chance.random() < 0.4:
            text.append(chance.choice(STATEMENTS))
        else:
            glue = chance.choice(["", " ", "\n", " /* ; */ "])
            text.append("%" + glue.join(chance.choice(FRAGMENTS) for _ in range(chance.randint(1, 8))))
        text.append(chance.choice([";", ";", " ;\n", "; -- ;\n", ";;\n"]))
    return re.sub("%", lambda _: f"m{next(counter)}", "".join(text))


@pytest.mark.parametrize("statement", STATEMENTS, ids=range(len(STATEMENTS)))
def test_a_statement_written_by_hand_ends_where_psql_ends_it(pgentry, listener, project, statement):
    """And so does the one behind it."""
    counter = iter(range(1_000_000))
    project({"a.sql": re.sub("%", lambda _: f"m{next(counter)}", f"{statement}; SELECT %;\n{statement}")})
    file = project.folder / "a.sql"
    theirs = by_psql(listener, file)
    assert len(theirs) in (1, 2, 3) and by_pgentry(listener, pgentry, file) == theirs


def test_generated_files_are_split_as_psql_splits_them(pgentry, listener, project):
    """Files that psql takes and we refuse (a string without an end) are left out; they are the fewer."""
    file = project.folder / "a.sql"
    compared = 0
    for seed in range(100):
        file.write_text(generate(seed), encoding="utf-8")
        theirs = by_psql(listener, file)
        ours = by_pgentry(listener, pgentry, file)
        assert ours is None or ours == theirs, f"seed {seed}\n{file.read_text(encoding='utf-8')}"
        compared += ours is not None
    assert compared >= 50
