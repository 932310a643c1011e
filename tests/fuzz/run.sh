#!/bin/sh
# Every fuzz target over its corpus and what libFuzzer makes of it:   sh tests/fuzz/run.sh -runs=3000
# Longer:                                                            sh tests/fuzz/run.sh -max_total_time=600
# The arguments are libFuzzer's; two targets run at a time. What it finds on the way is kept in build/fuzz/corpus; an input
# that fails is left in build/fuzz/found, and belongs into a unit test.
set -eu
cd "$(dirname "$0")/../.."
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DPGENTRY_FUZZ=ON
targets=$(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//')
# shellcheck disable=SC2086 # a list
ninja -C build/fuzz -j 2 $targets
rm -f build/fuzz/*.log
status=0
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$targets" | xargs -P 2 -I{} sh -c '
    target=$1 corpus=corpus/${1#fuzz_}
    shift
    mkdir -p "build/fuzz/$corpus" build/fuzz/found
    "build/fuzz/tests/fuzz/$target" -seed=1 -timeout=10 -print_final_stats=1 -artifact_prefix=build/fuzz/found/ "$@" \
        "build/fuzz/$corpus" "tests/fuzz/$corpus" >"build/fuzz/$target.log" 2>&1 ||
        { mv "build/fuzz/$target.log" "build/fuzz/failed-$target.log"; exit 1; }' sh {} "$@" || status=1
for target in $targets; do
    [ ! -e "build/fuzz/$target.log" ] || { echo "== $target"; cat "build/fuzz/$target.log"; }
done
[ "$status" = 0 ] || tail -n 40 build/fuzz/failed-*.log # last, where one looks for it
exit $status
