/* app.user: name, uid, uid:gid, with supplementary groups and no way back. */
#ifndef PROCESS_CREDENTIALS_H
#define PROCESS_CREDENTIALS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define CREDENTIALS_GROUPS 256

struct credentials {
    uid_t uid;
    gid_t gid;
    gid_t groups[CREDENTIALS_GROUPS];
    int group_count;
    bool change; /* false: stay as we are */
};

/* Looks the user up ("" means no change). False with *error (78): unknown name, a uid without passwd entry and without
 * gid, or not possible as who we are. */
bool credentials_find(const char *user, struct credentials *credentials, struct error *error);

/* In the child, just before exec. Returns 0 or errno. Async-signal-safe. */
int credentials_take(const struct credentials *credentials);

#endif
