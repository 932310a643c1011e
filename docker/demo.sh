#!/bin/sh
# The story of the avatar_projects table, on a bare Debian 12:
#   sh docker/demo.sh            two short scripts fail as Prisma did that day
#   sh docker/demo.sh --prisma   the same with Prisma's real command line
# Everything it starts runs in a folder of its own under /tmp and is gone afterwards, also after Ctrl-C.
set -eu
cd "$(dirname "$0")/.."
source=$PWD
mode=scripts
case ${1:-} in
"") ;;
--prisma) mode=prisma ;;
*)
    echo "usage: sh docker/demo.sh [--prisma]" >&2
    exit 64
    ;;
esac

bold="" plain=""
if [ -t 1 ]; then
    bold=$(printf '\033[1;36m') plain=$(printf '\033[0m')
fi
say() {
    printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}
# show FILE, of the project
show() {
    printf '\n%s--- %s%s\n' "$bold" "$1" "$plain"
    cat "$project/$1"
}

bin=/usr/lib/postgresql/15/bin
work=
pgentry_pid=
app_pid=

cleanup() {
    trap '' INT TERM HUP PIPE
    for pid in $pgentry_pid $app_pid; do
        kill -TERM "$pid" 2>/dev/null || continue
        wait "$pid" 2>/dev/null || true
    done
    if [ -n "$work" ]; then
        stop_postgres >/dev/null 2>&1 || true
        rm -rf "$work"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}
start_postgres() {
    as_postgres "$bin/pg_ctl" -D "$work/data" -l "$work/postgres.log" -w -s start \
        -o "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work -c fsync=off"
}
stop_postgres() {
    as_postgres "$bin/pg_ctl" -D "$work/data" -m immediate -s stop
}

say "Installing what is missing, and building pgentry (Release)"
prisma_packages=
[ $mode = scripts ] || prisma_packages=node
sh tests/install.sh build postgresql-15 python3 $prisma_packages
build=build/demo
mkdir -p $build
[ -e $build/build.ninja ] || cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPGENTRY_TESTS=OFF >/dev/null
cmake --build $build >"$build/demo.log" 2>&1 || {
    tail -n 40 "$build/demo.log"
    exit 1
}
pgentry=$source/$build/pgentry
"$pgentry" version

work=$(mktemp -d /tmp/pgentry-demo.XXXXXX)
chmod 755 "$work"
[ "$(id -u)" -ne 0 ] || chown postgres "$work"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
project=$work/project
cp -r "docker/story/$mode" "$project"
cp docker/story/fallback.sql docker/story/app.py "$project"
export DATABASE_URL="postgresql://shop:s3cret%2Fdemo@127.0.0.1:$port/shop"
export PGENTRY_HEALTH_LISTEN='[]' # nobody asks for the health of a demo
migrations=$source/docker/story/prisma/prisma/migrations

if [ $mode = prisma ]; then
    say "Fetching Prisma's command line (kept for the next time)"
    ln -s "$(sh tests/e2e/tools.sh prisma)/node_modules" "$project/node_modules"
    PRISMA_SCHEMA_ENGINE_BINARY=$(sh tests/e2e/tools.sh engine)/schema-engine.mjs
    export PRISMA_SCHEMA_ENGINE_BINARY CI=1 PRISMA_HIDE_UPDATE_MESSAGE=1 CHECKPOINT_DISABLE=1
fi

say "Yesterday: a database with five of the six tables; avatar_projects is not there"
as_postgres "$bin/initdb" -D "$work/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
start_postgres
sql() {
    psql -qX -v ON_ERROR_STOP=1 -h "$work" -p "$port" -U "$@"
}
sql postgres -c "CREATE ROLE shop LOGIN PASSWORD 's3cret/demo'" -c "CREATE DATABASE shop OWNER shop" postgres
if [ $mode = prisma ]; then
    show "prisma/migrations/20251011000000_avatar_projects/migration.sql"
    printf '\n$ prisma migrate deploy\n'
    (cd "$project" && node_modules/.bin/prisma migrate deploy </dev/null 2>&1) || echo "(exit status $?)"
    sql shop -c "CREATE TABLE exports (id int)" shop # of another application: db push would drop it
else
    sql shop -f "$migrations/20250901000000_init/migration.sql" shop
fi
sql shop -c '\dt' shop

say "The application was started all the same, and its users saw this:"
mkfifo "$work/yesterday" "$work/today"
python3 "$project/app.py" >"$work/yesterday" 2>&1 &
app_pid=$!
read -r line <"$work/yesterday"
python3 docker/story/ask.py "${line##* }" || true
kill -TERM $app_pid
wait $app_pid 2>/dev/null || true
app_pid=
stop_postgres

say "Today pgentry is the entrypoint. Its configuration:"
show "pgentry.yaml"
if [ $mode = scripts ]; then
    show "migrate-deploy.sh"
    show "db-push.sh"
fi
show "fallback.sql"

say "pgentry run -- python3 app.py, while PostgreSQL is still down"
cd "$project"
"$pgentry" run -- python3 app.py >"$work/today" 2>&1 &
pgentry_pid=$!
cd "$source"
started=
good=
while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
    *" waiting "*)
        if [ -z "$started" ]; then
            started=yes
            say "pgentry waits. Now PostgreSQL is started"
            start_postgres
        fi
        ;;
    *"listening on "*)
        say "The application runs. The same request again:"
        python3 docker/story/ask.py "${line##* }" && good=yes
        say "Stopping: TERM to pgentry, which passes it on"
        kill -TERM $pgentry_pid
        ;;
    esac
done <"$work/today"
status=0
wait $pgentry_pid 2>/dev/null || status=$?
pgentry_pid=
if [ -z "$good" ]; then
    say "This is not how the story goes: pgentry ended with $status"
    exit 1
fi
say "Exit status $status. All of it is stopped and removed"
