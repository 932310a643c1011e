#include "database/connection.h"

#include "base/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What a server says may come from whoever answers on its port. */
static void a_message_shows_no_secret_however_it_is_divided(void **state)
{
    static const char *const spellings[] = { "s3cretpw", "s3c\x1B[mretpw", "s3c\x1B]0;title\x07retpw" };
    struct arena *arena = arena_new();

    (void)state;
    mask_add("s3cretpw");
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        for (int before = 0; before <= MESSAGE_MAX; before++) {
            struct database_error why;
            const char *message = arena_printf(arena, "%*s%s\nDETAIL", before, "", spellings[i]);

            assert_null(database_error_set(&why, FAILURE_QUERY, NULL, message, NULL, arena));
            assert_null(strpbrk(why.message, "s3cretpw\n"));
            assert_true(strlen(why.message) <= MESSAGE_MAX);
        }
    }
    arena_free(arena);
    mask_wipe();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_shows_no_secret_however_it_is_divided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
