/* What the tests of the boot machine share: a boot, a plan that they change, events as short calls, and effects as
 * text. */
#ifndef TESTS_UNIT_BOOT_DRIVER_H
#define TESTS_UNIT_BOOT_DRIVER_H

#include "base/exit_status.h"
#include "boot/boot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern struct boot boot;
extern struct boot_plan plan; /* set to the defaults of contract section 2 before every test */
extern struct boot_step before[4], steps[4], after[4];
extern unsigned taken[BOOT_ROWS_MAX]; /* over all tests */

int set_up(void **state);

enum { HEALTHY = 1, PROVEN = 2, GONE = 4, HOPELESS = 8, BEHIND = 16 };
#define GOOD (HEALTHY | PROVEN)

/* Events. Each fails the test if the machine has no row for it, but those told by `ignored`. */
void begin(void); /* boot_init with the plan, and BEGIN */
void connected(void);
void failed(enum failure failure);
void checked(unsigned look);
void locked(void);
void busy(void);
void sessions(unsigned count);
void lock_lost(void);
void died(void);
void released(void);
void closed(void);
void ended(int status);
void ended_permanently(int status);
void guard_ended(bool additive);
void app_started(void);
void app_refused(int status);
void app_ended(int status);
void signalled(int signal);
void fire(enum boot_timer timer); /* at its deadline */
void pass(duration time);         /* before the next event */
bool handle(const struct boot_event *event);
void ignored(const struct boot_event *event);

/* Asserts the state and the effects of the last event. Effects are words with blanks between, in their order: 'word' of
 * a logged sentence, connect[+probe][+prove][+alone] check[+history][+direct] lock sessions, close kill-database,
 * guard:LIST.INDEX#ATTEMPT step:LIST.INDEX#ATTEMPT signal:N kill, tables summary start app-signal:N kill-rest exit:N.
 */
void then(enum boot_state state, const char *effects);
/* Asserts that the timer is armed so long from now. */
void due(enum boot_timer timer, duration after);
void due_between(enum boot_timer timer, duration low, duration high);
void never(enum boot_timer timer);

/* Short cuts over several events. */
void reach_checking(void);   /* connected, the first look is ordered */
void reach_stepping(void);   /* the first step of migrate.steps runs, under the lock if the plan has one */
void reach_running(void);    /* the application runs, nothing had to be migrated */
void reach_held(int status); /* 65, 69, 70, 75 or 77, in plan.hold */
void fail_step(int status);  /* the step ends so, and nothing of it is left in the server */
/* Any state that lasts, by a real sequence of events. */
void reach(enum boot_state state);
bool lasts(enum boot_state state);

/* The groups. */
extern const struct CMUnitTest waiting_tests[], locking_tests[], ladder_tests[], settling_tests[], application_tests[],
    signal_tests[], held_tests[], table_tests[];
extern const size_t waiting_count, locking_count, ladder_count, settling_count, application_count, signal_count,
    held_count, table_count;

#define GROUP(name, ...)                                      \
    const struct CMUnitTest name##_tests[] = { __VA_ARGS__ }; \
    const size_t name##_count = sizeof name##_tests / sizeof name##_tests[0]
#define TEST(name) cmocka_unit_test_setup(name, set_up)

#endif
