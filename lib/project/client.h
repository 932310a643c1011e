/* What Prisma needs in the image: the config file that has its URL, and the client generated from the schema that is
 * there now. */
#ifndef PROJECT_CLIENT_H
#define PROJECT_CLIENT_H

#include "base/finding.h"
#include "config/config.h"

/* Adds a finding if the config file is missing, and one if the client is, or was generated from another schema.
 * `schema` is where models without @@schema lie. */
void client_diagnose(const struct config *config, const char *schema, struct findings *findings, struct arena *arena);

#endif
