/* Any bytes as pgentry.yaml: read and printed, or refused with a reason. */
#include "base/mask.h"
#include "config/config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char path[64];
static int file = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    file = memfd_create("pgentry.yaml", 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    (void)clearenv();
    (void)setenv("DATABASE_URL", "postgresql://app:s3cret@db/shop", 1);
    (void)setenv("A", "value", 1);
    if (!freopen("/dev/null", "w", stdout)) {
        abort();
    }
    return file < 0;
}

static struct config *load(struct strings *errors)
{
    const struct config_request request = { .file = path, .database_needed = true };
    struct arena *arena = arena_new();
    struct config *config = config_load(&request, errors, arena);

    if (!config) {
        if (errors->count == 0) {
            abort(); /* refused without a word */
        }
        arena_free(arena);
    }
    return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strings errors = { 0 };
    struct config *config;

    if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != (ssize_t)size) {
        abort();
    }
    config = load(&errors);
    if (config) {
        config_print(config);
        config_free(config);
    }
    mask_wipe();
    return 0;
}
