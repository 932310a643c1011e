#!/bin/sh
# Installs Debian packages, only what is missing and quietly:   sh tests/install.sh PACKAGE…
# "build" stands for all that building pgentry needs. "node" stands for nodejs and npm, unless a node that brings its own
# npm is there: the two cannot be installed together.
set -eu
build="gcc libc6-dev cmake ninja-build pkg-config libpq-dev libyaml-dev libuv1-dev libjansson-dev libmicrohttpd-dev libssl-dev"
missing=
# shellcheck disable=SC2046,SC2086 # lists
for package in $(for word; do [ "$word" = build ] && echo $build || echo "$word"; done); do
    case $package in
    node)
        command -v node >/dev/null || missing="$missing nodejs"
        command -v npm >/dev/null || missing="$missing npm"
        ;;
    *) dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "please install as root: apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# RUNLEVEL=1: PostgreSQL's package would otherwise start a server that nobody asked for.
install() {
    # shellcheck disable=SC2086 # a list
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >"$log" 2>&1
}
install || { apt-get update -qq >"$log" 2>&1 && install; } || { tail -n 20 "$log" >&2; exit 1; }
