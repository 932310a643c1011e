#include "database/resolve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD_MAX ((size_t)64 << 10) /* bytes that the child may tell: 64 addresses and one reason */

void resolve_briskly(void)
{
    setenv("RES_OPTIONS", "timeout:1 attempts:3", 0);
}

/* The child: a line for each address, "ADDRESS", or "!WHY". */
static void look_up(const char *host, const char *port, int family, int out, struct arena *arena)
{
    FILE *stream = fdopen(out, "w");
    struct server_addresses found = { .family = family };

    resolve_briskly();
    addresses_of_host(&found, host, NULL, port, arena);
    for (size_t i = 0; stream && i < found.count; i++) {
        fprintf(stream, "%s\n", found.items[i].numeric);
    }
    if (stream && found.unresolved) {
        fprintf(stream, "!%s\n", found.why);
    }
    if (stream) {
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

/* The child's pid, *in is what it tells; -1: the system refuses one. */
static pid_t start_child(const char *host, const char *port, int family, int *in, struct arena *arena)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return -1;
    }

    pid_t parent = getpid();
    pid_t child = _Fork(); /* for the reason that process/spawn.c gives */

    if (child == 0) {
        /* It holds what we hold, sockets whose end others wait for, and goes when we are killed. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        close(ends[0]);
        look_up(host, port, family, ends[1], arena);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
    }
    *in = ends[0];
    return child;
}

static void end_child(pid_t child, int in)
{
    close(in);
    (void)kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Adds the addresses that the child told of; false if there is none, *why is the reason that it told. */
static bool take_told(struct server_addresses *addresses, const char *host, const char *port, const char *told,
                      const char **why, struct arena *arena)
{
    size_t before = addresses->count;

    while (*told) {
        size_t length = strcspn(told, "\n");
        const char *line = arena_strndup(arena, told, length);

        if (*line == '!') {
            *why = line + 1;
        } else {
            addresses_of_host(addresses, host, line, port, arena);
        }
        told += length + (told[length] == '\n');
    }
    return addresses->count > before;
}

/* Where one of the two questions, for IPv4 and for IPv6, has no answer or a bad one, musl knows no address at all, and
 * says so after 5 s: then IPv4 is asked for alone. */
static void resolve_name(struct server_addresses *addresses, const char *host, const char *port,
                         const struct deadline *deadline, struct arena *arena)
{
    static const int families[] = { AF_UNSPEC, AF_INET };
    const size_t count = sizeof families / sizeof *families;
    const char *why = NULL;

    for (size_t i = 0; i < count; i++) {
        struct deadline share = deadline_share(deadline, count - i);
        char *told = arena_alloc(arena, TOLD_MAX);
        int in;
        pid_t child = start_child(host, port, families[i], &in, arena);

        if (child < 0) { /* without one it takes the time it takes, and whoever waits for us has a deadline */
            addresses_of_host(addresses, host, NULL, port, arena);
            return;
        }
        why = listen_to(in, told, &share) ? why : "the name server gives no answer in time";
        end_child(child, in);
        if (take_told(addresses, host, port, told, &why, arena)) {
            return;
        }
    }
    addresses_unresolved(addresses, host, why ? why : "the look-up failed", arena);
}

void resolve_host(struct server_addresses *addresses, const char *host, const char *numeric, const char *port,
                  const struct deadline *deadline, struct arena *arena)
{
    if (!numeric && host_is_name(host)) {
        resolve_name(addresses, host, port, deadline, arena);
    } else {
        addresses_of_host(addresses, host, numeric, port, arena);
    }
}

void resolve_destination(const struct destination *destination, struct server_addresses *addresses,
                         const struct deadline *deadline, struct arena *arena)
{
    *addresses = (struct server_addresses){ 0 };
    for (size_t i = 0; i < destination->host_count; i++) {
        struct deadline share = deadline_share(deadline, destination->host_count - i);

        resolve_host(addresses, destination->hosts[i], destination->numeric[i], destination->ports[i], &share, arena);
    }
}

void resolve_keep(struct destination *destination, const struct server_addresses *addresses, struct arena *arena)
{
    if (addresses->count == 0) { /* nothing to connect to; its names are still told */
        return;
    }
    destination->host_count = addresses->count;
    destination->hosts = arena_array(arena, addresses->count, sizeof *destination->hosts);
    destination->numeric = arena_array(arena, addresses->count, sizeof *destination->numeric);
    destination->ports = arena_array(arena, addresses->count, sizeof *destination->ports);
    for (size_t i = 0; i < addresses->count; i++) {
        destination->hosts[i] = addresses->items[i].host;
        destination->numeric[i] = addresses->items[i].numeric;
        destination->ports[i] = addresses->items[i].port;
    }
}
