/* A failing seed as a readable log. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const fault_names[] = {
#define X(name) #name,
    FAULT_KINDS(X)
#undef X
};

static const char *const list_names[] = { "before", "steps", "after" };

static void print_time(const struct world *world, const struct replica *replica)
{
    printf("%9.3f s  ", (double)(world->now - 1000) / 1000);
    if (replica) {
        printf("replica %u  ", replica_number(world, replica) + 1);
    } else {
        printf("world      ");
    }
}

static void print_plan(const struct boot_plan *plan)
{
    static const char *const goals[] = { "run", "sync", "wait", "verify" };
    static const char *const whens[] = { "pending", "unverified", "always" };
    printf("%s, when %s%s%s%s%s%s%s%s%s\n", goals[plan->goal], whens[plan->when], plan->force ? ", forced" : "",
           plan->history ? ", with a history" : "", plan->lock ? ", with a lock" : "",
           plan->direct ? ", with a direct_url" : "", plan->finish ? ", stop: finish" : "",
           plan->exec ? ", mode: exec" : "", plan->hold ? ", on_failure: hold" : "",
           plan->placeholder ? ", with a placeholder" : "");
    printf("wait.timeout %lld, connect_timeout %lld, permanent_grace %lld, lock_timeout %lld, verify.timeout %lld, "
           "interval "
           "%lld, stop_timeout %lld ms\n",
           (long long)plan->wait_timeout, (long long)plan->connect_timeout, (long long)plan->permanent_grace,
           (long long)plan->lock_timeout, (long long)plan->verify_timeout, (long long)plan->interval,
           (long long)plan->stop_timeout);
}

void story_scenario(const struct scenario *scenario, uint32_t faults_kept)
{
    const struct boot_plan *plan = &scenario->plan;
    printf("seed %llu: %u replicas, ", (unsigned long long)scenario->seed, scenario->replicas);
    print_plan(plan);
    for (int list = 0; list < BOOT_LISTS; list++) {
        for (unsigned i = 0; i < plan->step_count[list]; i++) {
            const struct boot_step *step = &scenario->steps[list][i];
            printf("%s[%u]: %u attempts, delay %lld ms, timeout %lld ms%s%s\n", list_names[list], i, step->attempts,
                   (long long)step->delay, (long long)step->timeout, step->guarded ? ", guarded" : "",
                   step->own_history ? ", the history's own tool"
                   : step->alters    ? ", alters the schema"
                                     : "");
        }
    }
    printf("at first: tables %x, ledger %x%s; %u %% of the steps make trouble\n", scenario->objects, scenario->ledger,
           scenario->unreadable ? ", unreadable"
           : scenario->foreign  ? ", others' tables"
                                : "",
           scenario->trouble);
    for (unsigned i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        if (faults_kept >> i & 1) {
            printf("fault %u: at %.3f s %s", i, (double)fault->at / 1000, fault_names[fault->kind]);
            printf(" (replica %u, signal %d, %lld ms)\n", fault->replica + 1, fault->signal, (long long)fault->time);
        }
    }
}

void story_world(const struct world *world, const struct replica *replica, const char *format, ...)
{
    va_list arguments;
    if (!world->story) {
        return;
    }
    print_time(world, replica);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void print_event(const struct boot_event *event)
{
    static const char *const failures[] = {
#define X(name) #name,
        FAILURE_TABLE(X)
#undef X
    };
    static const char *const timers[] = { "state", "order", "budget", "look", "stop" };
    printf("%s", boot_event_name(event->kind));
    switch (event->kind) {
    case EVENT_TIMER:
        printf(" %s", timers[event->timer]);
        break;
    case EVENT_SIGNAL:
        printf(" %d", event->signal);
        break;
    case EVENT_FAILED:
        printf(" %s", failures[event->failure]);
        break;
    case EVENT_CHECKED:
        printf("%s%s%s", event->look.healthy ? " healthy" : " unhealthy", event->look.proven ? " proven" : "",
               event->look.gone ? " gone" : "");
        break;
    case EVENT_SESSIONS:
        printf(" %u", event->count);
        break;
    case EVENT_CHILD_ENDED:
        printf(" %d%s%s", event->status, event->permanent ? " permanent" : "", event->additive ? " additive" : "");
        break;
    case EVENT_APP_ENDED:
    case EVENT_APP_REFUSED:
        printf(" %d", event->status);
        break;
    default:
        break;
    }
}

void story_event(const struct world *world, const struct replica *replica, const struct boot_event *event,
                 enum boot_state from, bool known)
{
    print_time(world, replica);
    printf("%s: ", boot_state_name(from));
    print_event(event);
    printf(known ? " -> %s\n" : " means nothing, %s\n", boot_state_name(replica->boot.state));
}

void story_effect(const struct boot_effect *effect)
{
    static const char *const orders[] = { "connect", "check", "lock", "sessions" };
    static const char *const names[] = {
        [EFFECT_ORDER] = "order",
        [EFFECT_CLOSE_DATABASE] = "close database",
        [EFFECT_KILL_DATABASE] = "kill database",
        [EFFECT_SPAWN_GUARD] = "guard",
        [EFFECT_SPAWN_STEP] = "step",
        [EFFECT_SIGNAL_CHILD] = "signal step",
        [EFFECT_KILL_CHILD] = "kill step",
        [EFFECT_TABLES] = "tables",
        [EFFECT_SUMMARY] = "summary",
        [EFFECT_RELEASE] = "release the address",
        [EFFECT_START] = "start application",
        [EFFECT_SIGNAL_APP] = "signal application",
        [EFFECT_KILL_REST] = "kill what is left",
        [EFFECT_LOG] = "log",
        [EFFECT_EXIT] = "exit",
    };
    printf("                            %s", names[effect->kind]);
    switch (effect->kind) {
    case EFFECT_ORDER:
        printf(" %s", orders[effect->order.order]);
        break;
    case EFFECT_SPAWN_GUARD:
    case EFFECT_SPAWN_STEP:
        printf(" %s[%u], attempt %u", list_names[effect->list], effect->index, effect->attempt);
        break;
    case EFFECT_SIGNAL_CHILD:
    case EFFECT_SIGNAL_APP:
    case EFFECT_EXIT:
        printf(" %d", effect->number);
        break;
    case EFFECT_LOG:
        printf(": %s", effect->row->sentence);
        break;
    default:
        break;
    }
    printf("\n");
}
