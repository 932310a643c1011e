#include "database/check.h"
#include "database/server.h"

#define REPLY_TIME ((duration)500) /* for an answer on its way to whoever waits for it; of less time a fifth */

/* Finds out what is wanted, or takes it as it was found out earlier. */
static bool know_wanted(struct server *server, bool fresh, struct database_error *why)
{
    const struct database_settings *settings = server->settings;

    if (server->wanted_arena && !fresh) {
        return true;
    }
    arena_free(server->wanted_arena);
    server->wanted_arena = arena_new();
    server->wanted_told = settings->wanted && !fresh;
    if (!server->wanted_told) {
        settings->source(&server->wanted, server->config, server->wanted_arena);
        return true;
    }

    struct frame_reader reader = { .data = settings->wanted, .length = settings->wanted_length };

    if (wanted_decode(&server->wanted, &reader, server->wanted_arena)) {
        return true;
    }
    arena_free(server->wanted_arena);
    server->wanted_arena = NULL;
    return database_error_set(why, FAILURE_CONFIG, NULL, "what is wanted of the schema came broken", NULL,
                              server->order);
}

/* Once, and before what came of the look, which speaks of it. */
static void tell_wanted(void *context)
{
    struct server *server = context;
    struct frame_writer writer = { 0 };

    if (server->wanted_told) {
        return;
    }
    server->wanted_told = true;
    for (size_t i = 0; i < server->wanted.notes.count; i++) {
        reply_note(server, server->wanted.notes.items[i]);
    }
    wanted_encode(&server->wanted, &writer);
    if (!writer.failed) {
        reply(server,
              &(struct reply_message){ .reply = REPLY_WANTED, .wanted = writer.data, .wanted_length = writer.length });
    }
    frame_writer_free(&writer);
}

void tell_tables(struct server *server)
{
    struct reply_message message = { .reply = REPLY_TABLES };
    struct database_error why;

    if (server->tables_told || !know_wanted(server, false, &why)) {
        return;
    }
    server->tables_told = true;
    wanted_tables(&server->wanted, &message.check, server->order);
    reply(server, &message);
}

/* Where the role of `url` may not read the ledger, that of direct_url may. */
static bool read_ledger_directly(struct server *server, const struct deadline *answer, struct check *check,
                                 enum ledger_answer *ledger, struct database_error *why)
{
    const struct check_request request = { .wanted = &server->wanted, .history = true };
    struct deadline deadline;

    if (!places_agree(server, answer, why)) {
        return false;
    }
    deadline = deadline_within(answer, DATABASE_ANSWER);
    if (!check_run(server->lock->connection, &request, &deadline, check, ledger, server->order, why)) {
        place_close(server, server->lock);
        return false;
    }
    return true;
}

static bool look(struct server *server, const struct order_message *order, const struct deadline *answer,
                 struct check *check, enum ledger_answer *ledger, struct database_error *why)
{
    const struct check_request request = { .wanted = &server->wanted,
                                           .schema = true,
                                           .history = order->history,
                                           .hand_listed = server->config->verify.table_count > 0,
                                           .meanwhile = tell_wanted,
                                           .context = server };
    struct deadline deadline;

    if (!place_open_until(server, &server->main, answer, why)) {
        return false;
    }
    deadline = deadline_within(answer, DATABASE_ANSWER);
    if (!check_run(server->main.connection, &request, &deadline, check, ledger, server->order, why)) {
        place_close(server, &server->main);
        return false;
    }
    if (*ledger == LEDGER_DENIED && server->lock != &server->main) {
        return read_ledger_directly(server, answer, check, ledger, why) || (server->wanted.unsure && !order->prove);
    }
    return true;
}

/* Whether direct_url is another database is asked at the first look, and before steps run there without a lock. One
 * that cannot be reached is told, but no trouble as long as nothing has to run: the look is answered in time all the
 * same. */
static bool leads_elsewhere(struct server *server, bool needed, const struct deadline *answer,
                            struct database_error *why)
{
    bool first = !server->settings->wanted && server->lock != &server->main && !server->same && !server->asked;

    if (!needed && !first) {
        return false;
    }

    bool agree = places_agree(server, answer, why);

    server->asked = true;
    if (!needed && !server->held) { /* a replica that waits has one connection */
        place_close(server, server->lock);
    }
    if (agree || needed || why->failure == FAILURE_CONFIG) {
        return !agree;
    }
    reply_note(server, arena_printf(server->order,
                                    "database.direct_url cannot be asked whether it is the same database (%s): no "
                                    "matter as long as no step has to run",
                                    why->message));
    return false;
}

void order_check(struct server *server, const struct order_message *order)
{
    struct reply_message message = { .reply = REPLY_CHECKED };
    struct database_error why;
    enum ledger_answer ledger;
    const duration fifth = order->within / 5, left = order->within - (fifth < REPLY_TIME ? fifth : REPLY_TIME);
    const struct deadline answer = deadline_in(left > 1 ? left : 1, server->fd);

    if (!know_wanted(server, order->fresh, &why)) {
        reply_failed(server, &why);
        return;
    }

    server->tables_told = true;
    bool looked = look(server, order, &answer, &message.check, &ledger, &why);

    tell_wanted(server);
    if (looked && ledger == LEDGER_LATE && order->prove) {
        looked = database_error_set(
            &why, FAILURE_NOT_READY, NULL,
            "the migration history cannot be read: another session has it locked, or it took too long", NULL,
            server->order);
        why.let_in = true;
    }
    if (!looked || leads_elsewhere(server, order->direct, &answer, &why)) {
        reply_failed(server, &why);
        return;
    }
    if (ledger == LEDGER_DENIED && !server->wanted.unsure) {
        reply_note(
            server,
            "the migration history may not be read by this role, so the steps run at every boot: grant SELECT on "
            "its table, or set database.direct_url to a role that may read it");
    }
    if (ledger == LEDGER_FOREIGN) {
        reply_note(server, "the migration history is not this migration tool's table, so the steps run at every boot");
    }
    reply(server, &message);
}
