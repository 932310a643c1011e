/* Addresses to listen on: host:port, [v6]:port, :port, unix:/path. Numeric only: a name would ask a server, and that
 * may hang. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/* False with *error (78). ":port" is every address of IPv4; "localhost" is 127.0.0.1. */
bool address_parse(struct address *address, const char *text, struct error *error);

/* An unspecified address (0.0.0.0, ::) becomes the loopback one of its family. */
void address_for_asking(struct address *address);

/* Whether nobody can listen on both: the same path, or port and host, where an unspecified host is every one of its
 * family. */
bool address_overlaps(const struct address *a, const struct address *b);

#endif
