"""A server that means harm, or is none: whatever it sends, the boot ends in time and takes nothing along."""
import socket
import struct
import threading

import pytest
from supervisor import wait_until


def message(kind, payload):
    return kind + struct.pack("!I", len(payload) + 4) + payload


def greeting():
    """What stands between the startup packet and the first query (PostgreSQL manual, "Message Flow")."""
    settings = {"server_version": "15.4", "client_encoding": "UTF8", "standard_conforming_strings": "on",
                "in_hot_standby": "off", "default_transaction_read_only": "off"}
    return (message(b"R", struct.pack("!I", 0)) +
            b"".join(message(b"S", f"{name}\0{value}\0".encode()) for name, value in settings.items()) +
            message(b"K", struct.pack("!II", 4711, 99)) + message(b"Z", b"I"))


COLUMN = struct.pack("!H", 1) + b"a\0" + struct.pack("!IHIHIH", 0, 0, 25, 65535, 0xFFFFFFFF, 0)
ROW = message(b"D", struct.pack("!HI", 1, 60000) + b"1" * 60000)
NOTIFICATION = message(b"A", struct.pack("!I", 1) + b"channel\0" + b"p" * 7000 + b"\0")
ENDLESS = {"rows": (message(b"1", b"") + message(b"2", b"") + message(b"T", COLUMN), ROW),
           "notifications": (b"", NOTIFICATION)}


def read_startup(connection):
    while True:
        length, code = struct.unpack("!II", connection.recv(8, socket.MSG_WAITALL))
        connection.recv(length - 8, socket.MSG_WAITALL)
        if code == 3 << 16:
            return
        connection.sendall(b"N")  # neither TLS nor GSSAPI


def answer(connection, first, again):
    with connection:
        try:
            read_startup(connection)
            connection.sendall(greeting())
            connection.recv(65536)
            connection.sendall(first)
            while True:
                connection.sendall(again)
        except (OSError, struct.error):
            pass


@pytest.fixture
def endless():
    """Starts a server whose answer to the first query does not end; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def accept(what):
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection, *ENDLESS[what]), daemon=True).start()

        def start(what):
            threading.Thread(target=accept, args=(what,), daemon=True).start()
            return f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x"

        yield start
        listener.shutdown(socket.SHUT_RDWR)


def peak(pid):
    """The most memory a process has had so far, in bytes."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


@pytest.mark.preload
@pytest.mark.parametrize("what", ENDLESS)
def test_an_answer_without_end_does_not_take_the_container_s_memory(pgentry, project, endless, what):
    """libpq keeps what it gets: the database process has 256 MiB for it, and PID 1 keeps nothing."""
    project({"pgentry.yaml": "verify: {tables: [users]}\nmigrate: {preset: none}\nwait: {timeout: 5s, connect_timeout: 5s}\n"})
    running = pgentry.start("run", "--", "true", url=endless(what))
    peaks = {}

    def ended():
        for pid in [running.pid, *running.children()]:
            peaks[pid] = max(peak(pid), peaks.get(pid, 0))
        return running.process.poll() is not None

    wait_until(ended, what="the end of the boot")
    done = running.wait()
    assert done.exit == 69, done
    assert 200 << 20 < max(peaks.values()) < 300 << 20, "what it got was bounded, and by the limit"
    assert peaks[running.pid] < 32 << 20
