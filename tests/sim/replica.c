/* The second driver of the boot machine: what lib/runtime does with system calls, done to the simulated world. */
#include "world.h"

#include <signal.h>
#include <string.h>

unsigned replica_number(const struct world *world, const struct replica *replica)
{
    return (unsigned)(replica - world->replicas);
}

bool replica_held(const struct replica *replica)
{
    return replica->boot.state >= STATE_HELD && replica->boot.state < STATE_ENDED;
}

void replica_begin(struct world *world, struct replica *replica)
{
    unsigned number = replica_number(world, replica), sessions = replica->sessions;
    uint64_t seed = world->scenario.seed * 31 + ++world->boots;

    *replica = (struct replica){ .alive = true,
                                 .serial = ++world->serials,
                                 .sessions = sessions,
                                 .address_held = world->scenario.plan.placeholder };
    replica->chance = chance_of(world->scenario.seed, 1000 + world->boots);
    replica->memory =
        (struct memory){ .began = world->now, .anew = world->now, .rung = -1, .answer = EVENT_GO, .failure = FAILURES };
    story_world(world, replica, "a container begins, its image knows %u migrations", world->scenario.version[number]);
    boot_init(&replica->boot, &world->scenario.plan, seed);
    if (world->table) {
        replica->boot.table = world->table;
    }
    replica->boot.taken = world->taken;
    replica_tell(world, replica, &(struct boot_event){ .kind = EVENT_BEGIN });
}

/* A dead container's connections end at once; those of a dead host only when keepalives tell. */
void replica_vanish(struct world *world, struct replica *replica)
{
    unsigned serial = replica->link.lock_serial;
    if (serial && chance_in(&world->chance, 30)) {
        replica->link.lock_serial = 0;
        world_later(world, chance_time(&world->chance, 1000, 60000), LOCK_FREED, 0, serial, 0);
    }
    link_drop(world, replica);
    replica->alive = false;
    replica->child.running = false;
    replica->app = NO_APP;
    replica->app_serial = 0;
}

static void close_process(struct world *world, struct replica *replica, bool now)
{
    struct link *link = &replica->link;
    duration after = 0;
    bool died = link->alive && link->crashed; /* and nobody knew yet */
    if (link->alive) {
        after =
            now || link->crashed ? 1 : chance_time(&replica->chance, 0, chance_in(&replica->chance, 10) ? 5000 : 50);
        link_drop(world, replica);
    }
    world_later(world, after, PROCESS_CLOSED, replica_number(world, replica), link->serial, died);
}

static void ends(struct world *world, struct replica *replica, int status)
{
    replica->alive = false;
    if (status != 0 && !world->stopping && chance_in(&world->chance, 60)) { /* restart: on-failure */
        world_later(world, chance_time(&world->chance, 100, 10000), ARRIVES, replica_number(world, replica), 0, 0);
    }
}

static void carry_out(struct world *world, struct replica *replica, const struct boot_effect *effect)
{
    switch (effect->kind) {
    case EFFECT_ORDER:
        database_order(world, replica, effect);
        break;
    case EFFECT_CLOSE_DATABASE:
        close_process(world, replica, false);
        break;
    case EFFECT_KILL_DATABASE:
        close_process(world, replica, true);
        break;
    case EFFECT_SPAWN_GUARD:
    case EFFECT_SPAWN_STEP:
        child_start(world, replica, effect, effect->kind == EFFECT_SPAWN_GUARD);
        break;
    case EFFECT_SIGNAL_CHILD:
        child_signal(world, replica, effect->number);
        break;
    case EFFECT_KILL_CHILD:
        child_signal(world, replica, SIGKILL);
        break;
    case EFFECT_RELEASE:
        app_address(world, replica, effect->number);
        break;
    case EFFECT_START:
        app_start(world, replica);
        break;
    case EFFECT_SIGNAL_APP:
        app_signal(world, replica, effect->number);
        break;
    case EFFECT_KILL_REST:
        app_signal(world, replica, SIGKILL);
        break;
    case EFFECT_EXIT:
        ends(world, replica, effect->number);
        break;
    case EFFECT_LOG:
    case EFFECT_TABLES:
    case EFFECT_SUMMARY:
        break;
    }
}

void replica_tell(struct world *world, struct replica *replica, const struct boot_event *event)
{
    struct boot *boot = &replica->boot;
    struct before before = { .state = boot->state };

    if (!replica->alive || world->violation) {
        return;
    }
    memcpy(before.deadline, boot->deadline, sizeof before.deadline);
    note_event(world, replica, event);
    bool known = boot_handle(boot, event, world->now);
    if (world->story) {
        story_event(world, replica, event, before.state, known);
    }
    for (unsigned i = 0; i < boot->effect_count && !world->violation; i++) {
        if (world->story) {
            story_effect(&boot->effects[i]);
        }
        check_effect(world, replica, &boot->effects[i]);
        carry_out(world, replica, &boot->effects[i]);
    }
    if (!world->violation) {
        check_event(world, replica, event, &before, known);
    }
}
