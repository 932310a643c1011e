/* The pieces of the page, for its two files. Texts are escaped here and nowhere else. */
#ifndef STATUS_PAGE_H
#define STATUS_PAGE_H

#include "status/status.h"

#include <stdio.h>

/* `open` and `close` are markup, `text` is not. */
void page_element(FILE *out, const char *open, const char *text, const char *close);
/* A timestamp of ours as people read it, its own form for machines. */
void page_time(FILE *out, const char *timestamp);

/* page_schema.c: the sections about tables, steps and migrations */
void page_tables(FILE *out, const struct status *status);
void page_steps(FILE *out, const struct status *status);
void page_migrations(FILE *out, const struct status *status);

#endif
