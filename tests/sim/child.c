/* Steps, guards and the application, with their good and bad habits. */
#include "world.h"

#include <signal.h>

static enum habit draw_habit(struct world *world, struct replica *replica)
{
    if (world->weather != UP && world->weather != HANGING && chance_in(&replica->chance, 80)) {
        return FAILS;
    }
    return chance_in(&replica->chance, world->scenario.trouble)
               ? (enum habit)(1 + chance_below(&replica->chance, HABITS - 1))
               : WORKS;
}

static bool ends_of_itself(enum habit habit)
{
    return habit != HANGS && habit != HANGS_AFTER_WORK && habit != STUBBORN;
}

static void ends_after(struct world *world, struct replica *replica, duration time)
{
    replica->child.serial = ++world->serials;
    world_later(world, time, CHILD_ENDS, replica_number(world, replica), replica->child.serial, 0);
}

void child_start(struct world *world, struct replica *replica, const struct boot_effect *effect, bool guard)
{
    struct child *child = &replica->child;
    *child = (struct child){
        .running = true,
        .guard = guard,
        .list = effect->list,
        .index = effect->index,
        .attempt = effect->attempt,
        .habit = draw_habit(world, replica),
        .serial = ++world->serials,
        .covered = world->lock_holder == (int)replica_number(world, replica),
        .began = world->now,
    };
    if (child->habit == HANGS_AFTER_WORK && !guard) {
        database_work(world, replica, child, true);
    }
    if (child->habit == BREAKS && !guard && chance_in(&replica->chance, 40)) { /* it ends other sessions, too */
        database_cut(world, replica, chance_time(&replica->chance, 1, 500));
    }
    if (ends_of_itself(child->habit)) {
        ends_after(world, replica, child->habit == UNSTARTABLE ? 0 : chance_time(&replica->chance, 1, 6000));
    }
}

/* It lost its own connection as well, as often as not. */
void connection_lost(struct world *world, struct replica *replica)
{
    struct child *child = &replica->child;
    if (child->running && !child->signalled && chance_in(&replica->chance, 60)) {
        child->habit = FAILS;
        ends_after(world, replica, chance_time(&replica->chance, 1, 500));
    }
}

void child_signal(struct world *world, struct replica *replica, int signal)
{
    struct child *child = &replica->child;
    if (signal == SIGKILL) {
        child->group = false;
    }
    if (!child->running || (child->signalled && signal != SIGKILL) || (child->habit == STUBBORN && signal != SIGKILL)) {
        return;
    }
    child->signalled = true;
    child->habit = signal == SIGKILL ? STUBBORN : child->habit; /* its status tells */
    ends_after(world, replica, chance_time(&replica->chance, 0, signal == SIGKILL ? 20 : 7000));
}

/* What the step left running in the server; later it may still do its work. */
static void leave_session(struct world *world, struct replica *replica)
{
    struct child *child = &replica->child;
    if (child->guard || world->weather == DOWN || replica->sessions >= 3 || !chance_in(&replica->chance, 25)) {
        return;
    }
    replica->sessions++;
    story_world(world, replica, "the step left a session in the server");
    world_later(world, chance_time(&replica->chance, 10, 60000), SESSION_ENDS, replica_number(world, replica),
                world->epoch, chance_in(&replica->chance, 50) ? (int)child->list * 10 + (int)child->index : -1);
}

static bool drops_something(const struct world *world, const struct replica *replica)
{
    unsigned version = world->scenario.version[replica_number(world, replica)];
    return world->foreign || world->objects >> version;
}

static int status_of(struct world *world, struct replica *replica)
{
    struct child *child = &replica->child;
    switch (child->habit) {
    case WORKS:
        if (!child->guard && !(child->signalled && chance_in(&replica->chance, 60))) {
            database_work(world, replica, child, true);
        }
        return child->signalled && chance_in(&replica->chance, 70) ? 143 : 0;
    case DOES_NOTHING:
    case BREAKS:
        if (child->habit == BREAKS && !child->guard) {
            world->objects &= ~(1U << chance_below(&replica->chance, MIGRATIONS));
            story_world(world, replica, "the step dropped a table: tables %x", world->objects);
        }
        return 0;
    case HANGS:
    case HANGS_AFTER_WORK:
        return chance_in(&replica->chance, 10) ? 0 : 143;
    case STUBBORN:
    case OUT_OF_MEMORY:
        return 137;
    case UNSTARTABLE:
        return 127;
    default:
        if (!child->guard && chance_in(&replica->chance, 40)) {
            database_work(world, replica, child, chance_in(&replica->chance, 50));
        }
        return 1;
    }
}

void child_ends(struct world *world, struct replica *replica)
{
    struct child *child = &replica->child;
    bool vanished = world->weather == HANGING && child->habit == WORKS && !child->signalled;
    if (vanished) { /* its packets vanish, too */
        ends_after(world, replica, 1 + world->weather_until - world->now);
        return;
    }
    int status = status_of(world, replica);
    struct boot_event event = { .kind = EVENT_CHILD_ENDED,
                                .status = status,
                                .permanent = child->habit == FAILS_FOR_GOOD || child->habit == UNSTARTABLE,
                                .additive = child->guard && status == 0 && !drops_something(world, replica) };
    child->running = false;
    child->ended = world->now;
    if (status && child->habit != UNSTARTABLE) {
        leave_session(world, replica);
        child->group = chance_in(&replica->chance, 30);
    }
    replica_tell(world, replica, &event);
}

/* ---- the application ---- */

#define STARTED (-1)
#define SHOT 1000 /* and the signal: before its exec was through */

static void app_later(struct world *world, struct replica *replica, duration time, int detail)
{
    replica->app_serial = ++world->serials;
    world_later(world, time, APP_ENDS, replica_number(world, replica), replica->app_serial, detail);
}

/* An http process that hangs lets go only by force. */
void app_address(struct world *world, struct replica *replica, bool by_force)
{
    if (by_force || !chance_in(&replica->chance, 10)) {
        world_later(world, chance_time(&replica->chance, 0, by_force ? 20 : 5000), ADDRESS_RELEASED,
                    replica_number(world, replica), replica->serial, 0);
    }
}

void app_start(struct world *world, struct replica *replica)
{
    bool refused = chance_in(&replica->chance, 4);
    if (world->scenario.plan.exec && !refused) {
        story_world(world, replica, "became the application");
        replica->became_app = true;
        replica->alive = false;
        link_drop(world, replica);
        return;
    }
    if (!world->scenario.plan.exec &&
        chance_in(&replica->chance, 3)) { /* it arrived while the application was started */
        world_later(world, 0, SIGNALLED, replica_number(world, replica), 0, SIGTERM);
    }
    replica->app = APP_STARTING;
    replica->app_stubborn = chance_in(&replica->chance, 20); /* before its exec: a file server that hangs */
    app_later(world, replica,
              !world->scenario.plan.exec && chance_in(&replica->chance, 10) ? chance_time(&replica->chance, 0, 20000)
                                                                            : 0,
              refused ? -(chance_in(&replica->chance, 50) ? 126 : 127) : STARTED);
}

static void app_lives(struct world *world, struct replica *replica)
{
    static const int statuses[] = { 0, 0, 1, 3, 137, 143 };
    replica->app = APP_RUNNING;
    if (chance_in(&replica->chance, 40)) {
        app_later(world, replica, chance_time(&replica->chance, 1, 20000), statuses[chance_below(&replica->chance, 6)]);
    }
    replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_APP_STARTED });
}

void app_turns(struct world *world, struct replica *replica, int detail)
{
    if (detail == STARTED) {
        app_lives(world, replica);
    } else if (detail >= SHOT) {
        replica->app = NO_APP;
        replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_APP_ENDED, .status = detail - SHOT + 128 });
    } else if (detail < 0) {
        replica->app = NO_APP;
        replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_APP_REFUSED, .status = -detail });
    } else {
        replica->app = NO_APP;
        replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_APP_ENDED, .status = detail });
    }
}

void app_signal(struct world *world, struct replica *replica, int signal)
{
    if (world->scenario.plan.exec) { /* it was refused, and that is about to be told */
        return;
    }
    if (replica->app == APP_STARTING && (signal == SIGKILL || !replica->app_stubborn)) {
        app_later(world, replica, chance_time(&replica->chance, 0, 20), SHOT + signal);
        return;
    }
    if (replica->app != APP_RUNNING || signal == SIGUSR1 || signal == SIGHUP) {
        return;
    }
    if (signal == SIGKILL) {
        app_later(world, replica, chance_time(&replica->chance, 0, 20), 137);
    } else if (!replica->app_stubborn) {
        replica->app_stubborn = true; /* it ends already */
        app_later(world, replica, chance_time(&replica->chance, 0, 3000),
                  chance_in(&replica->chance, 50) ? 0 : 128 + signal);
    }
}
