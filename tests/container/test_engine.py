"""What a person and the engine do to a running container: exec, health checks, restarts. And the image itself."""
import json
import threading
import time

READY = "it runs"


def healthcheck(podman, container):
    """One check as the engine runs it: True when healthy."""
    return podman("healthcheck", "run", container.name, check=False).returncode == 0


def wait_until(condition, patience=15):
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        pause.wait(0.1)


def test_the_image_holds_one_file_and_it_is_static(podman, pgentry_image):
    archive = podman("image", "mount", pgentry_image).stdout.strip()
    try:
        listing = podman.inside("find", archive, "-type", "f").stdout.split()
        assert listing == [f"{archive}/pgentry"]
        header = podman.inside("readelf", "--program-headers", listing[0]).stdout
        assert "INTERP" not in header and "DYNAMIC" not in header
    finally:
        podman("image", "unmount", pgentry_image)


def test_the_image_runs_by_itself(podman, pgentry_image):
    done = podman("run", "--rm", "--network", "none", pgentry_image, "version")
    assert done.stdout.startswith("pgentry ")


def test_a_health_check_follows_the_schema(podman, containers, server):
    """Healthy, degraded when a table goes, healthy again; the schema is looked at every second here."""
    started = containers.start(containers.application,
                               env={"PGENTRY_VERIFY_INTERVAL": "1s", "PGENTRY_HEALTH_FAILURES": "1"})
    started.wait_for(READY)
    database = containers.url.rpartition("/")[2]
    wait_until(lambda: healthcheck(podman, started))
    server.sql("ALTER TABLE users RENAME TO gone", database)
    wait_until(lambda: not healthcheck(podman, started))
    server.sql("ALTER TABLE gone RENAME TO users", database)
    wait_until(lambda: healthcheck(podman, started))


def test_a_health_check_before_the_database_is_there_fails_and_liveness_holds(containers):
    started = containers.start(containers.application, env={"DATABASE_URL": "postgresql://postgres@nowhere/shop"})
    started.wait_for("waiting")
    assert started.exec("pgentry", "health").returncode == 1
    assert started.exec("pgentry", "health", "--live").returncode == 0


def test_a_person_can_look_at_the_schema_with_exec(containers, server):
    started = containers.start(containers.application)
    started.wait_for(READY)
    done = started.exec("pgentry", "verify", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "healthy"
    server.sql("DROP TABLE users", containers.url.rpartition("/")[2])
    assert started.exec("pgentry", "verify").returncode == 65
    assert started.exec("pgentry", "sync").returncode == 0
    assert started.exec("pgentry", "verify").returncode == 0


def test_a_restarted_container_boots_again(podman, containers):
    started = containers.start(containers.application)
    started.wait_for(READY)
    podman("restart", started.name)
    wait_until(lambda: started.logs().count(READY) == 2)
    wait_until(lambda: started.exec("pgentry", "health").returncode == 0)
    started.stop()
    assert started.exit_status() == 143


def test_two_replicas_start_on_a_fresh_database_at_once(containers):
    replicas = [containers.start(containers.application) for _ in range(2)]
    for replica in replicas:
        replica.wait_for(READY)


def test_a_termination_message_is_left_for_kubernetes(containers, tmp_path):
    """/dev/termination-log is written when it exists."""
    log = tmp_path / "termination-log"
    log.write_text("", encoding="ascii")
    done = containers.start(containers.application, options=[f"--volume={log}:/dev/termination-log"],
                            env={"DATABASE_URL": "postgresql://postgres:wrong@db/postgres",
                                 "PGENTRY_WAIT_PERMANENT_GRACE": "0"}).wait()
    assert done.exit == 77
    assert json.loads(log.read_text(encoding="utf-8"))


def test_no_secret_is_in_what_the_engine_shows(containers):
    """Neither in the log nor in the arguments of any process."""
    started = containers.start(containers.application, options=["--env=PGENTRY_LOG_LEVEL=debug"])
    started.wait_for(READY)
    shown = started.logs() + containers.podman("top", started.name, "args").stdout
    assert "p:ss/w@rd" not in shown and "p%3Ass%2Fw%40rd" not in shown
