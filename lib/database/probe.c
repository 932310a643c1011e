#include "database/probe.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES_MAX 64             /* more is no cluster but a mistake, and each costs a descriptor */
#define SOCKET_FORM "%s/.s.PGSQL.%s" /* in a folder, of a port (libpq manual, "host") */
#define NAMED_MAX 4                  /* addresses named in a message */

/* ---- addresses ---- */

static void add_address(struct server_addresses *addresses, const struct server_address *address, const void *bytes,
                        struct arena *arena)
{
    if (addresses->count == ADDRESSES_MAX) {
        return;
    }
    if (!addresses->items) {
        addresses->items = arena_array(arena, ADDRESSES_MAX, sizeof *addresses->items);
    }
    addresses->items[addresses->count] = *address;
    memcpy(&addresses->items[addresses->count++].bytes, bytes, address->length);
}

void addresses_unresolved(struct server_addresses *addresses, const char *host, const char *why, struct arena *arena)
{
    if (!addresses->unresolved) {
        addresses->unresolved = arena_strdup(arena, host);
        addresses->why = arena_strdup(arena, why);
    }
}

static void add_socket(struct server_addresses *addresses, const char *host, const char *path, const char *port,
                       struct arena *arena)
{
    struct sockaddr_un socket_address = { .sun_family = AF_UNIX };
    size_t length = strlen(path);

    if (length >= sizeof socket_address.sun_path) {
        addresses_unresolved(addresses, host, "the path is too long for a socket", arena);
        return;
    }
    memcpy(socket_address.sun_path, path, length);
    if (path[0] == '@') { /* the abstract name space, as libpq writes it */
        socket_address.sun_path[0] = '\0';
    }

    size_t used = offsetof(struct sockaddr_un, sun_path) + length + (path[0] != '@');

    add_address(addresses, &(struct server_address){ .host = host, .port = port, .length = (socklen_t)used },
                &socket_address, arena);
}

void addresses_of_path(struct server_addresses *addresses, const char *path, struct arena *arena)
{
    add_socket(addresses, path, path, NULL, arena);
}

/* A folder, or a name in the abstract space, instead of a host. */
static bool is_socket(const char *host)
{
    return host[0] == '/' || host[0] == '@';
}

bool host_is_name(const char *host)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;
    bool is_name = !is_socket(host) && getaddrinfo(host, NULL, &hints, &found) != 0;

    if (found) {
        freeaddrinfo(found);
    }
    return is_name;
}

void addresses_of_host(struct server_addresses *addresses, const char *host, const char *numeric, const char *port,
                       struct arena *arena)
{
    if (!numeric && is_socket(host)) {
        add_socket(addresses, host, arena_printf(arena, SOCKET_FORM, host, port), port, arena);
        return;
    }

    struct addrinfo hints = { .ai_family = addresses->family,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = numeric ? AI_NUMERICHOST : 0 };
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(numeric ? numeric : host, port, &hints, &found);

    if (failed) {
        addresses_unresolved(addresses, numeric ? numeric : host,
                             failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed), arena);
        return;
    }
    for (struct addrinfo *one = found; one; one = one->ai_next) {
        char text[NI_MAXHOST];
        struct server_address address = { .host = host, .port = port, .length = one->ai_addrlen };

        if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0) {
            address.numeric = arena_strdup(arena, text);
        }
        add_address(addresses, &address, one->ai_addr, arena);
    }
    freeaddrinfo(found);
}

const char *host_label(const char *host, const char *port, const char *numeric, struct arena *arena)
{
    bool known = numeric && *numeric;

    if (!known && is_socket(host)) {
        return arena_printf(arena, SOCKET_FORM, host, port);
    }

    const char *label = arena_printf(arena, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);

    return known && strcmp(host, numeric) != 0 ? arena_printf(arena, "%s (%s)", label, numeric) : label;
}

const char *address_label(const struct server_address *address, struct arena *arena)
{
    return address->port ? host_label(address->host, address->port, address->numeric, arena) : address->host;
}

/* ---- probing ---- */

/* Starts one connection; -1 once its outcome is known. */
static int start(struct server_address *address)
{
    int fd = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        address->error = errno;
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&address->bytes, address->length) == 0) {
        address->error = 0;
    } else if (errno == EINPROGRESS) {
        address->error = ETIMEDOUT; /* until we know better */
        return fd;
    } else {
        address->error = errno;
    }
    close(fd);
    return -1;
}

static void finish(struct server_address *address, int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        error = errno;
    }
    address->error = error;
    close(fd);
}

size_t probe_addresses(struct server_addresses *addresses, const struct deadline *deadline)
{
    struct pollfd fds[ADDRESSES_MAX + 1];
    size_t open = 0;
    size_t answered = 0;
    struct deadline limit = deadline_within(deadline, PROBE_LIMIT);

    for (size_t i = 0; i < addresses->count; i++) {
        fds[i] = (struct pollfd){ .fd = start(&addresses->items[i]), .events = POLLOUT };
        open += fds[i].fd >= 0;
        answered += addresses->items[i].error == 0;
    }
    fds[addresses->count] = (struct pollfd){ .fd = deadline->given_up };
    if (answered) {
        limit = deadline_within(&limit, PROBE_GRACE);
    }
    while (open && !deadline_passed(&limit) && fds[addresses->count].revents == 0) {
        if (poll(fds, addresses->count + 1, deadline_left(&limit)) < 0 && errno != EINTR) {
            break;
        }
        for (size_t i = 0; i < addresses->count; i++) {
            if (fds[i].fd < 0 || !fds[i].revents) {
                continue;
            }
            finish(&addresses->items[i], fds[i].fd);
            fds[i].fd = -1;
            open--;
            if (addresses->items[i].error == 0 && answered++ == 0) {
                limit = deadline_within(&limit, PROBE_GRACE);
            }
        }
    }
    for (size_t i = 0; i < addresses->count; i++) {
        if (fds[i].fd >= 0) {
            close(fds[i].fd);
        }
    }
    return answered;
}

/* ---- what it means ---- */

/* By errno (connect(2), socket(7), unix(7)); what is not here means that packets do not arrive. */
static enum failure errno_failure(int error)
{
    if (error_is_want(error)) {
        return FAILURE_NOT_READY;
    }
    switch (error) {
    case ECONNREFUSED:
    case ENOENT: /* no such socket (yet) */
    case ENOTDIR:
    case ECONNRESET:
    case EAGAIN: /* the socket's queue is full */
        return FAILURE_NOT_LISTENING;
    case EACCES:
    case EPERM:
        return FAILURE_REFUSED;
    default:
        return FAILURE_NO_ANSWER;
    }
}

enum failure probe_failure(const struct server_addresses *addresses, const char **message, struct arena *arena)
{
    enum failure failure = FAILURES;
    const char *text = "";

    for (size_t i = 0; i < addresses->count; i++) {
        const struct server_address *address = &addresses->items[i];
        enum failure this = errno_failure(address->error);

        failure = this < failure ? this : failure; /* the table's order: the more hopeful comes first */
        if (i < NAMED_MAX) {
            text = arena_printf(arena, "%s%s%s: %s", text, i ? "; " : "", address_label(address, arena),
                                address->error == ETIMEDOUT ? "no answer" : strerror(address->error));
        }
    }
    if (addresses->unresolved) {
        failure = failure == FAILURES ? FAILURE_NAME : failure;
        text = arena_printf(arena, "%s%s%s: %s", text, *text ? "; " : "", addresses->unresolved, addresses->why);
    }
    *message = text;
    return failure == FAILURES ? FAILURE_NAME : failure;
}

static bool is_here(const struct server_address *address)
{
    const struct sockaddr_in *v4 = (const void *)&address->bytes;
    const struct sockaddr_in6 *v6 = (const void *)&address->bytes;

    return address->bytes.ss_family == AF_INET    ? ntohl(v4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET
           : address->bytes.ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)
                                                  : false;
}

static bool is_path(const struct server_address *address)
{
    return address->bytes.ss_family == AF_UNIX;
}

static bool is_ipv6(const struct server_address *address)
{
    return address->bytes.ss_family == AF_INET6;
}

/* kind NULL: whichever. */
static bool all_are(const struct server_addresses *addresses, bool (*kind)(const struct server_address *address))
{
    size_t i = 0;

    while (i < addresses->count && (!kind || kind(&addresses->items[i]))) {
        i++;
    }
    return i == addresses->count;
}

const char *probe_hint(const struct server_addresses *addresses, enum failure failure)
{
    /* The first row that fits all addresses. */
    static const struct {
        enum failure failure;
        bool (*kind)(const struct server_address *address);
        const char *hint;
    } hints[] = {
        { FAILURE_NAME, NULL, "in a container the host is the service's or container's name in a network of both" },
        { FAILURE_NOT_LISTENING, is_here,
          "in a container localhost is the container itself: the host is the name of the database's container" },
        { FAILURE_NOT_LISTENING, is_path,
          "no server has its socket there: a URL without a host leads to one, and another container's is there only if "
          "its folder is mounted" },
        { FAILURE_NOT_LISTENING, NULL,
          "is PostgreSQL running there, and is it the port inside its container, not a published one?" },
        { FAILURE_NO_ANSWER, is_ipv6, "use a host name with an IPv4 address, or give the container IPv6" },
        { FAILURE_NO_ANSWER, NULL, "a firewall, a security group or a wrong network" },
    };

    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (hints[i].failure == failure && all_are(addresses, hints[i].kind)) {
            return hints[i].hint;
        }
    }
    return NULL;
}
