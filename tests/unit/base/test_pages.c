#include "base/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Mapped pages of files, in kB (proc_pid_status(5)). */
static long mapped(void)
{
    char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "re");

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        (void)sscanf(line, "RssFile: %ld", &kilobytes);
    }
    (void)fclose(file);
    return kilobytes;
}

static void what_was_mapped_is_given_back_and_comes_again(void **state)
{
    (void)state;
    char *resolved = realpath("/proc/self/exe", NULL); /* runs code that is not needed again */
    assert_non_null(resolved);

    long before = mapped();
    pages_give_back();
    assert_in_range(mapped(), 1, before - 1);
    assert_string_equal(strrchr(resolved, '/'), "/unit_base_pages");
    free(resolved);
}

static void it_may_be_done_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        pages_give_back();
    }
    assert_true(mapped() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_mapped_is_given_back_and_comes_again),
        cmocka_unit_test(it_may_be_done_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
