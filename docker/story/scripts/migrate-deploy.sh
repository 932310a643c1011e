#!/bin/sh
# What `prisma migrate deploy` said that day.
echo "Error: P3009"
echo "migrate found failed migrations in the target database, new migrations will not be applied."
exit 1
