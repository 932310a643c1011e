#include "status/http.h"

#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static int open_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat status;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    /* what an earlier container left behind; never anything but a socket */
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        unlink(path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int open_address(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* "[::1]:80" -> "::1", "80". Numeric only: a name would ask a server, and that may hang. */
static bool split(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    const char *begin = address;
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (!colon || strlen(colon + 1) >= 8) {
        return false;
    }
    if (length >= 2 && *begin == '[' && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    if (length >= 64) {
        return false;
    }
    snprintf(host, 64, "%.*s", (int)length, begin);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

static int open_socket(const char *address, struct error *error)
{
    char host[64], port[8];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    int fd = -1;

    if (strncmp(address, "unix:", 5) == 0) {
        fd = open_unix(address + 5);
    } else if (!split(address, host, port)) {
        errno = EINVAL;
    } else {
        const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        int failed = getaddrinfo(*name ? name : NULL, port, &hints, &list);
        if (failed) {
            error_set(error, STATUS_CONFIG, "cannot listen on %s: %s", address, gai_strerror(failed));
            return -1;
        }
        fd = open_address(list);
        freeaddrinfo(list);
    }
    if (fd < 0) {
        error_set(error, STATUS_CONFIG, "cannot listen on %s: %s", address, strerror(errno));
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
