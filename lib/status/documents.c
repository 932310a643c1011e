#include "status/documents.h"

#include <string.h>

static char *health(const struct status *status, size_t *length)
{
    char *json = status_health_json(status);
    *length = json ? strlen(json) : 0;
    return json;
}

static char *report(const struct status *status, size_t *length)
{
    char *json = status_report_json(status);
    *length = json ? strlen(json) : 0;
    return json;
}

char *document_render(enum document document, const struct status *status, size_t *length)
{
    static char *(*const renderers[DOCUMENTS])(const struct status *, size_t *) = {
        [DOCUMENT_HEALTH] = health,
        [DOCUMENT_REPORT] = report,
        [DOCUMENT_METRICS] = metrics_render,
        [DOCUMENT_PAGE] = page_render,
    };
    return renderers[document](status, length);
}
