#include "base/finding.h"
#include "base/shell.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void object_detail_and_command_are_filled_in(void **state)
{
    (void)state;
    struct findings findings = { .arena = arena_new() };
    struct finding *finding =
        finding_add(&findings, FINDING_NAME_NOT_FOUND, "no such; host", "100%o", NULL); /* a value is not a form */

    assert_string_equal(finding->message, "the host name no such; host is not found: 100%o");
    assert_non_null(strstr(finding->fix, "\ngetent ahosts 'no such; host'\n"));
    arena_free(findings.arena);
}

static void every_code_has_its_own_word_and_every_text_its_sense(void **state)
{
    (void)state;
    struct findings findings = { .arena = arena_new() };

    for (unsigned i = 0; i < FINDING_CODES; i++) {
        const struct finding *finding = finding_add(&findings, (enum finding_code)i, "OBJECT", "DETAIL", "command");

        assert_true(finding->message[0] && finding->fix[0]);
        assert_null(strchr(finding->message, '%'));
        assert_in_range(finding_section(finding->code), 0, SECTIONS - 1);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(finding_word((enum finding_code)i), finding_word((enum finding_code)j));
        }
    }
    assert_int_equal(findings.count, FINDING_CODES);
    arena_free(findings.arena);
}

/* Sentences are comments: what is pasted into a shell runs commands alone. */
static void a_fix_is_made_of_commands_and_comments(void **state)
{
    (void)state;
    static const char *const programs[] = { "#", "command", "getent ", "docker ", "node ", "npx prisma " };
    struct findings findings = { .arena = arena_new() };

    for (unsigned i = 0; i < FINDING_CODES; i++) {
        const char *line = finding_add(&findings, (enum finding_code)i, "OBJECT", "DETAIL", "command")->fix;

        for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
            bool known = false;

            for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
                known |= strncmp(line, programs[k], strlen(programs[k])) == 0;
            }
            if (!known) {
                fail_msg("%s: %s", finding_word((enum finding_code)i), line);
            }
        }
    }
    arena_free(findings.arena);
}

static void only_warnings_and_errors_count(void **state)
{
    (void)state;
    struct findings findings = { .arena = arena_new() };

    finding_add(&findings, FINDING_SLOW, "db", "1 s", NULL);
    assert_int_equal(findings_count(&findings, SEVERITY_WARNING), 0);
    finding_add(&findings, FINDING_PENDING, "one", "one", "command");
    finding_add(&findings, FINDING_MISSING_TABLE, "users", NULL, "command");
    assert_int_equal(findings_count(&findings, SEVERITY_WARNING), 2);
    assert_int_equal(findings_count(&findings, SEVERITY_ERROR), 1);
    assert_true(finding_known(&findings, FINDING_PENDING, "one"));
    assert_false(finding_known(&findings, FINDING_PENDING, "two"));
    arena_free(findings.arena);
}

static void a_word_for_the_shell_stays_one_word(void **state)
{
    (void)state;
    struct arena *arena = arena_new();

    assert_string_equal(shell_quote("20250101_init", arena), "20250101_init");
    assert_string_equal(shell_quote("", arena), "''");
    assert_string_equal(shell_quote("it's $(x)", arena), "'it'\\''s $(x)'");
    assert_string_equal(shell_quote("~", arena), "'~'");
    arena_free(arena);
}

static void every_line_of_a_comment_is_one(void **state)
{
    (void)state;
    struct arena *arena = arena_new();

    assert_string_equal(shell_comment("psql -c 'DROP INDEX \"x'", arena), "# psql -c 'DROP INDEX \"x'");
    assert_string_equal(shell_comment("a\ntouch b\n\n#c", arena), "# a\n# touch b\n# \n# #c");
    assert_string_equal(shell_comment("", arena), "# ");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_detail_and_command_are_filled_in),
        cmocka_unit_test(every_code_has_its_own_word_and_every_text_its_sense),
        cmocka_unit_test(a_fix_is_made_of_commands_and_comments),
        cmocka_unit_test(only_warnings_and_errors_count),
        cmocka_unit_test(a_word_for_the_shell_stays_one_word),
        cmocka_unit_test(every_line_of_a_comment_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
