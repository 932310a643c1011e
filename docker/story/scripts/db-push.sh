#!/bin/sh
# What `prisma db push` said that day.
echo "You are about to drop the \`exports\` table, which is not empty (12 rows)."
echo "Error: Use the --accept-data-loss flag to ignore the data loss warnings"
exit 1
