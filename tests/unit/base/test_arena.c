#include "base/arena.h"

#include <stdalign.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void memory_is_zeroed_and_aligned_whatever_the_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *memory = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xA5, size);
    }
}

static void a_large_piece_does_not_waste_the_block_in_use(void **state)
{
    (void)state;
    char *before = arena_alloc(arena, 16);
    char *large = arena_alloc(arena, 1 << 20);
    char *after = arena_alloc(arena, 16);

    memset(large, 1, 1 << 20);
    assert_int_equal(after - before, 16);
}

static void an_arena_knows_what_belongs_to_it(void **state)
{
    (void)state;
    char *small = arena_alloc(arena, 16), *large = arena_alloc(arena, 1 << 20);
    struct arena *other = arena_new();

    assert_true(arena_rest(arena, small) >= 16);
    assert_true(arena_rest(arena, large) >= 1 << 20);
    assert_true(arena_rest(arena, large + (1 << 20) - 1) >= 1);
    assert_int_equal(arena_rest(arena, large + arena_rest(arena, large) - 1), 1);
    assert_int_equal(arena_rest(other, small), 0);
    assert_int_equal(arena_rest(arena, &state), 0);
    arena_free(other);
}

static void strings_are_copied_and_terminated(void **state)
{
    (void)state;
    char original[] = "abc";
    char *copy = arena_strdup(arena, original);

    original[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(arena, "ab", 10), "ab");
    assert_string_equal(arena_printf(arena, "%s-%d", "x", 42), "x-42");
}

static void an_array_keeps_what_is_in_it_while_it_grows(void **state)
{
    size_t capacity = 0;
    int *numbers = NULL;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        numbers = arena_grow(arena, numbers, (size_t)i, &capacity, sizeof *numbers);
        assert_true(capacity > (size_t)i);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(numbers[i], i);
    }
    assert_ptr_equal(arena_grow(arena, numbers, 1000, &capacity, sizeof *numbers), numbers); /* there is room */
}

static int status_of_impossible_request(size_t count, size_t size)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        (void)close(STDERR_FILENO);
        (void)arena_array(arena, count, size);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void what_the_system_refuses_ends_the_process_with_status_71(void **state)
{
    (void)state;
    assert_int_equal(status_of_impossible_request(SIZE_MAX / 2, 16), 71); /* the product overflows */
    assert_int_equal(status_of_impossible_request(1, SIZE_MAX - 3), 71);
    assert_int_equal(status_of_impossible_request(1, (size_t)1 << 60), 71);
}

static void freeing_no_arena_is_fine(void **state)
{
    (void)state;
    arena_free(NULL);
}

static void a_reserved_arena_gives_the_same_zeroed_memory_again_after_a_reset(void **state)
{
    struct arena *room = arena_reserve((size_t)1 << 20);

    (void)state;
    char *first = arena_alloc(room, 100);
    memset(first, 'x', 100);
    arena_reset(room);
    char *second = arena_alloc(room, 100);
    assert_ptr_equal(second, first);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(second[i], 0);
    }
    assert_non_null(arena_alloc(room, 1000 * 1000));
    arena_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_zeroed_and_aligned_whatever_the_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_piece_does_not_waste_the_block_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_arena_knows_what_belongs_to_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_are_copied_and_terminated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_array_keeps_what_is_in_it_while_it_grows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_system_refuses_ends_the_process_with_status_71, set_up, tear_down),
        cmocka_unit_test(freeing_no_arena_is_fine),
        cmocka_unit_test(a_reserved_arena_gives_the_same_zeroed_memory_again_after_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
