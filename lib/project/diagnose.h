/* What `pgentry diagnose` finds out from the project's side: local migrations beside the recorded ones, and the
 * generated client beside its schema. */
#ifndef PROJECT_DIAGNOSE_H
#define PROJECT_DIAGNOSE_H

#include "base/finding.h"
#include "config/ledger.h"
#include "config/wanted.h"

struct project_request {
    const struct config *config;
    const struct wanted *wanted;
    const struct ledger *ledger;
    const char *sync;    /* the command that migrates; where this container does not: who has to, and what then */
    const char *program; /* how pgentry is called again */
    bool (*made_already)(const char *log); /* whether a logged error says that what is to be made is there already */
};

/* Adds what it finds; strings live in the arena. Reads files of the project, runs nothing. */
void project_diagnose(const struct project_request *request, struct findings *findings, struct arena *arena);

#endif
