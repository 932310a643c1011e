#include "runtime/supervisor.h"

#include <ctype.h>
#include <string.h>

/* The word DROP outside of "--" comments. A quoted 'drop' counts as well: rather refuse once too often. */
bool drop_scan(struct drop_scan *scan, const char *bytes, size_t length)
{
    static const char word[] = "DROP";
    bool found = false;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (scan->comment) {
            scan->comment = c != '\n';
            continue;
        }
        if (isalnum(c) || c == '_' || c >= 0x80) {
            if (scan->letters < sizeof scan->word) {
                scan->word[scan->letters] = (char)toupper(c);
            }
            scan->letters++;
            scan->dash = false;
            continue;
        }
        found = found || (scan->letters == sizeof word - 1 && memcmp(scan->word, word, sizeof word - 1) == 0);
        scan->letters = 0;
        scan->comment = scan->dash && c == '-';
        scan->dash = c == '-' && !scan->dash;
    }
    return found;
}
