#include "base/address.h"

#include "base/port.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool parse_unix(struct address *address, const char *path, struct error *error)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->storage;
    if (strlen(path) >= sizeof un->sun_path) {
        return error_set(error, STATUS_CONFIG, "socket path %s is too long: %zu bytes at most", path,
                         sizeof un->sun_path - 1);
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    address->length = sizeof *un;
    return true;
}

static bool parse_host(struct address *address, const char *host, unsigned short port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
    const char *name = *host == '\0' ? "0.0.0.0" : strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;

    if (inet_pton(AF_INET, name, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address->length = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, name, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address->length = sizeof *v6;
        return true;
    }
    return false;
}

bool address_parse(struct address *address, const char *text, struct error *error)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    *address = (struct address){ .length = 0 };

    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(address, text + 5, error);
    }
    int port = colon ? port_number(colon + 1, strlen(colon + 1)) : 0;
    const char *begin = text;
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (length >= 2 && *begin == '[' && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    if (port && length < sizeof host) {
        snprintf(host, sizeof host, "%.*s", (int)length, begin);
        if (parse_host(address, host, (unsigned short)port)) {
            return true;
        }
    }
    return error_set(error, STATUS_CONFIG, "%s is no address: write 127.0.0.1:9180, [::1]:9180 or unix:/path", text);
}

void address_for_asking(struct address *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
    if (address->storage.ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY)) {
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) {
        v6->sin6_addr = in6addr_loopback;
    }
}

static bool overlaps_v4(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    in_addr_t any = htonl(INADDR_ANY);
    in_addr_t one = a->sin_addr.s_addr, other = b->sin_addr.s_addr;
    return a->sin_port == b->sin_port && (one == other || one == any || other == any);
}

static bool overlaps_v6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    const struct in6_addr *one = &a->sin6_addr, *other = &b->sin6_addr;
    return a->sin6_port == b->sin6_port &&
           (IN6_ARE_ADDR_EQUAL(one, other) || IN6_IS_ADDR_UNSPECIFIED(one) || IN6_IS_ADDR_UNSPECIFIED(other));
}

bool address_overlaps(const struct address *a, const struct address *b)
{
    const void *one = &a->storage, *other = &b->storage;
    if (a->storage.ss_family != b->storage.ss_family) {
        return false;
    }
    if (a->storage.ss_family == AF_UNIX) {
        const struct sockaddr_un *path = one;
        return strcmp(path->sun_path, ((const struct sockaddr_un *)other)->sun_path) == 0;
    }
    return a->storage.ss_family == AF_INET ? overlaps_v4(one, other) : overlaps_v6(one, other);
}
