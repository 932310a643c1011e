/* The report of `pgentry diagnose`, printed. */
#ifndef PGENTRY_DIAGNOSIS_H
#define PGENTRY_DIAGNOSIS_H

#include "database/diagnose.h"

/* Both print on standard output: for a person, section by section, and as the JSON document of contract section 7. */
void diagnosis_print(const struct diagnosis *diagnosis);
void diagnosis_print_json(const struct diagnosis *diagnosis);

#endif
