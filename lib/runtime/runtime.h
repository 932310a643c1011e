/* The supervisor: joins the boot machine with the world. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "boot/boot.h"
#include "config/config.h"

struct runtime_request {
    const struct config *config;
    enum boot_goal goal;
    const char *const *app; /* argv of the application, for GOAL_RUN */
    bool force;             /* sync: run steps although nothing is pending */
    const char *only;       /* sync: this step alone, or NULL */
    const char *from;       /* sync: from this step on, or NULL */
    bool json;              /* verify: the health document instead of the table report */
};

/* Before anything that a signal could interrupt: blocks every signal. False with errno if the system refuses. */
bool runtime_prepare(void);

/* Tells the errors of a configuration that cannot be used: as lines of their own, or of the log where that is JSON; of
 * a run also where a report is looked for. Returns the exit status. */
int runtime_refuse(enum boot_goal goal, enum log_format format, const struct strings *errors);

/* Does the job to its end and returns the exit status. In mode exec it does not return once the application starts. */
int runtime_run(const struct runtime_request *request);

#endif
