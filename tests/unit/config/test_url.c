#include "config/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_schema_is_found_wherever_it_stands(void **state)
{
    static const struct {
        const char *url;
        const char *schema;
    } rows[] = {
        { "postgresql://u:p@h:5432/d?schema=app", "app" },
        { "postgresql://u@h/d?connection_limit=5&schema=app#x", "app" },
        { "postgresql://u@h/d?schema=app&application_name=a?b", "app" },
        { "postgresql://u@h/d?schema=app&application_name=a@b?c", "app" },
        { "postgresql://u@h/d?application_name=a@b&schema=app", "app" },
        { "postgresql://u@h/d?schema=two%20words&x=%", "two words" },
        { "postgresql://u@h/d?schema=a%2", "a%2" },
        { "postgresql://u@h/d?schema=a%+1", "a%+1" },
        { "jdbc:postgresql://h/d?user=u&currentSchema=app,public", "app" },
        { "jdbc:postgresql://h/d?currentSchema=one&schema=two", "two" },
        { "jdbc:postgresql://h/d?currentSchema=App", "app" },
        { "jdbc:postgresql://h/d?currentSchema=%22My%20App%22,public", "My App" },
        { "jdbc:postgresql://h/d?currentSchema=%22$user%22,public", NULL },
        { "jdbc:postgresql://h/d?currentSchema=,public", NULL },
        { "jdbc:postgresql:d?currentSchema=app", "app" },
        { "jdbc:postgresql:/d?ssl=false&currentSchema=app", "app" },
        { "postgresql://u@h/d?schema=one&x=schema=three&schema=two", "two" },
        { "postgresql://u@h/d?schema=one&schema=", NULL },
        { "postgresql://u@h/d?sch%65ma=app", "app" }, /* as Go, JavaScript, Rust and libpq decode it */
        { "postgresql://u@h/d?%73%63%68%65%6d%61=app", "app" },
        { "postgresql://u@h/d?schema%00=app", NULL },
        { "postgresql://u@h/d?%3Fschema=app", NULL },
        { "postgresql://u@h/d?schema=", NULL },
        { "postgresql://u@h/d?myschema=app", NULL },
        { "postgresql://u@h/d?schemas=app", NULL },
        { "postgresql://u@h/schema=app", NULL },
        { "host=h options='?schema=app'", NULL },
        { "", NULL },
        { NULL, NULL },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *schema = url_schema(rows[i].url, arena);

        if (schema == NULL || rows[i].schema == NULL ? schema != rows[i].schema : strcmp(schema, rows[i].schema) != 0) {
            fail_msg("%s: %s", rows[i].url, schema ? schema : "none");
        }
    }
    arena_free(arena);
}

static void a_parameter_that_stands_there_twice_repeats(void **state)
{
    (void)state;
    assert_true(url_repeats("postgresql://u@h/d?schema=one&x=1&schema=one", "schema"));
    assert_false(url_repeats("postgresql://u@h/d?schema=one&schemas=two", "schema"));
    assert_false(url_repeats("postgresql://u@h/d?x=1", "schema"));
    assert_false(url_repeats(NULL, "schema"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_found_wherever_it_stands),
        cmocka_unit_test(a_parameter_that_stands_there_twice_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
