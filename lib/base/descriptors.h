/* Inherited descriptors above standard error: nothing of ours reaches a program, nothing of others' reaches us. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stddef.h>

/* Every descriptor from 3 on will be closed by exec. */
void descriptors_close_on_exec(void);

/* Closes every descriptor from 3 on but those `count` in `keep`. */
void descriptors_close(const int *keep, size_t count);

#endif
