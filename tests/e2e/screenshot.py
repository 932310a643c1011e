#!/usr/bin/python3
"""Makes docker/page.png, the picture in the README: the endpoint's page at the end of the demo's story.

    /usr/bin/python3 tests/e2e/screenshot.py build/release/pgentry [docker/page.png]
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from browser import Browser
from endpoint import Endpoint
from postgres import Cluster

ROOT = Path(__file__).resolve().parents[2]
STORY = ROOT / "docker/story"
YESTERDAY = STORY / "prisma/prisma/migrations/20250901000000_init/migration.sql"


def take(pgentry, picture, url, folder):
    shutil.copytree(STORY / "scripts", folder, dirs_exist_ok=True)
    shutil.copy(STORY / "fallback.sql", folder)
    endpoint = Endpoint()
    supervisor = subprocess.Popen([pgentry, "run", "--", "sleep", "600"], cwd=folder, stderr=subprocess.DEVNULL,
                                  env={"PATH": os.environ["PATH"], "DATABASE_URL": url, **endpoint.env})
    browser = Browser()
    try:
        endpoint.up().in_phase("running")
        browser.look((1040, 100))
        browser.open(f"http://{endpoint.address}/").screenshot(picture)
    finally:
        browser.close()
        supervisor.terminate()
        supervisor.wait()


def main():
    pgentry = os.path.abspath(sys.argv[1])
    picture = sys.argv[2] if len(sys.argv) > 2 else ROOT / "docker/page.png"
    cluster = Cluster().start()
    try:
        database = cluster.database()
        database.as_app(YESTERDAY.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            take(pgentry, picture, database.url, folder)
    finally:
        cluster.remove()


if __name__ == "__main__":
    main()
