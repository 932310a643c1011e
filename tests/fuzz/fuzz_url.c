/* Whatever stands in DATABASE_URL: it is understood or refused, and what was understood has only keywords that libpq
 * knows, NULL-terminated. A refusal never repeats the password. */
#include "base/mask.h"
#include "database/conninfo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "QzXvKpW7" /* put in where the input says ~: it may never come out */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *with_secret(const uint8_t *data, size_t size)
{
    char *text = calloc(size * strlen(SECRET) + 1, 1);
    size_t n = 0;

    for (size_t i = 0; text && i < size && data[i]; i++) {
        if (data[i] == '~') {
            memcpy(text + n, SECRET, strlen(SECRET));
            n += strlen(SECRET);
        } else {
            text[n++] = (char)data[i];
        }
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct conninfo info;
    struct error error = { 0 };
    char *text = with_secret(data, size);

    if (text && conninfo_parse(&info, text, arena, &error)) {
        if (info.keywords[info.count] || info.values[info.count]) {
            abort();
        }
        for (size_t i = 0; i < info.count; i++) {
            if (!info.keywords[i][0] || !info.values[i]) {
                abort();
            }
        }
    } else if (text && (!error.message[0] || strstr(error.message, SECRET) || strstr(error.hint, SECRET))) {
        abort();
    }
    free(text);
    mask_wipe();
    arena_free(arena);
    return 0;
}
