/* lib/README.md shows the table as it is. `unit_boot_diagram --print` prints what belongs between the two marker lines.
 */
#include "diagram.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define README SOURCE_DIR "/lib/README.md"
#define README_SIZE (256 * 1024)
#define BEGIN "<!-- diagram: printed by unit_boot_diagram -->\n"
#define END "<!-- end of diagram -->\n"

static void read_whole(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(text, 1, size - 1, file);
    assert_true(feof(file) && !ferror(file));
    text[length] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void the_diagram_in_the_readme_is_the_table_as_it_is(void **state)
{
    (void)state;
    char *printed = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&printed, &length);
    assert_non_null(stream);
    diagram_print(stream);
    assert_int_equal(fclose(stream), 0);

    static char readme[README_SIZE];
    read_whole(README, readme, sizeof readme);
    const char *begin = strstr(readme, BEGIN), *end = strstr(readme, END);
    assert_true(begin && end && begin < end);
    const char *kept = begin + sizeof BEGIN - 1;
    if ((size_t)(end - kept) != length || memcmp(kept, printed, length) != 0) {
        fail_msg("lib/README.md is out of date: put the output of unit_boot_diagram --print between its marker lines");
    }
    free(printed);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_diagram_in_the_readme_is_the_table_as_it_is) };
    if (count == 2 && strcmp(arguments[1], "--print") == 0) {
        diagram_print(stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
