"""A disk of the server that is full."""
import os
import shutil
import subprocess
import tempfile

import pytest
from postgres import as_postgres
from test_ladder import APP, ladder


@pytest.fixture
def tiny(cluster):
    """The name of a tablespace on a disk of 4 MB."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        disk = os.path.join(folder, "disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=True)
        try:
            if as_postgres():
                shutil.chown(disk, "postgres", "postgres")
            with cluster.connect() as direct:
                direct.execute(f"CREATE TABLESPACE tiny LOCATION '{disk}'")
                yield "tiny"
                direct.execute("DROP TABLESPACE tiny")
        finally:
            subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_named_as_the_reason_why_a_step_failed(pgentry, database, project, tiny):
    """By the step's own end, not only in its output; nothing of its file stays."""
    database.sql(f'GRANT CREATE ON TABLESPACE {tiny} TO "{database.user}"; ALTER ROLE "{database.user}" SET default_tablespace = {tiny}')
    project({"pgentry.yaml": ladder("- {name: fills, sql: [fill.sql]}"),
             "fill.sql": "CREATE TABLE users AS SELECT repeat('x', 1000) FROM generate_series(1, 10000)"})
    done = pgentry(*APP, url=database.url)
    assert done.exit == 70, done
    assert done.said("exit status 1; 53100: the server's disk is full"), done
    assert database.tables() == []
