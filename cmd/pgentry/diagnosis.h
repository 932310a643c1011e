/* The parts of `pgentry diagnose`. */
#ifndef PGENTRY_DIAGNOSIS_H
#define PGENTRY_DIAGNOSIS_H

#include "database/diagnose.h"

/* Adds what the image lacks: the programs and files of the steps. `program`: how pgentry is called again. */
void diagnose_image(const struct config *config, const char *program, struct findings *findings);

/* Asks this container's supervisor, if one runs, and adds why its boot is held. */
void diagnose_boot(const struct config *config, struct diagnosis *diagnosis);

/* Both print on standard output: for a person, section by section, and as the JSON document of contract section 7. */
void diagnosis_print(const struct diagnosis *diagnosis);
void diagnosis_print_json(const struct diagnosis *diagnosis);

#endif
