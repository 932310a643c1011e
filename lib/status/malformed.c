#include "status/malformed.h"

#include <ctype.h>
#include <string.h>

#define ARGUMENTS_MAX 256 /* of a query */

/* RFC 3986 section 2. A zero byte in the path would end the string that we are handed: another path would become one of
 * ours. */
bool malformed_target(const char *target)
{
    size_t path = strcspn(target, "?");
    for (size_t i = 0; target[i]; i++) {
        bool encoded = i < path && target[i] == '%';
        if (!isgraph((unsigned char)target[i]) ||
            (encoded && (!isxdigit((unsigned char)target[i + 1]) || !isxdigit((unsigned char)target[i + 2]) ||
                         strncmp(target + i, "%00", 3) == 0))) {
            return true;
        }
    }
    return false;
}

const char *request_path(const char *target)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i]);
        if (strncasecmp(target, schemes[i], length) == 0) {
            const char *path = strchr(target + length, '/');
            return path ? path : "/";
        }
    }
    return target;
}

/* RFC 9112 section 3.2: these two also have targets that are no paths. */
static bool has_own_target(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_CONNECT) == 0 || strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0;
}

/* RFC 9110 section 5.6.2 */
static const char tchar[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool is_token(const char *text)
{
    size_t length = strspn(text, tchar);
    return length && text[length] == '\0';
}

/* A zero byte would end what we are handed of a line: another target, or another token, would become ours.
 * libmicrohttpd takes a line without a name for the end of all headers. */
static bool malformed_head(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    length = end ? (size_t)(end - bytes) : length;
    return memchr(bytes, '\0', length) || memmem(bytes, length, "\n:", 2);
}

/* Each costs libmicrohttpd more memory than text, and when there is none left it closes instead of answering. */
static bool has_many_arguments(const char *bytes, size_t length)
{
    unsigned arguments = 0;
    for (size_t i = 0; i < length && bytes[i] != '\n'; i++) {
        arguments += bytes[i] == '&';
    }
    return arguments > ARGUMENTS_MAX;
}

/* RFC 9112 sections 2.2 and 3 */
enum beginning malformed_beginning(const char *bytes, size_t length)
{
    size_t begin = 0;
    for (; begin < length && (bytes[begin] == '\r' || bytes[begin] == '\n'); begin++) {
        if (bytes[begin] == '\r' && begin + 1 < length && bytes[begin + 1] != '\n') {
            return BEGINNING_BAD;
        }
    }
    size_t end = begin;
    while (end < length && memchr(tchar, bytes[end], sizeof tchar - 1)) {
        end++;
    }
    if (malformed_head(bytes + end, length - end) || has_many_arguments(bytes + end, length - end)) {
        return BEGINNING_BAD;
    }
    return end == length ? BEGINNING_SHORT : end > begin && bytes[end] == ' ' ? BEGINNING_GOOD : BEGINNING_BAD;
}

struct headers {
    unsigned hosts, lengths, codings;
    bool broken;
};

/* RFC 9110 section 5.5 */
static bool is_field_value(const char *text)
{
    while (*text && (*text == '\t' || !iscntrl((unsigned char)*text))) {
        text++;
    }
    return *text == '\0';
}

static enum MHD_Result look(void *argument, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct headers *headers = argument;
    bool coding = strcasecmp(name, "Transfer-Encoding") == 0;
    (void)kind;
    headers->hosts += strcasecmp(name, "Host") == 0;
    headers->lengths += strcasecmp(name, "Content-Length") == 0;
    headers->codings += coding;
    headers->broken |= !is_token(name) || (value && !is_field_value(value)) ||
                       (coding && (!value || strcasecmp(value, "chunked") != 0));
    return MHD_YES;
}

/* RFC 9112 sections 3.2 and 6.3: whom a request is for and where it ends must not be in doubt. */
bool malformed_request(struct MHD_Connection *connection, const char *method, const char *path, const char *version)
{
    struct headers headers = { 0 };
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &headers);
    return headers.broken || !is_token(method) || headers.hosts > 1 || headers.lengths + headers.codings > 1 ||
           (path[0] != '/' && !has_own_target(method)) ||
           (headers.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0);
}
