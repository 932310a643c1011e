"""A real PgBouncer between pgentry and a database of the tests."""
import os
import shutil
import subprocess
import tempfile
import threading

from postgres import as_postgres, free_port


class Pooler:
    """For the role of one database. `ignore_startup_parameters` is unset, as PgBouncer comes. Used as a context."""

    def __init__(self, database, mode, **settings):
        self.database = database
        self.port = free_port()
        self.lines = []
        self.folder = tempfile.mkdtemp(prefix="pooler-", dir=database.cluster.folder)
        password = database.password.replace('"', '""')
        self._write("users.txt", f'"{database.user}" "{password}"\n')
        options = {"listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "pool_mode": mode,
                   "auth_type": "scram-sha-256", "auth_file": f"{self.folder}/users.txt", "server_login_retry": 1, **settings}
        self._write("pgbouncer.ini", f"[databases]\n* = host=127.0.0.1 port={database.cluster.port}\n[pgbouncer]\n"
                    + "".join(f"{name} = {value}\n" for name, value in options.items()))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")

    def _write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(file.name, 0o644)

    @property
    def url(self):
        return self.database.url_with(host=f"127.0.0.1:{self.port}")

    def __enter__(self):
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", f"{self.folder}/pgbouncer.ini"], text=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **as_postgres())
        up = threading.Event()
        threading.Thread(target=self._read, args=(self.process.stderr, up), daemon=True).start()
        assert up.wait(20) and self.process.poll() is None, "PgBouncer did not start:\n" + "\n".join(self.lines)
        return self

    def _read(self, stream, up):
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            if "process up" in line:
                up.set()
        up.set()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
