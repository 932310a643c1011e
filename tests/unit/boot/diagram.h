/* The diagram of lib/README.md, printed from the table of transitions. */
#ifndef TESTS_UNIT_BOOT_DIAGRAM_H
#define TESTS_UNIT_BOOT_DIAGRAM_H

#include <stdio.h>

/* A Mermaid state diagram (as GitHub draws it) and the whole table in Markdown. */
void diagram_print(FILE *file);

#endif
