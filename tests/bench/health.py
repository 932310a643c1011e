#!/usr/bin/python3
"""The health endpoint under load, beside nginx with a fixed answer: wrk with 64 connections, each on a core of its own.
One run, nothing asserted."""
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from measure import PGENTRY, REST, STATIC, at_rest, children, environment, private_kb, table
from postgres import Cluster, free_port

SECONDS = 10
CONNECTIONS = 64
SERVER, CLIENT = 0, 1  # cores
PATHS = ("/health/ready", "/health/live", "/metrics", "/")
UNITS = {"us": 0.001, "ms": 1, "s": 1000}
NGINX = """
daemon off; pid {folder}/pid; error_log stderr emerg; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; default_type application/json;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{{"status": "healthy", "phase": "running"}}'; }} }}
}}
"""


def up(port, path):
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)


def processor_seconds(pids):
    ticks = sum(int(ticks) for pid in pids for ticks in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def load(port, path, pids):
    """Requests a second by the clock and by the server's processor time, and the 99th percentile in ms."""
    for pid in pids:
        os.sched_setaffinity(pid, {SERVER})
    before = processor_seconds(pids)
    said = subprocess.run(["taskset", "-c", str(CLIENT), "wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s",
                           "--latency", f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, text=True, check=True)
    requests = int(re.search(r"(\d+) requests in", said.stdout)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said.stdout)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said.stdout).groups()
    assert "Non-2xx" not in said.stdout, said.stdout
    return [f"{rate:,.0f}", f"{requests / (processor_seconds(pids) - before):,.0f}", f"{float(number) * UNITS[unit]:.2f}"]


class Running:
    """pgentry with an application, and what it says of itself when it is ready and at rest."""

    def __init__(self, binary, database, interval):
        self.port = free_port()
        env = environment(database) | {"PGENTRY_HEALTH_LISTEN": f"127.0.0.1:{self.port}", "PGENTRY_VERIFY_INTERVAL": interval}
        self.process = subprocess.Popen([binary, "run", "--", "sleep", "1000"], env=env, stderr=subprocess.DEVNULL)

    def __enter__(self):
        up(self.port, "/health/ready")
        time.sleep(REST)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def measure_pgentry(name, binary, cluster, database, loads, checks, memory):
    def begun():
        return sum("connection authorized" in line and database.name in line for line in cluster.lines)
    with Running(binary, database, "30s") as running:
        idle = private_kb(at_rest(running.process.pid))
        loads += [[f"{name}, {path}", *load(running.port, path, at_rest(running.process.pid))] for path in PATHS]
        time.sleep(REST)  # wrk's connections are gone
        memory.append([name, f"{idle}", f"{private_kb(at_rest(running.process.pid))}"])
    with Running(binary, database, "1s") as running:
        before, began = begun(), time.monotonic()
        load(running.port, "/health/database", at_rest(running.process.pid))
        checks.append([name, f"{time.monotonic() - began:.0f}", f"{begun() - before}"])


def measure_nginx(loads, memory):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conf").write_text(NGINX.format(folder=folder, port=port))
        process = subprocess.Popen(["nginx", "-p", folder, "-c", folder + "/conf"], stderr=subprocess.DEVNULL)
        try:
            up(port, "/")
            time.sleep(REST)
            pids = [process.pid, *children(process.pid)]
            idle = private_kb(pids)
            loads.append(["nginx, a fixed answer", *load(port, "/", pids)])
            time.sleep(REST)
            memory.append(["nginx", f"{idle}", f"{private_kb(pids)}"])
        finally:
            process.terminate()
            process.wait()


def main():
    cluster = Cluster()
    cluster.start(log_connections="on")
    loads, checks, memory = [], [], []
    try:
        database = cluster.database()
        database.as_app("CREATE TABLE users (id int)")
        measure_pgentry("pgentry", PGENTRY, cluster, database, loads, checks, memory)
        measure_pgentry("pgentry, static", STATIC, cluster, database, loads, checks, memory)
    finally:
        cluster.stop("immediate")
    measure_nginx(loads, memory)
    table(f"health endpoint: {CONNECTIONS} connections, {SECONDS} s each", ["server", "requests/s",
          "requests for each second of its processor time", "p99 ms"], loads)
    table("what the database saw of it, verify.interval 1 s", ["server", "seconds of load", "checks"], checks)
    table("private memory of all its processes but the application, kB", ["server", "at rest", "after the load"], memory)


if __name__ == "__main__":
    main()
