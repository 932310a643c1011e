#include "status/status.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TABLES 10000
#define STEPS 64
#define MOST 4096

static struct table_state tables[TABLES];
static struct problem problems[TABLES + 1];
static char names[TABLES][64], objects[TABLES][72];
static struct status_step steps[STEPS];

/* So many tables of which each is missing, and steps that failed with much to say. */
static struct status failed(struct check *check, size_t table_count, size_t step_count)
{
    struct status status = { .version = "1.2.3", .phase = PHASE_FAILED, .preset = "prisma", .connected = true };

    *check = (struct check){
        .tables = tables, .table_count = table_count, .problems = problems, .problem_count = table_count + 1
    };
    for (size_t i = 0; i < table_count; i++) {
        (void)snprintf(names[i], sizeof names[i], "a_table_with_\"quotes\"_%zu", i);
        (void)snprintf(objects[i], sizeof objects[i], "public.%s", names[i]);
        tables[i] = (struct table_state){ .name = names[i] };
        problems[i] = (struct problem){ PROBLEM_MISSING_TABLE, objects[i], NULL, (uint32_t)i + 1 };
    }
    problems[table_count] = (struct problem){ PROBLEM_MISSING_EXTENSION, "citext", NULL, 0 };
    for (size_t i = 0; i < step_count; i++) {
        steps[i] = (struct status_step){ .list = STATUS_LIST_STEPS, .name = "migrate deploy", .result = STEP_FAILED };
        (void)strcpy(steps[i].outcome, "exit status 1; P3009");
        for (size_t line = 0; line < STATUS_LAST / 8 - 1; line++) {
            (void)snprintf(steps[i].last + 8 * line, 9, "line%03zu\n", line);
        }
    }
    status.check = check;
    status.steps = steps;
    status.step_count = step_count;
    status.exit_status = 70;
    (void)strcpy(status.reason, "every migration step failed");
    return status;
}

/* The report as it is written for whoever takes so many bytes. */
static json_t *written(const struct status *status, size_t most)
{
    char path[] = "/tmp/pgentry-report-XXXXXX";
    int fd = mkstemp(path);
    json_t *document;

    assert_true(fd >= 0);
    assert_true(status_write_report(status, path, most));
    if (most) {
        assert_true(lseek(fd, 0, SEEK_END) <= (off_t)most);
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    document = json_loadfd(fd, 0, NULL);
    assert_non_null(document);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    return document;
}

static const json_t *at(const json_t *document, const char *outer, const char *inner)
{
    const json_t *object = outer ? json_object_get(document, outer) : document;

    return json_object_get(object, inner);
}

static void what_fits_is_written_whole(void **state)
{
    struct check check;
    struct status status = failed(&check, 2, 0);
    json_t *whole = written(&status, 0), *bounded = written(&status, MOST);

    (void)state;
    (void)json_object_del(whole, "timestamp");
    (void)json_object_del(bounded, "timestamp");
    assert_true(json_equal(whole, bounded));
    assert_null(at(bounded, NULL, "leftOut"));
    json_decref(whole);
    json_decref(bounded);
}

static void assert_members(const json_t *object, const char *expected)
{
    char members[512] = "";
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        (void)snprintf(members + strlen(members), sizeof members - strlen(members), "%s%s", *members ? " " : "", name);
    }
    assert_string_equal(members, expected);
}

static void the_members_are_those_that_readers_know(void **state)
{
    struct check check;
    struct status status = failed(&check, 1, 1);
    json_t *document;

    (void)state;
    check.migrations.known = true;
    status.spell_count = 1;
    document = written(&status, 0);
    assert_members(document,
                   "status phase database problems checkedAt timestamp version startedAt exitStatus failedWith "
                   "reason preset host error timeline steps migrations");
    assert_members(at(document, NULL, "database"), "connected tables missingTables totalTables healthyTables");
    assert_members(json_array_get(at(document, NULL, "problems"), 0), "code object message fix");
    assert_members(json_array_get(at(document, NULL, "timeline"), 0), "phase beginMs durationMs");
    assert_members(json_array_get(at(document, NULL, "steps"), 0),
                   "name list result attempts durationMs outcome codes lastLines");
    assert_members(at(document, NULL, "migrations"), "local applied pending failed edited gone");
    json_decref(document);
}

static void what_is_not_known_is_null_and_no_status_is_taken_for_it(void **state)
{
    static const char *const members[] = { "exitStatus", "failedWith", "reason", "host", "error", "checkedAt" };
    struct status status = { .version = "1.2.3", .preset = "none", .connected = true, .exit_status = -1 };
    json_t *document = written(&status, 0);

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!json_is_null(at(document, NULL, members[i]))) {
            fail_msg("%s", members[i]);
        }
    }
    assert_true(json_is_null(at(document, NULL, "migrations")));
    assert_int_equal(json_array_size(at(document, NULL, "problems")), 0);
    assert_int_equal(json_integer_value(at(document, "database", "totalTables")), 0);
    json_decref(document);

    status =
        (struct status){ .version = "1.2.3", .preset = "none", .failed_with = 70, .error = "refused", .host = "db" };
    document = written(&status, 0);
    assert_true(json_is_integer(at(document, NULL, "exitStatus")));
    assert_int_equal(json_integer_value(at(document, NULL, "failedWith")), 70);
    assert_string_equal(json_string_value(at(document, NULL, "host")), "db");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(at(document, NULL, "problems"), 0), "message")),
        "the database is not reachable: refused");
    json_decref(document);
}

static void a_report_is_a_text_file_that_others_may_read(void **state)
{
    char folder[] = "/tmp/pgentry-report-XXXXXX", path[64], last;
    struct check check;
    struct status status = failed(&check, 1, 0);
    struct stat found;
    mode_t before = umask(0);
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/report.json", folder);
    assert_true(status_write_report(&status, path, 0));
    (void)umask(before);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0644);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, &last, 1, found.st_size - 1), 1);
    assert_int_equal(last, '\n');
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_false(status_write_report(&status, path, 0));
    assert_int_equal(errno, ENOENT);
}

static void a_migration_that_failed_is_a_problem_though_the_schema_verifies(void **state)
{
    struct check check = { .healthy = true, .migrations = { .known = true, .failed = 1, .failed_name = "2_fill" } };
    struct status status = { .check = &check, .connected = true, .version = "1.2.3", .preset = "prisma" };
    json_t *document = written(&status, 0);
    const json_t *problem = json_array_get(at(document, NULL, "problems"), 0);

    (void)state;
    assert_string_equal(json_string_value(at(document, NULL, "status")), "healthy");
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "migration-failed");
    assert_string_equal(json_string_value(json_object_get(problem, "object")), "2_fill");
    json_decref(document);
}

static void what_the_boot_came_to_is_in_a_short_report_however_much_is_missing(void **state)
{
    static const size_t counts[] = { 10, 12, 300, TABLES };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct check check;
        struct status status = failed(&check, counts[i], 3);
        json_t *document = written(&status, MOST);
        size_t named = json_array_size(at(document, "database", "missingTables"));

        assert_string_equal(json_string_value(at(document, NULL, "status")), "unhealthy");
        assert_string_equal(json_string_value(at(document, NULL, "phase")), "failed");
        assert_string_equal(json_string_value(at(document, NULL, "version")), "1.2.3");
        assert_string_equal(json_string_value(at(document, NULL, "reason")), "every migration step failed");
        assert_int_equal(json_integer_value(at(document, NULL, "exitStatus")), 70);
        assert_int_equal(json_integer_value(at(document, "database", "totalTables")), counts[i]);
        assert_int_equal(json_array_size(at(document, NULL, "steps")), 3);
        assert_int_equal(json_array_size(at(document, NULL, "timeline")), status.spell_count);
        assert_true(named > 9 &&
                    named + (size_t)json_integer_value(at(document, "leftOut", "missingTables")) == counts[i]);
        assert_int_equal(json_integer_value(at(document, "leftOut", "tables")), counts[i]);
        json_decref(document);
    }
}

static void a_short_report_goes_without_what_it_says_elsewhere_first(void **state)
{
    struct check check;
    struct status status = failed(&check, 12, 2);
    json_t *document = written(&status, MOST);
    size_t kept = 0;

    (void)state;
    assert_int_equal(json_array_size(at(document, "database", "missingTables")), 12);
    assert_int_equal(json_array_size(at(document, NULL, "problems")), 1);
    assert_int_equal(json_integer_value(at(document, "leftOut", "problems")), 12);
    for (size_t i = 0; i < 2; i++) { /* of the lines the last stay */
        const json_t *lines = json_object_get(json_array_get(at(document, NULL, "steps"), i), "lastLines");
        size_t count = json_array_size(lines);

        assert_true(count == 0 || strcmp(json_string_value(json_array_get(lines, count - 1)), "line254") == 0);
        kept += count;
    }
    assert_true(kept > 200);
    assert_int_equal((size_t)json_integer_value(at(document, "leftOut", "lastLines")) + kept, 2 * 255);
    json_decref(document);
}

static void nothing_makes_a_short_report_too_long(void **state)
{
    struct check check;
    struct status status = failed(&check, 300, STEPS);
    char *const texts[] = { status.reason, status.error, status.host };
    const size_t sizes[] = { sizeof status.reason, sizeof status.error, sizeof status.host };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        memset(texts[i], '"', sizes[i] - 1);
    }
    for (int i = 0; i < STATUS_SPELLS; i++) {
        status.spells[i] = (struct status_spell){ PHASE_WAITING, i * 1000000000LL, i * 1000000000LL + 1 };
    }
    status.spell_count = STATUS_SPELLS;
    json_t *document = written(&status, MOST);
    assert_int_equal(json_integer_value(at(document, NULL, "exitStatus")), 70);
    assert_true(json_string_length(at(document, NULL, "reason")) > 100);
    json_decref(document);
}

#define NOBODY 65534

/* Whether we, as this user, follow a link of the owner's; if not, what it leads to is as it was. */
static bool is_followed(uid_t owner, uid_t us)
{
    char folder[] = "/tmp/pgentry-report-XXXXXX", path[64], target[64];
    struct check check;
    struct status status = failed(&check, 2, 0);
    struct stat found;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/report.json", folder);
    (void)snprintf(target, sizeof target, "%s/target", folder);

    int fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    assert_int_equal(write(fd, "kept", 4), 4);
    assert_int_equal(fchmod(fd, 0666), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(chmod(folder, 0711), 0);
    assert_int_equal(symlink("target", path), 0);
    assert_int_equal(lchown(path, owner, (gid_t)-1), 0);

    uid_t before = geteuid();

    assert_int_equal(seteuid(us), 0);

    bool followed = status_write_report(&status, path, 0);

    assert_true(followed || errno == ELOOP);
    assert_int_equal(seteuid(before), 0);
    assert_int_equal(stat(target, &found), 0);
    assert_int_equal(found.st_size > 4, followed);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(rmdir(folder), 0);
    return followed;
}

static void a_link_is_followed_that_we_made_or_root_but_nobody_else_s(void **state)
{
    (void)state;
    assert_true(is_followed(geteuid(), geteuid()));
    if (geteuid() == 0) {
        assert_false(is_followed(NOBODY, 0));
        assert_true(is_followed(0, NOBODY)); /* /dev/stdout */
        assert_false(is_followed(NOBODY - 1, NOBODY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_written_whole),
        cmocka_unit_test(the_members_are_those_that_readers_know),
        cmocka_unit_test(what_is_not_known_is_null_and_no_status_is_taken_for_it),
        cmocka_unit_test(a_report_is_a_text_file_that_others_may_read),
        cmocka_unit_test(a_migration_that_failed_is_a_problem_though_the_schema_verifies),
        cmocka_unit_test(what_the_boot_came_to_is_in_a_short_report_however_much_is_missing),
        cmocka_unit_test(a_short_report_goes_without_what_it_says_elsewhere_first),
        cmocka_unit_test(a_link_is_followed_that_we_made_or_root_but_nobody_else_s),
        cmocka_unit_test(nothing_makes_a_short_report_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
