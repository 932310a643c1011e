/* Whatever comes over the socketpair as a status is read whole or refused. What was read encodes to something that
 * reads the same, and every document can be made of it. */
#include "status/documents.h"
#include "status/snapshot.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct status status;
    struct frame_reader payload = { .data = data, .length = size };
    struct frame_writer writer = { 0 };
    struct arena *arena = arena_new();

    memset(&status, 0, sizeof status);
    if (snapshot_decode(&payload, &status, arena)) {
        claim(snapshot_encode(&status, &writer));
        for (int document = 0; document < DOCUMENTS; document++) {
            free(document_render((enum document)document, &status));
        }
    }
    frame_writer_free(&writer);
    arena_free(arena);
    return 0;
}
