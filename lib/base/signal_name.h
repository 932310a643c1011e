/* Signals by name, as people write them in a configuration and read them in a log. */
#ifndef BASE_SIGNAL_NAME_H
#define BASE_SIGNAL_NAME_H

/* "TERM" for SIGTERM, "RTMIN+3"; "unknown" for what is no signal. A static string, never NULL. */
const char *signal_name(int number);

/* The number of "TERM", "SIGTERM", "15", "RTMIN", "RTMIN+3", "RTMAX-1" in any case; 0 if there is no such signal. */
int signal_number(const char *name);

#endif
