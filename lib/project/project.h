/* What the project's own files tell: the tables, columns and enums of schema.prisma, and the local migrations. */
#ifndef PROJECT_PROJECT_H
#define PROJECT_PROJECT_H

#include "config/prisma.h"
#include "config/wanted.h"

/* verify.* of the configuration, and what the project's files add to it: a wanted_source of the database process. */
void project_wanted(struct wanted *wanted, const struct config *config, struct arena *arena);

/* Where verify.prisma_schema points, or for auto where the step's own CLI would look. True if there is a schema. */
bool project_find_schema(struct prisma_project *project, const struct config *config, struct arena *arena);

#endif
