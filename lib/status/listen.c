#include "status/http.h"

#include "status/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

/* What an earlier container left behind; never anything but a socket. */
static void remove_stale(const struct address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    struct stat status;
    if (un->sun_family == AF_UNIX && lstat(un->sun_path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        unlink(un->sun_path);
    }
}

static int open_socket(const char *text, struct error *error)
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
    if (fd < 0 || bind(fd, (struct sockaddr *)&address.storage, address.length) < 0 || listen(fd, BACKLOG) < 0) {
        error_set(error, STATUS_CONFIG, "cannot listen on %s: %s", text, strerror(errno));
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
            fd = open_socket(addresses->items[i], &error);
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

void http_close(struct http_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        close(sockets->fds[i]);
    }
    sockets->count = 0;
}

const char *http_instance(char buffer[HTTP_INSTANCE_TEXT])
{
    char pid[32], mount[32];
    ssize_t pid_length = readlink("/proc/self/ns/pid", pid, sizeof pid - 1);
    ssize_t mount_length = readlink("/proc/self/ns/mnt", mount, sizeof mount - 1);
    if (pid_length <= 0 || mount_length <= 0) {
        buffer[0] = '\0';
        return buffer;
    }
    pid[pid_length] = mount[mount_length] = '\0';
    snprintf(buffer, HTTP_INSTANCE_TEXT, "%.31s %.31s", pid, mount);
    return buffer;
}
