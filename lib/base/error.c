#include "base/error.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>

bool error_set(struct error *error, enum exit_status status, const char *format, ...)
{
    struct text message = text_over(error->message, sizeof error->message);
    va_list arguments;

    error->status = status;
    error->hint[0] = '\0';
    va_start(arguments, format);
    text_vprintf(&message, format, arguments);
    va_end(arguments);
    return false;
}

bool error_hint(struct error *error, const char *format, ...)
{
    struct text hint = text_over(error->hint, sizeof error->hint);
    va_list arguments;

    va_start(arguments, format);
    text_vprintf(&hint, format, arguments);
    va_end(arguments);
    return false;
}

bool error_is_want(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}
