#include "database/server.h"

#include <poll.h>

void place_close(struct server *server, struct place *place)
{
    PQfinish(place->connection);
    place->connection = NULL;
    if (place == server->lock) {
        server->ready = false;
        server->asked_blocked = false;
        if (server->held) {
            server->held = false;
            reply_with(server, REPLY_LOCK_LOST);
        }
    }
}

/* Reads what came of itself: notices, the end. */
bool place_is_alive(const struct place *place)
{
    PGconn *connection = place->connection;

    while (PQstatus(connection) == CONNECTION_OK) {
        struct pollfd fd = { .fd = PQsocket(connection), .events = POLLIN };

        if (poll(&fd, 1, 0) <= 0) {
            return true;
        }
        if (!PQconsumeInput(connection)) {
            return false;
        }
        PQisBusy(connection); /* takes in what was read */
    }
    return false;
}

bool place_open_within(struct server *server, struct place *place, bool probe, const struct deadline *deadline,
                       struct database_error *why)
{
    if (place->connection && place_is_alive(place)) {
        return true;
    }
    place_close(server, place);
    place->connection = destination_open(&place->destination, probe, deadline, server->order, why);
    if (place->connection == NULL && place == &server->direct) {
        why->direct = true;
        why->let_in = server->main.connection && place_is_alive(&server->main);
    }
    return place->connection != NULL;
}

struct deadline place_deadline(const struct server *server)
{
    return deadline_in(server->config->wait.connect_timeout, server->fd);
}

bool place_open(struct server *server, struct place *place, struct database_error *why)
{
    struct deadline deadline = place_deadline(server);

    return place_open_within(server, place, false, &deadline, why);
}

bool place_open_until(struct server *server, struct place *place, const struct deadline *latest,
                      struct database_error *why)
{
    struct deadline deadline = deadline_within(latest, server->config->wait.connect_timeout);

    return place_open_within(server, place, false, &deadline, why);
}

bool places_agree(struct server *server, const struct deadline *latest, struct database_error *why)
{
    struct deadline deadline;

    if (!place_open_until(server, server->lock, latest, why) ||
        (!server->same && !place_open_until(server, &server->main, latest, why))) {
        return false;
    }
    if (server->same || server->lock == &server->main) {
        return true;
    }
    deadline = deadline_within(latest, DATABASE_ANSWER);
    switch (lock_same_database(server->main.connection, server->lock->connection, &deadline, server->order, why)) {
    case SAME_YES:
        server->same = true;
        break;
    case SAME_UNKNOWN:
        place_close(server, &server->main);
        place_close(server, server->lock);
        break;
    case SAME_NO:
        break;
    }
    return server->same;
}

/* ---- what the URLs say ---- */

bool places_find(struct server *server, struct database_error *why)
{
    struct error error = { 0 };
    const struct config *config = server->config;
    bool shared = destination_is_shared(config);

    if (server->found) {
        return true;
    }
    if (!destination_find(&server->main.destination, config, false, server->arena, &error) ||
        (!shared && !destination_find(&server->direct.destination, config, true, server->arena, &error))) {
        return database_error_set(why, FAILURE_CONFIG, NULL, error.message,
                                  error.hint[0] ? arena_strdup(server->order, error.hint) : NULL, server->order);
    }
    if (shared) { /* its session may hold the lock, and is to be recognised */
        conninfo_set(&server->main.destination.info, "application_name", APPLICATION, server->arena);
    }
    server->lock = shared ? &server->main : &server->direct;
    server->found = true;
    return true;
}

static void check_url(const struct config *config, bool direct, struct strings *dropped, struct config_verdict *verdict,
                      struct arena *arena)
{
    struct destination destination;
    struct error error = { 0 };

    if (!destination_find(&destination, config, direct, arena, &error)) {
        config_fault(verdict, destination.key, &error, arena);
        return;
    }
    strings_add_all(arena, dropped, &destination.info.notes);
    if (destination.unused_passfile) {
        strings_add(arena, &verdict->warnings,
                    arena_printf(arena,
                                 "the password file %s is not used: it has to be a file that only its owner may "
                                 "read (chmod 600)",
                                 destination.unused_passfile));
    }
}

void database_check_urls(const struct config *config, struct config_verdict *verdict, struct arena *arena)
{
    struct strings dropped = { 0 };

    check_url(config, false, &dropped, verdict, arena);
    if (!destination_is_shared(config)) {
        check_url(config, true, &dropped, verdict, arena);
    }
    strings_unique(arena, &verdict->warnings);
    strings_unique(arena, &dropped);
    if (dropped.count) {
        strings_add(arena, &verdict->warnings,
                    arena_printf(arena, "parameters in the database URL that libpq does not know are dropped: %s",
                                 strings_listed(arena, &dropped)));
    }
}
