#!/bin/sh
# Measurements, as Markdown tables on standard output:   sh tests/bench/run.sh [MEASUREMENT…]
# Figures and ratios side by side in one run; nothing is asserted. README.md here tells what each one is about.
# PGENTRY=/path/pgentry measures that binary instead of the release build. `rest` measures nothing: it writes docker/rest.ld.
set -eu
cd "$(dirname "$0")/../.."

# name | packages that only it needs | the program
measurements="boot|wait-for-it|boot.py boot
nothing||boot.py nothing
tables||boot.py tables
pending|node|boot.py pending
replicas||replicas.py
init|tini dumb-init catatonit|init.py
health|wrk nginx-light|health.py
rest||rest.py"
static="musl-tools dpkg-dev make perl bison flex"

row_of() {
    printf '%s\n' "$measurements" | grep "^$1|" || {
        echo "no measurement $1; there are: $(printf '%s\n' "$measurements" | cut -d '|' -f 1 | tr '\n' ' ')" >&2
        exit 64
    }
}

[ $# -gt 0 ] || set -- boot nothing tables pending replicas init health
for name; do
    packages="${packages:-} $(row_of "$name" | cut -d '|' -f 2)"
done
# shellcheck disable=SC2086 # a list
sh tests/install.sh build libcmocka-dev postgresql-15 python3 python3-psycopg $static $packages >&2
if [ -z "${PGENTRY:-}" ]; then
    cmake --preset release >/dev/null
    cmake --build build/release --target pgentry >&2
    PGENTRY=$PWD/build/release/pgentry
fi
mkdir -p build/bench
for program in stamp orphans; do
    gcc -O2 -o "build/bench/$program" "tests/bench/$program.c"
done
# shellcheck disable=SC2046 # two flags
gcc -O2 -o build/bench/bare tests/bench/bare.c $(pkg-config --cflags --libs libpq)
sh docker/static.sh >&2
export PGENTRY PGENTRY_STATIC="$PWD/build/static/pgentry" PYTHONDONTWRITEBYTECODE=1
for name; do
    # shellcheck disable=SC2046 # a program and its argument
    /usr/bin/python3 tests/bench/$(row_of "$name" | cut -d '|' -f 3)
done
