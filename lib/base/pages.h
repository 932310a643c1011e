/* What this process keeps mapped: the supervisor stays as long as the container does, and is to weigh nothing. */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

/* Milliseconds of calm before that: what ends at once should not pay for giving back what its end needs again. */
#define PAGES_REST_AFTER 1000

/* Unmaps every page of program text and constants, of the libraries as well; what runs on maps again what it needs. For
 * the moment after which much is never needed again: once the application runs, the code that booted it. */
void pages_give_back(void);

/* Maps the page of this constant, and what the kernel maps around it: what a hurry will need. */
void pages_want(const void *constant);

#endif
