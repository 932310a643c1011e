#!/bin/sh
# Which lines and branches of lib/ and cmd/ the tests reach:   sh tests/coverage.sh
# Of some end-to-end tests only:                               sh tests/coverage.sh tests/e2e/test_wait.py
# The table is build/coverage/coverage.txt; every line is shown in build/coverage/coverage.html.
set -eu
cd "$(dirname "$0")/.."
sh tests/install.sh build gcovr libcmocka-dev postgresql-15 pgbouncer python3 python3-pytest python3-pytest-xdist python3-psycopg procps \
    util-linux node
cmake --preset coverage
cmake --build build/coverage -- -j 2
find build/coverage -name '*.gcda' -delete
for program in build/coverage/tests/unit/unit_*; do
    [ ! -f "$program" ] || "$program" >"$program.log" 2>&1 </dev/null || echo "FAILED $program"
done
[ $# -gt 0 ] || { set -- -m 'not preload' tests/e2e && for tool in prisma engine dbmate; do sh tests/e2e/tools.sh "$tool"; done; }
PGENTRY=$PWD/build/coverage/pgentry PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -n 2 -p no:cacheprovider "$@" </dev/null ||
    echo "FAILED end-to-end tests"
gcovr --root . --filter 'lib/' --filter 'cmd/' --exclude-throw-branches --gcov-ignore-parse-errors \
    --html-details build/coverage/coverage.html --txt build/coverage/coverage.txt --print-summary build/coverage
