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

/* Each host's in their order, and what is no name as it is. */
static void a_destination_has_the_addresses_of_all_its_hosts(void **state)
{
    const char *hosts[] = { "localhost", "/run/postgresql", "::1", "db.example" }, *ports[] = { "1", "2", "3", "4" };
    const char *numeric[] = { NULL, NULL, NULL, "127.0.0.9" };
    struct destination destination = { .host_count = 4, .hosts = hosts, .numeric = numeric, .ports = ports };
    struct server_addresses addresses = { .count = 9 }; /* what was there is forgotten */
    struct arena *arena = arena_new();
    struct deadline deadline = deadline_in(5000, -1);
    size_t first;

    (void)state;
    resolve_destination(&destination, &addresses, &deadline, arena);
    assert_true(addresses.count >= 4);
    first = addresses.count - 3;
    for (size_t i = 0; i < first; i++) {
        assert_string_equal(addresses.items[i].host, "localhost");
        assert_string_equal(addresses.items[i].port, "1");
    }
    for (size_t i = 1; i < 4; i++) {
        assert_string_equal(addresses.items[first + i - 1].host, hosts[i]);
        assert_string_equal(addresses.items[first + i - 1].port, ports[i]);
    }
    assert_string_equal(addresses.items[addresses.count - 1].numeric, "127.0.0.9");

    resolve_keep(&destination, &addresses, arena); /* is not looked up again */
    assert_int_equal(destination.host_count, addresses.count);
    for (size_t i = 0; i < addresses.count; i++) {
        assert_string_equal(destination.hosts[i], addresses.items[i].host);
        assert_string_equal(destination.ports[i], addresses.items[i].port);
        assert_ptr_equal(destination.numeric[i], addresses.items[i].numeric);
    }
    arena_free(arena);
}

static void a_destination_without_an_address_keeps_its_names(void **state)
{
    const char *hosts[] = { "db.example" }, *ports[] = { "5432" }, *numeric[] = { NULL };
    struct destination destination = { .host_count = 1, .hosts = hosts, .numeric = numeric, .ports = ports };
    const struct server_addresses none = { 0 };
    struct arena *arena = arena_new();

    (void)state;
    resolve_keep(&destination, &none, arena);
    assert_int_equal(destination.host_count, 1);
    assert_string_equal(destination.hosts[0], "db.example");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_its_addresses),
        cmocka_unit_test(a_destination_has_the_addresses_of_all_its_hosts),
        cmocka_unit_test(a_destination_without_an_address_keeps_its_names),
        cmocka_unit_test(where_no_process_may_be_made_a_name_is_looked_up_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
