/* Why the database could not be reached or asked: shared by the process that asks and the machine that decides. */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

/* Why a connection or a query failed: what to do about it is in the class, not in the text. */
#define FAILURE_TABLE(X)                                                                                \
    X(FAILURE_NOT_LISTENING) /* refused, no such socket: probed at probe_interval */                    \
    X(FAILURE_NO_ANSWER)     /* packets vanish, host unreachable: a fresh probe each second */          \
    X(FAILURE_NAME)          /* the host's name does not resolve (yet) */                               \
    X(FAILURE_NOT_READY)     /* 57P03, 53300, 08xxx, 57P01 …: backoff */                              \
    X(FAILURE_READ_ONLY)     /* a standby, and read-write is wanted: backoff */                         \
    X(FAILURE_ALSO)          /* something of wait.also: probed at probe_interval */                     \
    X(FAILURE_REFUSED)       /* 28xxx, 3D000, 42501, TLS refused: permanent after permanent_grace */    \
    X(FAILURE_CONFIG)        /* exit 78 at once: direct_url is another database, a pooler, a bad URL */ \
    X(FAILURE_QUERY)         /* the server answered a query of ours with an error: backoff */

enum failure {
#define X(name) name,
    FAILURE_TABLE(X)
#undef X
        FAILURES
};

#endif
