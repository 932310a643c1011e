/* The endpoint's answers as libmicrohttpd's responses, made once and given to everybody who asks. */
#ifndef STATUS_ANSWERS_H
#define STATUS_ANSWERS_H

#include "status/documents.h"

#include <microhttpd.h>

/* Answers that do not change: name, HTTP status, body. */
#define NOTICE_TABLE(X)                                                                                        \
    X(NOTICE_ALIVE, MHD_HTTP_OK, "alive\n")                                                                    \
    X(NOTICE_SILENT, MHD_HTTP_SERVICE_UNAVAILABLE, "no answer from the supervisor\n")                          \
    X(NOTICE_NOT_FOUND, MHD_HTTP_NOT_FOUND,                                                                    \
      "not found: /health/ready, /health/live, /health/database, /status.json, /metrics and / are answered\n") \
    X(NOTICE_MALFORMED, MHD_HTTP_BAD_REQUEST, "malformed request\n")                                           \
    X(NOTICE_METHOD, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n")                                       \
    X(NOTICE_TOKEN, MHD_HTTP_UNAUTHORIZED, "a token is needed: Authorization: Bearer TOKEN\n")                 \
    X(NOTICE_TOO_LARGE, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "request line and headers are too large\n")

enum notice {
#define X(name, status, body) name,
    NOTICE_TABLE(X)
#undef X
        NOTICES
};

struct answers {
    const char *instance; /* the value of HTTP_INSTANCE in each */
    const struct status *status;
    struct MHD_Response *notices[NOTICES];
    struct MHD_Response *documents[DOCUMENTS][2]; /* of HTTP status 503, 200 */
    int64_t second;                               /* when they were rendered */
};

/* Queue the answer; MHD_NO, which closes the connection, if memory runs out. */
enum MHD_Result answers_give_notice(struct answers *answers, struct MHD_Connection *connection, enum notice notice);
enum MHD_Result answers_give_document(struct answers *answers, struct MHD_Connection *connection,
                                      enum document document, bool ok);

/* The same answer as it stands on the wire, for a connection that libmicrohttpd has not seen. Returns its length. */
size_t answers_write_notice(const struct answers *answers, enum notice notice, char *buffer, size_t size);

/* The documents are rendered anew when they are next asked for. */
void answers_forget(struct answers *answers);
/* The same if they are older than a second: they tell the time of the answer. */
void answers_age(struct answers *answers);

#endif
