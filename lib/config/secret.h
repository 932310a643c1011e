/* Passwords in texts: where they stand, so that they can be registered with base/mask or hidden. */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include "base/arena.h"

/* Registers the passwords of URLs, keyword strings and PGPASSWORD=… in a text with base/mask. */
void secret_of_url(const char *url);
/* Those of NAME=value, as it stands in an environment: PGPASSWORD's whole value, of others' URLs only what is surely
 * one. */
void secret_of_variable(const char *assignment);
/* Those of all lines of a password file: a step may use another line than we do. */
void secret_of_passfile(const char *path);
/* Those of all variables, and of the password file that they lead to: PGPASSFILE or ~/.pgpass. */
void secret_of_environment(void);
/* A copy of the text with stars for its passwords. */
const char *secret_hide(const char *url, struct arena *arena);

#endif
