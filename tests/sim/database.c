/* The one database: its weather, its lock, its schema, and what it answers. */
#include "world.h"

#include <stddef.h>

static uint32_t known_to(unsigned version)
{
    return (1U << version) - 1;
}

static bool healthy(const struct world *world, unsigned version)
{
    return (world->objects & known_to(version)) == known_to(version);
}

static unsigned version_of(const struct world *world, const struct replica *replica)
{
    return world->scenario.version[replica_number(world, replica)];
}

/* ---- the lock ---- */

void lock_free(struct world *world, unsigned serial)
{
    if (serial && world->lock_holder >= 0 && world->lock_serial == serial) {
        struct replica *holder = &world->replicas[world->lock_holder];
        holder->child.covered = false;
        if (holder->link.lock_serial == serial) {
            holder->link.lock_serial = 0;
        }
        world->lock_holder = -1;
    }
}

/* The server learns of a lost client at once, or, when packets vanish, by its keepalives. */
static void connections_close(struct world *world, struct replica *replica)
{
    unsigned serial = replica->link.lock_serial;
    replica->link.lock_serial = replica->link.epoch = 0;
    if (serial && world->weather == HANGING) {
        world_later(world, chance_time(&world->chance, 1, 60000), LOCK_FREED, 0, serial, 0);
        replica->child.covered = false;
    } else {
        lock_free(world, serial);
    }
}

void link_drop(struct world *world, struct replica *replica)
{
    connections_close(world, replica);
    replica->link.alive = replica->link.answering = false;
}

void database_cut(struct world *world, struct replica *replica, duration noticed_after)
{
    if (!replica->link.alive || replica->link.crashed) {
        return;
    }
    if (replica->link.lock_serial) {
        world_later(world, noticed_after, LOSS_NOTICED, replica_number(world, replica), replica->link.serial, 0);
    }
    connections_close(world, replica);
    connection_lost(world, replica);
}

/* A restart: every connection is lost. */
static void sessions_end(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        struct replica *replica = &world->replicas[i];
        if (replica->alive) {
            database_cut(world, replica, chance_time(&world->chance, 1, 2000));
            connection_lost(world, replica);
        }
        replica->sessions = 0;
    }
    lock_free(world, world->lock_serial);
    world->epoch++;
}

/* ---- weather ---- */

void database_weather(struct world *world, enum weather weather, duration time, enum weather next)
{
    static const char *const names[] = { "is up",
                                         "refuses connections",
                                         "is starting up",
                                         "does not answer",
                                         "is a standby",
                                         "refuses us",
                                         "is behind a pooler",
                                         "has no name",
                                         "answers with errors",
                                         "is up, but something else is missing" };
    story_world(world, NULL, "the database %s", names[weather]);
    if (weather == DOWN || weather == STANDBY) {
        sessions_end(world);
    }
    world->weather = weather;
    world->next_weather = next;
    world->weather_serial++;
    if (weather == STARTING_UP && time == 0) {
        time = chance_time(&world->chance, 1, 3000);
        world->next_weather = UP;
    }
    world->weather_until = time ? world->now + time : BOOT_NEVER;
    if (time) {
        world_later(world, time, WEATHER_CHANGES, 0, world->weather_serial, 0);
    }
}

static void change_schema(struct world *world, const struct fault *fault, struct chance *chance)
{
    uint32_t all = known_to(MIGRATIONS);
    switch (fault->kind) {
    case TABLE_DROPPED:
        world->objects &= ~(1U << chance_below(chance, MIGRATIONS));
        break;
    case SCHEMA_BROUGHT:
        world->objects |= all;
        world->ledger |= all;
        break;
    case NEWER_SCHEMA:
        world->ledger |= all << 1 | 1;
        world->objects |= all << 1 | (chance_in(chance, 70) ? 1U : 0U);
        break;
    default:
        world->foreign = !world->foreign;
    }
    story_world(world, NULL, "somebody changes the schema: tables %x, ledger %x%s", world->objects, world->ledger,
                world->foreign ? ", and others' tables" : "");
}

void database_crash(struct world *world, struct replica *replica)
{
    struct link *link = &replica->link;
    if (link->alive && !link->crashed) {
        story_world(world, replica, "its database process crashes");
        link->crashed = true;
        connections_close(world, replica);
        world_later(world, chance_time(&world->chance, 0, 20), DEATH_NOTICED, replica_number(world, replica),
                    link->serial, 0);
    }
}

static void fail_over(struct world *world, const struct fault *fault, struct chance *chance)
{
    database_weather(world, STANDBY, fault->time, UP);
    if (chance_in(chance, 40)) {
        world->ledger = world->safe_ledger;
        world->objects = world->safe_objects;
        story_world(world, NULL, "what was done last is lost: tables %x, ledger %x", world->objects, world->ledger);
    }
}

void database_fails(struct world *world, const struct fault *fault, unsigned number)
{
    static const enum weather weathers[] = {
        [DATABASE_DOWN] = DOWN,           [DATABASE_RESTARTS] = DOWN,        [DATABASE_HANGS] = HANGING,
        [DATABASE_REFUSES] = REFUSING,    [DATABASE_CONFIG] = MISCONFIGURED, [DATABASE_NAMELESS] = NAMELESS,
        [DATABASE_QUERIES_FAIL] = ERRING, [ALSO_MISSING] = LACKING,
    };
    struct chance chance = chance_of(world->scenario.seed, 100 + number);
    struct replica *replica = &world->replicas[fault->replica];

    switch (fault->kind) {
    case FAILOVER:
        fail_over(world, fault, &chance);
        break;
    case CUT:
        story_world(world, replica, "its connections are cut");
        database_cut(world, replica, chance_time(&chance, 1, 20000));
        break;
    case PROCESS_CRASH:
        replica->link.failing = chance_in(&chance, 50);
        if (!replica->link.failing) {
            database_crash(world, replica);
        }
        break;
    case TABLE_DROPPED:
    case SCHEMA_BROUGHT:
    case NEWER_SCHEMA:
    case FOREIGN_TABLE:
        change_schema(world, fault, &chance);
        break;
    case DATABASE_RESTARTS:
        database_weather(world, DOWN, fault->time, STARTING_UP);
        break;
    case DATABASE_REFUSES:
        database_weather(world, REFUSING, chance_in(&chance, 30) ? 0 : fault->time, UP);
        break;
    default:
        database_weather(world, weathers[fault->kind], fault->time, UP);
    }
}

/* ---- orders ---- */

void database_order(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    struct link *link = &replica->link;
    if (!link->alive) {
        *link = (struct link){ .alive = true, .serial = ++world->serials };
    }
    link->answering = true;
    link->order = *effect;
    link->order_serial = ++world->serials;
    link->order_at = world->now;
    world_later(world, chance_time(&replica->chance, 0, world->scenario.latency), SERVED,
                replica_number(world, replica), link->order_serial, 0);
}

static struct boot_event failed(enum failure failure)
{
    return (struct boot_event){ .kind = EVENT_FAILED, .failure = failure, .fingerprint = (uint32_t)failure };
}

/* A new connection, as the weather is. */
static struct boot_event connect(struct world *world, struct replica *replica)
{
    static const enum failure failures[] = {
        [DOWN] = FAILURE_NOT_LISTENING, [STARTING_UP] = FAILURE_NOT_READY, [HANGING] = FAILURE_NO_ANSWER,
        [STANDBY] = FAILURE_READ_ONLY,  [REFUSING] = FAILURE_REFUSED,      [MISCONFIGURED] = FAILURE_CONFIG,
        [NAMELESS] = FAILURE_NAME,      [LACKING] = FAILURE_ALSO,
    };
    const struct boot_effect *effect = &replica->link.order;
    bool alone = effect->order.order != BOOT_CONNECT || effect->order.alone;
    if (world->weather != UP && world->weather != ERRING && !(world->weather == LACKING && alone)) {
        return failed(failures[world->weather]);
    }
    replica->link.epoch = world->epoch;
    return (struct boot_event){ .kind = EVENT_CONNECTED };
}

static struct boot_event look(struct world *world, struct replica *replica)
{
    unsigned version = version_of(world, replica);
    bool history = replica->link.order.order.history, unread = history && chance_in(&replica->chance, 4);
    if (world->weather == ERRING) {
        return failed(FAILURE_QUERY);
    }
    if (unread && replica->link.order.order.prove) { /* another session has the ledger locked */
        return failed(FAILURE_NOT_READY);
    }
    replica->link.unread = unread;
    history = history && !unread;
    replica->link.looked_at = world->now;
    return (struct boot_event){ .kind = EVENT_CHECKED,
                                .look = { .healthy = !world->scenario.unreadable && healthy(world, version),
                                          .hopeless = world->scenario.unreadable,
                                          .proven = history && (world->ledger & known_to(version)) == known_to(version),
                                          .gone = history && (world->ledger & ~known_to(version)),
                                          .behind = history && (world->ledger & known_to(version)) &&
                                                    (world->ledger & known_to(version)) != known_to(version) } };
}

static struct boot_event take_lock(struct world *world, struct replica *replica)
{
    struct boot_event connected = connect(world, replica); /* of its own */
    if (connected.kind == EVENT_FAILED) {
        return connected;
    }
    if (world->lock_holder >= 0) {
        return (struct boot_event){ .kind = EVENT_BUSY, .fingerprint = (uint32_t)world->lock_holder };
    }
    world->lock_holder = (int)replica_number(world, replica);
    world->lock_serial = replica->link.lock_serial = ++world->serials;
    return (struct boot_event){ .kind = EVENT_LOCKED };
}

static struct boot_event answer(struct world *world, struct replica *replica)
{
    struct link *link = &replica->link;
    enum boot_order order = link->order.order.order;
    if (order == BOOT_CONNECT) {
        return connect(world, replica);
    }
    if (link->epoch != world->epoch) { /* the connection was lost, or there was none: some would connect anew */
        struct boot_event connected = connect(world, replica);
        if (connected.kind == EVENT_FAILED) {
            return connected;
        }
        if (chance_in(&replica->chance, 50)) {
            link->epoch = 0;
            return failed(FAILURE_NOT_READY);
        }
    }
    switch (order) {
    case BOOT_CHECK:
        return look(world, replica);
    case BOOT_LOCK:
        return take_lock(world, replica);
    default:
        return (struct boot_event){ .kind = EVENT_SESSIONS, .count = replica->sessions };
    }
}

void database_served(struct world *world, struct replica *replica)
{
    struct link *link = &replica->link;
    duration after = chance_time(&replica->chance, 0, world->scenario.latency);

    if (world->weather == HANGING) { /* its own deadline may end an attempt, ours ends the rest */
        duration limit = world->scenario.plan.connect_timeout;
        if (link->order.order.order != BOOT_CONNECT || limit == 0 || chance_in(&replica->chance, 50)) {
            return;
        }
        link->reply = failed(FAILURE_NO_ANSWER);
        after = limit;
    } else {
        link->reply = answer(world, replica);
    }
    world_later(world, after, ANSWERED, replica_number(world, replica), link->order_serial, 0);
}

/* ---- what steps do ---- */

void database_work(struct world *world, const struct replica *replica, const struct child *child, bool whole)
{
    const struct boot_plan *plan = &world->scenario.plan;
    const struct boot_step *step = &plan->steps[child->list][child->index];
    uint32_t mine = known_to(version_of(world, replica));

    if (child->list != LIST_STEPS) {
        return;
    }
    world->safe_ledger = world->ledger;
    world->safe_objects = world->objects;
    if (!whole) {
        mine &= known_to(MIGRATIONS / 2);
    }
    if (step->own_history && plan->history) { /* what the ledger tells of is not done again */
        world->objects |= mine & ~world->ledger;
        world->ledger |= mine;
    } else {
        world->objects |= mine;
    }
    story_world(world, replica, "the step's work: tables %x, ledger %x", world->objects, world->ledger);
}
