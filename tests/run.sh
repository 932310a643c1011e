#!/bin/sh
# All tests, on a Debian 12 with nothing installed:   sh tests/run.sh
# One part of them:                                   sh tests/run.sh unit e2e
# End-to-end tests of a binary that was built already: PGENTRY=/path/pgentry sh tests/run.sh
#
# Parts: build format tidy layering unit sim fuzz e2e release majors container. Every part runs, whatever failed before it; what each
# printed is in build/tests/. The last line is `N passed, N failed`; exit 1 if any failed.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8

all="build format tidy layering unit sim fuzz e2e release majors container"
reports=build/tests
python=/usr/bin/python3 # Debian's, for which the packages are
jobs=2
passed=0
failed=0

packages="build clang clang-format clang-tidy cppcheck libcmocka-dev postgresql-15 pgbouncer iproute2 python3 python3-pytest python3-pytest-xdist python3-psycopg
    procps util-linux openssl valgrind node prometheus chromium chromium-driver fonts-dejavu-core python3-django alembic python3-psycopg2
    ruby-railties ruby-activerecord ruby-pg python3-yaml python3-jsonschema"

# passes N, fails N: the sums of the last line.
passes() {
    passed=$((passed + $1))
}
fails() {
    failed=$((failed + $1))
}

# check NAME COMMAND…: one check; what it printed is shown if it fails.
check() {
    name=$1
    shift
    began=$(date +%s)
    if "$@" >"$reports/$name.log" 2>&1; then
        passes 1
        echo "ok     $name ($(($(date +%s) - began)) s)"
    else
        fails 1
        tail -n 60 "$reports/$name.log"
        echo "FAILED $name ($(($(date +%s) - began)) s; all of it in $reports/$name.log)"
    fi
}

sources() {
    git ls-files '*.c' '*.h' 2>/dev/null || find lib cmd tests -name '*.[ch]'
}

build() {
    cmake --preset "$@" && cmake --build "build/$1" -- -j "$jobs"
}

part_build() {
    check build-sanitize build sanitize
    check build-release build release
    check hardening sh tests/hardening.sh build/release/pgentry
    check build-clang compile clang clang
}

# compile FOLDER COMPILER [FLAGS]: lib and cmd alone, for what a compiler says of them.
compile() {
    cmake -S . -B "build/$1" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$2" -DCMAKE_C_FLAGS="${3:-}" \
        -DPGENTRY_TESTS=OFF && cmake --build "build/$1" -- -j "$jobs"
}

part_format() {
    # shellcheck disable=SC2044,SC2046 # no names with blanks
    check format clang-format --dry-run -Werror $(sources)
}

part_tidy() {
    [ -e build/clang/compile_commands.json ] || compile clang clang >"$reports/build-clang.log" 2>&1
    # Without clang's own analyzer, which takes twenty times as long as all the rest: gcc's is below, clang's in soak.sh.
    check tidy run-clang-tidy -quiet -p build/clang -checks='-clang-analyzer-*' -j "$jobs" "$PWD/(lib|cmd)/.*"
    check cppcheck cppcheck -q --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 -D_GNU_SOURCE \
        -DPGENTRY_VERSION='"1"' -I lib --suppress=missingIncludeSystem -j "$jobs" lib cmd
    check analyzer compile analyzer gcc -fanalyzer
}

part_layering() {
    check layering-self-test "$python" tests/unit/layering.py --self-test
    check layering "$python" tests/unit/layering.py
}

# cmocka_program NAME PROGRAM: adds what cmocka counted; a program that dies without a count is one failure.
cmocka_count() {
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s)\..*/\1/p' "$1" | tail -n 1)
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s), .*/\1/p' "$1" | tail -n 1)
    status=$(cat "${1%.log}.status" 2>/dev/null || echo 1)
    passes "${ok:-0}"
    if [ "$status" -ne 0 ]; then
        fails "${bad:-1}"
        grep -v '^\[ *\(RUN\|OK\) *\]' "$1" | tail -n 60
        echo "FAILED $(basename "${1%.log}") (status $status)"
    fi
}

part_unit() {
    [ -e build/sanitize/build.ninja ] || check build-sanitize build sanitize
    rm -rf "$reports/unit"
    mkdir -p "$reports/unit"
    before=$((passed + failed))
    # shellcheck disable=SC2016 # for the inner shell
    find build/sanitize/tests/unit -maxdepth 1 -type f -name 'unit_*' -perm -u+x | sort | xargs -P "$jobs" -I{} sh -c '
        log=$2/$(basename "$1")
        timeout 300 "$1" >"$log.log" 2>&1 </dev/null
        echo $? >"$log.status"' sh {} "$reports/unit"
    for log in "$reports"/unit/*.log; do
        [ ! -e "$log" ] || cmocka_count "$log"
    done
    [ $((passed + failed)) -gt "$before" ] || { echo "FAILED unit: no program was built"; fails 1; }
    echo "unit: $((passed + failed - before)) tests"
}

# The release build: ten times faster. Some 2.6 boots a world, so well over 100,000 boots.
part_sim() {
    [ -e build/release/build.ninja ] || check build-release build release
    [ -e build/sanitize/build.ninja ] || check build-sanitize build sanitize
    check sim timeout 300 build/release/tests/sim/sim --seeds 1 45000 --rows
    check sim-planted timeout 300 build/release/tests/sim/sim --planted
    check sim-shrink shrinks build/release/tests/sim/sim after_not_verified
    check sim-sanitize timeout 300 build/sanitize/tests/sim/sim --seeds 50001 4000
}

# shrinks SIM PLANT: the command that a planted bug's first seed prints replays it with less than was drawn, told as a story.
shrinks() {
    replay=$("$1" --plant "$2" --seeds 1 1000 | sed -n 's/^replay: sim //p')
    seed=$(echo "$replay" | cut -d ' ' -f 2)
    # shellcheck disable=SC2086 # arguments
    "$1" $replay >"$reports/story" && return 1
    grep VIOLATION "$reports/story" && "$1" --shrink "$seed" --plant "$2" | grep -F "replay: sim $replay" &&
        [ "$(wc -l <"$reports/story")" -lt "$("$1" --seed "$seed" --plant "$2" --story | wc -l)" ]
}

# A regression over the corpora; tests/soak.sh looks for what is new.
part_fuzz() {
    check fuzz sh tests/fuzz/run.sh -runs=2000
}

# pytest_report NAME STATUS BEGAN: adds what pytest counted in its last line and shows what failed.
pytest_report() {
    log=$reports/$1.log
    ok=$(tail -n 1 "$log" | grep -oE '[0-9]+ passed' | cut -d ' ' -f 1)
    bad=$(tail -n 1 "$log" | grep -oE '[0-9]+ (failed|errors?)' | awk '{sum += $1} END {print sum + 0}')
    if [ "$2" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passes "${ok:-0}"
    fails "$bad"
    if [ "$2" -ne 0 ]; then
        tail -n 300 "$log"
        echo "FAILED $1 (all of it in $log)"
    fi
    echo "$1: ${ok:-0} of $((${ok:-0} + bad)) tests passed ($(($(date +%s) - $3)) s)"
}

# pytest NAME BINARY ARGUMENTS…
pytest() {
    name=$1
    binary=$2
    shift 2
    if [ ! -x "$binary" ]; then
        echo "FAILED $name: $binary is not there"
        fails 1
        return
    fi
    began=$(date +%s)
    # HUP and INT are ignored under nohup and in the background; the tests send them
    PGENTRY=$binary PYTHONDONTWRITEBYTECODE=1 env --default-signal=HUP,INT \
        "$python" -m pytest -q -n 4 -p no:cacheprovider --durations=40 "$@" \
        >"$reports/$name.log" 2>&1 </dev/null
    pytest_report "$name" $? "$began"
}

part_e2e() {
    check tools sh tests/e2e/tools.sh all # before the tests, so that no test's time limit pays for the download
    if [ -n "${PGENTRY:-}" ]; then
        pytest e2e "$PGENTRY" -m 'not preload' tests/e2e
    else
        [ -e build/sanitize/build.ninja ] || check build-sanitize build sanitize
        pytest e2e "$PWD/build/sanitize/pgentry" -m 'not preload and not crowd' tests/e2e
    fi
}

# The release build differs in optimisation and hardening alone: how an application starts suffices; and what no sanitizer
# bears: faults that a preloaded library injects, valgrind, crowds, limits of memory.
part_release() {
    [ -e build/release/build.ninja ] || check build-release build release
    pytest release "$PWD/build/release/pgentry" tests/e2e/test_start.py tests/e2e/test_terminal.py \
        tests/e2e/test_placeholder.py tests/e2e/test_injection.py tests/e2e/test_replicas.py tests/e2e/test_valgrind.py \
        tests/e2e/test_hostile.py
}

# What is asked of a server's catalogs and sessions, and SQL files, on the oldest and the newest one.
part_majors() {
    [ -e build/release/build.ninja ] || check build-release build release
    for major in 12 18; do
        export PGENTRY_TEST_POSTGRES=$major
        check "postgres-$major" sh tests/e2e/tools.sh "postgres-$major"
        pytest "on-postgres-$major" "$PWD/build/release/pgentry" -m 'not real_tools' -k 'not pg_dump' tests/e2e/test_apply.py \
            tests/e2e/test_diagnose*.py tests/e2e/test_schema.py tests/e2e/test_verify.py
    done
    unset PGENTRY_TEST_POSTGRES
}

# Real containers where podman may run, PID namespaces elsewhere: the test says which.
part_container() {
    began=$(date +%s)
    sh tests/container/run.sh -rs >"$reports/container.log" 2>&1 </dev/null
    pytest_report container $? "$began"
    grep '^SKIPPED' "$reports/container.log"
}

if [ $# -gt 0 ]; then
    parts=$*
elif [ -n "${PGENTRY:-}" ]; then
    parts=e2e
else
    parts=$all
fi
for part in $parts; do
    case " $all " in
    *" $part "*) ;;
    *)
        echo "tests/run.sh: no part '$part'; there are: $all" >&2
        exit 64
        ;;
    esac
done

mkdir -p "$reports"
# shellcheck disable=SC2086 # a list
if ! sh tests/install.sh $packages; then
    echo "FAILED to install what the tests need"
    fails 1
fi
for part in $parts; do
    "part_$part"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
