#!/bin/sh
# Which lines and branches of lib/ and cmd/ the tests reach:   sh tests/coverage.sh
# Of some end-to-end tests only:                               sh tests/coverage.sh tests/e2e/test_wait.py
# The table is build/coverage/coverage.txt; build/coverage/html/index.html shows every line.
set -eu
cd "$(dirname "$0")/.."
sh tests/install.sh build clang llvm libcmocka-dev postgresql-15 pgbouncer iproute2 python3 python3-pytest python3-pytest-xdist python3-psycopg \
    procps util-linux node python3-django alembic python3-psycopg2 ruby-railties ruby-activerecord ruby-pg
cmake --preset coverage
cmake --build build/coverage -- -j 2
rm -rf build/coverage/counts
mkdir build/coverage/counts
build/coverage/pgentry version
chmod a+w build/coverage/counts/* # some tests run it as another user
for program in build/coverage/tests/unit/unit_* "build/coverage/tests/sim/sim --seeds 1 2000"; do
    # shellcheck disable=SC2086 # a program and its arguments
    [ ! -f "${program%% *}" ] || $program >build/coverage/log 2>&1 </dev/null || { cat build/coverage/log; echo "FAILED $program"; }
done
[ $# -gt 0 ] || { set -- --ignore tests/e2e/test_valgrind.py tests/e2e && sh tests/e2e/tools.sh all; }
# Left out: the counts' own variable is in the environment of what we start, and their set-up hangs where malloc refuses it
# memory, with the file locked on which all others then wait.
PGENTRY=$PWD/build/coverage/pgentry PYTHONDONTWRITEBYTECODE=1 env --default-signal=HUP,INT /usr/bin/python3 -m pytest -q -n 4 -p no:cacheprovider -k "not gets_a_clean_process and not fails[malloc]" "$@" </dev/null ||
    echo "FAILED end-to-end tests"
llvm-profdata merge -o build/coverage/counts.profdata build/coverage/counts/*.profraw
rm -rf build/coverage/html
llvm-cov show build/coverage/pgentry -instr-profile build/coverage/counts.profdata -format html -output-dir build/coverage/html \
    -show-branches count
llvm-cov export build/coverage/pgentry -instr-profile build/coverage/counts.profdata -summary-only >build/coverage/counts.json
/usr/bin/python3 - build/coverage/counts.json <<'TABLE' | tee build/coverage/coverage.txt
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    counts = json.load(file)["data"][0]
print(f"{'lines':>14}    {'branches':>14}")
for row in sorted(counts["files"], key=lambda row: row["filename"]) + [{"filename": "all", "summary": counts["totals"]}]:
    lines, branches = row["summary"]["lines"], row["summary"]["branches"]
    print("    ".join(f"{one['covered']:>5} of {one['count']:>5}" for one in (lines, branches)),
          f"{lines['percent']:6.1f} % {branches['percent']:6.1f} %  {os.path.relpath(row['filename'])}")
TABLE
