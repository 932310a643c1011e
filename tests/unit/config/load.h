/* A configuration read in a fresh folder with nothing in the environment but what a test puts there. */
#ifndef TEST_LOAD_H
#define TEST_LOAD_H

#include "base/mask.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64];
static struct config *config;
static struct strings errors;
static struct arena *arena;
static struct config_request request;
static struct setting settings[8];

static inline int set_up(void **state)
{
    (void)state;
    (void)strcpy(folder, "/tmp/pgentry-config-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(clearenv(), 0);
    request = (struct config_request){ .database_needed = true, .settings = settings };
    errors = (struct strings){ 0 };
    config = NULL;
    arena = NULL;
    return setenv("DATABASE_URL", "postgresql://app:s3cret@db/shop", 1);
}

static inline int tear_down(void **state)
{
    char command[128];

    (void)state;
    arena_free(arena);
    mask_wipe();
    assert_int_equal(chdir("/"), 0);
    (void)snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
    return system(command);
}

static inline void write_bytes(const char *name, const char *bytes, size_t length)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }

    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static inline void set(const char *assignment)
{
    settings[request.setting_count++] = (struct setting){ .assignment = assignment, .origin = "--set" };
}

/* Reads pgentry.yaml with this text (NULL: whatever is there). */
static inline bool load(const char *text)
{
    if (text) {
        write_file("pgentry.yaml", text);
    }
    arena_free(arena);
    arena = arena_new();
    errors = (struct strings){ 0 };
    config = config_load(&request, &errors, arena);
    assert_true(config ? errors.count == 0 : errors.count > 0);
    return config;
}

static inline void assert_loads(const char *text)
{
    if (!load(text)) {
        fail_msg("%s", errors.items[0]);
    }
}

static inline bool said(const char *words)
{
    for (size_t i = 0; i < errors.count; i++) {
        if (strstr(errors.items[i], words)) {
            return true;
        }
    }
    return false;
}

/* Exactly one error, and this one. */
static inline void assert_refused(const char *text, const char *message)
{
    if (load(text)) {
        fail_msg("it was read");
    }
    assert_string_equal(errors.items[0], message);
    assert_int_equal(errors.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
