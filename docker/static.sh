#!/bin/sh
# Builds pgentry as one file that runs in any image of its architecture, FROM scratch included: build/static/pgentry.
#
#   docker/static.sh
#
# Needs a Debian 12 with: gcc musl-tools cmake ninja-build pkg-config dpkg-dev make perl bison flex. The libraries are
# built once and kept in PGENTRY_STATIC_CACHE (default ~/.cache/pgentry-static), in a folder for each set of versions and
# flags; the first build takes one to two minutes, later ones seconds.
set -eu
cd "$(dirname "$0")/.."

cache=${PGENTRY_STATIC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pgentry-static}
export PGENTRY_STATIC_PREFIX="$cache/$(sh docker/static-dependencies.sh --key)"
if [ ! -d "$PGENTRY_STATIC_PREFIX" ]; then
    # built beside and renamed, so that a build that was broken off is not taken for a whole one
    partial=$PGENTRY_STATIC_PREFIX.$$
    trap 'rm -rf "$partial"' EXIT
    trap 'exit 1' HUP INT TERM
    sh docker/static-dependencies.sh "$partial"
    mv -T "$partial" "$PGENTRY_STATIC_PREFIX" 2>/dev/null || [ -d "$PGENTRY_STATIC_PREFIX" ]
fi

cmake --preset static >&2
cmake --build --preset static >&2
ls -l build/static/pgentry
