#include "database/also.h"

#include "base/port.h"

#include <string.h>

struct entry {
    const char *host; /* NULL: a socket's path */
    const char *port;
    const char *path;
};

static bool parse_entry(struct entry *entry, const char *text, struct arena *arena)
{
    const char *colon = strrchr(text, ':');

    *entry = (struct entry){ 0 };
    if (strncmp(text, "unix:", 5) == 0) {
        text += 5;
    }
    if (text[0] == '/' || text[0] == '@') {
        entry->path = text;
        return true;
    }
    if (!colon || colon == text || !port_number(colon + 1, strlen(colon + 1))) {
        return false;
    }
    entry->port = colon + 1;
    entry->host = arena_strndup(arena, text, (size_t)(colon - text));
    if (text[0] == '[') {
        entry->host = arena_strndup(arena, text + 1, (size_t)(colon - text) - 1);
        char *bracket = strchr(entry->host, ']');
        bool last = bracket && bracket[1] == '\0' && bracket != entry->host;

        if (last) {
            *bracket = '\0';
        }
        return last;
    }
    return !strpbrk(entry->host, ":/[] "); /* an address of IPv6 without brackets, a URL */
}

bool also_check(const struct strings *also, struct arena *arena, struct error *error)
{
    struct entry entry;

    for (size_t i = 0; i < also->count; i++) {
        if (!parse_entry(&entry, also->items[i], arena)) {
            error_set(error, STATUS_CONFIG, "wait.also: \"%s\" is neither host:port nor the path of a socket",
                      also->items[i]);
            return error_hint(error, "write redis:6379, [::1]:6379 or /run/redis.sock");
        }
    }
    return true;
}

bool also_reachable(const struct strings *also, const struct deadline *deadline, const char **message,
                    struct arena *arena)
{
    for (size_t i = 0; i < also->count; i++) {
        struct addresses addresses = { 0 };
        struct entry entry;

        if (!parse_entry(&entry, also->items[i], arena)) {
            *message = also->items[i];
            return false;
        }
        if (entry.path) {
            addresses_of_path(&addresses, entry.path, arena);
        } else {
            addresses_of_host(&addresses, entry.host, NULL, entry.port, arena);
        }
        if (probe_addresses(&addresses, deadline) == 0) {
            probe_failure(&addresses, message, arena);
            return false;
        }
    }
    return true;
}
