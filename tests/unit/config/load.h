/* A configuration read in a fresh folder with nothing in the environment but what a test puts there. */
#ifndef TEST_LOAD_H
#define TEST_LOAD_H

#include "../scratch.h"

#include "base/mask.h"
#include "config/config.h"

static struct config *config;
static struct strings errors;
static struct arena *arena;
static struct config_request request;
static struct setting settings[8];

static inline int set_up(void **state)
{
    assert_int_equal(scratch_open(state), 0);
    assert_int_equal(clearenv(), 0);
    request = (struct config_request){ .database_needed = true, .settings = settings };
    errors = (struct strings){ 0 };
    config = NULL;
    arena = NULL;
    return setenv("DATABASE_URL", "postgresql://app:s3cret@db/shop", 1);
}

static inline int tear_down(void **state)
{
    arena_free(arena);
    mask_wipe();
    return scratch_close(state);
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

/* A configuration with one step that runs this (YAML: a list or a quoted string). */
static inline const struct step *step_of(const char *run, const char *more)
{
    char text[1024];

    (void)snprintf(text, sizeof text, "migrate: {preset: none, steps: [{name: x, run: %s%s}]}\n", run, more);
    return load(text) ? &config->migrate.steps.items[0] : NULL;
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
