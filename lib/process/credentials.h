/* app.user: name, uid, uid:gid, with supplementary groups and no way back. */
#ifndef PROCESS_CREDENTIALS_H
#define PROCESS_CREDENTIALS_H

#include "base/error.h"
#include "config/config.h"

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

/* Looks up "name", "uid", "uid:gid", "name:group" ("" means no change). Without a group: the passwd entry's, and the
 * supplementary groups of group(5); with one: that group alone, as container engines read --user. A child looks, for at
 * most five seconds, and tries whether it can be taken. False with *error (78): unknown name or group, a uid without
 * passwd entry and without gid, no answer, or not possible as who we are; 71 if the system refuses the child. */
bool credentials_find(const char *user, struct credentials *credentials, struct error *error);

/* Whether app.user names somebody, used when the configuration is read; whether that can be taken, credentials_find()
 * tells. */
config_check credentials_check;

/* In the child, just before exec: groups, gid, uid, and no capability left unless the uid is 0. Returns 0 or errno
 * (EPERM too if a way back to root was found). Async-signal-safe. */
int credentials_take(const struct credentials *credentials);

/* Says in words that credentials_take returned `number`: 78, or 71 for EAGAIN (too many processes). Returns false. */
bool credentials_error(const struct credentials *credentials, int number, struct error *error);

#endif
