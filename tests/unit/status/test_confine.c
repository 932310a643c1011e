#include "status/confine.h"

#include "../process/child.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#define REFUSED(call) CHECK((call) < 0 && errno == EPERM)

static int opens_nothing(void)
{
    CHECK(confine());
    REFUSED(open("/etc/hosts", O_RDONLY | O_CLOEXEC));
    REFUSED(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    REFUSED(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REFUSED(syscall(SYS_memfd_create, "name", 0));
    return 0;
}

static int starts_nothing(void)
{
    char *const argv[] = { "true", NULL };
    CHECK(confine());
    REFUSED(fork());
    REFUSED(execv("/bin/true", argv));
    REFUSED(kill(getppid(), 0));
    return 0;
}

static int serves_what_is_open(void)
{
    int ends[2];
    char byte = 'x';
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(confine());
    CHECK(send(ends[0], &byte, 1, MSG_NOSIGNAL) == 1 && recv(ends[1], &byte, 1, 0) == 1);
    CHECK(accept(ends[0], NULL, NULL) < 0 && errno != EPERM);
    free(malloc((size_t)1 << 20));
    return 0;
}

static void a_confined_process_opens_no_file_and_no_socket(void **state)
{
    (void)state;
    assert_holds(opens_nothing);
}

static void it_starts_and_signals_no_process(void **state)
{
    (void)state;
    assert_holds(starts_nothing);
}

static void it_serves_what_is_open(void **state)
{
    (void)state;
    assert_holds(serves_what_is_open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_process_opens_no_file_and_no_socket),
        cmocka_unit_test(it_starts_and_signals_no_process),
        cmocka_unit_test(it_serves_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
