#include "database/apply_session.h"

#include "base/exit_status.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CANCEL_SECONDS 2                 /* all that may happen after a signal */
#define CANCEL_PATIENCE ((duration)1500) /* of it, how long the server's answer is waited for */

static const int endings[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static volatile sig_atomic_t exit_signal;

static void exit_at_once(int number)
{
    static const char unanswered[] = "no answer to the cancel request: the statement may still run in the server\n";

    if (number == SIGALRM) {
        (void)!write(STDERR_FILENO, unanswered, sizeof unanswered - 1);
    }
    _exit(STATUS_SIGNAL + (number == SIGALRM ? (int)exit_signal : number));
}

void session_signals_exit(void)
{
    struct sigaction action = { .sa_handler = exit_at_once };
    struct sigaction before;

    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (sigaction(endings[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(endings[i], &action, NULL);
        }
    }
}

/* Blocks the signals that are not ignored and puts them into the set: a blocked signal comes to a signalfd even where
 * it is ignored. */
static void block_endings(sigset_t *set)
{
    struct sigaction action;

    sigemptyset(set);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (sigaction(endings[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(set, endings[i]);
        }
    }
    (void)sigprocmask(SIG_BLOCK, set, NULL);
}

/* The alarm must be able to end us whatever mask and disposition were inherited. */
static void prepare_alarm(void)
{
    struct sigaction action = { .sa_handler = exit_at_once };
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool session_begin(struct apply_session *session, PGconn *connection)
{
    sigset_t set;

    *session = (struct apply_session){ .connection = connection };
    block_endings(&set);
    prepare_alarm();
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return session->signals >= 0 && PQsetnonblocking(connection, 1) == 0;
}

void session_end(struct apply_session *session)
{
    PQfinish(session->connection);
    (void)close(session->signals);
}

bool session_lost(const struct apply_session *session)
{
    return session->given_up || PQstatus(session->connection) == CONNECTION_BAD;
}

static void read_signal(struct apply_session *session)
{
    struct signalfd_siginfo info;

    if (session->caught == 0 && read(session->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        session->caught = (int)info.ssi_signo;
        exit_signal = session->caught;
        (void)alarm(CANCEL_SECONDS); /* PQcancel has no limit of its own, nor has a standard output that nobody reads */
    }
}

/* Asks the server to end what it does for us; the answer comes over the connection. No other query is sent after this,
 * so a cancel that comes late can hit nothing else. */
static void cancel(struct apply_session *session)
{
    PGcancel *request = PQgetCancel(session->connection);
    char why[256];

    if (request) {
        (void)PQcancel(request, why, sizeof why);
        PQfreeCancel(request);
    }
    session->deadline = clock_now() + CANCEL_PATIENCE;
}

static int poll_limit(const struct apply_session *session)
{
    instant left = session->deadline - clock_now();

    return session->deadline == 0 ? -1 : left > 0 ? (int)left : 0;
}

/* Waits until the connection or a signal has something. False when the time is over. */
static bool wait_for_something(struct apply_session *session, bool unsent)
{
    struct pollfd descriptors[2] = {
        { .fd = PQsocket(session->connection), .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) },
        { .fd = session->caught ? -1 : session->signals, .events = POLLIN },
    };
    int ready = poll(descriptors, 2, poll_limit(session));

    if (ready <= 0) {
        session->given_up = session->deadline != 0 && clock_now() >= session->deadline;
        return !session->given_up;
    }
    if (descriptors[1].revents) {
        read_signal(session);
        cancel(session);
    }
    if (descriptors[0].revents & ~POLLOUT) {
        (void)PQconsumeInput(session->connection); /* a failure comes as the next result */
    }
    return true;
}

/* Counts one result, or keeps it: the first error, and of session_fetch the rows. */
static void take_result(PGresult *one, struct apply_result *result, PGresult **kept)
{
    switch (PQresultStatus(one)) {
    case PGRES_SINGLE_TUPLE:
        result->rows++;
        break;
    case PGRES_TUPLES_OK:
        if (kept && !*kept) {
            *kept = one;
            return;
        }
        result->statements++;
        break;
    case PGRES_COMMAND_OK:
        result->statements++;
        break;
    case PGRES_EMPTY_QUERY:
        break;
    default:
        if (!result->error) {
            result->error = one;
            return;
        }
    }
    PQclear(one);
}

/* Takes what has come. True when that was all. The lexer refuses COPY with the client; were one to come all the same,
 * it would never end. */
static bool take_results(struct apply_session *session, struct apply_result *result, PGresult **kept)
{
    while (!PQisBusy(session->connection)) {
        PGresult *one = PQgetResult(session->connection);
        ExecStatusType status = PQresultStatus(one);

        if (!one) {
            return true;
        }
        take_result(one, result, kept);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            session->given_up = true;
            return true;
        }
    }
    return false;
}

/* From the sent query to its last result. */
static bool finish_query(struct apply_session *session, struct apply_result *result, PGresult **kept)
{
    for (;;) {
        int unsent = PQflush(session->connection);

        if (take_results(session, result, kept)) {
            return !result->error && !session_lost(session);
        }
        if (!wait_for_something(session, unsent > 0)) {
            return false;
        }
    }
}

bool session_query(struct apply_session *session, const char *sql, struct apply_result *result)
{
    *result = (struct apply_result){ 0 };
    read_signal(session);
    if (session->caught || session_lost(session) || !PQsendQuery(session->connection, sql)) {
        return false;
    }
    (void)PQsetSingleRowMode(session->connection); /* a SELECT of a whole table must not fill the memory */
    return finish_query(session, result, NULL);
}

PGresult *session_fetch(struct apply_session *session, const char *sql, const char *parameter,
                        struct apply_result *result)
{
    PGresult *rows = NULL;
    bool done;

    *result = (struct apply_result){ 0 };
    read_signal(session);
    done = !session->caught && !session_lost(session) &&
           PQsendQueryParams(session->connection, sql, parameter ? 1 : 0, NULL, &parameter, NULL, NULL, 0) &&
           finish_query(session, result, &rows);
    if (!done) {
        PQclear(rows);
        return NULL;
    }
    return rows;
}
