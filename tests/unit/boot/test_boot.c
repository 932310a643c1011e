/* Walks every row of the table of transitions (lib/boot/transitions.c). The claims stand in the files beside this one;
 * they make one program, because the last of them asks whether any row was left out. */
#include "driver.h"

#include <string.h>

int main(void)
{
    static const struct {
        const struct CMUnitTest *tests;
        const size_t *count;
    } groups[] = {
        { waiting_tests, &waiting_count },         { locking_tests, &locking_count }, { ladder_tests, &ladder_count },
        { settling_tests, &settling_count },       { signal_tests, &signal_count },   { held_tests, &held_count },
        { application_tests, &application_count }, { table_tests, &table_count },
    };
    struct CMUnitTest tests[256];
    size_t count = 0;

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (count + *groups[i].count > sizeof tests / sizeof tests[0]) {
            return 1;
        }
        memcpy(tests + count, groups[i].tests, *groups[i].count * sizeof *tests);
        count += *groups[i].count;
    }
    return _cmocka_run_group_tests("boot", tests, count, NULL, NULL);
}
