#include "status/documents.h"

char *document_render(enum document document, const struct status *status)
{
    static char *(*const renderers[DOCUMENTS])(const struct status *) = {
        [DOCUMENT_HEALTH] = status_health_json,
        [DOCUMENT_REPORT] = status_report_json,
        [DOCUMENT_METRICS] = metrics_render,
        [DOCUMENT_PAGE] = page_render,
    };
    return renderers[document](status);
}
