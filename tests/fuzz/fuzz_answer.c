/* Whatever a server sends to `pgentry health` is read whole or refused; only who tells our own instance is us. */
#include "status/ask.h"

#include "status/http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OWN "4026531836-4026531841"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct answer answer;

    if (text && answer_read(&answer, text, OWN)) {
        size_t length = strlen(answer.body);
        claim(answer.status >= 0 && answer.status <= 999);
        claim(length <= strlen(text) && strcmp(text + strlen(text) - length, answer.body) == 0);
        claim(!answer.ours || (strcasestr(text, HTTP_INSTANCE ": ") && strstr(text, OWN)));
        free(answer.body);
    }
    free(text);
    return 0;
}
