#include "process/memory.h"

#include "child.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void make_folders(const char *root, const char *path)
{
    char folder[256];

    (void)snprintf(folder, sizeof folder, "%s/%s", root, path);
    for (char *slash = folder + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        (void)mkdir(folder, 0755);
    }
}

static void put(const char *root, const char *path, const char *content)
{
    char file[256];

    make_folders(root, path);
    (void)snprintf(file, sizeof file, "%s/%s", root, path);
    write_file(file, content, 0644);
}

static void cgroup_v2_is_read_in_the_namespace_of_the_container(void **state)
{
    put(*state, "proc/self/cgroup", "0::/\n");
    put(*state, "sys/fs/cgroup/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 9\n");
    assert_int_equal(memory_oom_kills_under(*state), 2);
}

static void cgroup_v2_is_read_at_our_own_path_of_a_shared_namespace(void **state)
{
    put(*state, "proc/self/cgroup", "0::/docker/abc\n");
    put(*state, "sys/fs/cgroup/memory.events", "oom_kill 99\n");
    put(*state, "sys/fs/cgroup/docker/abc/memory.events", "oom_kill 5\n");
    assert_int_equal(memory_oom_kills_under(*state), 5);
}

static void a_path_that_is_not_mounted_falls_back_to_the_mount(void **state)
{
    put(*state, "proc/self/cgroup", "0::/kubepods/burstable/pod1\n");
    put(*state, "sys/fs/cgroup/memory.events", "oom_kill 7\n");
    assert_int_equal(memory_oom_kills_under(*state), 7);
}

static void cgroup_v1_is_read_from_memory_oom_control(void **state)
{
    put(*state, "proc/self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/docker/abc\n0::/\n");
    put(*state, "sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
    assert_int_equal(memory_oom_kills_under(*state), 4);
}

static void in_the_hybrid_layout_the_side_with_the_file_counts(void **state)
{
    put(*state, "proc/self/cgroup", "1:cpu:/\n0::/a\n");
    put(*state, "sys/fs/cgroup/unified/a/memory.events", "oom_kill 8\n");
    assert_int_equal(memory_oom_kills_under(*state), 8);
}

static void without_proc_the_mount_itself_is_tried(void **state)
{
    put(*state, "sys/fs/cgroup/memory.events", "oom_kill 1\n");
    assert_int_equal(memory_oom_kills_under(*state), 1);
}

static void a_kernel_that_does_not_count_gives_minus_one(void **state)
{
    put(*state, "proc/self/cgroup", "4:memory:/\n");
    put(*state, "sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    assert_int_equal(memory_oom_kills_under(*state), -1);
}

static void nothing_readable_gives_minus_one(void **state)
{
    assert_int_equal(memory_oom_kills_under(*state), -1);
}

static void broken_lines_of_proc_are_passed_over(void **state)
{
    put(*state, "proc/self/cgroup", "\n:\nno colon\n12:\n3:memoryless:/x\n0::/\n");
    put(*state, "sys/fs/cgroup/memory.events", "oom_kill 6");
    assert_int_equal(memory_oom_kills_under(*state), 6);
}

static void this_machine_can_be_asked(void **state)
{
    (void)state;
    assert_true(memory_oom_kills() >= -1);
}

/* What malloc asks for as well; under a sanitizer it would end the process instead of failing. */
static bool maps(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory != MAP_FAILED && munmap(memory, size) == 0;
}

static int gets_no_more_than_its_limit(void)
{
    void *before =
        mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(before != MAP_FAILED);
    CHECK(maps((size_t)1 << 30));
    memory_limit((size_t)64 << 20);
    CHECK(maps((size_t)48 << 20));
    CHECK(!maps((size_t)80 << 20));
    return 0;
}

static int keeps_a_lower_limit(void)
{
    struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY }, after;

    CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
    memory_limit((size_t)64 << 20);
    CHECK(getrlimit(RLIMIT_DATA, &after) == 0 && after.rlim_cur == limit.rlim_cur);
    return 0;
}

static void a_limit_leaves_what_there_is_and_so_much_more(void **state)
{
    (void)state;
    assert_holds(gets_no_more_than_its_limit);
}

static void an_inherited_limit_is_not_raised(void **state)
{
    (void)state;
    assert_holds(keeps_a_lower_limit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cgroup_v2_is_read_in_the_namespace_of_the_container),
        TEST(cgroup_v2_is_read_at_our_own_path_of_a_shared_namespace),
        TEST(a_path_that_is_not_mounted_falls_back_to_the_mount),
        TEST(cgroup_v1_is_read_from_memory_oom_control),
        TEST(in_the_hybrid_layout_the_side_with_the_file_counts),
        TEST(without_proc_the_mount_itself_is_tried),
        TEST(a_kernel_that_does_not_count_gives_minus_one),
        TEST(nothing_readable_gives_minus_one),
        TEST(broken_lines_of_proc_are_passed_over),
        cmocka_unit_test(this_machine_can_be_asked),
        cmocka_unit_test(a_limit_leaves_what_there_is_and_so_much_more),
        cmocka_unit_test(an_inherited_limit_is_not_raised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
