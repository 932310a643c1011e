#include "process/credentials.h"

#include "base/duration.h"
#include "base/mask.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_MAX_BYTES 256
#define ID_MAX 4294967294UL /* (uid_t)-1 means "leave it" to setresuid(2) */
#define PATIENCE 5          /* seconds for the system's name services, of which some ask over the network */

/* ---- reading app.user ---- */

/* As a message shows it: it may have been read from a secret's file. */
static const char *shown(const char *name)
{
    static char text[NAME_MAX_BYTES];

    TEXT_COPY(text, strlen(name) < sizeof text ? name : "…"); /* masked before it is cut, or not at all */
    mask_string(text);
    return text;
}

static bool parse_id(const char *text, unsigned long *id)
{
    char *end;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *id = strtoul(text, &end, 10);
    return *end == '\0' && errno == 0 && *id <= ID_MAX;
}

static bool find_group(const char *name, struct credentials *credentials, struct error *error)
{
    unsigned long id;

    if (parse_id(name, &id)) {
        credentials->gid = (gid_t)id;
    } else {
        const struct group *group = getgrnam(name);

        if (!group) {
            error_set(error, STATUS_CONFIG, "app.user: no group \"%s\"", shown(name));
            return error_hint(error, "give the number: uid:gid");
        }
        credentials->gid = group->gr_gid;
    }
    credentials->groups[0] = credentials->gid;
    credentials->group_count = 1;
    return true;
}

static bool take_entry(const struct passwd *entry, struct credentials *credentials, struct error *error)
{
    credentials->gid = entry->pw_gid;
    credentials->group_count = CREDENTIALS_GROUPS;
    if (getgrouplist(entry->pw_name, entry->pw_gid, credentials->groups, &credentials->group_count) < 0) {
        return error_set(error, STATUS_CONFIG, "app.user: %s is in more than %d groups", entry->pw_name,
                         CREDENTIALS_GROUPS);
    }
    return true;
}

/* `group` is NULL if none was given. */
static bool find_user(const char *name, const char *group, struct credentials *credentials, struct error *error)
{
    unsigned long id;
    bool number = parse_id(name, &id);
    const struct passwd *entry = !number ? getpwnam(name) : group ? NULL : getpwuid((uid_t)id);

    if (!number && !entry) {
        error_set(error, STATUS_CONFIG, "app.user: no user \"%s\"", shown(name));
        return error_hint(error, "add it to /etc/passwd of the image, or give numbers: uid:gid");
    }
    credentials->uid = entry ? entry->pw_uid : (uid_t)id;
    if (group) {
        return find_group(group, credentials, error);
    }
    if (!entry) {
        error_set(error, STATUS_CONFIG, "app.user: uid %s has no passwd entry that tells its group", shown(name));
        return error_hint(error, "give the group too: %s:%s", shown(name), shown(name));
    }
    return take_entry(entry, credentials, error);
}

static bool parse(const char *user, struct credentials *credentials, struct error *error)
{
    char name[NAME_MAX_BYTES];
    const char *colon = strchr(user, ':');
    size_t length = colon ? (size_t)(colon - user) : strlen(user);

    if (length == 0 || length >= sizeof name || (colon && colon[1] == '\0')) {
        error_set(error, STATUS_CONFIG, "app.user: \"%s\" is no user", shown(user));
        return error_hint(error, "write name, uid or uid:gid");
    }
    memcpy(name, user, length);
    name[length] = '\0';
    return find_user(name, colon ? colon + 1 : NULL, credentials, error);
}

/* ---- taking it ---- */

static bool are_ours(const struct credentials *credentials)
{
    return credentials->uid == getuid() && credentials->uid == geteuid() && credentials->gid == getgid() &&
           credentials->gid == getegid();
}

/* What the child found. */
struct found {
    bool known;
    struct credentials credentials;
    struct error error; /* if it is not known */
    int number;         /* errno of the trial */
};

/* User namespaces, dropped capabilities, seccomp: only trying tells. */
static void find(const char *user, struct found *found)
{
    found->known = parse(user, &found->credentials, &found->error);
    if (found->known) {
        found->credentials.change = !are_ours(&found->credentials);
        found->number = credentials_take(&found->credentials);
    }
}

/* Until the child is gone or the time is up: a name service may hang, and what it brings along stays out of PID 1. */
static bool receive(int fd, struct found *found)
{
    instant until = clock_now() + (instant)PATIENCE * 1000;
    size_t length = 0;

    while (length < sizeof *found) {
        duration left = until - clock_now();
        struct pollfd waiting = { .fd = fd, .events = POLLIN };
        ssize_t count =
            left > 0 && poll(&waiting, 1, (int)left) > 0 ? read(fd, (char *)found + length, sizeof *found - length) : 0;

        if (count <= 0) {
            return false;
        }
        length += (size_t)count;
    }
    return true;
}

static bool find_in_child(const char *user, struct found *found, struct error *error)
{
    int ends[2];
    pid_t pid = -1;
    bool received = false;

    if (pipe2(ends, O_CLOEXEC) == 0) {
        pid = fork();
        if (pid == 0) {
            find(user, found);
            _exit(write(ends[1], found, sizeof *found) < 0);
        }
        (void)close(ends[1]);
        received = pid > 0 && receive(ends[0], found);
        (void)close(ends[0]);
    }
    if (pid < 0) {
        return error_set(error, STATUS_RESOURCE, "app.user: cannot look it up: %s", strerror(errno));
    }
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (!received) {
        error_set(error, STATUS_CONFIG, "app.user: nobody tells within %d s who \"%s\" is", PATIENCE, shown(user));
        return error_hint(error, "give numbers, which need no look-up: uid:gid");
    }
    if (!found->known) {
        *error = found->error;
    }
    return found->known;
}

/* NULL with *error: what is wrong with the name. It is looked up once, though the configuration is checked before a
 * boot takes it. */
static const struct found *look_up(const char *user, struct error *error)
{
    static struct found found;
    static char *whose; /* NULL: nobody's */

    if (!whose || strcmp(whose, user) != 0) {
        free(whose);
        whose = find_in_child(user, &found, error) ? strdup(user) : NULL;
    }
    return whose ? &found : NULL;
}

void credentials_check(const struct config *config, struct config_verdict *verdict, struct arena *arena)
{
    struct error error;

    if (config->app.user[0] && !look_up(config->app.user, &error) && error.status == STATUS_CONFIG) {
        config_fault(verdict, "app.user", &error, arena);
    }
}

bool credentials_find(const char *user, struct credentials *credentials, struct error *error)
{
    const struct found *found;

    *credentials = (struct credentials){ 0 };
    if (user[0] == '\0') {
        return true;
    }
    found = look_up(user, error);
    if (!found) {
        return false;
    }
    *credentials = found->credentials;
    return found->number == 0 || credentials_error(credentials, found->number, error);
}

/* setresuid(2) from root to another uid does this too, but not from one plain uid to another with ambient capabilities,
 * nor with SECBIT_NO_SETUID_FIXUP (capabilities(7)). */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* Linux 4.3 */
    return syscall(SYS_capset, &header, none) < 0 ? errno : 0;
}

static bool taken(const struct credentials *credentials)
{
    uid_t uid[3];
    gid_t gid[3];

    if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (uid[i] != credentials->uid || gid[i] != credentials->gid) {
            return false;
        }
    }
    return true;
}

int credentials_take(const struct credentials *credentials)
{
    int number = 0;

    if (!credentials->change) {
        return 0;
    }
    if (setgroups((size_t)credentials->group_count, credentials->groups) < 0 ||
        setresgid(credentials->gid, credentials->gid, credentials->gid) < 0 ||
        setresuid(credentials->uid, credentials->uid, credentials->uid) < 0) {
        return errno;
    }
    if (credentials->uid != 0) {
        number = drop_capabilities();
    }
    if (number) {
        return number;
    }
    return taken(credentials) && (credentials->uid == 0 || setuid(0) < 0) ? 0 : EPERM;
}

bool credentials_error(const struct credentials *credentials, int number, struct error *error)
{
    if (number == EAGAIN) {
        return error_set(error, STATUS_RESOURCE, "app.user: uid %u may have no more processes", credentials->uid);
    }
    error_set(error, STATUS_CONFIG, "app.user: cannot become uid %u, gid %u as uid %u: %s", credentials->uid,
              credentials->gid, geteuid(), strerror(number));
    return error_hint(error, "start the container as root with the capabilities SETUID and SETGID, or as that user");
}
