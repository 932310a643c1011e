/* What is drawn before a world begins: the plan, the images, the faults. */
#include "world.h"

#include <signal.h>
#include <string.h>

struct chance chance_of(uint64_t seed, uint64_t stream)
{
    struct chance chance = { seed * 0x9E3779B97F4A7C15U + stream * 0xD1B54A32D192ED03U };
    (void)chance_below(&chance, 2);
    return chance;
}

/* splitmix64, https://prng.di.unimi.it/splitmix64.c */
uint64_t chance_below(struct chance *chance, uint64_t limit)
{
    uint64_t z = chance->state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return limit ? (z ^ z >> 31) % limit : 0;
}

bool chance_in(struct chance *chance, unsigned percent)
{
    return chance_below(chance, 100) < percent;
}

duration chance_time(struct chance *chance, duration low, duration high)
{
    duration ceiling = low > 0 ? low : 1;
    while (ceiling < high && chance_below(chance, 4) != 0) {
        ceiling *= 2;
    }
    ceiling = ceiling < high ? ceiling : high;
    return ceiling <= low ? low : low + (duration)chance_below(chance, (uint64_t)(ceiling - low + 1));
}

#define PICK(chance, ...) \
    (((const duration[]){ \
        __VA_ARGS__ })[chance_below((chance), sizeof((const duration[]){ __VA_ARGS__ }) / sizeof(duration))])

static void draw_step(struct boot_step *step, struct chance *chance, enum boot_list list, unsigned index)
{
    step->attempts = list == LIST_STEPS ? 1 + (unsigned)chance_below(chance, 3) : 1;
    step->delay = PICK(chance, 0, 100, 2000);
    step->timeout = PICK(chance, 0, 300, 2000, 2000, 10000, 10000);
    step->own_history = list == LIST_STEPS && (index == 0 ? chance_in(chance, 85) : chance_in(chance, 15));
    step->guarded = !step->own_history && chance_in(chance, list == LIST_STEPS ? 50 : 15);
    step->alters = step->guarded || (!step->own_history && chance_in(chance, 15));
}

static void draw_times(struct boot_plan *plan, struct chance *chance)
{
    plan->wait_timeout = PICK(chance, 500, 3000, 3000, 20000, 20000, 0);
    plan->connect_timeout = PICK(chance, 200, 1000, 5000, 5000, 0);
    plan->probe_interval = PICK(chance, 100, 100, 500, 0);
    if (plan->probe_interval == 0 && plan->wait_timeout != 500) {
        plan->probe_interval = 20;
    }
    plan->initial_delay = PICK(chance, 50, 50, 200, 0);
    plan->max_delay = PICK(chance, 200, 1000, 1000);
    plan->multiplier = chance_in(chance, 80) ? 2 : 1;
    plan->permanent_grace = PICK(chance, 0, 1000, 5000);
    plan->lock_timeout = PICK(chance, 0, 300, 3000, 20000, 20000);
    plan->verify_timeout = PICK(chance, 0, 0, 1000, 10000);
    plan->interval = PICK(chance, 0, 1000, 5000);
    plan->stop_timeout = PICK(chance, 0, 1000, 10000);
}

static void draw_plan(struct scenario *scenario, struct chance *chance)
{
    static const enum boot_goal goals[] = { GOAL_RUN, GOAL_RUN, GOAL_RUN,  GOAL_RUN,  GOAL_RUN,
                                            GOAL_RUN, GOAL_RUN, GOAL_SYNC, GOAL_WAIT, GOAL_LOOK };
    struct boot_plan *plan = &scenario->plan;

    plan->goal = goals[chance_below(chance, sizeof goals / sizeof goals[0])];
    plan->when = (enum boot_when)(chance_in(chance, 70) ? BOOT_PENDING : chance_below(chance, 3));
    plan->force = chance_in(chance, 5);
    plan->history = chance_in(chance, 75);
    plan->lock = chance_in(chance, 85);
    plan->finish = chance_in(chance, 25);
    plan->exec = chance_in(chance, 20);
    plan->hold = chance_in(chance, 30);
    plan->step_count[LIST_BEFORE] = chance_in(chance, 20) ? 1 + (unsigned)chance_below(chance, 2) : 0;
    plan->step_count[LIST_STEPS] = chance_in(chance, 90) ? 1 + (unsigned)chance_below(chance, LIST_LENGTH) : 0;
    plan->step_count[LIST_AFTER] = chance_in(chance, 25) ? 1 + (unsigned)chance_below(chance, LIST_LENGTH) : 0;
    for (int list = 0; list < BOOT_LISTS; list++) {
        for (unsigned i = 0; i < LIST_LENGTH; i++) {
            draw_step(&scenario->steps[list][i], chance, (enum boot_list)list, i);
        }
    }
    draw_times(plan, chance);
    plan->stop_signal = chance_in(chance, 15) ? SIGUSR2 : 0;
    scenario->ok_exit[143] = chance_in(chance, 30);
    plan->ok_exit = chance_in(chance, 50) ? scenario->ok_exit : NULL;
    plan->placeholder = chance_in(chance, 30);
}

static void draw_schema(struct scenario *scenario, struct chance *chance)
{
    uint32_t all = (1U << MIGRATIONS) - 1;
    switch (chance_below(chance, 7)) {
    case 0: /* an empty database */
        break;
    case 1: /* all is there */
        scenario->ledger = scenario->objects = all;
        break;
    case 2: /* some is pending */
        scenario->ledger = scenario->objects = all >> (1 + chance_below(chance, MIGRATIONS));
        break;
    case 3: /* the ledger lies */
        scenario->ledger = all;
        scenario->objects = all & ~(1U << chance_below(chance, MIGRATIONS));
        break;
    case 4: /* pushed: no ledger */
        scenario->objects = all;
        break;
    case 5: /* what is pending shows in no table */
        scenario->objects = all;
        scenario->ledger = all >> (1 + chance_below(chance, MIGRATIONS - 1));
        break;
    default: /* a newer schema, perhaps not whole */
        scenario->ledger = all << 1 | 1;
        scenario->objects = scenario->ledger & ~(chance_in(chance, 50) ? 1U : 0U);
    }
    scenario->foreign = chance_in(chance, 25);
    scenario->unreadable = chance_in(chance, 2);
}

/* `before`: the fault drawn before it, NULL for the first. One comes seldom alone. */
static void draw_fault(struct fault *fault, const struct fault *before, struct chance *chance, unsigned replicas)
{
    static const int signals[] = { SIGTERM, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 };
    fault->at =
        before && chance_in(chance, 35) ? before->at + chance_time(chance, 0, 2000) : chance_time(chance, 0, 40000);
    fault->kind = (enum fault_kind)chance_below(chance, FAULT_KIND_COUNT);
    if (chance_in(chance, 25)) {
        fault->kind = chance_in(chance, 50) ? SIGNAL : CUT;
    }
    fault->replica = (unsigned)chance_below(chance, replicas);
    fault->signal = signals[chance_below(chance, sizeof signals / sizeof signals[0])];
    fault->time = chance_time(chance, 1, 15000);
}

void scenario_draw(struct scenario *scenario, uint64_t seed)
{
    struct chance chance = chance_of(seed, 1), aside = chance_of(seed, 3); /* as if nothing else were drawn */

    memset(scenario, 0, sizeof *scenario);
    scenario->seed = seed;
    draw_plan(scenario, &chance);
    scenario->plan.direct = chance_in(&aside, 50);
    draw_schema(scenario, &chance);
    scenario->replicas = 1 + (unsigned)chance_below(&chance, chance_in(&chance, 40) ? 1 : REPLICAS);
    for (unsigned i = 0; i < REPLICAS; i++) {
        scenario->version[i] = MIGRATIONS + (chance_in(&chance, 10) ? 1 : 0);
        scenario->start[i] = chance_in(&chance, 50) ? 0 : chance_time(&chance, 0, 5000);
    }
    scenario->fault_count =
        chance_in(&chance, 15) ? 0 : (unsigned)chance_below(&chance, chance_in(&chance, 70) ? 5 : FAULTS + 1);
    for (unsigned i = 0; i < scenario->fault_count; i++) {
        draw_fault(&scenario->faults[i], i ? &scenario->faults[i - 1] : NULL, &chance, scenario->replicas);
    }
    scenario->trouble = (unsigned)PICK(&chance, 0, 20, 60, 90);
    scenario->crowd = scenario->replicas + (unsigned)chance_below(&chance, 4);
    scenario->patience = chance_in(&chance, 50) ? chance_time(&chance, 1000, 60000) : 0;
    scenario->latency = PICK(&chance, 1, 3, 3, 20, 200);
}

/* ---- bounds ---- */

#define EASE ((duration)2000) /* for latencies of the world's own */

static duration answer_bound(const struct boot_plan *plan)
{
    return plan->connect_timeout + BOOT_ORDER_SLACK + BOOT_ORDER_TIMEOUT;
}

/* A step that hangs, ignores TERM and leaves sessions in the server. */
static duration attempt_bound(const struct boot_plan *plan, const struct boot_step *step)
{
    duration run = step->timeout + BOOT_KILL_AFTER + EASE;
    duration settle = BOOT_SETTLE_TIMEOUT + answer_bound(plan) + EASE;
    duration delay = step->delay > BOOT_STEP_DELAY_MAX ? step->delay : BOOT_STEP_DELAY_MAX;
    return (step->guarded ? 2 : 1) * run + settle + (step->delay ? delay : 0) + 4 * EASE;
}

duration scenario_bound(const struct scenario *scenario, unsigned lost)
{
    const struct boot_plan *plan = &scenario->plan;
    duration bound = plan->wait_timeout + plan->lock_timeout + plan->verify_timeout + 2 * answer_bound(plan) + 4 * EASE;
    duration longest = 2 * EASE;

    if (plan->wait_timeout == 0 || (plan->lock && plan->lock_timeout == 0)) {
        return BOOT_NEVER;
    }
    for (int list = 0; list < BOOT_LISTS; list++) {
        for (unsigned i = 0; i < plan->step_count[list]; i++) {
            const struct boot_step *step = &scenario->steps[list][i];
            duration attempt = attempt_bound(plan, step);
            if (step->timeout == 0) {
                return BOOT_NEVER;
            }
            bound += attempt * step->attempts;
            longest = attempt > longest ? attempt : longest;
        }
    }
    return bound + lost * longest;
}

duration scenario_stop_bound(const struct scenario *scenario)
{
    const struct boot_plan *plan = &scenario->plan;
    duration bound = BOOT_KILL_AFTER + BOOT_SETTLE_TIMEOUT + answer_bound(plan) + 4 * EASE, longest = 0;

    for (int list = 0; plan->finish && list < BOOT_LISTS; list++) {
        for (unsigned i = 0; i < plan->step_count[list]; i++) {
            duration timeout = scenario->steps[list][i].timeout;
            if (timeout == 0) {
                return BOOT_NEVER;
            }
            longest = timeout > longest ? timeout : longest;
        }
    }
    return bound + longest;
}
