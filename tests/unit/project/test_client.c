#include "steps.h"

#include "project/client.h"

#define GENERATOR "generator client {\n  provider = \"prisma-client-js\"\n  output = \"generated\"\n}\n"

static struct findings findings;

/* The schema, and the copy of it that the client was generated from. */
static void look(const char *now, const char *then)
{
    findings = (struct findings){ .arena = scratch.arena };
    configure(HISTORY_NONE);
    write_file("schema.prisma", now);
    write_file("generated/schema.prisma", then);
    client_diagnose(&config, "public", &findings, scratch.arena);
}

static void expect(const char *now, const char *then, const char *what)
{
    look(arena_printf(scratch.arena, GENERATOR "%s", now), then);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.items[0].code, FINDING_CLIENT_OLDER);
    assert_string_equal(
        findings.items[0].message,
        arena_printf(scratch.arena, "the generated client is older than its schema schema.prisma: %s", what));
}

static void the_first_thing_that_the_client_does_not_know_is_told(void **state)
{
    (void)state;
    expect("model B {\n  id Int @id\n  z Int\n  a Int\n}\n", "model B {\n  id Int @id\n}\n", "it does not know B.z");
    expect("model Z {\n  id Int @id\n}\nmodel A {\n  id Int @id\n}\n", "enum Z {\n  A\n}\n",
           "it does not know model Z");
    expect("model B {\n  id Int @id\n}\n", "model B {\n  id String @id\n}\n", "it does not know B.id as it is now");
    expect("model B {\n  id Int @id\n}\n", "model B {\n  id Int @id\n  z Int\n}\n",
           "it knows B.z, which is not in it any more");
}

static void the_order_of_models_and_fields_is_no_difference(void **state)
{
    (void)state;
    look(GENERATOR "model B {\n  id Int @id\n  x Int\n}\nenum A {\n  U\n  V\n}\n",
         "enum A {\n  V\n  U\n}\nmodel B {\n  x Int\n  id Int @id\n}\n");
    assert_int_equal(findings.count, 0);
}

static int64_t time_of(int count)
{
    char *text = malloc((size_t)count * 60 + 200);

    assert_non_null(text);

    char *end = stpcpy(text, GENERATOR);

    for (int i = 0; i < count; i++) {
        end += sprintf(end, "model M%d {\n  id Int @id\n}\n", i);
    }
    end = stpcpy(end, "model All {\n");
    for (int i = 0; i < count; i++) {
        end += sprintf(end, "  f%d Int\n", i);
    }
    stpcpy(end, "}\n");

    int64_t start = processor_time();

    look(text, text);

    int64_t taken = processor_time() - start;

    assert_int_equal(findings.count, 0);
    free(text);
    return taken;
}

static void ten_times_the_models_and_fields_take_about_ten_times_as_long(void **state)
{
    (void)state;
    assert_about_linear(time_of, 2000, "of each");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(the_first_thing_that_the_client_does_not_know_is_told),
        SCRATCH_TEST(the_order_of_models_and_fields_is_no_difference),
        SCRATCH_TEST(ten_times_the_models_and_fields_take_about_ten_times_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
