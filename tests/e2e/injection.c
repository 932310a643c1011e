/* Preloaded into pgentry: makes one call of one function fail, and counts the calls of all of them. test_injection.py
 * builds and drives it.
 *
 *   INJECTION_FILE  a file of INJECTION_SIZE bytes, mapped by all of pgentry's processes: the rows below, then
 * `reached` INJECTION       FUNCTION:N:ERRNO, the Nth call fails; N+ for that and every later one; 0 for the next one
 * each time that `armed` is set. Unset: calls are only counted. To stop watching a descriptor never fails
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 96
#define INJECTION_SIZE 8192

struct row {
    char name[40];
    uint32_t calls;
};

struct shared {
    uint32_t reached, armed;
    struct row rows[ROWS];
};
_Static_assert(sizeof(struct shared) <= INJECTION_SIZE, "the rows fit");

static struct shared nothing;
static struct shared *shared = &nothing; /* until the file is mapped */
static char function[40];
static unsigned long wanted;
static bool onward;
static int number;
static __thread bool inside; /* dlsym allocates */

__attribute__((constructor)) static void begin(void)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    const char *path = getenv("INJECTION_FILE"), *plan = getenv("INJECTION");
    if (!path || !strstr(self, "pgentry")) { /* a step's or the application's own program */
        return;
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *mapped = (void *)syscall(SYS_mmap, NULL, INJECTION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED) {
        abort();
    }
    if (plan) {
        char plus = '\0';
        const char *colon = strchr(plan, ':');
        memcpy(function, plan, (size_t)(colon - plan));
        if (sscanf(colon, ":%lu+:%d%c", &wanted, &number, &plus) == 2) {
            onward = true;
        } else if (sscanf(colon, ":%lu:%d", &wanted, &number) != 2) {
            abort();
        }
    }
    shared = mapped;
}

/* Is this the call that fails? */
static bool due(const char *name, struct row **row)
{
    if (!*row || (*row < shared->rows || *row >= shared->rows + ROWS)) {
        struct row *at = shared->rows;
        for (; at->name[0] && strcmp(at->name, name) != 0; at++) {
        }
        if (!at->name[0]) {
            (void)snprintf(at->name, sizeof at->name, "%s", name);
        }
        *row = at;
    }
    uint32_t call = __atomic_add_fetch(&(*row)->calls, 1, __ATOMIC_SEQ_CST);
    if (shared == &nothing || strcmp(name, function) != 0 ||
        !(onward   ? call >= wanted
          : wanted ? call == wanted
                   : __atomic_exchange_n(&shared->armed, 0, __ATOMIC_SEQ_CST))) {
        return false;
    }
    shared->reached = 1;
    errno = number;
    return true;
}

#define UNWRAP(...) __VA_ARGS__
#define FAILS(type, failure, name, parameters, ...)    \
    type name(UNWRAP parameters)                       \
    {                                                  \
        static type (*real)(UNWRAP parameters);        \
        static struct row *row;                        \
        if (!real) {                                   \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        }                                              \
        if (due(#name, &row)) {                        \
            return failure;                            \
        }                                              \
        return real(__VA_ARGS__);                      \
    }

/* ---- the system ---- */

FAILS(pid_t, -1, _Fork, (void))
FAILS(int, -1, pipe2, (int ends[2], int flags), ends, flags)
FAILS(int, -1, socketpair, (int domain, int type, int protocol, int ends[2]), domain, type, protocol, ends)
FAILS(int, -1, socket, (int domain, int type, int protocol), domain, type, protocol)
FAILS(int, -1, connect, (int fd, const struct sockaddr *address, socklen_t length), fd, address, length)
FAILS(int, -1, bind, (int fd, const struct sockaddr *address, socklen_t length), fd, address, length)
FAILS(int, -1, listen, (int fd, int backlog), fd, backlog)
FAILS(int, -1, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags), fd, address, length, flags)
FAILS(int, -1, epoll_create1, (int flags), flags)
FAILS(int, -1, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout), epoll, events, most, timeout)

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    static struct row *row;
    if (what != EPOLL_CTL_DEL && due("epoll_ctl", &row)) {
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
}

FAILS(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout), fds, count, timeout)
FAILS(ssize_t, -1, read, (int fd, void *bytes, size_t length), fd, bytes, length)
FAILS(ssize_t, -1, write, (int fd, const void *bytes, size_t length), fd, bytes, length)
FAILS(ssize_t, -1, send, (int fd, const void *bytes, size_t length, int flags), fd, bytes, length, flags)
FAILS(ssize_t, -1, recv, (int fd, void *bytes, size_t length, int flags), fd, bytes, length, flags)
FAILS(int, -1, dup2, (int from, int to), from, to)
FAILS(int, -1, setpgid, (pid_t pid, pid_t group), pid, group)
FAILS(int, -1, chdir, (const char *path), path)
FAILS(int, -1, execve, (const char *path, char *const argv[], char *const envp[]), path, argv, envp)
FAILS(int, -1, signalfd, (int fd, const sigset_t *mask, int flags), fd, mask, flags)
FAILS(pid_t, -1, wait4, (pid_t pid, int *status, int options, struct rusage *usage), pid, status, options, usage)
FAILS(int, -1, setresuid, (uid_t real_id, uid_t effective, uid_t saved), real_id, effective, saved)
FAILS(int, EAI_AGAIN, getaddrinfo,
      (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found), node, service,
      hints, found)

static int open_or_fail(const char *path, int flags, mode_t mode)
{
    static int (*real)(const char *, int, ...);
    static struct row *row;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    }
    return due("open", &row) ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_or_fail(path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
    static int (*real)(int, int, ...);
    static struct row *row;
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "fcntl");
    }
    return due("fcntl", &row) ? -1 : real(fd, command, argument);
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

#define ALLOCATES(name, parameters, ...)   \
    void *name(UNWRAP parameters)          \
    {                                      \
        static struct row *row;            \
        if (!inside) {                     \
            inside = true;                 \
            bool fails = due(#name, &row); \
            inside = false;                \
            if (fails) {                   \
                return NULL;               \
            }                              \
        }                                  \
        return __libc_##name(__VA_ARGS__); \
    }
ALLOCATES(malloc, (size_t size), size)
ALLOCATES(calloc, (size_t count, size_t size), count, size)
ALLOCATES(realloc, (void *old, size_t size), old, size)
FAILS(char *, NULL, strdup, (const char *text), text)
FAILS(void *, MAP_FAILED, mmap, (void *at, size_t length, int prot, int flags, int fd, off_t offset), at, length, prot,
      flags, fd, offset)
FAILS(FILE *, NULL, fopen, (const char *path, const char *mode), path, mode)

/* ---- libraries ---- */

FAILS(PGconn *, NULL, PQconnectStartParams, (const char *const *words, const char *const *values, int expand), words,
      values, expand)
FAILS(PostgresPollingStatusType, PGRES_POLLING_FAILED, PQconnectPoll, (PGconn * connection), connection)
FAILS(int, 0, PQsendQuery, (PGconn * connection, const char *query), connection, query)
FAILS(int, 0, PQsendQueryParams,
      (PGconn * connection, const char *query, int count, const Oid *types, const char *const *values,
       const int *lengths, const int *formats, int format),
      connection, query, count, types, values, lengths, formats, format)
FAILS(PGresult *, NULL, PQgetResult, (PGconn * connection), connection)
FAILS(int, 0, PQconsumeInput, (PGconn * connection), connection)
FAILS(int, -1, PQflush, (PGconn * connection), connection)
FAILS(int, 0, PQenterPipelineMode, (PGconn * connection), connection)
FAILS(int, 0, PQpipelineSync, (PGconn * connection), connection)
FAILS(int, 0, PQexitPipelineMode, (PGconn * connection), connection)
FAILS(int, -1, PQsetnonblocking, (PGconn * connection, int on), connection, on)
FAILS(PQconninfoOption *, NULL, PQconninfo, (PGconn * connection), connection)
FAILS(PQconninfoOption *, NULL, PQconndefaults, (void))
FAILS(struct MHD_Response *, NULL, MHD_create_response_from_buffer,
      (size_t length, void *bytes, enum MHD_ResponseMemoryMode mode), length, bytes, mode)

struct MHD_Daemon *MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback policy,
                                    void *policy_argument, MHD_AccessHandlerCallback handler, void *argument, ...)
{
    static struct row *row;
    static struct MHD_Daemon *(*real)(unsigned, uint16_t, MHD_AcceptPolicyCallback, void *, MHD_AccessHandlerCallback,
                                      void *, ...);
    void *options[40];
    va_list arguments;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "MHD_start_daemon");
    }
    if (due("MHD_start_daemon", &row)) {
        return NULL;
    }
    va_start(arguments, argument);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) { /* as many words as any caller passes */
        options[i] = va_arg(arguments, void *);
    }
    va_end(arguments);
    void **o = options;
    return real(flags, port, policy, policy_argument, handler, argument, o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7],
                o[8], o[9], o[10], o[11], o[12], o[13], o[14], o[15], o[16], o[17], o[18], o[19], o[20], o[21], o[22],
                o[23], o[24], o[25], o[26], o[27], o[28], o[29], o[30], o[31], o[32], o[33], o[34], o[35], o[36], o[37],
                o[38], o[39]);
}
