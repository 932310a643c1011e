#include "database/also.h"
#include "database/query.h"
#include "database/server.h"

static bool prove(struct server *server, const struct deadline *deadline, struct database_error *why)
{
    const struct statement statement = { .sql = "SELECT 1" };

    return query_value(server->main.connection, &statement, deadline, server->order, why) != NULL;
}

static bool others_reachable(struct server *server, const struct deadline *deadline, struct database_error *why)
{
    const char *message;

    return also_reachable(&server->config->wait.also, deadline, &message, server->order) ||
           database_error_set(why, FAILURE_ALSO, NULL, message, NULL, server->order);
}

static void reply_connected(struct server *server)
{
    PGconn *connection = server->main.connection;
    const char *host = PQhost(connection);
    const char *port = PQport(connection);
    bool folder = host[0] == '/' || host[0] == '@';

    reply(server, &(struct reply_message){
                      .reply = REPLY_CONNECTED,
                      .connected = { .host = folder ? host : host_label(host, port, NULL, server->order),
                                     .server_version = server_version(connection, server->order) },
                  });
}

void order_connect(struct server *server, const struct order_message *order)
{
    struct database_error why;
    struct deadline deadline = place_deadline(server);

    bool open = place_open_within(server, &server->main, order->probe, &deadline, &why);

    if (open && order->prove && !prove(server, &deadline, &why)) {
        place_close(server, &server->main);
        open = false;
    }
    if (open && (order->alone || others_reachable(server, &deadline, &why))) {
        reply_connected(server);
    } else {
        tell_tables(server);
        reply_failed(server, &why);
    }
}
