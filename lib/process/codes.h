/* Error codes in foreign text. */
#ifndef PROCESS_CODES_H
#define PROCESS_CODES_H

#include <stddef.h>

#define CODE_TEXT 6 /* five characters at most, and the terminator */

/* Calls `found` for every code in the text (which is terminated at `length`), in order: Prisma's P and four digits as a
 * whole word, and SQLSTATEs (appendix A of PostgreSQL's manual) where the words before say that it is one: "SQLSTATE
 * 42P01", "code: '42P01'", "ERROR:  42P01: …", "ERROR 42P01: …", and at a line's end "pq: … (42P01)". A
 * message that has no code and is known counts as one of ours ("HEAP": V8's of a full heap). */
void codes_each(const char *text, size_t length, void (*found)(void *argument, const char code[CODE_TEXT]),
                void *argument);

/* Where `word` stands as a whole word (no letter, digit or underscore touches a letter, digit or underscore of it), at
 * or after `from`; `length` if nowhere. */
size_t codes_word(const char *text, size_t length, size_t from, const char *word);

#endif
