#include "status/ask.h"

#include "base/address.h"
#include "base/text.h"
#include "config/config.h"
#include "status/http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static bool wait_for(int fd, short events, instant until)
{
    struct pollfd waiting = { .fd = fd, .events = events };
    for (;;) {
        int64_t rest = until - clock_now();
        int ready = poll(&waiting, 1, rest > 0 ? (int)rest : 0);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            errno = ready == 0 ? ETIMEDOUT : errno;
            return false;
        }
    }
}

static int connect_to(const struct address *address, instant until)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address->storage, address->length) == 0) {
        return fd;
    }
    int why = errno;
    socklen_t size = sizeof why;
    if ((why == EINPROGRESS || why == EAGAIN) && wait_for(fd, POLLOUT, until)) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size);
    }
    if (why == 0) {
        return fd;
    }
    close(fd);
    errno = why;
    return -1;
}

static bool send_request(int fd, const char *path, const char *token, instant until)
{
    char request[HTTP_HEADER_MAX];
    _Static_assert(sizeof request >= HEALTH_TOKEN_MAX + 256, "the longest token is sent whole");
    struct text text = text_over(request, sizeof request);
    text_printf(&text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", path);
    if (*token) {
        text_printf(&text, "Authorization: Bearer %s\r\n", token);
    }
    text_string(&text, "\r\n");
    size_t sent = 0;
    while (sent < text.length) {
        ssize_t did = send(fd, request + sent, text.length - sent, MSG_NOSIGNAL);
        if (did < 0 && (errno != EAGAIN || !wait_for(fd, POLLOUT, until))) {
            return false;
        }
        sent += did > 0 ? (size_t)did : 0;
    }
    return true;
}

/* Everything until the other end closes; NULL with errno. */
static char *receive(int fd, instant until)
{
    size_t length = 0, capacity = 4096;
    char *text = malloc(capacity + 1);
    while (text) {
        ssize_t got = recv(fd, text + length, capacity - length, 0);
        if (got == 0) {
            text[length] = '\0';
            return text;
        }
        if (got < 0 && (errno != EAGAIN || !wait_for(fd, POLLIN, until))) {
            break;
        }
        length += got > 0 ? (size_t)got : 0;
        if (length == capacity) {
            char *more = capacity < ANSWER_MAX ? realloc(text, capacity * 2 + 1) : NULL;
            if (!more) {
                errno = capacity < ANSWER_MAX ? ENOMEM : EFBIG;
                break;
            }
            text = more;
            capacity *= 2;
        }
    }
    free(text);
    return NULL;
}

bool answer_read(struct answer *answer, const char *text, const char *own)
{
    const char *body = strstr(text, "\r\n\r\n");
    size_t name = sizeof HTTP_INSTANCE - 1;
    *answer = (struct answer){ .status = 0 };

    if (strncmp(text, "HTTP/1.", 7) != 0 || strspn(text + 7, "01") != 1 || text[8] != ' ' ||
        strspn(text + 9, "0123456789") != 3 || !body) {
        return false;
    }
    answer->status = (int)strtol(text + 9, NULL, 10);
    for (const char *line = strstr(text, "\r\n"); line < body; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, HTTP_INSTANCE ": ", name + 2) == 0) {
            const char *value = line + 2 + name + 2;
            size_t length = strcspn(value, "\r");
            answer->ours = length == strlen(own) && strncmp(value, own, length) == 0;
        }
    }
    answer->body = strdup(body + 4);
    return answer->body != NULL;
}

/* One address. An answer of somebody else is none. */
static bool ask(const char *address, const char *path, const char *token, instant until, struct answer *answer,
                struct error *error)
{
    struct address where;
    char own[HTTP_INSTANCE_TEXT];
    *answer = (struct answer){ .status = 0 };

    if (!address_parse(&where, address, error)) {
        return false;
    }
    address_for_asking(&where);
    int fd = connect_to(&where, until);
    char *text = fd >= 0 && send_request(fd, path, token, until) ? receive(fd, until) : NULL;
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!text) {
        return error_set(error, STATUS_UNREACHABLE, "no answer from %s: %s", address, strerror(why));
    }
    bool understood = answer_read(answer, text, http_instance(own));
    free(text);
    if (understood && answer->ours) {
        return true;
    }
    free(answer->body);
    answer->body = NULL;
    return error_set(error, STATUS_UNREACHABLE,
                     understood ? "what answers on %s is not this container's supervisor"
                                : "what answers on %s does not speak HTTP",
                     address);
}

/* Anybody may hold the address: the token is for who has answered as our own, without one. */
static bool ask_with_token(const char *address, const char *path, const char *token, instant until,
                           struct answer *answer, struct error *error)
{
    struct answer live;
    if (!*token || strcmp(path, HTTP_LIVE) == 0) {
        return ask(address, path, "", until, answer, error);
    }
    if (!ask(address, HTTP_LIVE, "", until, &live, error)) {
        return false;
    }
    free(live.body);
    return ask(address, path, token, until, answer, error);
}

bool ask_own(const struct config *config, const char *path, duration timeout, struct answer *answer,
             struct error *error)
{
    for (size_t i = 0; i < config->health.listen.count; i++) {
        if (ask_with_token(config->health.listen.items[i], path, config->health.token, clock_now() + timeout, answer,
                           error)) {
            return true;
        }
    }
    return false;
}
