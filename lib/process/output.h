/* A child's output as lines: masked, made visible, long ones capped; the last ones kept for the report. No allocation
 * after output_init. */
#ifndef PROCESS_OUTPUT_H
#define PROCESS_OUTPUT_H

#include "base/strings.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_LINE_MAX 8192  /* bytes of one line that are shown; the rest is counted: " … 12345 more bytes" */
#define OUTPUT_LAST_LINES 20  /* kept for the report */
#define OUTPUT_LAST_BYTES 8192
#define OUTPUT_CODES 8        /* distinct known error codes remembered */

typedef void output_line(void *argument, const char *line);

struct output;

/* `each` is called for every line, masked and visible, without its end. `permanent` are the words of permanent_errors:
 * output_permanent tells the first of them seen in the output (as a whole word), across lines and chunks. */
struct output *output_new(output_line *each, void *argument);
void output_free(struct output *output);
void output_begin(struct output *output, const struct strings *permanent); /* forgets the child before */

void output_feed(struct output *output, const char *bytes, size_t length);
void output_end(struct output *output); /* a last line without end */

const char *output_permanent(const struct output *output);              /* or NULL */
size_t output_last(const struct output *output, const char **lines);    /* up to OUTPUT_LAST_LINES, oldest first */
/* Known error codes seen (P1000 to P3999 of Prisma, SQLSTATEs behind "SQLSTATE", "code:" or "ERROR:"), distinct. */
size_t output_codes(const struct output *output, const char **codes);   /* up to OUTPUT_CODES */

#endif
