#!/bin/sh
# The long proof, on both cores all the time: the simulator for a twelfth and the fuzzers for a sixth of the time, a connection
# cut at every byte (some ten minutes), and real boots with random kills: 10,000 of them in an hour, however long they take.
#   sh tests/soak.sh          an hour, and some minutes where 10,000 boots take more than half of it
#   sh tests/soak.sh 600      a sixth of it, and the ten minutes; not less than 60
# What the last one said is in tests/README.md.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-3600}
python=/usr/bin/python3

# at_once NAME COUNT COMMAND…: so many of it, each with its number as last argument and a log of its own; the last line of
# each, or the last 40 where one failed.
at_once() {
    name=$1
    count=$2
    shift 2
    pids=
    for number in $(seq "$count"); do
        "$@" "$number" >"build/soak-$name-$number.log" 2>&1 &
        pids="$pids $!"
    done
    failed=0
    for pid in $pids; do
        wait "$pid" || failed=1
    done
    tail -qn 1 "build/soak-$name"-*.log
    [ "$failed" = 0 ] || { tail -n 40 "build/soak-$name"-*.log; exit 1; }
}

worlds() {
    begun=$(date +%s)${1}00000000
    seed=$begun
    until=$(($(date +%s) + seconds / 12))
    while [ "$(date +%s)" -lt "$until" ]; do
        build/release/tests/sim/sim --seeds "$seed" 200000 || return 1
        seed=$((seed + 200000))
    done
    echo "$((seed - begun)) worlds from seed $begun on, no violation"
}

kills() { # of the file that ships
    PGENTRY=$PWD/build/static/pgentry PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/e2e "$python" tests/e2e/kills.py $((seconds * 10000 / 3600 / 4))
}

sh tests/install.sh build clang clang-tidy libcmocka-dev musl-tools dpkg-dev make perl bison flex postgresql-15 python3 python3-pytest \
    python3-pytest-xdist python3-psycopg procps util-linux
cmake --preset release
cmake --build build/release -- -j 2
sh docker/static.sh

echo "== clang's analyzer"
cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DPGENTRY_TESTS=OFF
cmake --build build/clang -- -j 2
run-clang-tidy -quiet -p build/clang -j 2 "$PWD/(lib|cmd)/.*" >build/soak-tidy.log 2>&1 || { tail -n 40 build/soak-tidy.log; exit 1; }
echo "no finding"

echo "== simulator"
at_once sim 2 worlds

echo "== fuzzers"
targets=$(find tests/fuzz -name 'fuzz_*.c' | wc -l)
sh tests/fuzz/run.sh -max_total_time=$((seconds * 2 / 6 / targets)) >build/soak-fuzz.log 2>&1 || { tail -n 40 build/soak-fuzz.log; exit 1; }
grep -E '^== |^Done' build/soak-fuzz.log

echo "== a connection cut at every byte of handshake and first look, either way"
PGENTRY=$PWD/build/release/pgentry PYTHONDONTWRITEBYTECODE=1 PGENTRY_EVERY_BYTE=1000 "$python" -m pytest -q -n 4 -p no:cacheprovider \
    tests/e2e/test_proxy.py -k cut_after >build/soak-proxy.log 2>&1 || { tail -n 40 build/soak-proxy.log; exit 1; }
tail -n 1 build/soak-proxy.log

echo "== boots with a kill"
at_once kills 4 kills
