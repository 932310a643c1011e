/* Virtual time: what happens next, until nothing moves any more. */
#include "world.h"

#include <signal.h>
#include <string.h>

#define MOVES_MAX 3000000 /* in one world: more is a livelock */

/* ---- what is to happen: a heap ---- */

static bool earlier(const struct entry *a, const struct entry *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct world *world, const struct entry *entry)
{
    if (world->entry_count == ENTRIES) {
        violation(world, NULL, "more than %d things are to happen", ENTRIES);
        return;
    }
    unsigned i = world->entry_count++;
    while (i > 0 && earlier(entry, &world->entries[(i - 1) / 2])) {
        world->entries[i] = world->entries[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    world->entries[i] = *entry;
}

static struct entry pop(struct world *world)
{
    struct entry top = world->entries[0], last = world->entries[--world->entry_count];
    unsigned i = 0;
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= world->entry_count) {
            break;
        }
        if (child + 1 < world->entry_count && earlier(&world->entries[child + 1], &world->entries[child])) {
            child++;
        }
        if (!earlier(&world->entries[child], &last)) {
            break;
        }
        world->entries[i] = world->entries[child];
        i = child;
    }
    world->entries[i] = last;
    return top;
}

void world_later(struct world *world, duration after, enum happening happening, unsigned replica, unsigned serial,
                 int detail)
{
    push(world, &(struct entry){ .at = world->now + after,
                                 .order = world->entry_order++,
                                 .happening = happening,
                                 .replica = replica,
                                 .serial = serial,
                                 .detail = detail });
}

/* ---- faults ---- */

static void send_signal(struct world *world, struct replica *replica, int signal)
{
    replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_SIGNAL, .signal = signal });
}

static void kill_replica(struct world *world, struct replica *replica)
{
    unsigned number = replica_number(world, replica);
    story_world(world, replica, "killed (-9)");
    replica_vanish(world, replica);
    world_later(world, chance_time(&world->chance, 50, 10000), ARRIVES, number, 0, 0);
}

/* Nobody handles anything while the machine sleeps. */
static void jump(struct world *world, duration time)
{
    story_world(world, NULL, "the clock jumps forward by %lld ms", (long long)time);
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        world->replicas[i].memory.excused += time;
    }
    world->now += time;
}

static void freeze(struct world *world, struct replica *replica, duration time)
{
    story_world(world, replica, "frozen for %lld ms", (long long)time);
    replica->frozen_until = world->now + time;
    replica->memory.excused += time;
}

static void happen_fault(struct world *world, unsigned number)
{
    const struct fault *fault = &world->scenario.faults[number];
    struct replica *replica = &world->replicas[fault->replica];

    if (world->stopping) {
        return;
    }
    switch (fault->kind) {
    case SIGNAL:
        if (replica->alive) {
            send_signal(world, replica, fault->signal);
        }
        break;
    case KILLED:
        if (replica->alive) {
            kill_replica(world, replica);
        }
        break;
    case FROZEN:
        if (replica->alive) {
            freeze(world, replica, fault->time);
        }
        break;
    case CLOCK_JUMPS:
        jump(world, fault->time);
        break;
    default:
        database_fails(world, fault, number);
    }
}

/* ---- the container engine ---- */

static bool at_rest(const struct replica *replica)
{
    return !replica->alive || replica->app || replica_held(replica);
}

static bool all_rest(const struct world *world)
{
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        if (!at_rest(&world->replicas[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < world->entry_count; i++) {
        if (world->entries[i].happening == ARRIVES) {
            return false;
        }
    }
    return true;
}

static bool all_ended(const struct world *world)
{
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        if (world->replicas[i].alive) {
            return false;
        }
    }
    return true;
}

static void stop_all(struct world *world, int round)
{
    story_world(world, NULL, "the engine stops all containers");
    world->stopping = true;
    for (unsigned i = 0; i < world->scenario.replicas && !world->violation; i++) {
        struct replica *replica = &world->replicas[i];
        replica->frozen_until = 0;
        if (replica->alive) {
            send_signal(world, replica, SIGTERM);
        }
    }
    if (round < 2 && chance_in(&world->chance, 40)) {
        world_later(world, chance_time(&world->chance, 1, 30000), ENGINE_STOPS, 0, 0, round + 1);
    } else {
        duration bound = scenario_stop_bound(&world->scenario);
        world_later(world, (bound == BOOT_NEVER ? 0 : bound) + 120000, ENGINE_KILLS, 0, 0, 0);
    }
}

/* Only who may ignore TERM for ever is still there: an application without stop_timeout, a step that is let finish. */
static void kill_all(struct world *world)
{
    const struct boot_plan *plan = &world->scenario.plan;
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        struct replica *replica = &world->replicas[i];
        if (!replica->alive) {
            continue;
        }
        bool may_stay = replica->app ? plan->stop_timeout == 0 : scenario_stop_bound(&world->scenario) == BOOT_NEVER;
        if (!may_stay) {
            violation(world, replica, "it is still there long after TERM");
            return;
        }
        replica_vanish(world, replica);
    }
}

/* ---- the loop ---- */

static void tell(struct world *world, struct replica *replica, enum boot_event_kind kind)
{
    replica_tell(world, replica, &(struct boot_event){ .kind = kind });
}

static bool awaits(const struct link *link, unsigned order)
{
    return link->alive && !link->crashed && link->answering && link->order_serial == order;
}

static void answered(struct world *world, struct replica *replica)
{
    replica->link.answering = false;
    if (replica->link.failing) { /* the driver reads the answer and the end at once */
        database_crash(world, replica);
    }
    replica_tell(world, replica, &replica->link.reply);
}

static void session_ends(struct world *world, struct replica *replica, int step)
{
    replica->sessions--;
    story_world(world, replica, "a session of its step ended in the server");
    if (step >= 0) {
        struct child child = { .list = (enum boot_list)(step / 10), .index = (unsigned)step % 10 };
        database_work(world, replica, &child, true);
    }
}

static void loss_noticed(struct world *world, struct replica *replica)
{
    if (replica->link.answering) { /* it tells after it has answered */
        world_later(world, 5, LOSS_NOTICED, replica_number(world, replica), replica->link.serial, 0);
    } else if (replica->memory.lock) {
        tell(world, replica, EVENT_LOCK_LOST);
    }
}

static void happen(struct world *world, const struct entry *entry)
{
    struct replica *replica = &world->replicas[entry->replica];
    struct link *link = &replica->link;

    switch (entry->happening) {
    case ARRIVES:
        if (!world->stopping && world->boots < world->scenario.crowd) {
            replica_begin(world, replica);
        }
        break;
    case SERVED:
        if (awaits(link, entry->serial)) {
            database_served(world, replica);
        }
        break;
    case ANSWERED:
        if (awaits(link, entry->serial)) {
            answered(world, replica);
        }
        break;
    case CHILD_ENDS:
        if (replica->child.running && replica->child.serial == entry->serial) {
            child_ends(world, replica);
        }
        break;
    case SESSION_ENDS:
        if (entry->serial == world->epoch && replica->sessions) {
            session_ends(world, replica, entry->detail);
        }
        break;
    case APP_ENDS:
        if (replica->app_serial == entry->serial) {
            app_turns(world, replica, entry->detail);
        }
        break;
    case LOSS_NOTICED:
        if (link->alive && !link->crashed && link->serial == entry->serial) {
            loss_noticed(world, replica);
        }
        break;
    case DEATH_NOTICED:
        if (link->alive && link->crashed && link->serial == entry->serial) {
            link->alive = link->answering = false;
            tell(world, replica, EVENT_DATABASE_DIED);
        }
        break;
    case PROCESS_CLOSED:
        if (!link->alive && link->serial == entry->serial) {
            tell(world, replica, entry->detail ? EVENT_DATABASE_DIED : EVENT_DATABASE_CLOSED);
        }
        break;
    case ADDRESS_RELEASED:
        if (replica->serial == entry->serial && replica->address_held) {
            replica->address_held = false;
            tell(world, replica, EVENT_RELEASED);
        }
        break;
    case SIGNALLED:
        send_signal(world, replica, entry->detail);
        break;
    case FAULT:
        happen_fault(world, (unsigned)entry->detail);
        break;
    case WEATHER_CHANGES:
        if (world->weather_serial == entry->serial) {
            database_weather(world, world->next_weather, 0, UP);
        }
        break;
    case LOCK_FREED:
        lock_free(world, entry->serial);
        break;
    case ENGINE_STOPS:
        stop_all(world, entry->detail);
        break;
    case ENGINE_KILLS:
        kill_all(world);
        break;
    }
}

/* What is told to a frozen replica waits. */
static bool concerns(const struct world *world, const struct entry *entry)
{
    if (entry->happening == FAULT) {
        return world->scenario.faults[entry->detail].kind == SIGNAL;
    }
    return entry->happening >= ANSWERED && entry->happening <= SIGNALLED && entry->happening != SESSION_ENDS;
}

static unsigned addressee(const struct world *world, const struct entry *entry)
{
    return entry->happening == FAULT ? world->scenario.faults[entry->detail].replica : entry->replica;
}

static instant next_timer(const struct world *world, unsigned *replica, enum boot_timer *timer)
{
    instant next = BOOT_NEVER;
    for (unsigned i = 0; i < world->scenario.replicas; i++) {
        const struct replica *each = &world->replicas[i];
        enum boot_timer which;
        if (!each->alive) {
            continue;
        }
        instant at = boot_next_deadline(&each->boot, &which);
        at = at != BOOT_NEVER && at < each->frozen_until ? each->frozen_until : at;
        if (at < next) {
            next = at;
            *replica = i;
            *timer = which;
        }
    }
    return next;
}

/* Advances to the next thing; false if there is none. */
static bool move(struct world *world)
{
    unsigned number = 0;
    enum boot_timer timer = TIMER_STATE;
    instant at = next_timer(world, &number, &timer);

    if (world->entry_count && world->entries[0].at <= at) {
        struct entry entry = pop(world);
        const struct replica *replica = &world->replicas[addressee(world, &entry)];
        world->now = entry.at > world->now ? entry.at : world->now;
        if (concerns(world, &entry) && replica->frozen_until > world->now) {
            entry.at = replica->frozen_until;
            entry.order = world->entry_order++;
            push(world, &entry);
        } else {
            happen(world, &entry);
        }
        return true;
    }
    if (at == BOOT_NEVER) {
        return false;
    }
    world->now = at > world->now ? at : world->now;
    replica_tell(world, &world->replicas[number], &(struct boot_event){ .kind = EVENT_TIMER, .timer = timer });
    return true;
}

static void set_up(struct world *world, const struct scenario *scenario)
{
    world->scenario = *scenario;
    for (int list = 0; list < BOOT_LISTS; list++) {
        world->scenario.plan.steps[list] = world->scenario.steps[list];
    }
    if (world->scenario.plan.ok_exit) {
        world->scenario.plan.ok_exit = world->scenario.ok_exit;
    }
    world->now = 1000;
    world->entry_count = world->entry_order = 0;
    world->boots = world->serials = 0;
    world->events = 0;
    memset(world->replicas, 0, sizeof world->replicas);
    world->chance = chance_of(scenario->seed, 2);
    world->weather = UP;
    world->weather_serial = 0;
    world->epoch = 1;
    world->ledger = world->safe_ledger = scenario->ledger;
    world->objects = world->safe_objects = scenario->objects;
    world->foreign = scenario->foreign;
    world->lock_holder = -1;
    world->lock_serial = 0;
    world->stopping = false;
    world->violation = NULL;
}

bool world_run(struct world *world, const struct scenario *scenario)
{
    bool bounded = scenario_bound(scenario, 0) != BOOT_NEVER;
    bool stop_planned = scenario->patience || !bounded;

    set_up(world, scenario);
    for (unsigned i = 0; i < scenario->replicas; i++) {
        world_later(world, scenario->start[i], ARRIVES, i, 0, 0);
    }
    for (unsigned i = 0; i < scenario->fault_count; i++) {
        if (world->faults_kept >> i & 1) {
            world_later(world, scenario->faults[i].at, FAULT, 0, 0, (int)i);
        }
    }
    if (stop_planned) {
        world_later(world, scenario->patience ? scenario->patience : 60000, ENGINE_STOPS, 0, 0, 0);
    }
    while (!world->violation && move(world)) {
        if (world->boots && all_ended(world) && (world->stopping || all_rest(world))) {
            break;
        }
        if (!stop_planned && all_rest(world)) {
            stop_planned = true;
            world_later(world, chance_time(&world->chance, 1, 20000), ENGINE_STOPS, 0, 0, 0);
        }
        if (++world->events > MOVES_MAX) {
            violation(world, NULL, "more than %d events: a livelock", MOVES_MAX);
        }
    }
    if (!world->violation && !all_ended(world)) {
        violation(world, NULL, "nothing moves any more, and not every replica has ended");
    }
    return !world->violation;
}
