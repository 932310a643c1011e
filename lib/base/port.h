/* TCP port numbers in addresses and URLs. */
#ifndef BASE_PORT_H
#define BASE_PORT_H

#include <stddef.h>

#define PORT_MAX 65535

/* The port that all `length` characters of text write in decimal digits, 1 to PORT_MAX; 0 if they write none. */
int port_number(const char *text, size_t length);

#endif
