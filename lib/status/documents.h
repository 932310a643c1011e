/* Everything that the endpoint answers with, rendered from one status. */
#ifndef STATUS_DOCUMENTS_H
#define STATUS_DOCUMENTS_H

#include "status/status.h"

enum document { DOCUMENT_HEALTH, DOCUMENT_REPORT, DOCUMENT_METRICS, DOCUMENT_PAGE, DOCUMENTS };

/* The document as text from malloc; NULL if memory runs out. */
char *document_render(enum document document, const struct status *status);

/* page.c, metrics.c */
char *page_render(const struct status *status);
char *metrics_render(const struct status *status);

/* The Content-Security-Policy of the page: nothing but its own style, known by its hash. */
const char *page_policy(void);

#endif
