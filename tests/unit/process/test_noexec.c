#include "process/noexec.h"

#include "base/seccomp.h"
#include "child.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int runs_nothing(void)
{
    char *const argv[] = { "true", NULL };
    CHECK(noexec());
    CHECK(execv("/bin/true", argv) < 0 && errno == EPERM);
    CHECK(syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, environ, 0) < 0 && errno == EPERM);
    return 0;
}

static int traces_nobody(void)
{
    CHECK(noexec());
    char byte;
    struct iovec own = { &byte, 1 }, foreign = { &byte, 1 }; /* the parent has it at the same address */
    int parent = (int)syscall(SYS_pidfd_open, getppid(), 0);
    CHECK(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && errno == EPERM);
    CHECK(process_vm_readv(getppid(), &own, 1, &foreign, 1, 0) < 0 && errno == EPERM);
    CHECK(parent >= 0 && syscall(SYS_pidfd_getfd, parent, 0, 0) < 0 && errno == EPERM);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

static int child_runs_nothing(void)
{
    CHECK(noexec());
    CHECK(status_of(runs_nothing) == 0);
    return 0;
}

static int opens_what_a_connection_needs(void)
{
    CHECK(noexec());
    CHECK(open("/etc/hosts", O_RDONLY | O_CLOEXEC) >= 0);
    CHECK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
    free(malloc((size_t)1 << 20));
    return 0;
}

static int says_that_it_is_refused(void)
{
    const int forbidden[] = { SYS_prctl };
    char told[256];
    int ends[2];

    CHECK(seccomp_filter(forbidden, 1, false));
    CHECK(pipe2(ends, O_NONBLOCK) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    CHECK(!noexec());
    ssize_t length = read(ends[0], told, sizeof told - 1);
    CHECK(length > 0);
    told[length] = '\0';
    CHECK(strcmp(told, "pgentry: the kernel refuses a filter of system calls: Operation not permitted\n") == 0);
    return 0;
}

static void a_process_that_may_not_be_confined_says_so(void **state)
{
    (void)state;
    assert_holds(says_that_it_is_refused);
}

static void a_process_without_exec_runs_no_program(void **state)
{
    (void)state;
    assert_holds(runs_nothing);
}

static void its_children_run_none_either(void **state)
{
    (void)state;
    assert_holds(child_runs_nothing);
}

static void it_traces_no_other_process(void **state)
{
    (void)state;
    assert_holds(traces_nobody);
}

static void it_still_opens_files_and_connections(void **state)
{
    (void)state;
    assert_holds(opens_what_a_connection_needs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_without_exec_runs_no_program),
        cmocka_unit_test(its_children_run_none_either),
        cmocka_unit_test(it_traces_no_other_process),
        cmocka_unit_test(it_still_opens_files_and_connections),
        cmocka_unit_test(a_process_that_may_not_be_confined_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
