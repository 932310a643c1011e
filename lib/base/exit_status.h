/* The exit statuses of pgentry: the one table from which the code, `pgentry help` and the reference page take them.
 * 64 to 78 are those of sysexits(3); 126, 127 and 128+N are those of a shell (POSIX XCU 2.8.2). */
#ifndef BASE_EXIT_STATUS_H
#define BASE_EXIT_STATUS_H

#define EXIT_STATUS_TABLE(X)                                                                              \
    X(STATUS_OK, 0, "success")                                                                            \
    X(STATUS_FAILED, 1, "health: not healthy; apply: an SQL error, or a file that cannot be run")         \
    X(STATUS_USAGE, 64, "wrong usage")                                                                    \
    X(STATUS_SCHEMA, 65, "schema not healthy")                                                            \
    X(STATUS_UNREACHABLE, 69, "database not reachable in time")                                           \
    X(STATUS_STEPS, 70, "every step failed")                                                              \
    X(STATUS_RESOURCE, 71, "the system refuses a resource (descriptors, processes, memory) at the start") \
    X(STATUS_CANNOT_CREATE, 73, "a file that may not be made")                                            \
    X(STATUS_IO, 74, "a file that may not be written")                                                    \
    X(STATUS_LOCK, 75, "lock not obtained in time")                                                       \
    X(STATUS_REFUSED, 77, "the database refuses us for good (credentials, no such database, no right)")   \
    X(STATUS_CONFIG, 78, "configuration")                                                                 \
    X(STATUS_NOT_EXECUTABLE, 126, "application not executable")                                           \
    X(STATUS_NOT_FOUND, 127, "application not found")                                                     \
    X(STATUS_SIGNAL, 128, "128+N: stopped by signal N before the application ran")

enum exit_status {
#define X(name, number, sentence) name = (number),
    EXIT_STATUS_TABLE(X)
#undef X
};

#endif
