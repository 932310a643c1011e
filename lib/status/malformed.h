/* What is wrong with a request and libmicrohttpd lets pass, or answers twice. */
#ifndef STATUS_MALFORMED_H
#define STATUS_MALFORMED_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* The first bytes of a connection: a method and a blank, perhaps after empty lines, a target of not too many arguments,
 * and headers as far as they came. */
enum beginning { BEGINNING_GOOD, BEGINNING_BAD, BEGINNING_SHORT /* more is to come */ };
enum beginning malformed_beginning(const char *bytes, size_t length);

/* As it came, not decoded yet. */
bool malformed_target(const char *target);
/* Once its headers are there; `path` as request_path() finds it. */
bool malformed_request(struct MHD_Connection *connection, const char *method, const char *path, const char *version);

/* The path of a decoded target, which a client may also send in absolute form (RFC 9112 section 3.2.2). */
const char *request_path(const char *target);

#endif
