#!/bin/sh
# Measurements, as Markdown tables on standard output:   sh tests/bench/run.sh [boot] [nothing] [tables] [pending]
# Figures and ratios side by side in one run; nothing is asserted. See README.md here for how to read them.
# PGENTRY=/path/pgentry measures that binary instead of the release build.
set -eu
cd "$(dirname "$0")/../.."
sh tests/install.sh build libcmocka-dev postgresql-15 python3 python3-psycopg wait-for-it node >&2
if [ -z "${PGENTRY:-}" ]; then
    cmake --preset release >/dev/null
    cmake --build build/release --target pgentry >&2
    PGENTRY=$PWD/build/release/pgentry
fi
mkdir -p build/bench
# shellcheck disable=SC2046 # two flags
gcc -O2 -o build/bench/bare tests/bench/bare.c $(pkg-config --cflags --libs libpq)
gcc -O2 -o build/bench/stamp tests/bench/stamp.c
export PGENTRY
exec /usr/bin/python3 tests/bench/bench.py "$@"
