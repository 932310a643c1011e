#!/usr/bin/python3
"""The application: POST /api/avatar-projects {"name": …} puts a row into avatar_projects. 201, or 400 if that fails."""
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote, urlsplit

INSERT = """INSERT INTO avatar_projects ("userId", name) SELECT min(id), :'name' FROM users RETURNING id"""


def insert(name):
    """psql's output; the password goes through the environment, not through its arguments."""
    url = urlsplit(os.environ["DATABASE_URL"])
    env = {**os.environ, "PGHOST": url.hostname, "PGPORT": str(url.port), "PGDATABASE": url.path[1:],
           "PGUSER": url.username, "PGPASSWORD": unquote(url.password or "")}
    return subprocess.run(["psql", "-qXtA", "-v", "ON_ERROR_STOP=1", "-v", "name=" + name], input=INSERT, env=env,
                          capture_output=True, text=True, check=False)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = insert(json.loads(body)["name"])
        if done.returncode == 0:
            self.answer(201, {"id": int(done.stdout)})
        else:
            self.answer(400, {"error": done.stderr.strip().splitlines()[0]})

    def answer(self, status, document):
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"application: listening on http://127.0.0.1:{server.server_port}", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(130)
