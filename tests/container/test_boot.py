"""The whole boot in an image FROM scratch, on a PostgreSQL in another container: names, TLS, secrets."""
import pytest

READY = "it runs"


def test_an_image_from_scratch_migrates_verifies_and_starts(containers, server):
    """The SQL step needs neither psql nor a shell; the host name is looked up by the binary itself."""
    started = containers.start(containers.application)
    started.wait_for("All critical tables exist!")
    started.wait_for(READY)
    database = containers.url.rpartition("/")[2]
    assert server.sql("SELECT to_regclass('public.users') IS NOT NULL", database) == "t"


def test_a_schema_that_stays_incomplete_starts_nothing(containers):
    done = containers.start(containers.application, env={"PGENTRY_VERIFY_TABLES": "users,orders"}).wait()
    assert done.exit in (65, 70), done
    assert "Missing tables: orders" in done.stderr
    assert READY not in done.stdout


def test_the_application_starts_when_the_database_comes_last(containers, late):
    """At first not even the name is known."""
    started = containers.start(containers.application, env={"DATABASE_URL": late.url("postgres")})
    started.wait_for("waiting")
    late.start()
    started.wait_for(READY, patience=30)


def test_a_host_that_never_appears_is_69(containers):
    done = containers.start(containers.application, env={"DATABASE_URL": "postgresql://postgres@nowhere/shop",
                                                         "PGENTRY_WAIT_TIMEOUT": "1s"}).wait()
    assert done.exit == 69, done


def test_a_wrong_password_is_77(containers, server):
    done = containers.start(containers.application, env={"DATABASE_URL": "postgresql://postgres:wrong@db/postgres",
                                                         "PGENTRY_WAIT_PERMANENT_GRACE": "0"}).wait()
    assert done.exit == 77, done


def test_the_url_may_be_a_mounted_secret(containers, tmp_path):
    secret = tmp_path / "url"
    secret.write_text(containers.url + "\n", encoding="ascii")
    secret.chmod(0o444)
    started = containers.start(containers.application, options=[f"--volume={secret}:/run/secrets/url:ro"],
                               env={"DATABASE_URL": None, "DATABASE_URL_FILE": "/run/secrets/url"})
    started.wait_for(READY)


TRUSTED = {
    "in the URL": ("?sslmode=verify-full&sslrootcert=/srv/ca.crt", "/srv/ca.crt", {}),
    "by Debian's bundle": ("?sslmode=verify-full", "/etc/ssl/certs/ca-certificates.crt", {}),
    "by Fedora's bundle": ("?sslmode=verify-full", "/etc/pki/tls/certs/ca-bundle.crt", {}),
    "by Alpine's bundle": ("?sslmode=verify-full", "/etc/ssl/cert.pem", {}),
    "by SSL_CERT_FILE": ("?sslmode=verify-full", "/srv/mine.crt", {"SSL_CERT_FILE": "/srv/mine.crt"}),
}


@pytest.mark.parametrize("query, target, env", TRUSTED.values(), ids=TRUSTED)
def test_tls_is_verified_in_full_with_the_ca_named(containers, tls, query, target, env):
    started = containers.start(containers.application, options=[tls.mount("ca.crt", target)],
                               env={"DATABASE_URL": containers.url + query, **env})
    started.wait_for(READY)


REFUSED = {
    "another CA": ("db", "other.crt"),
    "a name that the certificate does not hold": ("db.dns.podman", "ca.crt"),
}


@pytest.mark.parametrize("host, authority", REFUSED.values(), ids=REFUSED)
def test_tls_is_refused_with(containers, tls, host, authority):
    url = containers.url.replace("@db:", f"@{host}:") + "?sslmode=verify-full&sslrootcert=/srv/ca.crt"
    done = containers.start(containers.application, options=[tls.mount(authority, "/srv/ca.crt")],
                            env={"DATABASE_URL": url, "PGENTRY_WAIT_PERMANENT_GRACE": "0"}).wait()
    assert done.exit == 77, done
    assert READY not in done.stdout
