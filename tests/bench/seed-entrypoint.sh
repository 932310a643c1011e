#!/bin/sh
# The kind of entrypoint that pgentry replaces: polls every two seconds, asks psql for each table, starts the application.
until pg_isready -q; do
    sleep 2
done
for table in $TABLES; do
    [ "$(psql -qXtAc "SELECT to_regclass('public.$table') IS NOT NULL")" = t ] || exit 1
done
exec "$@"
