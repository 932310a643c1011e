#!/bin/sh
# The container tests, on a Debian 12 with nothing installed:   sh tests/container/run.sh [PYTEST ARGUMENTS]
#
# Builds docker/Dockerfile and images around it with podman, and runs them. The first time makes the images (a few
# minutes); they are kept in ~/.cache/pgentry-tests/podman. Where podman may not run, what can be tested in a PID
# namespace is, and the rest is skipped with the reason. The last line is pytest's.
set -u
cd "$(dirname "$0")/../.." || exit 1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

packages="podman buildah crun catatonit netavark aardvark-dns iptables mmdebstrap docker-compose musl-tools gcc dpkg-dev make
    cmake ninja-build pkg-config perl bison flex openssl binutils util-linux procps postgresql-15 python3 python3-pytest
    python3-psycopg"

missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "installing:$missing"
    install() {
        # RUNLEVEL=1: no service is started that nobody asked for
        # shellcheck disable=SC2086 # a list
        RUNLEVEL=1 apt-get install -qq -y --no-install-recommends $missing >/dev/null
    }
    install 2>/dev/null || { apt-get update -qq && install; } || echo "not all of them could be installed"
fi
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@" tests/container
