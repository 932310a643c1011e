#include "base/percent.h"

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int percent_byte(char high, char low)
{
    return digit(high) < 0 || digit(low) < 0 ? -1 : digit(high) * 16 + digit(low);
}

size_t percent_decode(const char *bytes, size_t length, char *out)
{
    size_t written = 0;

    for (size_t i = 0; i < length; i++) {
        int byte = i + 2 < length && bytes[i] == '%' ? percent_byte(bytes[i + 1], bytes[i + 2]) : -1;

        out[written++] = byte < 0 ? bytes[i] : (char)byte;
        i += byte < 0 ? 0 : 2;
    }
    return written;
}
