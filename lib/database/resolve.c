#include "database/resolve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD_MAX ((size_t)64 << 10) /* bytes that the child may tell: 64 addresses and one reason */

void resolve_briskly(void)
{
    setenv("RES_OPTIONS", "timeout:1 attempts:3", 0);
}

/* The child: a line for each address, "HOST ADDRESS", and one for a host without, "HOST !WHY". */
static void look_up(const struct destination *destination, int out, struct arena *arena)
{
    FILE *stream = fdopen(out, "w");

    resolve_briskly();
    for (size_t i = 0; stream && i < destination->host_count; i++) {
        struct server_addresses found = { 0 };

        addresses_of_host(&found, destination->hosts[i], destination->numeric[i], destination->ports[i], arena);
        for (size_t k = 0; k < found.count; k++) {
            fprintf(stream, "%zu %s\n", i, found.items[k].numeric ? found.items[k].numeric : "");
        }
        if (found.unresolved) {
            fprintf(stream, "%zu !%s\n", i, found.why);
        }
        fflush(stream);
    }
    _exit(0);
}

/* All that the child says until it is done or the time is over; false if it was not done. */
static bool listen_to(int in, char *told, const struct deadline *deadline)
{
    size_t length = 0;

    for (;;) {
        ssize_t got;

        if (!wait_descriptor(in, POLLIN, deadline)) {
            return false;
        }
        got = read(in, told + length, TOLD_MAX - 1 - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        length += (size_t)got;
        told[length] = '\0';
    }
}

static bool ask_child(const struct destination *destination, char *told, const struct deadline *deadline,
                      struct arena *arena)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return false;
    }

    pid_t child = _Fork(); /* for the reason that process/spawn.c gives */

    if (child == 0) {
        close(ends[0]);
        look_up(destination, ends[1], arena);
    }
    close(ends[1]);

    bool done = child > 0 && listen_to(ends[0], told, deadline);

    close(ends[0]);
    if (child > 0) {
        (void)kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return done;
}

/* One line of the child's: another host of the new destination, or a reason. */
static void take_line(struct destination *destination, struct server_addresses *addresses,
                      const struct destination *old, const char *line, struct arena *arena)
{
    char *rest;
    size_t host = strtoul(line, &rest, 10);
    const char *numeric = *rest == ' ' ? rest + 1 : "";

    if (host >= old->host_count) {
        return;
    }
    if (*numeric == '!') {
        addresses_unresolved(addresses, old->hosts[host], numeric + 1, arena);
        return;
    }

    size_t i = destination->host_count++;

    destination->hosts[i] = old->hosts[host];
    destination->ports[i] = old->ports[host];
    destination->numeric[i] = *numeric ? numeric : NULL;
    addresses_of_host(addresses, destination->hosts[i], destination->numeric[i], destination->ports[i], arena);
}

void resolve_destination(struct destination *destination, struct server_addresses *addresses,
                         const struct deadline *deadline, struct arena *arena)
{
    const struct destination old = *destination;
    char *told = arena_alloc(arena, TOLD_MAX);
    bool done = ask_child(&old, told, deadline, arena);
    size_t most = 1;

    for (const char *c = told; *c; c++) {
        most += *c == '\n';
    }
    destination->hosts = arena_array(arena, most, sizeof *destination->hosts);
    destination->numeric = arena_array(arena, most, sizeof *destination->numeric);
    destination->ports = arena_array(arena, most, sizeof *destination->ports);
    destination->host_count = 0;
    *addresses = (struct server_addresses){ 0 };
    while (*told) {
        size_t length = strcspn(told, "\n");

        take_line(destination, addresses, &old, arena_strndup(arena, told, length), arena);
        told += length + (told[length] == '\n');
    }
    if (!done && addresses->count == 0) {
        addresses_unresolved(addresses, old.hosts[0], "the name server gives no answer in time", arena);
    }
    if (destination->host_count == 0) { /* nothing to connect to; its names are still told */
        *destination = old;
    }
}
