#include "process/lookup.h"

#include "run.h"

static void assert_refused(const char *const *argv, enum exit_status status, const char *message)
{
    assert_int_equal(run_plain(argv), -1);
    assert_string_equal(error.message, message);
    assert_int_equal(error.status, status);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* it was reaped */
}

static const char *in(void **state, const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *buffer = path[next++ % 4];

    (void)snprintf(buffer, sizeof path[0], "%s/%s", (const char *)*state, name);
    return buffer;
}

static void a_program_that_is_nowhere_is_127(void **state)
{
    struct spawn spawn = plain(ARGV("no-such-program"));

    (void)state;
    spawn.path = "/bin:/no/folder:/etc/passwd";
    assert_int_equal(run(spawn), -1);
    assert_int_equal(error.status, STATUS_NOT_FOUND);
    assert_string_equal(error.message, "no-such-program: not found");
    assert_string_equal(error.hint, "looked through PATH: /bin:/no/folder:/etc/passwd");
    assert_refused(ARGV("/no/such/program"), STATUS_NOT_FOUND, "/no/such/program: not found");
    assert_refused(ARGV("/etc/passwd/x"), STATUS_NOT_FOUND, "/etc/passwd/x: not found");
    assert_refused(ARGV(""), STATUS_NOT_FOUND, "the empty name: not found");
}

static void a_name_too_long_for_any_file_is_127(void **state)
{
    static char name[20000];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    assert_int_equal(run_plain(ARGV(name)), -1);
    assert_int_equal(error.status, STATUS_NOT_FOUND);
}

static void what_is_found_but_not_executable_is_126(void **state)
{
    char message[512];
    const char *file = in(state, "plain"), *binary = in(state, "binary");

    write_file(file, "text\n", 0644);
    (void)snprintf(message, sizeof message, "%s: permission denied", file);
    assert_refused(ARGV(file), STATUS_NOT_EXECUTABLE, message);
    assert_refused(ARGV("/tmp"), STATUS_NOT_EXECUTABLE, "/tmp is a directory");
    write_file(binary, "\177ELF\002\001\001", 0755); /* "\0" follows at the end of file */
    assert_int_equal(truncate(binary, 64), 0);
    (void)snprintf(message, sizeof message, "%s is not a program that this machine can execute", binary);
    assert_refused(ARGV(binary), STATUS_NOT_EXECUTABLE, message);
}

static void the_first_that_can_be_executed_on_the_path_is_taken(void **state)
{
    struct spawn spawn = plain(ARGV("tool"));
    char path[1024];

    (void)snprintf(path, sizeof path, "%s:%s:%s:%s", in(state, "a"), in(state, "b"), in(state, "c"), in(state, "d"));
    spawn.path = path;
    for (const char *folder = "a\0b\0c\0d\0"; *folder; folder += 2) {
        assert_int_equal(mkdir(in(state, folder), 0755), 0);
    }
    assert_int_equal(mkdir(in(state, "a/tool"), 0755), 0); /* a directory is no command */
    assert_int_equal(run(spawn), -1);
    assert_int_equal(error.status, STATUS_NOT_FOUND);

    write_file(in(state, "b/tool"), "#!/bin/sh\necho b\n", 0644);
    assert_int_equal(run(spawn), -1);
    assert_int_equal(error.status, STATUS_NOT_EXECUTABLE);

    write_file(in(state, "c/tool"), "#!/bin/sh\necho c\n", 0755);
    write_file(in(state, "d/tool"), "#!/bin/sh\necho d\n", 0755);
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "c\n");
}

static void an_empty_element_of_the_path_is_the_working_directory(void **state)
{
    struct spawn spawn = plain(ARGV("tool"));

    write_file(in(state, "tool"), "#!/bin/sh\necho here\n", 0755);
    spawn.path = "/no/folder:";
    spawn.cwd = *state;
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "here\n");
}

static void the_path_is_that_of_the_given_environment(void **state)
{
    struct spawn spawn = plain(ARGV("tool"));
    char variable[300];

    write_file(in(state, "tool"), "#!/bin/sh\necho found\n", 0755);
    (void)snprintf(variable, sizeof variable, "PATH=%s", (char *)*state);
    spawn.envp = ARGV("X=1", variable);
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "found\n");
    spawn.envp = ARGV("X=1"); /* none: a default one */
    spawn.argv = ARGV("true");
    assert_int_equal(run(spawn), 0);
}

static void a_script_without_interpreter_line_runs_under_the_shell(void **state)
{
    const char *script = in(state, "script");

    write_file(script, "echo $# $1 $2\n", 0755);
    assert_int_equal(run_plain(ARGV(script, "a", "b")), 0);
    assert_string_equal(said, "2 a b\n");
    write_file(script, "", 0755);
    assert_int_equal(run_plain(ARGV(script)), 0);
}

static void a_missing_interpreter_is_named(void **state)
{
    const char *script = in(state, "script");
    char message[512];

    write_file(script, "#! /no/such/interpreter -x\n", 0755);
    (void)snprintf(message, sizeof message, "%s: its interpreter /no/such/interpreter is missing", script);
    assert_refused(ARGV(script), STATUS_NOT_FOUND, message);
    write_file(script, "#!/bin/sh\r\necho\r\n", 0755);
    (void)snprintf(message, sizeof message, "%s: its interpreter /bin/sh\\r is missing", script);
    assert_refused(ARGV(script), STATUS_NOT_FOUND, message);
    assert_string_equal(error.hint, "the script has Windows line ends: store it with LF alone");
}

static void a_missing_dynamic_loader_is_named(void **state)
{
    static char program[1 << 20];
    const char *copy = in(state, "copy");
    char message[512];
    int from = open("/bin/true", O_RDONLY | O_CLOEXEC), to;
    size_t length = read_all(from, program, sizeof program);
    char *loader = memmem(program, length, "/lib", 4);

    assert_true(length > 1000 && loader && loader < program + 4096);
    memcpy(loader, "/mis", 4);
    to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_int_equal(write(to, program, length), length);
    (void)close(to);
    (void)snprintf(message, sizeof message, "%s: its interpreter %s is missing", copy, loader);
    assert_refused(ARGV(copy), STATUS_NOT_FOUND, message);
}

static void arguments_beyond_the_systems_limit_are_126(void **state)
{
    static char argument[1 << 20];

    (void)state;
    memset(argument, 'a', sizeof argument - 1);
}

static void a_step_finds_what_lies_in_node_modules_of_its_folder_or_of_any_above(void **state)
{
    struct arena *arena = arena_new();
    struct spawn spawn = plain(ARGV("tool"));

    for (const char *folder = "a\0a/b\0node_modules\0node_modules/.bin\0a/b/node_modules\0a/b/node_modules/.bin\0";
         *folder; folder += strlen(folder) + 1) {
        assert_int_equal(mkdir(in(state, folder), 0755), 0);
    }
    spawn.cwd = arena_strdup(arena, in(state, "a/b"));
    write_file(in(state, "node_modules/.bin/tool"), "#!/bin/sh\necho hoisted\n", 0755);
    spawn.path = lookup_step_path(spawn.cwd, "/nowhere", arena);
    assert_string_equal(spawn.path,
                        "node_modules/.bin:../../node_modules/.bin:/nowhere"); /* none of a folder without */
    assert_true(lookup_finds("tool", spawn.cwd, spawn.path, arena));
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "hoisted\n");

    write_file(in(state, "a/b/node_modules/.bin/tool"), "#!/bin/sh\necho own\n", 0755);
    assert_int_equal(run(spawn), 0);
    assert_string_equal(said, "own\n");

    assert_int_equal(chdir(in(state, "a")), 0); /* a relative one is seen from where we are */
    assert_string_equal(lookup_step_path("b", "/nowhere", arena), spawn.path);
    assert_string_equal(lookup_step_path(".", "/nowhere", arena), "node_modules/.bin:../node_modules/.bin:/nowhere");
    assert_string_equal(lookup_step_path("/", "/nowhere", arena), "node_modules/.bin:/nowhere");
    assert_int_equal(chdir("/"), 0);
    arena_free(arena);
}

static void what_would_be_executed_is_found_without_executing(void **state)
{
    struct arena *arena = arena_new();
    const char *folder = *state, *path = lookup_step_path(folder, "relative:/nowhere", arena);

    write_file(in(state, "plain"), "x", 0644);
    write_file(in(state, "own"), "x", 0755);
    assert_int_equal(mkdir(in(state, "relative"), 0755), 0);
    write_file(in(state, "relative/tool"), "x", 0755);
    assert_true(lookup_finds("tool", folder, path, arena));
    assert_non_null(
        strstr(lookup_step_path(folder, NULL, arena), ":/usr/local/sbin:")); /* the application's, without PATH */
    assert_true(lookup_finds("./own", folder, path, arena));
    assert_true(lookup_finds("/bin/sh", folder, path, arena));
    assert_false(lookup_finds("own", folder, path, arena));
    assert_true(lookup_finds("own", folder, ":/nowhere", arena)); /* an empty element */
    assert_false(lookup_finds("./plain", folder, path, arena));
    assert_false(lookup_finds("./relative", folder, path, arena));
    assert_false(lookup_finds("", folder, path, arena));
    arena_free(arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_that_is_nowhere_is_127),
        TEST(a_name_too_long_for_any_file_is_127),
        TEST(what_is_found_but_not_executable_is_126),
        TEST(the_first_that_can_be_executed_on_the_path_is_taken),
        TEST(an_empty_element_of_the_path_is_the_working_directory),
        TEST(the_path_is_that_of_the_given_environment),
        TEST(a_script_without_interpreter_line_runs_under_the_shell),
        TEST(a_missing_interpreter_is_named),
        TEST(a_missing_dynamic_loader_is_named),
        TEST(arguments_beyond_the_systems_limit_are_126),
        TEST(a_step_finds_what_lies_in_node_modules_of_its_folder_or_of_any_above),
        TEST(what_would_be_executed_is_found_without_executing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
