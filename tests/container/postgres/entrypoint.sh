#!/bin/sh
# Makes the cluster at the first start, as the official image does, and becomes the server.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    password=$(mktemp)
    printf %s "${POSTGRES_PASSWORD:?}" >"$password"
    initdb -U "$user" --pwfile "$password" --auth-local trust --auth-host scram-sha-256 -E UTF8 --locale C.UTF-8 --no-sync >/dev/null
    rm "$password"
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        echo "CREATE DATABASE \"${POSTGRES_DB:-$user}\"" | postgres --single -D "$PGDATA" -j postgres >/dev/null
    fi
fi
exec "$@" -c listen_addresses='*'
