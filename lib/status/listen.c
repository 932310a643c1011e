#include "status/http.h"

#include "base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

/* What an earlier container left behind: a socket on which nobody listens. Never anything else. */
static void remove_stale(const struct address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    struct stat status;
    if (un->sun_family != AF_UNIX || lstat(un->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address->storage, address->length) < 0 &&
        errno == ECONNREFUSED) {
        unlink(un->sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* [::]:80 serves IPv4 as well, as in most servers, unless an address of IPv4 with that port is in the list too. */
static bool shares_port(const struct address *six, const struct strings *addresses)
{
    struct address other;
    struct error error;
    in_port_t port = ((const struct sockaddr_in6 *)&six->storage)->sin6_port;
    for (size_t i = 0; i < addresses->count; i++) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&other.storage;
        if (address_parse(&other, addresses->items[i], &error) && four->sin_family == AF_INET &&
            four->sin_port == port) {
            return true;
        }
    }
    return false;
}

static int open_socket(const char *text, const struct strings *addresses, struct error *error)
{
    struct address address;
    int on = 1;
    if (!address_parse(&address, text, error)) {
        return -1;
    }
    remove_stale(&address);
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (fd >= 0 && address.storage.ss_family == AF_INET6) {
        int only = shares_port(&address, addresses);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address.storage, address.length) < 0 || listen(fd, BACKLOG) < 0) {
        error_set(error, error_is_want(errno) ? STATUS_RESOURCE : STATUS_CONFIG, "cannot listen on %s: %s", text,
                  strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

size_t http_listen(struct http_sockets *sockets, const struct strings *addresses, bool placeholder,
                   void (*failed)(void *argument, const struct error *error), void *argument)
{
    size_t failures = 0;
    for (size_t i = 0; i < addresses->count; i++) {
        struct error error = { 0 };
        int fd = -1;
        if (sockets->count == HTTP_LISTEN_MAX) {
            error_set(&error, STATUS_CONFIG, "more than %d addresses to listen on", HTTP_LISTEN_MAX);
        } else {
            fd = open_socket(addresses->items[i], addresses, &error);
        }
        if (fd < 0) {
            failures++;
            failed(argument, &error);
            continue;
        }
        sockets->fds[sockets->count] = fd;
        sockets->placeholder[sockets->count++] = placeholder;
    }
    return failures;
}

/* The path of a socket in the file system goes with it. */
static void close_listener(int fd)
{
    struct sockaddr_un un = { .sun_family = AF_UNSPEC };
    socklen_t length = sizeof un;
    if (getsockname(fd, (struct sockaddr *)&un, &length) == 0 && un.sun_family == AF_UNIX && un.sun_path[0]) {
        unlink(un.sun_path);
    }
    close(fd);
}

void http_close(struct http_sockets *sockets, bool placeholders_only)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        if (!placeholders_only || sockets->placeholder[i]) {
            close_listener(sockets->fds[i]);
        } else {
            sockets->placeholder[kept] = false;
            sockets->fds[kept++] = sockets->fds[i];
        }
    }
    sockets->count = kept;
}

const char *http_instance(char buffer[HTTP_INSTANCE_TEXT])
{
    char pid[32], mount[32];
    ssize_t pid_length = readlink("/proc/self/ns/pid", pid, sizeof pid - 1);
    ssize_t mount_length = readlink("/proc/self/ns/mnt", mount, sizeof mount - 1);
    if (pid_length <= 0 || mount_length <= 0) {
        snprintf(buffer, HTTP_INSTANCE_TEXT, "unknown"); /* an empty header would not be sent */
        return buffer;
    }
    pid[pid_length] = mount[mount_length] = '\0';
    snprintf(buffer, HTTP_INSTANCE_TEXT, "%.31s %.31s", pid, mount);
    return buffer;
}
