/* A child's output as lines: masked, made visible, long ones capped; the last ones kept for the report. No allocation
 * after output_new.
 *
 * A line ends with LF or CR LF. Of a progress bar, which goes back by CR alone, the last state that shows something is
 * the line. Blank lines are passed over. Masking comes before every cut, on the bytes as they came and again on what is
 * left when escape sequences are dropped. */
#ifndef PROCESS_OUTPUT_H
#define PROCESS_OUTPUT_H

#include "base/strings.h"

#include <stddef.h>

#define OUTPUT_LINE_MAX 8192 /* bytes of one line that are shown; the rest is counted: " … 12345 more bytes" */
#define OUTPUT_LAST_LINES 20 /* kept for the report */
#define OUTPUT_LAST_BYTES 8192
#define OUTPUT_LAST_LINE 1024 /* bytes of one of them; the rest becomes " …" */
#define OUTPUT_CODES 8        /* distinct known error codes remembered */

typedef void output_line(void *argument, const char *line);

struct output;

/* `each` is called for every line, masked and visible, without its end. NULL if memory runs out. The secrets should be
 * registered before: of a cut line so much is withheld as the longest of them might reach over the cut. */
struct output *output_new(output_line *each, void *argument);
void output_free(struct output *output); /* NULL is fine; what came unmasked is wiped */

/* Forgets the child before. `permanent` (or NULL) are the words of permanent_errors, and must stay: output_permanent
 * tells the first of them seen in the output (as a whole word), also in what a cap or a progress bar hid. */
void output_begin(struct output *output, const struct strings *permanent);

void output_feed(struct output *output, const char *bytes, size_t length);
void output_end(struct output *output); /* a last line without end */

const char *output_permanent(const struct output *output);           /* or NULL */
size_t output_last(const struct output *output, const char **lines); /* up to OUTPUT_LAST_LINES, oldest first */
/* The codes seen (codes.h), distinct. */
size_t output_codes(const struct output *output, const char **codes); /* up to OUTPUT_CODES */

#endif
