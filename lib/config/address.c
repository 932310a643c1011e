#include "base/address.h"
#include "base/port.h"
#include "config/reading.h"

#include <string.h>
#include <sys/un.h>

static const char *path_problem(const char *path)
{
    if (path[0] != '/') {
        return "a socket's path begins with /";
    }
    return strlen(path) < sizeof((struct sockaddr_un *)0)->sun_path ? NULL
                                                                    : "a socket's path is at most 107 bytes long";
}

static const char *port_problem(const char *port)
{
    return port_number(port, strlen(port)) ? NULL : "a port is a number from 1 to 65535";
}

/* An address in brackets holds colons; a host without them must not. */
static const char *host_problem(const char *host, size_t length, bool connect)
{
    if (length == 0) {
        return connect ? "the host is missing" : NULL;
    }
    if (host[0] == '[') {
        return length > 2 && host[length - 1] == ']' && strspn(host + 1, "0123456789abcdefABCDEF:.%") >= length - 2
                   ? NULL
                   : "what is in brackets is an IPv6 address";
    }
    if (memchr(host, ':', length)) {
        return "an IPv6 address is written in brackets: [::1]:9180";
    }
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t/@?#[]", host[i])) {
            return "a host is a name or an address";
        }
    }
    return NULL;
}

/* A name may lead to a server that hangs, so that only numbers are listened on. */
static const char *listen_problem(const char *text)
{
    struct address address;
    struct error error;

    return address_parse(&address, text, &error) ? NULL : "listen on a number like 127.0.0.1 or [::1], or on localhost";
}

const char *address_problem(const char *address, bool connect)
{
    const char *colon = strrchr(address, ':');

    if (strncmp(address, "unix:", 5) == 0) {
        return path_problem(address + 5);
    }
    if (connect && address[0] == '/') {
        return path_problem(address);
    }
    if (strstr(address, "://")) {
        return "write host:port, without the scheme";
    }
    if (!colon) {
        return "the port is missing";
    }

    const char *problem = host_problem(address, (size_t)(colon - address), connect);

    problem = problem ? problem : port_problem(colon + 1);
    return problem || connect ? problem : listen_problem(address);
}

const char *address_taken(const char *text, const struct strings *by)
{
    struct address address, other;
    struct error error;

    for (size_t i = 0; address_parse(&address, text, &error) && i < by->count; i++) {
        if (address_parse(&other, by->items[i], &error) && address_overlaps(&address, &other)) {
            return by->items[i];
        }
    }
    return NULL;
}
