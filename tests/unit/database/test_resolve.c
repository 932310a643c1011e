#include "database/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

/* How many addresses localhost has. */
static size_t look_up(void)
{
    struct arena *arena = arena_new();
    struct deadline deadline = deadline_in(5000, -1);
    struct server_addresses addresses = { 0 };

    resolve_host(&addresses, "localhost", NULL, "5432", &deadline, arena);

    size_t count = addresses.count;

    arena_free(arena);
    return count;
}

static void a_name_has_its_addresses(void **state)
{
    (void)state;
    assert_in_range(look_up(), 1, 8);
}

/* The limit of processes binds everybody but root. */
static void where_no_process_may_be_made_a_name_is_looked_up_all_the_same(void **state)
{
    (void)state;
    pid_t child = fork();
    int status;

    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        bool limited = (getuid() != 0 || setuid(NOBODY) == 0) && setrlimit(RLIMIT_NPROC, &none) == 0 && fork() < 0;

        _exit(limited && look_up() > 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_its_addresses),
        cmocka_unit_test(where_no_process_may_be_made_a_name_is_looked_up_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
