#include "driver.h"

#include <stdio.h>
#include <string.h>

struct boot boot;
struct boot_plan plan;
struct boot_step before[4], steps[4], after[4];
unsigned taken[BOOT_ROWS_MAX];

static instant now;

int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        steps[i] = (struct boot_step){ .attempts = 3, .delay = 2000, .timeout = 600000, .own_history = true };
        before[i] = after[i] = (struct boot_step){ .attempts = 1, .timeout = 600000 };
    }
    plan = (struct boot_plan){
        .goal = GOAL_RUN,
        .when = BOOT_PENDING,
        .history = true,
        .lock = true,
        .steps = { before, steps, after },
        .step_count = { [LIST_STEPS] = 1 },
        .wait_timeout = 60000,
        .connect_timeout = 5000,
        .probe_interval = 20,
        .initial_delay = 50,
        .max_delay = 1000,
        .permanent_grace = 5000,
        .multiplier = 2,
        .lock_timeout = 600000,
        .interval = 15000,
    };
    now = 1000000;
    return 0;
}

static bool awaits_timer_state(void)
{
    for (size_t i = 0; i < boot_table_rows; i++) {
        const struct boot_row *row = &boot_table[i];
        if (row->event == EVENT_TIMER && row->from >> boot.state & 1 && strcmp(row->guard_name, "timer_state") == 0) {
            return true;
        }
    }
    return false;
}

/* What must hold after every event, whatever is tested. */
static void assert_sound(void)
{
    assert_true(awaits_timer_state() || boot.deadline[TIMER_STATE] == BOOT_NEVER);
    assert_in_range(boot.effect_count, 0, BOOT_EFFECTS);
    assert_in_range(boot.state, 0, BOOT_STATE_COUNT - 1);
    for (int i = 0; i < BOOT_TIMERS; i++) {
        assert_true(boot.deadline[i] >= boot.now);
    }
}

bool handle(const struct boot_event *event)
{
    bool known = boot_handle(&boot, event, now);
    assert_sound();
    return known;
}

static void event(struct boot_event event)
{
    if (!handle(&event)) {
        fail_msg("%s means nothing in %s", boot_event_name(event.kind), boot_state_name(boot.state));
    }
}

void ignored(const struct boot_event *event)
{
    enum boot_state state = boot.state;
    assert_false(handle(event));
    assert_int_equal(boot.state, state);
    assert_int_equal(boot.effect_count, 0);
}

void begin(void)
{
    boot_init(&boot, &plan, 42);
    boot.taken = taken;
    event((struct boot_event){ .kind = EVENT_BEGIN });
}

void connected(void)
{
    event((struct boot_event){ .kind = EVENT_CONNECTED });
}

void failed(enum failure failure)
{
    event((struct boot_event){ .kind = EVENT_FAILED, .failure = failure });
}

void checked(unsigned look)
{
    event((struct boot_event){ .kind = EVENT_CHECKED,
                               .look = { .healthy = look & HEALTHY,
                                         .proven = look & PROVEN,
                                         .gone = look & GONE,
                                         .behind = look & BEHIND,
                                         .hopeless = look & HOPELESS } });
}

void locked(void)
{
    event((struct boot_event){ .kind = EVENT_LOCKED });
}

void busy(void)
{
    event((struct boot_event){ .kind = EVENT_BUSY });
}

void sessions(unsigned count)
{
    event((struct boot_event){ .kind = EVENT_SESSIONS, .count = count });
}

void lock_lost(void)
{
    event((struct boot_event){ .kind = EVENT_LOCK_LOST });
}

void died(void)
{
    event((struct boot_event){ .kind = EVENT_DATABASE_DIED });
}

void released(void)
{
    event((struct boot_event){ .kind = EVENT_RELEASED });
}

void closed(void)
{
    event((struct boot_event){ .kind = EVENT_DATABASE_CLOSED });
}

void ended(int status)
{
    event((struct boot_event){ .kind = EVENT_CHILD_ENDED, .status = status });
}

void ended_permanently(int status)
{
    event((struct boot_event){ .kind = EVENT_CHILD_ENDED, .status = status, .permanent = true });
}

void guard_ended(bool additive)
{
    event((struct boot_event){ .kind = EVENT_CHILD_ENDED, .additive = additive });
}

void app_started(void)
{
    event((struct boot_event){ .kind = EVENT_APP_STARTED });
}

void app_refused(int status)
{
    event((struct boot_event){ .kind = EVENT_APP_REFUSED, .status = status });
}

void app_ended(int status)
{
    event((struct boot_event){ .kind = EVENT_APP_ENDED, .status = status });
}

void signalled(int signal)
{
    event((struct boot_event){ .kind = EVENT_SIGNAL, .signal = signal });
}

void fire(enum boot_timer timer)
{
    assert_true(boot.deadline[timer] != BOOT_NEVER);
    now = boot.deadline[timer] > now ? boot.deadline[timer] : now;
    event((struct boot_event){ .kind = EVENT_TIMER, .timer = timer });
}

void pass(duration time)
{
    now += time;
}

/* ---- effects as text ---- */

static void print_effect(const struct boot_effect *effect, char *text, size_t size)
{
    static const char *const lists[] = { "before", "steps", "after" };
    static const char *const orders[] = { "connect", "check", "lock", "sessions" };
    switch (effect->kind) {
    case EFFECT_ORDER:
        (void)snprintf(text, size, "%s%s%s%s%s%s", orders[effect->order.order], effect->order.probe ? "+probe" : "",
                       effect->order.prove && effect->order.order == BOOT_CONNECT ? "+prove" : "",
                       effect->order.alone ? "+alone" : "", effect->order.history ? "+history" : "",
                       effect->order.direct ? "+direct" : "");
        break;
    case EFFECT_SPAWN_GUARD:
    case EFFECT_SPAWN_STEP:
        (void)snprintf(text, size, "%s:%s.%u#%u", effect->kind == EFFECT_SPAWN_GUARD ? "guard" : "step",
                       lists[effect->list], effect->index, effect->attempt);
        break;
    case EFFECT_LOG:
        (void)snprintf(text, size, "'%s'", effect->row->word);
        break;
    case EFFECT_SIGNAL_CHILD:
    case EFFECT_SIGNAL_APP:
    case EFFECT_EXIT: {
        const char *name = effect->kind == EFFECT_EXIT         ? "exit"
                           : effect->kind == EFFECT_SIGNAL_APP ? "app-signal"
                                                               : "signal";
        (void)snprintf(text, size, "%s:%d", name, effect->number);
        break;
    }
    case EFFECT_RELEASE:
        (void)snprintf(text, size, "%s", effect->number ? "release-by-force" : "release");
        break;
    default: {
        static const char *const names[] = {
            [EFFECT_CLOSE_DATABASE] = "close", [EFFECT_KILL_DATABASE] = "kill-database",
            [EFFECT_KILL_CHILD] = "kill",      [EFFECT_TABLES] = "tables",
            [EFFECT_SUMMARY] = "summary",      [EFFECT_START] = "start",
            [EFFECT_KILL_REST] = "kill-rest",
        };
        (void)snprintf(text, size, "%s", names[effect->kind]);
    }
    }
}

void then(enum boot_state state, const char *effects)
{
    char text[2048] = "";
    for (unsigned i = 0; i < boot.effect_count; i++) {
        size_t length = strlen(text);
        if (i) {
            text[length++] = ' ';
        }
        print_effect(&boot.effects[i], text + length, sizeof text - length);
    }
    assert_string_equal(boot_state_name(boot.state), boot_state_name(state));
    assert_string_equal(text, effects);
}

void due(enum boot_timer timer, duration after_now)
{
    assert_int_equal(boot.deadline[timer] - boot.now, after_now);
}

void due_between(enum boot_timer timer, duration low, duration high)
{
    assert_in_range(boot.deadline[timer] - boot.now, low, high);
}

void never(enum boot_timer timer)
{
    assert_true(boot.deadline[timer] == BOOT_NEVER);
}

/* ---- short cuts ---- */

void reach_checking(void)
{
    begin();
    connected();
}

void reach_stepping(void)
{
    reach_checking();
    checked(0);
    if (plan.lock) {
        locked();
        checked(0);
    }
}

void reach_running(void)
{
    reach_checking();
    checked(GOOD);
    app_started();
}

void fail_step(int status)
{
    ended(status);
    sessions(0);
}

void reach_held(int status)
{
    plan.hold = true;
    switch (status) {
    case STATUS_SCHEMA:
        reach_stepping();
        ended(0);
        checked(0);
        break;
    case STATUS_UNREACHABLE:
        begin();
        failed(FAILURE_NOT_LISTENING);
        fire(TIMER_BUDGET);
        break;
    case STATUS_STEPS:
        steps[0].attempts = 1;
        reach_stepping();
        fail_step(1);
        checked(0);
        break;
    case STATUS_LOCK:
        reach_checking();
        checked(0);
        pass(plan.lock_timeout);
        busy();
        break;
    default:
        plan.permanent_grace = 0;
        begin();
        failed(FAILURE_REFUSED);
    }
    assert_int_equal(boot.status, status);
    assert_int_equal(boot.state, STATE_HELD);
}

bool lasts(enum boot_state state)
{
    static const bool passes[] = {
#define X(name, phase, transient) transient,
        BOOT_STATES(X)
#undef X
    };
    return !passes[state];
}

/* The states of a boot that goes well, and the waiting between. */
static void reach_early(enum boot_state state)
{
    plan.step_count[LIST_STEPS] = state != STATE_AWAITING;
    plan.verify_timeout = 60000;
    reach_checking();
    if (state == STATE_CONNECTING || state == STATE_RETRYING) {
        begin();
    }
    if (state == STATE_RETRYING) {
        failed(FAILURE_NOT_LISTENING);
    }
    if (state == STATE_AWAITING || state == STATE_LOCKING || state == STATE_QUEUING) {
        checked(0);
    }
    if (state == STATE_QUEUING) {
        busy();
    }
}

static void reach_in_step(enum boot_state state)
{
    steps[0].guarded = state == STATE_GUARDING;
    reach_stepping();
    if (state == STATE_ENDING) {
        fire(TIMER_STATE);
    } else if (state == STATE_VERIFYING) {
        ended(0);
    } else if (state != STATE_STEPPING && state != STATE_GUARDING) {
        ended(1);
    }
    if (state == STATE_UNSETTLED) {
        sessions(1);
    } else if (state == STATE_PAUSING) {
        sessions(0);
    }
}

static void reach_late(enum boot_state state)
{
    plan.exec = state == STATE_CLOSING;
    plan.placeholder = state == STATE_RELEASING;
    reach_checking();
    checked(GOOD);
    if (state == STATE_RELEASING || state == STATE_CLOSING || state == STATE_STARTING) {
        return;
    }
    app_started();
    if (state == STATE_LOOKING || state == STATE_WATCHING) {
        fire(TIMER_LOOK);
    }
    if (state == STATE_WATCHING) {
        connected();
    } else if (state == STATE_STOPPING) {
        signalled(SIGTERM);
    } else if (state == STATE_ENDED) {
        app_ended(0);
    }
}

static void reach_holding(enum boot_state state)
{
    reach_held(STATUS_SCHEMA);
    if (state != STATE_HELD) {
        fire(TIMER_LOOK);
    }
    if (state == STATE_HELD_CHECKING) {
        connected();
    }
}

void reach(enum boot_state state)
{
    set_up(NULL);
    if (state == STATE_NEW) {
        boot_init(&boot, &plan, 42);
        boot.taken = taken;
    } else if (state <= STATE_QUEUING) {
        reach_early(state);
    } else if (state <= STATE_VERIFYING) {
        reach_in_step(state);
    } else if (state <= STATE_STOPPING || state == STATE_ENDED) {
        reach_late(state);
    } else {
        reach_holding(state);
    }
    assert_string_equal(boot_state_name(boot.state), boot_state_name(state));
}
