/* The guard of a `prisma db push`: how the SQL that it would run is asked for beforehand. */
#ifndef CONFIG_PUSH_H
#define CONFIG_PUSH_H

#include "config/config.h"

/* Fills step->guard of a STEP_DB_PUSH: argv of a `prisma migrate diff … --script` from the live database to the schema,
 * without a URL. NULL, or why it would not be the schema and the database of the push for sure, as the end of a
 * sentence that begins with it. */
const char *push_guard(struct step *step, struct arena *arena);

#endif
