#include "base/port.h"

int port_number(const char *text, size_t length)
{
    int number = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || number > PORT_MAX) {
            return 0;
        }
        number = 10 * number + (text[i] - '0');
    }
    return number <= PORT_MAX ? number : 0;
}
