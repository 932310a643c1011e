#include "base/signal_name.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
    [SIGHUP] = "HUP",       [SIGINT] = "INT",     [SIGQUIT] = "QUIT", [SIGILL] = "ILL",   [SIGTRAP] = "TRAP",
    [SIGABRT] = "ABRT",     [SIGBUS] = "BUS",     [SIGFPE] = "FPE",   [SIGKILL] = "KILL", [SIGUSR1] = "USR1",
    [SIGSEGV] = "SEGV",     [SIGUSR2] = "USR2",   [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM",
    [SIGCHLD] = "CHLD",     [SIGCONT] = "CONT",   [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
    [SIGTTOU] = "TTOU",     [SIGURG] = "URG",     [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ", [SIGVTALRM] = "VTALRM",
    [SIGPROF] = "PROF",     [SIGWINCH] = "WINCH", [SIGIO] = "IO",     [SIGPWR] = "PWR",   [SIGSYS] = "SYS",
#ifdef SIGSTKFLT
    [SIGSTKFLT] = "STKFLT",
#endif
};

static const char *const realtime[] = {
    "RTMIN",    "RTMIN+1",  "RTMIN+2",  "RTMIN+3",  "RTMIN+4",  "RTMIN+5",  "RTMIN+6",  "RTMIN+7",
    "RTMIN+8",  "RTMIN+9",  "RTMIN+10", "RTMIN+11", "RTMIN+12", "RTMIN+13", "RTMIN+14", "RTMIN+15",
    "RTMIN+16", "RTMIN+17", "RTMIN+18", "RTMIN+19", "RTMIN+20", "RTMIN+21", "RTMIN+22", "RTMIN+23",
    "RTMIN+24", "RTMIN+25", "RTMIN+26", "RTMIN+27", "RTMIN+28", "RTMIN+29", "RTMIN+30",
};

#define NAMES ((int)(sizeof names / sizeof names[0]))
#define REALTIME ((int)(sizeof realtime / sizeof realtime[0]))

const char *signal_name(int number)
{
    if (number > 0 && number < NAMES && names[number]) {
        return names[number];
    }
    /* SIGRTMIN is not a constant: the C library keeps the first few for itself. */
    if (number >= SIGRTMIN && number <= SIGRTMAX && number - SIGRTMIN < REALTIME) {
        return realtime[number - SIGRTMIN];
    }
    return "unknown";
}

/* A decimal number of one or two digits and nothing else; -1 if it is none. */
static int small_number(const char *digits)
{
    size_t length = strspn(digits, "0123456789");

    return length > 0 && length <= 2 && digits[length] == '\0' ? (int)strtol(digits, NULL, 10) : -1;
}

static int realtime_number(const char *name)
{
    int base = strncasecmp(name, "RTMIN", 5) == 0 ? SIGRTMIN : strncasecmp(name, "RTMAX", 5) == 0 ? SIGRTMAX : 0;
    int offset = name[5] == '\0' ? 0 : small_number(name + 6);
    int sign = base == SIGRTMIN ? 1 : -1;

    if (name[5] != '\0' && (name[5] != (sign > 0 ? '+' : '-') || offset < 0)) {
        return 0;
    }

    int number = base + sign * offset;

    return number >= SIGRTMIN && number <= SIGRTMAX ? number : 0;
}

int signal_number(const char *name)
{
    int number = small_number(name);

    if (number >= 0) {
        return strcmp(signal_name(number), "unknown") != 0 ? number : 0;
    }
    if (strncasecmp(name, "SIG", 3) == 0) {
        name += 3;
    }
    for (number = 1; number < NAMES; number++) {
        if (names[number] && strcasecmp(name, names[number]) == 0) {
            return number;
        }
    }
    return strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0 ? realtime_number(name) : 0;
}
