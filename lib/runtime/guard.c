#include "runtime/supervisor.h"

#include <ctype.h>
#include <string.h>

/* What the line is with one more byte. Prisma's comments are lines of their own; two dashes after something else may
 * stand in a name or a string. */
static enum drop_line line_after(enum drop_line line, unsigned char c)
{
    if (c == '\n') {
        return DROP_LINE_BEGINS;
    }
    if (line == DROP_LINE_BEGINS && isspace(c)) {
        return line;
    }
    if (c == '-' && line < DROP_LINE_TEXT) {
        return line == DROP_LINE_BEGINS ? DROP_LINE_DASH : DROP_LINE_COMMENT;
    }
    return line == DROP_LINE_COMMENT ? line : DROP_LINE_TEXT;
}

/* The word DROP outside of lines that are "--" comments. A quoted 'drop' counts as well: rather refuse once too often.
 */
bool drop_scan(struct drop_scan *scan, const char *bytes, size_t length)
{
    static const char word[] = "DROP";
    bool found = false;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        scan->line = line_after(scan->line, c);
        if (scan->line == DROP_LINE_COMMENT) {
            continue;
        }
        if (isalnum(c) || c == '_' || c >= 0x80) {
            if (scan->letters < sizeof scan->word) {
                scan->word[scan->letters] = (char)toupper(c);
            }
            scan->letters++;
            continue;
        }
        found = found || (scan->letters == sizeof word - 1 && memcmp(scan->word, word, sizeof word - 1) == 0);
        scan->letters = 0;
    }
    return found;
}
