#include "database/url.h"

#include "base/percent.h"
#include "base/port.h"

#include <string.h>

/* NULL for a '%' that two hex digits do not follow, and for %00. */
static const char *decode(const char *text, size_t length, struct arena *arena)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            decoded[n++] = text[i];
            continue;
        }

        int byte = i + 2 < length ? percent_byte(text[i + 1], text[i + 2]) : -1;

        if (byte <= 0) {
            return NULL;
        }
        decoded[n++] = (char)byte;
        i += 2;
    }
    return decoded;
}

static size_t authority_length(const char *text)
{
    return strcspn(text, "/?#");
}

/* None at all is the usual one. */
static bool port_is_number(const char *text, size_t length)
{
    return length == 0 || port_number(text, length);
}

/* Where a character stands in user or password that had to be percent-encoded, or NULL. A URL is ambiguous then; what
 * tells is an '@' where none may be: a second one in front of the host, or one behind where the host seemed to end. */
static const char *unencoded(const char *text)
{
    size_t length = authority_length(text);
    const char *end = text + length;
    const char *at = memchr(text, '@', length);
    const char *later = strchr(end, '@');
    const char *colon = memchr(text, ':', length);

    if (at && memchr(at + 1, '@', length - (size_t)(at + 1 - text))) {
        return at;
    }
    if (!later || text[0] == '[') {
        return NULL;
    }
    if (*end == '#' || (*end == '?' && later < end + strcspn(end, "="))) {
        return end;
    }
    if (*end == '?') {
        return NULL;
    }
    /* user:p/w@host/db against host:5432/d@b: a port that is none, or a path with an '@' and then a '/' */
    if (!at && colon && !port_is_number(colon + 1, length - (size_t)(colon + 1 - text))) {
        return end;
    }

    size_t path = strcspn(end, "?");

    return later < end + path && memchr(later, '/', (size_t)(end + path - later)) ? end : NULL;
}

/* Always false. */
static bool refuse_unencoded(bool password, char c, struct error *error)
{
    error_set(error, STATUS_CONFIG, "the %s holds an unencoded '%c': write %%%02X for it",
              password ? "password" : "user name", c, (unsigned)(unsigned char)c);
    return error_hint(error,
                      "a password must be percent-encoded in a URL; ${NAME|url} does that to a variable's value");
}

static bool check_encoding(const char *text, struct error *error)
{
    const char *at = unencoded(text);
    const char *colon = strchr(text, ':');

    return !at || refuse_unencoded(colon && colon < at, *at, error);
}

static bool parse_user(struct url *url, const char *text, size_t length, struct arena *arena, struct error *error)
{
    const char *colon = memchr(text, ':', length);
    size_t user = colon ? (size_t)(colon - text) : length;

    url->user = decode(text, user, arena);
    if (colon) {
        url->raw_password = arena_strndup(arena, colon + 1, length - user - 1);
        url->password = decode(colon + 1, length - user - 1, arena);
    }
    return (url->user && (!colon || url->password)) || refuse_unencoded(url->user, '%', error);
}

/* One of host:port,host:port; *hosts and *ports grow by it. */
static bool parse_host(const char **hosts, const char **ports, const char *text, size_t length, bool first,
                       struct arena *arena, struct error *error)
{
    const char *end = text + length;
    const char *host = text;
    const char *host_end;

    if (length && text[0] == '[') {
        host = text + 1;
        host_end = memchr(text, ']', length);
        if (!host_end || (host_end + 1 < end && host_end[1] != ':')) {
            return error_set(error, STATUS_CONFIG, "an IPv6 address is written [address] or [address]:port");
        }
    } else {
        host_end = memchr(text, ':', length);
        host_end = host_end ? host_end : end;
    }

    const char *colon = memchr(host_end, ':', (size_t)(end - host_end));
    const char *port = colon ? colon + 1 : end;
    const char *name = decode(host, (size_t)(host_end - host), arena);

    if (!name) {
        return error_set(error, STATUS_CONFIG, "the host holds a '%%' that two hex digits do not follow");
    }
    if (*name != '/' && strpbrk(name, " \t\r\n\f\v")) { /* a socket's folder may hold them */
        return error_set(error, STATUS_CONFIG, "the host holds a blank or a line end");
    }
    if (!port_is_number(port, (size_t)(end - port))) {
        return error_set(error, STATUS_CONFIG, "the port is not a number between 1 and %d", PORT_MAX);
    }
    *hosts = first ? name : arena_printf(arena, "%s,%s", *hosts, name);
    *ports = arena_printf(arena, "%s%s%.*s", first ? "" : *ports, first ? "" : ",", (int)(end - port), port);
    return true;
}

/* Nothing but commas: nothing was given. */
static const char *unless_empty(const char *list)
{
    return list[strspn(list, ",")] ? list : NULL;
}

static bool parse_hosts(struct url *url, const char *text, size_t length, struct arena *arena, struct error *error)
{
    const char *hosts = "";
    const char *ports = "";

    for (size_t start = 0; start <= length;) {
        const char *comma = memchr(text + start, ',', length - start);
        size_t end = comma ? (size_t)(comma - text) : length;

        if (!parse_host(&hosts, &ports, text + start, end - start, start == 0, arena, error)) {
            return false;
        }
        start = end + 1;
    }
    url->hosts = unless_empty(hosts);
    url->ports = unless_empty(ports);
    return true;
}

static bool parse_parameters(struct url *url, const char *text, struct arena *arena, struct error *error)
{
    size_t most = 1;

    for (const char *c = text; *c; c++) {
        most += *c == '&';
    }
    url->parameters = arena_array(arena, most, sizeof *url->parameters);
    while (*text) {
        size_t length = strcspn(text, "&");
        const char *equal = memchr(text, '=', length);
        size_t name = equal ? (size_t)(equal - text) : length;
        struct url_parameter *parameter = &url->parameters[url->parameter_count];

        parameter->name = decode(text, name, arena);
        parameter->value = equal ? decode(equal + 1, length - name - 1, arena) : NULL;
        if (!parameter->name || (equal && !parameter->value)) {
            return error_set(error, STATUS_CONFIG,
                             "the value of a parameter holds a '%%' that two hex digits do not follow");
        }
        url->parameter_count += *parameter->name != '\0';
        text += length + (text[length] == '&');
    }
    return true;
}

bool url_parse(struct url *url, const char *text, struct arena *arena, struct error *error)
{
    *url = (struct url){ 0 };
    if (!check_encoding(text, error)) {
        return false;
    }

    size_t length = authority_length(text);
    const char *at = memchr(text, '@', length);
    size_t host = at ? (size_t)(at + 1 - text) : 0;
    const char *rest = text + length;

    if (at && !parse_user(url, text, (size_t)(at - text), arena, error)) {
        return false;
    }
    if (!parse_hosts(url, text + host, length - host, arena, error)) {
        return false;
    }
    if (*rest == '/') {
        size_t path = strcspn(rest + 1, "?");

        url->database = decode(rest + 1, path, arena);
        if (!url->database) {
            return error_set(error, STATUS_CONFIG,
                             "the database's name holds a '%%' that two hex digits do not follow");
        }
        url->database = path ? url->database : NULL;
        rest += 1 + path;
    }
    return *rest != '?' || parse_parameters(url, rest + 1, arena, error);
}
