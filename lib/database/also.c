#include "database/also.h"

#include "database/resolve.h"

#include <string.h>

struct entry {
    const char *host; /* NULL: a socket's path */
    const char *port;
    const char *path;
};

/* What is neither was refused when the configuration was read. */
static struct entry parse_entry(const char *text, struct arena *arena)
{
    const char *colon = strrchr(text, ':');

    if (strncmp(text, "unix:", 5) == 0) {
        text += 5;
    }
    if (text[0] == '/' || !colon) {
        return (struct entry){ .path = text };
    }

    bool bracketed = text[0] == '[' && colon[-1] == ']';
    const char *host = bracketed ? text + 1 : text, *end = bracketed ? colon - 1 : colon;

    return (struct entry){ .host = arena_strndup(arena, host, (size_t)(end - host)), .port = colon + 1 };
}

bool also_reachable(const struct strings *also, const struct deadline *deadline, const char **message,
                    struct arena *arena)
{
    for (size_t i = 0; i < also->count; i++) {
        const struct entry entry = parse_entry(also->items[i], arena);
        struct server_addresses addresses = { 0 };

        if (entry.path) {
            addresses_of_path(&addresses, entry.path, arena);
        } else {
            resolve_host(&addresses, entry.host, NULL, entry.port, deadline, arena);
        }
        if (probe_addresses(&addresses, deadline) == 0) {
            probe_failure(&addresses, message, arena);
            return false;
        }
    }
    return true;
}
