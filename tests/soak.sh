#!/bin/sh
# The long proof: the simulator, the fuzzers, and real boots with random kills, a third of the time each; before
# the last a connection cut at every byte, some ten minutes more.
#   sh tests/soak.sh          an hour
#   sh tests/soak.sh 600      ten minutes
# What the last one said is in tests/README.md.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-3600}
third=$((seconds / 3))
python=/usr/bin/python3

sh tests/install.sh build clang clang-tidy libcmocka-dev postgresql-15 python3 python3-pytest python3-pytest-xdist python3-psycopg procps util-linux
cmake --preset release
cmake --build build/release -- -j 2

echo "== clang's analyzer"
cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DPGENTRY_TESTS=OFF
cmake --build build/clang -- -j 2
run-clang-tidy -quiet -p build/clang -j 2 "$PWD/(lib|cmd)/.*" >build/soak-tidy.log 2>&1 || { tail -n 40 build/soak-tidy.log; exit 1; }
echo "no finding"

echo "== simulator"
seed=$(date +%s)000
until=$(($(date +%s) + third))
worlds=0
while [ "$(date +%s)" -lt "$until" ]; do
    build/release/tests/sim/sim --seeds "$seed" 200000 >build/soak-sim.log || { cat build/soak-sim.log; exit 1; }
    seed=$((seed + 200000))
    worlds=$((worlds + 200000))
done
echo "$worlds worlds up to seed $seed, no violation; $(tail -n 1 build/soak-sim.log)"

echo "== fuzzers"
targets=$(find tests/fuzz -name 'fuzz_*.c' | wc -l)
sh tests/fuzz/run.sh -max_total_time=$((third / targets)) >build/soak-fuzz.log 2>&1 || { tail -n 40 build/soak-fuzz.log; exit 1; }
grep -E '^== |^Done' build/soak-fuzz.log

echo "== a connection cut at every byte of handshake and first look, either way"
PGENTRY=$PWD/build/release/pgentry PYTHONDONTWRITEBYTECODE=1 PGENTRY_EVERY_BYTE=1000 "$python" -m pytest -q -n 4 -p no:cacheprovider \
    tests/e2e/test_proxy.py -k cut_after >build/soak-proxy.log 2>&1 || { tail -n 40 build/soak-proxy.log; exit 1; }
tail -n 1 build/soak-proxy.log

echo "== boots with a kill"
workers=
for worker in 1 2 3 4; do # a boot mostly waits
    PGENTRY=$PWD/build/release/pgentry PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/e2e "$python" tests/e2e/kills.py "$third" 2500 \
        >build/soak-kills-$worker.log 2>&1 &
    workers="$workers $!"
done
failed=0
for worker in $workers; do
    wait "$worker" || failed=1
done
tail -qn 1 build/soak-kills-*.log
[ "$failed" = 0 ] || { tail -n 40 build/soak-kills-*.log; exit 1; }
