#include "status/answers.h"

#include "base/text.h"
#include "status/http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct header {
    const char *name, *value;
};

static const struct {
    unsigned status;
    const char *body;
} notices[] = {
#define X(name, status, body) { status, body },
    NOTICE_TABLE(X)
#undef X
};

/* What stands in every answer, and in the notices of one HTTP status. */
static const struct header always[] = { { "Cache-Control", "no-store" }, { "X-Content-Type-Options", "nosniff" } };
static const struct {
    unsigned status;
    struct header header;
} sometimes[] = { { MHD_HTTP_BAD_REQUEST, { "Connection", "close" } },
                  { MHD_HTTP_METHOD_NOT_ALLOWED, { "Allow", "GET, HEAD" } },
                  { MHD_HTTP_UNAUTHORIZED, { "WWW-Authenticate", "Bearer" } },
                  { MHD_HTTP_SERVICE_UNAVAILABLE, { "Retry-After", "1" } } };
static const char notice_type[] = "text/plain; charset=utf-8";

static struct MHD_Response *make(const struct answers *answers, char *text, enum MHD_ResponseMemoryMode mode,
                                 const char *type)
{
    struct MHD_Response *response = text ? MHD_create_response_from_buffer(strlen(text), text, mode) : NULL;
    if (!response) {
        if (mode == MHD_RESPMEM_MUST_FREE) {
            free(text);
        }
        return NULL;
    }
    MHD_add_response_header(response, "Content-Type", type);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        MHD_add_response_header(response, always[i].name, always[i].value);
    }
    MHD_add_response_header(response, HTTP_INSTANCE, answers->instance);
    return response;
}

enum MHD_Result answers_give_notice(struct answers *answers, struct MHD_Connection *connection, enum notice notice)
{
    unsigned status = notices[notice].status;
    struct MHD_Response **kept = &answers->notices[notice];

    if (!*kept) {
        const char *body = notices[notice].body;
        *kept = make(answers, (char *)body, MHD_RESPMEM_PERSISTENT, notice_type);
        for (size_t i = 0; *kept && i < sizeof sometimes / sizeof sometimes[0]; i++) {
            if (sometimes[i].status == status) {
                MHD_add_response_header(*kept, sometimes[i].header.name, sometimes[i].header.value);
            }
        }
    }
    return *kept ? MHD_queue_response(connection, status, *kept) : MHD_NO;
}

size_t answers_write_notice(const struct answers *answers, enum notice notice, char *buffer, size_t size)
{
    unsigned status = notices[notice].status;
    const char *body = notices[notice].body;
    char date[64];
    time_t now = time(NULL);
    struct tm utc;
    struct text text = text_over(buffer, size);

    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    text_printf(&text, "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s: %s\r\n", status,
                MHD_get_reason_phrase_for(status), date, notice_type, strlen(body), HTTP_INSTANCE, answers->instance);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        text_printf(&text, "%s: %s\r\n", always[i].name, always[i].value);
    }
    for (size_t i = 0; i < sizeof sometimes / sizeof sometimes[0]; i++) {
        if (sometimes[i].status == status) {
            text_printf(&text, "%s: %s\r\n", sometimes[i].header.name, sometimes[i].header.value);
        }
    }
    text_printf(&text, "\r\n%s", body);
    return text.length;
}

static struct MHD_Response *render(const struct answers *answers, enum document document, bool ok)
{
    static const char *const types[DOCUMENTS] = { [DOCUMENT_HEALTH] = "application/json",
                                                  [DOCUMENT_REPORT] = "application/json",
                                                  [DOCUMENT_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
                                                  [DOCUMENT_PAGE] = "text/html; charset=utf-8" };
    char *text = document_render(document, answers->status);
    struct MHD_Response *response = make(answers, text, MHD_RESPMEM_MUST_FREE, types[document]);
    if (response && !ok) {
        MHD_add_response_header(response, "Retry-After", "1");
    }
    if (response && document == DOCUMENT_PAGE) {
        MHD_add_response_header(response, "Content-Security-Policy", page_policy());
        MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
        MHD_add_response_header(response, "X-Frame-Options", "DENY");
    }
    return response;
}

enum MHD_Result answers_give_document(struct answers *answers, struct MHD_Connection *connection,
                                      enum document document, bool ok)
{
    struct MHD_Response **kept = &answers->documents[document][ok];
    if (!*kept) {
        *kept = render(answers, document, ok);
    }
    return *kept ? MHD_queue_response(connection, ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, *kept) : MHD_NO;
}

void answers_forget(struct answers *answers)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        for (int ok = 0; ok < 2; ok++) {
            if (answers->documents[i][ok]) {
                MHD_destroy_response(answers->documents[i][ok]); /* those who are being answered hold on to it */
                answers->documents[i][ok] = NULL;
            }
        }
    }
}

void answers_age(struct answers *answers)
{
    int64_t second = clock_now() / 1000;
    if (second != answers->second) {
        answers->second = second;
        answers_forget(answers);
    }
}
